"""Claims hold only where the whole interval lies on their side, and say what they cannot test."""

from __future__ import annotations

import copy

import pytest

from puna.recipe.claims import judge


def measured(value, low, high):
    return {"value": value, "low": low, "high": high, "over": "40 items"}


RESULTS = {
    "bits_per_byte": {
        "base": "pretrain", "models": {"pretrain": measured(1.0, 0.9, 1.1), "tune": measured(1.2, 1.1, 1.3)}, "control_name": "3-gram model",
        "control": measured(1.5, 1.4, 1.6), "gain": measured(0.5, 0.4, 0.6),
        "longest_order": 6, "orders_left_out": [],
    },
    "questions": {
        "facts": {
            "base": "pretrain", "tuned": "tune",
            "models": {"tune, in chat": measured(0.8, 0.7, 0.9), "pretrain, in chat": measured(0.0, 0.0, 0.1), "pretrain, as text": measured(0.7, 0.6, 0.8)},
            "controls": {"commonest answer": measured(0.3, 0.2, 0.4), "untuned model, in chat": measured(0.0, 0.0, 0.1)},
            "gains": {"commonest answer": measured(0.5, 0.3, 0.7), "untuned model, in chat": measured(0.8, 0.6, 0.9)},
        },
        "sums": {
            "base": "pretrain", "tuned": "tune", "models": {"tune, in chat": measured(0.1, 0.0, 0.2)},
            "controls": {"commonest answer": measured(0.12, 0.1, 0.2)}, "gains": {"commonest answer": measured(-0.02, -0.1, 0.06)},
        },
    },
    "no_questions": None,
}  # fmt: skip


def verdicts(results):
    return {claim.id: claim.holds for claim in judge(results)[0]}


def test_claims_hold_where_every_interval_is_on_their_side():
    assert verdicts(RESULTS) == {"pretraining-beats-counting": True, "tuning-lets-it-answer": True, "tuning-lets-it-calculate": False}


def test_sums_that_the_commonest_answer_gets_as_well_are_shown_as_failing_with_their_figures():
    claim = next(claim for claim in judge(RESULTS)[0] if claim.id == "tuning-lets-it-calculate")
    assert not claim.holds
    assert (claim.measured.low, claim.measured.high) == (-0.1, 0.06)
    assert [side.measured.value for side in claim.sides] == [0.1, 0.12]


def test_n_grams_beyond_the_vocabulary_are_named():
    results = copy.deepcopy(RESULTS)
    results["bits_per_byte"] |= {"longest_order": 3, "orders_left_out": [4, 5]}
    (left_out,) = judge(results)[1]
    assert "4-gram model, 5-gram model" in left_out.what
    assert "3 tokens" in left_out.reason


@pytest.mark.parametrize("low", [0.0, -0.1])
def test_a_gain_that_might_be_nothing_does_not_hold(low):
    results = copy.deepcopy(RESULTS)
    results["bits_per_byte"]["gain"]["low"] = low
    assert verdicts(results)["pretraining-beats-counting"] is False


@pytest.mark.parametrize("control", ["commonest answer", "untuned model, in chat"])
def test_a_claim_against_two_controls_fails_where_either_wins_and_shows_that_one(control):
    results = copy.deepcopy(RESULTS)
    results["questions"]["facts"]["gains"][control] = measured(0.05, -0.1, 0.2)
    claim = next(claim for claim in judge(results)[0] if claim.id == "tuning-lets-it-answer")
    assert not claim.holds
    assert claim.measured.low == -0.1
    assert control in claim.control


def test_what_has_no_questions_or_no_tuned_model_is_left_out_with_the_reason():
    claims, left_out = judge({**RESULTS, "questions": {}, "no_questions": "the corpus is real text"})
    assert [claim.id for claim in claims] == ["pretraining-beats-counting"]
    assert [item.reason for item in left_out] == ["the corpus is real text"] * 2
    untuned = copy.deepcopy(RESULTS)
    untuned["questions"]["facts"]["tuned"] = None
    assert "no model" in judge(untuned)[1][0].reason


