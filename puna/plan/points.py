"""Reading runs from a CSV file: what each run had (compute, parameters, tokens) and what came of it (a loss, an accuracy).

Tables of runs come with every head one can think of ("Training FLOP", "compute_budget", "C"), so a column is found by what such tables usually call it, and
`--columns role=head` names the rest. A power law takes logarithms: one missing, zero or negative figure makes nonsense of the whole fit, and so a row with
one is refused with its line, never skipped in silence.

Two of compute, parameters and tokens give the third by C = 6 N D, the count that Kaplan et al. (arXiv 2001.08361, section 2.1), Hoffmann et al. and Meta use:
six floating-point operations a parameter and token.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from puna.errors import ConfigError, DataError
from puna.settings import nearest

Floats = NDArray[np.float64]

FLOPS_PER_PARAM_TOKEN = 6.0
# Attention's FLOPs and embeddings move C from 6 N D by less than this share in runs of a usual size; more is another count or another unit.
_OTHER_COUNT = 0.3

# What tables of runs call each role, in lower case with anything but letters and digits as "_".
_HEADS: Mapping[str, tuple[str, ...]] = {
    "compute": ("compute", "c", "flops", "flop", "training_flops", "training_flop", "train_flops", "compute_budget", "budget", "compute_flops"),
    "params": ("params", "n", "parameters", "num_params", "model_size", "param_count"),
    "tokens": ("tokens", "d", "training_tokens", "train_tokens", "num_tokens"),
    "loss": ("loss", "l", "validation_loss", "val_loss", "nll", "normalised_nll", "normalized_nll"),
    "accuracy": ("accuracy", "acc", "score"),
}  # fmt: skip


@dataclass(frozen=True)
class Points:
    """Runs, an entry each: compute in FLOPs, parameters, training tokens and loss, all above 0. `source` says where they come from."""

    compute: Floats
    params: Floats
    tokens: Floats
    loss: Floats
    source: str

    def __len__(self) -> int:
        return len(self.loss)

    def where(self, kept: Any) -> Points:
        """Return the points that an index or mask picks."""
        return Points(self.compute[kept], self.params[kept], self.tokens[kept], self.loss[kept], self.source)


def uneven(runs: Points) -> list[str]:
    """Say where a table gives compute, parameters and tokens that are not C = 6 N D, which the fits take for granted."""
    ratios = runs.compute / (FLOPS_PER_PARAM_TOKEN * runs.params * runs.tokens)
    off = np.abs(np.log(ratios)) > math.log1p(_OTHER_COUNT)
    if not off.any():
        return []
    low, middle, high = np.quantile(ratios[off], [0.0, 0.5, 1.0])
    return [
        f"{int(off.sum())} of {len(runs)} runs have {low:.3g} to {high:.3g} times 6 N D FLOPs (half of them {middle:.3g} or more): an isoflop fit reads compute and tokens and takes params as C / 6 D, "
        "a parametric one reads params and tokens; check units, and which parameters are counted"
    ]


def points(*, loss: Any, compute: Any = None, params: Any = None, tokens: Any = None, source: str = "points") -> Points:
    """Return runs from arrays; of compute, params and tokens one may be left out. Raises `DataError` for figures that are not above 0 and finite."""
    given = {
        role: np.asarray(values, np.float64)
        for role, values in (("compute", compute), ("params", params), ("tokens", tokens))
        if values is not None
    }
    if len(given) < 2:
        raise DataError(f"{source}: give two of compute, params and tokens (the third is C = 6 N D); got {', '.join(given) or 'none'}")
    loss_P = np.asarray(loss, np.float64)
    if any(values.shape != loss_P.shape for values in given.values()):
        raise DataError(f"{source}: columns of different lengths")
    for role, values in {**given, "loss": loss_P}.items():
        wrong = np.flatnonzero(~(np.isfinite(values) & (values > 0)))
        if len(wrong):
            raise DataError(f"{source}: {role} of point {wrong[0] + 1} is {values[wrong[0]]}; every figure must be finite and above 0")
    with np.errstate(over="ignore", under="ignore"):
        found = Points(**_completed(given), loss=loss_P, source=source)
    if not all(np.isfinite(values).all() and (values > 0).all() for values in (found.compute, found.params, found.tokens)):
        raise DataError(f"{source}: C = 6 N D leaves the range of floating-point numbers; check the units")
    return found


def read_points(path: Path, *, columns: str = "") -> Points:
    """Read runs with a loss from a CSV file. `columns` is `role=head,…` for heads that are not found by themselves.

    Raises `DataError` with file and line for missing columns and for values that are not finite numbers above 0, `ConfigError` for a wrong `columns`.
    """
    roles, rows = read_table(path, columns=columns)
    have = [role for role in ("compute", "params", "tokens") if role in roles]
    if "loss" not in roles:
        raise DataError(_missing(path, "loss", roles))
    if len(have) < 2:
        raise DataError(
            f"{path}: needs two of compute, params and tokens, {_only(have)}; name them with --columns role=head ({_heads(roles)})"
        )
    values: dict[str, list[float]] = {role: [] for role in (*have, "loss")}
    for place, row in rows:
        for role, column in values.items():
            column.append(positive(row[role], place=place, what=roles[role]))
    if not values["loss"]:
        raise DataError(f"{path}: has a head and no rows; give at least one run a line")
    return points(**values, source=str(path))


def read_table(path: Path, *, columns: str = "") -> tuple[dict[str, str], Iterator[tuple[str, dict[str, str]]]]:
    """Return the head of each role that the file has, and its rows as `("file:line", {role: cell})`. Lines that begin with `#` are comments."""
    lines = list(_rows(path))
    if not lines:
        raise DataError(f"{path}: is empty; give a head and one run a line")
    head = [cell.strip() for cell in lines[0][1]]
    roles = _roles(path, head, columns)
    place_of = {role: head.index(name) for role, name in roles.items()}

    def cells() -> Iterator[tuple[str, dict[str, str]]]:
        for number, row in lines[1:]:
            if len(row) != len(head):
                raise DataError(f"{path}:{number}: has {len(row)} cells, and the head has {len(head)}")
            yield f"{path}:{number}", {role: row[index].strip() for role, index in place_of.items()}

    return roles, cells()


def positive(text: str, *, place: str, what: str) -> float:
    """Return a cell's number. Raises `DataError` where it is none, not finite or not above 0."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        raise DataError(f"{place}: {what} is {text[:40]!r}, and must be a finite number above 0; mend the row or take it out")
    return value


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            for row in reader:
                if any(cell.strip() for cell in row) and not row[0].lstrip().startswith("#"):
                    yield reader.line_num, row
    except FileNotFoundError:
        raise DataError(f"{path}: no such file") from None
    except UnicodeDecodeError:
        raise DataError(f"{path}: not valid UTF-8; save it as plain CSV") from None
    except csv.Error as error:
        raise DataError(f"{path}:{reader.line_num}: not valid CSV ({error})") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from None


