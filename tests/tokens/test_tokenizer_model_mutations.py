"""Ten thousand seeded mutations of each kind of `tokenizer.model`: the right result or a `PunaError`, never anything else."""

from __future__ import annotations

import base64
import random
import time
import tracemalloc

import llama2_model
import pytest
from test_token_mutations import mutated, result_or_error

from puna.errors import FormatError, PunaError, TokenizerError
from puna.tokens import Tokenizer

TEXT = "llama <|eot_id|></s> 🦙\n  The llama"


def tiktoken_model(tokens: list[bytes]) -> bytes:
    return b"".join(base64.b64encode(token) + b" %d\n" % rank for rank, token in enumerate(tokens))


BYTES = [bytes([byte]) for byte in range(256)]
TIKTOKEN = tiktoken_model([*BYTES, b"ll", b"am", b"lla", b"llama", b" ll", "🦙".encode(), b" llama", b"The"])


@pytest.fixture(scope="module")
def sentencepiece_model() -> bytes:
    return llama2_model.train(vocab_size=400, character_coverage=1.0)


def right_or_refused(path, content: bytes) -> bool:
    """Return whether the file was accepted; then it must encode without loss and without special tokens."""
    path.write_bytes(content)
    tokenizer = result_or_error(Tokenizer.load, path)
    ids = tokenizer if isinstance(tokenizer, PunaError) else result_or_error(tokenizer.encode, TEXT)
    if isinstance(ids, PunaError):
        assert "\n" not in str(ids)
        assert str(path) in str(ids)
        return False
    assert tokenizer.decode_bytes(ids) == TEXT.encode()
    assert not set(ids) & set(tokenizer.special_ids)
    return True


@pytest.mark.slow
def test_10000_mutated_tiktoken_models_are_right_or_refused(tmp_path):
    accepted = [right_or_refused(tmp_path / "tokenizer.model", mutated(TIKTOKEN, random.Random(seed))) for seed in range(10_000)]
    assert 0 < sum(accepted) < 5_000


@pytest.mark.slow
def test_10000_mutated_sentencepiece_models_are_right_or_refused(sentencepiece_model, tmp_path):
    accepted = [right_or_refused(tmp_path / "tokenizer.model", mutated(sentencepiece_model, random.Random(seed))) for seed in range(10_000)]
    assert 0 < sum(accepted) < 8_000


def test_what_was_accepted_unchanged_is_right(sentencepiece_model, tmp_path):
    assert right_or_refused(tmp_path / "a", TIKTOKEN)
    assert right_or_refused(tmp_path / "b", sentencepiece_model)


REFUSED = {
    "nothing": (b"", FormatError, "not a tokenizer"),
    "no tokenizer": (b"\x80\x02}q\x00(X", FormatError, "not a tokenizer"),
    "cut off": (TIKTOKEN[: len(TIKTOKEN) // 2], FormatError, "base64|bytes have no token|ranks are not"),
    "no base64": (TIKTOKEN + b"!! 264\n", FormatError, "265: not a token"),
    "no rank": (TIKTOKEN + b"YWFh\n", FormatError, "265: not a token"),
    "a rank too far": (TIKTOKEN + b"YWFh 999\n", FormatError, "ranks are not"),
    "a huge rank": (TIKTOKEN + b"YWFh " + b"9" * 100_000 + b"\n", FormatError, "265: not a token"),
    "a token twice": (TIKTOKEN + b"bGw= 264\n", FormatError, "listed twice"),
    "a huge token": (TIKTOKEN + base64.b64encode(b"a" * 5_000) + b" 264\n", FormatError, "5,000 bytes"),
    "a byte missing": (tiktoken_model(BYTES[:-1]), FormatError, "1 of the 256 bytes"),
    "Llama 4's": (tiktoken_model([*BYTES, *(b"%08d" % i for i in range(200_000 - 256))]), TokenizerError, "Llama 4"),
    "a length beyond the end": (b"\n\xff\xff\xff\xff\x7f<unk>", FormatError, "cut off"),
    "a number without an end": (b"\n" + b"\xff" * 20, FormatError, "without an end"),
    "a group": (b"\n\x00\x0b", FormatError, "wire type 3|first pieces|text with a score"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_damaged_or_foreign_file_is_refused_in_one_line(tmp_path, case):
    content, kind, said = REFUSED[case]
    path = tmp_path / "tokenizer.model"
    path.write_bytes(content)
    with pytest.raises(kind, match=said) as caught:
        Tokenizer.load(tmp_path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_a_directory_prefers_tokenizer_json(tokenizer, tmp_path):
    (tmp_path / "tokenizer.model").write_bytes(TIKTOKEN)
    assert Tokenizer.load(tmp_path).vocab_size == 264 + 256
    tokenizer.save(tmp_path)
    assert Tokenizer.load(tmp_path).hash == tokenizer.hash


def test_a_file_is_recognised_by_what_is_in_it(sentencepiece_model, tokenizer, tmp_path):
    tokenizer.save(tmp_path)
    contents = [(tmp_path / "tokenizer.json").read_bytes(), TIKTOKEN, sentencepiece_model]
    kinds = []
    for content in contents:
        (tmp_path / "anything").write_bytes(content)
        kinds.append(Tokenizer.load(tmp_path / "anything").kind)
    assert kinds == ["llama3", "llama3", "llama2"]


def test_a_tiktoken_model_saved_as_json_is_the_same_tokenizer(tmp_path):
    (tmp_path / "tokenizer.model").write_bytes(TIKTOKEN)
    read = Tokenizer.load(tmp_path)
    read.save(tmp_path)
    assert Tokenizer.load(tmp_path / "tokenizer.json").hash == read.hash
    assert read.name(read.chat_ids.eot) == "<|eot_id|>"


def test_a_hostile_file_takes_time_and_memory_in_proportion(tmp_path):
    """Long tokens made of one another have as many merges as letters each."""
    draw = random.Random(0)
    path = tmp_path / "tokenizer.model"
    for count in (60, 255):
        tokens = [b"a" * length for length in range(2, count + 1)]
        path.write_bytes(tiktoken_model([*BYTES, *tokens]))
        tracemalloc.start()
        began = time.process_time()
        result = result_or_error(Tokenizer.load, path)
        assert time.process_time() - began < 5
        assert tracemalloc.get_traced_memory()[1] < 1_000 * path.stat().st_size
        tracemalloc.stop()
        if isinstance(result, Tokenizer):
            text = "a" * draw.randrange(5_000)
            assert result.decode(result.encode(text)) == text
        else:
            assert "more ways" in str(result)
