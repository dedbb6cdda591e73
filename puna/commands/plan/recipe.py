"""`puna plan recipe`: what raising a recipe would take, stage by stage, before anything runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def recipe(
    file: Annotated[Path, typer.Argument(metavar="RECIPE", help="The recipe, a YAML file such as recipes/first.yaml.", show_default=False)],
    out: Annotated[Path | None, typer.Option(help="The run directory it would go into. [default: runs/NAME]", show_default=False)] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="STAGE.KEY=VALUE", help="Change one setting; may be given again.", show_default=False),
    ] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Write a page there too.", show_default=False)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Cost a recipe and its parents before they run: tokens, parameters, FLOPs, time, memory and disk. What is finished already counts as it was."""
    from puna.commands.plan.showing import write_page
    from puna.commands.recipe_costs import show
    from puna.recipe.costing import of_line
    from puna.recipe.costing_page import page
    from puna.recipe.schema import Recipe

    read = Recipe.read(file, settings or [])
    plans = of_line(read, out or Path("runs") / read.name)
    write_page(html, lambda: page(read.name, plans))
    show(plans, as_json=as_json)
