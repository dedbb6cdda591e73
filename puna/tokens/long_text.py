"""Texts of any length, cut where the ids cannot tell.

Both libraries were made for documents. A piece of sixteen million letters costs them a gigabyte, and the engine behind `tokenizers`' regular expressions gives up on
five million spaces. Llama 3's own encoder cuts every 400,000 characters, and its ids change there. Here a text is cut only where its ids provably stay the same:

1. **At a border.** After a letter or digit with ASCII punctuation or white space behind it, Llama 3's rule ends a piece whatever else stands around, and begins the next
   one afresh: no alternative of the rule holds a letter or digit and then something else, and none looks behind itself. (In SentencePiece: before a space, where no
   token has a space in its middle.) Real text has one every few characters.
2. **Between pieces.** Where no border comes, Python's `re` finds the pieces by the same rule, and runs of them are encoded together. The one alternative that looks ahead
   is about white space: it leaves the last space of several to the word behind. So a run may end after anything but plain white space, whose pieces go alone.
3. **Inside a piece** (`splice`). Merging never sees further than the tokens beside it. So if one part's ids end with `s`, the next part's begin with `t`, and `s t` alone
   stays `[s, t]`, nothing ever merged across the border: up to a first such merge both sides run as they would alone, and what lies within `s` and `t` runs
   as it does in `s t` alone, where no merge crosses. The ids of the whole are those of the parts in a row. Only greedy merging by rank, then place, is used.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

BLOCK = 1 << 19
"""Characters in one call of a library; up to twice as many where a border comes late."""

SPARE = 8
"""Tokens at a part's end that are made again with the next part, for they would be others had the part not ended there."""

Border = re.Pattern[str]

LLAMA3_BORDER: Border = re.compile(r"[^\W_](?=[\x00-/:-@\[-`{-\x7f])")
"""Letters and digits in Python's tables, which are older than any library's; a character once a letter or digit stays one."""

_PLAIN_SPACES = frozenset(
    "\t\v\f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
"""White space but for line feed and carriage return."""
_SPACE = r"\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"


def is_long(text: str) -> bool:
    """Return whether `text` should be cut."""
    return len(text) > 2 * BLOCK


def blocks(text: str, border: Border | None) -> Iterator[tuple[str, bool]]:
    """Yield `text` in blocks cut at borders, each with True; where none comes in time, the stretch up to the next one with False."""
    start = 0
    while len(text) - start > 2 * BLOCK:
        found = border.search(text, start + BLOCK, start + 2 * BLOCK + 1) if border else None
        late = border.search(text, start + 2 * BLOCK) if border and not found else None
        cut = found or late
        end = cut.end() if cut else len(text)
        yield text[start:end], found is not None
        start = end
    yield text[start:], True


class PieceRule:
    """Llama 3's rule in Python's `re`, for the characters of one text: which are letters and digits is asked of `tokenizers`, whose tables are the right ones."""

    def __init__(self, text: str) -> None:
        characters = "".join(sorted(set(text)))
        letter, digit = "a" + _members(r"\p{L}", characters), "0" + _members(r"\p{N}", characters)
        contraction = "'(?:[sSſtTmMdD]|[rRvV][eE]|[lL][lL])"
        self._pattern = re.compile(
            rf"{contraction}|[^\r\n{letter}{digit}]?[{letter}]+|[{digit}]{{1,3}}| ?[^{_SPACE}{letter}{digit}]+[\r\n]*"
            rf"|[{_SPACE}]*[\r\n]+|[{_SPACE}]+(?![^{_SPACE}])|[{_SPACE}]+"
        )

    def pieces(self, text: str) -> Iterator[tuple[str, bool]]:
        """Yield `text` in runs of whole pieces that the rule cuts again as they are, each with False, and pieces longer than a block by themselves with True."""
        first = safe = 0  # where the run begins, and up to where it may go
        spaces: list[str] = []  # the pieces behind that place
        for piece in self._pattern.finditer(text):
            start, end = piece.span()
            if end - first > BLOCK:
                yield from ((run, False) for run in (text[first:safe], *spaces) if run)
                first = safe = start
                spaces = []
            if end - start > BLOCK:
                yield piece.group(), True
                first = safe = end
            elif text[end - 1] in _PLAIN_SPACES:
                spaces.append(piece.group())
            else:
                safe = end
                spaces = []
        if first < len(text):
            yield text[first:], False

    def leaves_whole(self, text: str) -> bool:
        found = self._pattern.match(text)
        return found is not None and found.end() == len(text)


def splice(
    piece: str, *, encode: Callable[[str], list[int]], spell: Callable[[int], bytes], joins: Callable[[int, int], bool]
) -> list[int]:
    """Return the ids of a piece of any length, part by part.

    `encode` gives the ids of a part by merging alone, `spell` a token's UTF-8 bytes, and `joins` says whether two tokens alone stay as they are. Where the parts do
    not join, the border moves back over more and more tokens, and in the end the part grows until it is the whole.
    """
    ids: list[int] = []
    start = furthest = 0
    size, back = BLOCK, SPARE
    while True:
        found = encode(piece[start : start + size])
        if ids and not joins(ids[-1], found[0]):
            start -= _drop(ids, back, spell)
            back, size = 2 * back, size if back < 64 else 2 * size
            continue
        ids += found
        if start + size >= len(piece):
            return ids
        start += size - _drop(ids, SPARE, spell)
        # A part that got no further than the one before must be longer the next time, or it would be made again and again.
        size = BLOCK if start > furthest else 2 * size
        furthest, back = max(furthest, start), SPARE


def _drop(ids: list[int], count: int, spell: Callable[[int], bytes]) -> int:
    """Remove `count` tokens from the end, or more, up to where a character begins. Return how many characters they were."""
    dropped: list[bytes] = []
    while ids and (len(dropped) < count or dropped[-1][0] & 0xC0 == 0x80):
        dropped.append(spell(ids.pop()))
    return len(b"".join(reversed(dropped)).decode())


def _members(unicode_class: str, characters: str) -> str:
    """Return which of the sorted `characters` are of a class, as ranges for `[...]` (what else lies within a range is not in the text)."""
    from tokenizers import Regex, pre_tokenizers

    others = pre_tokenizers.Split(Regex(f"{unicode_class}+"), "removed").pre_tokenize_str(characters)
    edges = [0, *(place for _, span in others for place in span), len(characters)]
    runs = [characters[a:b] for a, b in zip(edges[::2], edges[1::2], strict=True) if b > a]
    return "".join(f"\\U{ord(run[0]):08x}-\\U{ord(run[-1]):08x}" for run in runs)
