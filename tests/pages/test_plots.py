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
    (only,) = row_plots.bars([[("c1", 30), ("c4", 10)]], labels=["held"], limit=80)
    assert re.findall(r'width="([\d.]+)%"', only.split("<title>")[1]) == ["37.500", "12.500"]
    assert 'class="limit" x1="100.000%"' in only
    assert row_plots.bars([[("good", 0)]], labels=["none"])


def test_a_curve_of_one_point_and_one_with_a_loss_of_zero_can_be_drawn():
    for ys in ([2.0], [0.0]):
        assert "<polyline" in charts.chart([charts.Line("a", [10.0], ys, 0)], title="t", x=Axis("x", log=True), y=Axis("y", log=True))


def test_a_forest_plot_may_be_logarithmic():
    drawn = row_plots.forest(
        [row_plots.Interval(str(value), value, value / 10, value * 10) for value in (1e2, 1e4, 1e6)], unit="", log=True
    )
    dots = [float(re.search(r'cx="([\d.]*)%', row).group(1)) for row in drawn.rows]
    assert math.isclose(dots[1] - dots[0], dots[2] - dots[1], abs_tol=0.02)


@given(st.floats(-30, 30), st.floats(0.1, 40))
def test_however_many_powers_of_ten_an_axis_spans_its_ticks_have_room(power, orders):
    axis = scales.scale(10**power, 10 ** (power + orders), log=True)
    assert 2 <= len(axis.ticks) <= 9
    assert all(first < second for first, second in zip(axis.ticks, axis.ticks[1:], strict=False))


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


def test_an_interval_of_a_dot_is_drawn_and_makes_room_for_itself():
    drawn = charts.chart([charts.Dots("a", [1, 2], [5, 6], 0, lows=[1, 5], highs=[9, 7])], title="t", x=Axis("x"), y=Axis("y"))
    whiskers = re.findall(r'class="whisker c0" x1="([\d.]+%)" x2="([\d.]+%)" y1="([\d.]+)" y2="([\d.]+)"', drawn)
    dots = re.findall(r'cx="([\d.]+%)" cy="([\d.]+)"', drawn)
    for (left, right, low, high), (x, y) in zip(whiskers, dots, strict=True):
        assert left == right == x
        assert float(high) < float(y) < float(low)


@given(st.lists(st.floats(1, 1e6), min_size=1, max_size=5, unique=True))
def test_the_words_of_uprights_lie_neither_on_one_another_nor_under_a_line_that_they_reach(places):
    marks = [charts.Line("law", [1, 1e6], [1, 2], 0), *(charts.Upright("a place", place) for place in places)]
    drawn = charts.chart(marks, title="t", x=Axis("x", log=True), y=Axis("y"))
    found = re.findall(
        r'class="limit" x1="([\d.]+)%" x2="[\d.]+%" y1="(\d+)".*?<text class="on" x="[\d.]+%" y="\d+" (text-anchor="end")?', drawn
    )
    assert len({top for _, top, _ in found}) == len(places)
    for x, top, on_left in found:
        for other, begins, side in found:
            ahead = float(other) < float(x) if on_left else float(other) > float(x)
            if ahead and side == on_left:
                assert int(begins) > int(top)


def test_shades_go_from_one_end_to_the_other_and_stay_in_order():
    assert [charts.shade(i, 10) for i in range(10)] == [f"s{i}" for i in range(10)]
    assert charts.shade(0, 1) == charts.shade(0, 3) == "s0"
    shades = [int(charts.shade(i, 25)[1:]) for i in range(25)]
    assert shades == sorted(shades)
    assert shades[-1] == charts.SHADES - 1
