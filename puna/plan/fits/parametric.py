"""Fitting the surface L(N, D) = E + A / N^alpha + B / D^beta to runs (approach 3 of arXiv 2203.15556, section 3.3; Besiroglu et al., arXiv 2404.10102).

Two objectives. `huber`: the sum of Huber losses of log L, which squares misses up to `DELTA` and counts larger ones by their size, so that a few odd runs do not bend the fit.
It must be the *sum*: Hoffmann et al. took the mean, and their optimizer stopped early because the mean's changes were too small (Besiroglu et al., section 3). `squares`: least squares
of L itself, for runs without odd ones.

The valley of this objective is long and thin, A and alpha trade against each other over many orders, and one start may end anywhere. For given exponents the three other constants are a
linear fit (variable projection), so a grid of exponents costs little; the best of it are polished by BFGS in coordinates in which the valley is round (`descent`). In the same coordinates the
bootstrap resamples start at the fit itself, all of them side by side.

A run that misses is not thereby wrong, so none is left out unasked; those that miss far are named. Two rules leave runs out when asked. `drop_highest` goes by the loss: Besiroglu et al. left out the five
highest of Hoffmann's 245, runs with less than half a token per parameter, and beta fell from .45 to .37. `drop_outliers` goes by the miss, in robust standard deviations: 1.4826 times the median
absolute miss, which is the standard deviation of normal ones, and `FAR_OFF` of them is the usual limit (Iglewicz and Hoaglin 1993). It does not find the same runs: Hoffmann's misses have tails so heavy that
the rule takes out more than five, and their number is the rule's, not a property of the law. Constants: P points.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from puna.errors import ConfigError, DataError
from puna.plan.estimate import Estimate
from puna.plan.fits.descent import non_negative, walked_down
from puna.plan.fits.resampling import drawn_weights, generator, interval
from puna.plan.laws.law import About, interval_of, kind_of
from puna.plan.laws.surface import Constants, Surface, with_draws
from puna.plan.points import Floats, Points, uneven

Objective = Literal["huber", "squares"]

DELTA = 1e-3
NAMES = ("E", "A", "B", "alpha", "beta")
# Robust standard deviations beyond which a run is named: the limit of B. Iglewicz and D. Hoaglin, How to Detect and Handle Outliers (1993).
FAR_OFF = 3.5
# The standard deviation of normal misses by their median size.
_NORMAL = 1.4826
# Runs without noise miss by rounding alone, which has no scale.
_NO_NOISE = 1e-6
_GRID = np.geomspace(0.05, 1.6, 16)
_ROUGHLY = 1e-4
_POLISHED = 8


@dataclass(frozen=True)
class Dropped:
    """Points that a fit left out, where they were, and why."""

    points: int
    where: str
    reason: str


@dataclass(frozen=True)
class ParametricFit:
    """A fitted surface. `objective` is the least value of the sum, `rmse` the root mean square of the misses of L; constants have intervals where resamples were drawn."""

    E: Estimate | float
    A: Estimate | float
    B: Estimate | float
    alpha: Estimate | float
    beta: Estimate | float
    objective: float
    rmse: float
    points_used: int
    law: Surface
    used: Points = field(repr=False)
    left_out: Points = field(repr=False)
    dropped: tuple[Dropped, ...] = ()
    warnings: tuple[str, ...] = ()
    draws: tuple[Constants, ...] = field(default=(), repr=False)

    def figures(self) -> dict[str, Any]:
        """Return what `puna plan fit --json` prints."""
        return {
            "method": "parametric", "points_used": self.points_used, **{name: getattr(self, name) for name in NAMES},
            "objective": self.objective, "rmse": self.rmse, "dropped": [vars(one) for one in self.dropped], "warnings": list(self.warnings),
            "resamples": len(self.draws), "counting": self.law.about.counting,
            "interval_kind": kind_of(self.law), "interval_means": interval_of(self.law), "sources": [self.law.about.source],
        }  # fmt: skip


def fit_parametric(
    runs: Points,
    *,
    objective: Objective = "huber",
    bootstrap: int = 200,
    drop_highest: int = 0,
    drop_outliers: float | None = None,
    seed: int = 0,
    name: str = "fit",
    counting: str = "as the points count them",
) -> ParametricFit:
    """Fit the surface to runs and resample it `bootstrap` times.

    `drop_highest` leaves out every run whose loss is at least the n-th highest, `drop_outliers` those that miss by more than so many robust standard deviations. Raises `DataError` where the runs
    cannot tell five constants, `ConfigError` for a limit that is not above 0.
    """
    used, dropped = _without_highest(runs, drop_highest)
    _check(used)
    problem = _Problem(used, objective)
    theta = problem.solve()
    if drop_outliers is not None:
        problem, theta, left_out = _without_outliers(problem, theta, used, drop_outliers)
        dropped += left_out
    used = problem.runs
    warnings = [*uneven(runs), *_warnings(theta, problem), *_far_off(theta, problem)]
    draws, failed = problem.resampled(theta, bootstrap, seed)
    if failed:
        warnings.append(f"{failed} of {bootstrap} resamples had no fit and are left out of the intervals")
    source = f"parametric fit ({objective}) of {len(used)} points of {used.source}"
    about = About(name, source, counting, float(used.compute.min()), float(used.compute.max()))
    constants = _constants(theta)
    law = with_draws(Surface(*constants, about=about), draws)
    found = {key: interval(value, [row[index] for row in draws]) for index, (key, value) in enumerate(zip(NAMES, constants, strict=True))}
    rmse = float(np.sqrt(np.mean((np.exp(problem.log_loss(theta)) - used.loss) ** 2)))
    return ParametricFit(**found, objective=problem.value(theta), rmse=rmse, points_used=len(used), law=law, used=used, left_out=_others(runs, used), dropped=tuple(dropped),
                         warnings=tuple(warnings), draws=tuple(draws))  # fmt: skip


class _Problem:
    """One objective over one set of runs. Theta is (log A, log B, log E, alpha, beta), so that A, B and E stay above 0; everything takes one or, `[K, 5]`, many."""

    def __init__(self, runs: Points, objective: Objective) -> None:
        self.runs, self.objective = runs, objective
        self.log_N, self.log_D, self.log_L = np.log(runs.params), np.log(runs.tokens), np.log(runs.loss)

    def terms(self, theta: Floats) -> tuple[Floats, Floats, Floats]:
        """Return the log of the predicted loss, and which shares of it parameters and tokens leave, `[..., P]` each."""
        log_A, log_B, log_E, alpha, beta = np.moveaxis(theta, -1, 0)[..., None]
        # By E, whose own share is then the rest; far from the valley, which a search may visit, the exponential would overflow.
        by_params = np.exp(np.minimum(log_A - log_E - alpha * self.log_N, 600.0))
        by_tokens = np.exp(np.minimum(log_B - log_E - beta * self.log_D, 600.0))
        rest = 1 / (1 + by_params + by_tokens)
        return log_E - np.log(rest), by_params * rest, by_tokens * rest

    def log_loss(self, theta: Floats) -> Floats:
        return self.terms(theta)[0]

    def misses(self, theta: Floats) -> Floats:
        return self.log_loss(theta) - self.log_L

    def scale(self, theta: Floats) -> float:
        """Return the robust standard deviation of the misses. The five smallest do not count: five constants can make as many misses vanish, and in a small set the median would follow."""
        return _NORMAL * float(np.median(np.sort(np.abs(self.misses(theta)))[len(NAMES) :]))

    def __call__(self, theta: Floats, weights: Floats | None = None) -> tuple[Floats, Floats]:
        """Return the objective, `[...]`, and its gradient, `[..., 5]`; `weights` say how often each run counts."""
        log_L, by_params, by_tokens = self.terms(theta)
        if self.objective == "huber":
            miss = log_L - self.log_L
            push = np.clip(miss, -DELTA, DELTA)
            # Half the square of what is below delta, and delta times what is above it.
            cost = push * (miss - push / 2)
        else:
            predicted = np.exp(np.minimum(log_L, 300.0))
            miss = predicted - self.runs.loss
            cost, push = miss**2, 2 * miss * predicted
        if weights is not None:
            cost, push = cost * weights, push * weights
        on_params, on_tokens = by_params * push, by_tokens * push
        pulls = (on_params.sum(-1), on_tokens.sum(-1))
        return cost.sum(-1), np.stack([*pulls, push.sum(-1) - sum(pulls), -(on_params @ self.log_N), -(on_tokens @ self.log_D)], -1)

    def value(self, theta: Floats) -> float:
        return float(self(theta)[0])

    def solve(self) -> Floats:
        """Return the best theta of many starts."""
        starts = self._projected()
        starts = starts[np.argsort(self(starts)[0], kind="stable")[:_POLISHED]]
        # Roughly first: most starts lead to the same valley. A second pass, in coordinates that are round where the first ended, goes to its bottom.
        rough = self.polished(starts, tolerance=_ROUGHLY)
        return self.polished(rough[int(self(rough)[0].argmin())])

    def _projected(self) -> Floats:
        """Return a start for each pair of exponents: E, A and B by least squares of the loss, which is linear in them."""
        middle_N, middle_D, loss = self.log_N.mean(), self.log_D.mean(), self.runs.loss
        alpha, beta = (grid.ravel() for grid in np.meshgrid(_GRID, _GRID, indexing="ij"))
        columns = np.stack(
            [np.exp(-alpha[:, None] * (self.log_N - middle_N)), np.exp(-beta[:, None] * (self.log_D - middle_D)), np.ones((len(alpha), len(loss)))], 1,
        )  # fmt: skip
        scales = non_negative(columns, loss)
        a, b, e = np.log(np.maximum(scales, 1e-3 * loss.min())).T
        return np.stack([a + alpha * middle_N, b + beta * middle_D, e, alpha, beta], -1)

    def whitening(self, theta: Floats) -> Floats:
        """Return the matrix whose columns are steps of about equal effect: the inverse root of the fit's own curvature (Gauss-Newton)."""
        _, by_params, by_tokens = self.terms(theta)
        slopes = np.stack([by_params, by_tokens, 1 - by_params - by_tokens, -by_params * self.log_N, -by_tokens * self.log_D], -2)
        sizes, axes = np.linalg.eigh(slopes @ slopes.swapaxes(-1, -2))
        return np.asarray(axes / np.sqrt(np.maximum(sizes, 1e-9 * sizes[..., -1:]))[..., None, :])

    def polished(self, theta: Floats, *, weights: Floats | None = None, tolerance: float = 1e-9) -> Floats:
        """Return the minimum near each theta. `weights`, `[K, P]`, starts from one theta as many walks, each with its own."""
        steps, starts = self.whitening(theta), np.atleast_2d(theta)
        if weights is not None:
            starts = np.broadcast_to(starts, (len(weights), len(NAMES)))
        steps = np.broadcast_to(steps, (len(starts), *steps.shape[-2:]))
        unit = np.maximum(self(starts, weights)[0], 1e-30)

        def scaled(z: Floats, walks: Any) -> tuple[Floats, Floats]:
            moved = starts[walks] + np.einsum("kij,kj->ki", steps[walks], z)
            value, gradient = self(moved, None if weights is None else weights[walks])
            return value / unit[walks], np.einsum("kij,ki->kj", steps[walks], gradient) / unit[walks, None]

        found = starts + np.einsum("kij,kj->ki", steps, walked_down(scaled, np.zeros(starts.shape), tolerance=tolerance))
        return np.asarray(found if weights is not None or theta.ndim > 1 else found[0])

    def resampled(self, theta: Floats, resamples: int, seed: int) -> tuple[list[Constants], int]:
        """Return the constants of each resample and how many resamples gave none."""
        rng = generator(seed, "parametric", self.objective, len(self.runs), resamples)
        weights_KP = drawn_weights(rng, num_points=len(self.runs), resamples=resamples)
        found = self.polished(theta, weights=weights_KP, tolerance=1e-5) if resamples else np.empty((0, 5))
        kept = np.isfinite(found).all(1) & (found[:, 3:] > 0).all(1) & (np.abs(found[:, :3]) < 300).all(1)
        return [_constants(one) for one in found[kept]], int(resamples - kept.sum())


