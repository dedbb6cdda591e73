"""Losses beside a line of best splits: a surface, moved along each budget until its lowest point lies on the line.

A line D*(C) = A C^alpha says where the loss is lowest and not what it is; a surface through the same runs says what it is, and has its lowest point elsewhere. Moved, it has the line's splits and its own
losses, so that every question, of an optimum or of any other split, is answered on one scale. The move at C FLOPs takes e^move times the tokens and as many times fewer parameters, move = `shift` + `bend` log C.

At a given size the loss above E is, in log tokens x, a sum of two powers of e: one that falls, and one that falls or rises as the line bends off the surface's. It is convex, so Newton's steps from the left of the
first place where it has a wanted value never pass it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from puna.plan.laws.surface import Surface
from puna.plan.points import FLOPS_PER_PARAM_TOKEN, Floats

_LOG_SIX = math.log(FLOPS_PER_PARAM_TOKEN)
_NEWTONS = 60
# A bend that is rounding's.
_LEVEL = 1e-12
# Tokens a parameter beyond which no training is looked for.
MOST_A_PARAMETER = 1e10


@dataclass(frozen=True)
class Beside:
    """A surface moved by `shift` + `bend` log C; by nothing it is the surface itself. Constants may be arrays, a law a row, where many laws are asked at once."""

    E: Floats | float
    A: Floats | float
    B: Floats | float
    alpha: Floats | float
    beta: Floats | float
    shift: Floats | float = 0.0
    bend: Floats | float = 0.0

    def loss(self, params: Floats | float, tokens: Floats | float) -> Floats:
        moved = np.exp(self.shift + self.bend * np.log(FLOPS_PER_PARAM_TOKEN * np.asarray(params) * tokens))
        return np.asarray(self.E + self.A * (params / moved) ** -self.alpha + self.B * (tokens * moved) ** -self.beta)

    def tokens_for(self, params: Floats | float, loss: Floats | float) -> Floats:
        """Return the fewest tokens after which models have `loss`; NaN where `MOST_A_PARAMETER` are not enough."""
        on_params, on_tokens, rise, fall = self._powers(np.log(params))
        with np.errstate(all="ignore"):
            left = np.asarray(loss - self.E)
            x = (np.log(left) - on_tokens) / fall
            for _ in range(_NEWTONS):
                rising, falling = np.exp(on_params + rise * x), np.exp(on_tokens + fall * x)
                miss, slope = rising + falling - left, rise * rising + fall * falling
                x = np.where(slope < 0, x - miss / slope, np.nan)
                if not (np.abs(miss) > 1e-13 * left).any():
                    break
            return np.where((np.abs(miss) <= 1e-9 * left) & (x < np.log(MOST_A_PARAMETER * np.asarray(params))), np.exp(x), np.nan)

    def least_params(self, loss: float) -> float:
        """Return the parameters at and below which no number of tokens reaches `loss`: 0 where the line bends so that every model goes on learning, infinite where the loss is E or less."""
        if loss <= self.E:
            return math.inf
        if self.bend < -_LEVEL:
            return 0.0
        # The least of P e^(r x) + Q e^(-f x) is a power of e in log P and log Q, which are linear in log N.
        (P_0, Q_0, rise, fall), (P_1, Q_1, _, _) = self._powers(0.0), self._powers(1.0)
        share = rise / (rise - fall)
        lowest = (1 - share) * P_0 + share * Q_0 + (math.log(-fall / rise) * share + math.log1p(rise / -fall) if rise > 0 else 0.0)
        steepness = (1 - share) * (P_1 - P_0) + share * (Q_1 - Q_0)
        return float(np.exp((math.log(loss - self.E) - lowest) / steepness))

    def _powers(self, log_N: Floats | float) -> tuple[Floats, ...]:
        """Return logs and powers of both terms over e^x tokens: the first is e^(on_params + rise x), the second e^(on_tokens + fall x)."""
        fixed = self.shift + self.bend * (_LOG_SIX + log_N)
        terms = (
            np.log(self.A) - self.alpha * (log_N - fixed),
            np.log(self.B) - self.beta * fixed,
            self.alpha * self.bend,
            -self.beta * (1 + self.bend),
        )
        return tuple(np.asarray(term) for term in terms)


def moved(surface: Surface, *, alpha: float, log_A: float) -> Beside:
    """Return a surface moved to the line of e^`log_A` C^`alpha` tokens."""
    one, other = (math.log(surface.optimum(compute).tokens) - log_A - alpha * math.log(compute) for compute in (1.0, math.e))
    return Beside(surface.E, surface.A, surface.B, surface.alpha, surface.beta, one, other - one)
