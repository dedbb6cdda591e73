"""Costing a recipe before it runs: tokens, parameters, FLOPs, seconds on this machine, memory and bytes on disk, stage by stage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from puna.recipe import runner
from puna.recipe.graph import Graph, build
from puna.recipe.kind import Cost
from puna.recipe.predicting import SPREAD, UTILISATION, peak, predicted
from puna.recipe.raising import generations
from puna.recipe.schema import Recipe


@dataclass(frozen=True)
class Planned:
    """One row of the plan. `seconds` is the manifest's figure where the stage is reused, else an estimate; `None` is unknown."""

    stage: str
    kind: str
    status: runner.Status
    reason: str | None
    cost: Cost
    seconds: float | None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Return the seconds between which a stage that is to be trained should end; None where its time is known, or unknown altogether."""
        if self.seconds is None or self.status != "to do":
            return None
        return between(self.seconds)

    def to_json(self) -> dict[str, Any]:
        return {
            "stage": self.stage,
            "kind": self.kind,
            "status": self.status,
            "reason": self.reason,
            "seconds": self.seconds,
            "seconds_interval": self.interval,
            **asdict(self.cost),
        }


@dataclass(frozen=True)
class Plan:
    """What a recipe will take; `reckoned` says by what its seconds were."""

    stages: tuple[Planned, ...]
    reckoned: str

    def to_json(self) -> dict[str, Any]:
        return {"stages": [stage.to_json() for stage in self.stages], "reckoned": self.reckoned}


def of_line(recipe: Recipe, directory: Path) -> list[tuple[Plan, Path]]:
    """Return the costs of a recipe and its parents with their run directories, oldest first, the recipe's own last."""
    return [(plan(graph, run), run) for graph, run in generations(build(recipe), directory)]


def between(seconds: float) -> tuple[float, float]:
    """Return what training of so many predicted seconds should take at least and at most."""
    return SPREAD[0] * seconds, SPREAD[1] * seconds


def to_do(plans: Sequence[Plan]) -> tuple[float | None, int]:
    """Return the seconds that are still to come, as far as they are known, and of how many stages they are not."""
    waiting = [row.seconds for plan in plans for row in plan.stages if row.status == "to do"]
    known = [seconds for seconds in waiting if seconds is not None]
    return sum(known) if known else None, len(waiting) - len(known)


def plan(graph: Graph, directory: Path) -> Plan:
    """Cost every stage of `graph` as it would run in `directory`. Runs nothing but one measurement of the machine's peak."""
    found = runner.look(graph, directory)
    rows = [_planned(graph, result, directory) for result in found.values()]
    return Plan(tuple(rows), _reckoned([row.cost for row in rows if row.cost.flops]))


def _reckoned(costs: Sequence[Cost]) -> str:
    """Say by what the seconds of training were reckoned, each peak once."""
    peaks = {found.source: found.flops_per_second for found in map(peak, costs)}
    told = "; ".join(f"{speed / 1e9:,.0f} GFLOP/s ({source})" for source, speed in peaks.items())
    if not told:
        return "nothing here is trained, so no time is known"
    return f"{UTILISATION:.0%} of {told}. In brackets: {SPREAD[0]} to {SPREAD[1]} times that, as stages took so far"


def _planned(graph: Graph, result: runner.Result, directory: Path) -> Planned:
    if result.status == "left out":
        return Planned(result.name, result.kind, result.status, result.reason, Cost(), None)
    stage = graph.nodes[result.name].stage
    cost = stage.kind.cost(stage.settings, lambda thing: graph.makers(result.name, thing, directory))
    seconds = result.manifest.seconds if result.manifest else predicted(cost).seconds
    return Planned(result.name, result.kind, result.status, None, cost, seconds)
