"""The sampler draws from the distribution that its settings describe, worked by hand, and the same seed draws the same."""

from __future__ import annotations

import math
import time
from collections import Counter

import pytest
import torch

from puna.engine import EngineSettings, SamplingSettings, sampler
from puna.engine.penalties import Adjustments
from puna.errors import ConfigError

# Probabilities 0.4, 0.3, 0.2, 0.1 at temperature 1, out of order.
PROBS = torch.tensor([0.1, 0.4, 0.2, 0.3])


def _distribution(**settings: object) -> dict[int, float]:
    """The probability of each token that may be drawn."""
    probs_RC, ids_RC = sampler.kept(PROBS.log()[None], [SamplingSettings(**{"temperature": 1.0, "top_p": 1.0, **settings})])
    total = probs_RC.sum().item()
    return {token: prob / total for token, prob in zip(ids_RC[0].tolist(), probs_RC[0].tolist(), strict=True) if prob > 0}


def _approx(**expected: float) -> object:
    return pytest.approx({int(token[1:]): prob for token, prob in expected.items()}, rel=1e-6)


def test_nothing_is_cut_off_unless_asked() -> None:
    assert _distribution() == _approx(t1=0.4, t3=0.3, t2=0.2, t0=0.1)


def test_top_k_keeps_the_k_likeliest() -> None:
    assert _distribution(top_k=2) == _approx(t1=4 / 7, t3=3 / 7)
    assert _distribution(top_k=1) == _approx(t1=1.0)
    assert _distribution(top_k=9) == _approx(t1=0.4, t3=0.3, t2=0.2, t0=0.1)


def test_top_p_keeps_the_smallest_set_that_reaches_p() -> None:
    assert _distribution(top_p=0.5) == _approx(t1=4 / 7, t3=3 / 7)  # 0.4 does not reach 0.5, 0.7 does
    assert _distribution(top_p=0.8) == _approx(t1=4 / 9, t3=3 / 9, t2=2 / 9)
    assert _distribution(top_p=0.01) == _approx(t1=1.0)  # the likeliest always stays


def test_temperature_comes_first_then_top_k_then_top_p_of_what_is_left() -> None:
    # At temperature 1/2 probabilities are squared: 16, 9, 4, 1 of 30.
    assert _distribution(temperature=0.5) == _approx(t1=16 / 30, t3=9 / 30, t2=4 / 30, t0=1 / 30)
    # Of the three likeliest, 16/29 + 9/29 = 0.862 reaches 0.85; of all four, 25/30 = 0.833 would not.
    assert _distribution(temperature=0.5, top_k=3, top_p=0.85) == _approx(t1=16 / 25, t3=9 / 25)
    assert _distribution(temperature=0.5, top_p=0.85) == _approx(t1=16 / 29, t3=9 / 29, t2=4 / 29)


def test_a_large_vocabulary_is_cut_as_a_small_one_is() -> None:
    generator = torch.Generator().manual_seed(0)
    for scale in (0.1, 3.0):  # nearly flat, where the nucleus is most of the vocabulary, and peaked
        logits_RV = torch.randn(2, 5_000, generator=generator) * scale
        probs_RC, ids_RC = sampler.kept(logits_RV, [SamplingSettings(temperature=0.8, top_p=0.7)] * 2)
        for row in range(2):
            probs = sorted((logits_RV[row].double() / 0.8).softmax(-1).tolist(), reverse=True)
            count = next(n for n in range(1, 5_001) if math.fsum(probs[:n]) >= 0.7)
            assert (probs_RC[row] > 0).sum() == count
            assert probs_RC[row].sum().item() == pytest.approx(math.fsum(probs[:count]))
            assert len(set(ids_RC[row][:count].tolist())) == count


