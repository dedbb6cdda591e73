"""Small Python functions with what they return.

A family builds source, call and result side by side, from the same drawn parts; nothing that is written is ever run. Names and ways to write the body vary, and
whether a call is held out is a hash of its family and parts, not of the names.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from puna.corpus.world.facts import Fact, World
from puna.corpus.world.writer import Writer
from puna.seeds import seed_of

NAMES = ("f", "g", "h", "work", "run", "go", "calc", "make")


@dataclass(frozen=True, slots=True)
class Call:
    """A function's source, a call of it, and what that returns, all as Python writes them; `facts` is what the source states."""

    family: str
    name: str
    source: str
    args: str
    value: str
    constant: str = ""
    facts: tuple[Fact, ...] = ()

    @property
    def call(self) -> str:
        return f"{self.name}({self.args})"

    @property
    def key(self) -> str:
        return f"{self.family}/{self.constant},{self.args}".replace(" ", "")


def is_heldout(world: World, made: Call) -> bool:
    return seed_of(world.seed, "heldout call", made.key) < world.settings.heldout_code * 2**63


def candidate(writer: Writer) -> Call:
    """Draw a call, taught or held out."""
    return FAMILIES[writer.pick(tuple(FAMILIES))](writer, writer.pick(NAMES))


def draw(writer: Writer) -> Call:
    """Draw a call that is taught."""
    while is_heldout(writer.world, made := candidate(writer)):
        pass
    return made


def code(writer: Writer) -> str:
    """Return a page about one or two functions."""
    return "\n\n".join(_page(writer) for _ in range(1 + writer.chance(0.4)))


def _page(writer: Writer) -> str:
    made = draw(writer)
    writer.facts.update(dict.fromkeys(made.facts))
    writer.play("x", writer.world.someone(writer.rng))
    does = f"does.{made.family}"
    lines = [writer.write("code.intro", does=lambda: writer.write(does), name=made.name, k=made.constant)] if writer.chance(0.8) else []
    lines.append(writer.credit(f"{made.family}: source", made.source))
    calls = [made] + [again for again in (_again(writer, made) for _ in range(2 + writer.below(3))) if again]
    for one in dict.fromkeys(calls):
        writer.given.update(
            call=one.call, args=one.args, value=one.value, k=one.constant, arg=one.args, why=lambda: writer.write(f"why.{made.family}")
        )
        lines.append(writer.write("code.call"))
    return "\n".join(lines)


def _again(writer: Writer, made: Call) -> Call | None:
    """Return another taught call of the same function, where a few tries find one."""
    for _ in range(4):
        other = FAMILIES[made.family](writer, made.name)
        if other.source == made.source and not is_heldout(writer.world, other):
            return other
    return None


def question(writer: Writer, made: Call) -> str:
    return writer.write("code.ask", source=made.source, call=made.call)


def answer(writer: Writer, made: Call) -> str:
    return writer.write("code.answer", value=made.value)


def _define(name: str, parameters: str, body: str) -> str:
    return f"def {name}({parameters}):\n    " + body.replace("\n", "\n    ")


def _number(writer: Writer) -> int:
    return writer.below(10)


def _numbers(writer: Writer) -> list[int]:
    return [_number(writer) for _ in range(2 + writer.below(3))]


def _words(writer: Writer) -> list[str]:
    return writer.rng.sample([good.name for good in writer.world.kinds["good"]], 2 + writer.below(2))


def _quoted(words: list[str]) -> str:
    return "[" + ", ".join(f'"{word}"' for word in words) + "]"


def _add(writer: Writer, name: str) -> Call:
    x, k = _number(writer), 1 + writer.below(5)
    body = writer.pick((f"return x + {k}", f"return {k} + x", f"x = x + {k}\nreturn x", f"y = x + {k}\nreturn y"))
    return Call("add", name, _define(name, "x", body), str(x), str(x + k), str(k))


def _double(writer: Writer, name: str) -> Call:
    x = _number(writer)
    return Call("double", name, _define(name, "x", writer.pick(("return x + x", "return 2 * x", "return x * 2"))), str(x), str(2 * x))


def _larger(writer: Writer, name: str) -> Call:
    a, b = _number(writer), _number(writer)
    body = writer.pick(("return max(a, b)", "if a > b:\n    return a\nreturn b", "return a if a > b else b"))
    return Call("larger", name, _define(name, "a, b", body), f"{a}, {b}", str(max(a, b)))


