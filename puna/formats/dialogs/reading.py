"""Records from JSONL (plain, `.gz`, `.zst`), from a JSON array, and from Parquet where pyarrow is installed, one at a time.

A JSON array is told from JSON lines by its first character, for both are found under both names. It is parsed element by element, so that a
record knows its line and only one of them exists as objects, however long the array is.
"""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from puna.errors import FormatError
from puna.files import read_jsonl
from puna.formats.dialogs.shapes import parse_dialog
from puna.records import Dialog

_SPACE = re.compile(r"[ \t\r\n]*")
_COMPRESSED = (".gz", ".zst")


def read_dialogs(path: Path) -> Iterator[tuple[str, Dialog]]:
    """Yield `("file:line", dialog)` for each record, of whatever known shape. Raises `FormatError` for what cannot be read and `DataError` for what is no dialog."""
    for where, value in read_records(path):
        yield where, parse_dialog(value, where=where)


def read_records(path: Path) -> Iterator[tuple[str, Any]]:
    """Yield `("file:line", value)` for each record of a file, whatever it holds; of Parquet, the number of the row. Raises `FormatError`."""
    if path.suffix == ".parquet":
        return _read_parquet(path)
    if path.suffix not in _COMPRESSED and _first_character(path) == b"[":
        return _read_array(path)
    return read_jsonl(path)


def count_records(path: Path) -> int:
    """Return how many records `read_records` would yield before the end, or before the place where it would raise."""
    count = 0
    try:
        for count, _ in enumerate(read_records(path), 1):  # noqa: B007 (it is the result)
            pass
    except FormatError:
        pass
    return count


def _first_character(path: Path) -> bytes:
    """Return the first byte that is no white space, of those that stand near the beginning."""
    try:
        with path.open("rb") as file:
            return file.read(4096).lstrip()[:1]
    except FileNotFoundError:
        raise FormatError(f"{path}: no such file") from None
    except OSError as error:
        raise FormatError(f"{path}: cannot be read ({error.strerror})") from None


def _read_array(path: Path) -> Iterator[tuple[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise FormatError(f"{path}: not valid UTF-8") from None
    except OSError as error:
        raise FormatError(f"{path}: cannot be read ({error.strerror})") from None
    place, line, decoder = _skipped(text, text.index("[") + 1), 1, json.JSONDecoder()
    counted = 0
    closed = text.startswith("]", place)
    while not closed:
        line, counted = line + text.count("\n", counted, place), place
        try:
            value, place = decoder.raw_decode(text, place)
        except (ValueError, RecursionError) as error:
            raise FormatError(f"{path}:{line}: not valid JSON ({error})") from None
        yield f"{path}:{line}", value
        place = _skipped(text, place)
        closed = text.startswith("]", place)
        if not closed and not text.startswith(",", place):
            raise FormatError(f"{path}:{line}: not valid JSON (',' or ']' is missing after this record)")
        place = place if closed else _skipped(text, place + 1)
    if _skipped(text, place + 1) != len(text):
        raise FormatError(f"{path}:{line}: not valid JSON (something follows the array)")


def _skipped(text: str, place: int) -> int:
    match = _SPACE.match(text, place)
    assert match is not None
    return match.end()


def _read_parquet(path: Path) -> Iterator[tuple[str, Any]]:
    try:
        # By name: it is no dependency of Puna's, and type checkers need not find it.
        pyarrow, parquet = (importlib.import_module(name) for name in ("pyarrow", "pyarrow.parquet"))
    except ImportError:
        raise FormatError(f"{path}: reading Parquet needs pyarrow (pip install pyarrow), or convert the file to JSONL") from None
    number = 0
    try:
        with parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=256):
                for number, row in enumerate(batch.to_pylist(), number + 1):  # noqa: B020 - it goes on counting
                    yield f"{path}: row {number}", row
    except FileNotFoundError:
        raise FormatError(f"{path}: no such file") from None
    except (pyarrow.ArrowException, OSError, UnicodeDecodeError) as error:
        raise FormatError(f"{path}: cannot be read after row {number} ({' '.join(str(error).split())[:200]})") from None
