"""Many lowest points at once: a fit from many starts, or of many resamples, walks down all of them side by side.

Each costs little arithmetic and would spend most of its time in Python between the steps, so every step here is taken by all that have not arrived. The method is BFGS: the inverse of the
curvature is learnt from how the gradient changes, and each step is halved, or cut to where a parabola has its lowest point, until the value falls as the slope promises (J. Nocedal and S. Wright, Numerical
Optimization, 2006, chapters 3 and 6). Shapes: K walks, P constants.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from puna.plan.points import Floats

# Values `[n]` and gradients `[n, P]` at points `[n, P]`, which belong to the walks `[n]`.
Cost = Callable[[Floats, Any], tuple[Floats, Floats]]

_MOST_STEPS, _MOST_CUTS = 200, 25
# The share of the promised fall that a step must bring.
_ENOUGH = 1e-4
# How far a step is cut at once, at most and at least.
_CUTS = (0.1, 0.5)
# What of a value a fall must be for floats to show it.
_SHOWN = 1e-15


def walked_down(cost: Cost, starts_KP: Floats, *, tolerance: float) -> Floats:
    """Return the lowest point near each start, `[K, P]`: where no slope is above `tolerance`, or where no step leads down any more."""
    found_KP, walks = np.array(starts_KP, np.float64), np.arange(len(starts_KP))
    z, (value, slope) = found_KP.copy(), cost(found_KP, walks)
    inverse, learnt = np.tile(np.eye(z.shape[1]), (len(z), 1, 1)), np.zeros(len(z), bool)
    for _ in range(_MOST_STEPS):
        way, promised = _way(slope, inverse)
        # A walk has arrived where its slope is as good as none, or where the fall that it promises is too small for floats to show.
        going = (np.abs(slope).max(1) > tolerance) & np.isfinite(value) & (promised < -_SHOWN * np.abs(value))
        found_KP[walks[~going]] = z[~going]
        walks, z, value, slope, inverse, learnt, way, promised = (
            array[going] for array in (walks, z, value, slope, inverse, learnt, way, promised)
        )
        if not len(walks):
            return found_KP
        step, new_value, new_slope = _step(cost, z, value, slope, way, promised, walks)
        moved = new_value < value
        inverse = _taught(inverse, step, new_slope - slope, learnt)
        # Where no step led down, what was learnt of the curvature is forgotten once; where nothing had been, the walk ends.
        stuck = ~moved & ~learnt
        inverse[~moved], learnt = np.eye(z.shape[1]), moved
        z, value, slope = z + step, new_value, np.where(stuck[:, None], 0.0, new_slope)
    found_KP[walks] = z
    return found_KP


def _way(slope: Floats, inverse: Floats) -> tuple[Floats, Floats]:
    """Return where each walk would go, and the fall that the slope there promises (below 0)."""
    way = -np.einsum("kij,kj->ki", inverse, slope)
    promised = np.einsum("ki,ki->k", way, slope)
    # Rounding may turn a way uphill; the gradient never is.
    uphill = promised >= 0
    way[uphill], promised[uphill] = -slope[uphill], -np.einsum("ki,ki->k", slope[uphill], slope[uphill])
    return way, promised


def _step(cost: Cost, z: Floats, value: Floats, slope: Floats, way: Floats, promised: Floats, walks: Any) -> tuple[Floats, Floats, Floats]:
    """Return the step of each walk, nought where none leads down, with the value and the slope at its end."""
    share, trying = np.ones(len(z)), np.arange(len(z))
    new_value, new_slope = value.copy(), slope.copy()
    for _ in range(_MOST_CUTS):
        reached, there = cost(z[trying] + share[trying, None] * way[trying], walks[trying])
        fall = promised[trying] * share[trying]
        good = reached <= value[trying] + _ENOUGH * fall
        new_value[trying[good]], new_slope[trying[good]] = reached[good], there[good]
        # The parabola through the value, its slope and the value that was reached.
        rise = np.where(np.isfinite(reached), reached - value[trying] - fall, np.inf)
        with np.errstate(invalid="ignore", divide="ignore"):
            cut = np.where(good, 1.0, np.clip(-fall / 2 / rise, *_CUTS))
        share[trying] *= cut
        trying = trying[~good]
        if not len(trying):
            break
    share[trying] = 0.0
    return way * share[:, None], new_value, new_slope


def _taught(inverse: Floats, step: Floats, change: Floats, learnt: Any) -> Floats:
    """Return the inverse curvatures after a step changed the gradients; the first step sets their scale."""
    bend = np.einsum("ki,ki->k", step, change)
    known = bend > 1e-14 * np.linalg.norm(step, axis=1) * np.linalg.norm(change, axis=1)
    safe = np.where(known, bend, 1.0)
    first = known & ~learnt
    scale = np.where(first, safe / np.maximum(np.einsum("ki,ki->k", change, change), 1e-300), 1.0)
    scaled = inverse * scale[:, None, None]
    sidewise = np.eye(step.shape[1]) - np.einsum("ki,kj->kij", step, change) / safe[:, None, None]
    better = sidewise @ scaled @ sidewise.transpose(0, 2, 1) + np.einsum("ki,kj->kij", step, step) / safe[:, None, None]
    return np.where(known[:, None, None], better, inverse)


def non_negative(columns_KCP: Floats, wanted_P: Floats) -> Floats:
    """Return the least squares of K systems whose constants may not be below 0, `[K, C]`: the best of every choice of columns of which none comes out negative.

    With C columns there are 2^C - 1 choices; it is meant for three.
    """
    grams = columns_KCP @ columns_KCP.swapaxes(1, 2)
    rights = columns_KCP @ wanted_P
    best, least = np.zeros(rights.shape), np.full(len(rights), np.inf)
    for choice in range(1, 2 ** rights.shape[1]):
        chosen = [index for index in range(rights.shape[1]) if choice >> index & 1]
        found = np.zeros(rights.shape)
        found[:, chosen] = np.einsum(
            "kij,kj->ki", np.linalg.pinv(grams[:, chosen][:, :, chosen], rcond=1e-13, hermitian=True), rights[:, chosen]
        )
        missed = np.einsum("ki,kij,kj->k", found, grams, found) - 2 * np.einsum("ki,ki->k", found, rights)
        better = (found >= 0).all(1) & (missed < least)
        best[better], least[better] = found[better], missed[better]
    return best
