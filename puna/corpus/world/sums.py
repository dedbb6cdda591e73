"""Sums with worked steps, and the pairs of operands that training never sees.

A step of a worked sum is a sum itself: adding column by column uses one-digit sums, borrowing uses differences like 13 - 7. Those basic sums are never held
out, so that no step of a taught sum can give a held-out one away. Whether another pair is held out is a hash of the pair, alike for a + b and b + a.
"""

from __future__ import annotations

from dataclasses import dataclass

from puna.corpus.world.facts import World
from puna.corpus.world.grammar import Grammar, Writer, sentence
from puna.corpus.world.vocabulary import COUNTED
from puna.seeds import seed_of

PLACES = ("ones", "tens", "hundreds")


@dataclass(frozen=True, slots=True)
class Sum:
    """`left sign right`, with `sign` "+" or "-"; never negative."""

    left: int
    sign: str
    right: int

    @property
    def result(self) -> int:
        return self.left + self.right if self.sign == "+" else self.left - self.right

    @property
    def basic(self) -> bool:
        """Say whether this may be a step of a larger sum."""
        return self.right <= 9 and self.left <= (9 if self.sign == "+" else 18)

    def __str__(self) -> str:
        return f"{self.left} {self.sign} {self.right}"


def is_heldout(world: World, item: Sum) -> bool:
    pair = sorted((item.left, item.right)) if item.sign == "+" else (item.left, item.right)
    return not item.basic and seed_of(world.seed, "heldout sum", item.sign, *pair) < world.settings.heldout_sums * 2**63


def draw(world: World, writer: Writer, *, heldout: bool = False) -> Sum:
    """Draw a sum that is taught, or one that is held out."""
    largest = world.settings.largest_number
    while True:
        a, b = writer.rng.randint(0, largest), writer.rng.randint(0, largest)
        item = Sum(a, "+", b) if writer.chance(0.5) else Sum(max(a, b), "-", min(a, b))
        if is_heldout(world, item) == heldout:
            return item


def told(result: int) -> str:
    """Return a result as the answer to a question."""
    return f"The answer is {result}."


def steps(item: Sum) -> list[str]:
    """Return the column-wise working, ones first; each step is one clause."""
    told, carry, place = [], 0, 0
    left, right = item.left, item.right
    while place == 0 or left or right or carry:
        a, b = left % 10, right % 10
        name = PLACES[place] if place < len(PLACES) else "thousands"
        told.append(f"{name}: {_add(a, b, carry) if item.sign == '+' else _subtract(a, b, carry)}")
        carry = int(a + b + carry > 9) if item.sign == "+" else int(a - carry < b)
        left, right, place = left // 10, right // 10, place + 1
    return told


def _add(a: int, b: int, carry: int) -> str:
    total = a + b + carry
    carried = f" and {carry} is {total}" if carry else ""
    return f"{a} + {b} = {a + b}{carried}" + (f", write {total % 10} and carry 1" if total > 9 else "")


def _subtract(a: int, b: int, borrowed: int) -> str:
    lent = f"{a} less 1 is {a - 1}, " if borrowed and a else ""
    # A borrowing nought becomes nine, having itself borrowed from the next column.
    lent = "0 less 1 is 9, borrow 1, " if borrowed and not a else lent
    a = (a - borrowed) % 10 if borrowed else a
    return lent + (f"{a} - {b} = {a - b}" if a >= b else f"borrow 1, {a + 10} - {b} = {a + 10 - b}")


WORDS = Grammar({
    "+": ("{x.name} had {left} {what}. {y.name} {gave|brought} {x.them} {right} more. {sum} = {result}, so {x.name} {now has|then had} {result} {what}.",
          "there were {left} {what} in a box, and {x.name} put {right} more into it. Now there are {sum} = {result} {what}.",
          "{x.name} found {left} {what} and {y.name} found {right}. Together they have {sum} = {result} {what}."),
    "-": ("{x.name} had {left} {what}. {x.They} {lost|sold|gave away} {right} of them. {sum} = {result}, so {x.name} has {result} {what} left.",
          "there were {left} {what} on the table, and {y.name} took {right}. Now there are {sum} = {result} {what}.",
          "of {left} {what}, {right} {broke|were gone}. {sum} = {result}, so {result} were left."),
    "plain": ("{sum} = {result}", "{sum} = {result}", "{sum} is {result}", "what is {sum}? The answer is {result}"),
    "worked": ("{sum}: {steps}. So {sum} = {result}", "how much is {sum}? {steps}. It is {result}", "{sum} = ? {steps}. The answer is {result}"),
})  # fmt: skip


def sums(world: World, writer: Writer) -> str:
    """Return a page of sums: drills, worked sums, and sums in words."""
    return "\n".join(_one(world, writer) for _ in range(5 + writer.below(6)))


def _one(world: World, writer: Writer) -> str:
    item = draw(world, writer)
    x = world.someone(writer.rng)
    y = world.by_name[x.values["friend"]]
    writer.cast.update(x=x, y=y)
    # Sums in words speak of several things: "1 stones" would be no English.
    in_words = item.sign if min(item.left, item.right, item.result) > 1 else "plain"
    symbol = writer.pick(("plain", "plain", "plain", "worked", in_words))
    words = {"left": str(item.left), "right": str(item.right), "sum": str(item), "result": str(item.result), "what": writer.pick(COUNTED)}
    return sentence(writer.write(WORDS, symbol, steps="; ".join(steps(item)), **words))
