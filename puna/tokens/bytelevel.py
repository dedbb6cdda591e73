"""Byte-level text: every byte is a token, so nothing is unknown; and Llama 3's rule for cutting text into pieces before any merging.

`tokenizer.json` cannot hold raw bytes, so since GPT-2 each byte is written as one printable character: 188 bytes stand for themselves, the other 68 (spaces,
controls) move to U+0100 and up. That order, printable bytes first, is also the order of the first 256 tokens of Llama 3.

Pieces come from a regular expression (llama-models, `models/llama3/tokenizer.py`): contractions, words with one leading character, numbers of up to three digits,
punctuation, line ends, spaces. No token crosses a piece's border.
"""

from __future__ import annotations

from typing import Any

LLAMA3_PATTERN = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"

LLAMA3_PRE_TOKENIZER: dict[str, Any] = {
    "type": "Sequence",
    "pretokenizers": [
        {"type": "Split", "pattern": {"Regex": LLAMA3_PATTERN}, "behavior": "Isolated", "invert": False},
        {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False},
    ],
}


def _byte_order() -> list[int]:
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    return printable + sorted(set(range(256)) - set(printable))


BYTES_BY_ID = _byte_order()
ID_BY_BYTE = {byte: token_id for token_id, byte in enumerate(BYTES_BY_ID)}
_MOVED = BYTES_BY_ID[188:]
CHAR_BY_BYTE = {byte: chr(0x100 + _MOVED.index(byte)) if byte in _MOVED else chr(byte) for byte in range(256)}
BYTE_BY_CHAR = {char: byte for byte, char in CHAR_BY_BYTE.items()}

BYTE_PIECES = {f"<0x{byte:02X}>": bytes([byte]) for byte in range(256)}
"""Llama 2's spelling of single bytes (SentencePiece's byte fallback)."""


def spelled(data: bytes) -> str:
    """Return `data` as `tokenizer.json` spells it."""
    return data.decode("latin-1").translate(CHAR_BY_BYTE)


def to_bytes(token: str) -> bytes:
    """Return the bytes that a token of `tokenizer.json` stands for. Raises `KeyError` at a character that stands for no byte."""
    return bytes([BYTE_BY_CHAR[char] for char in token])
