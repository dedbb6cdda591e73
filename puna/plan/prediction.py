"""Predicting a benchmark before the run, in two stages (Llama 3, arXiv 2407.21783, section 3.2.1, Fig. 4).

Accuracy of small models stands at chance and says nothing of large ones, but the likelihood that they give to the right answer moves at all sizes. So first: the normalised negative log-likelihood
(NLL) of the right answer, a straight line over log compute, from scaling-law models alone. Then: accuracy as a sigmoid of that NLL, from every model at hand, older families included (Meta took the
Llama 2 models in), because this stage does not ask what a model cost. Read backwards, a wanted accuracy gives an NLL and that a compute.

Rows of the table may therefore lack a compute or an accuracy; each stage takes those that have what it needs.

The interval is that of a model yet to be trained, not of the curve: rows are drawn with replacement, both stages fitted again, and the scatter of single models round each stage added. A line over log
compute reaches an NLL of zero some day, and no benchmark does; where it comes near, this says so.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from puna.errors import ConfigError, DataError
from puna.plan.estimate import Estimate
from puna.plan.fits.resampling import generator, interval
from puna.plan.laws.law import FAR_ORDERS
from puna.plan.optimal import check_above_zero
from puna.plan.points import Floats, positive, read_table

MEANS = "95 % of models yet to be trained, by resamples of the rows and the scatter of single models"
# What chance a sigmoid's constants have to be told apart depends on the number of models: below this many, floor and ceiling are held fixed.
_ENOUGH_FOR_FOUR = 8


@dataclass(frozen=True)
class Scores:
    """Models on one benchmark: compute in FLOPs (NaN where unknown), NLL of the right answer, accuracy between 0 and 1 (NaN where unknown)."""

    compute: Floats
    nll: Floats
    accuracy: Floats
    source: str


@dataclass(frozen=True)
class Sigmoid:
    """Accuracy = floor + (ceiling - floor) / (1 + exp((NLL - middle) / width))."""

    floor: float
    ceiling: float
    middle: float
    width: float

    def accuracy(self, nll: float) -> float:
        return float(self.floor + (self.ceiling - self.floor) / (1 + math.exp(min((nll - self.middle) / self.width, 700.0))))

    def nll(self, accuracy: float) -> float:
        """Return the NLL at an accuracy strictly between floor and ceiling."""
        return self.middle + self.width * math.log((self.ceiling - accuracy) / (accuracy - self.floor))


@dataclass(frozen=True)
class TwoStages:
    """NLL = `level` + `slope` log10 compute, and the sigmoid; `scatter` is the standard deviation of single models round each stage."""

    slope: float
    level: float
    sigmoid: Sigmoid
    scatter: tuple[float, float]

    def nll(self, compute: float) -> float:
        return self.level + self.slope * math.log10(compute)


@dataclass(frozen=True)
class Benchmark:
    """Both stages fitted to scores, and to resamples of them."""

    fit: TwoStages
    draws: tuple[TwoStages, ...]
    scores: Scores
    warnings: tuple[str, ...]

    def predict(self, compute: float) -> dict[str, Any]:
        """Return `loss` (the NLL) and `accuracy` of a model of `compute` FLOPs. Raises `ConfigError` where compute is not above 0."""
        check_above_zero(compute=compute)
        nll = self.fit.nll(compute)
        rng = generator(0, "predict", len(self.draws))
        # A new model has its own luck in both stages; its accuracy stays between nothing and all.
        losses = [draw.nll(compute) + draw.scatter[0] * rng.standard_normal() for draw in self.draws]
        found = [
            min(max(draw.sigmoid.accuracy(loss) + draw.scatter[1] * rng.standard_normal(), 0.0), 1.0)
            for draw, loss in zip(self.draws, losses, strict=True)
        ]
        return {
            "compute": compute, "loss": interval(nll, losses), "accuracy": interval(self.fit.sigmoid.accuracy(nll), found), "orders_beyond": self._beyond(compute),
            **self._told(compute, nll),
        }  # fmt: skip

    def compute_for(self, accuracy: float) -> dict[str, Any]:
        """Return the `compute` in FLOPs at which models reach `accuracy`, and the `loss` there. Raises `ConfigError` where none does."""
        sigmoid = self.fit.sigmoid
        if not sigmoid.floor < accuracy < sigmoid.ceiling:
            raise ConfigError(
                f"an accuracy of {accuracy:g} is not between the sigmoid's floor ({sigmoid.floor:.3g}) and ceiling ({sigmoid.ceiling:.3g}), "
                "so no compute reaches it by these points; ask for one between"
            )
        rng = generator(0, "predict back", len(self.draws))
        nll = sigmoid.nll(accuracy)
        logs, losses = [], []
        for draw in self.draws:
            wanted = accuracy - draw.scatter[1] * rng.standard_normal()
            if draw.sigmoid.floor < wanted < draw.sigmoid.ceiling:
                losses.append(draw.sigmoid.nll(wanted))
                logs.append((losses[-1] - draw.scatter[0] * rng.standard_normal() - draw.level) / draw.slope)
        log_compute = (nll - self.fit.level) / self.fit.slope
        if not -300 < log_compute < 300:
            raise ConfigError(
                f"an accuracy of {accuracy:g} lies at 1e{log_compute:.0f} FLOPs by these points: their NLL hardly moves with compute; give runs that reach farther"
            )
        compute = interval(10.0**log_compute, 10.0 ** np.clip(logs, -300, 300))
        told = self._told(10.0**log_compute, nll)
        if len(logs) < 0.9 * len(self.draws):
            told["warnings"].append(
                f"{len(self.draws) - len(logs)} of {len(self.draws)} resamples never reach this accuracy: the interval's upper end is open"
            )
        return {
            "accuracy": accuracy,
            "compute": compute,
            "loss": interval(nll, losses),
            "orders_beyond": self._beyond(10.0**log_compute),
            **told,
        }

    def _beyond(self, compute: float) -> float:
        return max(0.0, math.log10(compute / np.nanmax(self.scores.compute)))

    def _told(self, compute: float, nll: float) -> dict[str, Any]:
        found = list(self.warnings)
        if self._beyond(compute) > FAR_ORDERS:
            found.append(
                f"{compute:.3g} FLOPs lie {self._beyond(compute):.1f} orders of magnitude beyond the largest run: an extrapolation over 3 orders or more"
            )
        if nll <= 0.25 * float(self.scores.nll.min()):
            found.append(
                f"an NLL of {nll:.3g} is far below every run's ({self.scores.nll.min():.3g} and more), where a straight line cannot go on"
            )
        return {
            "stages": {"slope": self.fit.slope, "level": self.fit.level, **vars(self.fit.sigmoid)}, "warnings": found, "resamples": len(self.draws),
            "interval_kind": "draws" if self.draws else None, "interval_means": MEANS if self.draws else "none",
            "sources": [f"two stages (arXiv 2407.21783, section 3.2.1) on {self.scores.source}"],
        }  # fmt: skip


def read_scores(path: Path, *, columns: str = "") -> Scores:
    """Read compute, loss (the NLL of the right answer) and accuracy from a CSV file; a cell of compute or accuracy may be empty. Raises `DataError` with file and line."""
    roles, rows = read_table(path, columns=columns)
    for role in ("compute", "loss", "accuracy"):
        if role not in roles:
            heads = ", ".join(f"{known} in {name!r}" for known, name in roles.items()) or "no known head"
            raise DataError(f"{path}: no column for {role} (found: {heads}); name it with --columns {role}=head")
    found: list[tuple[float, float, float]] = []
    for place, row in rows:
        compute, accuracy = (
            positive(row[role], place=place, what=roles[role]) if row[role] else math.nan for role in ("compute", "accuracy")
        )
        if accuracy > 1:
            raise DataError(f"{place}: {roles['accuracy']} is {accuracy:g}; give a share between 0 and 1, not per cent")
        found.append((compute, positive(row["loss"], place=place, what=roles["loss"]), accuracy))
    compute_I, nll_I, accuracy_I = np.array(found, np.float64).reshape(-1, 3).T
    return Scores(compute_I, nll_I, accuracy_I, str(path))


def fit_two_stages(scores: Scores, *, chance: float | None = None, bootstrap: int = 200, seed: int = 0) -> Benchmark:
    """Fit both stages. `chance` holds the sigmoid's floor at what guessing gets (0.25 with four choices).

    Raises `DataError` where too few rows have what a stage needs, or where NLL does not fall with compute or accuracy not with NLL.
    """
    first, second = np.flatnonzero(np.isfinite(scores.compute)), np.flatnonzero(np.isfinite(scores.accuracy))
    if len(first) < 3 or np.ptp(np.log10(scores.compute[first])) < 0.1:
        raise DataError(f"{scores.source}: {len(first)} rows with compute; the first stage needs 3 or more, at different computes")
    if len(second) < 4:
        raise DataError(f"{scores.source}: {len(second)} rows with accuracy; the second stage needs 4 or more")
    if chance is not None and not 0 <= chance < 1:
        raise ConfigError(f"chance is {chance:g}; give a share of 0 or more and below 1")
    fit = _fitted(scores, first, second, chance, None)
    if fit.slope >= 0:
        raise DataError(
            f"{scores.source}: the NLL does not fall with compute in these rows, so there is nothing to extrapolate; check the columns"
        )
    rng = generator(seed, "two stages", len(first), len(second), bootstrap)
    draws = []
    for _ in range(bootstrap):
        one, two = rng.choice(first, len(first)), rng.choice(second, len(second))
        if np.ptp(np.log10(scores.compute[one])) > 0 and len(np.unique(scores.nll[two])) >= 3:
            drawn = _fitted(scores, one, two, chance, fit)
            draws += [drawn] if drawn.slope < 0 else []
    told = []
    if len(second) < _ENOUGH_FOR_FOUR:
        told.append(
            f"{len(second)} rows with accuracy do not tell a floor and a ceiling; they are held at {fit.sigmoid.floor:g} and {fit.sigmoid.ceiling:g}"
        )
    if len(draws) < bootstrap:
        told.append(f"{bootstrap - len(draws)} of {bootstrap} resamples had no fit and are left out of the intervals")
    return Benchmark(fit, tuple(draws), scores, tuple(told))


def _fitted(scores: Scores, first: Any, second: Any, chance: float | None, near: TwoStages | None) -> TwoStages:
    log_C, nll = np.log10(scores.compute[first]), scores.nll[first]
    slope, level = np.polyfit(log_C, nll, 1)
    sigmoid, miss = _sigmoid(scores.nll[second], scores.accuracy[second], chance, None if near is None else near.sigmoid)
    if near is not None:
        # The scatter is the fit's: a resample shows some models twice and so less of it.
        return TwoStages(float(slope), float(level), sigmoid, near.scatter)
    return TwoStages(float(slope), float(level), sigmoid, (_spread(nll - level - slope * log_C, 2), _spread(miss, 4)))


def _spread(misses: Floats, constants: int) -> float:
    return float(np.sqrt(misses @ misses / max(1, len(misses) - constants)))


def _sigmoid(nll: Floats, accuracy: Floats, chance: float | None, near: Sigmoid | None) -> tuple[Sigmoid, Floats]:
    """Return the least-squares sigmoid and its misses, from several starts or from a fit nearby."""
    from scipy.optimize import least_squares

    tell = len(nll) >= _ENOUGH_FOR_FOUR
    floor = chance if chance is not None else 0.0
    free_floor = tell and chance is None
    least, most, width = float(accuracy.min()), float(accuracy.max()), max(float(np.ptp(nll)), 1e-9)

    # Only what is free is searched: a constant that moves nothing leaves the search without an end.
    free = np.array([True, True, free_floor, tell])

    def curve(values: Floats) -> Sigmoid:
        held = np.array([0.0, 0.0, floor, 1.0])
        held[free] = values
        middle, log_width, low, high = map(float, held)
        return Sigmoid(low, high, middle, math.exp(log_width))

    def falls(one: Sigmoid) -> tuple[Floats, Floats]:
        z_M = np.clip((nll - one.middle) / one.width, -700, 700)
        return z_M, 1 / (1 + np.exp(z_M))

    def misses(values: Floats) -> Floats:
        one = curve(values)
        return np.asarray(one.floor + (one.ceiling - one.floor) * falls(one)[1] - accuracy)

    def slopes(values: Floats) -> Floats:
        """Return the slope of each miss in each free constant, `[M, free]`."""
        one = curve(values)
        z_M, share_M = falls(one)
        steep_M = (one.ceiling - one.floor) * share_M * (1 - share_M)
        return np.stack([steep_M / one.width, steep_M * z_M, 1 - share_M, share_M], 1)[:, free]

    bottom, top = max(least, 1e-6), min(max(most, 1e-5), 1 - 1e-9)
    low_bounds = [nll.min() - 10 * width, math.log(width) - 9, 0.0, top]
    high_bounds = [nll.max() + 10 * width, math.log(width) + 3, bottom, 1.0]
    if near is not None:
        starts = [[near.middle, math.log(near.width), near.floor, near.ceiling]]
    else:
        starts = [
            [np.quantile(nll, part), math.log(width * wide), bottom / 2, (1 + top) / 2]
            for part in (0.1, 0.5, 0.9)
            for wide in (0.05, 0.2, 0.6)
        ]
    bounds = np.array(low_bounds)[free], np.array(high_bounds)[free]
    inside = [np.clip(np.array(start)[free], bounds[0] + 1e-12, bounds[1] - 1e-12) for start in starts]
    # A resample's own scatter is far above the coarser tolerance.
    tolerance = 1e-12 if near is None else 1e-8
    best = min(
        (least_squares(misses, start, slopes, bounds=bounds, xtol=tolerance, ftol=tolerance, gtol=tolerance) for start in inside),
        key=lambda one: one.cost,
    )
    return curve(best.x), misses(best.x)


def half_width(accuracy: float, questions: int) -> float:
    """Return half of the 95 % interval that so many questions leave round an accuracy, 1.96 sqrt(S (1 - S) / N), as arXiv 2407.21783 (section 5.1.1) prints it.

    What a prediction will be compared with is no sharper than this, however good the model. Near 0 and 1 and with few questions it is too narrow; Wilson's interval is better there.
    """
    if not 0 <= accuracy <= 1 or questions < 1:
        raise ConfigError(f"an accuracy of {accuracy:g} on {questions} questions: give a share between 0 and 1, and at least 1 question")
    return 1.96 * math.sqrt(accuracy * (1 - accuracy) / questions)


def size_and_cost(compute: Estimate | float, *, law: Any, device: Any, mfu: float) -> dict[str, Any]:
    """Return what a compute means: the law's split, hours of one device at a utilisation of its bf16 peak, and dollars where the device has a price."""
    from puna.plan.devices import prices

    point = compute.value if isinstance(compute, Estimate) else compute
    best, per_hour = law.optimum(point), device.bf16_flops * mfu * 3600
    hours = compute.scaled(1 / per_hour) if isinstance(compute, Estimate) else compute / per_hour
    found = {"params": best.params, "tokens": best.tokens, "gpu": device.name, "mfu": mfu, "gpu_hours": hours}
    price = prices().get(device.name)
    if price is not None:
        found["dollars"] = hours.scaled(price.dollars_per_hour) if isinstance(hours, Estimate) else hours * price.dollars_per_hour
        found["price"] = f"{price.dollars_per_hour:g} dollars an hour ({price.source}, {price.date})"
    return found
