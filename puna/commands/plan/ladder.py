"""`puna plan ladder`: a law of one's own in about eleven minutes on one core, and whether it foretells a larger model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from puna.recipe.ladder import Climbed


def ladder(
    out: Annotated[Path, typer.Option(help="The run directory; the same command resumes in it.")] = Path("runs/ladder"),
    seed: Annotated[int, typer.Option(min=0, help="Seed of the world and of every model.")] = 1,
    scale: Annotated[float, typer.Option(min=0.001, help="Multiply every budget; 10 takes ten times as long.")] = 1.0,
    html: Annotated[Path | None, typer.Option("--html", help="Write a page there too.", show_default=False)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Train tiny models on the embedded world at rising budgets, fit their law, and foretell a larger one that is trained too: about eleven minutes on one core."""
    from puna.commands.plan.showing import print_json, write_page
    from puna.progress import for_stderr
    from puna.recipe.ladder import climb
    from puna.recipe.ladder_page import page

    climbed = climb(out, seed=seed, scale=scale, progress=None if as_json else for_stderr())
    write_page(html, lambda: page(climbed))
    if as_json:
        print_json(climbed.figures())
    else:
        _show(climbed)


def _show(climbed: Climbed) -> None:
    from puna.commands.plan.showing import print_table
    from puna.plan.estimate import Estimate, point
    from puna.recipe.ladder import HEADS, table

    print_table(HEADS, table(climbed), words=("stage",))
    told = climbed.foretold
    span = f" ({told.low:.3f} to {told.high:.3f})" if isinstance(told, Estimate) else ""
    print(
        f"\nThe law of the rungs foretold {point(told):.3f}{span} bits per byte for the model above them; it has {climbed.measured:.3f} ({climbed.error:+.1%})."
    )
    for line in climbed.fit.warnings:
        print(f"note: {line}")
    print(f"report: {climbed.directory / 'report.html'}")
