"""What the choice costs, with the doubt that is in it.

Three things are not known. How long the model must train to be as good as another is the law's to say, and what else its runs allow says something else. Where the budget is in FLOPs, how many hours they take depends on
shares that the plan may leave unsaid; where it is in days or dollars, its hours are what they are. And a served token costs by a speed that is measured within a range, a dollar by prices 40 % apart. The ends
are put together, low with low, so the last figures are the widest that all of it allows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from puna.plan.estimate import Estimate
from puna.plan.laws.law import flops, interval_of, spanned
from puna.plan.sizing.candidates import Candidate
from puna.plan.sizing.living import Living
from puna.plan.sizing.plan_file import DAY, HOUR, Budget
from puna.plan.valley import Valley, reached


@dataclass(frozen=True)
class Cost:
    """What the chosen model costs, as `Candidate` has it with intervals; what is not asked for or not known is None. `means` says what the intervals are."""

    train_flops: Estimate
    gpu_hours: Estimate | None
    days: Estimate | None
    train_dollars: Estimate | None
    serve_cost: Estimate | None
    lifetime_cost: Estimate
    lifetime_dollars: Estimate | None
    means: tuple[str, ...]


def cost(valley: Valley, mine: Candidate, living: Living, *, served: float | None, as_good_as: Candidate | float | None) -> Cost:
    """Return what `mine` costs with `served` tokens over its life; `as_good_as` is the model whose loss it has to reach, or that loss, None where it spends the budget as it is."""
    budget, compute = living.budget, _compute(valley, mine, as_good_as)
    hours = None if mine.gpu_hours is None else _hours(budget, compute.scaled(mine.gpu_hours / mine.train_flops))
    train = compute.scaled(mine.train_cost / mine.train_flops) if hours is None or not living.in_hours else hours
    serve = None if served is None else living.serving_estimate(mine.shape).scaled(served)
    whole = train if serve is None else train.plus(serve)
    price = budget.price
    return Cost(
        compute, hours, None if hours is None or budget.gpus is None else hours.scaled(HOUR / DAY / budget.gpus), None if hours is None or price is None else price.of(hours),
        serve, whole, price.of(whole) if price is not None and living.in_hours and serve is not None else None,
        tuple(_means(valley, budget, compute, hours=hours is not None, priced=price is not None, served=serve is not None and living.in_hours)),
    )  # fmt: skip


def _compute(valley: Valley, mine: Candidate, as_good_as: Candidate | float | None) -> Estimate:
    """Return the FLOPs of training with what the law's alternatives make of them."""
    known = Estimate(mine.train_flops, mine.train_flops, mine.train_flops)
    if as_good_as is None:
        return known
    valleys = valley.others
    losses = [
        as_good_as if isinstance(as_good_as, float) else valley.loss(as_good_as.params, as_good_as.tokens) or 0.0 for valley in valleys
    ]
    found = _trained(valleys, mine, losses) if valleys else []
    seen = spanned(valley.law, mine.train_flops, found)
    return seen if isinstance(seen, Estimate) else known


def _trained(valleys: Sequence[Valley], mine: Candidate, losses: Sequence[float]) -> list[float]:
    """Return the FLOPs after which a model of that size has each valley's loss; those by which it never has are left out."""
    tokens = reached(valleys, np.array([mine.params], float), losses)[:, 0]
    return [flops(mine.params, float(one)) for one in tokens if np.isfinite(one)]


def _hours(budget: Budget, hours: Estimate) -> Estimate:
    if budget.flops is None:
        return hours
    share = budget.share_estimate
    return Estimate(hours.value, hours.low * (share.value / share.high), hours.high * (share.value / share.low))


def _means(valley: Valley, budget: Budget, compute: Estimate, *, hours: bool, priced: bool, served: bool) -> list[str]:
    found = []
    if compute.low < compute.high:
        found.append(f"training for the same loss: {interval_of(valley.law)}")
    elif hours and budget.flops is None:
        found.append("hours and days: known, they are the budget's own")
    if hours and budget.flops is not None:
        found.append("hours: MFU and effective share, as far as the plan leaves them unsaid")
    if served:
        found.append("serving: the speeds that were measured")
    return [*found, *(["dollars: prices 40 % apart"] if priced else [])]
