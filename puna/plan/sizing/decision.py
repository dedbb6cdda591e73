"""From a plan to one shape: every candidate held against every constraint, ranked, and what the choice costs by each law's own lights.

Without a serving demand the best use of the training budget decides: the least loss, and among shapes whose losses differ by less than `FLAT`, the roundest width. With a demand,
what training and serving cost together (`living.py`) decides, for models that all reach the loss which the budget buys at its best; a smaller model's longer training is then paid
from what serving it saves (Sardana et al., arXiv 2401.00448).

A constraint *binds* where dropping it alone would change the choice; of the others the slack is told.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np

from puna.errors import ConfigError
from puna.plan.estimate import Estimate
from puna.plan.laws import catalogue, errata
from puna.plan.laws.allocation import Allocation
from puna.plan.laws.law import Law, Optimum, estimate
from puna.plan.shapes import Cut, roundness
from puna.plan.sizing.candidates import Candidate, reaching, spending
from puna.plan.sizing.constraints import Check, Constraint, constraints
from puna.plan.sizing.living import Living
from puna.plan.sizing.plan_file import PlanFile
from puna.plan.sizing.valley import CURVATURE, Valley

# Losses closer than this are equal: a two-hundredth of what figure 2 of arXiv 2407.21783 scatters by (0.004), and an eighth of the model's size at its optimum.
FLAT = 2e-5
LAWS = ("llama3-surface", "besiroglu", "chinchilla", "chinchilla-printed")
SHOWN = 12
Ranking = Callable[[Sequence["Row"]], "list[Row]"]
# Lifetimes this close are equal: what `FLAT` of loss is worth in compute at Llama 3's budget.
TIE = 0.005
# Parameters between which real shapes are looked for.
WIDEST = (1e9, 3e12)
# What counts as a smaller model: by a tenth at least.
SMALLER = 0.9
# Served tokens among which the answer is looked for that is smaller, from, to and how many; and how closely the demand is then found.
DEMANDS = (1e9, 1e17, 65)
FLIP_WITHIN = 1e-3


@dataclass(frozen=True)
class Row:
    """A candidate held against the plan. `binding` and the slack of the rest follow from `checks`."""

    candidate: Candidate
    checks: tuple[Check, ...]

    @property
    def holds(self) -> bool:
        return all(check.holds for check in self.checks)


@dataclass(frozen=True)
class Against:
    """What the choice costs by one law: its optimum for the same compute, the loss above it, and the share of the compute that an optimal model would have saved."""

    law: str
    optimum: Optimum
    excess: float
    compute_wasted: float


@dataclass(frozen=True)
class Flip:
    """The served tokens from which the answer is a smaller shape, by a tenth at least, trained longer to the same loss."""

    tokens: float
    candidate: Candidate


@dataclass(frozen=True)
class Decision:
    """What a plan comes to. `rows` are ranked, the recommended one first; `optimum` is the law's own answer, `params` and `tokens` are its with their intervals.

    `excess` is the recommended model's loss above the law's optimum, with the interval over the law's alternatives.
    """

    plan: PlanFile
    compute: float
    optimum: Optimum
    params: Estimate | float
    tokens: Estimate | float
    living: Living
    excess: Estimate | float
    recommended: Row
    binding: tuple[str, ...]
    rows: tuple[Row, ...]
    against: tuple[Against, ...]
    flip: Flip | None
    warnings: tuple[str, ...]
    sources: tuple[str, ...]

    def figures(self) -> dict[str, Any]:
        """Return what `puna plan size --json` prints."""
        plan = self.plan
        return {
            "name": plan.name, "compute": self.compute, "law": plan.law,
            "law_alone": {"params": self.params, "tokens": self.tokens, "loss": self.optimum.loss},
            "recommended": {**_row(self.recommended), "excess_loss": self.excess, "binding": list(self.binding)}, "lifetime_unit": self.living.unit,
            "candidates": [_row(row) for row in self.rows],
            "against": [
                {"law": one.law, "params": one.optimum.params, "tokens": one.optimum.tokens, "excess_loss": one.excess, "compute_wasted": one.compute_wasted}
                for one in self.against
            ],
            "flip": None if self.flip is None else {"served_tokens": self.flip.tokens, "counted_in": self.living.unit, **_shape(self.flip.candidate)},
            "warnings": list(self.warnings), "sources": list(self.sources),
        }  # fmt: skip


def decide(plan: PlanFile) -> Decision:
    """Return the plan's decision. Raises `ConfigError` where its names are unknown, or its constraints contradict one another (which, and by how much)."""
    valley, compute, limits = Valley(catalogue.law(plan.law), plan.data.unique_tokens), plan.budget.compute(), constraints(plan)
    if plan.wanted and plan.wanted.loss is not None and not valley.has_losses:
        raise ConfigError(f"'wanted.loss': {plan.law} says how to split compute and not what loss follows; choose another 'law'")
    living = Living(plan.budget, plan.serving)
    rows = _held(_shapes_for(plan, valley, compute, living), limits)
    ranking: Ranking = _by_loss
    chosen = _choice(rows, limits, ranking)
    served = plan.serving.tokens if plan.serving else None
    if served is not None:
        rows, ranking = _held(_as_good(plan, valley, rows, chosen, living=living, served=served), limits), _by_lifetime
        chosen = _choice(rows, limits, ranking)
    flip = _flip(valley, rows, chosen, living, limits)
    return Decision(
        plan, compute, valley.optimum(compute), _span(valley.law, compute, "params"), _span(valley.law, compute, "tokens"), living,
        _excess(valley, chosen.candidate), chosen,
        _binding(rows, chosen, limits, ranking), tuple(_ranked(rows, ranking)[:SHOWN]), _against(chosen.candidate), flip,
        _warnings(plan, valley.law, compute, chosen.candidate), _sources(valley.law),
    )  # fmt: skip


