"""Passages with questions and answers: what a question is, and that an answer may stand above or in memory.

Only taught (person, attribute) pairs are asked about; held-out ones appear in the prose alone.
"""

from __future__ import annotations

from puna.corpus.world.facts import ATTRIBUTES, World
from puna.corpus.world.grammar import Writer
from puna.corpus.world.phrases import answer, describe, question

MARKS = (("Question: ", "Answer: "), ("Q: ", "A: "), ("", ""))


def passage(world: World, writer: Writer) -> str:
    """Return a quiz without a text, or a text followed by questions about its people."""
    asks, answers = writer.pick(MARKS)
    if writer.chance(0.5):
        pairs = [world.taught_pair(writer.rng) for _ in range(4 + writer.below(7))]
        text = []
    else:
        people = writer.rng.sample(world.people, 1 + writer.chance(0.5))
        text = [" ".join(describe(writer, person, writer.rng.sample(ATTRIBUTES, 5))) for person in people]
        about = [pair for pair in world.taught if pair[0] in people]
        pairs = writer.rng.sample(about, min(3, len(about)))
    lines = []
    for person, attribute in pairs:
        writer.facts[person.fact(attribute)] = None
        lines.append(f"{asks}{question(person, attribute, writer.below(3))}\n{answers}{answer(person, attribute)}")
    return "\n".join(text + lines)
