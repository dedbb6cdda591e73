"""What a recipe and its parents would take, as `puna raise --dry-run` and `puna plan recipe` print it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from puna.recipe.costing import Plan

YEAR = 365 * 86400
COUNTS = ("", "K", "M", "B", "T")
FLOPS = ("FLOP", "KFLOP", "MFLOP", "GFLOP", "TFLOP", "PFLOP", "EFLOP", "ZFLOP", "YFLOP")
BYTES = ("B", "KB", "MB", "GB", "TB", "PB")


def show(plans: Sequence[tuple[Plan, Path]], *, as_json: bool) -> None:
    """Print the cost of every stage of a line of recipes, the youngest last, as tables or as one JSON document."""
    import json

    *parents, (mine, run) = plans
    if as_json:
        older = [{"directory": str(folder), **plan.to_json()} for plan, folder in parents]
        print(json.dumps({"directory": str(run), **mine.to_json(), "parents": older}, indent=2, ensure_ascii=False))
        return
    for plan, folder in plans:
        _show_plan(plan, folder)
    _show_total([plan for plan, _ in plans])


def _show_plan(plan: Plan, directory: Path) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("stage", "state", "tokens", "parameters", "compute", "time", "disk"):
        words = name in ("stage", "state")
        table.add_column(name, justify="left" if words else "right", no_wrap=not words, overflow="fold")
    for row in plan.stages:
        cost = row.cost
        counts = (_scaled(cost.tokens, COUNTS), _scaled(cost.parameters, COUNTS))
        stage = row.stage if row.stage == row.kind else f"{row.stage} ({row.kind})"
        table.add_row(stage, row.status, *counts, _scaled(cost.flops, FLOPS), _duration(row.seconds), _scaled(cost.disk_bytes, BYTES))
    console = Console(highlight=False)
    console.print(table)
    for row in plan.stages:
        if row.reason:
            console.print(f"{row.stage} is left out: it {row.reason}", markup=False)
    console.print(f"Into {directory}. Time: {plan.reckoned}.", markup=False)


def _show_total(plans: list[Plan]) -> None:
    """Print the time that is still to come, as far as it is known."""
    from puna.recipe.costing import between, to_do

    known, unknown = to_do(plans)
    if known is not None:
        rest = f", and {unknown} stage{'s' * (unknown != 1)} whose time is not known" if unknown else ""
        low, high = map(_duration, between(known))
        print(f"To do: {_duration(known)} ({low} to {high}) of training{rest}.")


def _scaled(value: float | None, units: tuple[str, ...]) -> str:
    """Return a number with three digits in the unit of its thousands: `450 K`, `18.1 MB`, `2.02 TFLOP`."""
    if value is None:
        return "–"
    power = 0
    # 999.5 would be written as 1,000.
    while value >= 999.5 and power < len(units) - 1:
        value, power = value / 1000, power + 1
    digits = 0 if power == 0 or value >= 99.95 else 1 if value >= 9.995 else 2
    return f"{value:,.{digits}f} {units[power]}".rstrip()


def _duration(seconds: float | None) -> str:
    """Return seconds in the unit that people would say: `27.9 s`, `4.2 min`, `30.1 h`, `54.0 days`, `33.5 M years`."""
    if seconds is None:
        return "–"
    if seconds >= 2 * YEAR:
        return _scaled(seconds / YEAR, ("years", "K years", "M years"))
    size, unit = next((item for item in ((86400, "days"), (3600, "h"), (60, "min")) if seconds >= 2 * item[0]), (1, "s"))
    return f"{seconds / size:,.1f} {unit}"
