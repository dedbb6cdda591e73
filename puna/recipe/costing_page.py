"""The page of a recipe's cost: how long each stage will take, what it will hold and what it will leave on disk, before anything runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from puna.pages import row_plots, words
from puna.pages.sheet import BarRow, Section, Sheet, Table
from puna.recipe.costing import Plan, Planned, to_do

HEADS = ("stage", "state", "tokens", "parameters", "FLOPs", "time", "memory", "disk")


@dataclass(frozen=True)
class _Bar:
    """What has a bar a stage: its heading, its colour, the figure and how that is said."""

    caption: str
    tone: str
    of: Callable[[Planned], float | None]
    told: Callable[[float], str]


BARS = (
    _Bar("Time", "c0", lambda row: row.seconds, words.duration),
    _Bar("Memory that a stage adds", "c3", lambda row: row.cost.memory_bytes, words.size),
    _Bar("Disk", "c5", lambda row: row.cost.disk_bytes, words.size),
)


def page(name: str, plans: Sequence[tuple[Plan, Path]]) -> str:
    """Return what raising the recipe `name` will take as one offline HTML page; `plans` are its line's with their run directories, oldest first, its own last."""
    sections = [section for bar in BARS for section in _bars(bar, plans)]
    sections += [Section(f"Every stage, into {run}", _left_out(plan), table=_table(plan)) for plan, run in plans]
    lead = "What raising this recipe will take on this machine, stage by stage, before it runs."
    notes = [
        f"Time is training's arithmetic at {plans[-1][0].reckoned}. A finished stage has the time that it took; a dash is what cannot be known beforehand."
    ]
    return Sheet(f"Recipe {name}", lead, _facts(plans), sections, notes).page()


def _facts(plans: Sequence[tuple[Plan, Path]]) -> list[tuple[str, ...]]:
    rows = [row for plan, _ in plans for row in plan.stages]
    seconds, unknown = to_do([plan for plan, _ in plans])
    trained = sum(row.cost.tokens or 0 for row in rows)
    rest = [f"and {unknown} stage{'s' * (unknown != 1)} of unknown time"] if unknown else []
    return [
        ("stages", f"{len(rows)}"), ("time to come", _said(seconds, words.duration), *rest), ("tokens trained on", words.figure(trained)),
        ("parameters of the largest", _said(_most(row.cost.parameters for row in rows), words.figure)),
        ("most memory added", _said(_most(row.cost.memory_bytes for row in rows), words.size)),
        ("disk of all models", words.size(sum(row.cost.disk_bytes or 0 for row in rows))),
    ]  # fmt: skip


def _most(values: Iterable[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)


def _bars(bar: _Bar, plans: Sequence[tuple[Plan, Path]]) -> list[Section]:
    """Return a bar for each stage whose figure is known, and nothing where none is."""
    mine = plans[-1][1]
    found = [(row.stage if run == mine else f"{run.name}: {row.stage}", bar.of(row)) for plan, run in plans for row in plan.stages]
    known = [(stage, value) for stage, value in found if value is not None]
    if not known:
        return []
    svgs = row_plots.bars([[(bar.tone, value)] for _, value in known], labels=[f"{stage}: {bar.told(value)}" for stage, value in known])
    return [Section(bar.caption, bars=[BarRow(stage, svg, bar.told(value)) for (stage, value), svg in zip(known, svgs, strict=True)])]


def _table(plan: Plan) -> Table:
    return Table(HEADS, [_row(row) for row in plan.stages], frozenset({0, 1}))


def _row(row: Planned) -> tuple[str, ...]:
    cost = row.cost
    counts = [_said(value, words.figure) for value in (cost.tokens, cost.parameters, cost.flops)]
    sizes = [_said(value, words.size) for value in (cost.memory_bytes, cost.disk_bytes)]
    return (
        row.stage if row.stage == row.kind else f"{row.stage} ({row.kind})",
        row.status,
        *counts,
        _said(row.seconds, words.duration),
        *sizes,
    )


def _said(value: float | None, told: Callable[[float], str]) -> str:
    return "–" if value is None else told(value)


def _left_out(plan: Plan) -> list[str]:
    return [f"{row.stage} is left out: it {row.reason}." for row in plan.stages if row.reason]
