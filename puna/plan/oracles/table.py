"""What an oracle is: a figure that somebody printed, and the function of the planner that must give it.

Each figure of a section has a number, in the order in which the section tells them (`1.2.07`). Some are *computed*: a fit, a search, a count of matrices or a model with parts of its own gives them, and agreement
proves something. Some are *arithmetic*: they follow from other printed figures, or from a law's held constants, by one closed formula that anybody can check by hand, which proves that the formula is the one meant and no more. Some are *data*: a row of a
table here against the source's, which proves that nobody mistyped it, and no more. The three are counted apart. Figures that a run of the
digitised points gives as well carry a second oracle, `1.2.07p`; without the points it is not run, and never counts as passed. What the planner does not produce is numbered all the
same, with the reason.

A figure is written as its source prints it ("16.55 T"), in its own unit, and functions return plain units (tokens, bytes, FLOP/s, shares). Where nobody states a tolerance it is half of
the last printed digit: the figure must round to what is printed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

Kind = Literal["computed", "arithmetic", "data"]
Compute = Callable[[], float]

UNITS: Mapping[str, float] = {
    "": 1, "x": 1, "days": 1, "W": 1, "tokens/s": 1, "G": 1e9, "K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12, "%": 0.01, "Ki": 2**10, "Mi": 2**20,
    "KiB": 2**10, "GiB": 2**30, "GB": 1e9, "TB/s": 1e12, "GB/s": 1e9, "Gb/s": 1e9 / 8, "TFLOP/s": 1e12, "ms": 1e-3, "s": 1, "min": 60, "h": 3600,
}  # fmt: skip
# Two sums of the same numbers in another order differ by less than this.
_ROUNDING = 1e-9


class PointsAbsentError(Exception):
    """The digitised points that a figure is computed from are not at hand."""


@dataclass(frozen=True)
class Oracle:
    """One figure: `expected` and `tolerance` (absolute) in `unit`, as `printed`; `compute` gives it in plain units, from the digitised points where it `needs_points`.

    Where the source only says `at_least`, more is right too.
    """

    id: str
    name: str
    source: str
    printed: str
    expected: float
    tolerance: float
    unit: str
    kind: Kind
    compute: Compute
    needs_points: bool = False
    at_least: bool = False

    def run(self) -> Result:
        """Return what the planner gives now. A function that fails is a figure that fails."""
        try:
            got = float(self.compute()) / UNITS[self.unit]
        except PointsAbsentError as absent:
            return Result(self, None, "not run", f"points absent: {absent}")
        except Exception as error:  # one broken function must not hide what the others say
            return Result(self, None, "failed", f"{type(error).__name__}: {error}")
        off = self.expected - got if self.at_least else abs(got - self.expected)
        return Result(self, got, "ok" if off <= self.tolerance else "failed")


@dataclass(frozen=True)
class Missing:
    """A figure that the planner does not produce, and why."""

    id: str
    name: str
    printed: str
    reason: str


@dataclass(frozen=True)
class Result:
    """What running an oracle gave: `got` in its unit. `status` is ok, failed, or not run; `note` says why where there is no figure."""

    oracle: Oracle
    got: float | None
    status: Literal["ok", "failed", "not run"]
    note: str = ""

    @property
    def passed(self) -> bool:
        return self.status == "ok"

    def figures(self) -> dict[str, Any]:
        """Return the result as JSON has it."""
        one = self.oracle
        return {
            "id": one.id, "name": one.name, "source": one.source, "kind": one.kind, "unit": one.unit, "expected": one.expected, "tolerance": one.tolerance,
            "got": self.got, "status": self.status, **({"note": self.note} if self.note else {}),
        }  # fmt: skip


class Section:
    """A section's figures, numbered as they are added."""

    def __init__(self, number: str, title: str, source: str) -> None:
        self.number, self.title, self.source = number, title, source
        self.oracles: list[Oracle] = []
        self.missing: list[Missing] = []
        self.kind: Kind = "computed"  # of the figures that follow
        self._count = 0

    def one(
        self,
        name: str,
        printed: str,
        compute: Compute | None = None,
        *,
        points: Compute | None = None,
        kind: Kind | None = None,
        rel: float | None = None,
        within: float | None = None,
        source: str | None = None,
        at_least: bool = False,
    ) -> None:
        """Add a figure; `points` gives it from the digitised points. `rel` is a share of the figure, `within` absolute in its unit; data without either must be equal."""
        number, unit = parsed(printed)
        kind = kind or self.kind
        tolerance = _tolerance(printed, number, kind, rel, within)
        key = self._next()
        for suffix, function in (("", compute), ("p", points)):
            if function is not None:
                on_points = suffix == "p"
                # A fit made again proves more than the kept one; a figure that only the points have is what it is.
                of_kind: Kind = "computed" if on_points and compute else kind
                self.oracles.append(
                    Oracle(key + suffix, name, source or self.source, printed, number, tolerance, unit, of_kind, function, on_points, at_least)
                )  # fmt: skip

    def row(
        self,
        name: str,
        printed: str,
        keys: Mapping[str, Any] | Sequence[Any],
        compute: Callable[[Any], float] | None = None,
        *,
        unit: str = "",
        points: Callable[[Any], float] | None = None,
        kind: Kind | None = None,
        rel: float | None = None,
        within: float | None = None,
        source: str | None = None,
    ) -> None:
        """Add a row of figures, one a key; `printed` has them with spaces between."""
        labelled = keys if isinstance(keys, Mapping) else {str(key): key for key in keys}
        for text, (label, key) in zip(printed.split(), labelled.items(), strict=True):
            self.one(
                f"{label}: {name}", f"{text} {unit}", compute and partial(compute, key), points=points and partial(points, key), kind=kind, rel=rel, within=within,
                source=source,
            )  # fmt: skip

    def data(self, name: str, printed: str, compute: Compute, *, within: float | None = None, source: str | None = None) -> None:
        """Add a figure that a table holds."""
        self.one(name, printed, compute, kind="data", within=within, source=source)

    def data_row(
        self, name: str, printed: str, keys: Mapping[str, Any] | Sequence[Any], compute: Callable[[Any], float], *, unit: str = "", within: float | None = None
    ) -> None:  # fmt: skip
        """Add a row of figures that a table holds."""
        self.row(name, printed, keys, compute, unit=unit, kind="data", within=within)

    def absent(self, name: str, printed: str, reason: str) -> None:
        """Add figures, spaces between, that the planner does not produce."""
        for text in printed.split():
            self.missing.append(Missing(self._next(), name, text, reason))

    def _next(self) -> str:
        self._count += 1
        return f"{self.number}.{self._count:02d}"


def parsed(printed: str) -> tuple[float, str]:
    """Return a printed figure's number and unit."""
    number, unit = _split(printed)
    assert unit in UNITS, printed
    return float(number), unit


def half_digit(printed: str) -> float:
    """Return half of the last digit of a printed number: of "16.55", 0.005."""
    mantissa, _, exponent = _split(printed)[0].partition("e")
    return 0.5 * 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))


def _split(printed: str) -> tuple[str, str]:
    found = re.fullmatch(r"(-?[\d.,]+(?:e-?\d+)?)\s*(.*?)\s*", printed)
    assert found, printed
    return found[1].replace(",", ""), found[2]


def _tolerance(printed: str, number: float, kind: Kind, rel: float | None, within: float | None) -> float:
    if within is not None:
        return within
    if rel is not None:
        # Two printed digits cannot show one per cent.
        return max(abs(number) * rel, half_digit(printed))
    least = abs(number) * _ROUNDING
    return least if kind == "data" else max(half_digit(printed), least) * (1 + 1e-6)
