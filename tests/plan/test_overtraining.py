"""Over-training: the figures of Sardana et al. and of de Vries, and Llama 3's small models against optima of equal loss."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from puna.errors import ConfigError
from puna.plan.estimate import Estimate
from puna.plan.laws import law
from puna.plan.overtraining import cheapest, of_run, overtrained, shrink_overhead, shrunk, smallest_share
from puna.plan.runs import run_named


def value(figure):
    return getattr(figure, "value", figure)


def test_7b_of_13b_quality_saves_what_sardana_says():
    found = shrunk(law("sardana"), 13e9, params=7e9, served=2e12)
    assert found.saved_flops == pytest.approx(1.69e22, rel=0.01)
    assert value(found.saving) == pytest.approx(0.174, rel=0.01)


@pytest.mark.parametrize(
    ("quality", "served", "params", "tokens", "saving"),
    [
        (13e9, 1e12, 8.32e9, 0.967e12, 0.085), (13e9, 2e12, 6.97e9, 1.248e12, 0.1745), (13e9, 5e12, 5.44e9, 1.90e12, 0.335),
        (13e9, 10e12, 4.54e9, 2.75e12, 0.457), (70e9, 1e12, 62.9e9, 4.756e12, 0.0040), (70e9, 2e12, 57.9e9, 5.203e12, 0.013),
        (70e9, 5e12, 49.0e9, 6.350e12, 0.052), (70e9, 10e12, 41.55e9, 7.923e12, 0.1195),
    ],
)  # fmt: skip
def test_the_cheapest_size_for_a_demand(quality, served, params, tokens, saving):
    found = cheapest(law("sardana"), quality, served=served)
    assert value(found.params) == pytest.approx(params, rel=2e-3)
    assert value(found.tokens) == pytest.approx(tokens, rel=2e-3)
    assert value(found.saving) == pytest.approx(saving, abs=6e-4)


@pytest.mark.parametrize(("quality", "tokens"), [(13e9, 0.5765e12), (30e9, 1.556e12), (70e9, 4.255e12)])
def test_sardana_s_chinchilla_points(quality, tokens):
    assert law("sardana").optimum_of_params(quality).tokens == pytest.approx(tokens, rel=1e-3)


@pytest.mark.parametrize(("k", "overhead"), [(0.5, 0.208), (0.3, 1.056), (0.25, 1.889), (0.57, 0.125), (0.75, 0.028)])
def test_de_vries_overhead_of_shrinking(k, overhead):
    assert shrink_overhead(k, alpha=0.336, beta=0.283) == pytest.approx(overhead, rel=0.02)


@settings(max_examples=40, deadline=None)
@given(k=st.floats(0.2, 0.95), size=st.floats(8, 12))
def test_the_overhead_of_shrinking_does_not_depend_on_compute(k, size):
    one = law("besiroglu")
    found = shrunk(one, 10.0**size, params=k * 10.0**size)
    assert value(found.overhead) == pytest.approx(shrink_overhead(k, alpha=one.alpha, beta=one.beta), rel=1e-6)


@pytest.mark.parametrize(("name", "share"), [("sardana", 0.097), ("besiroglu", 0.146), ("llama3-surface", 0.109)])
def test_below_some_size_no_number_of_tokens_is_enough(name, share):
    one = law(name)
    assert smallest_share(alpha=one.alpha, beta=one.beta) == pytest.approx(share, abs=6e-4)
    assert math.isinf(shrink_overhead(share * 0.99, alpha=one.alpha, beta=one.beta))
    with pytest.raises(ConfigError, match="never reach"):
        shrunk(one, 70e9, params=0.09 * 70e9)


@pytest.mark.parametrize(
    ("params", "tokens", "name", "best", "overhead", "pays_from"),
    [
        (8.03e9, 15e12, "llama3-surface", (38.1e9, 0.646e12), 3.90, 9.6e12),
        (8.03e9, 15e12, "besiroglu", (33.9e9, 0.647e12), 4.50, 11.4e12),
        (8.03e9, 15e12, "chinchilla", (29.6e9, 1.64e12), 1.48, 10.0e12),
        (70.55e9, 15e12, "llama3-surface", (197e9, 3.28e12), 0.64, 9.8e12),
        (70.55e9, 15e12, "chinchilla", (116e9, 8.34e12), 0.09, 6.1e12),
    ],
)
def test_llama_3_against_optima_of_equal_loss(params, tokens, name, best, overhead, pays_from):
    found = overtrained(law(name), params, tokens)
    assert (found.optimum.params, found.optimum.tokens) == pytest.approx(best, rel=5e-3)
    assert value(found.overhead) == pytest.approx(overhead, abs=0.01)
    assert value(found.break_even_tokens) == pytest.approx(pays_from, rel=0.01)
    assert isinstance(found.overhead, Estimate)


def test_a_model_larger_than_the_optimum_wins_nothing_back():
    found = overtrained(law("chinchilla"), 405e9, 15.6e12)
    assert found.break_even_tokens is None
    assert 0.04 < value(found.overhead) < 0.06
    assert any("nothing is won back" in line for line in found.warnings)


@settings(max_examples=20, deadline=None)
@given(k=st.floats(0.3, 0.9), weight=st.floats(0.5, 20))
def test_at_break_even_both_models_cost_the_same(k, weight):
    first = shrunk(law("besiroglu"), 50e9, params=k * 50e9, serving_weight=weight)
    again = shrunk(law("besiroglu"), 50e9, params=k * 50e9, served=value(first.break_even_tokens), serving_weight=weight)
    assert value(again.saving) == pytest.approx(0, abs=1e-9)
    assert value(first.saving) == pytest.approx(-value(first.overhead))


def test_very_long_training_is_cautioned_against():
    assert any("promise too much" in line for line in overtrained(law("llama3-surface"), 8.03e9, 15e12).warnings)


def test_a_mixtures_run_says_what_a_dense_law_makes_of_it_and_every_run_where_it_comes_from():
    sparse, dense = (of_run(law("besiroglu"), run_named(name)) for name in ("deepseek-v3", "llama-3-8b"))
    assert any("mixture of experts" in line for line in sparse.warnings)
    assert not any("mixture of experts" in line for line in dense.warnings)
    assert dense.figures()["sources"][0] == "llama-3-8b: Llama 3 model card"
    assert value(dense.overhead) == value(overtrained(law("besiroglu"), 8030261248, 15e12).overhead)


@pytest.mark.parametrize("name", ["llama3", "llama3-surface", "besiroglu", "chinchilla", "sardana", "gadre"])
@pytest.mark.parametrize("k", [0.5, 0.9, 1.1])
def test_no_split_of_equal_loss_is_cheaper_than_the_optimum_by_anything_that_the_runs_allow(name, k):
    found = shrunk(law(name), 70e9, params=k * 70e9).overhead
    assert (found.low if isinstance(found, Estimate) else found) >= -1e-9


def test_a_law_whose_optimum_its_own_losses_contradict_is_refused():
    one = law("kaplan")
    best = one.optimum_of_params(70e9)
    half = 6 * 35e9 * one.tokens_for(35e9, best.loss)
    assert half < 0.5 * best.compute
    with pytest.raises(ConfigError, match="not where its own losses are lowest"):
        shrunk(one, 70e9, params=35e9)


def test_what_has_no_answer_is_refused():
    with pytest.raises(ConfigError, match="give a dense law"):
        overtrained(law("krajewski"), 8e9, 1e12)
    with pytest.raises(ConfigError, match="params is -1"):
        overtrained(law("besiroglu"), -1, 1e12)
    with pytest.raises(ConfigError, match="served tokens are -1"):
        overtrained(law("besiroglu"), 1e9, 1e12, served=-1)
