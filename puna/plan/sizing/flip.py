"""The flip: the served tokens from which the answer is a smaller model, by a tenth at least, trained longer to the same loss (Sardana et al., arXiv 2401.00448).

The law decides how much longer, so the flip is asked of the law and of everything else that its runs allow; each takes the chosen model's loss by its own lights. What serves and what it costs, and which shapes
meet the plan, are the plan's and stay what they are. Shapes: K laws, S model shapes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from puna.plan.estimate import Estimate
from puna.plan.laws.law import flops, spanned
from puna.plan.points import Floats
from puna.plan.shapes import roundness
from puna.plan.sizing.candidates import Candidate, reaching
from puna.plan.sizing.constraints import Constraint
from puna.plan.sizing.living import Living
from puna.plan.sizing.ranking import TIE, Row, held
from puna.plan.valley import Valley, reached

# What counts as a smaller model: by a tenth at least.
SMALLER = 0.9
# Served tokens among which the answer is looked for that is smaller, from, to and how many; and how closely the demand is then found.
DEMANDS = (1e9, 1e17, 65)
WITHIN = 1e-3


@dataclass(frozen=True)
class Flip:
    """The served `tokens` from which the answer is `candidate`, as good as the chosen model; `never` is the share of the law's alternatives by which no demand makes a smaller model the answer."""

    tokens: Estimate | float
    candidate: Candidate
    never: float


@dataclass(frozen=True)
class _Offers:
    """What shapes cost that are as good as the chosen one: training by each law, `[K, S]` (NaN where a law lets it never be so good), and a served token, `[S]`."""

    train_KS: Floats
    token_S: Floats
    params_S: Floats
    round_S: Floats

    def answers(self, served_K: Floats) -> Any:
        """Return the shape that is the answer at each law's demand: of those within `TIE` of the cheapest the roundest."""
        price_KS = np.where(np.isnan(self.train_KS), np.finfo(float).max, self.train_KS + served_K[:, None] * self.token_S)
        above_KS = price_KS / price_KS.min(1, keepdims=True) - 1
        return np.where(above_KS <= TIE, self.round_S - above_KS / TIE / 2, -np.inf).argmax(1)


def flip(valley: Valley, rows: Sequence[Row], chosen: Row, living: Living, limits: Mapping[str, Constraint]) -> Flip | None:
    """Return the demand from which the answer is a smaller shape; None where no demand moves it so far, or the law has no losses."""
    mine = chosen.candidate
    if mine.loss is None:
        return None
    found = reaching(valley, mine.loss, living, like=[row.candidate for row in rows], served=1.0)
    as_good = [row.candidate for row in held(found, limits) if row.holds and np.isfinite(row.candidate.token_cost)]
    if not as_good:
        return None
    valleys = [valley, *valley.others]
    offers = _offers(valleys, mine, as_good, living)
    demand, *others = _first_demands(offers, SMALLER * mine.params)
    if not np.isfinite(demand):
        return None
    seen = [other for other in others if np.isfinite(other)]
    answer = as_good[int(offers.answers(np.full(len(valleys), demand))[0])]
    return Flip(spanned(valley.law, float(demand), seen), answer, 1 - len(seen) / len(others) if others else 0.0)


def _offers(valleys: Sequence[Valley], mine: Candidate, shapes: Sequence[Candidate], living: Living) -> _Offers:
    params_S = np.array([one.params for one in shapes], float)
    losses_K = [valley.loss(mine.params, mine.tokens) or 0.0 for valley in valleys]
    a_flop = living.training(mine.train_flops) / mine.train_flops
    return _Offers(
        a_flop * flops(1.0, 1.0) * params_S * reached(valleys, params_S, losses_K),
        np.array([one.token_cost for one in shapes]), params_S, np.array([roundness(one.shape) for one in shapes], float),
    )  # fmt: skip


def _first_demands(offers: _Offers, most: float) -> Floats:
    """Return by each law the least demand at which the answer has `most` parameters at most; infinite where none does."""
    num = len(offers.train_KS)

    known_KS = np.isfinite(offers.train_KS)

    def smaller(served_K: Floats) -> Any:
        return known_KS.any(1) & (offers.params_S[offers.answers(served_K)] <= most)

    # By some laws a smaller model is the answer without any demand.
    grid = np.array([0.0, *np.geomspace(*DEMANDS)])
    low_K, high_K = np.zeros(num), np.full(num, np.inf)
    for before, served in zip((grid[0], *grid[:-1]), grid, strict=True):
        first_K = np.isinf(high_K) & smaller(np.full(num, served))
        low_K[first_K], high_K[first_K] = before, served
        if np.isfinite(high_K).all():
            break
    known_K = np.isfinite(high_K)
    while (known_K & (high_K > (1 + WITHIN) * low_K + WITHIN * DEMANDS[0])).any():
        middle_K = np.where(known_K, (low_K + np.where(known_K, high_K, 0.0)) / 2, low_K)
        below_K = smaller(middle_K)
        low_K, high_K = np.where(known_K & ~below_K, middle_K, low_K), np.where(known_K & below_K, middle_K, high_K)
    return np.asarray(high_K)
