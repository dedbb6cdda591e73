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
from puna.plan.fits.resampling import drawn_weights, generator, interval
from puna.plan.fits.sigmoid import ENOUGH_FOR_FOUR, Sigmoid, SigmoidFit
from puna.plan.laws.law import FAR_ORDERS
from puna.plan.optimal import check_above_zero
from puna.plan.points import Floats, positive, read_table

# Luck alone takes a model that guesses rarely so far below chance: of 300 questions with four choices 2 models in 100.
BELOW_CHANCE = 0.05
# The share of draws beyond either end of an interval.
OUTSIDE = 0.025
MEANS = "95 % of models yet to be trained, by resamples of the rows and the scatter of single models"


@dataclass(frozen=True)
class Scores:
    """Models on one benchmark: compute in FLOPs (NaN where unknown), NLL of the right answer, accuracy between 0 and 1 (NaN where unknown)."""

    compute: Floats
    nll: Floats
    accuracy: Floats
    source: str


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
        nll = sigmoid.nll(accuracy)
        log_compute = (nll - self.fit.level) / self.fit.slope
        if not -300 < log_compute < 300:
            raise ConfigError(
                f"an accuracy of {accuracy:g} lies at 1e{log_compute:.0f} FLOPs by these points: their NLL hardly moves with compute; give runs that reach farther"
            )
        if nll <= 0:
            raise ConfigError(
                f"an accuracy of {accuracy:g} lies at an NLL of {nll:.3g} by these points, and no model's is below 0: ask for less than {sigmoid.accuracy(0.0):.4g}"
            )
        losses, logs = self._drawn_for(accuracy)
        told = self._told(10.0**log_compute, nll)
        never = int(np.isinf(logs).sum())
        compute = interval(10.0**log_compute, 10.0 ** np.clip(logs, -300, 300))
        if isinstance(compute, Estimate) and never > OUTSIDE * len(logs):
            told["warnings"].append(f"{never} of {len(logs)} resamples never reach this accuracy: the interval has no upper end")
            compute = Estimate(compute.value, compute.low, math.inf)
        return {
            "accuracy": accuracy,
            "compute": compute,
            "loss": interval(nll, losses),
            "orders_beyond": self._beyond(10.0**log_compute),
            **told,
        }

    def _drawn_for(self, accuracy: float) -> tuple[Floats, Floats]:
        """Return the NLL and the power of ten of the compute at which a model of each resample, with its own luck, has `accuracy`: at 0, which no NLL passes, and infinity where it never has."""
        rng = generator(0, "predict back", len(self.draws))
        losses, logs = np.zeros(len(self.draws)), np.full(len(self.draws), math.inf)
        for i, draw in enumerate(self.draws):
            wanted = accuracy - draw.scatter[1] * rng.standard_normal()
            # A luck so good that guessing is enough says nothing of compute, and is left out.
            if wanted <= draw.sigmoid.floor:
                losses[i] = logs[i] = math.nan
            elif wanted < draw.sigmoid.ceiling and (nll := draw.sigmoid.nll(wanted)) > 0:
                losses[i] = nll
                logs[i] = (nll - draw.scatter[0] * rng.standard_normal() - draw.level) / draw.slope
        return losses[~np.isnan(losses)], logs[~np.isnan(logs)]

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
    _check(scores, first, second, chance)
    log_C, nll = np.log10(scores.compute[first]), scores.nll[first]
    slope, level = map(float, np.polyfit(log_C, nll, 1))
    if slope >= 0:
        raise DataError(
            f"{scores.source}: the NLL does not fall with compute in these rows, so there is nothing to extrapolate; check the columns"
        )
    if np.polyfit(scores.nll[second], scores.accuracy[second], 1)[0] >= 0:
        raise DataError(
            f"{scores.source}: accuracy does not rise as the NLL falls in these rows, so one does not tell the other; check the columns"
        )
    curve = SigmoidFit(scores.nll[second], scores.accuracy[second], chance=chance)
    sigmoid = curve.best()
    fit = TwoStages(slope, level, sigmoid, (_spread(nll - level - slope * log_C, 2), _spread(curve.misses(sigmoid), 4)))
    rng = generator(seed, "two stages", len(first), len(second), bootstrap)
    lines_K2 = _lines(log_C, nll, drawn_weights(rng, num_points=len(first), resamples=bootstrap))
    weights_KM = drawn_weights(rng, num_points=len(second), resamples=bootstrap)
    kept = np.isfinite(lines_K2).all(1) & (lines_K2[:, 0] < 0) & (_different(curve.nll, weights_KM) >= 3)
    # The scatter is the fit's: a resample shows some models twice and so less of it.
    draws = tuple(
        TwoStages(float(line[0]), float(line[1]), drawn, fit.scatter)
        for line, drawn in zip(lines_K2[kept], curve.resampled(sigmoid, weights_KM[kept]), strict=True)
    )
    return Benchmark(fit, draws, scores, _told_of_fit(scores.accuracy[second], sigmoid, chance, bootstrap, len(draws)))


