"""Text to ids, by whichever library is installed, with equal ids from both.

`gigatoken` (extra `fast`) encodes text that it has not seen several times as fast as tiktoken; `tokenizers` is always there. Which of them works is a matter of speed
alone, so each is given only what it does exactly:

- gigatoken has its cutting rules compiled in and finds the one to use by looking at the regular expressions of a file, blind to everything beside them. It gets
  Llama 3's rule, as it stands, and SentencePiece's, which has none; any other rule goes to `tokenizers`.
- gigatoken's tables of letters and digits are a little older: text with one of the 13 characters in `_TOO_NEW` goes to `tokenizers`, whose ids are tiktoken's.
- gigatoken (0.10) remembers every word for ever. Remembering takes time, and recalling hardly any, so what it holds is bounded by the seconds that it has worked:
  after `REBUILD` times the seconds that it takes to build, it is built anew (at most a tenth of the time; some hundred megabytes of words).
- Neither gets a text of millions of characters in one piece (`long_text`).
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, Protocol

import tokenizers

from puna.errors import DataError, TokenizerError
from puna.tokens import long_text
from puna.tokens.bytelevel import BYTE_PIECES, LLAMA3_PRE_TOKENIZER, spelled, to_bytes

Library = Literal["auto", "gigatoken", "tokenizers"]

REBUILD = 10
_LEAST_SECONDS = 0.25
_BATCH_CHARACTERS = 1 << 24
_FEW_CHARACTERS = 1 << 23
"""Below this gigatoken's threads, which each must learn the words anew, cost more than they save."""

_TOO_NEW = ("\U00011de0", "\U00011de9"), ("\U00016ff4", "\U00016ff6")
"""Digits of Unicode 17 that gigatoken 0.10 takes for symbols; first and last of each block."""
_TOO_NEW_BYTES = tuple(first.encode()[:3] for first, _ in _TOO_NEW)


@dataclass(frozen=True)
class Rules:
    """What an encoder needs to know: the ids of tokens, merges best first, and how text is cut before them.

    `byte_fallback`: symbols are characters, and those without a token become bytes (SentencePiece); without it symbols are bytes. `border` finds the last character
    before a place where a long text may be cut; None where no such place is known.
    """

    ids: Mapping[str, int]
    merges: Sequence[tuple[str, str]]
    pre_tokenizer: Mapping[str, Any] | None
    ignore_merges: bool
    byte_fallback: bool
    border: long_text.Border | None

    @property
    def cut_as_llama3(self) -> bool:
        return self.pre_tokenizer == LLAMA3_PRE_TOKENIZER

    def bytes_of(self, name: str) -> bytes:
        """Return the bytes that the token called `name` stands for, SentencePiece's space as the character it is."""
        return (BYTE_PIECES.get(name) or name.encode()) if self.byte_fallback else to_bytes(name)

    def bpe(self, *, ignore_merges: bool) -> Any:
        """Return the library's model. Raises what Rust raises."""
        unknown: dict[str, Any] = {"unk_token": "<unk>", "fuse_unk": True, "byte_fallback": True} if self.byte_fallback else {}
        return tokenizers.models.BPE(vocab=dict(self.ids), merges=list(self.merges), ignore_merges=ignore_merges, **unknown)


class _Backend(Protocol):
    def encode(self, text: str) -> list[int]: ...
    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]: ...


class _Tokenizers:
    """The `tokenizers` library, told of no added token: it would find them in text."""

    def __init__(self, rules: Rules, *, ignore_merges: bool, pre_tokenizer: Mapping[str, Any] | None) -> None:
        # The library reads a pre-tokenizer from JSON only as part of a whole tokenizer.
        shell: dict[str, Any] = {
            "version": "1.0",
            "added_tokens": [],
            "pre_tokenizer": pre_tokenizer,
            "model": {"type": "BPE", "vocab": {}, "merges": []},
        }
        with _translated("the tokenizers library refuses it"):
            self._inner = tokenizers.Tokenizer.from_str(json.dumps(shell))
            self._inner.model = rules.bpe(ignore_merges=ignore_merges)

    def encode(self, text: str) -> list[int]:
        return self.encode_batch([text])[0]

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        with _translated("text cannot be encoded"):
            return [encoding.ids for encoding in self._inner.encode_batch_fast(texts, add_special_tokens=False)]