def _constants(theta: Floats) -> Constants:
    a, b, e, alpha, beta = map(float, theta)
    return (float(np.exp(e)), float(np.exp(a)), float(np.exp(b)), alpha, beta)


def _without_highest(runs: Points, count: int) -> tuple[Points, list[Dropped]]:
    if count == 0:
        return runs, []
    if not 0 < count < len(runs):
        raise DataError(f"{runs.source}: cannot leave out the {count} highest losses of {len(runs)}")
    highest = np.flatnonzero(runs.loss >= np.sort(runs.loss)[-count])
    return runs.where(np.isin(np.arange(len(runs)), highest, invert=True)), [
        Dropped(1, _where(runs, int(index)), f"one of the {count} highest losses, which were to be left out") for index in highest
    ]


def _without_outliers(problem: _Problem, theta: Floats, runs: Points, limit: float) -> tuple[_Problem, Floats, list[Dropped]]:
    """Take out the farthest run while it lies beyond the limit and fit again: an odd run makes others look odd, so each goes by the fit without those before it."""
    if not limit > 0:
        raise ConfigError(f"a limit of {limit:g} robust standard deviations: give a number above 0, such as {FAR_OFF:g}")
    kept, dropped = np.ones(len(runs), bool), list[Dropped]()
    while True:
        misses_P, scale = np.abs(problem.misses(theta)), problem.scale(theta)
        far = int(misses_P.argmax())
        if misses_P[far] <= max(limit * scale, _NO_NOISE):
            return problem, theta, dropped
        miss = f"misses the fit by {misses_P[far]:.1%}, {misses_P[far] / scale:.1f} robust standard deviations"
        dropped.append(Dropped(1, _where(problem.runs, far), miss))
        kept[np.flatnonzero(kept)[far]] = False
        _check(runs.where(kept))
        problem = _Problem(runs.where(kept), problem.objective)
        theta = problem.polished(problem.polished(theta))


