"""`puna compare`: finished runs beside each other, runs of one recipe that differ in the seed alone as one with an interval."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from puna.recipe.comparing import Cell, Comparison, Row


def compare(
    runs: Annotated[
        list[Path], typer.Argument(metavar="RUN RUN...", help="Run directories, as 'puna raise' writes them.", show_default=False)
    ],
    html: Annotated[Path | None, typer.Option(help="Write the comparison as a page too.", show_default=False)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of tables.")] = False,
) -> None:
    """Put runs beside each other: what differs in their recipes, and what came of it."""
    import json

    from puna.files import write_text
    from puna.recipe import comparing
    from puna.recipe.comparing_page import page

    found = comparing.compare(runs)
    if html:
        write_text(html, page(found))
    if as_json:
        print(json.dumps(found.to_json(), indent=2, ensure_ascii=False))
    else:
        _show(found, html)


def _show(found: Comparison, html: Path | None) -> None:
    from rich.console import Console
    from rich.text import Text

    from puna.recipe.comparing_page import setting

    console = Console(highlight=False)
    for column in found.columns:
        if len(column.runs) > 1:
            seeds = ", ".join(str(run.seed) for run in column.runs)
            console.print(f"{column.label}: mean and 95% interval over seeds {seeds}", markup=False)
    settings = _table(found, "setting")
    for key, values in found.settings:
        settings.add_row(Text(key), *(Text(setting(value)) for value in values))
    console.print(settings if found.settings else "the recipes do not differ")
    console.print()
    console.print(_rows(found, "measured", found.measured))
    if found.claims:
        claims = _table(found, "claim")
        for claim in found.claims:
            verdicts = ("\n".join(filter(None, pair)) for pair in zip(_told(claim.cells), claim.verdicts, strict=True))
            claims.add_row(Text(f"{claim.id}\n{claim.unit}"), *verdicts)
        console.print()
        console.print(claims)
    shown = [row for row in found.figures if row.differs and "." not in row.name]
    console.print()
    console.print(_rows(found, "figures by stage", shown))
    rest = len(found.figures) - len(shown)
    console.print(f"{rest} figures more, the same everywhere or parts of others: --json and --html have them", markup=False)
    if html:
        console.print(f"page: {html}", markup=False, soft_wrap=True)


def _table(found: Comparison, first: str) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(first)
    for column in found.columns:
        table.add_column(Text(column.label), justify="right")
    return table


def _rows(found: Comparison, first: str, rows: Sequence[Row]) -> Table:
    """Return a table with a line for each group and its rows set in beneath it."""
    from itertools import groupby

    from rich.text import Text

    table = _table(found, first)
    for group, members in groupby(rows, key=lambda row: row.group):
        table.add_row(Text(group, style="bold"))
        for row in members:
            table.add_row(Text(f"  {row.name.replace('_', ' ')}"), *_told(row.cells))
    return table


def _told(cells: Sequence[Cell | None]) -> list[str]:
    return ["–" if cell is None else cell.told for cell in cells]
