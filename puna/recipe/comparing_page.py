"""The page of a comparison: the same style as a run's own, every run in a colour of its own."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from puna.pages import charts
from puna.pages.templates import forest, rendered
from puna.recipe.comparing import Cell, Column, Comparison, Row, Verdict


def page(found: Comparison) -> str:
    """Return a comparison as one offline HTML page."""
    groups: dict[str, list[Row]] = {}
    for row in found.measured:
        groups.setdefault(row.group, []).append(row)
    settings = [(key, [setting(value) for value in values]) for key, values in found.settings]
    figures = [(row, [cell.told if cell else "–" for cell in row.cells]) for row in found.figures]
    return rendered(
        "puna.recipe", "compare.html.j2", columns=[_column(i, column) for i, column in enumerate(found.columns)], settings=settings, figures=figures,
        measured=[(group, [(row.name, _forest(row.cells, found.columns, group)) for row in rows]) for group, rows in groups.items()],
        claims=[_claim(claim, found.columns) for claim in found.claims],
    )  # fmt: skip


def setting(value: object) -> str:
    """Return a setting as a recipe would write it."""
    return value if isinstance(value, str) else "–" if value is None else json.dumps(value, ensure_ascii=False)


def _column(number: int, column: Column) -> dict[str, Any]:
    seeds = ", ".join(str(run.seed) for run in column.runs)
    return {
        "label": column.label, "colour": _colour(number), "seeds": seeds, "num_seeds": len(column.runs), "directories": [run.directory for run in column.runs],
        "machines": list(dict.fromkeys(machine for run in column.runs for machine in run.report.get("machines", []))),
    }  # fmt: skip


def _colour(number: int) -> str:
    return f"c{number % charts.COLOURS}"


def _claim(claim: Verdict, columns: Sequence[Column]) -> dict[str, Any]:
    verdicts = [
        {"column": column.label, "words": words, "tone": "holds" if claim.holds(number) else "fails"}
        for number, (column, words) in enumerate(zip(columns, claim.verdicts, strict=True))
        if words
    ]
    return {"claim": claim.claim, "verdicts": verdicts, "forest": _forest(claim.cells, columns, claim.unit, zero=True)}


def _forest(cells: Sequence[Cell | None], columns: Sequence[Column], unit: str, *, zero: bool = False) -> dict[str, Any]:
    rows = [
        (column.label, asdict(cell), _colour(number)) for number, (column, cell) in enumerate(zip(columns, cells, strict=True)) if cell
    ]  # fmt: skip
    return forest(rows, unit=unit, zero=zero)
