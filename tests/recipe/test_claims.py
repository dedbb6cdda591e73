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
