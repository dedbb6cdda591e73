"""Which of the candidates: each held against every constraint, those that hold put in order, and for each constraint whether it binds.

By loss, those less than `FLAT` above the best are equal; by what a life costs, those within `TIE` of the cheapest. Of equals the roundest width comes first. A constraint *binds* where dropping it alone would
change the choice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from puna.errors import ConfigError
from puna.plan.shapes import roundness
from puna.plan.sizing.candidates import Candidate
from puna.plan.sizing.constraints import Check, Constraint

# Losses closer than this are equal: a two-hundredth of what figure 2 of arXiv 2407.21783 scatters by (0.004), and an eighth of the model's size at its optimum.
FLAT = 2e-5
# Lifetimes this close are equal: what `FLAT` of loss is worth in compute at Llama 3's budget.
TIE = 0.005


@dataclass(frozen=True)
class Row:
    """A candidate held against the plan. `binding` and the slack of the rest follow from `checks`."""

    candidate: Candidate
    checks: tuple[Check, ...]

    @property
    def holds(self) -> bool:
        return all(check.holds for check in self.checks)


Ranking = Callable[[Sequence[Row]], list[Row]]


def held(found: Sequence[Candidate], limits: Mapping[str, Constraint]) -> list[Row]:
    """Hold candidates against constraints."""
    return [Row(one, tuple(limit(one) for limit in limits.values())) for one in found]


def by_loss(rows: Sequence[Row]) -> list[Row]:
    """Rank by loss; of those within `FLAT` of the best the roundest width comes first."""
    least = min(row.candidate.excess for row in rows)

    def rank(row: Row) -> tuple[bool, float, float]:
        excess = row.candidate.excess
        far = excess > least + FLAT
        return far, 0.0 if far else -roundness(row.candidate.shape), excess

    return sorted(rows, key=rank)


def by_lifetime(rows: Sequence[Row]) -> list[Row]:
    """Rank by training and serving together; of those within `TIE` of the cheapest the roundest width comes first."""
    least = min(row.candidate.lifetime_cost for row in rows)

    def rank(row: Row) -> tuple[bool, float, float]:
        price = row.candidate.lifetime_cost
        far = price > (1 + TIE) * least
        return far, 0.0 if far else -roundness(row.candidate.shape), price

    return sorted(rows, key=rank)


def ranked(rows: Sequence[Row], ranking: Ranking) -> list[Row]:
    """Rank what holds; behind it the rest, the least broken first."""
    good, bad = [row for row in rows if row.holds], [row for row in rows if not row.holds]
    return [*(ranking(good) if good else []), *sorted(bad, key=lambda row: -min(check.slack for check in row.checks))]


def choice(rows: Sequence[Row], limits: Mapping[str, Constraint], ranking: Ranking) -> Row:
    """Return the first of those that hold. Raises `ConfigError` where none does: which constraints contradict one another, and by how much."""
    good = [row for row in rows if row.holds]
    if good:
        return ranking(good)[0]
    raise ConfigError(_contradiction(rows, limits))


def binding(rows: Sequence[Row], chosen: Row, limits: Mapping[str, Constraint], ranking: Ranking) -> tuple[str, ...]:
    """Return the constraints without any one of which the choice would be another."""
    found = []
    for name in limits:
        without = [row for row in rows if all(check.holds for check in row.checks if check.name != name)]
        if ranking(without)[0].candidate.shape != chosen.candidate.shape:
            found.append(name)
    return tuple(found)


def _contradiction(rows: Sequence[Row], limits: Mapping[str, Constraint]) -> str:
    """Say which constraint no shape meets, or which two no shape meets together, and by how much the nearest misses."""
    if not rows:
        return "no real shape reaches the wanted loss, whatever its tokens; accept more loss"
    for name in limits:
        nearest = max((_check(row, name) for row in rows), key=lambda check: check.slack)
        if not nearest.holds:
            return f"'{name}' cannot be met: the nearest shape has {_missed(nearest)}"
    for one, other in combinations(limits, 2):
        meeting = [row for row in rows if _check(row, one).holds]
        near = max(meeting, key=lambda row: _check(row, other).slack)
        if not _check(near, other).holds:
            size = f"{near.candidate.params:,} parameters on {near.candidate.tokens:.4g} tokens"
            return f"'{other}' contradicts '{one}': of the shapes that meet '{one}' the nearest, {size}, has {_missed(_check(near, other))}"
    return f"{', '.join(repr(name) for name in limits)} cannot be met together by any shape; give one of them up"


def _check(row: Row, name: str) -> Check:
    return next(check for check in row.checks if check.name == name)


def _missed(check: Check) -> str:
    allowed = "at most" if check.used > check.limit else "at least"
    return f"{check.used:.4g} {check.unit} where {allowed} {check.limit:.4g} would do, {-check.slack:.1%} off"
