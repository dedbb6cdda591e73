"""A figure that is not known exactly, and how a plan's figures become JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Estimate:
    """A value with the interval that it lies in: 95 % where a fit gives it, else what its sources span. `low <= value <= high`."""

    value: float
    low: float
    high: float

    def __post_init__(self) -> None:
        assert self.low <= self.value <= self.high, (self.low, self.value, self.high)

    def scaled(self, factor: float) -> Estimate:
        """Return the estimate in another unit; `factor` is positive."""
        return Estimate(self.value * factor, self.low * factor, self.high * factor)


def plain(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Return figures as plain JSON at every depth: an `Estimate` under a key becomes its value there and `[low, high]` under the key and `_interval`."""
    found: dict[str, Any] = {}
    for key, figure in figures.items():
        found[key] = _plain(figure.value if isinstance(figure, Estimate) else figure)
        if isinstance(figure, Estimate):
            found[f"{key}_interval"] = [figure.low, figure.high]
    return found


def _plain(figure: Any) -> Any:
    if isinstance(figure, Mapping):
        return plain(figure)
    if isinstance(figure, (list, tuple)):
        return [plain(item) if isinstance(item, Mapping) else _plain(item) for item in figure]
    return figure