def _smaller(writer: Writer, name: str) -> Call:
    a, b = _number(writer), _number(writer)
    body = writer.pick(("return min(a, b)", "if a < b:\n    return a\nreturn b", "return a if a < b else b"))
    return Call("smaller", name, _define(name, "a, b", body), f"{a}, {b}", str(min(a, b)))


def _first(writer: Writer, name: str) -> Call:
    items = _numbers(writer)
    body = writer.pick(("return items[0]", "for item in items:\n    return item", "first = items[0]\nreturn first"))
    return Call("first", name, _define(name, "items", body), str(items), str(items[0]))


def _last(writer: Writer, name: str) -> Call:
    items = _numbers(writer)
    body = writer.pick(("return items[-1]", "for item in items:\n    last = item\nreturn last", "n = len(items)\nreturn items[n - 1]"))
    return Call("last", name, _define(name, "items", body), str(items), str(items[-1]))


def _count(writer: Writer, name: str) -> Call:
    items = _numbers(writer)
    body = writer.pick(("return len(items)", "n = 0\nfor item in items:\n    n += 1\nreturn n"))
    return Call("count", name, _define(name, "items", body), str(items), str(len(items)))


def _big(writer: Writer, name: str) -> Call:
    x, k = _number(writer), 1 + writer.below(8)
    body = writer.pick((f"return x > {k}", f"if x > {k}:\n    return True\nreturn False"))
    return Call("big", name, _define(name, "x", body), str(x), str(x > k), str(k))


def _turn(writer: Writer, name: str) -> Call:
    items = _numbers(writer)
    body = writer.pick(("return items[::-1]", "return list(reversed(items))"))
    return Call("turn", name, _define(name, "items", body), str(items), str(items[::-1]))


def _both(writer: Writer, name: str) -> Call:
    a, b = _words(writer)[:2]
    body = writer.pick(("return a + b", "word = a + b\nreturn word"))
    return Call("both", name, _define(name, "a, b", body), f'"{a}", "{b}"', f"'{a}{b}'")


def _price(writer: Writer, name: str) -> Call:
    goods = writer.rng.sample(writer.world.kinds["good"], 2)
    asked, prices = writer.pick(goods), ", ".join(f'"{good.name}": {good.values["price"]}' for good in goods)
    body = writer.pick(("return prices[name]", "price = prices[name]\nreturn price"))
    source = f"prices = {{{prices}}}\n{_define(name, 'name', body)}"
    return Call("price", name, source, f'"{asked.name}"', asked.values["price"], facts=tuple(good.fact("price") for good in goods))


def _top(writer: Writer, name: str) -> Call:
    n = 1 + writer.below(7)
    body = writer.pick(("return list(range(1, n + 1))", "items = []\nfor i in range(n):\n    items.append(i + 1)\nreturn items"))
    return Call("top", name, _define(name, "n", body), str(n), str(list(range(1, n + 1))))


def _has(writer: Writer, name: str) -> Call:
    words = _words(writer)
    asked = writer.pick(words) if writer.chance(0.5) else writer.pick(writer.world.kinds["good"]).name
    body = writer.pick(("return word in words", "for one in words:\n    if one == word:\n        return True\nreturn False"))
    return Call("has", name, _define(name, "words, word", body), f'{_quoted(words)}, "{asked}"', str(asked in words))


def _letter(writer: Writer, name: str) -> Call:
    word = writer.pick(writer.world.kinds["good"]).name
    body = writer.pick(("return word[0]", "letter = word[0]\nreturn letter"))
    return Call("letter", name, _define(name, "word", body), f'"{word}"', f"'{word[0]}'")


def _times(writer: Writer, name: str) -> Call:
    word, k = writer.pick(writer.world.kinds["good"]).name, 2 + writer.below(2)
    body = writer.pick((f"return word * {k}", "return " + " + ".join(["word"] * k)))
    return Call("times", name, _define(name, "word", body), f'"{word}"', f"'{word * k}'", str(k))


FAMILIES: dict[str, Callable[[Writer, str], Call]] = {
    "add": _add, "double": _double, "larger": _larger, "smaller": _smaller, "first": _first, "last": _last, "count": _count, "big": _big, "turn": _turn,
    "both": _both, "price": _price, "top": _top, "has": _has, "letter": _letter, "times": _times,
}  # fmt: skip
