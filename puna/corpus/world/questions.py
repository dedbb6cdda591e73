"""The benchmarks of the world: held-out facts as multiple choice and as open questions, and held-out sums.

An item's id says what it asks: `facts/town/Mia`, `sums/+/17,5`. The part before the last slash is the group whose commonest answer is a control.
"""

from __future__ import annotations

from puna.corpus.world.draws import generator
from puna.corpus.world.facts import World
from puna.corpus.world.grammar import Writer
from puna.corpus.world.phrases import question
from puna.corpus.world.sums import Sum, draw
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
    item = f"facts/{attribute}/{name}"
    answer = world.by_name[name].values[attribute]
    others = [value for value in world.values(attribute) if value not in (answer, name)]
    form = seed_of(world.seed, "form of question", item)
    return Question(item, question(world.by_name[name], attribute, form), answer, _choices(world, item, answer, others))


def _sum_question(world: World, item: Sum) -> Question:
    identity = f"sums/{item.sign}/{item.left},{item.right}"
    near = [item.result + offset for offset in (-10, -2, -1, 1, 2, 10)]
    others = [str(value) for value in near if value >= 0]
    return Question(identity, f"What is {item}?", str(item.result), _choices(world, identity, str(item.result), others))


def _choices(world: World, item: str, answer: str, others: list[str]) -> tuple[str, ...]:
    rng = generator(world.seed, "choices", item)
    choices = [answer, *rng.sample(others, min(NUM_CHOICES - 1, len(others)))]
    rng.shuffle(choices)
    return tuple(choices)
