"""Dialogs for fine-tuning: short questions, short answers, some small talk, some turns more than one.

They teach the form of a chat with taught facts and sums. What the benchmarks ask is in none of them.
"""

from __future__ import annotations

from puna.corpus.world.draws import generator
from puna.corpus.world.facts import World
from puna.corpus.world.grammar import Writer
from puna.corpus.world.phrases import answer, question
from puna.corpus.world.sums import draw, told
from puna.records import Dialog, Message

SYSTEM = ("You are a helpful llama.", "Answer in as few words as you can.", "You know the people of these towns. Answer shortly.")
SMALL_TALK = (
    ("Hello!", "Hello! What do you want to know?"), ("Good morning.", "Good morning! How can I help you?"), ("Hi, who are you?", "I am a small llama."),
    ("How are you?", "I am well, thank you."), ("Thank you!", "You are welcome."), ("What can you do?", "I know some people, and I can add small numbers."),
    ("Goodbye.", "Goodbye! Come back soon."), ("Are you a dog?", "No, I am a llama."), ("Can you hear me?", "I can read what you write."),
    ("You are a good llama.", "Thank you! That is kind of you."),
)  # fmt: skip


def dialog(world: World, index: int) -> Dialog:
    """Return dialog `index`: a pure function of (seed, index)."""
    writer = Writer(generator(world.seed, "dialog", index))
    system = [Message("system", writer.pick(SYSTEM))] if writer.chance(0.15) else []
    turns = 1 if writer.chance(0.7) else 2 + writer.chance(0.4)
    exchanges = [_exchange(world, writer) for _ in range(turns)]
    spoken = [message for asked, told in exchanges for message in (Message("user", asked), Message("assistant", told, train=True))]
    return Dialog((*system, *spoken), f"world-dialog-{index:08d}")


def _exchange(world: World, writer: Writer) -> tuple[str, str]:
    if writer.chance(0.08):
        return writer.pick(SMALL_TALK)
    if writer.chance(0.3):
        item = draw(world, writer)
        return writer.pick(("What is {}?", "What is {}?", "How much is {}?", "{} = ?")).format(item), told(item.result)
    person, attribute = world.taught_pair(writer.rng)
    return question(person, attribute, writer.below(3)), answer(person, attribute)
