"""Repeated data enters in one place, wears tokens and parameters, and leaves a law as it is where nothing repeats; the losses of a line are its surface's, moved to it."""

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from puna.errors import ConfigError
from puna.plan.constrained import synthetic_needed, worth
from puna.plan.estimate import point
from puna.plan.laws import catalogue, law
from puna.plan.optimal import optimal
from puna.plan.repetition import repeated_optimum
from puna.plan.valley import Valley


def test_four_epochs_are_nearly_as_good_as_fresh_tokens_and_no_number_is_worth_more_than_sixteen():
    assert worth(1, 4) == pytest.approx(3.726, abs=5e-4)
    assert worth(1, 1e9) == pytest.approx(16.39, abs=5e-3)
    assert worth(2e12, 1e12) == 1e12


def test_with_data_enough_nothing_is_repeated():
    one, free = law("muennighoff"), law("muennighoff").optimum(1e22)
    found = repeated_optimum(one, 1e22, unique_tokens=2 * free.tokens)
    assert (found.params, found.tokens, found.loss) == pytest.approx((free.params, free.tokens, free.loss))


@settings(max_examples=30, deadline=None)
@given(share=st.floats(0.02, 0.95), tilt=st.floats(-0.3, 0.3))
def test_short_data_is_repeated_as_well_as_can_be_and_costs_loss(share, tilt):
    one, free = law("muennighoff"), law("muennighoff").optimum(1e22)
    unique = share * free.tokens
    found = repeated_optimum(one, 1e22, unique_tokens=unique)
    assert found.epochs >= 1
    assert found.loss >= free.loss
    other = found.tokens * 10.0**tilt
    assert Valley(one, unique).loss(1e22 / 6 / other, other) >= found.loss - 1e-9


@pytest.mark.parametrize("name", ["llama3", "llama3-surface", "besiroglu", "muennighoff"])
@pytest.mark.parametrize("share", [0.5, 0.1])
def test_repeating_calls_for_a_smaller_model_by_every_law(name, share):
    free = law(name).optimum(3.8e25)
    found = repeated_optimum(law(name), 3.8e25, unique_tokens=share * free.tokens)
    assert found.params < 0.95 * free.params
    assert found.epochs > 1 / share


@given(st.sampled_from(["llama3", "llama3-surface", "besiroglu"]), st.floats(1e9, 1e13), st.floats(1e9, 1e14), st.floats(1.0, 10.0))
def test_a_run_that_repeats_nothing_has_the_laws_own_loss(name, params, tokens, more):
    assert Valley(law(name), more * tokens).loss(params, tokens) == law(name).loss(params, tokens)
    found = optimal(law(name), 1e24, unique_tokens=more * law(name).optimum(1e24).tokens)
    assert (found.repeated.params, found.repeated.tokens, found.repeated.loss) == (
        law(name).optimum(1e24).params,
        law(name).optimum(1e24).tokens,
        point(found.loss),
    )


def test_what_is_worn_is_worth_what_the_paper_says():
    """One model, worked out by hand: 10^10 unique tokens, each read eight times, and twice the parameters that they fill."""
    one = law("muennighoff")
    filled = one.optimum_of_tokens(1e10).params
    params = filled + filled * 5.3097 * (1 - math.exp(-1 / 5.3097))
    tokens = 1e10 + 1e10 * 15.3878 * (1 - math.exp(-7 / 15.3878))
    assert Valley(one, 1e10).loss(2 * filled, 8e10) == pytest.approx(
        one.E + one.A / params**one.alpha + one.B / tokens**one.beta, rel=1e-12
    )


def test_the_losses_of_a_line_are_lowest_on_it_and_on_the_scale_of_its_surface():
    line = law("llama3")
    for compute in (1e20, 1e22, 3.8e25):
        best = line.optimum(compute)
        assert best.loss == pytest.approx(line.surface.optimum(compute).loss, rel=1e-12)
        assert all(line.loss(best.params * off, best.tokens / off) > best.loss for off in (0.8, 1.25))
        assert line.optimum_of_loss(best.loss).compute == pytest.approx(compute, rel=1e-6)


def test_what_repeating_leaves_open_is_synthetic():
    rows = synthetic_needed(16.1e12, unique_tokens=2e12)
    assert all(row.worth_tokens + row.synthetic_tokens == pytest.approx(16.1e12) for row in rows)
    assert [row.share for row in rows] == sorted((row.share for row in rows), reverse=True)
    assert rows[-1].synthetic_tokens == 0
    assert synthetic_needed(1e12, unique_tokens=2e12)[0].share == 0


def test_laws_without_a_surface_have_no_repetition():
    found = optimal(law("deepseek"), 1e24, unique_tokens=1e11)
    assert found.repeated is None
    assert found.synthetic[0].share > 0
    with pytest.raises(ConfigError, match="repeated data needs"):
        repeated_optimum(law("deepseek"), 1e24, unique_tokens=1e11)


@pytest.mark.parametrize("name", ["besiroglu", "chinchilla", "rising line", "level line", "kaplan"])
def test_only_more_parameters_than_the_least_reach_a_loss(name):
    llama3 = catalogue.law("llama3")
    level = llama3.surface.alpha / (llama3.surface.alpha + llama3.surface.beta)
    lines = {"rising line": replace(llama3, alpha=level - 0.03, A=3.0), "level line": replace(llama3, alpha=level, A=1.5)}
    one = lines.get(name) or catalogue.law(name)
    loss = one.loss(1e10, 1e12)
    least = one.least_params(loss)
    assert one.loss(1.01 * least, one.tokens_for(1.01 * least, loss)) == pytest.approx(loss)
    with pytest.raises(ConfigError, match="never reach"):
        one.tokens_for(0.999 * least, loss)


def test_by_llama_3s_line_a_small_model_goes_on_learning():
    one = law("llama3")
    loss = one.loss(1e10, 1e12)
    assert one.least_params(loss) == 0
    assert one.loss(5e9, one.tokens_for(5e9, loss)) == pytest.approx(loss)
    assert one.least_params(0.1) == math.inf
    with pytest.raises(ConfigError, match="never reach"):
        one.tokens_for(1e9, one.surface.E)


def test_a_loss_below_the_floor_takes_endless_parameters():
    assert catalogue.law("besiroglu").least_params(1.0) == math.inf
