"""From parts to a page: the templates that rooms bring, and the style and the macros that all pages share.

A page is one file: no script, nothing from outside, good on a phone, in the dark and in print.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from puna.pages import row_plots, words
from puna.pages.charts import COLOURS, SHADES


def rendered(room: str, template: str, **parts: Any) -> str:
    """Return the page that `room`'s `template` makes of `parts`, all of them escaped; it may include what lies here."""
    import jinja2

    places = [jinja2.PackageLoader(package, ".") for package in (room, "puna.pages")]
    environment = jinja2.Environment(
        loader=jinja2.ChoiceLoader(places), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )  # fmt: skip
    environment.filters.update(
        figure=words.figure, signed=words.signed, told=words.told, duration=words.duration, size=words.size, measured=words.measured
    )
    environment.globals.update(colours=[f"c{i}" for i in range(COLOURS)] + [f"s{i}" for i in range(SHADES)])
    return environment.get_template(template).render(**parts)


def forest(rows: Sequence[tuple[str, Mapping[str, Any], str]], *, unit: str, zero: bool = False) -> dict[str, Any]:
    """Return a forest plot for the template: each row a label, a measurement and the class that it is drawn in."""
    drawn = row_plots.forest(
        [row_plots.Interval(label, value["value"], value.get("low"), value.get("high"), tone) for label, value, tone in rows], unit=unit, zero=zero
    )  # fmt: skip
    lines = [{"label": label, "svg": svg, "value": value, "tone": tone} for (label, value, tone), svg in zip(rows, drawn.rows, strict=True)]
    return {"rows": lines, "axis": drawn.axis, "unit": unit, "zero": zero}
