"""A shard gives back what was written, or says in one line why it cannot."""

from __future__ import annotations

import errno
import tracemalloc

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from puna.errors import DataError, FormatError, TokenizerError, WorkError
from puna.tokens import MarkedDocument, Shard, write_shard

DOCUMENTS = st.lists(st.lists(st.integers(0, 329), min_size=1, max_size=20), min_size=1, max_size=10)
in_one_directory = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


class Stub:
    """A tokenizer as far as a shard knows one."""

    def __init__(self, vocab_size: int) -> None:
        self.vocab_size, self.hash = vocab_size, "ab" * 32


@in_one_directory
@given(DOCUMENTS)
def test_documents_come_back(tokenizer, tmp_path, documents):
    figures = write_shard(tmp_path / "a.shard", documents, tokenizer=tokenizer)
    shard = Shard.open(tmp_path / "a.shard", tokenizer_hash=tokenizer.hash)
    assert [part.tolist() for part in np.split(shard.tokens, shard.document_ends[:-1])] == documents
    assert shard.num_tokens == figures.num_tokens == sum(map(len, documents))
    assert (figures.num_documents, figures.num_bytes) == (len(documents), (tmp_path / "a.shard").stat().st_size)
    assert shard.trained is None
    assert shard.document_ends.dtype == np.int64
    assert isinstance(shard.tokens, np.memmap)


@in_one_directory
@given(DOCUMENTS, st.randoms())
def test_trained_marks_come_back(tokenizer, tmp_path, documents, random):
    dialogs = [MarkedDocument(ids, [random.random() < 0.5 for _ in ids]) for ids in documents]
    figures = write_shard(tmp_path / "a.shard", dialogs, tokenizer=tokenizer)
    shard = Shard.open(tmp_path / "a.shard")
    marks = [mark for dialog in dialogs for mark in dialog.trained]
    assert shard.trained.tolist() == marks
    assert figures.num_trained == sum(marks)


@pytest.mark.parametrize(("vocab_size", "token_bytes"), [(65_536, 2), (65_537, 4), (128_256, 4)])
def test_a_token_takes_two_bytes_where_the_vocabulary_allows(tmp_path, vocab_size, token_bytes):
    write_shard(tmp_path / "a.shard", [[0, vocab_size - 1]], tokenizer=Stub(vocab_size))
    shard = Shard.open(tmp_path / "a.shard")
    assert shard.tokens.dtype.itemsize == token_bytes
    assert shard.tokens.tolist() == [0, vocab_size - 1]


def test_arrays_are_accepted_and_equal_input_gives_equal_bytes(tmp_path):
    write_shard(tmp_path / "a", iter([np.array([1, 2], np.uint16), (3,)]), tokenizer=Stub(10))
    write_shard(tmp_path / "b", [[1, 2], [3]], tokenizer=Stub(10))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_writing_keeps_one_document_in_memory(tmp_path):
    tracemalloc.start()
    write_shard(tmp_path / "a", (np.arange(1000) for _ in range(3000)), tokenizer=Stub(1000))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (tmp_path / "a").stat().st_size > 6_000_000
    assert peak < 5_000_000


@pytest.mark.parametrize(
    ("documents", "said"),
    [
        ([], "no documents"),
        ([[1], []], "document 2 has no tokens"),
        ([[1], [330]], "document 2 has ids outside"),
        ([[-1]], "outside"),
        ([[1], MarkedDocument([1], [True])], "document 2 differs"),
    ],
)
def test_what_cannot_be_a_shard_is_refused_and_leaves_nothing(tokenizer, tmp_path, documents, said):
    with pytest.raises(DataError, match=said):
        write_shard(tmp_path / "a.shard", documents, tokenizer=tokenizer)
    assert list(tmp_path.iterdir()) == []


def test_a_failure_keeps_the_shard_that_was_there(tokenizer, tmp_path):
    write_shard(tmp_path / "a.shard", [[1, 2]], tokenizer=tokenizer)
    with pytest.raises(DataError):
        write_shard(tmp_path / "a.shard", [[3], []], tokenizer=tokenizer)
    assert Shard.open(tmp_path / "a.shard").tokens.tolist() == [1, 2]


def test_a_full_disk_is_said_in_one_line(tokenizer, tmp_path):
    def documents():
        yield [1]
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(WorkError, match="disk is full"):
        write_shard(tmp_path / "a.shard", documents(), tokenizer=tokenizer)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def shard_path(tokenizer, tmp_path):
    path = tmp_path / "corpus.shard"
    write_shard(path, [[1, 2, 3], [4, 5]], tokenizer=tokenizer)
    return path


def refused(path, said: str, kind: type[Exception] = FormatError, **options) -> None:
    with pytest.raises(kind, match=said) as caught:
        Shard.open(path, **options)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_absent_truncated_long_and_foreign_files_are_refused(shard_path):
    whole = shard_path.read_bytes()
    refused(shard_path.with_name("absent"), "no such file")
    refused(shard_path.parent, "cannot be read")
    for content, said in [
        (b"", "not a Puna shard"),
        (b"GGUF" + whole, "not a Puna shard"),
        (whole[:100], "truncated"),
        (whole[:-1], "truncated"),
        (whole + b"x", "too long"),
    ]:
        shard_path.write_bytes(content)
        refused(shard_path, said)


def test_every_damaged_byte_is_found(shard_path):
    whole = shard_path.read_bytes()
    for i in range(len(whole)):
        shard_path.write_bytes(whole[:i] + bytes([whole[i] ^ 1]) + whole[i + 1 :])
        refused(shard_path, "damaged|not a Puna shard|of version")


def test_a_damaged_header_is_found_without_reading_the_body(shard_path):
    whole = shard_path.read_bytes()
    for i in range(256):
        shard_path.write_bytes(whole[:i] + bytes([whole[i] ^ 0x80]) + whole[i + 1 :])
        refused(shard_path, "damaged|not a Puna shard|of version", verify=False)


def test_another_tokenizers_shard_is_refused_with_both_hashes(shard_path, tokenizer):
    refused(shard_path, f"{tokenizer.hash[:12]}.*{'cd' * 6}", TokenizerError, tokenizer_hash="cd" * 32)
