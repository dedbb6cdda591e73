"""Raising a recipe in one call: bring every stage to its end, then write the page.

This is what `puna raise` does, for programs: `raise_recipe(puna.Recipe.read("recipes/smoke.yaml"), "runs/mine")`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from puna.progress import Progress, Silent
from puna.recipe import report, runner
from puna.recipe.graph import build
from puna.recipe.runner import Result
from puna.recipe.schema import Recipe


@dataclass(frozen=True)
class Raised:
    """A finished run: its directory, what became of each stage by name, and what report.json holds."""

    directory: Path
    stages: Mapping[str, Result]
    report: Mapping[str, Any]

    @property
    def page(self) -> Path:
        return self.directory / report.PAGE


def raise_recipe(recipe: Recipe, out: Path | str, *, progress: Progress | None = None) -> Raised:
    """Bring every stage of `recipe` to its end in the directory `out` and write the report there. Raises `PunaError`; the same call resumes.

    `progress` None shows nothing.
    """
    graph, directory = build(recipe), Path(out)
    results = runner.run(graph, directory, progress or Silent())
    return Raised(directory, results, report.write(graph, results, directory))
