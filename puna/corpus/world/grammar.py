"""A grammar writes the texts: symbols become one of several productions, productions hold further symbols, so that phrasings multiply.

In a production, `{opening}` is another rule, `{big|small|old}` chooses on the spot, `{hero.town}` is a word of somebody in the cast (`{hero.job.a}` a
form of it, as the lexicon has it), `{hero:lives/live}` agrees with who that is, and `{number}`, where no rule has that name, is a word given by the caller.
Looking up an attribute of somebody is noted as a fact used: what a text states is known from how it was written.

Productions are parsed once into parts that fill themselves; a document then costs a few microseconds a sentence.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from puna.corpus.world.authors import Author
from puna.corpus.world.concepts import ATTRIBUTES
from puna.corpus.world.facts import Entity, Fact

_IS_ATTRIBUTE = frozenset(ATTRIBUTES)
_TOKEN = re.compile(r"\w+|[^\w\s]")
Given = str | Callable[[], str]


@dataclass(frozen=True)
class Words:
    """The words that a text may use of `entity`: name, pronouns, values, each in its forms. `agrees` picks between `{x:lives/live}`."""

    entity: Entity
    forms: Mapping[str, str]
    agrees: int


@dataclass
class Tally:
    """Counts what each production gives: the tokens (words and marks) that it writes itself or puts into its holes, but not those of rules below it."""

    tokens: Counter[str] = field(default_factory=Counter)
    total: int = 0

    def credit(self, production: str, text: str, before: int) -> None:
        """Count the tokens of `text` for `production`, but for those counted since `before`, which its parts wrote."""
        own = len(_TOKEN.findall(text)) - (self.total - before)
        self.tokens[production] += own
        self.total += own


class Writing(Protocol):
    """The text that productions fill: its chance, its author, who plays in it, the words that it was given, and the facts that it has stated."""

    rng: random.Random
    author: Author
    cast: dict[str, Words]
    given: dict[str, Given]
    facts: dict[Fact, None]
    tally: Tally | None


class _Choice:
    """Holds one of several words, chosen on the spot."""

    def __init__(self, options: str) -> None:
        self.options = tuple(options.split("|"))

    def fill(self, writer: Writing) -> str:
        return self.options[int(writer.rng.random() * len(self.options))]


class _Word:
    """Holds a word of somebody in the cast; values of attributes are noted."""

    def __init__(self, role: str, key: str) -> None:
        self.role, self.key = role, key
        attribute = key.partition(".")[0]
        self.attribute = attribute if attribute in _IS_ATTRIBUTE else None

    def fill(self, writer: Writing) -> str:
        words = writer.cast[self.role]
        if self.attribute:
            writer.facts[words.entity.fact(self.attribute)] = None
        return words.forms[self.key]


class _Agree:
    """Holds one of two forms, by who somebody in the cast is."""

    def __init__(self, role: str, forms: str) -> None:
        self.role, self.forms = role, tuple(forms.split("/"))

    def fill(self, writer: Writing) -> str:
        return self.forms[writer.cast[self.role].agrees]


class _Given:
    """Holds a word that the caller gives, or has written when it is needed."""

    def __init__(self, name: str) -> None:
        self.name = name

    def fill(self, writer: Writing) -> str:
        given = writer.given[self.name]
        return given if isinstance(given, str) else given()


class _Rule:
    """The productions of one symbol."""

    def __init__(self, symbol: str, salt: int) -> None:
        self.symbol, self.salt = symbol, salt
        self.productions: tuple[_Production, ...] = ()

    def fill(self, writer: Writing) -> str:
        author, count = writer.author, len(self.productions)
        # Each author likes some of the productions best, and other authors like others.
        place = int(writer.rng.random() ** author.taste * count) + int(author.phase * count) + self.salt
        return self.productions[place % count].fill(writer)


class _Production:
    """One way to write a symbol: literals and holes in a row."""

    def __init__(self, symbol: str, pattern: str, rules: Mapping[str, _Rule]) -> None:
        self.name = f"{symbol}: {pattern}"
        pieces = re.split(r"\{([^}]*)\}", pattern)
        self.parts = tuple(piece if i % 2 == 0 else _hole(piece, rules) for i, piece in enumerate(pieces) if i % 2 or piece)

    def fill(self, writer: Writing) -> str:
        tally = writer.tally
        before = tally.total if tally else 0
        text = "".join([part if part.__class__ is str else part.fill(writer) for part in self.parts])  # type: ignore[union-attr]
        if tally:
            tally.credit(self.name, text, before)
        return text


_Part = str | _Choice | _Word | _Agree | _Given | _Rule


def _hole(inner: str, rules: Mapping[str, _Rule]) -> _Part:
    if inner in rules:
        return rules[inner]
    if "|" in inner:
        return _Choice(inner)
    if ":" in inner:
        return _Agree(*inner.split(":"))
    role, dot, key = inner.partition(".")
    return _Word(role, key) if dot else _Given(inner)


class Grammar:
    """Rules by symbol, each with its productions."""

    def __init__(self, *tables: Mapping[str, Sequence[str]], most: int | None = None) -> None:
        """Parse `tables`; of each rule only the first `most` productions."""
        self.tables = tables
        patterns = {symbol: found[:most] for table in tables for symbol, found in table.items()}
        assert len(patterns) == sum(map(len, tables)), "a symbol is in two tables"
        self.rules = {symbol: _Rule(symbol, number) for number, symbol in enumerate(patterns, 1)}
        for symbol, rule in self.rules.items():
            rule.productions = tuple(_Production(symbol, pattern, self.rules) for pattern in patterns[symbol])

    def with_most(self, most: int | None) -> Grammar:
        """Return the same grammar with at most `most` productions a rule, the first of them."""
        return self if most is None else Grammar(*self.tables, most=most)
