"""Plots that are laid out in rows: forest plots of intervals, and bars. SVG inside the page, in its own colours and at its own text size.

A picture that is scaled as a whole has unreadable words on a phone and huge ones on a desktop. So nothing here has a fixed width: places across are percentages, and text
stays the page's text. Colours are CSS classes of the page, which follow light, dark and print. No script, no asset, nothing random: the same run gives the same picture.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

from puna.pages.scales import Scale, scale, short

ROW, AXIS = 24, 24
# Where a row's values lie, in percent of its width: its marks and the words under its ticks need room at both ends.
FIRST, LAST = 5.0, 95.0


@dataclass(frozen=True)
class Interval:
    """One row of a forest plot: a value, and its interval where it has one. `tone` names the CSS class that it is drawn in."""

    label: str
    value: float
    low: float | None
    high: float | None
    tone: str = "plain"


@dataclass(frozen=True)
class Forest:
    """A forest plot in pieces, for the page to lay out: one SVG a row, in the rows' order, and the axis beneath them."""

    rows: tuple[str, ...]
    axis: str


def forest(rows: Sequence[Interval], *, unit: str, zero: bool = False, log: bool = False) -> Forest:
    """Return a forest plot: a dot for each value, a bar for its interval, all on one axis; `zero` keeps the line of no difference in sight. A `log` one needs values above 0."""
    values = [value for row in rows for value in (row.value, row.low, row.high) if value is not None] + ([0.0] if zero else [])
    across = scale(min(values), max(values), log=log)
    return Forest(tuple(_forest_row(row, across, unit, zero=zero) for row in rows), _forest_axis(across))


def bars(segments: Sequence[Sequence[tuple[str, float]]], *, labels: Sequence[str], limit: float = 0.0) -> list[str]:
    """Return one SVG bar a row, all to one scale: each of its segments has a CSS class and a size. `labels` say each row in words; a line stands at `limit`, where it is above 0."""
    longest = max([limit, *(sum(size for _, size in row) for row in segments)]) or 1
    drawn = []
    for row, label in zip(segments, labels, strict=True):
        parts, start = [_named(label)], 0.0
        for tone, size in row:
            parts.append(f'<rect class="{tone}" x="{100 * start / longest:.3f}%" width="{100 * size / longest:.3f}%" y="0" height="100%"/>')
            start += size
        if limit:
            parts.append(f'<line class="limit" x1="{100 * limit / longest:.3f}%" x2="{100 * limit / longest:.3f}%" y1="-3" y2="17"/>')
        drawn.append(f'<svg class="bar" role="img" width="100%" height="14">{"".join(parts)}</svg>')
    return drawn


def _place(across: Scale, value: float) -> str:
    return f"{FIRST + (LAST - FIRST) * across.at(value):.2f}%"


def _forest_row(row: Interval, across: Scale, unit: str, *, zero: bool) -> str:
    words = f"{row.label}: {row.value:.4g}" + (
        f" ({row.low:.4g} to {row.high:.4g})" if row.low is not None and row.high is not None else ""
    )
    parts = [_named(f"{words} {unit}".rstrip()), *(_upright(across, tick, zero=zero) for tick in across.ticks)]
    if row.low is not None and row.high is not None:
        low, high = _place(across, row.low), _place(across, row.high)
        parts.append(f'<line class="range" x1="{low}" x2="{high}" y1="{ROW / 2}" y2="{ROW / 2}"/>')
        parts += [f'<line class="end" x1="{x}" x2="{x}" y1="{ROW / 2 - 4}" y2="{ROW / 2 + 4}"/>' for x in (low, high)]
    parts.append(f'<circle cx="{_place(across, row.value)}" cy="{ROW / 2}" r="4.5"/>')
    return f'<svg class="row {html.escape(row.tone)}" role="img" width="100%" height="{ROW}">{"".join(parts)}</svg>'


def _forest_axis(across: Scale) -> str:
    # Every second tick keeps its words where there are many: they must not touch on a phone.
    every = 1 if len(across.ticks) <= 5 else 2
    spoken = [tick for i, tick in enumerate(across.ticks) if (i - across.ticks.index(0.0) if 0.0 in across.ticks else i) % every == 0]
    words = "".join(f'<text x="{_place(across, tick)}" y="15" text-anchor="middle">{short(tick)}</text>' for tick in spoken)
    return f'<svg class="axis" aria-hidden="true" width="100%" height="{AXIS}">{words}</svg>'


def _upright(across: Scale, tick: float, *, zero: bool) -> str:
    place = _place(across, tick)
    return f'<line class="{"zero" if zero and tick == 0 else "grid"}" x1="{place}" x2="{place}" y1="0" y2="{ROW}"/>'


def _named(words: str) -> str:
    return f"<title>{html.escape(words)}</title>"
