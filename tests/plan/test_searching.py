"""Zeros and lowest points of functions of one number, against what is known of them and against SciPy."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq, minimize_scalar

from puna.plan.searching import lowest, zero


@settings(max_examples=200)
@given(st.floats(-50, 50), st.floats(0.01, 30), st.floats(0.01, 30), st.sampled_from([1, 3, 5, 1 / 3]))
def test_a_zero_is_found_from_both_sides_whatever_the_slope(at, left, right, power):
    def rises(x):
        return math.copysign(abs(x - at) ** power, x - at)

    for function in (rises, lambda x: -rises(x)):
        assert zero(function, at - left, at + right, within=1e-9) == pytest.approx(at, abs=3e-9)


@pytest.mark.parametrize("function", [lambda x: math.exp(x) - 5, lambda x: x**3 - 2 * x - 5, lambda x: math.atan(x) - 0.3])
def test_zeros_are_scipys(function):
    assert zero(function, 0, 4, within=1e-12) == pytest.approx(brentq(function, 0, 4, xtol=1e-12), abs=1e-11)


def test_few_looks_are_enough():
    seen = []
    zero(lambda x: seen.append(x) or math.exp(x) - 5, -10, 10, within=1e-12)
    assert len(seen) < 20
    seen.clear()
    lowest(lambda x: seen.append(x) or math.cosh(x - 1), -10, 10, within=1e-9)
    assert len(seen) < 40


def test_a_zero_at_an_end_and_a_jump_are_found():
    assert zero(lambda x: x, 0, 3, within=1e-9) == 0
    assert zero(lambda x: x - 3, 0, 3, within=1e-9) == 3
    assert zero(lambda x: math.inf if x > 2 else -1.0, 0, 3, within=1e-9) == pytest.approx(2, abs=1e-8)


@settings(max_examples=200)
@given(st.floats(-50, 50), st.floats(0.5, 30), st.floats(0.5, 30), st.floats(0.1, 10))
def test_a_lowest_point_is_found_between_its_ends(at, left, right, steep):
    def valley(x):
        return math.expm1(steep * (x - at)) - steep * (x - at)

    assert lowest(valley, at - left, at + right, within=1e-9) == pytest.approx(at, abs=1e-5 / steep)


def test_a_lowest_point_is_scipys_also_beside_a_wall():
    def cost(x):
        return math.inf if x <= 0.2 else 1 / (x - 0.2) + 3 * x

    assert lowest(cost, 0.2, 5, within=1e-9) == pytest.approx(
        minimize_scalar(cost, bounds=(0.21, 5), method="bounded", options={"xatol": 1e-10}).x, abs=1e-6
    )
    # Falling all the way, it ends at the end.
    assert lowest(lambda x: -x, 0, 1, within=1e-9) == pytest.approx(1, abs=1e-7)
