"""A law on disk: JSON that `puna plan fit --out` writes and `--law FILE` reads, the fitted laws that come with Puna among them.

It holds the fitted constants and those of every resample, so that whatever is computed from a law that somebody else fitted has its interval too.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from puna.errors import FormatError
from puna.files import read_json, write_json
from puna.plan.laws.allocation import Allocation, with_line_draws
from puna.plan.laws.law import About, Law
from puna.plan.laws.surface import Surface, with_draws
from puna.settings import Settings

_DIGITS = 8
_FORMAT: Literal["puna-law-1"] = "puna-law-1"


class SurfaceConstants(Settings):
    """L = E + A / N^alpha + B / D^beta, and its resamples in the same order."""

    E: float = Field(ge=0)
    A: float = Field(gt=0)
    B: float = Field(gt=0)
    alpha: float = Field(gt=0)
    beta: float = Field(gt=0)
    draws: list[tuple[float, float, float, float, float]] = Field(default=[])


class LineConstants(Settings):
    """D* = A C^alpha, its resamples as (alpha, A), and the curvature of the valley of losses across it where the fit has measured one."""

    alpha: float
    A: float = Field(gt=0)
    curvature: float | None = Field(default=None, gt=0)
    draws: list[tuple[float, float]] = Field(default=[])


class LawFile(Settings):
    """The file. A law with a line splits compute by it; without one, by its surface."""

    format: Literal["puna-law-1"]
    name: str
    source: str
    counting: str
    compute_low: float = Field(ge=0)
    compute_high: float = Field(gt=0)
    notes: list[str] = Field(default=[])
    line: LineConstants | None = None
    surface: SurfaceConstants | None = None


def write_law(path: Path, law: Allocation | Surface) -> None:
    """Write a fitted law, whole or not at all."""
    surface = law.surface if isinstance(law, Allocation) else law
    about = law.about
    values: dict[str, Any] = {
        "format": _FORMAT, "name": about.name, "source": about.source, "counting": about.counting, "compute_low": _rounded(about.compute_low),
        "compute_high": _rounded(about.compute_high), "notes": list(about.notes),
    }  # fmt: skip
    if isinstance(law, Allocation):
        draws = [(one.alpha, one.A) for one in law.alternatives if isinstance(one, Allocation)]
        curvature = {} if law.curvature is None else {"curvature": _rounded(law.curvature)}
        values["line"] = {"alpha": law.alpha, "A": law.A, **curvature, "draws": [[_rounded(value) for value in row] for row in draws]}
    if surface is not None:
        constants = [[one.E, one.A, one.B, one.alpha, one.beta] for one in (surface, *surface.alternatives) if isinstance(one, Surface)]
        values["surface"] = dict(zip(("E", "A", "B", "alpha", "beta"), constants[0], strict=True))
        values["surface"]["draws"] = [[_rounded(value) for value in row] for row in constants[1:]]
    write_json(path, values)


def read_law(path: Path, *, name: str = "") -> Law:
    """Read a law. Raises `FormatError` where the file is none."""
    values = read_json(path)
    if not isinstance(values, dict) or values.get("format") != _FORMAT:
        raise FormatError(f"{path}: is no law; write one with: puna plan fit POINTS.csv --out {path.name}")
    try:
        held = LawFile.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise FormatError(f"{path}: '{'.'.join(str(part) for part in first['loc'])}': {first['msg']}") from None
    about = About(name or held.name, held.source, held.counting, held.compute_low, held.compute_high, tuple(held.notes))
    surface = None
    if held.surface is not None:
        one = held.surface
        surface = with_draws(Surface(one.E, one.A, one.B, one.alpha, one.beta, about=about), one.draws)
    if held.line is not None:
        line = Allocation(held.line.alpha, held.line.A, about=about, surface=surface, curvature=held.line.curvature)
        return with_line_draws(line, held.line.draws)
    if surface is None:
        raise FormatError(f"{path}: holds neither a line nor a surface")
    return surface


def _rounded(value: float) -> float:
    """Return a value with eight digits: a resample's others say nothing, and a file of a thousand of them is half as long."""
    return float(f"{value:.{_DIGITS}g}") if math.isfinite(value) else value