class _Gigatoken:
    """gigatoken, built anew now and then."""

    def __init__(self, rules: Rules) -> None:
        model = {
            "type": "BPE", "vocab": dict(rules.ids), "merges": [list(merge) for merge in rules.merges],
            "ignore_merges": rules.ignore_merges, "byte_fallback": rules.byte_fallback, "unk_token": "<unk>" if rules.byte_fallback else None,
        }  # fmt: skip
        pre_tokenizer = None if rules.byte_fallback else rules.pre_tokenizer
        self._json = json.dumps({"version": "1.0", "added_tokens": [], "normalizer": None, "pre_tokenizer": pre_tokenizer, "model": model})
        self._build()

    def encode(self, text: str) -> list[int]:
        found: list[int] = self._timed(lambda: self._ids(text.encode()))
        return found

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        batch = [text.encode() for text in texts]
        if sum(map(len, batch)) < _FEW_CHARACTERS:
            found: list[list[int]] = self._timed(lambda: [self._ids(data) for data in batch])
        else:
            found = self._timed(lambda: self._inner.encode_batch_list(batch))
        return found

    def _build(self) -> None:
        import gigatoken

        began = time.perf_counter()
        with _translated("the gigatoken library refuses it"):
            self._inner = gigatoken.Tokenizer.from_json(self._json)
        self._seconds_left = REBUILD * max(time.perf_counter() - began, _LEAST_SECONDS)

    def _ids(self, data: bytes) -> list[int]:
        ids: Any = self._inner.encode(data)
        found: list[int] = memoryview(ids).tolist()  # a fifth faster than the array's own
        return found

    def _timed(self, work: Callable[[], Any]) -> Any:
        if self._seconds_left < 0:
            self._build()
        began = time.perf_counter()
        with _translated("text cannot be encoded"):
            result = work()
        self._seconds_left -= time.perf_counter() - began
        return result


