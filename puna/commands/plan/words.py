"""How a figure with doubt reads: its value, and in brackets where it may lie."""

from __future__ import annotations

from typing import TYPE_CHECKING

from puna.commands.plan.figures import count

if TYPE_CHECKING:
    from puna.plan.estimate import Estimate


def short(value: float) -> str:
    """Return a number with three digits and a letter for its thousands: 30.8M."""
    return count(value, digits=3)


def counted(number: float, one: str, more: str = "") -> str:
    """Return how many of a thing: `1 GPU`, `16,384 GPUs`, `0.5 days`."""
    figure = f"{number:,}" if isinstance(number, int) else f"{number:g}"
    return f"{figure} {one if number == 1 else more or f'{one}s'}"


def between(estimate: Estimate, *, percent: bool = False) -> str:
    """Return `value (low to high)`."""
    figures = [f"{100 * v:.1f} %" if percent else short(v) for v in (estimate.value, estimate.low, estimate.high)]
    return f"{figures[0]} ({figures[1]} to {figures[2]})" if estimate.low < estimate.high else figures[0]