def _check(scores: Scores, first: Any, second: Any, chance: float | None) -> None:
    if len(first) < 3 or np.ptp(np.log10(scores.compute[first])) < 0.1:
        raise DataError(f"{scores.source}: {len(first)} rows with compute; the first stage needs 3 or more, at different computes")
    if len(second) < 4:
        raise DataError(f"{scores.source}: {len(second)} rows with accuracy; the second stage needs 4 or more")
    if chance is not None and not 0 <= chance < 1:
        raise ConfigError(f"chance is {chance:g}; give a share of 0 or more and below 1")
    best = float(np.nanmax(scores.accuracy))
    if chance is not None and chance >= best:
        raise ConfigError(
            f"chance is {chance:g}, but no model of {scores.source} scores more than {best:g}: give what guessing gets, or leave it out"
        )


def _told_of_fit(accuracy: Floats, sigmoid: Sigmoid, chance: float | None, asked: int, given: int) -> tuple[str, ...]:
    told, num_scored = [], len(accuracy)
    below = 0 if chance is None else int((accuracy < chance - BELOW_CHANCE).sum())
    if below:
        told.append(
            f"{below} of {num_scored} models score more than {100 * BELOW_CHANCE:g} points below a chance of {chance:g}: is that what guessing gets?"
        )
    if num_scored < ENOUGH_FOR_FOUR:
        told.append(
            f"{num_scored} rows with accuracy do not tell a floor and a ceiling; they are held at {sigmoid.floor:g} and {sigmoid.ceiling:g}"
        )
    if given < asked:
        told.append(f"{asked - given} of {asked} resamples had no fit and are left out of the intervals")
    return tuple(told)


def _lines(x_M: Floats, y_M: Floats, weights_KM: Floats) -> Floats:
    """Return slope and level of each resample's line, `[K, 2]`; not finite where all that was drawn lies at one place."""
    num_K1 = weights_KM.sum(1, keepdims=True)
    off_KM, middle_K1 = x_M - weights_KM @ x_M[:, None] / num_K1, weights_KM @ y_M[:, None] / num_K1
    with np.errstate(invalid="ignore", divide="ignore"):
        slope_K = (weights_KM * off_KM * (y_M - middle_K1)).sum(1) / (weights_KM * off_KM**2).sum(1)
    return np.stack([slope_K, middle_K1[:, 0] - slope_K * (x_M - off_KM)[:, 0]], 1)


def _different(values_M: Floats, weights_KM: Floats) -> Floats:
    """Return how many different values each resample drew."""
    _, kind_M = np.unique(values_M, return_inverse=True)
    return np.asarray(((weights_KM @ np.eye(kind_M.max() + 1)[kind_M]) > 0).sum(1))


def _spread(misses: Floats, constants: int) -> float:
    return float(np.sqrt(misses @ misses / max(1, len(misses) - constants)))


def half_width(accuracy: float, questions: int) -> float:
    """Return half of the 95 % interval that so many questions leave round an accuracy, 1.96 sqrt(S (1 - S) / N), as arXiv 2407.21783 (section 5.1.1) prints it.

    What a prediction will be compared with is no sharper than this, however good the model. Near 0 and 1 and with few questions it is too narrow; Wilson's interval is better there.
    """
    if not 0 <= accuracy <= 1 or questions < 1:
        raise ConfigError(f"an accuracy of {accuracy:g} on {questions} questions: give a share between 0 and 1, and at least 1 question")
    return 1.96 * math.sqrt(accuracy * (1 - accuracy) / questions)
