"""From a plan to one shape: every candidate held against every constraint, ranked, and what the choice costs by each law's own lights.

Without a serving demand the best use of the training budget decides: the least loss, and among shapes whose losses differ by less than `FLAT`, the roundest width. With a demand,
what training and serving cost together (`living.py`) decides, for models that all reach the loss which the budget buys at its best; a smaller model's longer training is then paid
from what serving it saves (Sardana et al., arXiv 2401.00448).

Order and ties are `ranking`'s, the demand that would change the answer `flip`'s, what the choice costs `cost`'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from puna.errors import ConfigError
from puna.plan.estimate import Estimate
from puna.plan.laws import catalogue, errata
from puna.plan.laws.allocation import Allocation
from puna.plan.laws.granular import Granular
from puna.plan.laws.law import Law, Optimum, estimate, interval_of, kind_of
from puna.plan.shapes import Cut
from puna.plan.sizing.candidates import Candidate, reaching, spending
from puna.plan.sizing.constraints import Check, constraints
from puna.plan.sizing.cost import Cost, cost
from puna.plan.sizing.flip import Flip, flip
from puna.plan.sizing.living import Living
from puna.plan.sizing.plan_file import PlanFile
from puna.plan.sizing.ranking import Ranking, Row, binding, by_lifetime, by_loss, choice, held, ranked
from puna.plan.valley import CURVATURE, Valley

LAWS = ("llama3-surface", "besiroglu", "chinchilla", "chinchilla-printed")
SHOWN = 12
# Words of `counting` by which a law's parameters are not those that a shape has in all.
OTHER_COUNTS = ("without", "non-embedding", "active")
# Parameters between which real shapes are looked for.
WIDEST = (2e7, 3e12)
# The share of a law's alternatives by which no demand makes a smaller model the answer, from which on that is said.
OPEN = 0.025


@dataclass(frozen=True)
class Against:
    """What the choice costs by one law: its optimum for the same compute, the loss above it, and the share of the compute that an optimal model would have saved."""

    law: str
    params: Estimate | float
    tokens: Estimate | float
    excess: Estimate | float
    compute_wasted: Estimate | float
    interval_means: str


@dataclass(frozen=True)
class Decision:
    """What a plan comes to. `rows` are ranked, the recommended one first; `optimum` is the law's own answer, `params`, `tokens` and `loss` are its with their intervals.

    `excess` is the recommended model's loss above the law's optimum, with the interval over the law's alternatives; `cost` what it costs.
    """

    plan: PlanFile
    compute: float
    optimum: Optimum
    params: Estimate | float
    tokens: Estimate | float
    loss: Estimate | float | None
    living: Living
    cost: Cost
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
        plan, law = self.plan, catalogue.law(self.plan.law)
        costs = {key: value for key, value in vars(self.cost).items() if key != "means"}
        return {
            "name": plan.name, "compute": self.compute, "law": plan.law, "law_alone": {"params": self.params, "tokens": self.tokens, "loss": self.loss},
            "recommended": {**_row(self.recommended), "train_cost": self.recommended.candidate.train_cost, **costs, "excess_loss": self.excess, "binding": list(self.binding)},
            "lifetime_unit": self.living.unit, "candidates": [_row(row) for row in self.rows],
            "against": [
                {**{key: value for key, value in vars(one).items() if key != "excess"}, "excess_loss": one.excess} for one in self.against
            ],
            "flip": None if self.flip is None else {
                "served_tokens": self.flip.tokens, "counted_in": self.living.unit, "never_by_share_of_laws": self.flip.never, **_shape(self.flip.candidate)
            },
            "interval_kind": kind_of(law), "interval_means": interval_of(law), "cost_interval_means": list(self.cost.means),
            "warnings": list(self.warnings), "sources": list(self.sources),
        }  # fmt: skip


def decide(plan: PlanFile) -> Decision:
    """Return the plan's decision. Raises `ConfigError` where its names are unknown, or its constraints contradict one another (which, and by how much)."""
    valley = valley_of(plan)
    if plan.wanted and not valley.has_losses:
        raise ConfigError(f"'wanted': {plan.law} says how to split compute and not what loss follows; choose another 'law'")
    compute, limits, wanted = plan.budget.compute(), constraints(plan, valley.law), plan.wanted.loss if plan.wanted else None
    living = Living(plan.budget, plan.serving)
    rows = held(_shapes_for(plan, valley, compute, living), limits)
    ranking: Ranking = by_loss
    bought = chosen = choice(rows, limits, ranking)
    served = plan.serving.tokens if plan.serving else None
    if served is not None:
        rows, ranking = held(_as_good(valley, rows, wanted or bought.candidate.loss, living=living, served=served), limits), by_lifetime
        chosen = choice(rows, limits, ranking)
    mine, turned = chosen.candidate, flip(valley, rows, chosen, living, limits)
    return Decision(
        plan, compute, valley.optimum(compute), _span(valley.law, compute, "params"), _span(valley.law, compute, "tokens"),
        estimate(valley.law, lambda law: law.optimum(compute).loss),
        living, cost(valley, mine, living, served=served, as_good_as=None if served is None else wanted or bought.candidate),
        _excess(valley, mine), chosen, binding(rows, chosen, limits, ranking), tuple(ranked(rows, ranking)[:SHOWN]), _against(mine, plan.data.unique_tokens), turned,
        _warnings(plan, valley.law, compute, mine, turned), _sources(valley.law),
    )  # fmt: skip


