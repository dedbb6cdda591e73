"""How the pages write numbers: three significant digits, thousands apart, a true minus sign."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from puna.pages.scales import short


def figure(value: float) -> str:
    """Return a number with about three significant digits: `0.123`, `12.3`, `1,234`, `2.05T`."""
    size = abs(value)
    if size >= 1e6:
        return short(value)
    text = f"{value:,.0f}" if size >= 100 else f"{value:.1f}" if size >= 10 else f"{value:.2f}" if size >= 1 else f"{value:.3f}"
    return text.replace("-", "−")


def signed(value: float) -> str:
    return ("+" if value > 0 else "") + figure(value)


def told(value: Any) -> str:
    """Return whatever a figure of a stage or a claim may be: a number, a measurement with its interval, or words."""
    if isinstance(value, Mapping) and "value" in value:
        return measured(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return {True: "yes", False: "no", None: "–"}.get(value, str(value)) if isinstance(value, bool | None) else str(value)
    return f"{value:,}" if isinstance(value, int) else figure(value)


def measured(value: Mapping[str, Any]) -> str:
    """Return a measurement with its interval, where it has one: `0.357 (0.328 – 0.388)`."""
    text = figure(value["value"])
    return text if value.get("low") is None else f"{text} ({figure(value['low'])} – {figure(value['high'])})"


def duration(seconds: float) -> str:
    """Return seconds as people would say them: `0.9 s`, `45 s`, `4 min 10 s`, `3 h 20 min`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 100:
        return f"{seconds:.0f} s"
    if seconds < 3600:
        return f"{seconds // 60:.0f} min {seconds % 60:.0f} s"
    return f"{seconds // 3600:,.0f} h {seconds % 3600 // 60:.0f} min"


def size(count: float) -> str:
    """Return a number of bytes in the unit of its thousands: `2.60 MB`."""
    for bytes_, unit in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "KB")):
        if count >= bytes_:
            return f"{count / bytes_:.3g} {unit}"
    return f"{count:,.0f} B"