def test_draws_follow_the_distribution() -> None:
    settings = SamplingSettings(temperature=1.0, top_p=1.0, seed=5)
    ids = sampler.choose(PROBS.log().expand(20_000, 4), [settings] * 20_000, draws=[(item, 0) for item in range(20_000)])
    counts = Counter(ids)
    for token, prob in enumerate(PROBS.tolist()):
        assert abs(counts[token] / 20_000 - prob) < 4 * math.sqrt(prob * (1 - prob) / 20_000)


def test_the_ends_of_the_unit_interval_draw_the_first_and_the_last_kept() -> None:
    settings = SamplingSettings(temperature=1.0, top_p=0.8)
    uniforms_R = torch.tensor([0.0, 0.4444, 0.4445, 1 - 2**-53], dtype=torch.float64)
    assert sampler.draw(PROBS.log().expand(4, 4), [settings] * 4, uniforms_R).tolist() == [1, 1, 3, 2]


def test_a_draw_depends_on_seed_item_and_step_and_on_nothing_else() -> None:
    logits_RV = torch.zeros(1, 1000)

    def drawn(seed: int, item: int, step: int) -> int:
        return sampler.choose(logits_RV, [SamplingSettings(temperature=1.0, top_p=1.0, seed=seed)], draws=[(item, step)])[0]

    assert drawn(1, 2, 3) == drawn(1, 2, 3)
    assert len({drawn(1, 2, 3), drawn(2, 2, 3), drawn(1, 3, 3), drawn(1, 2, 4)}) == 4
    others = [
        SamplingSettings(temperature=0.5, top_k=3),
        SamplingSettings(temperature=1.0, top_p=1.0, seed=1),
        SamplingSettings(temperature=0),
    ]
    together = sampler.choose(logits_RV.expand(3, -1), others, draws=[(0, 0), (2, 3), (0, 0)])
    assert together[1:] == [drawn(1, 2, 3), 0]


def test_min_p_keeps_what_is_likely_enough_beside_the_likeliest() -> None:
    assert _distribution(min_p=0.45) == _approx(t1=4 / 9, t3=3 / 9, t2=2 / 9)  # 0.2 is half of 0.4, 0.1 a quarter
    assert _distribution(min_p=0.8) == _approx(t1=1.0)
    assert _distribution(min_p=1.0) == _approx(t1=1.0)


def test_rows_of_one_step_have_settings_of_their_own() -> None:
    settings = [
        SamplingSettings(temperature=1.0, top_p=1.0), SamplingSettings(temperature=0.5, top_k=3, top_p=0.85), SamplingSettings(temperature=1.0, top_p=0.5),
        SamplingSettings(temperature=1.0, top_p=1.0, min_p=0.45),
    ]  # fmt: skip
    together, ids_RC = sampler.kept(PROBS.log().expand(4, 4), settings)
    for row, its in enumerate(settings):
        alone, ids_1C = sampler.kept(PROBS.log()[None], [its])
        count = int((alone > 0).sum())
        assert together[row][:count].tolist() == pytest.approx(alone[0][:count].tolist())
        assert (together[row] > 0).sum() == count
        assert ids_RC[row][:count].tolist() == ids_1C[0][:count].tolist()


def test_penalties_worked_by_hand() -> None:
    settings = SamplingSettings(repetition_penalty=2.0, presence_penalty=0.5, frequency_penalty=0.25)
    # Token 0 stands in the prompt alone; 1 was written twice and 2 once; 3 was never seen.
    expected = [2.0, -2.0 - 0.5 - 0.5, 1.5 - 0.5 - 0.25, 1.0]
    assert _adjusted(settings, [[0, 1, 1, 2]]) == [expected]
    # Counted step by step, with a guess in between that was wrong, it comes to the same.
    assert _adjusted(settings, [[0], [0, 1], [0, 1, 1, 2]], draft=[3]) == [expected, [2.0, -3.0, 1.5 - 0.75, 0.5 - 0.75]]


