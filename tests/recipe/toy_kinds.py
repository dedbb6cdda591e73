"""Tiny stage kinds for tests of the graph and the runner: they write a line, or die half-way."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from puna.recipe.kind import StageKind
from puna.recipe.schema import Recipe, parse_recipe
from puna.settings import Settings


class Farm(Settings):
    rows: int = Field(default=2, ge=1)
    source: str = "world"


class Grow(StageKind[Farm]):
    """Makes seeds always, and songs unless it reads a file."""

    name = "grow"
    settings = Farm
    makes = frozenset({"seeds", "songs"})

    def made(self, settings):
        return self.makes if settings.source == "world" else frozenset({"seeds"})

    def why_not(self, settings, thing):
        return f"{settings.source} has no {thing}"

    def reads(self, settings):
        return [] if settings.source == "world" else [Path(settings.source)]

    def run(self, settings, work):
        (work.directory / "seeds").write_text(f"{work.seed} {settings.rows}\n")
        return {"rows": settings.rows}


class Mill(Settings):
    lr: float = 0.1
    fail_at: int = 0


class Grind(StageKind[Mill]):
    """Counts to four in its directory, going on where it stopped; `fail_at` dies there, once."""

    name = "grind"
    settings = Mill
    needs = frozenset({"seeds"})
    makes = frozenset({"flour"})
    runs: ClassVar[list[str]] = []

    def run(self, settings, work):
        self.runs.append(work.stage)
        log = work.directory / "log"
        done = len(log.read_text().splitlines()) if log.exists() else 0
        seeds = (work.find("seeds") / "seeds").read_text().strip()
        for step in range(done, 4):
            if step == settings.fail_at and step and not done:
                raise KeyboardInterrupt
            with log.open("a") as file:
                file.write(f"{step} {seeds} {settings.lr}\n")
        return {"steps": 4}


class Sing(StageKind[Settings]):
    name = "sing"
    settings = Settings
    needs = frozenset({"songs"})
    makes = frozenset({"flour"})

    def run(self, settings, work):
        (work.directory / "song").write_text("la\n")
        return {}


class Taste(StageKind[Settings]):
    name = "taste"
    settings = Settings
    needs = frozenset({"flour"})

    def check(self, settings, makers):
        if any(getattr(maker.settings, "lr", 0) == 13 for maker in makers("flour")):
            raise ValueError("flour ground at 13 tastes of nothing; lower 'lr'")

    def run(self, settings, work):
        return {"tasted": [maker.stage for maker in work.makers("flour")]}


KINDS = {kind.name: kind for kind in (Grow(), Grind(), Sing(), Taste())}


def toy(seed: int = 1, **stages: Any) -> Recipe:
    stages = stages or {"grow": {}, "grind": {}, "taste": {}}
    return parse_recipe({"name": "toy", "seed": seed, "stages": stages}, KINDS, where="toy.yaml")
