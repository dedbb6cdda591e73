"""Learning-rate schedules at their corners, against values worked out by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from puna.train import schedule


def test_warm_up_starts_above_zero_and_reaches_the_peak_in_its_last_step():
    assert [schedule.warm_up(step, warmup=4) for step in range(6)] == [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]
    assert schedule.warm_up(0, warmup=0) == 1.0


def test_cosine_is_at_its_peak_half_way_and_at_its_end_where_it_should_be():
    at = [schedule.cosine(step, steps=12, warmup=4, final=0.1) for step in (0, 3, 4, 8, 12)]
    assert at == pytest.approx([0.25, 1.0, 1.0, 0.55, 0.1])
    # A quarter along the wave: (1 + cos 45 degrees) / 2.
    assert schedule.cosine(6, steps=12, warmup=4, final=0.0) == pytest.approx(0.8535533905932737)


def test_wsd_stays_at_the_peak_until_its_decay_and_then_falls_along_one_minus_the_root():
    at = [schedule.wsd(step, steps=20, warmup=2, decay=16, final=0.0) for step in (0, 1, 2, 4, 8, 13, 20)]
    assert at == pytest.approx([0.5, 1.0, 1.0, 1.0, 0.5, 0.25, 0.0])
    assert schedule.wsd(8, steps=20, warmup=2, decay=16, final=0.2) == pytest.approx(0.6)


def test_linear_falls_straight_to_zero():
    at = [schedule.linear(step, steps=12, warmup=2) for step in (0, 1, 2, 7, 11, 12)]
    assert at == pytest.approx([0.5, 1.0, 1.0, 0.5, 0.1, 0.0])


@given(st.integers(1, 200), st.data())
def test_every_schedule_lies_between_zero_and_one_and_never_rises_after_the_warm_up(steps, data):
    warmup = data.draw(st.integers(0, steps))
    decay = data.draw(st.integers(0, steps - warmup))
    shapes = (
        [schedule.cosine(step, steps=steps, warmup=warmup, final=0.05) for step in range(steps)],
        [schedule.wsd(step, steps=steps, warmup=warmup, decay=decay, final=0.05) for step in range(steps)],
        [schedule.linear(step, steps=steps, warmup=warmup) for step in range(steps)],
    )
    for rates in shapes:
        assert all(0 < rate <= 1 for rate in rates)
        falling = rates[warmup:]
        assert falling == sorted(falling, reverse=True)
