"""The digitised points of two figures, where they are at hand: Llama 3's Fig. 2 (133 points) and Chinchilla's Fig. 4 (245 points).

They are looked for in the folder that is given, else in `$PUNA_TEST_DATA`, else in `shared/data` beside the repository. Each fit is made once.
"""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path

from puna.errors import ConfigError
from puna.plan.fits import IsoflopFit, ParametricFit, fit_isoflop, fit_parametric
from puna.plan.oracles.table import PointsAbsentError
from puna.plan.points import Points, read_points

LLAMA3, CHINCHILLA = "llama3_isoflop_points.csv", "chinchilla_points.csv"
COLUMNS = {LLAMA3: "compute=compute_budget,tokens=training_tokens,loss=validation_loss", CHINCHILLA: "compute=Training FLOP,params=Model Size,loss=loss"}  # fmt: skip


class Digitised:
    """Points in a folder, and what is fitted to them. Raises `ConfigError` for a folder that is given and has none, `PointsAbsentError` for a fit whose points are absent."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or _usual()
        if folder is not None and not any((folder / name).is_file() for name in COLUMNS):
            raise ConfigError(f"{folder}: holds neither {' nor '.join(COLUMNS)}; give the folder that has them")

    @cached_property
    def llama3(self) -> Points:
        return self._read(LLAMA3)

    @cached_property
    def chinchilla(self) -> Points:
        return self._read(CHINCHILLA)

    @cached_property
    def isoflop(self) -> IsoflopFit:
        """Return approach 2 on Llama 3's points."""
        return fit_isoflop(self.llama3, bootstrap=0, losses=False)

    @cached_property
    def surface(self) -> ParametricFit:
        """Return the least-squares surface through Llama 3's points."""
        return fit_parametric(self.llama3, objective="squares", bootstrap=0)

    @cached_property
    def huber(self) -> ParametricFit:
        """Return approach 3 on Chinchilla's points without the five highest losses."""
        return fit_parametric(self.chinchilla, drop_highest=5, bootstrap=0)

    @cached_property
    def huber_of_all(self) -> ParametricFit:
        """Return approach 3 on all of Chinchilla's points."""
        return fit_parametric(self.chinchilla, bootstrap=0)

    def _read(self, name: str) -> Points:
        if not (self.folder / name).is_file():
            raise PointsAbsentError(name)
        return read_points(self.folder / name, columns=COLUMNS[name])


def _usual() -> Path:
    return Path(os.environ.get("PUNA_TEST_DATA") or Path(__file__).parents[4] / "shared" / "data")
