"""Intervals of fits by resampling, and the generator that each fit draws from.

A fit's constants hang together (a larger A goes with a larger alpha), so an interval for each alone says little about what follows from all. Resampling keeps whole sets of
constants, and whatever is computed from a law is computed from every set.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from puna.plan.estimate import Estimate
from puna.plan.points import Floats
from puna.seeds import seed_of


def generator(seed: int, *parts: int | str) -> np.random.Generator:
    """Return the generator of one kind of draws."""
    return np.random.default_rng(seed_of(seed, "plan", *parts))


def drawn_weights(rng: np.random.Generator, *, num_points: int, resamples: int) -> Floats:
    """Return how often each point is drawn, `[resamples, num_points]`, when as many are drawn as there are, with replacement (Efron 1979)."""
    return rng.multinomial(num_points, np.full(num_points, 1 / num_points), size=resamples).astype(np.float64)


def interval(value: float, draws: Sequence[float] | Floats) -> Estimate | float:
    """Return a value with the middle 95 % of its draws; the value alone where there are none."""
    value, drawn = float(value), np.asarray(draws, np.float64)
    if not len(drawn):
        return value
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Estimate(value, min(float(low), value), max(float(high), value))
