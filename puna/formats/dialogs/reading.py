"""Records from JSONL (plain, `.gz`, `.zst`), from a JSON array, and from Parquet where pyarrow is installed, one at a time.

A JSON array is told from JSON lines by its first character, for both are found under both names. It is parsed element by element, so that a
record knows its line and only one of them exists as objects, however long the array is.
"""

from __future__ import annotations

import importlib
import io
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


class Meter:
    """How many bytes of a file are behind its reader."""

    def __init__(self) -> None:
        self.num_bytes = 0


def read_records(path: Path, *, meter: Meter | None = None) -> Iterator[tuple[str, Any]]:
    """Yield `("file:line", value)` for each record of a file, whatever it holds; of Parquet, the number of the row. Raises `FormatError`.

    The file is opened and read once, so it may be a pipe. `meter` is kept at the bytes of it that were read.
    """
    meter = meter or Meter()
    if path.suffix == ".parquet":
        return _read_parquet(path, meter)
    try:
        raw = io.BufferedReader(_Metered(path, meter))
        is_array = path.suffix not in _COMPRESSED and raw.peek().lstrip()[:1] == b"["
    except FileNotFoundError:
        raise FormatError(f"{path}: no such file") from None
    except OSError as error:
        raise FormatError(f"{path}: cannot be read ({error.strerror})") from None
    return _read_array(path, raw, meter) if is_array else read_jsonl(path, raw=raw)


class _Metered(io.FileIO):
    """A file that tells a meter of what is read."""

    def __init__(self, path: Path, meter: Meter) -> None:
        super().__init__(path)
        self._meter = meter

    def readinto(self, buffer: Any) -> int | None:
        count = super().readinto(buffer)
        self._meter.num_bytes += count or 0
        return count


def _read_array(path: Path, raw: io.BufferedReader[Any], meter: Meter) -> Iterator[tuple[str, Any]]:
    try:
        with raw:
            content = raw.read()
        text, num_bytes = content.decode(), len(content)
        del content
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
        meter.num_bytes = num_bytes * place // len(text)
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


def _read_parquet(path: Path, meter: Meter) -> Iterator[tuple[str, Any]]:
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
                    meter.num_bytes = path.stat().st_size * number // file.metadata.num_rows
                    yield f"{path}: row {number}", row
    except FileNotFoundError:
        raise FormatError(f"{path}: no such file") from None
    except (pyarrow.ArrowException, OSError, UnicodeDecodeError) as error:
        raise FormatError(f"{path}: cannot be read after row {number} ({' '.join(str(error).split())[:200]})") from None
