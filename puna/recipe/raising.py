"""Raising a recipe in one call: its parents first, then every stage of its own to its end, then the page.

This is what `puna raise` does, for programs: `raise_recipe(puna.Recipe.read("recipes/smoke.yaml"), "runs/mine")`.

A parent is a run of its own, in a directory beside its child's: `runs/parent` beside `runs/first`. Children of one parent share it, and a finished one is reused.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from puna.errors import ConfigError
from puna.files import read_json
from puna.progress import Progress, Silent
from puna.recipe import report, runner
from puna.recipe.graph import Graph, build
from puna.recipe.kind import PARENT
from puna.recipe.runner import Result
from puna.recipe.schema import Recipe
from puna.recipe.stages.evaluate import RESULTS
from puna.recipe.training import MODEL


@dataclass(frozen=True)
class Raised:
    """A finished run: its directory, what became of each stage by name, what report.json holds, and the runs of its parents, oldest first."""

    directory: Path
    stages: Mapping[str, Result]
    report: Mapping[str, Any]
    parents: tuple[Raised, ...] = ()

    @property
    def page(self) -> Path:
        return self.directory / report.PAGE


def raise_recipe(recipe: Recipe, out: Path | str, *, progress: Progress | None = None) -> Raised:
    """Bring every stage of `recipe` to its end in the directory `out` and write the report there. Raises `PunaError`; the same call resumes.

    Its parents are raised first, each beside its child. `progress` None shows nothing.
    """
    told, raised, finished = progress or Silent(), [], []
    for graph, directory in generations(build(recipe), Path(out)):
        if recipe.parent:
            told.say(f"{graph.recipe.name}: in {directory}")

        def closing(results: dict[str, Result], graph: Graph = graph, directory: Path = directory) -> None:
            finished.append((graph, results, directory))
            raised.append(Raised(directory, results, report.write(graph, results, directory, lineage=lineage(finished))))

        runner.run(graph, directory, told, closing=closing, patient=graph.recipe is not recipe)
    return Raised(raised[-1].directory, raised[-1].stages, raised[-1].report, tuple(raised[:-1]))


def generations(graph: Graph, directory: Path) -> list[tuple[Graph, Path]]:
    """Return the recipes of the line with their run directories, oldest first. Raises `ConfigError` where two would share one."""
    line = [(graph, directory)]
    while (parent := line[0][0].parent) and parent.graph:
        run = parent.run(line[0][1])
        assert run is not None
        if run.resolve() in [other.resolve() for _, other in line]:
            raise ConfigError(f"{run}: is the run directory of recipe '{parent.graph.recipe.name}', a parent; choose another with --out")
        line.insert(0, (parent.graph, run))
    return line


def lineage(line: Sequence[tuple[Graph, Mapping[str, Result], Path]]) -> list[dict[str, Any]]:
    """Return one row for each generation of finished runs, oldest first: the model that it passed on, or, of the youngest, the one that was pre-trained.

    `run` is relative to the youngest's directory, `seconds` are those of its whole run; bits per byte are on the held-out text of the youngest evaluation that measured the model.
    """
    youngest = line[-1][2]
    rows: list[dict[str, Any]] = []
    if (root := line[0][0].parent) and root.graph is None:
        rows.append(_row(None, None, None, root.path, _measured(line[0][1], PARENT), tokens=None, seconds=None))
    for number, (graph, results, directory) in enumerate(line):
        child = line[number + 1] if number + 1 < len(line) else None
        evaluation = _evaluation(results)
        if child:
            assert child[0].parent is not None
            stage = child[0].parent.stage
            # On the youngest's held-out text, or not at all: figures on different texts must not stand side by side.
            bits = _measured(child[1], PARENT) if number + 2 == len(line) else None
        else:
            stage = evaluation["bits_per_byte"]["base"] if evaluation else _last_model(results)
            bits = _measured(results, stage)
        if stage is not None:
            run = os.path.relpath(directory, youngest)
            seconds = round(sum(result.manifest.seconds for result in results.values() if result.manifest), 3)
            tokens = _tokens(results, stage)
            rows.append(_row(graph.recipe.name, run, stage, directory / stage / MODEL, bits, tokens=tokens, seconds=seconds))
    return rows


def _row(
    recipe: str | None,
    run: str | None,
    stage: str | None,
    model: Path,
    bits: Mapping[str, Any] | None,
    *,
    tokens: int | None,
    seconds: float | None,
) -> dict[str, Any]:
    from puna.formats import read_config

    config = read_config(model)
    return {
        "recipe": recipe, "run": run if run is not None else str(model), "stage": stage, "parameters": config.num_params, "tokens": tokens,
        "vocab_size": config.vocab_size, "heads": config.num_heads, "kv_heads": config.num_kv_heads, "bits_per_byte": bits, "seconds": seconds,
    }  # fmt: skip


def _evaluation(results: Mapping[str, Result]) -> dict[str, Any] | None:
    done = [result.directory for result in results.values() if result.kind == "evaluate" and result.manifest]
    return read_json(done[-1] / RESULTS) if done else None


def _measured(results: Mapping[str, Result], model: str | None) -> dict[str, Any] | None:
    evaluation = _evaluation(results)
    return evaluation["bits_per_byte"]["models"].get(model) if evaluation else None


def _last_model(results: Mapping[str, Result]) -> str | None:
    made = [name for name, result in results.items() if result.manifest and (result.directory / MODEL).is_dir()]
    return made[-1] if made else None


def _tokens(results: Mapping[str, Result], stage: str) -> int | None:
    manifest = results[stage].manifest
    return manifest.figures.get("tokens") if manifest else None
