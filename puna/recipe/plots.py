"""Plots for the report: small SVG pictures inside the page, in the page's own colours, so that they follow light and dark.

matplotlib draws with placeholder colours; they become CSS variables afterwards. Text stays text (searchable, in the page's font), and nothing is random, so the
same run gives the same picture.
"""

from __future__ import annotations

import html
import io
import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# Colours that matplotlib draws with, and the CSS that stands in the page instead.
INK, FAINT, LINES = "#010101", "#020202", ("#030303", "#040404", "#050505", "#060606")
CSS = {INK: "var(--ink)", FAINT: "var(--rule)", **{line: f"var(--line{i})" for i, line in enumerate(LINES)}}


@dataclass(frozen=True)
class Line:
    """One curve. `xs` and `ys` have equal lengths."""

    label: str
    xs: Sequence[float]
    ys: Sequence[float]


@dataclass(frozen=True)
class Interval:
    """One side of a claim: a value with its interval."""

    label: str
    value: float
    low: float
    high: float


def curves(lines: Sequence[Line], *, title: str, x: str, y: str, levels: Mapping[str, float] | None = None) -> str:
    """Return an SVG of curves over a shared axis; `levels` are dashed horizontal lines by name (a control to pass)."""
    from matplotlib.ticker import EngFormatter, MaxNLocator

    figure, axes = _axes(height=2.5)
    for line, colour in zip(lines, itertools.cycle(LINES), strict=False):
        axes.plot(line.xs, line.ys, color=colour, linewidth=1.6, label=line.label)
    for name, level in (levels or {}).items():
        axes.axhline(level, color=INK, linewidth=0.9, linestyle=(0, (4, 3)), label=name)
    axes.set(xlabel=x, ylabel=y)
    axes.set_title(title, loc="left", fontsize=10, color=INK)
    axes.xaxis.set_major_formatter(EngFormatter(sep=""))
    if max((max(line.ys, default=0) for line in lines), default=0) >= 1000:
        axes.yaxis.set_major_formatter(EngFormatter(sep=""))
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.grid(axis="y", color=FAINT, linewidth=0.6)
    if len(lines) + len(levels or {}) > 1:
        axes.legend(frameon=False, fontsize=8.5, labelcolor=INK)
    return _svg(figure, alt=f"{title}: {y} over {x}")


def intervals(sides: Sequence[Interval], *, unit: str) -> str:
    """Return an SVG with one row a side: a dot for the value, a bar for its interval. The first side is the one that the claim is about."""
    figure, axes = _axes(height=0.55 + 0.33 * len(sides))
    for row, side in enumerate(sides):
        colour = LINES[0] if row == 0 else INK
        axes.plot([side.low, side.high], [row, row], color=colour, linewidth=2.2, solid_capstyle="butt", alpha=0.45)
        axes.plot([side.value], [row], "o", color=colour, markersize=5.5)
    axes.set_yticks(range(len(sides)), [side.label for side in sides])
    axes.set_ylim(len(sides) - 0.4, -0.6)
    axes.set_xlabel(unit)
    axes.margins(x=0.08)
    axes.grid(axis="x", color=FAINT, linewidth=0.6)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    return _svg(figure, alt="; ".join(f"{side.label}: {side.value:.4g} ({side.low:.4g} to {side.high:.4g}) {unit}" for side in sides))


def _axes(*, height: float) -> tuple[Any, Any]:
    """Return a figure and its axes, `height` in inches, drawn in the placeholder colours."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.4, height), layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(FAINT)
    axes.tick_params(colors=INK, labelsize=8.5)
    for text in (axes.xaxis.label, axes.yaxis.label):
        text.set(color=INK, fontsize=9)
    return figure, axes


def _svg(figure: Any, *, alt: str) -> str:
    """Draw `figure` and make it part of a page: no XML head, sizes by CSS, colours by variable, words for those who cannot see it."""
    import matplotlib as mpl

    text = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": alt}):
        figure.savefig(text, format="svg", transparent=True, metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    svg = text.getvalue()
    box = re.search(r'viewBox="[^"]*"', svg)
    assert box is not None
    body = svg[svg.index(">", box.end()) + 1 :]
    # Several pictures share one page: only the ids that something refers to (clips and markers, hashed) may stay.
    body = re.sub(r' id="[a-z0-9]+_[^"]*"', "", body)
    body = re.sub(r"font: ([\d.]+px)[^;\"]*", r"font: \1 var(--sans)", body)
    for colour, css in CSS.items():
        body = body.replace(colour, css)
    return f'<svg {box.group()} role="img" aria-label="{html.escape(alt)}" xmlns:xlink="http://www.w3.org/1999/xlink">{body}'
