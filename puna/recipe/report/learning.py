"""How models learnt: their loss over the tokens that they were trained on, and over the time that it took, as curves beside each other.

The losses of single batches scatter, most of all late, where little is left to learn: a curve is a running mean over the last eighth of its steps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from puna.pages import charts
from puna.pages.charts import Axis, Colour, Line

Curves = Mapping[str, Mapping[str, Any]]
"""Of each model by its stage: `tokens`, `seconds`, `loss` and `bits_per_byte`, one value a point, as report.json has them."""
AXES = {"tokens": ("Loss against tokens", "tokens, logarithmic"), "seconds": ("Loss against time", "seconds")}


def groups(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a group of curves for each kind of training, against tokens and against time: their losses are of different texts."""
    kinds = {stage["name"]: stage["kind"] for stage in content["stages"]}
    found: dict[str, list[str]] = {}
    for name, curve in content["curves"].items():
        if any(value is not None for value in (*curve["bits_per_byte"], *curve["loss"])):
            found.setdefault(kinds[name], []).append(name)
    return [_group(kind, {name: content["curves"][name] for name in names}) for kind, names in found.items()]


def losses(curves: Curves, *, over: str = "tokens", colour: Callable[[int], Colour] = lambda i: i) -> list[Line]:
    """Return a smoothed curve for each model over its `tokens` or `seconds`: of bits per byte where all have them, else of loss."""
    measure, _ = _measure(curves)
    return [Line(name, *_smooth(curve[over], curve[measure]), colour(i)) for i, (name, curve) in enumerate(curves.items())]


def picture(curves: Curves, lines: Sequence[Line], *, over: str = "tokens") -> dict[str, str]:
    """Return the chart of `losses`: its `title` and its `svg`."""
    title, across = AXES[over]
    svg = charts.chart(lines, title=title, x=Axis(across, log=over == "tokens"), y=Axis(_measure(curves)[1], log=True))
    return {"title": title, "svg": svg}


def _group(kind: str, curves: Curves) -> dict[str, Any]:
    timed = all(any(curve.get("seconds", [])) for curve in curves.values())
    drawn = {over: losses(curves, over=over) for over in (("tokens", "seconds") if timed else ("tokens",))}
    legend = [{"name": line.label, "colour": i % charts.COLOURS, "final": line.ys[-1]} for i, line in enumerate(drawn["tokens"])]
    pictures = [picture(curves, lines, over=over) for over, lines in drawn.items()]
    return {"kind": kind, "unit": _measure(curves)[1], "charts": pictures, "legend": legend}


def _measure(curves: Curves) -> tuple[str, str]:
    """Return the key of what all curves have, and its unit."""
    per_byte = all(any(value is not None for value in curve["bits_per_byte"]) for curve in curves.values())
    return ("bits_per_byte", "bits per byte") if per_byte else ("loss", "nats per token")


def _smooth(xs: Sequence[float], ys: Sequence[float | None]) -> tuple[list[float], list[float]]:
    """Return the points that were measured, each the mean over the last eighth of the points so far."""
    points = [(x, y) for x, y in zip(xs, ys, strict=True) if y is not None]
    recent = [points[max(0, i - max(2, i // 8)) : i + 1] for i in range(len(points))]
    return [x for x, _ in points], [sum(y for _, y in piece) / len(piece) for piece in recent]
