"""Axes: where a value lies between two ends, at which round values an axis says its numbers, and how few letters those take."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """Places on an axis: `at` maps a value to 0..1; `ticks` are round values inside."""

    low: float
    high: float
    log: bool
    ticks: tuple[float, ...]

    def at(self, value: float) -> float:
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)


def scale(low: float, high: float, *, log: bool, count: int = 4, tight: bool = False) -> Scale:
    """Return an axis that holds `low` to `high` and about `count` round ticks; a `tight` one ends there. A single value gets room around it."""
    if log:
        return _log_scale(low, high, count)
    if high - low <= max(1e-9 * max(abs(low), abs(high)), 1e-200):
        low, high = low - (abs(low) / 10 or 1), high + (abs(high) / 10 or 1)
    step = _round_step((high - low) / count)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    ticks = tuple(i * step for i in range(first, last + 1))
    if tight:
        return Scale(low, high, log=False, ticks=tuple(tick for tick in ticks if low <= tick <= high))
    return Scale(min(low, ticks[0]), max(high, ticks[-1]), log=False, ticks=ticks)


def short(value: float) -> str:
    """Return an axis number in few letters: `0.5`, `200`, `1.5K`, `3M`, `3.8e25`."""
    if abs(value) >= 1e15:
        return f"{value:.3g}".replace("e+", "e").replace("-", "−")
    for size, letter in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "K")):
        if abs(value) >= size * 0.9995:
            return f"{value / size:.3g}{letter}".replace("-", "−")
    return f"{value:.3g}".replace("-", "−")


def _log_scale(low: float, high: float, count: int) -> Scale:
    """Return a logarithmic axis whose ticks are 1, 2 and 5 times powers of ten, or of these every second or third where there are many."""
    if high < low * 1.05:
        low, high = low / 1.1, high * 1.1
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    choices = [[digit * 10.0**power for power in decades for digit in digits] for digits in ((1, 1.5, 2, 3, 5, 7), (1, 2, 5), (1, 3), (1,))]
    choices += [[10.0**power for power in decades if power % every == 0] for every in (2, 3, 5, 10)]
    inside = [tuple(tick for tick in ticks if low <= tick <= high) for ticks in choices]
    best = min(inside, key=lambda ticks: abs(len(ticks) - count))
    if len(best) < 2:
        best = tuple(tick for tick in scale(low, high, log=False, count=count).ticks if low <= tick <= high)
    return Scale(low, high, log=True, ticks=best)


def _round_step(step: float) -> float:
    """Return the smallest of 1, 2, 2.5, 5 and 10 times a power of ten that is at least `step`."""
    power: float = 10.0 ** math.floor(math.log10(step))
    return next(digit * power for digit in (1, 2, 2.5, 5, 10) if digit * power >= step * (1 - 1e-9))
