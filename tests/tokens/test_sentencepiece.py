"""Llama 2's tokenizer gives SentencePiece's own ids and text."""

from __future__ import annotations

import json
import random

import llama2_model
import numpy as np
import pytest
import sentencepiece
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sentencepiece import sentencepiece_model_pb2 as proto
from transformers import AutoTokenizer, LlamaTokenizer

from puna.errors import FormatError, PunaError, TokenizerError
from puna.tokens import TextStream, Tokenizer, long_text

LIBRARIES = ("gigatoken", "tokenizers")
SOME = st.text(st.sampled_from(" \n\t\r\x00aethloqzTü日🦙1234.,'<s>/unk0xA\u2581\u0301\ufffd")) | st.text()


@pytest.fixture(scope="module")
def model() -> bytes:
    return llama2_model.train()


@pytest.fixture(scope="module")
def theirs(model) -> sentencepiece.SentencePieceProcessor:
    return sentencepiece.SentencePieceProcessor(model_proto=model)


@pytest.fixture(scope="module")
def directory(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("llama2")
    (path / "tokenizer.model").write_bytes(model)
    return path


@pytest.fixture(scope="module")
def both(directory) -> list[Tokenizer]:
    return [Tokenizer.load(directory, library=library) for library in LIBRARIES]


@pytest.fixture(scope="module")
def ours(both) -> Tokenizer:
    return both[0]


def test_it_is_llama_2s(ours, theirs):
    assert (ours.kind, ours.vocab_size, ours.num_text) == ("llama2", theirs.vocab_size(), theirs.vocab_size() - 3)
    assert (ours.special_ids, ours.bos_id, ours.end_of_text_id, ours.stop_ids, ours.chat_ids) == (range(3), 1, 2, {2}, None)
    assert [ours.name(i) for i in range(3)] == ["<unk>", "<s>", "</s>"]


# --- equal ids and text


@settings(deadline=None, max_examples=300)
@given(SOME)
@example(" ")
@example("  \n ")
@example("<s>a</s><unk><0x41>")
def test_ids_and_text_are_sentencepieces(both, theirs, text):
    ids = theirs.encode(text)
    for tokenizer in both:
        assert tokenizer.encode(text) == tokenizer.encode_batch([text])[0] == ids
        assert tokenizer.decode(ids) == theirs.decode(ids) == text.replace("\u2581", " ")


def test_real_text_gives_sentencepieces_ids(both, theirs, shared_data):
    text = (shared_data / "tinyshakespeare.txt").read_text()[:300_000]
    expected = theirs.encode(text)
    for tokenizer in both:
        assert tokenizer.encode(text) == expected


@given(st.lists(st.integers(3, 500), max_size=30))
def test_any_ids_decode_as_sentencepiece_decodes_them(ours, theirs, ids):
    assert ours.decode(ids) == theirs.decode(ids)


@given(st.lists(st.integers(0, 500), max_size=30))
def test_a_stream_says_all_that_decode_says(ours, ids):
    stream = TextStream(ours)
    assert "".join([stream.push(token_id) for token_id in ids] + [stream.flush()]) == ours.decode(ids)


def test_special_tokens_are_shown_by_name_and_do_not_begin_a_text(ours):
    ids = [1, *ours.encode("hello"), 2]
    assert ours.decode(ids) == "<s>hello</s>"
    assert ours.decode_bytes(ids) == b"hello"


@given(SOME.filter(lambda text: "\u2581" not in text))
def test_token_bytes_add_up_to_the_text_with_its_dummy_space(ours, text):
    ids = ours.encode(text)
    assert ours.token_bytes[ids].sum() == len(text.encode()) + bool(text)
    assert ours.decode_bytes(ids) == text.encode()
    assert not set(ids) & set(ours.special_ids)


def test_special_tokens_have_no_bytes(ours):
    assert np.array_equal(np.flatnonzero(ours.token_bytes == 0), np.arange(3))


@given(st.binary().filter(lambda data: b"\xe2\x96\x81" not in data))
def test_any_bytes_survive_and_give_both_libraries_equal_ids(both, data):
    ids = both[0].encode_bytes(data)
    assert ids == both[1].encode_bytes(data)
    assert both[0].decode_bytes(ids) == data


# --- long texts


@settings(deadline=None, max_examples=300)
@given(st.lists(st.tuples(st.sampled_from([" ", "a", "the", "\n", "日", "🦙", " x", "q\u2581"]), st.integers(1, 60))), SOME)
def test_a_text_in_blocks_has_the_ids_of_the_whole(both, theirs, runs, anything):
    text = anything + "".join(part * count for part, count in runs)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(long_text, "BLOCK", 16)
        patch.setattr(long_text, "SPARE", 2)
        for tokenizer in both:
            assert tokenizer.encode(text) == theirs.encode(text)


@pytest.mark.parametrize("part", [" ", "a", "\x00", "🦙", "the llama "])
def test_a_megabyte_of_one_thing_is_no_trap(both, theirs, part):
    text = part * (1_100_000 // len(part))
    expected = theirs.encode(text)
    for tokenizer in both:
        assert tokenizer.encode(text) == expected


def test_pieces_with_a_space_in_the_middle_are_merged_too(tmp_path):
    model = llama2_model.train(split_by_whitespace=False)
    (tmp_path / "tokenizer.model").write_bytes(model)
    theirs = sentencepiece.SentencePieceProcessor(model_proto=model)
    assert any("\u2581" in theirs.id_to_piece(i).lstrip("\u2581") for i in range(theirs.vocab_size()))
    draw = random.Random(0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(long_text, "BLOCK", 64)
        for library in LIBRARIES:
            tokenizer = Tokenizer.load(tmp_path, library=library)
            for _ in range(100):
                text = " ".join(draw.choices(" ".join(llama2_model.TEXT[:4]).split(" "), k=60))
                assert tokenizer.encode(text) == theirs.encode(text)


# --- the files, and transformers


def test_what_puna_writes_transformers_reads_with_equal_ids(ours, theirs, tmp_path):
    ours.save(tmp_path)
    for config in (None, {"model_type": "llama"}):
        if config:
            (tmp_path / "config.json").write_text(json.dumps(config))
        read = AutoTokenizer.from_pretrained(tmp_path)
        assert (read.bos_token_id, read.eos_token_id, read.unk_token_id) == (1, 2, 0)
        for text in [*llama2_model.TEXT[:4], " x", "  x", "\n", "<0x41>", "日本🦙", "a</s>b"]:
            ids = theirs.encode(text)
            assert read(text, add_special_tokens=False, split_special_tokens=True)["input_ids"] == ids
            assert read.decode(ids) == text
        assert read("x")["input_ids"] == [1, *theirs.encode("x")]


def test_what_puna_writes_puna_reads_as_it_was(ours, tmp_path):
    ours.save(tmp_path)
    assert Tokenizer.load(tmp_path).hash == Tokenizer.load(tmp_path / "tokenizer.json").hash == ours.hash


def test_what_transformers_writes_puna_reads_with_sentencepieces_ids(directory, theirs, tmp_path):
    LlamaTokenizer.from_pretrained(directory).save_pretrained(tmp_path)
    read = Tokenizer.load(tmp_path / "tokenizer.json")
    assert read.kind == "llama2"
    for text in [*llama2_model.TEXT[:4], " x", "  x", "\n", "\u2581x", "<s>"]:
        assert read.encode(text) == theirs.encode(text)


def changed(model: bytes, change) -> bytes:
    message = proto.ModelProto.FromString(model)
    change(message)
    return message.SerializeToString()


REFUSED = {
    "unigram": (lambda m: setattr(m.trainer_spec, "model_type", 1), TokenizerError, "a unigram model"),
    "words": (lambda m: setattr(m.trainer_spec, "model_type", 3), TokenizerError, "a word model"),
    "no byte fallback": (lambda m: setattr(m.trainer_spec, "byte_fallback", False), TokenizerError, "no byte fallback"),
    "suffixes": (lambda m: setattr(m.trainer_spec, "treat_whitespace_as_suffix", True), TokenizerError, "suffixes"),
    "normalization": (lambda m: setattr(m.normalizer_spec, "precompiled_charsmap", b"x"), TokenizerError, "normalization 'identity'"),
    "no dummy prefix": (lambda m: setattr(m.normalizer_spec, "add_dummy_prefix", False), TokenizerError, "dummy space"),
    "fewer spaces": (lambda m: setattr(m.normalizer_spec, "remove_extra_whitespaces", True), TokenizerError, "surplus spaces"),
    "user-defined": (lambda m: setattr(m.pieces[300], "type", 4), TokenizerError, "user-defined"),
    "unused": (lambda m: setattr(m.pieces[300], "type", 5), TokenizerError, "unused"),
    "a control piece more": (lambda m: setattr(m.pieces[300], "type", 3), TokenizerError, "has type 3"),
    "no byte": (lambda m: m.pieces.__delitem__(70), TokenizerError, "1 of the 256 bytes"),
    "a piece twice": (lambda m: setattr(m.pieces[301], "piece", m.pieces[300].piece), FormatError, "listed twice"),
    "an empty piece": (lambda m: setattr(m.pieces[300], "piece", ""), FormatError, "is empty"),
    "a score that is none": (lambda m: setattr(m.pieces[300], "score", float("nan")), FormatError, "finite score"),
    "a tie": (lambda m: setattr(m.pieces[301], "score", m.pieces[300].score), TokenizerError, "same score"),
    "a huge piece": (lambda m: setattr(m.pieces[300], "piece", "a" * 2000), FormatError, "256 characters"),
    "no pieces": (lambda m: m.ClearField("pieces"), FormatError, "not a tokenizer"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_model_of_another_kind_is_refused_in_one_line_that_names_it(model, tmp_path, case):
    change, kind, said = REFUSED[case]
    file = tmp_path / "tokenizer.model"
    file.write_bytes(changed(model, change))
    with pytest.raises(kind, match=said) as caught:
        Tokenizer.load(tmp_path)
    assert str(caught.value).startswith(str(file))
    assert "\n" not in str(caught.value)


def test_a_unigram_model_from_the_library_is_refused_by_name(tmp_path):
    (tmp_path / "tokenizer.model").write_bytes(llama2_model.train(model_type="unigram", vocab_size=400))
    with pytest.raises(TokenizerError, match="unigram"):
        Tokenizer.load(tmp_path)


def test_merges_that_would_make_a_special_token_are_left_out(ours, tmp_path):
    ours.save(tmp_path)
    content = json.loads((tmp_path / "tokenizer.json").read_text())
    content["model"]["merges"] = [["<", "s"], ["<s", ">"], ["<", "0"], *content["model"]["merges"]]
    content["model"]["vocab"] |= {
        name: len(content["model"]["vocab"]) + i for i, name in enumerate(["<", "<s", "<0"]) if name not in content["model"]["vocab"]
    }
    if ">" not in content["model"]["vocab"]:
        content["model"]["vocab"][">"] = len(content["model"]["vocab"])
    content["model"]["vocab"].setdefault("0", len(content["model"]["vocab"]))
    (tmp_path / "tokenizer.json").write_text(json.dumps(content))
    for library in LIBRARIES:
        loaded = Tokenizer.load(tmp_path, library=library)
        assert min(loaded.encode("<s> <s>")) >= 3
        assert loaded.decode(loaded.encode("<s> <s>")) == "<s> <s>"


REFUSED_JSON = {
    "another normalizer": lambda c: c.update(normalizer={"type": "NFC"}),
    "a cut": lambda c: c.update(pre_tokenizer={"type": "Whitespace"}),
    "an added token": lambda c: c["added_tokens"].append({"id": 9_999, "content": "<pad>"}),
    "a gap": lambda c: c["model"]["vocab"].update({"zzz": 9_999}),
    "a merge of nothing": lambda c: c["model"]["merges"].append(["q", "\u2581\u2581q"]),
    "no bytes": lambda c: c["model"]["vocab"].update({"<0x41": c["model"]["vocab"].pop("<0x41>")}),
}


@pytest.mark.parametrize("case", REFUSED_JSON)
def test_a_tokenizer_json_of_another_kind_is_refused(ours, tmp_path, case):
    ours.save(tmp_path)
    file = tmp_path / "tokenizer.json"
    content = json.loads(file.read_text())
    REFUSED_JSON[case](content)
    file.write_text(json.dumps(content))
    with pytest.raises(PunaError) as caught:
        Tokenizer.load(tmp_path)
    assert str(caught.value).startswith(str(file))
    assert "\n" not in str(caught.value)


def test_a_continuation_keeps_the_space_it_begins_with(ours):
    ids = ours.encode("the llama")
    assert ours.decode(ids) == "the llama"
    stream = TextStream(ours, continues=True)
    assert "".join(map(stream.push, ids)) + stream.flush() == " the llama"
