"""Dialogs for fine-tuning: short questions, answers in one form, some small talk, some turns more than one.

They teach the form of a chat with taught facts, sums, calls and puzzles. What the benchmarks ask is in none of them.
"""

from __future__ import annotations

from puna.corpus.world import code, puzzles, sums
from puna.corpus.world.draws import weighted
from puna.corpus.world.statements import answer, question
from puna.corpus.world.writer import Writer
from puna.records import Dialog, Message


def dialog(writer: Writer, identity: str) -> Dialog:
    """Return one dialog."""
    system = [Message("system", writer.pick(writer.voice.language.system))] if writer.chance(0.15) else []
    turns = 1 if writer.chance(0.7) else 2 + writer.chance(0.4)
    exchanges = [_exchange(writer) for _ in range(turns)]
    spoken = [message for asked, told in exchanges for message in (Message("user", asked), Message("assistant", told, train=True))]
    return Dialog((*system, *spoken), identity)


def _exchange(writer: Writer) -> tuple[str, str]:
    topic = weighted(writer.rng, writer.world.settings.talk.model_dump())
    if topic == "small_talk":
        return writer.pick(writer.voice.language.small_talk)
    if topic == "sums":
        item = sums.draw(writer)
        return writer.write("sum.ask", sum=str(item)), sums.answer(writer, item)
    if topic == "code":
        made = code.draw(writer)
        return code.question(writer, made), code.answer(writer, made)
    if topic == "puzzles":
        puzzle = puzzles.draw(writer)
        return puzzles.question(writer, puzzle, writer.below(12)), puzzles.answer(writer, puzzle)
    entity, attribute = writer.world.taught_pair(writer.rng)
    return question(writer, entity, attribute), answer(writer, entity, attribute)
