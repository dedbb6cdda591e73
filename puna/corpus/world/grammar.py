"""A grammar writes the texts: symbols become one of several phrases, phrases hold further symbols, so that phrasings multiply.

In a phrase, `{opening}` is another rule, `{big|small|old}` chooses on the spot, `{hero.town}` is a word of somebody in the cast and `{number}` a word given by
the caller. Looking up an attribute of somebody is noted as a fact used: what a text states is known from how it was written.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from typing import TypeVar

from puna.corpus.world.facts import ATTRIBUTES, Fact, Person

T = TypeVar("T")
_IS_ATTRIBUTE = frozenset(ATTRIBUTES)


class Grammar:
    """Rules by symbol, each with its phrases; parsed once."""

    def __init__(self, rules: Mapping[str, Sequence[str]]) -> None:
        # A phrase is its literals (even places) and symbols (odd places).
        self.rules = {symbol: tuple(tuple(re.split(r"\{([^}]*)\}", phrase)) for phrase in phrases) for symbol, phrases in rules.items()}


class Writer:
    """One text being written: its generator, its cast by role, and the facts used so far."""

    def __init__(self, rng: random.Random, **cast: Person) -> None:
        self.rng, self.cast = rng, cast
        self.facts: dict[Fact, None] = {}

    def below(self, end: int) -> int:
        return int(self.rng.random() * end)

    def pick(self, options: Sequence[T]) -> T:
        return options[self.below(len(options))]

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def write(self, grammar: Grammar, symbol: str, **words: str) -> str:
        """Expand `symbol`; `words` win over rules of the same name."""
        phrase = self.pick(grammar.rules[symbol])
        if len(phrase) == 1:
            return phrase[0]
        return "".join(part if i % 2 == 0 else self._expand(grammar, part, words) for i, part in enumerate(phrase))

    def _expand(self, grammar: Grammar, symbol: str, words: dict[str, str]) -> str:
        if "|" in symbol:
            return self.pick(symbol.split("|"))
        if symbol in words:
            return words[symbol]
        role, dot, word = symbol.partition(".")
        if not dot or role not in self.cast:
            return self.write(grammar, symbol, **words)
        person = self.cast[role]
        if word in _IS_ATTRIBUTE:
            self.facts[person.fact(word)] = None
        return person.words[word]


def sentence(text: str) -> str:
    """Return `text` with a capital first letter and a full stop, where it lacks them."""
    return text[0].upper() + text[1:] + ("" if text[-1] in '.!?:"' else ".")
