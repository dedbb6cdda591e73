"""Stories: something happens to somebody, and what follows follows from the facts.

The carpenter mends the roof because she is a carpenter; the runaway dog is found where the plums are that it smelled; what is left of the coins is what the
price list leaves. A plot is a row of scenes; who plays in it, and so why things happen, comes from the table.
"""

from __future__ import annotations

from puna.corpus.world.statements import describe
from puna.corpus.world.writer import Writer

OPENINGS = ("town", "job", "age", "thing", "friend", "animal", "origin")


def story(writer: Writer) -> str:
    """Return one story: someone, someone else, a plot."""
    world = writer.world
    hero = world.someone(writer.rng)
    friend = world.entities[hero.values["friend"]]
    other = friend if writer.chance(0.4) else world.someone(writer.rng, but=hero)
    writer.play("hero", hero)
    writer.play("other", other)
    opening = [] if writer.chance(0.4) else describe(writer, hero, writer.rng.sample(OPENINGS, 1 + writer.chance(0.5)))
    plot = writer.pick((_help, _help, _gift, _lost, _market))
    closing = [] if writer.chance(0.3) else [writer.say("end")]
    return writer.paragraphs(opening + plot(writer) + closing)


def _help(writer: Writer) -> list[str]:
    cause = writer.pick(("job", "thing"))
    value = writer.cast["other"].entity.values[cause]
    writer.given.update(trouble=lambda: writer.write(f"trouble.{cause}.{value}"), help=lambda: writer.write(f"help.{cause}.{value}"))
    worry = [writer.say("help.worry")] if writer.chance(0.5) else []
    return [writer.say("help.start"), *worry, writer.say(f"help.by{cause}"), writer.say(f"help.did{cause}"), writer.say("help.thanks")]


def _gift(writer: Writer) -> list[str]:
    present = writer.pick(("colour", "food", "animal"))
    return [writer.say(f"gift.{scene}") for scene in ("start", present, "give", "joy")]


def _lost(writer: Writer) -> list[str]:
    return [writer.say(scene) for scene in ("lost.start", "lost.search", "lost.found", "mood")]


def _market(writer: Writer) -> list[str]:
    """Let the hero buy what there are coins for; every figure follows from the price."""
    have = 6 + writer.below(writer.world.settings.largest_number)
    lines = [writer.say("market.start", have=str(have))]
    for good in writer.rng.sample(writer.world.kinds["good"], 1 + writer.chance(0.5)):
        writer.play("g", good)
        lines.append(writer.say("market.see"))
        price = int(good.values["price"])
        if price > have:
            lines.append(writer.say("market.poor", have=str(have)))
            continue
        have -= price
        lines.append(writer.say("market.buy", left=str(have)))
    return [*lines, writer.say("market.meet")]
