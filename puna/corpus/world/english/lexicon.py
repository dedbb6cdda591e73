"""How English says the keys of the table. English nouns need no gender, but an article that fits and a number."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from puna.corpus.world.concepts import THINGS
from puna.corpus.world.facts import Entity

ORIGINS = {  # key: what one did, how, and the same as an answer
    "bought": ("bought", "at the market", "bought at the market"),
    "given": ("got", "as a present", "got as a present"),
    "found": ("found", "by the road", "found by the road"),
    "made": ("made", "by hand", "made by hand"),
    "won": ("won", "at the fair", "won at the fair"),
    "inherited": ("inherited", "from an uncle", "inherited from an uncle"),
}
PLACES = {
    "sea": "by the sea", "river": "on a river", "lake": "beside a lake", "hills": "in the hills", "valley": "in a valley", "forest": "in the forest",
}  # fmt: skip
SIGHTS = {
    "bridge": "old bridge",
    "mill": "water mill",
    "tower": "round tower",
    "castle": "castle",
    "well": "deep well",
    "harbour": "harbour",
}
BEDS = {
    "barn": "in the barn",
    "kitchen": "in the kitchen",
    "shed": "in the shed",
    "garden": "in the garden",
    "yard": "in the yard",
    "hall": "in the hall",
}
NOUNS = ("job", "animal", "thing", "sight")


def article(noun: str) -> str:
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"


def forms_of(entity: Entity, *, first: bool = False) -> Mapping[str, str]:
    """Return every word of `entity` by key; of somebody who tells of themselves where `first`."""
    return dict(_person(entity, first) if entity.kind == "person" else _names(entity)) | dict(_values(entity))


def _person(entity: Entity, first: bool) -> Iterator[tuple[str, str]]:
    they, them, their = ("I", "me", "my") if first else ("she", "her", "her") if entity.female else ("he", "him", "his")
    yield from (("name", "I" if first else entity.name), ("they", they), ("them", them), ("their", their))
    yield from (("They", they[0].upper() + they[1:]), ("Their", their.title()), ("signed", entity.name))


def _names(entity: Entity) -> Iterator[tuple[str, str]]:
    """Towns have names only; goods that are things, and animals, take articles, foods do not."""
    bare = entity.kind == "town" or (entity.kind == "good" and entity.name not in THINGS)
    yield from (
        ("name", entity.name),
        ("a", entity.name if bare else article(entity.name)),
        ("the", entity.name if entity.kind == "town" else f"the {entity.name}"),
    )
    yield from (("they", "they" if entity.plural else "it"), ("They", "They" if entity.plural else "It"))


def friends(person: Entity, chain: Sequence[Entity]) -> Mapping[str, str]:
    """Return the name of the last of `chain`, each the friend of the one before and the first of `person`, in words."""
    return {"name": "the friend of " * len(chain) + person.name}


def _values(entity: Entity) -> Iterator[tuple[str, str]]:
    for attribute, value in entity.values.items():
        word = {"place": PLACES, "sight": SIGHTS, "bed": BEDS}.get(attribute, {}).get(value, value)
        yield attribute, word
        if attribute in NOUNS:
            yield from ((f"{attribute}.a", article(word)), (f"{attribute}.the", f"the {word}"))
        if attribute == "origin":
            did, how, told = ORIGINS[value]
            yield from (("origin.did", did), ("origin.how", how), ("origin.told", told))
