"""`puna plan ladder`: a law of one's own in a few minutes, and whether it foretells a larger model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def ladder(
    out: Annotated[Path, typer.Option(help="The run directory; the same command resumes in it.")] = Path("runs/ladder"),
    seed: Annotated[int, typer.Option(min=0, help="Seed of the world and of every model.")] = 1,
    scale: Annotated[float, typer.Option(min=0.001, help="Multiply every budget; 10 takes ten times as long.")] = 1.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Train tiny models on the embedded world at rising budgets, fit their law, and foretell a larger one that is trained too."""
    from puna.commands.plan.showing import print_json, print_table
    from puna.plan.estimate import Estimate
    from puna.progress import for_stderr
    from puna.recipe.ladder import climb, table

    climbed = climb(out, seed=seed, scale=scale, progress=None if as_json else for_stderr())
    if as_json:
        print_json(climbed.figures())
        return
    print_table(("stage", "params", "tokens", "per param", "FLOPs", "loss", "by the law"), table(climbed), words=("stage",))
    told = climbed.foretold
    span = f" ({told.low:.3f} to {told.high:.3f})" if isinstance(told, Estimate) else ""
    value = told.value if isinstance(told, Estimate) else told
    print(
        f"\nThe law of the rungs foretold {value:.3f}{span} bits per byte for the model above them; it has {climbed.measured:.3f} ({climbed.error:+.1%})."
    )
    for line in climbed.fit.warnings:
        print(f"note: {line}")
    print(f"report: {out / 'report.html'}")
