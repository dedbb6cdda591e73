"""Plots for the pages: SVG written by hand, inside the page, in its own colours and at its own text size.

A picture that is scaled as a whole has unreadable words on a phone and huge ones on a desktop. So nothing here has a fixed width: places across are percentages, text
stays the page's text, and only the curves lie in a box that stretches (their strokes do not). Colours are the page's CSS variables and follow light, dark and
print. No script, no asset, nothing random: the same run gives the same picture.
"""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass

COLOURS = 8
ROW, AXIS = 24, 24
# Where a row's values lie, in percent of its width: its marks and the words under its ticks need room at both ends.
FIRST, LAST = 5.0, 95.0


@dataclass(frozen=True)
class Line:
    """One curve. `xs` and `ys` have equal lengths; `colour` is the number of one of the page's colours."""

    label: str
    xs: Sequence[float]
    ys: Sequence[float]
    colour: int


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


def curves(lines: Sequence[Line], *, title: str, unit_x: str, unit_y: str, log_x: bool = False, height: int = 230) -> str:
    """Return an SVG of curves, `height` pixels high, over one logarithmic y axis (a linear one where a value is not positive). Needs one point at least."""
    points = [(x, y) for line in lines for x, y in zip(line.xs, line.ys, strict=True)]
    assert points
    xs, ys = [x for x, _ in points], [y for _, y in points]
    across, up = scale(min(xs), max(xs), log=log_x and min(xs) > 0, tight=True), scale(min(ys), max(ys), log=min(ys) > 0, count=5)
    top, bottom = 10, height - 44
    parts = [_named(f"{title}: {unit_y} over {unit_x}. " + "; ".join(f"{line.label} ends at {short(line.ys[-1])}" for line in lines))]
    for tick in up.ticks:
        y = top + (1 - up.at(tick)) * (bottom - top)
        parts.append(f'<line class="grid" x1="0" x2="100%" y1="{y:.1f}" y2="{y:.1f}"/>')
        # Left of the picture: the page leaves a margin there and lets it show.
        parts.append(f'<text x="-8" y="{y + 4:.1f}" text-anchor="end">{short(tick)}</text>')
    for tick in across.ticks:
        place = f"{100 * across.at(tick):.2f}%"
        parts.append(f'<line class="tick" x1="{place}" x2="{place}" y1="{bottom}" y2="{bottom + 4}"/>')
        parts.append(f'<text x="{place}" y="{bottom + 18}" text-anchor="middle">{short(tick)}</text>')
    parts.append(f'<line class="tick" x1="0" x2="100%" y1="{bottom}" y2="{bottom}"/>')
    parts.append(f'<text class="unit" x="100%" y="{bottom + 37}" text-anchor="end">{html.escape(unit_x)}</text>')
    box = 'viewBox="0 0 1000 1000" preserveAspectRatio="none" overflow="visible"'
    parts.append(f'<svg x="0" y="{top}" width="100%" height="{bottom - top}" {box}>')
    for line in lines:
        places = " ".join(f"{1000 * across.at(x):.1f},{1000 - 1000 * up.at(y):.1f}" for x, y in zip(line.xs, line.ys, strict=True))
        parts.append(f'<polyline class="curve c{line.colour % COLOURS}" points="{places}" vector-effect="non-scaling-stroke"/>')
    parts.append("</svg>")
    return f'<svg class="curves" role="img" height="{height}">{"".join(parts)}</svg>'


def forest(rows: Sequence[Interval], *, unit: str, zero: bool = False) -> Forest:
    """Return a forest plot: a dot for each value, a bar for its interval, all on one axis; `zero` keeps the line of no difference in sight."""
    values = [value for row in rows for value in (row.value, row.low, row.high) if value is not None] + ([0.0] if zero else [])
    across = scale(min(values), max(values), log=False)
    return Forest(tuple(_forest_row(row, across, unit, zero=zero) for row in rows), _forest_axis(across))


def bars(segments: Sequence[Sequence[tuple[str, float]]], *, labels: Sequence[str]) -> list[str]:
    """Return one SVG bar a row, all to one scale: each of its segments has a CSS class and a size. `labels` say each row in words."""
    longest = max((sum(size for _, size in row) for row in segments), default=0) or 1
    drawn = []
    for row, label in zip(segments, labels, strict=True):
        parts, start = [_named(label)], 0.0
        for tone, size in row:
            parts.append(f'<rect class="{tone}" x="{100 * start / longest:.3f}%" width="{100 * size / longest:.3f}%" y="0" height="100%"/>')
            start += size
        drawn.append(f'<svg class="bar" role="img" width="100%" height="14">{"".join(parts)}</svg>')
    return drawn


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
    """Return an axis number in few letters: `0.5`, `200`, `1.5K`, `3M`."""
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
    inside = [tuple(tick for tick in ticks if low <= tick <= high) for ticks in choices]
    best = min(inside, key=lambda ticks: abs(len(ticks) - count))
    if len(best) < 2:
        best = tuple(tick for tick in scale(low, high, log=False, count=count).ticks if low <= tick <= high)
    return Scale(low, high, log=True, ticks=best)


def _round_step(step: float) -> float:
    """Return the smallest of 1, 2, 2.5, 5 and 10 times a power of ten that is at least `step`."""
    power: float = 10.0 ** math.floor(math.log10(step))
    return next(digit * power for digit in (1, 2, 2.5, 5, 10) if digit * power >= step * (1 - 1e-9))


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
