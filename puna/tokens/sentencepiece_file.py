"""Llama 2's `tokenizer.model`: a protobuf of SentencePiece (its `sentencepiece_model.proto` names the fields).

The message is small and the wire format simple (a field's number and type in a varint, then its value), so it is read here rather than by a library that wants generated
code. What is read comes from strangers: lengths must lie within the message, and everything that would change ids, another algorithm, a normalisation, pieces of a
kind that Llama 2 lacks, is refused by name rather than passed over.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from puna.errors import FormatError, TokenizerError
from puna.tokens.bytelevel import BYTE_PIECES
from puna.tokens.sentencepiece import SPECIALS, UNKNOWN_TEXT, SentencePieceDefinition

LONGEST_PIECE = 256
"""In characters; Llama 2's longest has 16."""

MERGE_CHARACTERS = 64
"""Characters in all merges for each byte of the file, at most: Llama 2 has 1."""

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_NORMAL, _UNKNOWN, _CONTROL, _BYTE = 1, 2, 3, 6
_OTHER_TYPES = {4: "user-defined", 5: "unused"}
_MODELS = {1: "a unigram", 3: "a word", 4: "a character"}
_BPE = 2

_PIECE, _TRAINER, _NORMALIZER, _DENORMALIZER = 1, 2, 3, 5

Value = int | bytes
Piece = tuple[str, float, int]


def read(data: bytes, path: Path) -> SentencePieceDefinition:
    """Return the tokenizer in a file's bytes. Raises `FormatError` where they are damaged, and `TokenizerError` where it is no model of Llama 2's kind."""
    pieces: list[Piece] = []
    specs: dict[int, dict[int, Value]] = {_TRAINER: {}, _NORMALIZER: {}, _DENORMALIZER: {}}
    for number, value in fields(data, path):
        if number == _PIECE:
            pieces.append(_piece(_message(value, path), len(pieces), path))
        elif number in specs:
            specs[number].update(fields(_message(value, path), path))
    _refuse_other_models(specs, path)
    names = [name for name, _, _ in pieces]
    if len(set(names)) != len(names):
        raise FormatError(f"{path}: a piece is listed twice; the file is damaged")
    _check_types(pieces, path)
    return SentencePieceDefinition.checked(names, _merges(pieces, MERGE_CHARACTERS * len(data), path), where=str(path))