def _shapes_for(plan: PlanFile, valley: Valley, compute: float, living: Living) -> list[Candidate]:
    """Return what the budget buys. Raises `ConfigError` where no real shape is near the law's optimum."""
    found = spending(valley, compute, living, cut=Cut(plan.split.tensor, plan.split.pipeline))
    if not found:
        size = valley.optimum(compute).params
        raise ConfigError(
            f"'split': no real shape near {size:.3g} parameters can be cut by {plan.split.tensor} x {plan.split.pipeline}; change it"
            if WIDEST[0] < size < WIDEST[1]
            else f"'budget': {compute:.3g} FLOPs call for {size:.3g} parameters, and real shapes here have {WIDEST[0]:.0e} to {WIDEST[1]:.0e}"
        )
    return found


def _as_good(plan: PlanFile, valley: Valley, rows: Sequence[Row], chosen: Row, *, living: Living, served: float) -> list[Candidate]:
    """Return every shape trained to the wanted loss, or to the one that the budget buys at its best."""
    target = plan.wanted.loss if plan.wanted and plan.wanted.loss is not None else chosen.candidate.loss
    if target is None:
        raise ConfigError(f"'serving.tokens': {valley.law.about.name} has no loss to hold fixed; choose a law that has, such as 'llama3'")
    return reaching(valley, target, living, like=[row.candidate for row in rows], served=served)


def _held(found: Sequence[Candidate], limits: Mapping[str, Constraint]) -> list[Row]:
    return [Row(one, tuple(limit(one) for limit in limits.values())) for one in found]


def _by_loss(rows: Sequence[Row]) -> list[Row]:
    """Rank by loss; of those within `FLAT` of the best the roundest width comes first."""
    least = min(row.candidate.excess for row in rows)
    flat = [row for row in rows if row.candidate.excess <= least + FLAT]
    rest = [row for row in rows if row.candidate.excess > least + FLAT]
    first = sorted(flat, key=lambda row: (-roundness(row.candidate.shape), row.candidate.excess))
    return [*first, *sorted(rest, key=lambda row: row.candidate.excess)]


def _by_lifetime(rows: Sequence[Row]) -> list[Row]:
    """Rank by training and serving together; of those within `TIE` of the cheapest the roundest width comes first."""
    by_shape = {id(row.candidate): row for row in rows}
    return [by_shape[id(one)] for one in _cheapest([(row.candidate.lifetime_cost, row.candidate) for row in rows])]


def _cheapest(priced: Sequence[tuple[float, Candidate]]) -> list[Candidate]:
    """Return candidates by their price; of those within `TIE` of the cheapest the roundest width comes first."""
    least = min(price for price, _ in priced)

    def rank(one: tuple[float, Candidate]) -> tuple[float, float, float]:
        price, candidate = one
        return (0.0, -roundness(candidate.shape), price) if price <= (1 + TIE) * least else (1.0, 0.0, price)

    return [candidate for _, candidate in sorted(priced, key=rank)]


def _ranked(rows: Sequence[Row], ranking: Ranking) -> list[Row]:
    """Rank what holds; behind it the rest, the least broken first."""
    good, bad = [row for row in rows if row.holds], [row for row in rows if not row.holds]
    return [*(ranking(good) if good else []), *sorted(bad, key=lambda row: -min(check.slack for check in row.checks))]


def _choice(rows: Sequence[Row], limits: Mapping[str, Constraint], ranking: Ranking) -> Row:
    good = [row for row in rows if row.holds]
    if good:
        return ranking(good)[0]
    raise ConfigError(_contradiction(rows, limits))


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
    return f"{check.used:.4g} {check.unit} where {check.limit:.4g} are the limit, {-check.slack:.1%} off"


