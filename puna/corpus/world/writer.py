"""A writer writes one text: it holds the text's chance, its author's habits, who plays in it, and which facts it has stated so far."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

from puna.corpus.world.authors import PLAIN, Author
from puna.corpus.world.facts import Entity, Fact, World
from puna.corpus.world.grammar import Given, Tally, Words
from puna.corpus.world.languages import Voice

T = TypeVar("T")


class Writer:
    """One text being written. `given` are words for holes that no rule fills; one that a rule shall write is given as a function, called when it is needed."""

    def __init__(self, voice: Voice, rng: random.Random, author: Author = PLAIN, tally: Tally | None = None) -> None:
        self.voice, self.rng, self.author, self.tally = voice, rng, author, tally
        self._rules = voice.grammar.rules
        self.cast: dict[str, Words] = {}
        self.given: dict[str, Given] = {}
        self.facts: dict[Fact, None] = {}

    @property
    def world(self) -> World:
        return self.voice.world

    def below(self, end: int) -> int:
        return int(self.rng.random() * end)

    def pick(self, options: Sequence[T]) -> T:
        return options[int(self.rng.random() * len(options))]

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def play(self, role: str, entity: Entity, *, first: bool = False) -> None:
        """Let `entity` play `role`; `first`: as somebody who tells of themselves."""
        self.cast[role] = self.voice.words(entity, first=first)

    def write(self, symbol: str, **given: Given) -> str:
        """Expand `symbol`; `given` stays known to what is written later."""
        if given:
            self.given.update(given)
        return self._rules[symbol].fill(self)

    def form(self, symbol: str, number: int) -> str:
        """Expand `symbol` by its production of that number, counted round and round."""
        productions = self._rules[symbol].productions
        return productions[number % len(productions)].fill(self)

    def choices(self, symbol: str) -> int:
        """Return how many productions `symbol` has."""
        return len(self._rules[symbol].productions)

    def say(self, symbol: str, **given: Given) -> str:
        """Return `symbol` expanded into a sentence."""
        return self.sentence(self.write(symbol, **given))

    def sentence(self, text: str) -> str:
        """Return `text` with a capital first letter and the author's end, where it lacks them."""
        text = text[0].upper() + text[1:]
        if text[-1] in '.!?:"':
            return text
        if self.author.excited and self.chance(self.author.excited):
            return self.voice.language.exclaimed(text)
        return text + "."

    def paragraphs(self, sentences: Sequence[str]) -> str:
        """Return sentences in paragraphs of about the author's length."""
        text, left = [], self.author.sentences
        for sentence in sentences:
            text += [sentence, " " if left else "\n\n"]
            left = left - 1 if left else self.author.sentences
        return "".join(text[:-1])

    def credit(self, name: str, text: str) -> str:
        """Return `text`, which no production wrote, counted under `name`."""
        if self.tally:
            self.tally.credit(name, text, self.tally.total)
        return text