class Encoder:
    """Encodes text, special tokens in it as text, by the library asked for. `library` says which one works."""

    def __init__(self, rules: Rules, *, library: Library = "auto") -> None:
        """Raises `TokenizerError` where the library asked for is absent, does not know the cutting rule, or refuses the tokenizer."""
        self._rules = rules
        self.library = _chosen(rules, library)
        if self.library == "tokenizers":
            _ = (
                self._main
            )  # it may refuse a file's rule for cutting; gigatoken gets only rules that are known, and waits for the first text

    def encode(self, text: str) -> list[int]:
        """Return the ids of `text`. Raises `DataError` at half a surrogate pair."""
        if long_text.is_long(text) and (self._rules.cut_as_llama3 or self._rules.byte_fallback):
            refuse_half_characters(text)
            return [token_id for block in self._encoded_blocks(text) for token_id in block]
        try:
            return (self._plain if self._is_too_new(text) else self._main).encode(text)
        except (TypeError, UnicodeEncodeError):
            refuse_half_characters(text)
            raise

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """Return `encode` of each text, on all cores."""
        apart = {i for i, text in enumerate(texts) if long_text.is_long(text) or self._is_too_new(text)}
        together = [text for i, text in enumerate(texts) if i not in apart] if apart else texts
        try:
            found = iter([ids for group in _groups(together) for ids in self._main.encode_batch(group)])
        except (TypeError, UnicodeEncodeError):
            for text in texts:
                refuse_half_characters(text)
            raise
        return [self.encode(text) if i in apart else next(found) for i, text in enumerate(texts)]

    def _is_too_new(self, text: str) -> bool:
        """Return whether gigatoken may cut `text` otherwise than tiktoken: three bytes are searched in its UTF-8, which takes no time."""
        if text.isascii() or self.library != "gigatoken" or self._rules.byte_fallback:
            return False
        data = text.encode(errors="replace")
        return any(prefix in data for prefix in _TOO_NEW_BYTES)

    def _encoded_blocks(self, text: str) -> Iterator[list[int]]:
        for block, bordered in long_text.blocks(text, self._rules.border):
            if bordered:
                yield self.encode(block)
            elif self._rules.byte_fallback:
                yield self._spliced(block, self._main.encode)
            else:
                rule = long_text.PieceRule(block)
                for piece, is_long in rule.pieces(block):
                    yield self._long_piece(piece, rule) if is_long else self.encode(piece)

    def _long_piece(self, piece: str, rule: long_text.PieceRule) -> list[int]:
        whole = self._rules.ids.get(spelled(piece.encode())) if self._rules.ignore_merges else None
        return self._spliced(piece, lambda part: self._merged(part, rule)) if whole is None else [whole]

    def _spliced(self, piece: str, encode: Callable[[str], list[int]]) -> list[int]:
        return long_text.splice(piece, encode=encode, spell=lambda token_id: self._bytes[token_id], joins=self._joins)

    def _merged(self, part: str, rule: long_text.PieceRule) -> list[int]:
        """Return ids by merges alone: gigatoken's where its rule leaves the part whole, which is too long to be found in its list of tokens."""
        gigatoken_merges = (
            self.library == "gigatoken" and len(part) > self._longest and not self._is_too_new(part) and rule.leaves_whole(part)
        )
        return self._main.encode(part) if gigatoken_merges else self._merging.encode(spelled(part.encode()))

    def _joins(self, left: int, right: int) -> bool:
        """Return whether the tokens stay as they are side by side, nothing around them."""
        names = self._names[left], self._names[right]
        if self._rules.byte_fallback and not BYTE_PIECES.keys().isdisjoint(names):
            return True  # a character without a token is merged with nothing
        return self._merging.encode("".join(names)) == [left, right]

    @cached_property
    def _main(self) -> _Backend:
        return _Gigatoken(self._rules) if self.library == "gigatoken" else self._plain

    @cached_property
    def _plain(self) -> _Tokenizers:
        return _Tokenizers(self._rules, ignore_merges=self._rules.ignore_merges, pre_tokenizer=self._rules.pre_tokenizer)

    @cached_property
    def _merging(self) -> _Tokenizers:
        """Merges alone: no cutting, and no token for a whole piece; its text is spelled as the file's tokens are."""
        return _Tokenizers(self._rules, ignore_merges=False, pre_tokenizer=None)

    @cached_property
    def _names(self) -> list[str]:
        return sorted(self._rules.ids, key=lambda token: self._rules.ids[token])

    @cached_property
    def _bytes(self) -> list[bytes]:
        return [self._rules.bytes_of(name) for name in self._names]

    @cached_property
    def _longest(self) -> int:
        return max(map(len, self._names))


def refuse_half_characters(text: str) -> None:
    """Raise `DataError` where `text` holds half of a surrogate pair: JSON can write one, Unicode text has none."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise DataError(f"the text holds half of a surrogate pair at character {error.start}, which is no Unicode; remove it") from None


def _chosen(rules: Rules, wanted: Library) -> Literal["gigatoken", "tokenizers"]:
    installed = importlib.util.find_spec("gigatoken") is not None
    known = rules.byte_fallback or rules.cut_as_llama3
    if wanted == "gigatoken" and not (installed and known):
        raise TokenizerError(
            "gigatoken does not know this tokenizer's cutting rule; use tokenizers"
            if installed
            else "gigatoken is not installed (extra 'fast')"
        )
    return "gigatoken" if installed and known and wanted != "tokenizers" else "tokenizers"


def _groups(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield runs of texts, so that what a library holds for a batch stays small beside the ids that it returns."""
    first = size = 0
    for i, text in enumerate(texts):
        if size + len(text) > _BATCH_CHARACTERS and i > first:
            yield texts[first:i]
            first, size = i, 0
        size += len(text)
    if first < len(texts):
        yield texts[first:]


@contextlib.contextmanager
def _translated(what: str) -> Iterator[None]:
    """Raise a `TokenizerError` for what Rust raises: plain `Exception`, or a panic, which Python sees as a `BaseException`."""
    try:
        yield
    except (TypeError, UnicodeEncodeError):
        raise
    except BaseException as error:
        if isinstance(error, Exception) or type(error).__name__ == "PanicException":
            raise TokenizerError(f"{what} ({' '.join(str(error).split())[:200]})") from None
        raise
