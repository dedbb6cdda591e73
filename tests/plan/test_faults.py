"""Interruptions: table 5's counts and its misprint, and a simulation that agrees with the closed form."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from puna.errors import ConfigError
from puna.plan import faults


def test_table_5_sums_to_419_and_its_printed_shares_to_less_than_all():
    counts = faults.components()
    assert sum(c.count for c in counts) == 419
    assert sum(c.printed_share for c in counts) == pytest.approx(0.949)
    assert [c.name for c in counts if abs(c.share - c.printed_share) > 0.001] == ["faulty GPU"]
    assert counts[0].share == pytest.approx(0.353, abs=5e-4)


def test_shares_by_count():
    assert faults.share_of("gpu") == pytest.approx(0.640, abs=5e-4)
    assert faults.share_of("gpu", "hardware", "host maintenance") == pytest.approx(0.766, abs=5e-4)


def test_what_was_seen_is_what_is_expected_of_the_same_run_and_grows_with_gpus_and_days():
    same = faults.unplanned(gpus=16_384, days=54)
    assert same.value == pytest.approx(419)
    assert same.low < 419 < same.high
    assert faults.unplanned(gpus=8192, days=27).value == pytest.approx(419 / 4)
    assert faults.expected(gpus=16_384, days=54)["planned maintenance"].value == pytest.approx(47)


def test_mean_time_between_interruptions():
    assert faults.mtbf_seconds(gpus=16_384, planned=False) / 3600 == pytest.approx(3.09, abs=0.005)
    assert faults.mtbf_seconds(gpus=16_384) / 3600 == pytest.approx(2.78, abs=0.005)
    assert faults.mtbf_seconds(gpus=1, planned=False) / 3600 == pytest.approx(50_677, abs=1)


@pytest.mark.parametrize(("blocking", "minutes"), [(60, 19), (300, 43)])
def test_youngs_interval(blocking, minutes):
    assert faults.young_interval(blocking, faults.mtbf_seconds(gpus=16_384, planned=False)) / 60 == pytest.approx(minutes, abs=0.5)


def test_the_assumed_seconds_give_the_printed_effective_share():
    assert faults.effective_estimate(gpus=16_384).value > 0.9


@given(st.floats(0.5, 1000), st.floats(2000, 1e6), st.floats(0, 3000), st.floats(0.2, 5))
def test_no_interval_beats_the_best_and_dalys_comes_near(blocking, mtbf, restart, factor):
    def share(interval):
        return faults.effective_share(interval=interval, blocking=blocking, restart=restart, mtbf=mtbf)

    best = faults.best_interval(blocking, mtbf)
    assert share(best) >= share(best * factor) - 1e-9
    assert share(faults.daly_interval(blocking, mtbf)) == pytest.approx(share(best), rel=0.01)
    assert 0 < share(best) < 1


@pytest.mark.parametrize(("blocking", "restart"), [(5, 600), (60, 300), (300, 1800)])
def test_the_simulation_agrees_with_the_closed_form(blocking, restart):
    mtbf = faults.mtbf_seconds(gpus=16_384)
    interval = faults.best_interval(blocking, mtbf)
    seen = faults.simulate(mtbf=mtbf, days=54, interval=interval, blocking=blocking, restart=restart, runs=400)
    assert seen.mean.value == pytest.approx(
        faults.effective_share(interval=interval, blocking=blocking, restart=restart, mtbf=mtbf), abs=0.002
    )
    assert seen.interruptions.low < 466 < seen.interruptions.high


@pytest.mark.parametrize(("gpus", "days"), [(1, 1), (8, 1), (64, 3), (1024, 20)])
def test_a_simulation_that_saw_few_interruptions_or_none_knows_how_little_that_says(gpus, days):
    found = faults.outlook(gpus=gpus, days=days)
    seen = found["simulated_effective_share"]
    assert 0 <= seen.low < seen.value <= seen.high <= 1
    # The closed form is of a run without an end; what the last segment spares a short one is less than a checkpoint and a restart.
    spared = (found["blocking_seconds"] + found["restart_seconds"]) / (days * 86_400)
    assert seen.low - spared <= found["effective_share"].value <= seen.high


@settings(max_examples=5)
@given(st.integers(0, 2**32))
def test_a_seed_gives_the_same_figures_again(seed):
    assert faults.outlook(gpus=1000, days=3, runs=5, seed=seed) == faults.outlook(gpus=1000, days=3, runs=5, seed=seed)


def test_the_table_covers_every_pair_and_falls_with_both():
    rows = faults.effective_table(gpus=16_384, blockings=(1, 60), restarts=(60, 600))
    assert len(rows) == 4
    shares = [row["effective_share"] for row in rows]
    assert shares[0].value > shares[1].value > shares[3].value
    assert all(share.low < share.value < share.high for share in shares)


@pytest.mark.parametrize(
    "options", [{"gpus": 0}, {"days": 0}, {"days": float("inf")}, {"blocking": 0}, {"interval": -1}, {"restart": -1}, {"runs": 1}]
)
def test_what_cannot_be_is_refused(options):
    with pytest.raises(ConfigError, match=r"above 0|two runs"):
        faults.outlook(**{"gpus": 16_384, "days": 54, **options})
