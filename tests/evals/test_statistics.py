"""Intervals: values worked by hand, and coverage by simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest

from puna.errors import DataError
from puna.evals.statistics import Measured, bootstrap_mean, bootstrap_ratio, paired_difference, paired_ratio_difference, share_right, wilson
from puna.records import Score


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (5, 10, 0.2366, 0.7634), (1, 1, 0.2065, 1.0), (81, 263, 0.2553, 0.3662)],
)
def test_wilson_equals_published_and_hand_worked_values(successes, trials, low, high):
    # 81 of 263: Newcombe 1998, table I, method 3.
    found = wilson(successes, trials, over="coins")
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-4)
    assert found.value == successes / trials


@pytest.mark.parametrize("share", [0.02, 0.3, 0.9])
@pytest.mark.parametrize("trials", [20, 200])
def test_wilson_covers_the_truth_as_often_as_it_says(share, trials):
    drawn = np.random.default_rng(1).binomial(trials, share, size=4000)
    covered = np.mean([(found := wilson(int(k), trials, over="x")).low <= share <= found.high for k in drawn])
    assert 0.92 <= covered <= 0.99


def test_bootstrap_covers_the_mean_as_often_as_it_says():
    generator = np.random.default_rng(2)
    intervals = [bootstrap_mean(generator.exponential(1, 80), over="x", seed=i, resamples=400) for i in range(400)]
    assert 0.89 <= np.mean([found.low <= 1 <= found.high for found in intervals]) <= 0.98


def test_bootstrap_agrees_with_theory_and_its_seed_decides():
    values = np.random.default_rng(3).normal(5, 2, 400)
    found = bootstrap_mean(values, over="400 items", seed=1)
    half = 1.96 * values.std() / 20
    assert (found.low, found.value, found.high) == pytest.approx((values.mean() - half, values.mean(), values.mean() + half), abs=0.03)
    assert found == bootstrap_mean(values, over="400 items", seed=1)
    assert found != bootstrap_mean(values, over="400 items", seed=2)
    narrow = bootstrap_mean(values, over="400 items", confidence=0.5)
    assert found.low < narrow.low < narrow.high < found.high


def test_constant_values_have_an_interval_of_no_width():
    assert bootstrap_mean([2.0] * 9, over="x") == Measured(2.0, 2.0, 2.0, "x")


def test_a_ratio_is_of_sums_not_a_mean_of_ratios():
    assert bootstrap_ratio([1, 9], [1, 3], over="x").value == 2.5


def test_a_planted_difference_is_found_in_pairs_where_separate_intervals_overlap():
    generator = np.random.default_rng(4)
    hard = generator.normal(0, 5, 100)
    first, second = hard + 0.5 + generator.normal(0, 0.5, 100), hard + generator.normal(0, 0.5, 100)
    found = paired_difference(first, second, over="items")
    assert 0 < found.low < 0.5 < found.high
    assert bootstrap_mean(first, over="x").low < bootstrap_mean(second, over="x").high
    assert paired_ratio_difference(first, second, np.full(100, 2.0), over="items").value == pytest.approx(found.value / 2)


def test_no_difference_is_not_found_more_often_than_stated():
    generator = np.random.default_rng(5)
    wrong = 0
    for i in range(200):
        found = paired_difference(generator.normal(0, 1, 60), generator.normal(0, 1, 60), over="x", seed=i, resamples=400)
        wrong += not found.low <= 0 <= found.high
    assert wrong <= 24


def test_scores_are_shares_with_their_number_named():
    found = share_right([Score(1.0), Score(0.0), Score(1.0), Score(1.0)], over="sums")
    assert (found.value, found.over) == (0.75, "4 sums")
    assert found.to_json() == {"value": 0.75, "low": found.low, "high": found.high, "over": "4 sums"}
    assert all(math.isfinite(v) for v in (found.low, found.high))


@pytest.mark.parametrize("call", [
    lambda: wilson(0, 0, over="x"), lambda: share_right([]), lambda: bootstrap_mean([], over="x"), lambda: bootstrap_ratio([1], [0], over="x"),
    lambda: paired_difference([1, 2], [1], over="x"),
])  # fmt: skip
def test_nothing_to_measure_is_refused(call):
    with pytest.raises(DataError):
        call()


@pytest.mark.parametrize(("freedom", "table"), [(2, 4.303), (3, 3.182), (9, 2.262), (30, 2.042)])
def test_students_quantiles_are_those_of_the_tables(freedom, table):
    from puna.evals.statistics import student_t

    assert student_t(0.975, freedom) == pytest.approx(table, abs=6e-4)


def test_the_interval_over_seeds_covers_the_truth_as_often_as_it_says():
    from puna.evals.statistics import over_seeds

    rng = np.random.default_rng(5)
    found = [over_seeds(rng.normal(2.0, 0.3, size=3).tolist()) for _ in range(2000)]
    assert np.mean([measured.low <= 2.0 <= measured.high for measured in found]) == pytest.approx(0.95, abs=0.015)
    assert found[0].over == "3 seeds"


def test_two_seeds_give_no_interval():
    from puna.evals.statistics import over_seeds

    with pytest.raises(DataError, match="three"):
        over_seeds([1.0, 2.0])


def test_equal_differences_leave_room_for_items_that_were_not_seen():
    """58 of 58 right against a chance of a quarter: a resampling knows no other outcome, and the rule of three does."""
    gain = paired_difference([1.0] * 58, [0.25] * 58, over="58 questions")
    assert gain.value == 0.75
    assert gain.low == pytest.approx(0.75 - 3 / 58 * 1.75)
    one = paired_difference([1.0], [0.0], over="1 question")
    assert one.low < 0
    assert paired_difference([1.0, 0.0], [1.0, 0.0], over="2 questions").low == 0
