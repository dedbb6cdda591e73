"""IsoFLOP fits: which tokens are best for a budget, and how that grows with the budget (approach 2 of arXiv 2203.15556; Llama 3, arXiv 2407.21783, section 3.2.1).

For one budget of compute, loss over log tokens is nearly a parabola: too few tokens leave a large model untaught, too many go to a model too small to hold them. The parabola's lowest point
is the best split. The lowest points of all budgets lie on a line in logarithms, D*(C) = A C^alpha, and the line is carried on to the compute of the real run.

Three things make the carried-on figure uncertain, and the interval holds them all. *Noise inside a budget*: losses are drawn again round each parabola, by the scatter that the budget
itself shows (pulled a little towards that of the others, for six points know little of their own), and parabola and line are fitted again. *Scatter of the budgets round the line* beyond that noise: a
budget's batch size or learning rate was not quite right, and all its runs share it. It is estimated as in meta-analysis (DerSimonian and Laird 1986), with its own uncertainty by chi squared. *The
choice of budgets*: each is left out once, which is printed beside the interval.

`resampled_points` is the plainer bootstrap, points drawn with replacement inside each budget. It knows nothing of the second, and where a budget has six points a resample may hold no parabola at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from puna.errors import DataError
from puna.plan.estimate import Estimate
from puna.plan.fits.parametric import Dropped, ParametricFit, fit_parametric
from puna.plan.fits.resampling import generator, interval
from puna.plan.laws.allocation import Allocation, with_line_draws
from puna.plan.laws.law import About, interval_of, kind_of
from puna.plan.points import FLOPS_PER_PARAM_TOKEN, Floats, Points, uneven

# Computes within five per cent are one budget: models come in whole layers, so runs of one budget differ a little.
_SAME_BUDGET = 0.05
# A parabola has three constants; what has fewer points than this has next to nothing left to show its noise by.
_FEW = 5
# How many degrees of freedom the scatter of all budgets weighs in the scatter of one.
_BORROWED = 4.0
# How often a budget's losses are drawn anew where they tell no minimum.
_TRIES = 50


@dataclass(frozen=True)
class Budget:
    """One parabola: `loss` = lowest + `curvature` (log10 tokens - log10 `tokens`)^2, over runs from `least_tokens` to `most_tokens`, with a scatter of `noise`."""

    compute: float
    num_points: int
    tokens: Estimate | float
    params: Estimate | float
    loss: Estimate | float
    curvature: Estimate | float
    noise: float
    least_tokens: float
    most_tokens: float
    runs: Points = field(repr=False)

    def figures(self) -> dict[str, Any]:
        return {**{key: value for key, value in vars(self).items() if key != "runs"}, "points": self.num_points}


@dataclass(frozen=True)
class LeftOut:
    """The line when one budget is left out."""

    compute: float
    alpha: float
    A: float


@dataclass(frozen=True)
class IsoflopFit:
    """A fitted line D*(C) = `A` C^`alpha`; `scatter` is how far (as a share of the tokens) budgets lie off it beyond their noise, `losses` the surface through the same runs."""

    alpha: Estimate | float
    A: Estimate | float
    budgets: tuple[Budget, ...]
    without: tuple[LeftOut, ...]
    scatter: float
    points_used: int
    law: Allocation
    losses: ParametricFit | None
    dropped: tuple[Dropped, ...] = ()
    warnings: tuple[str, ...] = ()
    draws: tuple[tuple[float, float], ...] = field(default=(), repr=False)

    def figures(self) -> dict[str, Any]:
        """Return what `puna plan fit --json` prints."""
        surface = (
            {}
            if self.losses is None
            else {key: value for key, value in self.losses.figures().items() if key in (*"EAB", "alpha", "beta", "rmse")}
        )
        return {
            "method": "isoflop", "points_used": self.points_used, "alpha": self.alpha, "A": self.A, "budgets": [budget.figures() for budget in self.budgets],
            "without": [vars(one) for one in self.without], "scatter": self.scatter, "loss_surface": surface, "dropped": [vars(one) for one in self.dropped],
            "warnings": list(self.warnings), "resamples": len(self.draws), "counting": self.law.about.counting,
            "interval_kind": kind_of(self.law), "interval_means": interval_of(self.law), "sources": [self.law.about.source],
        }  # fmt: skip


@dataclass(frozen=True)
class _Parabola:
    """The runs of one budget as a linear fit in (x^2, x, 1), x = log10 tokens about their mean."""

    runs: Points
    middle: float
    design: Floats
    inverse: Floats
    constants: Floats

    @property
    def compute(self) -> float:
        return float(np.exp(np.log(self.runs.compute).mean()))

    @property
    def freedom(self) -> int:
        return len(self.runs) - 3

    @property
    def misses(self) -> Floats:
        return np.asarray(self.runs.loss - self.design @ self.constants)

    def lowest(self, constants: Floats) -> Floats:
        """Return log10 tokens of the lowest point for constants `[..., 3]`; NaN where the parabola opens downwards."""
        return np.asarray(self.middle - constants[..., 1] / 2 / np.where(constants[..., 0] > 0, constants[..., 0], np.nan))

    def told(self, constants: Floats) -> Any:
        """Say for constants `[..., 3]` whether the runs tell where the lowest point is: no farther outside them than they reach."""
        low, high = np.log10(self.runs.tokens.min()), np.log10(self.runs.tokens.max())
        return np.abs(self.lowest(constants) - (low + high) / 2) <= 1.5 * (high - low)

    def least(self, constants: Floats) -> Floats:
        """Return the loss at the lowest point for constants `[..., 3]`."""
        return np.asarray(constants[..., 2] - constants[..., 1] ** 2 / 4 / constants[..., 0])


def fit_isoflop(
    runs: Points, *, bootstrap: int = 200, losses: bool = True, seed: int = 0, name: str = "fit", counting: str = "as the points count them"
) -> IsoflopFit:
    """Fit a parabola to each budget and a line through the lowest points; resample `bootstrap` times. `losses` fits a surface too, for the law's losses.

    Raises `DataError` where fewer than two budgets have a lowest point.
    """
    parabolas, dropped = _parabolas(runs)
    used = _joined(parabolas, runs.source)
    log_C, lowest = np.log10([one.compute for one in parabolas]), np.array([one.lowest(one.constants) for one in parabolas])
    alpha, level = _line(log_C, lowest)
    noise = _noise(parabolas)
    redrawn_BK3 = _redrawn(parabolas, noise, bootstrap, generator(seed, "isoflop", len(runs), bootstrap))
    drawn_KB = np.stack([one.lowest(constants) for one, constants in zip(parabolas, redrawn_BK3, strict=True)], 1)
    drawn_KB, failed = drawn_KB[kept_K := np.isfinite(drawn_KB).all(1)], int(bootstrap - kept_K.sum())
    scatter = _scatter(log_C, lowest, drawn_KB) if len(drawn_KB) > 1 else 0.0
    shaken_KB = _shaken(drawn_KB, scatter, generator(seed, "isoflop scatter", len(runs), bootstrap))
    lines_K2 = _line(log_C, shaken_KB.T).T if len(shaken_KB) else np.empty((0, 2))
    # A draw whose lowest point ran away has a level that no float holds.
    lines_K2 = lines_K2[np.abs(lines_K2[:, 1]) < 300]
    about = About(
        name, f"isoflop fit of {len(used)} points of {runs.source}", counting, float(runs.compute.min()), float(runs.compute.max())
    )
    fitted = _losses(used, bootstrap, seed, name) if losses else None
    warnings = uneven(runs) + _warnings(parabolas, scatter, failed, bootstrap, losses and fitted is None)
    draws = [(float(row[0]), float(10.0 ** row[1])) for row in lines_K2]
    law = with_line_draws(
        Allocation(
            alpha, 10.0**level, about=about, surface=None if fitted is None else fitted.law, curvature=float(parabolas[-1].constants[0])
        ),
        draws,
    )
    return IsoflopFit(
        alpha=interval(alpha, lines_K2[:, 0]), A=interval(10.0**level, 10.0 ** lines_K2[:, 1]),
        budgets=tuple(_budget(one, float(spread), constants[kept_K]) for one, spread, constants in zip(parabolas, noise, redrawn_BK3, strict=True)),
        without=_leave_one_out(log_C, lowest), scatter=float(10.0**scatter - 1), points_used=len(used), law=law, losses=fitted, dropped=tuple(dropped),
        warnings=tuple(warnings), draws=tuple(draws),
    )  # fmt: skip


def resampled_points(runs: Points, *, resamples: int, seed: int = 0) -> Floats:
    """Return (alpha, A) of resamples of the points inside each budget, `[at most resamples, 2]`; resamples without a lowest point in every budget are left out."""
    parabolas, _ = _parabolas(runs)
    rng = generator(seed, "isoflop points", len(runs), resamples)
    lowest_KB = np.stack([_lowest_of_resamples(one, rng, resamples) for one in parabolas], 1)
    kept_KB = lowest_KB[np.isfinite(lowest_KB).all(1)]
    slopes, levels = _line(np.log10([one.compute for one in parabolas]), kept_KB.T)
    return np.stack([slopes, 10.0**levels], 1)


def _lowest_of_resamples(one: _Parabola, rng: np.random.Generator, resamples: int) -> Floats:
    weights_KP = rng.multinomial(len(one.runs), np.full(len(one.runs), 1 / len(one.runs)), size=resamples).astype(np.float64)
    normal_K33 = np.einsum("kp,pi,pj->kij", weights_KP, one.design, one.design)
    right_K3 = np.einsum("kp,pi,p->ki", weights_KP, one.design, one.runs.loss)
    return one.lowest(np.einsum("kij,kj->ki", np.linalg.pinv(normal_K33, rcond=1e-10, hermitian=True), right_K3))


def _parabolas(runs: Points) -> tuple[list[_Parabola], list[Dropped]]:
    groups = _budgets(runs)
    if len(groups) < 2:
        raise DataError(
            f"{runs.source}: one budget only ({runs.compute[0]:.3g} FLOPs, {len(runs)} points), and a line needs two; add runs at another compute"
        )
    kept, dropped = [], []
    for group in groups:
        where = f"budget of {group.compute.mean():.3g} FLOPs"
        if len(np.unique(group.tokens)) < 3:
            dropped.append(
                Dropped(len(group), where, f"too few points: {len(np.unique(group.tokens))} different token counts make no parabola")
            )
            continue
        one = _parabola(group)
        if not one.constants[0] > 0:
            dropped.append(Dropped(len(group), where, "its parabola opens downwards, so it has no minimum"))
            continue
        if not one.told(one.constants):
            best = f"{10.0 ** float(one.lowest(one.constants)):.3g} tokens, of {group.tokens.min():.3g} to {group.tokens.max():.3g} sampled"
            dropped.append(
                Dropped(
                    len(group), where, f"its minimum ({best}) is farther outside its runs than they reach, so they do not tell where it is"
                )
            )
            continue
        kept.append(one)
    if len(kept) < 2:
        reasons = "; ".join(f"{one.where}: {one.reason}" for one in dropped)
        raise DataError(f"{runs.source}: {len(kept) or 'no'} budget with a minimum, and a line needs two ({reasons})")
    return kept, dropped


def _budgets(runs: Points) -> list[Points]:
    """Cut runs where compute rises by more than five per cent over the first run of a budget."""
    order = np.argsort(runs.compute, kind="stable")
    groups: list[list[int]] = []
    for index in order:
        if groups and runs.compute[index] <= (1 + _SAME_BUDGET) * runs.compute[groups[-1][0]]:
            groups[-1].append(index)
        else:
            groups.append([index])
    return [runs.where(np.array(sorted(group))) for group in groups]


def _parabola(runs: Points) -> _Parabola:
    x = np.log10(runs.tokens)
    middle = float(x.mean())
    design = np.stack([(x - middle) ** 2, x - middle, np.ones_like(x)], 1)
    inverse = np.linalg.pinv(design)
    return _Parabola(runs, middle, design, inverse, inverse @ runs.loss)


def _joined(parabolas: Sequence[_Parabola], source: str) -> Points:
    columns = {role: np.concatenate([getattr(one.runs, role) for one in parabolas]) for role in ("compute", "params", "tokens", "loss")}
    return Points(**columns, source=source)


def _line(log_C: Floats, log_tokens: Floats) -> Floats:
    """Return slope and level of log tokens, `[B]` or `[B, K]`, over log compute."""
    return np.asarray(np.polyfit(log_C, log_tokens, 1))


def _noise(parabolas: Sequence[_Parabola]) -> Floats:
    """Return the scatter of losses round each parabola, pulled towards that of all; 0 everywhere where no budget has a point to spare."""
    squares, freedom = np.array([one.misses @ one.misses for one in parabolas]), np.array([one.freedom for one in parabolas], float)
    if freedom.sum() == 0:
        return np.zeros(len(parabolas))
    return np.asarray(np.sqrt((squares + _BORROWED * squares.sum() / freedom.sum()) / (freedom + _BORROWED)))


def _redrawn(parabolas: Sequence[_Parabola], noise: Floats, resamples: int, rng: np.random.Generator) -> list[Floats]:
    """Return, budget by budget, the parabolas of losses drawn again round its own, `[K, 3]`. One that tells no minimum is drawn anew, alone, as a budget without one would be left out of the fit."""
    found = []
    for one, spread in zip(parabolas, noise, strict=True):
        constants_K3 = np.full((resamples, 3), np.nan)
        for _ in range(_TRIES):
            again_K = ~one.told(constants_K3)
            if not again_K.any():
                break
            losses_KP = one.design @ one.constants + spread * rng.standard_normal((int(again_K.sum()), len(one.runs)))
            constants_K3[again_K] = losses_KP @ one.inverse.T
        found.append(np.where(one.told(constants_K3)[:, None], constants_K3, np.nan))
    return found


def _scatter(log_C: Floats, lowest: Floats, drawn_KB: Floats) -> float:
    """Return the standard deviation (of log10 tokens) of budgets round the line beyond what noise inside them explains: the method of moments."""
    num = len(lowest)
    if num < 3:
        return 0.0
    design = np.stack([log_C, np.ones(num)], 1)
    off_line = np.eye(num) - design @ np.linalg.pinv(design)
    misses = off_line @ lowest
    # Quartiles and not the variance: where a curvature is near 0, the lowest point of a draw may be anywhere.
    low, high = np.quantile(drawn_KB, [0.25, 0.75], axis=0)
    explained = (off_line**2 @ ((high - low) / 1.349) ** 2).sum()
    return float(np.sqrt(max(0.0, (misses @ misses - explained) / (num - 2))))


def _shaken(drawn_KB: Floats, scatter: float, rng: np.random.Generator) -> Floats:
    num_draws, num = drawn_KB.shape
    if scatter == 0 or not num_draws:
        return drawn_KB
    widths_K1 = scatter * np.sqrt((num - 2) / rng.chisquare(num - 2, size=(num_draws, 1)))
    return np.asarray(drawn_KB + widths_K1 * rng.standard_normal(drawn_KB.shape))


def _budget(one: _Parabola, noise: float, drawn_K3: Floats) -> Budget:
    best, drawn_K = float(one.lowest(one.constants)), 10.0 ** one.lowest(drawn_K3)
    params = one.compute / FLOPS_PER_PARAM_TOKEN
    return Budget(
        one.compute, len(one.runs), interval(10.0**best, drawn_K), interval(params / 10.0**best, params / drawn_K),
        interval(float(one.least(one.constants)), one.least(drawn_K3)), interval(float(one.constants[0]), drawn_K3[:, 0]),
        noise, float(one.runs.tokens.min()), float(one.runs.tokens.max()), one.runs,
    )  # fmt: skip


def _leave_one_out(log_C: Floats, lowest: Floats) -> tuple[LeftOut, ...]:
    if len(log_C) < 3:
        return ()
    lines = [_line(np.delete(log_C, index), np.delete(lowest, index)) for index in range(len(log_C))]
    return tuple(
        LeftOut(float(10.0**compute), float(slope), float(10.0**level)) for compute, (slope, level) in zip(log_C, lines, strict=True)
    )


def _losses(runs: Points, bootstrap: int, seed: int, name: str) -> ParametricFit | None:
    try:
        return fit_parametric(runs, objective="squares", bootstrap=bootstrap, seed=seed, name=name)
    except DataError:
        return None


def _warnings(parabolas: Sequence[_Parabola], scatter: float, failed: int, bootstrap: int, no_losses: bool) -> list[str]:
    found = []
    for one in parabolas:
        best, low, high = 10.0 ** float(one.lowest(one.constants)), one.runs.tokens.min(), one.runs.tokens.max()
        where = f"budget of {one.compute:.3g} FLOPs"
        if not low <= best <= high:
            found.append(
                f"{where}: its minimum ({best:.3g} tokens) is outside the sampled range ({low:.3g} to {high:.3g}); add runs on that side"
            )
        if len(one.runs) < _FEW:
            found.append(f"{where}: too few points to trust ({len(one.runs)} for a parabola's three constants; {_FEW} or more are wanted)")
    if len(parabolas) == 2:
        found.append("two budgets only: the line goes through both, and nothing shows whether they lie on one")
    if scatter > 0:
        found.append(
            f"the minima lie off the line by {10.0**scatter - 1:.0%} more than the noise inside budgets explains; the interval includes it"
        )
    if failed:
        found.append(f"{failed} of {bootstrap} resamples had a budget without a minimum and are left out of the intervals")
    if no_losses:
        found.append("the runs do not tell a loss surface, so the law gives no loss")
    return found