def fields(message: bytes, path: Path) -> Iterator[tuple[int, Value]]:
    """Yield the fields of a message in order, each with its number. Raises `FormatError` where it is damaged."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at, path)
        number, kind = tag >> 3, tag & 7
        if kind == _VARINT:
            value, at = _varint(message, at, path)
            yield number, value
            continue
        if kind == _BYTES:
            length, at = _varint(message, at, path)
        elif kind in (_FIXED32, _FIXED64):
            length = 4 if kind == _FIXED32 else 8
        else:
            raise FormatError(f"{path}: not a SentencePiece model (a field of wire type {kind} at byte {at})")
        if length > len(message) - at:
            raise FormatError(f"{path}: damaged or cut off (a field of {length} bytes, {len(message) - at} are left)")
        yield number, message[at : at + length]
        at += length


def _varint(message: bytes, at: int, path: Path) -> tuple[int, int]:
    """Return the number at `at`, seven bits a byte, lowest first, and the place behind it."""
    value = 0
    for place, byte in enumerate(message[at : at + 10]):
        value |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            return value, at + place + 1
    raise FormatError(f"{path}: not a SentencePiece model, or damaged (a number without an end at byte {at})")


def _message(value: Value, path: Path) -> bytes:
    if not isinstance(value, bytes):
        raise FormatError(f"{path}: not a SentencePiece model (a number where a message should be)")
    return value


def _piece(message: bytes, place: int, path: Path) -> Piece:
    parts = dict(fields(message, path))
    name, score, kind = parts.get(1), parts.get(2, bytes(4)), parts.get(3, _NORMAL)
    if not isinstance(name, bytes) or not isinstance(score, bytes) or len(score) != 4 or not isinstance(kind, int):
        raise FormatError(f"{path}: piece {place} is not a text with a score and a type; the file is damaged")
    number: float = struct.unpack("<f", score)[0]
    try:
        text = name.decode()
    except UnicodeDecodeError:
        raise FormatError(f"{path}: piece {place} is not valid UTF-8; the file is damaged") from None
    if not math.isfinite(number) or len(text) > LONGEST_PIECE:
        raise FormatError(f"{path}: piece {place} has no finite score or over {LONGEST_PIECE} characters; the file is damaged")
    return text, number, kind


def _refuse_other_models(specs: Mapping[int, Mapping[int, Value]], path: Path) -> None:
    trainer, normalizer, denormalizer = specs[_TRAINER], specs[_NORMALIZER], specs[_DENORMALIZER]
    kind = trainer.get(3, 1)
    if kind != _BPE:
        found = _MODELS.get(kind, "an unknown") if isinstance(kind, int) else "a damaged"
        raise TokenizerError(f"{path}: {found} model; Puna reads SentencePiece's BPE, as Llama 2's")
    wanted = {
        "no byte fallback": trainer.get(35, 0) == 1,
        "spaces as suffixes": trainer.get(24, 0) == 0,
        f"the normalization {_name(normalizer)!r}": not normalizer.get(2) and not normalizer.get(6),
        "a denormalization": not denormalizer.get(2),
        "no dummy space before a text": normalizer.get(3, 1) == 1,
        "surplus spaces removed": normalizer.get(4, 1) == 0,
        "spaces left as they are": normalizer.get(5, 1) == 1,
        "another text for unknown tokens": trainer.get(44, UNKNOWN_TEXT.encode()) == UNKNOWN_TEXT.encode(),
    }
    wrong = [name for name, right in wanted.items() if not right]
    if wrong:
        raise TokenizerError(f"{path}: a SentencePiece model with {wrong[0]}, otherwise than Llama 2's; Puna does not read it")


def _name(normalizer: Mapping[int, Value]) -> str:
    name = normalizer.get(1, b"")
    return name.decode(errors="replace")[:40] if isinstance(name, bytes) else ""


def _check_types(pieces: Sequence[Piece], path: Path) -> None:
    """Make sure that the types are Llama 2's: one unknown and two control pieces first, 256 bytes, and text."""
    for place, (name, _, kind) in enumerate(pieces):
        if kind in _OTHER_TYPES:
            raise TokenizerError(
                f"{path}: the piece {name!r} is {_OTHER_TYPES[kind]}, which Llama 2's tokenizer has none of; Puna does not read it"
            )
        right = (_UNKNOWN if place == 0 else _CONTROL) if place < len(SPECIALS) else _BYTE if name in BYTE_PIECES else _NORMAL
        if kind != right:
            raise TokenizerError(f"{path}: the piece {name!r} has type {kind}, in Llama 2's tokenizer it would have {right}")


def _merges(pieces: Sequence[Piece], room: int, path: Path) -> list[tuple[str, str]]:
    """Return every way to cut a piece into two as a merge, best score first. A tie between pieces has no order that a list could keep, and is refused."""
    text = {name: (score, i) for i, (name, score, kind) in enumerate(pieces) if kind == _NORMAL}
    unknown = next((name for name in text if any(char not in text for char in name)), None)
    if unknown is not None:
        raise TokenizerError(f"{path}: the piece {unknown!r} has a character that is no piece itself; Puna does not read such a model")
    found: list[tuple[float, int, int, int]] = []
    tied: dict[float, str] = {}
    for name, (score, _) in text.items():
        cuts = [(text[name[:i]][1], text[name[i:]][1], i) for i in range(1, len(name)) if name[:i] in text and name[i:] in text]
        if cuts and tied.setdefault(score, name) != name:
            raise TokenizerError(f"{path}: the pieces {tied[score]!r} and {name!r} have the same score, so their order is not known")
        found += [(-score, left, right, i) for left, right, i in cuts]
        room -= len(cuts) * len(name)
        if room < 0:
            raise FormatError(f"{path}: its pieces can be made of one another in more ways than any tokenizer's; the file is damaged")
    return [(pieces[left][0], pieces[right][0]) for _, left, right, _ in sorted(found)]
