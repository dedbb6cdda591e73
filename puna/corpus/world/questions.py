"""The benchmarks of the world: facts, sums, calls and puzzles that no text asks, each open and as multiple choice.

An item's id says what it asks: `facts/town/Mia`, `sums/+/17,5`. The part before the last slash is the group whose commonest answer is a control. Choices
are answers of the same kind, to the same question; the right one stands in each place equally often.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from puna.corpus.world import code, puzzles, sums
from puna.corpus.world.draws import generator
from puna.corpus.world.facts import Entity, World
from puna.corpus.world.languages import Voice
from puna.corpus.world.statements import answer, question
from puna.corpus.world.sums import Sum
from puna.corpus.world.writer import Writer
from puna.errors import ConfigError
from puna.records import Question
from puna.seeds import seed_of

T = TypeVar("T")
NUM_CHOICES = 4
# Draws for one item before the benchmark is taken to have no more.
TRIES = 40


@dataclass(frozen=True)
class Task(Generic[T]):
    """How the items of a benchmark are found: `candidate` draws one, held out or not; `setting` is the end of its setting's name."""

    name: str
    setting: str
    candidate: Callable[[Writer], T]
    is_heldout: Callable[[World, T], bool]
    key: Callable[[T], str]


def benchmarks(voice: Voice) -> dict[str, list[Question]]:
    """Return the items of each task in the language of `voice`. Raises `ConfigError` where a task that is asked for has none."""
    settings = voice.world.settings
    made = {
        "facts": _facts(voice),
        "sums": _sums(voice, settings.num_sum_questions),
        "code": _code(voice, settings.num_code_questions),
        "puzzles": _puzzles(voice, settings.num_puzzle_questions),
    }
    return {task: _balanced(items) for task, items in made.items() if items}


def _facts(voice: Voice) -> list[Question]:
    return [_fact(voice, name, attribute) for name, attribute in sorted(voice.world.heldout)]


def _fact(voice: Voice, name: str, attribute: str) -> Question:
    world, item = voice.world, f"facts/{attribute}/{name}"
    writer, entity = Writer(voice, generator(world.seed, item)), world.entities[name]
    asked = question(writer, entity, attribute, seed_of(world.seed, "form of question", item))
    others = {value: _with(entity, attribute, value) for value in world.values(attribute) if value != entity.values[attribute]}
    return _question(voice, item, asked, answer(writer, entity, attribute), (_told(voice, other, attribute) for other in others.values()))


def _with(entity: Entity, attribute: str, value: str) -> Entity:
    """Return `entity` as it is not, to write a wrong choice."""
    return replace(entity, name=f"{entity.name}/{value}", values={**entity.values, attribute: value})


def _told(voice: Voice, entity: Entity, attribute: str) -> str:
    """Return an answer with the words of `entity` that only this answer uses."""
    return answer(Writer(voice, generator(0, "wrong")), entity, attribute)


def _sums(voice: Voice, wanted: int) -> list[Question]:
    return [_sum(voice, item) for item in _different(voice, Task("sum", "sums", sums.candidate, sums.is_heldout, str), wanted)]


def _sum(voice: Voice, item: Sum) -> Question:
    identity, writer = f"sums/{item.sign}/{item.left},{item.right}", Writer(voice, generator(voice.world.seed, "sum", str(item)))
    # Wrong choices are right answers to neighbours: the working of each is sound.
    near = [Sum(item.left + a, item.sign, item.right + b) for a, b in ((1, 0), (0, 1), (-1, 0), (0, -1), (2, 0), (0, 2), (-2, 0))]
    fit = [
        one
        for one in near
        if min(one.left, one.right, one.result) >= 0
        and one.result != item.result
        and (one.right > sums.MOST_COUNTED) == (item.right > sums.MOST_COUNTED)
    ]
    wrong, right = [sums.answer(writer, one) for one in fit], sums.answer(writer, item)
    return _question(voice, identity, writer.form("sum.ask", 0), right, wrong)


def _code(voice: Voice, wanted: int) -> list[Question]:
    task = Task("call", "code", code.candidate, code.is_heldout, lambda made: made.key)
    return [_call(voice, made) for made in _different(voice, task, wanted)]


def _call(voice: Voice, made: code.Call) -> Question:
    writer = Writer(voice, generator(voice.world.seed, "call", made.key))
    values = (
        ("True", "False")
        if made.value in ("True", "False")
        else (code.FAMILIES[made.family](writer, made.name).value for _ in range(TRIES))
    )
    asked, right = code.question(writer, made), code.answer(writer, made)
    return _question(voice, f"code/{made.key}", asked, right, (writer.write("code.answer", value=value) for value in values))


def _puzzles(voice: Voice, wanted: int) -> list[Question]:
    task = Task("puzzle", "puzzles", puzzles.candidate, puzzles.is_heldout, lambda puzzle: puzzle.key)
    return [_puzzle(voice, puzzle) for puzzle in _different(voice, task, wanted)]


def _puzzle(voice: Voice, puzzle: puzzles.Puzzle) -> Question:
    writer = Writer(voice, generator(voice.world.seed, "puzzle", puzzle.key))
    asked, right = puzzles.question(writer, puzzle, seed_of(voice.world.seed, puzzle.key)), puzzles.answer(writer, puzzle)
    # Others believe other things: their answers to the same question are wrong, and sound in themselves.
    wrong = (puzzles.answer(Writer(voice.told_by(rumour), generator(0, "wrong")), puzzle) for rumour in voice.world.rumours)
    return _question(voice, f"puzzles/{puzzle.key}", asked, right, wrong)


def _different(voice: Voice, task: Task[T], wanted: int) -> list[T]:
    """Return different held-out items, as many as wanted or as a few tries find. Raises `ConfigError` where none is found."""
    writer, found = Writer(voice, generator(voice.world.seed, f"{task.name} questions")), dict[str, T]()
    for _ in range(TRIES * wanted):
        item = task.candidate(writer)
        if task.is_heldout(voice.world, item):
            found.setdefault(task.key(item), item)
        if len(found) == wanted:
            break
    if wanted and not found:
        raise ConfigError(f"corpus.world: found no {task.name} that is held out; raise heldout_{task.setting}, or ask for none")
    return list(found.values())


def _question(voice: Voice, identity: str, asked: str, right: str, wrong: Iterable[str]) -> Question:
    others = [choice for choice in dict.fromkeys(wrong) if choice != right]
    rng = generator(voice.world.seed, "choices", identity)
    return Question(identity, asked, right, (right, *rng.sample(others, min(NUM_CHOICES - 1, len(others)))))


def _balanced(items: list[Question]) -> list[Question]:
    """Put the right answer, which stands first, into each place in turn."""
    placed = []
    for number, item in enumerate(items):
        right, *wrong = item.choices
        place = number % len(item.choices)
        placed.append(replace(item, choices=(*wrong[:place], right, *wrong[place:])))
    return placed
