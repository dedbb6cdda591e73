"""Charts over two axes: curves, dots, bands and marked lines. SVG inside the page, as wide as the page lets it be.

Only curves and bands lie in a box that stretches, and their strokes do not; dots and words keep their size and have places in percent. Colours are the page's own: by number for
things of different kinds, and `shade` for things in an order, such as budgets.
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from puna.pages.scales import Scale, scale, short

COLOURS, SHADES = 8, 10
TOP, FOOT, WORDS = 10, 44, 15
# A letter's width and a plot's on a phone, in pixels: words that do not fit there on the right of their line stand on its left.
LETTER, NARROW = 7, 260

Colour = int | str
"""A number, or the class that `shade` gives."""


@dataclass(frozen=True)
class Line:
    """A curve through points. `xs` and `ys` have equal lengths; a `dashed` one is not measured but drawn out."""

    label: str
    xs: Sequence[float]
    ys: Sequence[float]
    colour: Colour
    dashed: bool = False


@dataclass(frozen=True)
class Dots:
    """Points by themselves. `hollow` ones are of another kind than full ones; `lows` and `highs`, where there are any, are the ends of their intervals."""

    label: str
    xs: Sequence[float]
    ys: Sequence[float]
    colour: Colour
    hollow: bool = False
    lows: Sequence[float] = ()
    highs: Sequence[float] = ()


@dataclass(frozen=True)
class Band:
    """The room between two curves: an interval at each of `xs`."""

    label: str
    xs: Sequence[float]
    lows: Sequence[float]
    highs: Sequence[float]
    colour: Colour


@dataclass(frozen=True)
class Upright:
    """A vertical line at `x` with words at its head. `tone` is limit, chosen or zero: a bound, what was taken, and any other place."""

    label: str
    x: float
    tone: str = "limit"


@dataclass(frozen=True)
class Level:
    """A horizontal line at `y` with words at its left end, where there are any."""

    label: str
    y: float
    tone: str = "limit"


Mark = Line | Dots | Band | Upright | Level


@dataclass(frozen=True)
class Axis:
    """What an axis measures. A `log` one becomes linear where a value is not positive."""

    unit: str
    log: bool = False


def shade(index: int, count: int) -> str:
    """Return the colour of one of `count` things in an order; neighbours look alike."""
    return f"s{round((SHADES - 1) * index / max(count - 1, 1))}"


def colour_class(colour: Colour) -> str:
    """Return the class that the page draws a colour in."""
    return colour if isinstance(colour, str) else f"c{colour % COLOURS}"


def chart(marks: Sequence[Mark], *, title: str, x: Axis, y: Axis, height: int = 230) -> str:
    """Return an SVG, `height` pixels high and a line of words more for each upright. Needs one point at least; marks that come first lie below the others."""
    xs, ys = [value for mark in marks for value in _xs(mark)], [value for mark in marks for value in _ys(mark)]
    assert xs
    assert ys
    across = scale(min(xs), max(xs), log=x.log and min(xs) > 0, tight=True)
    heads = _heads([mark for mark in marks if isinstance(mark, Upright)], across)
    top = TOP + WORDS * len(heads)
    plot = _Plot(across, scale(min(ys), max(ys), log=y.log and min(ys) > 0, count=5), top, height - FOOT + top - TOP, heads)
    told = "; ".join(_told(mark) for mark in marks)
    parts = [f"<title>{html.escape(f'{title}: {y.unit} over {x.unit}. {told}')}</title>", *plot.axes(x.unit)]
    for mark in marks:
        parts += plot.drawn(mark)
    return f'<svg class="curves" role="img" height="{plot.bottom + FOOT}">{"".join(parts)}</svg>'


def _heads(uprights: Sequence[Upright], across: Scale) -> dict[Upright, tuple[int, bool]]:
    """Return where each upright has its words: the row above the plot, and whether to its left. No line begins above words that it would cut, and no words lie on others."""
    left = {mark: LETTER * len(mark.label) > NARROW * (1 - across.at(mark.x)) for mark in uprights}
    ordered = sorted(left, key=lambda mark: (not left[mark], -mark.x if left[mark] else mark.x))
    return {mark: (row, left[mark]) for row, mark in enumerate(ordered)}


def _xs(mark: Mark) -> Sequence[float]:
    return [mark.x] if isinstance(mark, Upright) else [] if isinstance(mark, Level) else mark.xs


def _ys(mark: Mark) -> Sequence[float]:
    if isinstance(mark, Band):
        return [*mark.lows, *mark.highs]
    if isinstance(mark, Dots):
        return [*mark.ys, *mark.lows, *mark.highs]
    return [mark.y] if isinstance(mark, Level) else [] if isinstance(mark, Upright) else mark.ys


def _told(mark: Mark) -> str:
    """Say a mark in words, for those who do not see it."""
    match mark:
        case Line():
            return f"{mark.label} ends at {short(mark.ys[-1])}"
        case Dots():
            return f"{mark.label}: {len(mark.xs)} points"
        case Band():
            return f"{mark.label}: {short(mark.lows[-1])} to {short(mark.highs[-1])} at the end"
        case Upright():
            return f"{mark.label} at {short(mark.x)}"
        case Level():
            return f"{mark.label} at {short(mark.y)}"


@dataclass(frozen=True)
class _Plot:
    """Where things lie: `across` and `up` map values to 0..1, and the plot reaches from `head` to `bottom`, in pixels."""

    across: Scale
    up: Scale
    head: int
    bottom: int
    heads: Mapping[Upright, tuple[int, bool]]

    def left(self, x: float) -> str:
        return f"{100 * self.across.at(x):.2f}%"

    def top(self, y: float) -> float:
        return self.head + (1 - self.up.at(y)) * (self.bottom - self.head)

    def axes(self, unit: str) -> Iterator[str]:
        for tick in self.up.ticks:
            y = self.top(tick)
            yield f'<line class="grid" x1="0" x2="100%" y1="{y:.1f}" y2="{y:.1f}"/>'
            # Left of the picture: the page leaves a margin there and lets it show.
            yield f'<text x="-8" y="{y + 4:.1f}" text-anchor="end">{short(tick)}</text>'
        for tick in self.across.ticks:
            place = self.left(tick)
            yield f'<line class="tick" x1="{place}" x2="{place}" y1="{self.bottom}" y2="{self.bottom + 4}"/>'
            yield f'<text x="{place}" y="{self.bottom + 18}" text-anchor="middle">{short(tick)}</text>'
        yield f'<line class="tick" x1="0" x2="100%" y1="{self.bottom}" y2="{self.bottom}"/>'
        yield f'<text class="unit" x="100%" y="{self.bottom + 37}" text-anchor="end">{html.escape(unit)}</text>'

    def drawn(self, mark: Mark) -> Iterator[str]:
        match mark:
            case Line():
                kind = f"curve {colour_class(mark.colour)}{' dashed' if mark.dashed else ''}"
                yield self._stretched(
                    f'<polyline class="{kind}" points="{self._places(mark.xs, mark.ys)}" vector-effect="non-scaling-stroke"/>'
                )
            case Band():
                places = f"{self._places(mark.xs, mark.highs)} {self._places(mark.xs[::-1], mark.lows[::-1])}"
                yield self._stretched(f'<polygon class="band {colour_class(mark.colour)}" points="{places}"/>')
            case Dots():
                colour = colour_class(mark.colour)
                for x, low, high in zip(mark.xs, mark.lows, mark.highs, strict=False):
                    yield f'<line class="whisker {colour}" x1="{self.left(x)}" x2="{self.left(x)}" y1="{self.top(low):.1f}" y2="{self.top(high):.1f}"/>'
                for x, y in zip(mark.xs, mark.ys, strict=True):
                    yield f'<circle class="dot {colour}{" hollow" if mark.hollow else ""}" cx="{self.left(x)}" cy="{self.top(y):.1f}" r="3.5"/>'
            case Upright():
                row, on_left = self.heads[mark]
                place, y = self.left(mark.x), TOP + WORDS * row
                side = 'text-anchor="end" dx="-5"' if on_left else 'dx="5"'
                yield f'<line class="{mark.tone}" x1="{place}" x2="{place}" y1="{y}" y2="{self.bottom}"/>'
                yield f'<text class="on" x="{place}" y="{y + 8}" {side}>{html.escape(mark.label)}</text>'
            case Level():
                y = self.top(mark.y)
                yield f'<line class="{mark.tone}" x1="0" x2="100%" y1="{y:.1f}" y2="{y:.1f}"/>'
                yield f'<text class="on" x="0" dx="5" y="{y - 5:.1f}">{html.escape(mark.label)}</text>'

    def _places(self, xs: Sequence[float], ys: Sequence[float]) -> str:
        return " ".join(f"{1000 * self.across.at(x):.1f},{1000 - 1000 * self.up.at(y):.1f}" for x, y in zip(xs, ys, strict=True))

    def _stretched(self, inside: str) -> str:
        box = 'viewBox="0 0 1000 1000" preserveAspectRatio="none" overflow="visible"'
        return f'<svg x="0" y="{self.head}" width="100%" height="{self.bottom - self.head}" {box}>{inside}</svg>'
