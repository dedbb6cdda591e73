"""Figures with intervals become JSON in which each interval stands beside its value."""

from puna.plan.estimate import Estimate, plain


def test_an_interval_stands_under_the_key_with_interval_at_every_depth():
    figures = {"params": Estimate(2.0, 1.0, 4.0), "layers": 3, "inner": {"days": Estimate(5, 4, 6)}, "rows": [{"x": Estimate(1, 0, 2)}]}
    assert plain(figures) == {
        "params": 2.0,
        "params_interval": [1.0, 4.0],
        "layers": 3,
        "inner": {"days": 5, "days_interval": [4, 6]},
        "rows": [{"x": 1, "x_interval": [0, 2]}],
    }
