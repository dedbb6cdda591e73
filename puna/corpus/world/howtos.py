"""How-tos: what to take, steps in order, how long it takes.

Quantities are drawn once a text; a step that speaks of minutes or spoons speaks of the same ones as the list at the top.
"""

from __future__ import annotations

from functools import partial

from puna.corpus.world.concepts import THINGS
from puna.corpus.world.facts import Entity
from puna.corpus.world.statements import statement
from puna.corpus.world.writer import Writer

# Foods that can be washed, cut and baked.
FIRM = ("plums", "pears", "fish", "apples", "nuts", "beans", "cheese")
QUANTITIES = {
    "minutes": (5, 60),
    "cups": (1, 6),
    "spoons": (2, 9),
    "pieces": (2, 12),
    "nails": (3, 20),
    "people": (3, 9),
    "eggs": (2, 8),
    "days": (2, 14),
    "hours": (2, 9),
}
ROLES = {"bake": "f", "mend": "g", "keep": "a"}


def howto(writer: Writer) -> str:
    """Return one how-to: about a food, a thing or an animal, with steps numbered or told."""
    kind, subject = _subject(writer)
    writer.play(ROLES[kind], subject)
    steps = 4 + writer.below(6)
    quantities = {name: str(low + writer.below(high - low + 1)) for name, (low, high) in QUANTITIES.items()}
    writer.given.update(quantities, spice=writer.write("how.spice"), count=str(steps), number="1")
    lines = [writer.say("how.title", task=lambda: writer.write(f"how.task.{kind}"))]
    if writer.chance(0.6):
        lines.append(writer.say("how.need", list=_list(writer, kind)))
    if writer.chance(0.5):
        lines.append(_fact(writer, kind, subject))
    lines.append(("\n" if writer.chance(0.6) else " ").join(_steps(writer, kind, steps)))
    if writer.chance(0.5):
        writer.play("x", writer.world.someone(writer.rng))
        lines.append(writer.say("how.ask"))
    return "\n".join([*lines, writer.say("how.done", number=str(1 + writer.below(steps)))])


def _subject(writer: Writer) -> tuple[str, Entity]:
    """Draw what is done, and to what: a firm food, where the world has one, a thing, or an animal."""
    kind, goods = writer.pick(tuple(ROLES)), writer.world.kinds["good"]
    fit = [good for good in goods if good.name in (FIRM if kind == "bake" else THINGS)]
    if kind == "keep" or not fit:
        return "keep", writer.world.something(writer.rng, "animal")
    return kind, writer.pick(fit)


def _fact(writer: Writer, kind: str, entity: Entity) -> str:
    """Say the price of what is needed, or where the animal sleeps."""
    attribute, symbol = ("bed", "how.bed") if kind == "keep" else ("price", "how.price")
    return writer.say(symbol, said=lambda: statement(writer, entity, [attribute]))


def _list(writer: Writer, kind: str) -> str:
    names = {"bake": ("cups", "spoons", "eggs"), "mend": ("nails", "pieces"), "keep": ("cups", "pieces")}[kind]
    if kind != "mend":
        writer.given["flour"] = lambda: writer.write(f"how.flour.{kind}")
    return writer.voice.language.listed([writer.write(f"how.item.{name}") for name in writer.rng.sample(names, len(names))])


def _steps(writer: Writer, kind: str, count: int) -> list[str]:
    """Return different steps in an order of their own, marked as steps in one way."""
    style, lines = writer.below(1 << 16), []
    choices = writer.choices(f"how.step.{kind}")
    numbers = writer.rng.sample(range(choices), min(count, choices))
    for place, number in enumerate(numbers, 1):
        writer.given.update(number=str(place), step=partial(writer.form, f"how.step.{kind}", number))
        lines.append(writer.sentence(writer.form("how.order", style)))
    return lines