def _far_off(theta: Floats, problem: _Problem) -> list[str]:
    """Say which runs lie far off and are kept all the same."""
    misses_P, scale = np.abs(problem.misses(theta)), problem.scale(theta)
    far = np.flatnonzero(misses_P > max(FAR_OFF * scale, _NO_NOISE))
    if not len(far):
        return []
    worst = int(misses_P.argmax())
    return [
        f"{len(far)} of {len(misses_P)} runs miss the fit by more than {FAR_OFF:g} robust standard deviations of {scale:.2%} and are kept; the farthest, at "
        f"{_where(problem.runs, worst)}, misses by {misses_P[worst]:.1%} (--drop-outliers and --drop-highest leave runs out)"
    ]


def _where(runs: Points, index: int) -> str:
    return f"loss {runs.loss[index]:.4g}, {runs.params[index]:.3g} parameters, {runs.tokens[index]:.3g} tokens"


def _others(runs: Points, used: Points) -> Points:
    """Return the runs that are not among those used."""
    kept = set(zip(used.params, used.tokens, used.loss, strict=True))
    return runs.where(np.array([run not in kept for run in zip(runs.params, runs.tokens, runs.loss, strict=True)]))


def _check(runs: Points) -> None:
    if len(runs) < 6:
        raise DataError(f"{runs.source}: {len(runs)} points cannot tell the five constants of the surface; give at least 6, better 30")
    for what, values in (("model size", runs.params), ("number of tokens", runs.tokens), ("compute budget", runs.compute)):
        if values.max() / values.min() < 1.01:
            raise DataError(
                f"{runs.source}: every run has one {what} ({values[0]:.4g}), so its exponent cannot be seen; add runs at another"
            )


def _warnings(theta: Floats, problem: _Problem) -> list[str]:
    runs, (floor, *_, alpha, beta) = problem.runs, _constants(theta)
    if min(alpha, beta) <= 0:
        what = "parameters" if alpha <= 0 else "tokens"
        raise DataError(
            f"{runs.source}: the loss does not fall with more {what} in these runs, so there is no law to fit; check the columns"
        )
    found = []
    if len(runs) < 20:
        found.append(f"too few points to trust: {len(runs)} for five constants (20 or more are wanted)")
    if floor < 0.01 * runs.loss.min():
        found.append("the runs show no floor: E is as good as 0, and losses far beyond the runs will be too low")
    return found