def valley_of(plan: PlanFile) -> Valley:
    """Return the losses that the plan reckons with. Raises `ConfigError` for a law whose parameters are not those that a shape has in all."""
    law = catalogue.law(plan.law)
    if isinstance(law, Granular) or any(word in law.about.counting for word in OTHER_COUNTS):
        raise ConfigError(
            f"'law': {law.about.name} counts {law.about.counting}, and a shape's parameters are counted whole; choose another, such as 'llama3'"
        )
    return Valley(law, plan.data.unique_tokens)


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


def _as_good(valley: Valley, rows: Sequence[Row], loss: float | None, *, living: Living, served: float) -> list[Candidate]:
    """Return every shape trained to a loss: the wanted one, or that which the budget buys at its best."""
    if loss is None:
        raise ConfigError(f"'serving.tokens': {valley.law.about.name} has no loss to hold fixed; choose a law that has, such as 'llama3'")
    return reaching(valley, loss, living, like=[row.candidate for row in rows], served=served)


def _against(mine: Candidate, unique_tokens: float | None) -> tuple[Against, ...]:
    return tuple(_by(catalogue.law(name), name, mine, unique_tokens) for name in LAWS)


def _by(law: Law, name: str, mine: Candidate, unique_tokens: float | None) -> Against:
    """Return what the choice costs by a law, each figure with the interval over what the law's evidence allows; data that is repeated costs by it too."""

    def loss(one: Law) -> float:
        found = Valley(one, unique_tokens).loss(mine.params, mine.tokens)
        assert found is not None
        return found

    def excess(one: Law) -> float:
        best = one.optimum(mine.train_flops)
        assert best.loss is not None
        return max(loss(one) - best.loss, 0.0)

    def wasted(one: Law) -> float:
        return max(1 - one.optimum_of_loss(loss(one)).compute / mine.train_flops, 0.0)

    over, lost = estimate(law, excess), estimate(law, wasted)
    assert over is not None
    assert lost is not None
    return Against(name, _span(law, mine.train_flops, "params"), _span(law, mine.train_flops, "tokens"), over, lost, interval_of(law))


def _excess(valley: Valley, mine: Candidate) -> Estimate | float:
    """Return the loss above the law's optimum, by the law and by all that its evidence allows as well."""
    found = estimate(valley.law, lambda law: replace(valley, law=law).excess(mine.params, mine.tokens))
    assert found is not None
    return found


def _span(law: Law, compute: float, key: str) -> Estimate | float:
    found = estimate(law, lambda other: float(getattr(other.optimum(compute), key)))
    assert found is not None
    return found


def _warnings(plan: PlanFile, law: Law, compute: float, chosen: Candidate, turned: Flip | None) -> tuple[str, ...]:
    found = []
    if plan.serving and plan.serving.tokens is None:
        found.append("no serving demand is given, so what serving costs decides nothing")
    if plan.wanted and plan.wanted.accuracy is not None:
        found.append(
            "for the wanted accuracy a model counts as the FLOPs of the law's best split that is as good, however much was spent on it"
        )
    if chosen.train_flops > 1.001 * compute:
        found.append(
            f"trains on {chosen.train_flops / compute:.2f} times the budget; what its serving saves pays for that ('budget.hard: true' forbids it)"
        )
    if plan.data.unique_tokens and chosen.tokens > plan.data.unique_tokens:
        found.append(
            f"reads its data {chosen.tokens / plan.data.unique_tokens:.1f} times; repeated tokens, and parameters beyond what unique ones fill, count as the fewer that they are worth"
            if chosen.loss is not None
            else f"reads its data {chosen.tokens / plan.data.unique_tokens:.1f} times, and what that costs is not counted: {law.about.name} has no losses"
        )
    if turned is not None and turned.never > OPEN:
        found.append(
            f"by {turned.never:.0%} of what else the law's runs allow no served demand makes a smaller model the answer: the upper end of its interval is open"
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
        "constraints": {check.name: _check(check) for check in row.checks},
    }  # fmt: skip


def _check(check: Check) -> dict[str, Any]:
    return {key: value for key, value in vars(check).items() if key != "name" and value is not None}
