"""Dialogs to shards: what is learnt, and what is refused with file and line."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from puna.align.sft import training_documents, write_dialog_shard
from puna.errors import DataError, FormatError
from puna.tokens import Loader, Shard, train_bpe


@pytest.fixture(scope="module")
def tokenizer():
    return train_bpe(
        ["Where does Anna live? In Elton. What is 3 + 4? 7. Hello there, assistant user system\n\n"] * 3, vocab_size=280, num_special=16
    )


def jsonl(path, *dialogs):
    path.write_text("".join(json.dumps({"messages": messages}) + "\n" for messages in dialogs))
    return path


def turn(role, content, **more):
    return {"role": role, "content": content, **more}


ASK, TELL = turn("user", "Where does Anna live?"), turn("assistant", "In Elton.")


def learnt(tokenizer, encoded):
    return tokenizer.decode([i for i, trained in zip(encoded.token_ids, encoded.trained, strict=True) if trained])


def test_what_is_learnt_is_what_the_assistant_says_and_that_it_stops(tokenizer, tmp_path):
    path = jsonl(tmp_path / "d.jsonl", [turn("system", "Hello"), ASK, TELL, turn("user", "What is 3 + 4?"), turn("assistant", "7")])
    (encoded,) = training_documents(path, tokenizer)
    assert learnt(tokenizer, encoded) == "In Elton.<|eot_id|>7<|eot_id|>"


def test_a_turn_that_says_so_is_not_learnt(tokenizer, tmp_path):
    path = jsonl(tmp_path / "d.jsonl", [ASK, {**TELL, "train": False}, ASK, turn("assistant", "7")])
    (encoded,) = training_documents(path, tokenizer)
    assert learnt(tokenizer, encoded) == "7<|eot_id|>"


@settings(max_examples=30, deadline=None)
@given(contents=st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=40), min_size=2, max_size=6))
def test_every_learnt_token_of_a_dialog_has_weight_in_the_batches_and_no_other(tokenizer, tmp_path_factory, contents):
    folder = tmp_path_factory.mktemp("sft")
    dialog = [turn("assistant" if i % 2 else "user", content) for i, content in enumerate(contents)]
    path = jsonl(folder / "d.jsonl", dialog)
    figures = write_dialog_shard(path, tokenizer, folder / "d.shard")
    shard = Shard.open(folder / "d.shard", tokenizer_hash=tokenizer.hash)
    loader = Loader([shard], stage="tune", window=512, batch_windows=1, seed=0, whole_documents=True)
    batch = next(loader)
    (encoded,) = training_documents(path, tokenizer)
    wanted = [i for i, trained in zip(encoded.token_ids, encoded.trained, strict=True) if trained]
    assert batch.targets_T[batch.weights_T > 0].tolist() == wanted
    assert figures.num_trained == len(wanted)
    assert np.isin(batch.weights_T, (0, 1)).all()


@pytest.mark.parametrize("dialog", [[ASK], [turn("system", "Hello"), ASK], [ASK, {**TELL, "train": False}]])
def test_a_dialog_with_nothing_to_learn_is_refused_with_file_and_line(tokenizer, tmp_path, dialog):
    path = jsonl(tmp_path / "d.jsonl", [ASK, TELL], dialog)
    with pytest.raises(DataError, match=r"d\.jsonl:2: .*train"):
        write_dialog_shard(path, tokenizer, tmp_path / "d.shard")
    assert not (tmp_path / "d.shard").exists()


@pytest.mark.parametrize(
    ("text", "words"), [("", "no dialog"), ("\n\n", "no dialog"), ("{", "d.jsonl:1"), ('{"messages": []}', "d.jsonl:1"), ("3", "d.jsonl:1")]
)
def test_a_file_that_holds_no_dialogs_is_refused(tokenizer, tmp_path, text, words):
    path = tmp_path / "d.jsonl"
    path.write_text(text)
    with pytest.raises((DataError, FormatError), match=words):
        write_dialog_shard(path, tokenizer, tmp_path / "d.shard")


def test_a_missing_file_is_refused(tokenizer, tmp_path):
    with pytest.raises(FormatError, match="no such file"):
        write_dialog_shard(tmp_path / "none.jsonl", tokenizer, tmp_path / "d.shard")
