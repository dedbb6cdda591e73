"""Entries as in an encyclopaedia: all about a person, a town, a good or an animal, as prose or as a table, and price lists.

The entry of a person goes from name to value; the entry of a value (who lives in Elton, who is a baker) goes the other way round.
"""

from __future__ import annotations

from puna.corpus.world.concepts import PERSON, SCHEMA
from puna.corpus.world.facts import Entity
from puna.corpus.world.statements import describe, exchange, rows
from puna.corpus.world.writer import Writer

GROUPS = ("town", "job", "animal", "colour", "food", "thing")


def entry(writer: Writer) -> str:
    """Return an entry: of a person (mostly), of everybody who shares a value, of a town, a good or an animal, or a list of prices."""
    roll = writer.rng.random()
    if roll < 0.54:
        return _person(writer)
    if roll < 0.71:
        return "\n".join(_group(writer) for _ in range(1 + writer.chance(0.5)))
    if roll < 0.95:
        return _thing(writer)
    return _prices(writer)


def passage(writer: Writer) -> str:
    """Return a quiz without a text, or a text followed by questions about its people; only taught pairs are asked about."""
    world = writer.world
    if writer.chance(0.5):
        return "\n".join(exchange(writer, *world.taught_pair(writer.rng)) for _ in range(3 + writer.below(5)))
    person = world.someone(writer.rng)
    text = writer.paragraphs(describe(writer, person, writer.rng.sample(PERSON, 5)))
    about = [pair for pair in world.taught if pair[0] is person]
    return "\n".join([text, *(exchange(writer, *pair) for pair in writer.rng.sample(about, min(3, len(about))))])


def _person(writer: Writer) -> str:
    person = writer.world.someone(writer.rng)
    if writer.chance(0.2):
        return "\n".join([_title(writer, person), *rows(writer, person, writer.rng.sample(PERSON, 5))])
    attributes = writer.rng.sample(PERSON, 4 + writer.below(len(PERSON) - 3))
    title = writer.chance(0.3)
    text = writer.paragraphs(describe(writer, person, attributes, known=title))
    text = f"{_title(writer, person)}\n\n{text}" if title else text
    return f"{text}\n\n{_also(writer)}" if writer.chance(0.1) else text


def _title(writer: Writer, entity: Entity) -> str:
    return writer.write("page.title", title=entity.name)


def _also(writer: Writer) -> str:
    names = [writer.voice.words(entity).forms["name"] for entity in writer.rng.sample(tuple(writer.world.entities.values()), 3)]
    return writer.write("page.also", others=", ".join(names))


def _group(writer: Writer) -> str:
    world, attribute = writer.world, writer.pick(GROUPS)
    members = world.having(attribute, writer.world.someone(writer.rng).values[attribute])
    writer.rng.shuffle(members)
    for member in members:
        writer.facts[member.fact(attribute)] = None
    writer.play("x", members[0])
    verbs = {verb: forms[len(members) > 1] for verb, forms in writer.voice.language.group_verbs.items()}
    group = writer.voice.language.listed([member.name for member in members])
    lines = [writer.say(f"group.{attribute}", group=group, **verbs)]
    if attribute == "town":
        town = world.entities[members[0].values["town"]]
        lines = describe(writer, town, [writer.pick(SCHEMA["town"])]) + lines
    for member in members:
        lines += describe(writer, member, writer.rng.sample(PERSON, 2))
    return writer.paragraphs(lines)


def _thing(writer: Writer) -> str:
    """Return the entry of a town (mostly), a good or an animal, with who has to do with it."""
    world = writer.world
    thing = world.something(writer.rng, writer.pick(("town", "town", "good", "animal")))
    attributes = list(SCHEMA[thing.kind])
    writer.rng.shuffle(attributes)
    if thing.kind == "town" and writer.chance(0.15):
        return "\n".join([_title(writer, thing), *rows(writer, thing, attributes)])
    lines = [describe(writer, thing, attributes)[0]] if thing.kind != "town" else describe(writer, thing, attributes)
    about = [
        (person, attribute)
        for person in world.people
        for attribute in ("town", "animal", "thing", "food")
        if person.values[attribute] == thing.name
    ]
    for person, attribute in writer.rng.sample(about, min(3, len(about))):
        lines += describe(writer, person, [writer.pick(PERSON), attribute] if writer.chance(0.4) else [attribute])
    return writer.paragraphs(lines)


def _prices(writer: Writer) -> str:
    world = writer.world
    writer.play("t", world.something(writer.rng, "town"))
    goods = writer.rng.sample(world.kinds["good"], 3 + writer.below(4))
    if writer.chance(0.5):
        return "\n".join([writer.write("prices.title"), *(line for good in goods for line in _price_line(writer, good))])
    return writer.paragraphs([sentence for good in goods for sentence in describe(writer, good, ["price"])])


def _price_line(writer: Writer, good: Entity) -> list[str]:
    writer.facts[good.fact("price")] = None
    return [writer.write("table.row", label=writer.voice.words(good).forms["name"], value=good.values["price"])]
