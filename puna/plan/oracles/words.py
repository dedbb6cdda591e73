"""How a proof is told: a figure beside the printed one, in its notation, and a verdict that says what it is worth."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from puna.plan.oracles.table import Missing, Result

# What it means that a figure of each kind passes: computed ones are right, sums of printed ones come out, and rows of a table agree with their source.
_PASSED = {"computed": "ok", "arithmetic": "sum", "data": "agrees"}


def verdict(result: Result) -> str:
    """Return what a result says in a word: that of its kind where it passed, else failed or not run."""
    return _PASSED.get(result.oracle.kind, result.oracle.kind) if result.passed else result.status


def got(result: Result) -> str:
    """Return what the planner gives, written as its source writes its own; a dash where it was not run."""
    return "–" if result.got is None else like(result.oracle.printed, result.got)


def like(printed: str, value: float) -> str:
    """Return a figure with one digit more than its source prints, in the source's notation."""
    mantissa, power, _ = printed.split(maxsplit=1)[0].partition("e")
    decimals = len("".join(letter for letter in mantissa.partition(".")[2] if letter.isdigit())) + 1
    if power:
        return f"{value:.{decimals}e}".replace("e-0", "e-").replace("e+", "e")
    return f"{value:,.{decimals}f}".rstrip("0").rstrip(".") if "." in f"{value:.{decimals}f}" else f"{value:,.0f}"


def by_reason(figures: Sequence[Missing]) -> dict[str, dict[str, str]]:
    """Return what is not produced, by the reason why: figures of one name in a line, under their numbers."""
    found: dict[str, dict[str, str]] = {}
    for _, group in groupby(figures, key=lambda figure: (figure.name, figure.reason)):
        same = list(group)
        ids = same[0].id if len(same) == 1 else f"{same[0].id} to {same[-1].id}"
        found.setdefault(same[0].reason, {})[ids] = f"{same[0].name}: {' '.join(figure.printed for figure in same)}"
    return found
