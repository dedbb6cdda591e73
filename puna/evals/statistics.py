"""Intervals: a figure without one says nothing about whether it would come again.

A share of right answers gets Wilson's score interval (Wilson 1927), which stays inside [0, 1] and keeps its promise for small samples and shares near 0
or 1, where the textbook's normal interval does not. Means, ratios and differences get a bootstrap over items (Efron 1979): resample the items, with
replacement, and see how the figure moves. Two models are compared on the same items, so their difference is resampled in pairs.

An interval over items says what other questions would have shown of these very models; what other trainings would have shown, only seeds can say. They are few, so
there Student's t takes the bootstrap's place (Student 1908): three points resampled know nothing of the tails.

Shapes: I items, B bootstrap resamples.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from puna.errors import DataError
from puna.records import Score
from puna.seeds import seed_of

# Items times resamples drawn at once; bounds memory, and is part of which resamples a seed gives.
_DRAWN_AT_ONCE = 4_000_000


# -log(0.05): of an event that was seen in none of I trials, at most 3 / I of all are to be expected with 95 % confidence.
UNSEEN = 3.0
LEAST_SEEDS = 3
"""Two trainings span no interval that says anything: Student's t is 12.7 there."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A figure, its interval, and what the interval is over ("500 questions", "3 seeds"): what else could have been drawn."""

    value: float
    low: float
    high: float
    over: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def wilson(successes: float, trials: int, *, over: str, confidence: float = 0.95) -> Measured:
    """Return the share `successes / trials` with Wilson's interval. Raises `DataError` where there are no trials."""
    if trials < 1:
        raise DataError(f"no interval over {over}: there is nothing to measure")
    assert 0 <= successes <= trials
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share = successes / trials
    centre = (share + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z / (1 + z * z / trials) * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    # At shares of exactly 0 and 1 the interval ends there; rounding must not move it past the figure.
    return Measured(share, min(max(centre - half, 0.0), share), max(min(centre + half, 1.0), share), over)


def share_right(scores: Sequence[Score], *, over: str = "questions", confidence: float = 0.95) -> Measured:
    """Return the mean value of right-or-wrong `scores` with Wilson's interval. Raises `DataError` where there are none."""
    assert all(score.value in (0, 1) for score in scores)
    return wilson(sum(score.value for score in scores), len(scores), over=f"{len(scores)} {over}", confidence=confidence)


def bootstrap_ratio(
    numerators: ArrayLike, denominators: ArrayLike, *, over: str, seed: int = 0, resamples: int = 2000, confidence: float = 0.95
) -> Measured:
    """Return the sum of `numerators` by that of `denominators`, `[I]` each, with the bootstrap's percentile interval over items.

    Raises `DataError` where there are no items or the denominators do not add up to more than 0.
    """
    top_I, bottom_I = _items(numerators, over), _items(denominators, over)
    assert len(top_I) == len(bottom_I)
    if bottom_I.sum() <= 0:
        raise DataError(f"no ratio over {over}: the denominators add up to {bottom_I.sum():g}")
    drawn_B = np.concatenate([top_I[i_BI].sum(1) / bottom_I[i_BI].sum(1) for i_BI in _resampled(len(top_I), resamples, seed)])
    return _percentiles(float(top_I.sum() / bottom_I.sum()), drawn_B, over=over, confidence=confidence)


def bootstrap_mean(values: ArrayLike, *, over: str, seed: int = 0, resamples: int = 2000, confidence: float = 0.95) -> Measured:
    """Return the mean of `values`, `[I]`, with the bootstrap's percentile interval. Raises `DataError` where there are none."""
    values_I = _items(values, over)
    return bootstrap_ratio(values_I, np.ones_like(values_I), over=over, seed=seed, resamples=resamples, confidence=confidence)


def paired_difference(
    first: ArrayLike, second: ArrayLike, *, over: str, seed: int = 0, resamples: int = 2000, confidence: float = 0.95
) -> Measured:
    """Return the mean of `first - second`, measured on the same items in the same order, with its bootstrap interval.

    Pairing takes out what both find hard: the interval is far narrower than that between two separate means. Where all differences are one and the same, resampling
    knows nothing of items that would differ: up to 3 / I of them may (the rule of three), by as much as right and wrong do. Raises `DataError` where there are no items.
    """
    first_I, second_I = _items(first, over), _items(second, over)
    if len(first_I) != len(second_I):
        raise DataError(f"no paired difference over {over}: {len(first_I)} items against {len(second_I)}")
    difference_I = first_I - second_I
    if np.ptp(difference_I) == 0 and not np.array_equal(first_I, second_I):
        value, unseen = float(difference_I[0]), min(1.0, UNSEEN / len(difference_I))
        return Measured(value, value - unseen * (1 + value), value + unseen * (1 - value), over)
    return bootstrap_mean(difference_I, over=over, seed=seed, resamples=resamples, confidence=confidence)


def paired_ratio_difference(
    first: ArrayLike,
    second: ArrayLike,
    denominators: ArrayLike,
    *,
    over: str,
    seed: int = 0,
    resamples: int = 2000,
    confidence: float = 0.95,
) -> Measured:
    """Return `sum(first - second) / sum(denominators)`: two models' bits on the same documents, by the documents' bytes."""
    difference_I = _items(first, over) - _items(second, over)
    return bootstrap_ratio(difference_I, denominators, over=over, seed=seed, resamples=resamples, confidence=confidence)


def over_seeds(values: Sequence[float], *, confidence: float = 0.95) -> Measured:
    """Return the mean of one figure a seed with Student's t interval. Raises `DataError` where there are fewer than three seeds."""
    if len(values) < LEAST_SEEDS:
        raise DataError(f"no interval over {len(values)} seeds: give at least three")
    mean, half = float(np.mean(values)), half_width(values, confidence=confidence)
    return Measured(mean, mean - half, mean + half, f"{len(values)} seeds")


def half_width(values: Sequence[float], *, confidence: float = 0.95) -> float:
    """Return how far Student's t interval for the mean of two values or more reaches to each side."""
    return student_t((1 + confidence) / 2, len(values) - 1) * float(np.std(values, ddof=1)) / math.sqrt(len(values))


@cache
def student_t(share: float, freedom: int) -> float:
    """Return the quantile of Student's t with `freedom` degrees of freedom, for shares above a half.

    With t = sqrt(freedom) * tan(angle) the density is cos(angle) ** (freedom - 1), smooth and bounded, so that plain trapezoids reach five digits.
    """
    assert 0.5 < share < 1
    angles = np.linspace(0.0, math.pi / 2, 200_001)
    density = np.cos(angles) ** (freedom - 1)
    mass = np.concatenate([[0.0], np.cumsum((density[1:] + density[:-1]) / 2)])
    return math.sqrt(freedom) * math.tan(float(np.interp((share - 0.5) * 2, mass / mass[-1], angles)))


def _items(values: ArrayLike, over: str) -> NDArray[np.float64]:
    values_I = np.asarray(values, np.float64)
    if values_I.ndim != 1 or not len(values_I):
        raise DataError(f"no interval over {over}: there is nothing to measure")
    return values_I


def _resampled(items: int, resamples: int, seed: int) -> list[NDArray[np.int64]]:
    """Return item indices `[B, I]` in pieces."""
    generator = np.random.default_rng(seed_of(seed, "bootstrap", items, resamples))
    piece = max(1, _DRAWN_AT_ONCE // items)
    return [generator.integers(items, size=(min(piece, resamples - first), items)) for first in range(0, resamples, piece)]


def _percentiles(value: float, drawn_B: NDArray[np.float64], *, over: str, confidence: float) -> Measured:
    low, high = np.quantile(drawn_B[np.isfinite(drawn_B)], [(1 - confidence) / 2, (1 + confidence) / 2])
    return Measured(value, float(low), float(high), over)
