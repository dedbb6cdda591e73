"""Puzzles that need two or three facts, each worked: the facts first, then what follows.

Which animal has the friend of Mia? Who is older? Do they live in one town? What do two things cost together? Whose is the lamp, if it is neither his nor
hers? Of the first four kinds some are held out: their facts are in the texts, their joining is not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from puna.corpus.world.concepts import PERSON
from puna.corpus.world.facts import Entity, World
from puna.corpus.world.grammar import Words
from puna.corpus.world.statements import answer as told
from puna.corpus.world.statements import statement
from puna.corpus.world.sums import Sum, steps
from puna.corpus.world.sums import is_heldout as sum_is_heldout
from puna.corpus.world.writer import Writer
from puna.seeds import seed_of

# A question for how a thing was come by names the thing, and so half of the answer.
ASKED = tuple(attribute for attribute in PERSON if attribute not in ("origin", "friend"))


@dataclass(frozen=True, slots=True)
class Puzzle:
    """What is asked of whom: a kind of puzzle, its people or goods by name, and an attribute where the kind asks for one."""

    kind: str
    names: tuple[str, ...]
    attribute: str = ""

    @property
    def key(self) -> str:
        return "/".join((self.kind, *filter(None, [self.attribute]), ",".join(self.names)))


def is_heldout(world: World, puzzle: Puzzle) -> bool:
    return (
        seed_of(world.seed, "heldout puzzle", puzzle.kind, puzzle.attribute, *sorted(puzzle.names)) < world.settings.heldout_puzzles * 2**63
    )


def candidate(writer: Writer) -> Puzzle:
    """Draw a puzzle, taught or held out."""
    while not (puzzle := writer.pick(DRAWN)(writer)):
        pass
    return puzzle


def draw(writer: Writer) -> Puzzle:
    """Draw a puzzle that is taught."""
    while is_heldout(writer.world, puzzle := candidate(writer)):
        pass
    return puzzle


def question(writer: Writer, puzzle: Puzzle, form: int = 0) -> str:
    """Return the question; it states no fact."""
    world = writer.world
    if puzzle.kind in ("friend", "friends friend"):
        last = _chain(world, puzzle)[-1]
        _play_as_friend(writer, puzzle, last)
        return writer.form(f"q.{puzzle.attribute}", form)
    roles = "gk" if puzzle.kind == "cost" else "xy"
    for role, name in zip(roles, puzzle.names, strict=True):
        writer.play(role, world.entities[name])
    return writer.form(f"{puzzle.kind}.ask", form)


def answer(writer: Writer, puzzle: Puzzle, *, freely: bool = False) -> str:
    """Return the facts that the puzzle needs, and the answer: in one form, or `freely`, as texts have it."""
    world = writer.world
    if puzzle.kind in ("friend", "friends friend"):
        people = _chain(world, puzzle)
        hops = [(person, "friend") for person in people[:-1]] + [(people[-1], puzzle.attribute)]
        return " ".join(
            [
                writer.sentence(statement(writer, person, [attribute])) if freely else told(writer, person, attribute)
                for person, attribute in hops
            ]
        )
    one, other = (world.entities[name] for name in puzzle.names)
    for role, entity in zip("gk" if puzzle.kind == "cost" else "xy", (one, other), strict=True):
        writer.play(role, entity)
    if puzzle.kind == "cost":
        item = _cost(one, other)
        writer.given.update(sum=str(item), steps=steps(writer, item), result=str(item.result))
    elif puzzle.kind == "same":
        writer.given.update(verdict=writer.write("same.yes" if one.values["town"] == other.values["town"] else "same.no"))
    else:
        writer.given.update(older=max(one, other, key=_age).name)
    return writer.say(f"{puzzle.kind}.told") if freely else writer.write(f"{puzzle.kind}.answer")


def puzzles(writer: Writer) -> str:
    """Return a page of puzzles."""
    return "\n".join(_one(writer) for _ in range(2 + writer.below(4)))


def _one(writer: Writer) -> str:
    if writer.chance(0.25):
        return writer.pick((_who, _elimination))(writer)
    puzzle, form, freely = draw(writer), writer.below(12), writer.chance(0.9)
    return writer.write(
        "puzzle.line", question=lambda: question(writer, puzzle, form), working=lambda: answer(writer, puzzle, freely=freely)
    )


def _who(writer: Writer) -> str:
    """Ask for the only one of a town who does some job."""
    world = writer.world
    person = world.someone(writer.rng)
    alike = [other for other in world.having("town", person.values["town"]) if other.values["job"] == person.values["job"]]
    if len(alike) > 1:
        return _elimination(writer)
    writer.play("x", person)
    return writer.write("puzzle.line", question=lambda: writer.write("who.ask"), working=lambda: writer.write("who.answer"))


def _elimination(writer: Writer) -> str:
    """Give three people and their three things, and clues that leave each thing one owner."""
    people = list(writer.world.people)
    writer.rng.shuffle(people)
    owners = list({person.values["thing"]: person for person in people}.values())[:3]
    for role, person in zip("xyz", owners, strict=True):
        writer.play(role, person)
    things = [writer.voice.words(person).forms["thing.a"] for person in sorted(owners, key=lambda person: person.values["thing"])]
    opening = writer.write("elim.open", things=writer.voice.language.listed(things))
    return f"{opening} {writer.write('elim.clue')} {writer.write('elim.end')}"


def _chain(world: World, puzzle: Puzzle) -> list[Entity]:
    people = [world.entities[puzzle.names[0]]]
    for _ in range(1 if puzzle.kind == "friend" else 2):
        people.append(world.entities[people[-1].values["friend"]])
    return people


def _play_as_friend(writer: Writer, puzzle: Puzzle, last: Entity) -> None:
    """Let `last` play x under the name "the friend of Mia": the questions for a person serve for them too."""
    words = writer.voice.words(last)
    friends = writer.voice.language.friends(writer.world.entities[puzzle.names[0]], _chain(writer.world, puzzle)[1:])
    writer.cast["x"] = Words(last, {**words.forms, **friends}, words.agrees)


def _friend(writer: Writer) -> Puzzle:
    return Puzzle("friend", (writer.world.someone(writer.rng).name,), writer.pick(ASKED))


def _friends_friend(writer: Writer) -> Puzzle:
    return Puzzle("friends friend", (writer.world.someone(writer.rng).name,), writer.pick(ASKED))


def _pair(writer: Writer) -> tuple[Entity, Entity]:
    one = writer.world.someone(writer.rng)
    return one, writer.world.someone(writer.rng, but=one)


def _older(writer: Writer) -> Puzzle | None:
    one, other = _pair(writer)
    return Puzzle("older", (one.name, other.name)) if _age(one) != _age(other) else None


def _same(writer: Writer) -> Puzzle:
    one, other = _pair(writer)
    return Puzzle("same", (one.name, other.name))


def _cost_of_two(writer: Writer) -> Puzzle | None:
    one, other = writer.rng.sample(writer.world.kinds["good"], 2)
    return None if sum_is_heldout(writer.world, _cost(one, other)) else Puzzle("cost", (one.name, other.name))


def _age(person: Entity) -> int:
    return int(person.values["age"])


def _cost(one: Entity, other: Entity) -> Sum:
    return Sum(int(one.values["price"]), "+", int(other.values["price"]))


DRAWN: tuple[Callable[[Writer], Puzzle | None], ...] = (_friend, _friend, _friends_friend, _older, _same, _cost_of_two)