def test_a_bias_comes_on_top_of_penalties() -> None:
    settings = SamplingSettings(repetition_penalty=2.0, logit_bias={0: -1.5, 3: 4.0})
    assert _adjusted(settings, [[0, 1, 1, 2]], draft=[1]) == [[0.5, -2.0, 1.5, 5.0]] * 2


def _adjusted(settings: SamplingSettings, steps: list[list[int]], draft: list[int] | None = None) -> list[list[float]]:
    """The logits after the last of some steps, each with the text so far and the same draft."""
    adjustments = Adjustments(settings, num_prompt=1, vocab_size=4, device=torch.device("cpu"))
    for ids in steps:
        logits_RV = torch.tensor([[4.0, -1.0, 3.0, 1.0]] * (1 + len(draft or [])))
        adjustments.apply(logits_RV, ids, draft or [])
    return logits_RV.tolist()


def test_what_a_step_adjusts_costs_what_is_new_and_not_what_was_read() -> None:
    """Ten steps of a text of a million tokens, with a thousand biases, each with three guesses."""
    settings = SamplingSettings(presence_penalty=1.0, logit_bias=dict.fromkeys(range(1024), 1.0))
    ids = [place % 1000 for place in range(1_000_000)]
    adjustments = Adjustments(settings, num_prompt=1, vocab_size=2000, device=torch.device("cpu"))
    adjustments.apply(torch.zeros(1, 2000), ids, [])
    began = time.process_time()
    for step in range(10):
        ids.append(step)
        adjustments.apply(torch.zeros(4, 2000), ids, [1, 2, 3])
    assert time.process_time() - began < 0.2


def test_log_probabilities_are_the_models_own_whatever_was_kept() -> None:
    logprobs, tops = sampler.log_probabilities(PROBS.log()[None] + 7, [1], num_top=2)
    assert logprobs == pytest.approx([math.log(0.4)])
    assert [token_id for token_id, _ in tops[0]] == [1, 3]
    assert [logprob for _, logprob in tops[0]] == pytest.approx([math.log(0.4), math.log(0.3)])
    assert sampler.log_probabilities(PROBS.log()[None], [1], num_top=0)[1] == [()]


def test_of_logits_that_are_not_finite_comes_no_log_probability() -> None:
    for bad in (float("nan"), float("inf")):
        for temperature in (0.0, 1.0):
            logits_RV = torch.tensor([[0.0, bad, 1.0]])
            ids = sampler.choose(logits_RV, [SamplingSettings(temperature=temperature)], draws=[(0, 0)])
            assert not sampler.is_logprob(sampler.log_probabilities(logits_RV, ids, num_top=0)[0][0])
    assert sampler.is_logprob(0.0)


@pytest.mark.parametrize(
    "bad",
    [
        {"temperature": -1},
        {"temperature": float("nan")},
        {"top_p": 0},
        {"top_p": 1.1},
        {"top_k": 0},
        {"max_tokens": -1},
        {"min_p": 1.5},
        {"repetition_penalty": 0},
        {"repetition_penalty": 1e308},
        {"stop_ids": (-1,)},
        {"logit_bias": {-1: 1.0}},
        {"presence_penalty": 3},
        {"logit_bias": {1: 101.0}},
        {"top_logprobs": 21},
        {"stop": ("",)},
        {"tmp": 1},
    ],
)
def test_impossible_settings_are_refused(bad: dict) -> None:
    with pytest.raises(ConfigError, match=r"^SamplingSettings: .") as caught:
        SamplingSettings(**bad)
    assert next(iter(bad)) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_mistyped_setting_is_told_the_right_one() -> None:
    with pytest.raises(ConfigError, match=r"^SamplingSettings: unknown key 'temprature'; did you mean 'temperature'\?$"):
        SamplingSettings(temprature=1)
    with pytest.raises(ConfigError, match=r"^EngineSettings: 'guesses': should be less than or equal to 16 \(got 99\)$"):
        EngineSettings(guesses=99)