def _binding(rows: Sequence[Row], chosen: Row, limits: Mapping[str, Constraint], ranking: Ranking) -> tuple[str, ...]:
    found = []
    for name in limits:
        without = [row for row in rows if all(check.holds for check in row.checks if check.name != name)]
        if ranking(without)[0].candidate.shape != chosen.candidate.shape:
            found.append(name)
    return tuple(found)


def _against(chosen: Candidate) -> tuple[Against, ...]:
    found = []
    for name in LAWS:
        law = catalogue.law(name)
        best, loss = law.optimum(chosen.train_flops), law.loss(chosen.params, chosen.tokens)
        assert best.loss is not None
        found.append(Against(name, best, loss - best.loss, 1 - law.optimum_of_loss(loss).compute / chosen.train_flops))
    return tuple(found)


def _flip(valley: Valley, rows: Sequence[Row], chosen: Row, living: Living, limits: Mapping[str, Constraint]) -> Flip | None:
    """Return the demand from which the answer is a smaller shape, as good; None where no demand moves it so far, or the law has no losses."""
    mine = chosen.candidate
    if mine.loss is None:
        return None
    as_good = [
        one
        for one in reaching(valley, mine.loss, living, like=[row.candidate for row in rows], served=1.0)
        if math.isfinite(one.lifetime_cost)
    ]
    as_good = [one for one in as_good if all(limit(one).holds for limit in limits.values())]

    def answer(served: float) -> Candidate:
        return _cheapest([(one.train_cost + served * (one.serve_cost or 0.0), one) for one in as_good])[0]

    def is_smaller(served: float) -> bool:
        return answer(served).params <= SMALLER * mine.params

    demands = [float(served) for served in np.geomspace(*DEMANDS)]
    beyond = next((place for place, served in enumerate(demands) if as_good and is_smaller(served)), None)
    if beyond is None:
        return None
    low, high = demands[max(beyond - 1, 0)], demands[beyond]
    while high / low > 1 + FLIP_WITHIN:
        middle = math.sqrt(low * high)
        low, high = (low, middle) if is_smaller(middle) else (middle, high)
    return Flip(high, answer(high))


def _excess(valley: Valley, mine: Candidate) -> Estimate | float:
    """Return the loss above the law's optimum, by the law and by all that its evidence allows as well."""
    found = estimate(valley.law, lambda law: replace(valley, law=law).excess(mine.params, mine.tokens))
    assert found is not None
    return found


def _span(law: Law, compute: float, key: str) -> Estimate | float:
    found = estimate(law, lambda other: float(getattr(other.optimum(compute), key)))
    assert found is not None
    return found


def _warnings(plan: PlanFile, law: Law, compute: float, chosen: Candidate) -> tuple[str, ...]:
    found = []
    if plan.serving and plan.serving.tokens is None:
        found.append("no serving demand is given, so what serving costs decides nothing")
    if chosen.train_flops > 1.001 * compute:
        found.append(f"trains on {chosen.train_flops / compute:.2f} times the budget; what its serving saves pays for that")
    if plan.data.unique_tokens and chosen.tokens > plan.data.unique_tokens:
        found.append(
            f"reads its data {chosen.tokens / plan.data.unique_tokens:.1f} times; repeated tokens count as the fewer fresh ones that they are worth"
        )
    return (*found, *law.about.notes, *errata.said(law, compute))


def _sources(law: Law) -> tuple[str, ...]:
    valley = [_curvature(law)] if isinstance(law, Allocation) and law.surface is None else []
    return (law.about.source, *valley, "shapes: proportions of arXiv 2407.21783 table 3")


def _curvature(law: Allocation) -> str:
    if law.curvature is None:
        return f"curvature of the valley {CURVATURE}: the law has none, so Llama 3's, arXiv 2407.21783 figure 2, budget 1e22"
    return f"curvature of the valley {law.curvature:.3g}: the law's own runs at their largest budget"


def _shape(one: Candidate) -> dict[str, Any]:
    shape = one.shape
    return {
        "params": one.params, "tokens": one.tokens, "layers": shape.num_layers, "dim": shape.dim, "heads": shape.num_heads, "kv_heads": shape.num_kv_heads,
        "ffn_dim": shape.ffn_dim,
    }  # fmt: skip


def _row(row: Row) -> dict[str, Any]:
    one = row.candidate
    return {
        **_shape(one), "tokens_per_param": one.tokens / one.params, "loss": one.loss, "excess_loss": one.excess, "train_flops": one.train_flops,
        "days": one.days, "gpu_hours": one.gpu_hours, "train_dollars": one.train_dollars, "train_cost": one.train_cost, "serve_cost": one.serve_cost,
        "lifetime_cost": one.lifetime_cost, "lifetime_dollars": one.lifetime_dollars, "holds": row.holds,
        "constraints": {check.name: {"used": check.used, "limit": check.limit, "unit": check.unit, "slack": check.slack} for check in row.checks},
    }  # fmt: skip
