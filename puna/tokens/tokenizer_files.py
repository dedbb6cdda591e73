"""Which file holds a tokenizer, and in which of the three formats: `tokenizer.json`, or `tokenizer.model` as Llama 3 (tiktoken) and Llama 2 (SentencePiece) ship it.

Two formats share one name, so a file is recognised by how it begins.
"""

from __future__ import annotations

import re
from pathlib import Path

from puna.errors import FormatError
from puna.tokens import json_file, sentencepiece_file, tiktoken_file
from puna.tokens.definition import Definition

JSON_NAME, MODEL_NAME = "tokenizer.json", "tokenizer.model"

_BEGINNING_BYTES = 4096
_TIKTOKEN = re.compile(rb"[A-Za-z0-9+/]+={0,2} [0-9]+\s")
_FIRST_PIECE = b"\n"
"""A protobuf's tag of field 1 with a length behind it, in SentencePiece's models the first piece."""


def find(path: Path) -> Path:
    """Return the tokenizer's file: `path` itself, or in a directory `tokenizer.json`, else `tokenizer.model`."""
    if not path.is_dir():
        return path
    return next((path / name for name in (JSON_NAME, MODEL_NAME) if (path / name).exists()), path / JSON_NAME)


def read(file: Path) -> Definition:
    """Read and check a tokenizer's file. Raises `FormatError` where it is absent or damaged, `TokenizerError` where it is of a kind that Puna does not read."""
    beginning = _read(file, _BEGINNING_BYTES)
    if file.suffix == ".json" or beginning.lstrip().startswith(b"{"):
        return json_file.read(file)
    if _TIKTOKEN.match(beginning):
        return tiktoken_file.read(_read(file), file)
    if beginning.startswith(_FIRST_PIECE):
        return sentencepiece_file.read(_read(file), file)
    raise FormatError(
        f"{file}: not a tokenizer: neither {JSON_NAME} nor {MODEL_NAME} as Llama 2 (SentencePiece) and Llama 3 (tiktoken) have them"
    )


def _read(file: Path, size: int = -1) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(size)
    except FileNotFoundError:
        raise FormatError(f"{file}: no such file") from None
    except OSError as error:
        raise FormatError(f"{file}: cannot be read ({error.strerror})") from None
