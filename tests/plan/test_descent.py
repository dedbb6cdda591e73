"""Many lowest points at once are those that SciPy finds one by one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize, nnls

from puna.plan.fits.descent import non_negative, walked_down


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 6), st.integers(1, 5))
def test_valleys_of_any_slant_are_walked_down_to_their_bottoms(seed, num, dims):
    rng = np.random.default_rng(seed)
    roots, bottoms = rng.standard_normal((num, dims, dims)) + 2 * np.eye(dims), rng.standard_normal((num, dims))
    curved = roots @ roots.transpose(0, 2, 1) + 0.1 * np.eye(dims)

    def cost(z, walks):
        off = z - bottoms[walks]
        slope = np.einsum("kij,kj->ki", curved[walks], off)
        return np.einsum("ki,ki->k", off, slope) / 2, slope

    found = walked_down(cost, 3 * rng.standard_normal((num, dims)), tolerance=1e-9)
    assert found == pytest.approx(bottoms, abs=1e-6)


def rosenbrock(z):
    x, y = z[..., 0], z[..., 1]
    return (1 - x) ** 2 + 100 * (y - x**2) ** 2, np.stack([-2 * (1 - x) - 400 * x * (y - x**2), 200 * (y - x**2)], -1)


def test_a_bent_valley_is_followed_from_every_start():
    starts = np.random.default_rng(0).uniform(-2, 2, (30, 2))
    assert walked_down(lambda z, _: rosenbrock(z), starts, tolerance=1e-8) == pytest.approx(np.ones((30, 2)), abs=1e-6)


def test_a_walk_ends_at_a_kink_and_one_that_begins_at_the_bottom_stays():
    """A kink has no slope of nought; the walk ends where no step leads down."""
    found = walked_down(lambda z, _: (np.abs(z).sum(1), np.sign(z)), np.array([[1.0, -3.0], [0.0, 0.0]]), tolerance=1e-9)
    assert np.abs(found).max() < 1e-3
    assert (found[1] == 0).all()


def test_walks_do_not_disturb_one_another():
    starts = np.random.default_rng(1).uniform(-2, 2, (8, 2))
    together = walked_down(lambda z, _: rosenbrock(z), starts, tolerance=1e-6)
    for start, end in zip(starts, together, strict=True):
        assert walked_down(lambda z, _: rosenbrock(z), start[None], tolerance=1e-6)[0] == pytest.approx(end, abs=1e-9)
        assert minimize(rosenbrock, start, jac=True, method="BFGS").x == pytest.approx(end, abs=1e-3)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**6), st.integers(3, 20))
def test_least_squares_without_negative_constants_are_scipys(seed, rows):
    rng = np.random.default_rng(seed)
    columns, wanted = rng.standard_normal((4, 3, rows)), rng.standard_normal(rows)
    for found, one in zip(non_negative(columns, wanted), columns, strict=True):
        assert found == pytest.approx(nnls(one.T, wanted)[0], abs=1e-6)
