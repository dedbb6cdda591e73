"""A sheet: the page of one question's answer, as facts at the top and sections of pictures and tables below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from puna.pages.charts import Band, Dots, Line, Mark, colour_class
from puna.pages.templates import rendered


@dataclass(frozen=True)
class Picture:
    """An SVG with its caption, and the colours that its legend names."""

    caption: str
    svg: str
    legend: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class Table:
    """Rows of words under a head; columns numbered in `left` are words, the others figures. Rows numbered in `marked` stand out; `bars`, an SVG a row, follow column `after`."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    left: frozenset[int] = frozenset({0})
    marked: frozenset[int] = frozenset()
    bars: Sequence[str] = ()
    after: int = 0


@dataclass(frozen=True)
class BarRow:
    """A bar with its label and its figure: an SVG of `row_plots.bars`."""

    label: str
    svg: str
    value: str


@dataclass(frozen=True)
class Section:
    """A heading, words, pictures, bars and a table, whichever there are; `legend` names the bars' colours."""

    title: str
    words: Sequence[str] = ()
    pictures: Sequence[Picture] = ()
    bars: Sequence[BarRow] = ()
    table: Table | None = None
    legend: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class Sheet:
    """The whole page. `facts` are a label and a figure each, with its interval behind it where it has one; `notes` and `sources` stand at its foot."""

    title: str
    lead: str
    facts: Sequence[tuple[str, ...]] = ()
    sections: Sequence[Section] = ()
    notes: Sequence[str] = ()
    sources: Sequence[str] = ()

    def page(self) -> str:
        """Return the sheet as one offline HTML page, everything in it escaped but the pictures."""
        return rendered("puna.pages", "sheet.html.j2", sheet=self)


def legend_of(marks: Sequence[Mark]) -> tuple[tuple[str, str], ...]:
    """Return the legend of a chart's coloured marks, each label once: the label, and the classes of its colour and its kind."""
    found: dict[str, str] = {}
    for mark in marks:
        if isinstance(mark, (Line, Dots, Band)) and mark.label:
            found.setdefault(mark.label, f"{colour_class(mark.colour)} {_kind(mark)}")
    return tuple(found.items())


def _kind(mark: Line | Dots | Band) -> str:
    if isinstance(mark, Band):
        return "range"
    if isinstance(mark, Dots):
        return "round hollow" if mark.hollow else "round"
    return "line dashed" if mark.dashed else "line"