def side(**changes):
    return {
        "stages": ["one"], "bits_per_byte": measured(1.0, 0.9, 1.1), "parameters": 1000, "vocab_size": 2048, "heads": 4, "kv_heads": 1, "tokens": 5000,
        "tokens_per_parameter": 5.0, "training_flops": 1e9, "inference_flops_per_token": 2000.0, "characters_per_token": 4.0, "cache_bytes": 1000,
        "cache_tokens": 100, "cache_bytes_per_character": 2.5, **changes,
    }  # fmt: skip


COMPARED = {
    "vocabulary": {"model": side(), "control": side(vocab_size=512)},
    "grouped_queries": {"margin": 0.02, "model": side(), "control": side(kv_heads=4, cache_bytes=4000)},
    "tokens": {
        "margin": 0.02, "model": side(tokens_per_parameter=90.0, training_flops=3e9),
        "control": side(tokens_per_parameter=20.0, parameters=3000, inference_flops_per_token=6000.0, training_flops=2e9),
    },
    "filtering": {"model": side(), "control": side()},
}  # fmt: skip


def compared(name, gain, **changes):
    """Return the verdict on one comparison with this gain, and what was left out for it."""
    sides = {**COMPARED[name], "gain": measured(*gain)}
    sides |= {key: {**sides[key], **value} for key, value in changes.items()}
    claims, left_out = judge({**RESULTS, "comparisons": {name: sides}})
    return next((claim for claim in claims if claim.id == name.replace("_", "-")), None), left_out


@pytest.mark.parametrize("name", ["vocabulary", "filtering"])
@pytest.mark.parametrize(("gain", "holds"), [((0.1, 0.05, 0.15), True), ((0.1, -0.01, 0.2), False), ((-0.1, -0.2, -0.05), False)])
def test_a_comparison_holds_only_where_the_whole_interval_is_on_its_side(name, gain, holds):
    claim, _ = compared(name, gain)
    assert claim.holds is holds
    assert (claim.measured.value, claim.measured.low) == gain[:2]


@pytest.mark.parametrize("name", ["grouped_queries", "tokens"])
@pytest.mark.parametrize(("gain", "holds"), [((0.0, -0.01, 0.01), True), ((-0.015, -0.019, 0.0), True), ((-0.015, -0.021, 0.0), False)])
def test_a_small_loss_is_allowed_up_to_the_stated_margin_of_the_controls_bits(name, gain, holds):
    claim, _ = compared(name, gain)
    assert claim.holds is holds
    assert (claim.measured.low > 0) is holds
    assert "2%" in claim.claim


@pytest.mark.parametrize(
    ("name", "changes", "words"),
    [
        ("vocabulary", {"control": {"training_flops": 0.9e9}}, "training compute"),
        ("vocabulary", {"control": {"vocab_size": 4096}}, "no larger vocabulary"),
        ("grouped_queries", {"control": {"parameters": 1100}}, "parameters"),
        ("grouped_queries", {"control": {"cache_bytes": 1000}}, "no less cache"),
        ("filtering", {"control": {"tokens": 6000}}, "training tokens"),
        ("tokens", {"model": {"tokens_per_parameter": 21.0}}, "tokens a parameter"),
        ("tokens", {"control": {"tokens_per_parameter": 60.0}}, "tokens a parameter"),
        ("tokens", {"control": {"inference_flops_per_token": 1000.0}}, "no cheaper"),
    ],
)
def test_twins_that_differ_in_more_than_one_thing_prove_nothing(name, changes, words):
    claim, left_out = compared(name, (0.5, 0.4, 0.6), **changes)
    assert claim is None
    assert any(words in item.reason for item in left_out)


def test_served_tokens_pay_back_the_longer_training():
    claim, _ = compared("tokens", (0.0, -0.01, 0.01))
    served = dict(claim.rows)["served tokens from which the smaller is cheaper in all"]
    mine, other = COMPARED["tokens"]["model"], COMPARED["tokens"]["control"]
    assert mine["training_flops"] + served * 2000 == pytest.approx(other["training_flops"] + served * 6000)
    cheap, _ = compared("tokens", (0.0, -0.01, 0.01), model={"training_flops": 1e9})
    assert dict(cheap.rows)["served tokens from which the smaller is cheaper in all"] == 0
