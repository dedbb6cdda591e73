"""`puna raise`: run a recipe's stages into a run directory, resuming where it stopped, and end with a page that shows what was built."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from puna.recipe.costing import Plan
    from puna.recipe.raising import Raised
    from puna.recipe.schema import Recipe

YEAR = 365 * 86400
COUNTS = ("", "K", "M", "B", "T")
FLOPS = ("FLOP", "KFLOP", "MFLOP", "GFLOP", "TFLOP", "PFLOP", "EFLOP", "ZFLOP", "YFLOP")
BYTES = ("B", "KB", "MB", "GB", "TB", "PB")


def raise_(
    recipe: Annotated[Path, typer.Argument(help="The recipe, a YAML file such as recipes/smoke.yaml.", show_default=False)],
    out: Annotated[Path | None, typer.Option(help="The run directory. [default: runs/NAME]", show_default=False)] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="STAGE.KEY=VALUE",
            help="Change one setting; may be given again. parent.STAGE.KEY reaches the parent's.",
            show_default=False,
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done and what it would cost; run nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of tables.")] = False,
) -> None:
    """Raise a model from a recipe: its parent first, every stage in order, finished ones reused, a report at the end. The same command resumes."""
    from puna.errors import WorkError
    from puna.recipe.schema import Recipe

    read = Recipe.read(recipe, settings or [])
    directory = out or Path("runs") / read.name
    if dry_run:
        _plan(read, directory, as_json=as_json)
        return
    try:
        _run(read, directory, as_json=as_json)
    except KeyboardInterrupt:
        raise WorkError(f"{directory}: stopped; run the same command again and it goes on where it stopped") from None


def _run(recipe: Recipe, directory: Path, *, as_json: bool) -> None:
    from puna.progress import for_stderr
    from puna.recipe.raising import raise_recipe

    raised = raise_recipe(recipe, directory, progress=None if as_json else for_stderr())
    if as_json:
        parents = [{"directory": str(parent.directory), "statuses": _statuses(parent)} for parent in raised.parents]
        _print_json({"directory": str(directory), "statuses": _statuses(raised), "parents": parents, **raised.report})
    else:
        _show(raised)


def _plan(recipe: Recipe, directory: Path, *, as_json: bool) -> None:
    from puna.recipe import costing
    from puna.recipe.graph import build
    from puna.recipe.raising import generations

    *parents, (mine, run) = [(costing.plan(graph, run), run) for graph, run in generations(build(recipe), directory)]
    if as_json:
        older = [{"directory": str(folder), **plan.to_json()} for plan, folder in parents]
        _print_json({"directory": str(run), **mine.to_json(), "parents": older})
    else:
        plans = [*parents, (mine, run)]
        for plan, folder in plans:
            _show_plan(plan, folder)
        _show_total([plan for plan, _ in plans])


def _statuses(raised: Raised) -> dict[str, str]:
    return {name: result.status for name, result in raised.stages.items()}


def _print_json(value: Any) -> None:
    import json

    print(json.dumps(value, indent=2, ensure_ascii=False))


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
    console.print(f"Into {directory}. Time: {plan.peak}.", markup=False)


def _show_total(plans: list[Plan]) -> None:
    """Print the time that is still to come, as far as it is known."""
    to_do = [row for plan in plans for row in plan.stages if row.status == "to do"]
    known = [row.seconds for row in to_do if row.seconds is not None]
    if known:
        unknown = len(to_do) - len(known)
        rest = f", and {unknown} stage{'s' * (unknown != 1)} whose time is not known" if unknown else ""
        print(f"To do: {_duration(sum(known))} of training{rest}.")


def _show(raised: Raised) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console, content = Console(highlight=False), raised.report
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("stage", "state", "seconds", "what came of it"):
        table.add_column(name, justify="right" if name == "seconds" else "left", no_wrap=name != "what came of it")
    for stage in content["stages"]:
        came = Text(stage.get("summary") or f"it {stage['reason']}")
        table.add_row(stage["name"], raised.stages[stage["name"]].status, _seconds(stage.get("seconds")), came)
    console.print(table)
    for claim in content["claims"]:
        held = Text("holds: ", style="green") if claim["holds"] else Text("does not hold: ", style="red")
        console.print(held + Text(claim["claim"], style="default"))
    for item in content["left_out"]:
        console.print(f"left out: {item['what']}: {item['reason']}", markup=False)
    if content["model"]:
        console.print(f"model:  {content['model']['path']}", markup=False, soft_wrap=True)
    for parent in raised.parents:
        console.print(f"parent: {parent.page}", markup=False, soft_wrap=True)
    console.print(f"report: {raised.page}", markup=False, soft_wrap=True)


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


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:,.1f}"
