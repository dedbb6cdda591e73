"""Pictures put values where their axes say, whatever the values are."""

from __future__ import annotations

import math
import re

from hypothesis import given
from hypothesis import strategies as st

from puna.pages import charts, row_plots, scales, words
from puna.pages.charts import Axis

NUMBERS = st.floats(-1e9, 1e9, allow_nan=False)


@given(NUMBERS, NUMBERS, st.booleans())
def test_an_axis_holds_its_values_and_its_ticks_rise(one, other, tight):
    low, high = sorted((one, other))
    axis = scales.scale(low, high, log=False, tight=tight)
    assert axis.low <= low + 1e-6 * abs(low)
    assert axis.high >= high - 1e-6 * abs(high)
    assert all(first < second for first, second in zip(axis.ticks, axis.ticks[1:], strict=False))
    assert len(axis.ticks) <= 9


@given(st.floats(1e-6, 1e12), st.floats(1e-6, 1e12))
def test_a_logarithmic_axis_puts_equal_ratios_at_equal_distances(one, other):
    low, high = sorted((one, other))
    axis = scales.scale(low, high, log=True)
    assert -1e-9 <= axis.at(low) <= axis.at(high) <= 1 + 1e-9
    assert all(-1e-9 <= axis.at(tick) <= 1 + 1e-9 for tick in axis.ticks)
    middle = math.sqrt(axis.low * axis.high)
    assert math.isclose(axis.at(middle), 0.5, abs_tol=1e-6)


def test_a_forest_plot_puts_all_its_rows_on_one_axis_with_zero_in_sight():
    made = [row_plots.Interval("a", 0.2, 0.1, 0.3), row_plots.Interval("b", 0.4, None, None, "mine")]
    drawn = row_plots.forest(made, unit="bits", zero=True)
    zeros = {re.search(r'class="zero" x1="([^"]*)"', row).group(1) for row in drawn.rows}
    assert len(zeros) == 1
    dots = [float(re.search(r'cx="([\d.]*)%', row).group(1)) for row in drawn.rows]
    zero = float(zeros.pop().rstrip("%"))
    assert math.isclose(dots[1] - zero, 2 * (dots[0] - zero), abs_tol=0.02)
    assert 'class="range"' in drawn.rows[0]
    assert 'class="range"' not in drawn.rows[1]
    assert "a: 0.2 (0.1 to 0.3) bits" in drawn.rows[0]


def test_bars_are_as_long_as_what_they_stand_for():
    (first, second) = row_plots.bars([[("good", 30), ("junk", 10)], [("good", 20)]], labels=["one", "<two>"])
    assert re.findall(r'width="([\d.]+)%"', first.split("<title>")[1]) == ["75.000", "25.000"]
    assert re.findall(r'width="([\d.]+)%"', second.split("<title>")[1]) == ["50.000"]
    assert "&lt;two&gt;" in second
    assert row_plots.bars([[("good", 0)]], labels=["none"])


def test_a_curve_of_one_point_and_one_with_a_loss_of_zero_can_be_drawn():
    for ys in ([2.0], [0.0]):
        assert "<polyline" in charts.chart([charts.Line("a", [10.0], ys, 0)], title="t", x=Axis("x", log=True), y=Axis("y", log=True))


def test_numbers_are_written_with_three_digits_and_a_true_minus():
    told = [words.figure(value) for value in (0, 0.12345, -1.2345, 12.345, 1234.5, 2.0517e12, 3.8e25)]
    assert told == ["0.000", "0.123", "−1.23", "12.3", "1,234", "2.05T", "3.8e25"]
    assert [words.told(value) for value in (1234567, True, None, "x", 0.5)] == ["1,234,567", "yes", "–", "x", "0.500"]
    assert [words.duration(value) for value in (0.94, 45.2, 250, 12000)] == ["0.9 s", "45 s", "4 min 10 s", "3 h 20 min"]
    assert [words.size(value) for value in (999, 2.6e6, 1.81e9)] == ["999 B", "2.6 MB", "1.81 GB"]


def test_marks_of_every_kind_lie_on_the_same_axes_and_are_told_in_words():
    marks = [
        charts.Band("doubt", [1, 10, 100], [1, 2, 3], [2, 3, 9], 0),
        charts.Line("law", [1, 10, 100], [1.5, 2.5, 5], 0, dashed=True),
        charts.Dots("runs", [1, 10], [1.4, 2.6], 1, hollow=True),
        charts.Upright("limit <8>", 10),
        charts.Level("capacity", 9),
    ]
    drawn = charts.chart(marks, title="t", x=Axis("FLOPs", log=True), y=Axis("loss"))
    assert drawn.count("<circle") == 2
    # x = 10 is the middle of a logarithmic axis from 1 to 100, for dots and for upright lines alike.
    assert re.findall(r'class="(?:dot c1 hollow" cx|limit" x1)="([\d.]+%)"', drawn)[1:] == ["50.00%", "50.00%"]
    assert "limit &lt;8&gt; at 10" in drawn
    assert "doubt: 3 to 9 at the end" in drawn
