"""The table of facts that everything else is derived from.

Each person has one value for each attribute. Texts never hold facts of their own: they look them up here, so they cannot contradict one another, and what a
text states is known without reading it.

Held-out facts are stated in prose like all others, but no question about them occurs in training: who answers them has joined a fact learnt from
prose with a form of question learnt from other people (the set-up of arXiv 2309.14316, "Knowledge storage and extraction").
"""

from __future__ import annotations

import random
from bisect import bisect
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

from puna.corpus.world.draws import generator
from puna.corpus.world.settings import WorldSettings
from puna.corpus.world.vocabulary import BOYS, GIRLS, VALUES
from puna.seeds import seed_of

ATTRIBUTES = (*VALUES, "friend")


@dataclass(frozen=True, slots=True)
class Fact:
    """One cell of the table: `value` is what `person` has for `attribute`."""

    person: str
    attribute: str
    value: str


@dataclass(frozen=True)
class Person:
    """Somebody of the world, with a value for each of `ATTRIBUTES`."""

    name: str
    female: bool
    values: Mapping[str, str]

    def fact(self, attribute: str) -> Fact:
        return Fact(self.name, attribute, self.values[attribute])

    @cached_property
    def words(self) -> Mapping[str, str]:
        """Return the words that a text may use of this person: name, pronouns (`their` is possessive, `them` is the object), values."""
        they, them, their = ("she", "her", "her") if self.female else ("he", "him", "his")
        pronouns = {"they": they, "them": them, "their": their, "They": they.title(), "Their": their.title()}
        return {"name": self.name, **pronouns, **self.values}


class World:
    """The facts that one seed makes: a pure function of (`seed`, `settings`)."""

    def __init__(self, seed: int, settings: WorldSettings) -> None:
        self.seed, self.settings = seed, settings
        self.people = _people(seed, settings)
        self._fame = list(accumulate(1 / (place + 1) for place in range(len(self.people))))
        self.by_name = {person.name: person for person in self.people}
        self.heldout = _heldout(seed, self.people, settings.heldout_facts)
        pairs = [(person, attribute) for person in self.people for attribute in ATTRIBUTES]
        self.taught = tuple(pair for pair in pairs if (pair[0].name, pair[1]) not in self.heldout)

    def someone(self, rng: random.Random, *, but: Person | None = None) -> Person:
        """Draw a person, not `but`; the first are spoken of most, as in the real world (Zipf's law)."""
        while True:
            person = self.people[bisect(self._fame, rng.random() * self._fame[-1])]
            if person is not but:
                return person

    def taught_pair(self, rng: random.Random) -> tuple[Person, str]:
        """Draw a (person, attribute) pair that training may ask about."""
        while True:
            person, attribute = self.someone(rng), ATTRIBUTES[int(rng.random() * len(ATTRIBUTES))]
            if (person.name, attribute) not in self.heldout:
                return person, attribute

    def values(self, attribute: str) -> list[str]:
        """Return the different values that people have for `attribute`, sorted."""
        return sorted({person.values[attribute] for person in self.people})

    def having(self, attribute: str, value: str) -> list[Person]:
        return [person for person in self.people if person.values[attribute] == value]


def _people(seed: int, settings: WorldSettings) -> tuple[Person, ...]:
    rng = generator(seed, "people")
    half = settings.people // 2
    chosen = [(name, True) for name in rng.sample(GIRLS, settings.people - half)] + [(name, False) for name in rng.sample(BOYS, half)]
    rng.shuffle(chosen)
    columns = {attribute: _column(seed, attribute, settings) for attribute in VALUES}
    # Friends go round in a circle: nobody is their own friend, and everybody is somebody's.
    columns["friend"] = [chosen[(i + 1) % len(chosen)][0] for i in range(len(chosen))]
    return tuple(
        Person(name, female, {attribute: columns[attribute][i] for attribute in ATTRIBUTES}) for i, (name, female) in enumerate(chosen)
    )


def _column(seed: int, attribute: str, settings: WorldSettings) -> list[str]:
    """Deal `settings.values` values to the people as evenly as possible: no value is so common that naming it always would pay."""
    rng = generator(seed, "values", attribute)
    values = rng.sample(VALUES[attribute], settings.values)
    dealt = [values[i % len(values)] for i in range(settings.people)]
    rng.shuffle(dealt)
    return dealt


def _heldout(seed: int, people: tuple[Person, ...], share: float) -> frozenset[tuple[str, str]]:
    """Choose the (person, attribute) pairs that are never asked about in training: of those who share a value, `share`, at least one and never all.

    Chosen without regard to values, the answers to held-out questions would be those that taught questions have seldom, and a model that learnt how
    often each answer is right would do worse than chance. Friends are nobody's second friend, so that attribute is always taught.
    """
    heldout = set()
    for attribute in VALUES:
        for value in {person.values[attribute] for person in people}:
            names = [person.name for person in people if person.values[attribute] == value]
            names.sort(key=lambda name: seed_of(seed, "heldout fact", name, attribute))
            count = min(max(round(share * len(names)), 1), len(names) - 1)
            heldout |= {(name, attribute) for name in names[:count]}
    return frozenset(heldout)
