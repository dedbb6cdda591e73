"""`puna raise`: run a recipe's stages into a run directory, resuming where it stopped, and end with a page that shows what was built."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from puna.recipe.raising import Raised
    from puna.recipe.schema import Recipe


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
    from puna.commands.recipe_costs import show
    from puna.errors import WorkError
    from puna.recipe.costing import of_line
    from puna.recipe.schema import Recipe

    read = Recipe.read(recipe, settings or [])
    directory = out or Path("runs") / read.name
    if dry_run:
        show(of_line(read, directory), as_json=as_json)
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


def _statuses(raised: Raised) -> dict[str, str]:
    return {name: result.status for name, result in raised.stages.items()}


def _print_json(value: Any) -> None:
    import json

    print(json.dumps(value, indent=2, ensure_ascii=False))


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


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:,.1f}"
