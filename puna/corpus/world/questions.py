"""The benchmarks of the world: held-out facts as multiple choice and as open questions, and held-out sums.

An item's id says what it asks: `facts/town/Mia`, `sums/+/17,5`. The part before the last slash is the group whose commonest answer is a control.
"""

from __future__ import annotations

from puna.corpus.world.draws import generator
from puna.corpus.world.facts import World
from puna.corpus.world.grammar import Writer
from puna.corpus.world.phrases import ANSWERS, answer, question
from puna.corpus.world.sums import Sum, draw, told
from puna.errors import ConfigError
from puna.records import Question
from puna.seeds import seed_of

NUM_CHOICES = 4


def fact_questions(world: World) -> list[Question]:
    """Return one item for each held-out (person, attribute) pair."""
    return [_fact_question(world, name, attribute) for name, attribute in sorted(world.heldout)]


def sum_questions(world: World) -> list[Question]:
    """Return different held-out sums, as many as the settings ask for or as there are. Raises `ConfigError` where there is none."""
    writer = Writer(generator(world.seed, "sum questions"))
    wanted = world.settings.num_sum_questions
    found = list(dict.fromkeys(draw_many(world, writer, 20 * wanted)))
    if not found:
        raise ConfigError("corpus.world: no sum is held out; raise heldout_sums or largest_number")
    return [_sum_question(world, item) for item in found[:wanted]]


def draw_many(world: World, writer: Writer, tries: int) -> list[Sum]:
    return [draw(world, writer, heldout=True) for _ in range(tries)]


def _fact_question(world: World, name: str, attribute: str) -> Question:
    item, person = f"facts/{attribute}/{name}", world.by_name[name]
    others = [ANSWERS[attribute].format(value) for value in world.values(attribute) if value != person.values[attribute]]
    form, right = seed_of(world.seed, "form of question", item), answer(person, attribute)
    return Question(item, question(person, attribute, form), right, _choices(world, item, right, others))


def _sum_question(world: World, item: Sum) -> Question:
    identity, right = f"sums/{item.sign}/{item.left},{item.right}", told(item.result)
    near = [item.result + offset for offset in (-10, -2, -1, 1, 2, 10)]
    return Question(identity, f"What is {item}?", right, _choices(world, identity, right, [told(value) for value in near if value >= 0]))


def _choices(world: World, item: str, answer: str, others: list[str]) -> tuple[str, ...]:
    rng = generator(world.seed, "choices", item)
    choices = [answer, *rng.sample(others, min(NUM_CHOICES - 1, len(others)))]
    rng.shuffle(choices)
    return tuple(choices)
