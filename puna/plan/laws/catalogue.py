"""Scaling laws by name: `data/laws.csv` holds a row each, and adding one is a line there.

They disagree, by up to three times in the size of the same budget's model. Most of that is not physics but what was counted (`counting`), what was held fixed, and how far the runs reached; so each
law says these things about itself, and its interval is that of its own evidence: resamples where the runs can be fitted again, else a published interval, else no
more than what the printed digits leave open; and it says which. Hoffmann's constants of approach 3 do not fit Hoffmann's points (Besiroglu et al., arXiv 2404.10102), so their
interval holds both the noise of the points about the constants and where a refit of the points lies.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from functools import cache
from importlib import resources
from pathlib import Path

import numpy as np

from puna.errors import ConfigError
from puna.plan.laws.allocation import Allocation, Kaplan, through, tilted
from puna.plan.laws.granular import Granular
from puna.plan.laws.law import About, Law
from puna.plan.laws.lawfile import read_law
from puna.plan.laws.surface import Experts, Surface, gadre, with_draws
from puna.plan.tables import rows_of
from puna.seeds import seed_of
from puna.settings import nearest

# Laws drawn from those that round to the printed constants, and constants that are counts and no measurements.
ROUNDINGS = 100
COUNTS = ("experts",)
_KINDS: Mapping[str, Callable[..., Law]] = {
    "surface": Surface,
    "gadre": gadre,
    "allocation": Allocation,
    "kaplan": Kaplan,
    "granular": Granular,
}


def law(name: str) -> Law:
    """Return a law by name, or the one in a file that `puna plan fit --out` wrote. Raises `ConfigError` naming the nearest, `FormatError` for a file that holds none."""
    rows = _rows()
    if name.lower() in rows:
        return _named(name.lower())
    if name.endswith(".json") or Path(name).is_file():
        return read_law(Path(name))
    raise ConfigError(f"no law is called '{name}', nor any file{nearest(name.lower(), list(rows))}")


def names() -> tuple[str, ...]:
    """Return the names of all laws, in the table's order; second names of a law are left out."""
    return tuple(name for name, row in _rows().items() if row["kind"] != "same")


def errata_of(name: str) -> tuple[int, ...]:
    """Return the numbers of the errata that concern a law; none for one from a file."""
    row = _rows().get(name)
    return tuple(int(number) for number in row["errata"].split()) if row else ()


def table(name: str) -> list[tuple[float, float, float]]:
    """Return a law's published table of optima as (compute, params, tokens)."""
    return [(float(row["compute"]), float(row["params"]), float(row["tokens"])) for row in rows_of("optima.csv") if row["law"] == name]


@cache
def _rows() -> Mapping[str, Mapping[str, str]]:
    return {row["name"]: row for row in rows_of("laws.csv")}


@cache
def _named(name: str) -> Law:
    row = _rows()[name]
    if row["kind"] == "same":
        return _named(row["constants"])
    found = _alone(name)
    if row["refit"]:
        assert isinstance(found, Surface)
        return _moved(found, _alone(row["refit"]), row["spread"])
    if found.alternatives:
        return found
    if row["kind"] == "table":
        return replace(found, alternatives=_left_out(name, found), spread="left out")
    return _with_roundings(found, row, row["constants"])


def _left_out(name: str, law: Law) -> tuple[Law, ...]:
    """Return the lines through a published table without one of its points each."""
    rows = table(name)
    return tuple(
        Allocation(*through([row[0] for row in some], [row[2] for row in some]), about=law.about)
        for some in (rows[:number] + rows[number + 1 :] for number in range(len(rows)))
    )


def _with_roundings(law: Law, row: Mapping[str, str], constants: str) -> Law:
    """Return a law with laws whose constants round to the printed ones as its alternatives, drawn evenly from all that do."""
    rng = np.random.default_rng(seed_of(0, "rounding", row["name"]))
    printed = [pair.rpartition("=") for pair in constants.split()]
    # Digits that are cut off, not rounded, leave only more open.
    least, most = (0, 2) if row["spread"] == "cut" else (-1, 1)
    found = []
    for _ in range(ROUNDINGS):
        drawn = {keys: float(value) + half_digit(value) * rng.uniform(least, most) * (keys not in COUNTS) for keys, _, value in printed}
        found.append(_built(row, _constants(" ".join(f"{keys}={value!r}" for keys, value in drawn.items())), law.about))
    return replace(law, alternatives=tuple(found), spread="rounding")


