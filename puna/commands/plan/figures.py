"""How the planner's figures read: three digits, a unit, and the interval behind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from puna.plan.estimate import point

__all__ = ["count", "figure", "number", "point", "power", "print_facts", "print_notes", "share", "with_interval"]

_UNITS = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "K"))


def count(value: float, *, digits: int = 4) -> str:
    """Return a number of things with so many digits: 402.8B, 16.6T, 950. The unit is that of the rounded number: a million less one is 1M and not 1,000K."""
    rounded = abs(float(f"{value:.{digits}g}"))
    size, unit = next((pair for pair in _UNITS if rounded >= pair[0]), (1.0, ""))
    # Trillions of parameters by a wild law should not fill the line.
    return f"{value:.3g}" if rounded >= 1e16 else f"{value / size:,.{digits}g}{unit}"


def share(value: float) -> str:
    """Return a share in per cent."""
    return f"{100 * value:.3g} %"


def figure(value: float) -> str:
    """Return a plain figure."""
    return f"{value:.4g}"


def power(value: float) -> str:
    """Return FLOPs: 3.8e25."""
    mantissa, exponent = f"{value:.3g}" if 1e-3 < value < 1e3 else f"{value:.2e}", ""
    if "e" in mantissa:
        mantissa, exponent = mantissa.split("e")
        return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"
    return mantissa


def with_interval(value: Any, told: Any = figure) -> str:
    """Return a figure, and where it is an estimate its interval: `393B (205B – 787B)`; `–` where there is none."""
    from puna.plan.estimate import Estimate

    if value is None:
        return "–"
    if isinstance(value, Estimate) and value.high == float("inf"):
        return f"{told(value.value)} ({told(value.low)} or more)"
    if isinstance(value, Estimate) and told(value.low) != told(value.high):
        return f"{told(value.value)} ({told(value.low)} – {told(value.high)})"
    return str(told(point(value)))


def print_facts(facts: Mapping[str, str]) -> None:
    """Print names and what they are, a line each."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts.items():
        table.add_row(name, value)
    Console(highlight=False, markup=False).print(table)


def print_notes(warnings: Iterable[str], sources: Sequence[str]) -> None:
    """Print what to mind, then where the constants come from."""
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, markup=False)
    for style, lines in (("yellow", [f"! {line}" for line in warnings]), ("dim", [f"Source: {line}" for line in dict.fromkeys(sources)])):
        for line in lines:
            console.print(Text(line, style=style))


def number(text: str, *, what: str) -> float:
    """Return the number that a person writes for a size: `8.03e9`, `8B`, `15T`, `40M`. Raises `ConfigError`."""
    import math

    from puna.errors import ConfigError

    unit = {name.lower(): size for size, name in _UNITS}.get(text[-1:].lower())
    try:
        value = float(text[:-1]) * unit if unit else float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        raise ConfigError(f"{what} {text}: give a number above 0, such as 8.03e9, 8B or 15T")
    return value
