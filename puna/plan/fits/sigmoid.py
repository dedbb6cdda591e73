"""Accuracy over the likelihood of the right answer: a sigmoid by least squares, and that of every resample of the models at once.

Middle and width are free; floor and ceiling are where there are models enough to tell them, and lie where they make sense, the floor between nothing and the least accuracy seen, the ceiling between the
greatest and all. The method is that of Levenberg and Marquardt, every resample and start taking its steps side by side; a constant at the end of its range that wants beyond it is held there.
Shapes: M models, K fits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from puna.plan.points import Floats

# Below this many models floor and ceiling cannot be told, and are held.
ENOUGH_FOR_FOUR = 8
_MOST_STEPS, _DAMPED, _LEAST_GAIN = 200, (1e-12, 1e12), 1e-13
# Of the starts: where along the models the middle lies, and which part of their span the width is.
_PARTS, _WIDTHS = (0.1, 0.5, 0.9), (0.05, 0.2, 0.6)


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


class SigmoidFit:
    """The least-squares sigmoid through models of NLL and accuracy, `[M]` each; `chance` holds the floor. Constants are (middle, log width, floor, ceiling)."""

    def __init__(self, nll: Floats, accuracy: Floats, *, chance: float | None = None) -> None:
        self.nll, self.accuracy, self.chance = nll, accuracy, chance
        self.span = max(float(np.ptp(nll)), 1e-9)
        bottom, top = max(float(accuracy.min()), 1e-6), min(max(float(accuracy.max()), 1e-5), 1 - 1e-9)
        told, floor = len(nll) >= ENOUGH_FOR_FOUR, chance if chance is not None else 0.0
        floors = (0.0, bottom) if told and chance is None else (floor, floor)
        ceilings = (top, 1.0) if told else (1.0, 1.0)
        width = math.log(self.span)
        self.low = np.array([nll.min() - 10 * self.span, width - 9, floors[0], ceilings[0]])
        self.high = np.array([nll.max() + 10 * self.span, width + 3, floors[1], ceilings[1]])

    def best(self) -> Sigmoid:
        """Return the best of several starts."""
        log_span, (floor, ceiling) = math.log(self.span), (self.low + self.high)[2:] / 2
        starts = np.array([[np.quantile(self.nll, part), log_span + math.log(wide), floor, ceiling] for part in _PARTS for wide in _WIDTHS])
        found = self._settled(starts, np.ones((len(starts), len(self.nll))))
        return _sigmoid(found[int(self._costs(found, 1.0).argmin())])

    def resampled(self, near: Sigmoid, weights_KM: Floats) -> list[Sigmoid]:
        """Return the sigmoid of each resample, from `near`; `weights_KM` say how often each model was drawn."""
        start = np.array([near.middle, math.log(near.width), near.floor, near.ceiling])
        return [_sigmoid(one) for one in self._settled(np.tile(start, (len(weights_KM), 1)), weights_KM)]

    def misses(self, one: Sigmoid) -> Floats:
        return np.array([one.accuracy(float(nll)) for nll in self.nll]) - self.accuracy

    def _settled(self, starts_K4: Floats, weights_KM: Floats) -> Floats:
        found = np.clip(starts_K4, self.low, self.high)
        cost, damping = self._costs(found, weights_KM), np.full(len(found), 1e-3)
        for _ in range(_MOST_STEPS):
            tried = np.clip(found + self._steps(found, weights_KM, damping), self.low, self.high)
            reached = self._costs(tried, weights_KM)
            better = reached < cost
            gain = np.where(better, cost - reached, 0.0)
            found[better] = tried[better]
            cost = np.minimum(cost, reached)
            damping = np.clip(np.where(better, damping / 5, damping * 4), *_DAMPED)
            # Done where a good step gains nothing, or where no step, however short, gains anything.
            if ((better & (gain <= _LEAST_GAIN * cost)) | (~better & (damping >= 1e9))).all():
                break
        return found

    def _steps(self, found_K4: Floats, weights_KM: Floats, damping_K: Floats) -> Floats:
        """Return the damped Gauss-Newton step of each fit."""
        z_KM, share_KM = self._falls(found_K4)
        width_K1, height_K1 = np.exp(found_K4[:, 1:2]), found_K4[:, 3:] - found_K4[:, 2:3]
        steep_KM = height_K1 * share_KM * (1 - share_KM)
        slopes_K4M = np.stack([steep_KM / width_K1, steep_KM * z_KM, 1 - share_KM, share_KM], 1)
        pull_K4 = -np.einsum("kcm,km->kc", slopes_K4M, weights_KM * (found_K4[:, 2:3] + height_K1 * share_KM - self.accuracy))
        held_K4 = ((found_K4 <= self.low) & (pull_K4 <= 0)) | ((found_K4 >= self.high) & (pull_K4 >= 0))
        slopes_K4M, pull_K4 = np.where(held_K4[:, :, None], 0.0, slopes_K4M), np.where(held_K4, 0.0, pull_K4)
        normal_K44 = np.einsum("kcm,km,kdm->kcd", slopes_K4M, weights_KM, slopes_K4M)
        sizes_K4 = np.einsum("kcc->kc", normal_K44)
        # A constant that moves nothing, or is held, stays where it is.
        sizes_K4 += damping_K[:, None] * sizes_K4 + np.where(sizes_K4 > 0, 1e-300, 1.0)
        return np.asarray(np.linalg.solve(normal_K44, pull_K4[..., None])[..., 0])

    def _costs(self, found_K4: Floats, weights_KM: Floats | float) -> Floats:
        _, share_KM = self._falls(found_K4)
        misses_KM = found_K4[:, 2:3] + (found_K4[:, 3:] - found_K4[:, 2:3]) * share_KM - self.accuracy
        return np.asarray((weights_KM * misses_KM**2).sum(1))

    def _falls(self, found_K4: Floats) -> tuple[Floats, Floats]:
        """Return how many widths each model lies above the middle, and the share of the way from floor to ceiling at which it is."""
        z_KM = np.clip((self.nll - found_K4[:, :1]) / np.exp(found_K4[:, 1:2]), -700, 700)
        return z_KM, 1 / (1 + np.exp(z_KM))


def _sigmoid(constants_4: Floats) -> Sigmoid:
    middle, log_width, floor, ceiling = map(float, constants_4)
    return Sigmoid(floor, ceiling, middle, math.exp(log_width))
