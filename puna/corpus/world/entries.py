"""Entries as in an encyclopaedia: all about a person, as prose or as a table, or who lives in a town, does a job, keeps an animal.

The entry of a person goes from name to value; the entry of a value goes the other way round.
"""

from __future__ import annotations

from puna.corpus.world.facts import ATTRIBUTES, Person, World
from puna.corpus.world.grammar import Grammar, Writer, sentence
from puna.corpus.world.phrases import describe

GROUPS = Grammar({
    "town": ("{group} {live} in {x.town}", "in {x.town} {live} {group}", "the people of {x.town}: {group}"),
    "job": ("{group} {work} as a {x.job}", "who is a {x.job}? {group}", "the work of a {x.job} is done by {group}"),
    "animal": ("{group} {keep} a {x.animal}", "a {x.animal} is kept by {group}", "who has a {x.animal}? {group}"),
    "colour": ("{x.colour} is the favourite colour of {group}", "{group} {like} {x.colour} best"),
    "food": ("{group} {like} {x.food}", "{x.food}: the favourite food of {group}"),
    "thing": ("{group} {own} a {x.thing}", "a {x.thing} is owned by {group}"),
})  # fmt: skip
TOWNS = Grammar({
    "about": (
        "{x.town} is a {small|quiet|pretty|pleasant} town {place}", "{x.town} is a town {place}", "{x.town} lies {place}",
        "the {road|path} to {x.town} is {long|short|steep}", "in {x.town} there is a {market|bridge|school|mill} {place}",
    ),
    "place": ("by the {sea|river|lake}", "in the {hills|valley|forest}", "near the {mountains|coast}"),
})  # fmt: skip


def entry(world: World, writer: Writer) -> str:
    """Return the entry of a person (mostly), or of everybody who shares a value."""
    if writer.chance(0.25):
        return "\n".join(_group_entry(world, writer) for _ in range(1 + writer.chance(0.5)))
    person = world.someone(writer.rng)
    if writer.chance(0.25):
        return _table(writer, person)
    count = 4 + writer.below(len(ATTRIBUTES) - 3)
    title = f"{person.name}\n\n" if writer.chance(0.4) else ""
    return title + " ".join(describe(writer, person, writer.rng.sample(ATTRIBUTES, count), known=bool(title)))


def _table(writer: Writer, person: Person) -> str:
    """Return the facts of `person` as lines of name and value."""
    chosen = writer.rng.sample(ATTRIBUTES, 5)
    writer.facts.update(dict.fromkeys(person.fact(attribute) for attribute in chosen))
    return "\n".join([person.name, *(f"{attribute}: {person.values[attribute]}" for attribute in chosen)])


def _group_entry(world: World, writer: Writer) -> str:
    attribute = writer.pick(tuple(GROUPS.rules))
    members = list(world.having(attribute, writer.pick(world.values(attribute))))
    writer.rng.shuffle(members)
    for member in members:
        writer.facts[member.fact(attribute)] = None
    writer.cast["x"] = members[0]
    names = [member.name for member in members]
    s = "s" if len(names) == 1 else ""
    verbs = {verb: verb + s for verb in ("live", "work", "keep", "like", "own")}
    group = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    lines = [sentence(writer.write(GROUPS, attribute, group=group, **verbs))]
    if attribute == "town":
        lines.insert(0, sentence(writer.write(TOWNS, "about")))
    for member in members:
        lines += describe(writer, member, writer.rng.sample(ATTRIBUTES, 2))
    return " ".join(lines)
