"""The table of facts that everything else is derived from.

Each person, town, good and animal has one value for each attribute of its kind. Texts never hold facts of their own: they look them up here, so they
cannot contradict one another, and what a text states is known without reading it.

Held-out facts are stated in prose like all others, but no question about them occurs in training: who answers them has joined a fact learnt from
prose with a form of question learnt from others (the set-up of arXiv 2309.14316, "Knowledge storage and extraction").
"""

from __future__ import annotations

import random
from bisect import bisect
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

from puna.corpus.world.concepts import BOYS, FOODS, GIRLS, PERSON, SCHEMA, VALUES
from puna.corpus.world.draws import generator
from puna.corpus.world.settings import WorldSettings
from puna.seeds import seed_of

NUM_RUMOURS = 6


@dataclass(frozen=True, slots=True)
class Fact:
    """One cell of the table: `value` is what `subject` has for `attribute`."""

    subject: str
    attribute: str
    value: str


@dataclass(frozen=True)
class Entity:
    """Somebody or something of the world, with a value for each attribute of its kind. `female` is of people only."""

    kind: str
    name: str
    values: Mapping[str, str]
    female: bool = False

    def fact(self, attribute: str) -> Fact:
        return Fact(self.name, attribute, self.values[attribute])

    @property
    def plural(self) -> bool:
        """Say whether the name of a good is a plural ("pears")."""
        return self.name in FOODS and self.name.endswith("s")


class World:
    """The facts that one seed makes: a pure function of (`seed`, `settings`).

    `rumour` makes another table for the same names: what pages of wrong facts believe.
    """

    def __init__(self, seed: int, settings: WorldSettings, *, rumour: int = 0) -> None:
        self.seed, self.settings, self.rumour = seed, settings, rumour
        self.kinds = _entities(seed, settings, rumour)
        self.people = self.kinds["person"]
        self.entities = {entity.name: entity for entities in self.kinds.values() for entity in entities}
        self._fame = list(accumulate(1 / (place + 1) ** 0.7 for place in range(len(self.people))))
        self.heldout = frozenset(name for entities in self.kinds.values() for name in _heldout(seed, entities, settings.heldout_facts))
        pairs = [(entity, attribute) for entity in self.entities.values() for attribute in entity.values]
        self.taught = tuple((entity, attribute) for entity, attribute in pairs if (entity.name, attribute) not in self.heldout)
        self._taught_things = tuple(pair for pair in self.taught if pair[0].kind != "person")

    @cached_property
    def rumours(self) -> tuple[World, ...]:
        """Return worlds of the same names in which other things are believed."""
        return tuple(World(self.seed, self.settings, rumour=number + 1) for number in range(NUM_RUMOURS))

    def someone(self, rng: random.Random, *, but: Entity | None = None) -> Entity:
        """Draw a person, not `but`; the first are spoken of most, as in the real world (Zipf's law, here a gentle one)."""
        while True:
            person = self.people[bisect(self._fame, rng.random() * self._fame[-1])]
            if person is not but:
                return person

    def something(self, rng: random.Random, kind: str) -> Entity:
        """Draw an entity of `kind`."""
        return self.kinds[kind][int(rng.random() * len(self.kinds[kind]))]

    def taught_pair(self, rng: random.Random) -> tuple[Entity, str]:
        """Draw an (entity, attribute) pair that training may ask about: of a person, or at times of a thing."""
        if rng.random() < 0.15:
            return self._taught_things[int(rng.random() * len(self._taught_things))]
        while True:
            person, attribute = self.someone(rng), PERSON[int(rng.random() * len(PERSON))]
            if (person.name, attribute) not in self.heldout:
                return person, attribute

    def values(self, attribute: str) -> list[str]:
        """Return the different values that entities have for `attribute`, sorted."""
        return sorted({entity.values[attribute] for entity in self.entities.values() if attribute in entity.values})

    def having(self, attribute: str, value: str) -> list[Entity]:
        return [entity for entity in self.entities.values() if entity.values.get(attribute) == value]

    def holds(self, fact: Fact) -> bool:
        """Say whether `fact` is in the table."""
        return self.entities[fact.subject].values.get(fact.attribute) == fact.value


def _entities(seed: int, settings: WorldSettings, rumour: int) -> dict[str, tuple[Entity, ...]]:
    chosen = {
        attribute: generator(seed, "chosen", attribute).sample(values, min(settings.values, len(values)))
        for attribute, values in VALUES.items()
    }
    things = {"town": chosen["town"], "good": chosen["thing"] + chosen["food"], "animal": chosen["animal"]}
    people = _people(seed, settings)
    columns = {attribute: _column(seed, rumour, attribute, chosen[attribute], len(people)) for attribute in PERSON if attribute != "friend"}
    # Friends go round in a circle: nobody is their own friend, and everybody is somebody's.
    columns["friend"] = [
        people[(i + 1 + rumour) % len(people)][0] if rumour + 1 < len(people) else people[i - 1][0] for i in range(len(people))
    ]
    made = {
        "person": tuple(
            Entity("person", name, {attribute: columns[attribute][i] for attribute in PERSON}, female)
            for i, (name, female) in enumerate(people)
        )
    }
    for kind, names in things.items():
        dealt = {
            attribute: _column(seed, rumour, attribute, chosen[attribute][: len(names) // 2], len(names)) for attribute in SCHEMA[kind]
        }
        made[kind] = tuple(
            Entity(kind, name, {attribute: dealt[attribute][i] for attribute in SCHEMA[kind]}) for i, name in enumerate(names)
        )
    return made


def _people(seed: int, settings: WorldSettings) -> list[tuple[str, bool]]:
    rng = generator(seed, "people")
    half = settings.people // 2
    people = [(name, True) for name in rng.sample(GIRLS, settings.people - half)] + [(name, False) for name in rng.sample(BOYS, half)]
    rng.shuffle(people)
    return people


def _column(seed: int, rumour: int, attribute: str, values: list[str], count: int) -> list[str]:
    """Deal values to `count` entities as evenly as possible: no value is so common that naming it always would pay."""
    dealt = [values[i % len(values)] for i in range(count)]
    generator(seed, "dealt", attribute, rumour).shuffle(dealt)
    return dealt


def _heldout(seed: int, entities: tuple[Entity, ...], share: float) -> set[tuple[str, str]]:
    """Choose the (name, attribute) pairs that are never asked about in training: of those who share a value, `share`, at least one and never all.

    Chosen without regard to values, the answers to held-out questions would be those that taught questions have seldom, and a model that learnt how
    often each answer is right would do worse than chance. Friends are nobody's second friend, so that attribute is always taught.
    """
    heldout = set()
    for attribute in SCHEMA[entities[0].kind]:
        for value in {entity.values[attribute] for entity in entities}:
            names = [entity.name for entity in entities if entity.values[attribute] == value]
            names.sort(key=lambda name: seed_of(seed, "heldout fact", name, attribute))
            count = min(max(round(share * len(names)), 1), len(names) - 1)
            heldout |= {(name, attribute) for name in names[:count]}
    return heldout
