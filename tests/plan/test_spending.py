"""What a compute comes to: size, hours and dollars, each with an interval that holds what it follows from."""

import pytest

from puna.plan.devices import device
from puna.plan.estimate import Estimate
from puna.plan.laws import catalogue, estimate
from puna.plan.spending import size_and_cost

LAW, H100 = catalogue.law("llama3"), device("h100")
COMPUTE = Estimate(1e24, 5e23, 3e24)


def test_size_and_cost_have_intervals():
    found = size_and_cost(COMPUTE, law=LAW, device=H100)
    assert all(
        isinstance(found[key], Estimate) and found[key].low < found[key].high for key in ("params", "tokens", "gpu_hours", "dollars")
    )
    assert found["params"].value == LAW.optimum(1e24).params
    assert found["gpu_hours"].value == pytest.approx(1e24 / (989.4e12 * 0.4 * 3600))
    assert found["gpu_hours"].low == pytest.approx(5e23 / (989.4e12 * 0.43 * 3600))
    assert found["dollars"].high == pytest.approx(3e24 / (989.4e12 * 0.38 * 3600) * 2.5 * 1.4)


def test_a_size_spans_the_law_at_both_ends_of_the_compute():
    found = size_and_cost(COMPUTE, law=LAW, device=H100)["params"]
    for compute in (5e23, 1e24, 3e24):
        there = estimate(LAW, lambda one, compute=compute: one.optimum(compute).params)
        assert found.low <= there.low
        assert there.high <= found.high


def test_a_known_compute_and_share_leave_the_hours_without_doubt():
    found = size_and_cost(1e24, law=LAW, device=H100, mfu=0.5)
    assert found["gpu_hours"].low == found["gpu_hours"].high == pytest.approx(1e24 / (989.4e12 * 0.5 * 3600))
    assert found["dollars"].low < found["dollars"].value
    assert "given share" in found["cost_interval_means"]


def test_what_nobody_rents_has_hours_and_no_dollars():
    found = size_and_cost(1e24, law=LAW, device=device("mi300x"))
    assert "dollars" not in found
    assert found["gpu_hours"].value > 0
