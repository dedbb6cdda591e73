"""What genres say of the table: statements about an entity in an author's way, questions with their answers, and lines of a table."""

from __future__ import annotations

from collections.abc import Sequence

from puna.corpus.world.facts import Entity
from puna.corpus.world.grammar import Given
from puna.corpus.world.writer import Writer

ASIDES = ("town", "job", "age", "friend")


def describe(writer: Writer, entity: Entity, attributes: Sequence[str], *, known: bool = False, first: bool = False) -> list[str]:
    """Return sentences that state `attributes` of `entity`, one to three to a sentence; before the name has been said (`known`), no pronoun stands."""
    left, sentences = list(attributes), []
    while left:
        sentences.append(writer.sentence(statement(writer, entity, left, known=known, first=first)))
        known = True
    return sentences


def statement(writer: Writer, entity: Entity, left: list[str], *, known: bool = False, first: bool = False) -> str:
    """Take one or more attributes off `left` and state them: one clause or more, without capital and full stop."""
    author = writer.author
    writer.play("x", entity, first=first)

    def stated() -> str:
        return _clause(writer, entity, left, known=known, first=first)

    if writer.chance(author.framed):
        return writer.write("join.frame", said=stated)
    return stated()


def _clause(writer: Writer, entity: Entity, left: list[str], *, known: bool, first: bool) -> str:
    attribute, author = left.pop(), writer.author
    if entity.kind != "person":
        return writer.write(f"s.{attribute}")
    if not first and writer.chance(author.turned):
        return writer.write(f"s.{attribute}")
    pronoun = first or (known and writer.chance(author.pronouns))
    subject = writer.cast["x"].forms["they" if pronoun else "name"]
    if not left or not writer.chance(author.joined):
        return _begun(writer, subject, f"vp.{attribute}")
    other = left.pop()
    if not pronoun and other in ASIDES and writer.chance(0.5):
        return writer.write(
            "join.aside", name=subject, aside=lambda: writer.write(f"np.{other}"), one=lambda: writer.write(f"vp.{attribute}")
        )
    symbol = "join.who" if not pronoun and writer.chance(0.3) else "join.two"
    given: dict[str, Given] = {
        "name": subject,
        "one": lambda: writer.write(f"vp.{attribute}"),
        "other": lambda: writer.write(f"vp.{other}"),
    }
    return writer.write(symbol, **given) if symbol == "join.who" else _begun(writer, subject, symbol, **given)


def _begun(writer: Writer, subject: str, symbol: str, **given: Given) -> str:
    """Return `symbol` after its subject; a language that leaves out a subject that is known has no word for it."""
    said = writer.write(symbol, **given)
    return f"{writer.credit(f'word: {subject}', subject)} {said}" if subject else said


def question(writer: Writer, entity: Entity, attribute: str, form: int | None = None) -> str:
    """Return a question for `attribute` of `entity`; `form` chooses the wording, else the author does.

    It states nothing that is asked for; only who asks how a thing was come by names the thing.
    """
    writer.play("x", entity)
    return writer.write(f"q.{attribute}") if form is None else writer.form(f"q.{attribute}", form)


def answer(writer: Writer, entity: Entity, attribute: str) -> str:
    """Return the one form of answer of `attribute`."""
    writer.play("x", entity)
    return writer.write(f"a.{attribute}")


def exchange(writer: Writer, entity: Entity, attribute: str) -> str:
    """Return a question with its answer as a text has them: marked or not, the answer in its usual form or another."""
    usual = writer.chance(0.3)

    def told() -> str:
        return answer(writer, entity, attribute) if usual else writer.sentence(statement(writer, entity, [attribute]))

    return writer.write("quiz.marks", question=lambda: question(writer, entity, attribute), answer=told)


def rows(writer: Writer, entity: Entity, attributes: Sequence[str]) -> list[str]:
    """Return the facts of `entity` as lines of a table, all in one style."""
    writer.play("x", entity)
    style, lines = writer.below(1 << 16), []
    for attribute in attributes:
        writer.facts[entity.fact(attribute)] = None
        writer.given.update(label=writer.write(f"label.{attribute}"), value=writer.cast["x"].forms[attribute])
        lines.append(writer.form("table.row", style))
    return lines
