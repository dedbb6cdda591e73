"""Document `i` of a world: a pure function of (seed, i), whatever was written before, by whom, and in which order.

So the corpus has no end, any slice of it can be made on any worker, and a duplicate of document `j` is written by writing document `j` again.
"""

from __future__ import annotations

import random
from bisect import bisect
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Literal

from puna.corpus.world.draws import generator
from puna.corpus.world.entries import entry
from puna.corpus.world.facts import Fact, World
from puna.corpus.world.grammar import Writer
from puna.corpus.world.junk import junk, near_copy, scrambled
from puna.corpus.world.passages import passage
from puna.corpus.world.stories import story
from puna.corpus.world.sums import sums
from puna.errors import ConfigError
from puna.records import Document

Quality = Literal["good", "junk"]
KINDS: dict[str, Callable[[World, Writer], str]] = {"stories": story, "entries": entry, "sums": sums, "passages": passage}
# Banners are the most common junk; copies of documents come next.
JUNK_KINDS = ("junk", "junk", "scrambled", "duplicate", "near duplicate")
COPIES: dict[str, Callable[[Writer, str], str]] = {"scrambled": scrambled, "near duplicate": near_copy, "duplicate": lambda _, text: text}


@dataclass(frozen=True, slots=True)
class Draft:
    """A document with its hidden truth: what it is, what it is worth, what it was made from, which facts it states."""

    document: Document
    kind: str
    quality: Quality
    facts: tuple[Fact, ...] = ()
    original: Draft | None = None

    @property
    def duplicate_of(self) -> str | None:
        """Return the id of the document that this one copies, in whole or nearly."""
        return self.original.document.id if self.original and self.kind in ("duplicate", "near duplicate") else None

    def truth(self) -> dict[str, Any]:
        """Return the hidden truth as JSON: never for training, only for judging what training or filtering did."""
        facts = [[fact.person, fact.attribute, fact.value] for fact in self.facts]
        return {"id": self.document.id, "kind": self.kind, "quality": self.quality, "duplicate_of": self.duplicate_of, "facts": facts}


def identifier(index: int) -> str:
    return f"world-{index:08d}"


def draft(world: World, index: int) -> Draft:
    """Return document `index` with its truth. Raises `ConfigError` where the mix leaves no kind to write."""
    rng = generator(world.seed, "document", index)
    if rng.random() >= world.settings.junk:
        return _good(world, index, rng)
    kind = JUNK_KINDS[int(rng.random() * len(JUNK_KINDS))]
    original = None if kind == "junk" else _original(world, index, rng)
    return _junk(index, rng, "junk" if original is None else kind, original)


def _good(world: World, index: int, rng: random.Random) -> Draft:
    weights = list(accumulate(world.settings.mix.model_dump().values()))
    if not weights[-1]:
        raise ConfigError("corpus.world.mix: all weights are 0; give at least one kind of document a weight")
    kind = list(KINDS)[bisect(weights, rng.random() * weights[-1])]
    writer = Writer(rng)
    text = KINDS[kind](world, writer)
    return Draft(Document(identifier(index), text, "world"), kind, "good", tuple(writer.facts))


def _original(world: World, index: int, rng: random.Random) -> Draft | None:
    """Draw an earlier good document to copy; none where the first few tries find only junk (or there is nothing earlier)."""
    for _ in range(8 if index else 0):
        found = int(rng.random() * index)
        # The first draw of a document's generator says whether it is good; only a good one is worth writing out.
        if generator(world.seed, "document", found).random() >= world.settings.junk:
            return draft(world, found)
    return None


def _junk(index: int, rng: random.Random, kind: str, original: Draft | None) -> Draft:
    writer = Writer(rng)
    if original is None:
        return Draft(Document(identifier(index), junk(writer), "world"), "junk", "junk")
    # Words of sums in another order would be other sums, held-out ones among them.
    if kind == "scrambled" and original.kind in ("sums", "passages"):
        kind = "near duplicate"
    text = COPIES[kind](writer, original.document.text)
    return Draft(Document(identifier(index), text, "world"), kind, "junk", () if kind == "scrambled" else original.facts, original)
