"""A figure that is not known exactly, and how a plan's figures become JSON and the words of a page."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from puna.pages import words


@dataclass(frozen=True)
class Estimate:
    """A value with the interval that it lies in: 95 % where a fit gives it, else what its sources span. `low <= value <= high`, which is infinite where the interval has no end."""

    value: float
    low: float
    high: float

    def __post_init__(self) -> None:
        assert self.low <= self.value <= self.high, (self.low, self.value, self.high)

    def scaled(self, factor: float) -> Estimate:
        """Return the estimate in another unit; `factor` is positive."""
        return Estimate(self.value * factor, self.low * factor, self.high * factor)

    def plus(self, other: Estimate) -> Estimate:
        """Return the sum, low with low and high with high: what both allow at the most."""
        return Estimate(self.value + other.value, self.low + other.low, self.high + other.high)

    def reciprocal(self) -> Estimate:
        """Return one by the estimate, seconds a token of tokens a second; all of it is above 0."""
        return Estimate(1 / self.value, 1 / self.high, 1 / self.low)


def plain(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Return figures as plain JSON at every depth: an `Estimate` under a key becomes its value there and `[low, high]` under the key and `_interval`; an interval without an end has null there."""
    found: dict[str, Any] = {}
    for key, figure in figures.items():
        found[key] = _plain(figure.value if isinstance(figure, Estimate) else figure)
        if isinstance(figure, Estimate):
            found[f"{key}_interval"] = _plain([figure.low, figure.high])
    return found


def fact(label: str, value: Estimate | float | None, told: Callable[[float], str] = words.figure) -> tuple[str, ...]:
    """Return a page's fact: the label, the figure (`–` where there is none), and behind it the interval of an estimate."""
    if isinstance(value, Estimate) and value.low < value.high:
        return (
            label,
            told(value.value),
            f"{told(value.low)} to {told(value.high)}" if math.isfinite(value.high) else f"{told(value.low)} or more",
        )
    return label, "–" if value is None else told(point(value))


def within(value: Estimate | float | None, told: Callable[[float], str] = words.figure) -> str:
    """Return a figure and, in brackets, the interval that it lies in: `393B (174B to 743B)`."""
    _, figure, *interval = fact("", value, told)
    return f"{figure} ({interval[0]})" if interval else figure


def point(value: Estimate | float) -> float:
    """Return a figure without its interval."""
    return value.value if isinstance(value, Estimate) else value


def estimated(value: Estimate | float) -> Estimate:
    """Return a figure as an estimate; one without an interval is known."""
    return value if isinstance(value, Estimate) else Estimate(value, value, value)


def ends(value: Estimate | float) -> tuple[float, float]:
    """Return where a figure's interval begins and ends: at the figure itself where it has none."""
    return (value.low, value.high) if isinstance(value, Estimate) else (value, value)


def _plain(figure: Any) -> Any:
    if isinstance(figure, Mapping):
        return plain(figure)
    if isinstance(figure, (list, tuple)):
        return [plain(item) if isinstance(item, Mapping) else _plain(item) for item in figure]
    # JSON has no infinity.
    return None if isinstance(figure, float) and math.isinf(figure) else figure
