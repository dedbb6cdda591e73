"""The sigmoid is the least-squares one that SciPy finds, for the models and for every resample of them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import least_squares

from puna.plan.fits.sigmoid import Sigmoid, SigmoidFit

TRUE = Sigmoid(0.25, 0.97, 0.75, 0.08)


def models(*, seed, noise=0.01, num=17):
    rng = np.random.default_rng(seed)
    nll = np.sort(rng.uniform(0.4, 1.4, num))
    accuracy = np.array([TRUE.accuracy(one) for one in nll]) + noise * rng.standard_normal(num)
    return nll, accuracy.clip(1e-3, 1)


def cost(fit, one, weights):
    return float(weights @ fit.misses(one) ** 2)


def scipys(fit, weights, start):
    """Return the least cost that SciPy finds within the same bounds."""
    free = fit.low < fit.high
    root = np.sqrt(weights)

    def misses(values):
        held = fit.low.copy()
        held[free] = values
        middle, log_width, floor, ceiling = held
        return root * (floor + (ceiling - floor) / (1 + np.exp(np.clip((fit.nll - middle) / np.exp(log_width), -700, 700))) - fit.accuracy)

    inside = np.clip([start.middle, np.log(start.width), start.floor, start.ceiling], fit.low + 1e-9, fit.high - 1e-9)[free]
    return 2 * least_squares(misses, inside, bounds=(fit.low[free], fit.high[free]), xtol=1e-14, ftol=1e-14, gtol=1e-14).cost


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([None, 0.25]), st.sampled_from([6, 17]))
def test_no_sigmoid_is_closer_than_the_best_one(seed, chance, num):
    fit = SigmoidFit(*models(seed=seed, num=num), chance=chance)
    best, all_once = fit.best(), np.ones(num)
    assert cost(fit, best, all_once) <= scipys(fit, all_once, TRUE) * (1 + 1e-6) + 1e-12
    assert (fit.low - 1e-9 <= [best.middle, np.log(best.width), best.floor, best.ceiling]).all()
    assert ([best.middle, np.log(best.width), best.floor, best.ceiling] <= fit.high + 1e-9).all()


def test_resamples_are_fitted_as_well_as_one_by_one():
    rng = np.random.default_rng(3)
    fit = SigmoidFit(*models(seed=3))
    near = fit.best()
    weights = rng.multinomial(17, np.full(17, 1 / 17), size=50).astype(float)
    found = fit.resampled(near, weights)
    close = [cost(fit, one, row) <= scipys(fit, row, near) * (1 + 1e-4) + 1e-10 for one, row in zip(found, weights, strict=True)]
    assert sum(close) >= 49
    assert all(cost(fit, one, row) <= cost(fit, near, row) for one, row in zip(found, weights, strict=True))


@pytest.mark.parametrize("accuracy", [0.3, 0.5, 0.9])
def test_a_sigmoid_undoes_itself(accuracy):
    assert TRUE.accuracy(TRUE.nll(accuracy)) == pytest.approx(accuracy)
