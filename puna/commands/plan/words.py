"""How a figure with doubt reads: its value, and in brackets where it may lie."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from puna.plan.estimate import Estimate

_SCALES = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def short(value: float) -> str:
    """Return a number with three digits and a letter for its thousands: 30.8M."""
    for scale, letter in _SCALES:
        if abs(value) >= scale:
            return f"{value / scale:.3g}{letter}" if abs(value) < 999.5 * scale else f"{value / scale:,.0f}{letter}"
    return f"{value:.3g}"


def counted(number: float, one: str, more: str = "") -> str:
    """Return how many of a thing: `1 GPU`, `16,384 GPUs`, `0.5 days`."""
    figure = f"{number:,}" if isinstance(number, int) else f"{number:g}"
    return f"{figure} {one if number == 1 else more or f'{one}s'}"


def between(estimate: Estimate, *, percent: bool = False) -> str:
    """Return `value (low to high)`."""
    figures = [f"{100 * v:.1f} %" if percent else short(v) for v in (estimate.value, estimate.low, estimate.high)]
    return f"{figures[0]} ({figures[1]} to {figures[2]})" if estimate.low < estimate.high else figures[0]
