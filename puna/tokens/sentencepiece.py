"""Llama 2's tokenizer: SentencePiece's BPE, where symbols are characters and whatever has no token becomes bytes (arXiv 1808.06226; Llama 2: 2307.09288, section 2.2).

A space is written as U+2581 (a low line), and one more is put before every text, so that a word is the same token at a text's start as inside it; decoding takes it
away again. Text that holds U+2581 itself comes back with a space: that is the format's one loss. There is no rule for cutting: any two neighbours may merge
if a token is spelled so, and the best-scored pair goes first.

Since tokens of Llama 2 begin with U+2581 or do not hold it, a text can be cut before any space. Whether that holds is read off the tokens (`words_begin_with_spaces`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Literal

from puna.errors import FormatError, TokenizerError
from puna.tokens.bytelevel import BYTE_PIECES
from puna.tokens.definition import whole_json
from puna.tokens.encoders import Rules

SPACE = "\u2581"
SPECIALS = ("<unk>", "<s>", "</s>")
UNKNOWN_TEXT = " \u2047 "
"""What SentencePiece decodes `<unk>` to."""

_BEFORE_SPACE = re.compile(f"[^{SPACE}](?={SPACE})")
_WORDS = {"type": "Split", "pattern": {"Regex": f"{SPACE}+[^{SPACE}]*|[^{SPACE}]+"}, "behavior": "Isolated", "invert": False}


@dataclass(frozen=True)
class SentencePieceDefinition:
    """All pieces by id, special ones and bytes too, and merges, best first."""

    pieces: Sequence[str]
    merges: Sequence[tuple[str, str]]

    kind: ClassVar[Literal["llama2", "llama3"]] = "llama2"
    specials: ClassVar[Sequence[str]] = SPECIALS
    special_ids: ClassVar[range] = range(len(SPECIALS))
    normalizer: ClassVar[dict[str, Any]] = {
        "type": "Sequence",
        "normalizers": [{"type": "Prepend", "prepend": SPACE}, {"type": "Replace", "pattern": {"String": " "}, "content": SPACE}],
    }

    @classmethod
    def checked(cls, pieces: Sequence[str], merges: Sequence[tuple[str, str]], *, where: str) -> SentencePieceDefinition:
        """Build from pieces whose first three are special. Merges that spell a special token or a byte are left out: no text becomes one.

        Raises `TokenizerError` or `FormatError`, which name `where`.
        """
        if tuple(pieces[: len(SPECIALS)]) != SPECIALS:
            raise TokenizerError(f"{where}: its first pieces are not {', '.join(SPECIALS)}, as Llama 2's are")
        if missing := len(BYTE_PIECES.keys() - set(pieces)):
            raise TokenizerError(f"{where}: {missing} of the 256 bytes have no piece, so some text could not be encoded")
        text = set(pieces) - BYTE_PIECES.keys() - set(SPECIALS)
        strange = next((piece for piece in text if not piece or " " in piece or any("\ud800" <= char <= "\udfff" for char in piece)), None)
        if strange is not None:
            raise FormatError(f"{where}: the piece {strange!r} is empty, holds a space, or is not valid Unicode")
        known = text.union(BYTE_PIECES, SPECIALS)
        for number, (left, right) in enumerate(merges, 1):
            if not (left in known and right in known and left + right in known):
                raise FormatError(f"{where}: merge {number} names or makes a piece that the vocabulary lacks")
        return cls(pieces, [(left, right) for left, right in merges if left in text and right in text and left + right in text])

    @property
    def vocab_size(self) -> int:
        return len(self.pieces)

    @cached_property
    def words_begin_with_spaces(self) -> bool:
        """Return whether no piece holds a space behind another character, so that nothing merges across a word's border."""
        return not any(_BEFORE_SPACE.search(piece) for piece in self.pieces)

    def rules(self) -> Rules:
        ids = {piece: i for i, piece in enumerate(self.pieces)}
        whole = self.words_begin_with_spaces
        border, words = (_BEFORE_SPACE, _WORDS) if whole else (None, None)
        return Rules(ids, self.merges, words, ignore_merges=False, byte_fallback=True, border=border)

    def text_bytes(self) -> list[bytes]:
        return [b"" if piece in SPECIALS else BYTE_PIECES.get(piece) or piece.replace(SPACE, " ").encode() for piece in self.pieces]

    def identity(self) -> list[Any]:
        return ["sentencepiece", list(self.pieces), [list(merge) for merge in self.merges]]

    def to_json(self) -> dict[str, Any]:
        """Return the content of `tokenizer.json` as the first conversions of Llama 2 had it: a space is put before every text, whatever it begins with."""
        decoders = [
            {"type": "Replace", "pattern": {"String": SPACE}, "content": " "},
            {"type": "ByteFallback"},
            {"type": "Fuse"},
            {"type": "Strip", "content": " ", "start": 1, "stop": 0},
        ]
        vocab = {piece: i for i, piece in enumerate(self.pieces)}
        return whole_json(
            specials={name: i for i, name in enumerate(SPECIALS)},
            first=SPECIALS[1],
            normalizer=self.normalizer,
            pre_tokenizer=None,
            decoder={"type": "Sequence", "decoders": decoders},
            model={"unk_token": SPECIALS[0], "fuse_unk": True, "byte_fallback": True, "vocab": vocab, "merges": self.merges},
        )
