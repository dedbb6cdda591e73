"""Figures with intervals become JSON in which each interval stands beside its value."""

import json
import math

from puna.commands.plan.figures import with_interval
from puna.plan.estimate import Estimate, ends, fact, plain, point, within


def plan_json(figures):
    return json.loads(json.dumps(plain(figures), allow_nan=False))


def test_an_interval_stands_under_the_key_with_interval_at_every_depth():
    figures = {"params": Estimate(2.0, 1.0, 4.0), "layers": 3, "inner": {"days": Estimate(5, 4, 6)}, "rows": [{"x": Estimate(1, 0, 2)}]}
    assert plain(figures) == {
        "params": 2.0,
        "params_interval": [1.0, 4.0],
        "layers": 3,
        "inner": {"days": 5, "days_interval": [4, 6]},
        "rows": [{"x": 1, "x_interval": [0, 2]}],
    }


def test_what_has_no_end_is_null_in_json_and_or_more_in_words():
    size = Estimate(3.0, 2.0, math.inf)
    assert plan_json({"size": size, "ends": (2.0, math.inf)}) == {"size": 3.0, "size_interval": [2.0, None], "ends": [2.0, None]}
    assert within(size) == "3.00 (2.00 or more)"
    assert with_interval(size) == "3 (2 or more)"


def test_a_figure_reads_with_its_interval_where_it_has_one():
    size = Estimate(393e9, 175e9, 743e9)
    assert fact("size", size) == ("size", "393B", "175B to 743B")
    assert fact("size", 393e9) == ("size", "393B")
    assert fact("size", Estimate(1.0, 1.0, 1.0)) == ("size", "1.00")
    assert fact("size", None) == ("size", "–")
    assert within(size) == "393B (175B to 743B)"
    assert within(0.5, lambda share: f"{share:.0%}") == "50%"
    assert (point(size), ends(size), ends(2.0)) == (393e9, (175e9, 743e9), (2.0, 2.0))