def half_digit(printed: str) -> float:
    """Return half of the last digit of a number as it is printed: of "1.3e9", 5e7."""
    exponent = Decimal(printed).as_tuple().exponent
    assert isinstance(exponent, int)
    return float(Decimal(5).scaleb(exponent - 1))


@cache
def _alone(name: str) -> Law:
    """Return a row's law, with an interval only where its file or its table's source has one."""
    row = _rows()[name]
    about = _about(row)
    if row["kind"] == "file":
        with resources.as_file(resources.files("puna.plan").joinpath("data", row["constants"])) as path:
            return _under(read_law(path, name=name), about)
    if row["kind"] == "table":
        compute, _, tokens = zip(*table(name), strict=True)
        line, ends = Allocation(*through(compute, tokens), about=about), _constants(row["constants"])
        return replace(line, alternatives=tilted(line, list(ends.values())), spread="published") if ends else line
    return _built(row, _constants(row["constants"]), about)


def _about(row: Mapping[str, str]) -> About:
    return About(row["name"], row["source"], row["counting"], float(row["compute_low"] or 0), float(row["compute_high"] or math.inf))


def _built(row: Mapping[str, str], held: dict[str, float], about: About) -> Law:
    """Return a law of a row's kind with these constants."""
    if row["kind"] == "experts":
        num_experts = int(held.pop("experts"))
        return Experts(**held).surface(num_experts, about)
    return _KINDS[row["kind"]](**held, about=about)


def experts(name: str, num_experts: int) -> Surface:
    """Return a law of experts and size for a number of experts. Raises `ConfigError` where the law has no such number to choose."""
    row = _rows().get(name)
    if row is None or row["kind"] != "experts":
        raise ConfigError(
            f"law '{name}' has no number of experts to choose; that is for {', '.join(key for key, one in _rows().items() if one['kind'] == 'experts')}"
        )
    if num_experts < 1:
        raise ConfigError(f"{num_experts} experts: give 1 or more")
    text = " ".join(f"experts={num_experts}" if pair.startswith("experts=") else pair for pair in row["constants"].split())
    about = _about({**row, "source": row["source"].rsplit(",", 1)[0] + f", at {num_experts} expert{'' if num_experts == 1 else 's'}"})
    found = _with_roundings(_built(row, _constants(text), about), row, text)
    assert isinstance(found, Surface)
    return found


def _constants(text: str) -> dict[str, float]:
    found = {}
    for pair in text.split():
        *keys, value = pair.split("=")
        for key in keys:
            found[key.removeprefix("log_")] = math.exp(float(value)) if key.startswith("log_") else float(value)
    return found


def _under(law: Law, about: About) -> Law:
    """Return a law from a file under the table's words."""
    held = replace(law, about=about)
    return replace(held, surface=replace(held.surface, about=about)) if isinstance(held, Allocation) and held.surface is not None else held


def _moved(law: Surface, refit: Law, how: str) -> Surface:
    """Return a surface with the draws of another fit of the same points, moved by how far the two fits lie apart (constants of scale by their ratio); a `refit` holds those that are not moved as well."""
    rows = [(one.E, one.A, one.B, one.alpha, one.beta) for one in refit.alternatives if isinstance(one, Surface)]
    assert isinstance(refit, Surface)
    ratios, steps = (law.E / refit.E, law.A / refit.A, law.B / refit.B), (law.alpha - refit.alpha, law.beta - refit.beta)
    moved = [(E * ratios[0], A * ratios[1], B * ratios[2], alpha + steps[0], beta + steps[1]) for E, A, B, alpha, beta in rows]
    moved = [row for row in moved if min(row[3:]) > 0]
    return replace(with_draws(law, [*moved, *rows]), spread="refit") if how == "refit" else with_draws(law, moved)
