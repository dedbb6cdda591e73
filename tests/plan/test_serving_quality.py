"""What quantization costs: the published law's printed figures, its calibration on measured tables, and lifetimes by format."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from puna.errors import ConfigError
from puna.plan.devices import device, several
from puna.plan.formats import format_named, formats
from puna.plan.models import named_models
from puna.plan.serving.lifetime import lives, train_hours
from puna.plan.serving.model import served
from puna.plan.serving.placing import Workload, counts, places
from puna.plan.serving.quality import kumar_loss, loss_added, quality
from puna.plan.tables import rows_of


@pytest.mark.parametrize(
    ("params", "tokens", "expected"),
    [(6.738e9, 2e12, 0.049), (8.03e9, 15e12, 0.128), (70.55e9, 15e12, 0.061), (405.85e9, 15.6e12, 0.034)],
)
def test_the_printed_constants_at_four_and_eight_bits(params, tokens, expected):
    assert kumar_loss(params, tokens, 4) == pytest.approx(expected, abs=0.0005)
    assert kumar_loss(params, tokens, 8) < 2e-4


def test_llama_3_loses_more_than_llama_2():
    for form in ("q2_k", "q4_k_m", "q6_k", "int4", "fp8"):
        newer, older = (loss_added(served(name), format_named(form)).value for name in ("llama-3-8b", "llama-2-7b"))
        assert newer / older == pytest.approx(2.6, abs=0.05)


def test_every_measured_figure_lies_in_the_interval_but_for_the_one_in_twenty():
    outside = 0
    rows = list(rows_of("quality.csv"))
    for row in rows:
        found = getattr(quality(served(row["model"]), format_named(row["format"])), row["measure"])
        outside += not found.low <= float(row["figure"]) <= found.high
    assert outside <= len(rows) // 20 + 1


def test_recovery_of_int4_is_near_what_was_measured_at_three_sizes():
    for model, measured in (("llama-3.1-8b", 96.1), ("llama-3.1-70b", 97.4), ("llama-3.1-405b", 98.9)):
        assert quality(served(model), format_named("int4-gptq")).recovery.value == pytest.approx(measured, abs=1)


def test_the_measured_ratio_is_shown_where_there_is_one():
    assert quality(served("llama-3-8b"), format_named("q4_k_m")).measured_perplexity_ratio == 1.02816
    assert quality(served("llama-3.1-70b"), format_named("q4_k_m")).measured_perplexity_ratio is None


@given(st.sampled_from(named_models()), st.sampled_from([name for name, form in formats().items() if form.bits < 16]))
def test_nothing_below_16_bits_is_called_lossless(model, form):
    found = quality(served(model), format_named(form))
    assert 0 < found.loss.low < found.loss.value < found.loss.high
    assert found.perplexity_ratio.low > 1
    assert found.recovery.value < 100
    assert found.recovery.low < 100


def test_more_bits_and_more_parameters_lose_less_and_more_tokens_lose_more():
    by_bits = sorted((form for form in formats().values() if form.kept == "" and form.bits < 16), key=lambda form: form.bits)
    losses = [loss_added(served("llama-3.1-8b"), form).value for form in by_bits]
    assert losses == sorted(losses, reverse=True)
    longer = [loss_added(served("llama-3.1-8b", tokens=tokens), format_named("int4")).value for tokens in (2e11, 2e12, 2e13)]
    assert longer == sorted(longer)


def test_unknown_training_tokens_widen_the_interval():
    shape = "dim=4096,layers=32,heads=32,kv_heads=8,ffn=14336,vocab=128256"
    unknown, known = (loss_added(served(shape, tokens=tokens), format_named("int4")) for tokens in (None, 2e12))
    assert math.log(unknown.high / unknown.low) > math.log(known.high / known.low) + 1


@pytest.mark.parametrize("tokens", [0.0, -1.0, math.nan, math.inf])
def test_training_tokens_are_a_number_above_nought(tokens):
    with pytest.raises(ConfigError, match="above 0"):
        served("llama-3-8b", tokens=tokens)


def test_fp8_moves_the_point_where_serving_405b_costs_as_much_as_training_it():
    found = {life.form.name: life for life in lives(served("llama-3.1-405b"), device("h100"), Workload(served=1e13))}
    sixteen, eight = found["bf16"], found["fp8-meta"]
    assert (sixteen.device.name, sixteen.nodes) == ("16xh100", 2)
    # With Meta's fp8 one node holds it, and the second is worth having for the users that it makes room for.
    assert (eight.fewest.name, eight.device.name) == ("8xh100", "16xh100")
    assert (found["fp8"].device.name, found["fp8"].nodes) == ("8xh100", 1)
    assert eight.break_even_tokens.value > 1.2 * sixteen.break_even_tokens.value
    assert eight.serving_by_training.value < sixteen.serving_by_training.value
    assert eight.tuning_by_training.value < eight.serving_by_training.value
    for life in found.values():
        assert life.train_hours.value == 30.84e6
        assert life.serve_hours.value / life.train_hours.value == pytest.approx(life.serving_by_training.value)
        assert life.break_even_tokens.value * life.serving_by_training.value == pytest.approx(1e13)


def test_training_hours_scale_with_the_chips_peak_and_are_computed_where_no_card_says():
    whole = served("llama-3.1-8b")
    assert train_hours(whole, device("h100")).value == 1.46e6
    assert train_hours(whole, device("a100-80")).value == pytest.approx(1.46e6 * 989.4 / 312)
    computed = train_hours(served("llama-3.2-3b"), device("h100"))
    assert computed.low < computed.value < computed.high
    assert train_hours(served("dim=512,layers=8,heads=8,ffn=2048,vocab=1024"), device("h100")) is None


@pytest.mark.parametrize("workload", [Workload(0), Workload(math.nan), Workload(1e12, tuned=-1), Workload(1e12, prompt=0)])
def test_a_lifetime_of_nothing_is_refused(workload):
    with pytest.raises(ConfigError, match="lifetime"):
        lives(served("llama-3.1-8b"), device("h100"), workload)


def test_a_life_is_served_on_the_chips_that_make_a_token_cheapest_not_on_the_fewest_that_hold_the_model():
    model, chip, workload = served("llama-3.1-70b"), device("h100"), Workload(served=1e13)
    found = {life.form.name: life for life in lives(model, chip, workload)}
    # Two H100 hold it in bf16 for two users, and one in fp8 for one: every token would pay for reading all weights.
    assert [(found[name].fewest.name, found[name].device.name) for name in ("bf16", "fp8")] == [("2xh100", "4xh100"), ("h100", "4xh100")]
    assert found["bf16"].batch > 30
    # A byte a weight on every layer serves faster than on some of them, and both faster than two bytes.
    speeds = [found[name].tokens_per_chip_second.value for name in ("fp8", "fp8-meta", "bf16")]
    assert speeds == sorted(speeds, reverse=True)
    for life in found.values():
        every = places(model, life.form, [several(chip, count) for count in range(1, 17)], workload)
        assert life.tokens_per_chip_second.value >= max(
            place.tokens_per_chip_second.value for place in every if place.device.chips in (1, 2, 4, 8, 16)
        )


def test_a_copy_is_cut_where_heads_and_widths_divide_and_beyond_a_node_by_layers():
    # 40 heads would go to five chips, a feed-forward of 13,824 would not.
    assert counts(served("llama-2-13b").sized.llama, device("h100"))[:6] == [1, 2, 4, 8, 16, 24]
    assert counts(served("llama-3.1-70b").sized.llama, device("gb200"), 72) == [1, 2, 4, 8, 16, 32, 64]
    assert counts(served("llama-3.1-70b").sized.llama, device("iphone-15-pro")) == [1]
    few = served("dim=4096,layers=3,heads=32,kv_heads=8,ffn=14336,vocab=128256").sized.llama
    assert counts(few, device("h100")) == [1, 2, 4, 8, 16, 24]