def _roles(path: Path, head: Sequence[str], columns: str) -> dict[str, str]:
    """Return the head of each role: the ones named, then those that their names give away."""
    if len(set(head)) != len(head):
        twice = next(name for name in head if head.count(name) > 1)
        raise DataError(f"{path}: two columns are called '{twice}'; rename one")
    roles: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in columns.split(","))):
        role, equals, name = (piece.strip() for piece in part.partition("="))
        if not equals:
            role, name = next((role for role, heads in _HEADS.items() if _plain(part) in heads), ""), part
        if role not in _HEADS:
            wanted = (
                f"'{role}' is no role{nearest(role, list(_HEADS))}"
                if role
                else f"which of {', '.join(_HEADS)} is '{part}'? write role={part}"
            )
            raise ConfigError(f"--columns {columns}: {wanted}")
        if name not in head:
            raise DataError(f"{path}: has no column '{name}'{nearest(name, head)}")
        if role in roles:
            raise ConfigError(f"--columns {columns}: {role} is given twice")
        roles[role] = name
    for role, heads in _HEADS.items():
        found = [name for name in head if _plain(name) in heads and name not in roles.values()]
        if role not in roles and len(found) > 1:
            raise DataError(f"{path}: {' and '.join(map(repr, found))} could both be {role}; say which with --columns {role}={found[0]}")
        if role not in roles and found:
            roles[role] = found[0]
    return roles


def _plain(head: str) -> str:
    return re.sub("[^a-z0-9]+", "_", head.lower()).strip("_")


def _completed(given: Mapping[str, Floats]) -> dict[str, Floats]:
    have = dict(given)
    if "compute" not in have:
        have["compute"] = FLOPS_PER_PARAM_TOKEN * have["params"] * have["tokens"]
    elif "params" not in have:
        have["params"] = have["compute"] / FLOPS_PER_PARAM_TOKEN / have["tokens"]
    elif "tokens" not in have:
        have["tokens"] = have["compute"] / FLOPS_PER_PARAM_TOKEN / have["params"]
    return have


def _missing(path: Path, role: str, roles: Mapping[str, str]) -> str:
    return f"{path}: no column for {role} ({_heads(roles)}); name it with --columns {role}=head"


def _only(have: Sequence[str]) -> str:
    return f"and has only {have[0]}" if have else "and has none"


def _heads(roles: Mapping[str, str]) -> str:
    return f"found: {', '.join(f'{role} in {name!r}' for role, name in roles.items()) or 'no known head'}"
