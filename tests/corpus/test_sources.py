"""Real text from files: what is read, how it is cut, and what is refused."""

from __future__ import annotations

import gzip
import json

import pytest
import zstandard

from puna.corpus.sources import DOCUMENT_CHARACTERS, LONGEST_CHARACTERS, read_documents
from puna.errors import PunaError


def jsonl(*records) -> bytes:
    return "".join(json.dumps(record) + "\n" for record in records).encode()


def test_text_is_cut_at_blank_lines_into_documents_of_at_least_the_stated_size(tmp_path):
    paragraphs = [f"paragraph {i} " + "word " * (20 + i % 90) for i in range(200)]
    path = tmp_path / "a.txt"
    path.write_text("\n\n \n".join(paragraphs))
    documents = list(read_documents(path))
    assert all(len(document.text) >= DOCUMENT_CHARACTERS for document in documents[:-1])
    assert all(len(document.text) < DOCUMENT_CHARACTERS + 1000 for document in documents)
    assert [line for d in documents for line in d.text.split("\n") if line.strip()] == paragraphs
    assert documents[1].id == f"a.txt:{1 + 3 * len([p for p in paragraphs if p in documents[0].text])}"


def test_a_text_without_blank_lines_is_cut_all_the_same(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("some words on a line\n" * 20_000)
    documents = list(read_documents(path))
    assert len(documents) > 3
    assert max(len(document.text) for document in documents) <= LONGEST_CHARACTERS + 100
    assert sum(document.text.count("some") for document in documents) == 20_000


def test_line_ends_and_byte_order_marks_do_not_matter(tmp_path):
    for name, data in {"a": b"one\ntwo\n\nthree", "b": b"\xef\xbb\xbfone\r\ntwo\r\n\r\nthree\r\n"}.items():
        (tmp_path / f"{name}.txt").write_bytes(data)
    first, second = (list(read_documents(tmp_path / f"{name}.txt")) for name in "ab")
    assert [d.text for d in first] == [d.text for d in second] == ["one\ntwo\n\nthree"]


def test_records_are_read_plain_or_compressed_with_the_same_ids_wherever_they_lie(tmp_path):
    data = jsonl({"text": "one"}, {"id": "x", "text": "zwei ü", "source": "web", "metadata": {"k": 1}})
    for name, compress in {"a": bytes, "b": gzip.compress, "c": zstandard.compress}.items():
        (tmp_path / name).mkdir()
        suffix = {"a": ".jsonl", "b": ".jsonl.gz", "c": ".jsonl.zst"}[name]
        (tmp_path / name / f"docs{suffix}").write_bytes(compress(data))
        one, two = read_documents(tmp_path / name)
        assert (one.id, one.text, one.source) == (f"docs{suffix}:1", "one", f"docs{suffix}")
        assert (two.id, two.text, two.source, two.metadata) == ("x", "zwei ü", "web", {"k": 1})


def test_a_directory_is_read_recursively_in_the_order_of_names(tmp_path):
    (tmp_path / "b" / "c").mkdir(parents=True)
    (tmp_path / "b" / "c" / "x.txt").write_text("third")
    (tmp_path / "b" / "a.jsonl").write_bytes(jsonl({"text": "second"}))
    (tmp_path / "a.txt").write_text("first")
    (tmp_path / "README.md").write_text("not read")
    assert [(d.text, d.source) for d in read_documents(tmp_path)] == [("first", "a.txt"), ("second", "b/a.jsonl"), ("third", "b/c/x.txt")]


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.txt", b"fine\nnot \xff fine\n", r"a\.txt:2: not valid UTF-8"),
        ("a.jsonl", b'{"text": "fine"}\n{"text": \n', r"a\.jsonl:2: not valid JSON"),
        ("a.jsonl", b'{"text": "fine"}\n{"body": "x"}\n', r"a\.jsonl:2: .*'text'"),
        ("a.jsonl", b'{"text": 3}\n', r"a\.jsonl:1: .*'text'"),
        ("a.jsonl", b"[1]\n", r"a\.jsonl:1: "),
        ("a.jsonl", b'{"text": "half \\ud800"}\n', r"a\.jsonl:1: half a character"),
        ("a.jsonl", b'{"text": "x\xff"}\n', r"a\.jsonl:1: not valid UTF-8"),
        ("a.jsonl.gz", gzip.compress(b'{"text": "x"}\n' * 99)[:-12], r"a\.jsonl\.gz"),
        ("a.jsonl.zst", b"nonsense", r"a\.jsonl\.zst"),
        ("a.pdf", b"%PDF", r"a\.pdf: not a kind of text"),
    ],
)
def test_what_is_not_valid_is_refused_in_one_line_with_its_place(tmp_path, name, data, message):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(PunaError, match=message) as caught:
        list(read_documents(tmp_path / name))
    assert "\n" not in str(caught.value)


def test_a_missing_path_and_a_directory_without_text_are_refused(tmp_path):
    with pytest.raises(PunaError, match="no such file or directory"):
        list(read_documents(tmp_path / "absent"))
    with pytest.raises(PunaError, match="no text in this directory"):
        list(read_documents(tmp_path))
