"""Letters: somebody writes to somebody, of themselves in the first person, of others in the third, and asks after what the other has."""

from __future__ import annotations

from puna.corpus.world.concepts import PERSON
from puna.corpus.world.statements import statement
from puna.corpus.world.writer import Writer


def letter(writer: Writer) -> str:
    """Return one letter from a person to their friend, or to somebody else."""
    world = writer.world
    sender = world.someone(writer.rng)
    to = world.entities[sender.values["friend"]] if writer.chance(0.5) else world.someone(writer.rng, but=sender)
    third = world.someone(writer.rng, but=to)
    writer.play("y", to)
    writer.play("x", sender, first=True)
    head, lines = writer.write("letter.head", day=writer.pick(world.values("day"))), [writer.say("letter.open")]
    # Nobody tells a friend who their friend is.
    topics = writer.rng.sample([attribute for attribute in PERSON if sender.values[attribute] != to.name], 2 + writer.below(3))
    while topics:
        lines.append(writer.say("letter.about", said=lambda: statement(writer, sender, topics, first=True)))
    if third is not sender:
        news = [writer.pick(PERSON)]
        writer.play("z", third)
        lines.append(writer.say("letter.news", said=lambda: writer.sentence(statement(writer, third, news))))
    lines += dict.fromkeys(writer.say("letter.you") for _ in range(writer.below(3)))
    writer.play("x", sender, first=True)
    lines += [writer.say("letter.ask") for _ in range(writer.below(2))]
    return f"{head}\n\n{writer.paragraphs(lines)}\n\n{writer.write('letter.close')}"
