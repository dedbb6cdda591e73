"""Sums with worked steps, and the pairs of operands that training never sees.

A small step is counted on: "17 + 5: 17 (5), 18 (4), 19 (3), 20 (2), 21 (1), 22 (0)", the number so far and how many are left. Each state follows from the one
before by two things that a tiny model learns quickly, the next number and the number before; so who has learnt to count can add what nobody showed them.
Steps over 9 are worked in columns, ones first, and a column's sums of digits are then never held out, for they are in the working of others.
Whether another pair is held out is a hash of the pair, alike for a + b and b + a.
"""

from __future__ import annotations

from dataclasses import dataclass

from puna.corpus.world.facts import World
from puna.corpus.world.writer import Writer
from puna.seeds import seed_of

MOST_COUNTED = 9


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
        """Say whether this may be a column of a larger sum."""
        return self.right <= 9 and self.left <= (9 if self.sign == "+" else 18)

    def __str__(self) -> str:
        return f"{self.left} {self.sign} {self.right}"


def is_heldout(world: World, item: Sum) -> bool:
    if not item.right or (world.settings.largest_step > MOST_COUNTED and item.basic):
        return False
    pair = sorted((item.left, item.right)) if item.sign == "+" else (item.left, item.right)
    return seed_of(world.seed, "heldout sum", item.sign, *pair) < world.settings.heldout_sums * 2**63


def candidate(writer: Writer) -> Sum:
    """Draw a sum, taught or held out."""
    settings = writer.world.settings
    left, right = writer.below(settings.largest_number + 1), writer.below(settings.largest_step + 1)
    return Sum(left, "+", right) if writer.chance(0.5) else Sum(max(left, right), "-", min(left, right))


def draw(writer: Writer) -> Sum:
    """Draw a sum that is taught."""
    while is_heldout(writer.world, item := candidate(writer)):
        pass
    return item


def steps(writer: Writer, item: Sum) -> str:
    """Return the working of `item`: counted, or in columns."""
    if item.right > MOST_COUNTED:
        return "; ".join(_columns(writer, item))
    way = 1 if item.sign == "+" else -1
    return ", ".join(f"{item.left + way * done} ({item.right - done})" for done in range(item.right + 1))


def _columns(writer: Writer, item: Sum) -> list[str]:
    """Return the working column by column, ones first; each step is one clause."""
    told, carry, place = [], 0, 0
    left, right = item.left, item.right
    while place == 0 or left or right or carry:
        writer.given.update(place=writer.write(f"col.place.{min(place, 3)}"))
        a, b = left % 10, right % 10
        told.append(_add(writer, a, b, carry) if item.sign == "+" else _subtract(writer, a, b, carry))
        carry = int(a + b + carry > 9) if item.sign == "+" else int(a - carry < b)
        left, right, place = left // 10, right // 10, place + 1
    return told


def _add(writer: Writer, a: int, b: int, carry: int) -> str:
    total = a + b + carry
    text = writer.write("col.add", a=str(a), b=str(b), c=str(a + b))
    if carry:
        text += writer.write("col.carried", d=str(total))
    return text + (writer.write("col.write", e=str(total % 10)) if total > 9 else "")


def _subtract(writer: Writer, a: int, b: int, borrowed: int) -> str:
    # A borrowing nought becomes nine, having itself borrowed from the next column; nine is enough for any digit.
    was, a = a, (a - borrowed) % 10
    plain, short = ("col.lent", "col.both") if borrowed else ("col.sub", "col.borrow")
    symbol = "col.nought" if borrowed and not was else short if a < b else plain
    top = a + 10 if a < b else a
    return writer.write(symbol, a=str(top), b=str(b), c=str(top - b), f=str(was), g=str(was - 1))


def answer(writer: Writer, item: Sum) -> str:
    """Return the answer to a question for `item`: its working and its result."""
    return writer.write("sum.answer", sum=str(item), steps=steps(writer, item), result=str(item.result))


def sums(writer: Writer) -> str:
    """Return a page of sums: drills, worked sums, sums in words, and rows of numbers."""
    return "\n".join(_line(writer) for _ in range(4 + writer.below(6)))


def _line(writer: Writer) -> str:
    roll = writer.rng.random()
    if roll < 0.12:
        return _row(writer)
    item = draw(writer)
    x = writer.world.someone(writer.rng)
    writer.play("x", x)
    writer.play("y", writer.world.entities[x.values["friend"]])
    # Sums in words speak of several things: "1 stones" would be no English.
    in_words = f"sum.{item.sign}" if min(item.left, item.right, item.result) > 1 else "sum.plain"
    symbol = "sum.worked" if roll < 0.54 else "sum.plain" if roll < 0.72 else in_words
    words = {"left": str(item.left), "right": str(item.right), "sum": str(item), "result": str(item.result)}
    return writer.say(symbol, steps=steps(writer, item), what=writer.write("sum.what"), **words)


def _row(writer: Writer) -> str:
    last = writer.world.settings.largest_number + min(writer.world.settings.largest_step, MOST_COUNTED)
    first = writer.below(last - 2)
    row = [str(number) for number in range(first, min(last, first + 3 + writer.below(9)) + 1)]
    back = writer.chance(0.4)
    row = row[::-1] if back else row
    return writer.say("sum.back" if back else "sum.row", row=", ".join(row), first=row[0], last=row[-1])
