"""Real text: files of documents, one record a line, or plain text that is cut into documents.

A `.jsonl` file (`.gz` and `.zst` too) holds one document a line. A `.txt` file is cut at blank lines, each document taking paragraphs until it has
`DOCUMENT_CHARACTERS`; paragraphs are never cut, unless one alone exceeds `LONGEST_CHARACTERS`. A directory is read recursively, its files in the order
of their names. Nothing is half read: what is not valid is refused with file and line.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from puna import files
from puna.errors import DataError
from puna.records import Document

DOCUMENT_CHARACTERS = 2_000
LONGEST_CHARACTERS = 100_000
SUFFIXES = (".txt", ".jsonl", ".jsonl.gz", ".jsonl.zst")


def text_files(path: Path) -> list[Path]:
    """Return the files of documents at `path`, a file or a directory. Raises `DataError` where there is none."""
    if path.is_file():
        if not path.name.endswith(SUFFIXES):
            raise DataError(f"{path}: not a kind of text that is read here; give a file or a directory of {', '.join(SUFFIXES)}")
        return [path]
    if not path.is_dir():
        raise DataError(f"{path}: no such file or directory")
    found = sorted(file for file in path.rglob("*") if file.name.endswith(SUFFIXES) and file.is_file())
    if not found:
        raise DataError(f"{path}: no text in this directory; it should hold files that end in {', '.join(SUFFIXES)}")
    return found


def read_documents(path: Path) -> Iterator[Document]:
    """Yield the documents of all files at `path`. Ids and sources name files relative to `path`, so that they are the same wherever it lies.

    Raises `DataError` or `FormatError`, naming file and line.
    """
    for file in text_files(path):
        name = file.name if file == path else file.relative_to(path).as_posix()
        yield from _cut(file, name) if file.suffix == ".txt" else _records(file, name)


def _records(file: Path, name: str) -> Iterator[Document]:
    for where, value in files.read_jsonl(file):
        document = Document.from_json(value, where=where)
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise DataError(f"{where}: half a character (a lone surrogate, \\ud800 to \\udfff); write the text as valid Unicode") from None
        identity = document.id if "id" in value else f"{name}:{where.rpartition(':')[2]}"
        yield replace(document, id=identity, source=document.source or name)


def _cut(file: Path, name: str) -> Iterator[Document]:
    lines: list[str] = []
    length = first = 0
    for number, line in _lines(file):
        blank = not line.strip()
        if lines and (length >= DOCUMENT_CHARACTERS if blank else length >= LONGEST_CHARACTERS):
            yield Document(f"{name}:{first}", "\n".join(lines).strip("\n"), name)
            lines, length = [], 0
        if lines or not blank:
            first = first if lines else number
            lines.append(line)
            length += len(line) + 1
    if lines:
        yield Document(f"{name}:{first}", "\n".join(lines).strip("\n"), name)


def _lines(file: Path) -> Iterator[tuple[int, str]]:
    """Yield numbered lines without their ends."""
    number = 0
    try:
        with file.open("rb") as opened:
            for number, line in enumerate(opened, 1):
                yield number, line.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise DataError(f"{file}:{number}: not valid UTF-8; convert the file to UTF-8") from None
    except OSError as error:
        raise DataError(f"{file}: cannot be read ({error.strerror or error})") from None
