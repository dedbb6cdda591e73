"""`puna raise`: run a recipe's stages into a run directory, resuming where it stopped, and end with a page that shows what was built."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from puna.recipe.costing import Plan
    from puna.recipe.graph import Graph
    from puna.recipe.runner import Status


def raise_(
    recipe: Annotated[Path, typer.Argument(help="The recipe, a YAML file such as recipes/smoke.yaml.", show_default=False)],
    out: Annotated[Path | None, typer.Option(help="The run directory. [default: runs/NAME]", show_default=False)] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="STAGE.KEY=VALUE", help="Change one setting; may be given again.", show_default=False),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done and what it would cost; run nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of tables.")] = False,
) -> None:
    """Raise a model from a recipe: every stage in order, finished ones reused, a report at the end. The same command resumes."""
    from puna.errors import WorkError
    from puna.recipe.graph import build
    from puna.recipe.schema import Recipe

    graph = build(Recipe.read(recipe, settings or []))
    directory = out or Path("runs") / graph.recipe.name
    if dry_run:
        _plan(graph, directory, as_json=as_json)
        return
    try:
        _run(graph, directory, as_json=as_json)
    except KeyboardInterrupt:
        raise WorkError(f"{directory}: stopped; run the same command again and it goes on where it stopped") from None


def _run(graph: Graph, directory: Path, *, as_json: bool) -> None:
    from puna import progress
    from puna.recipe import report, runner

    results = runner.run(graph, directory, progress.Silent() if as_json else progress.for_stderr())
    content = report.write(graph, results, directory)
    statuses = {name: result.status for name, result in results.items()}
    if as_json:
        _print_json({"directory": str(directory), "statuses": statuses, **content})
    else:
        _show(content, statuses, directory / report.PAGE)


def _plan(graph: Graph, directory: Path, *, as_json: bool) -> None:
    from puna.recipe import costing

    plan = costing.plan(graph, directory)
    if as_json:
        _print_json({"directory": str(directory), **plan.to_json()})
    else:
        _show_plan(plan, directory)


def _print_json(value: Any) -> None:
    import json

    print(json.dumps(value, indent=2, ensure_ascii=False))


def _show_plan(plan: Plan, directory: Path) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("stage", "kind", "state", "tokens", "parameters", "FLOPs", "seconds", "disk"):
        table.add_column(name, justify="left" if name in ("stage", "kind", "state") else "right")
    for row in plan.stages:
        cost = row.cost
        disk = None if cost.disk_bytes is None else f"{cost.disk_bytes / 1e6:,.1f} MB"
        numbers = (
            _count(cost.tokens),
            _count(cost.parameters),
            "–" if cost.flops is None else f"{cost.flops:.2e}",
            _seconds(row.seconds),
            disk or "–",
        )
        table.add_row(row.stage, row.kind, row.status, *numbers)
    console = Console(highlight=False)
    console.print(table)
    for row in plan.stages:
        if row.reason:
            console.print(f"{row.stage} is left out: it {row.reason}", markup=False)
    console.print(f"Into {directory}. Seconds: {plan.peak}.", markup=False)


def _show(content: dict[str, Any], statuses: dict[str, Status], page: Path) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("stage", "state", "seconds", "what came of it"):
        table.add_column(name, justify="right" if name == "seconds" else "left", no_wrap=name != "what came of it")
    for stage in content["stages"]:
        came = Text(stage.get("summary") or f"it {stage['reason']}")
        table.add_row(stage["name"], statuses[stage["name"]], _seconds(stage.get("seconds")), came)
    console.print(table)
    for claim in content["claims"]:
        held = Text("holds: ", style="green") if claim["holds"] else Text("does not hold: ", style="red")
        console.print(held + Text(claim["claim"], style="default"))
    for item in content["left_out"]:
        console.print(f"left out: {item['what']}: {item['reason']}", markup=False)
    if content["model"]:
        console.print(f"model:  {content['model']['path']}", markup=False, soft_wrap=True)
    console.print(f"report: {page}", markup=False, soft_wrap=True)


def _count(value: int | None) -> str:
    return "–" if value is None else f"{value:,}"


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:,.1f}"
