"""Guessing ahead changes how fast a text is written, and never the text."""

from __future__ import annotations

import math
from collections import Counter

import pytest
import torch
from test_workloads import DRAFT, MODEL, engine, plain
from tiny_engine import random_model, scripted, tokenizer

from puna.engine import Engine, EngineSettings, Request, SamplingSettings
from puna.engine.cache import BLOCK_SIZE
from puna.engine.speculation import kept_guesses, repeated
from puna.errors import ConfigError, FitError

PROMPTS = [[(7 * item + place * place) % 256 for place in range(3 + 5 * item)] for item in range(12)]
SETTINGS = {
    "greedy": SamplingSettings(temperature=0, max_tokens=40),
    "warm": SamplingSettings(temperature=1.0, top_p=1.0, max_tokens=40, seed=11),
    "nucleus": SamplingSettings(temperature=0.8, top_p=0.7, top_k=9, max_tokens=40, seed=2),
    "penalties": SamplingSettings(temperature=0.5, repetition_penalty=1.3, frequency_penalty=0.5, presence_penalty=0.5, max_tokens=40),
    "bias": SamplingSettings(temperature=0, logit_bias={65: 6.0, 66: 5.5}, max_tokens=40),
}


@pytest.mark.parametrize("sampling", SETTINGS.values(), ids=SETTINGS.keys())
@pytest.mark.parametrize("drafter", ["text", "model", "itself"])
def test_the_text_is_the_same_text(sampling: SamplingSettings, drafter: str) -> None:
    draft = {"text": None, "model": DRAFT, "itself": MODEL}[drafter]
    without = engine().generate_batch(PROMPTS, sampling)
    guessing = engine(guesses=4, draft=draft)
    with_guesses = guessing.generate_batch(PROMPTS, sampling)
    assert [one.token_ids for one in with_guesses] == [one.token_ids for one in without]
    assert [one.stop_reason for one in with_guesses] == [one.stop_reason for one in without]
    for one, other in zip(with_guesses, without, strict=True):
        assert one.logprobs == pytest.approx(other.logprobs, abs=1e-9)
    guessing.check()


def test_a_model_that_guesses_for_itself_is_always_right() -> None:
    guessing, alone = engine(guesses=4, draft=MODEL), engine()
    for sampling in (SETTINGS["greedy"], SETTINGS["warm"]):
        guessing.generate_batch(PROMPTS, sampling)
        alone.generate_batch(PROMPTS, sampling)
    stats = guessing.stats()
    assert stats.kept == stats.guessed > 0
    assert stats.steps < 0.4 * alone.stats().steps


def test_at_temperature_one_tokens_come_as_often_as_the_model_says() -> None:
    """The first two tokens after a prompt, of which the second was guessed, over 4,000 draws, against the exact distribution of pairs: chi-square below its 99.9 % quantile."""
    prompt, draws = [5, 6, 7], 4000
    sampling = SamplingSettings(temperature=1.0, top_p=1.0, top_k=6, max_tokens=3, ignore_end=True)
    guessing = engine(guesses=2, draft=DRAFT)
    samples = guessing.run([Request(prompt, sampling, item=item) for item in range(draws)])
    seen = Counter(sample.token_ids[:2] for sample in samples)
    expected = {(a, b): p * q for a, p in _distribution(prompt).items() for b, q in _distribution([*prompt, a]).items()}
    assert set(seen) <= set(expected)
    often = {pair: p * draws for pair, p in expected.items() if p * draws >= 5}
    rest_seen, rest = sum(count for pair, count in seen.items() if pair not in often), draws - sum(often.values())
    chi = sum((seen[pair] - count) ** 2 / count for pair, count in often.items()) + ((rest_seen - rest) ** 2 / rest if rest > 5 else 0)
    freedom = len(often)
    # Wilson and Hilferty's approximation of the quantile.
    assert chi < freedom * (1 - 2 / (9 * freedom) + 3.09 * math.sqrt(2 / (9 * freedom))) ** 3
    assert guessing.stats().guessed == draws


@torch.no_grad()
def _distribution(ids: list[int]) -> dict[int, float]:
    from puna.model.attention import packed

    logits_V = MODEL.logits(MODEL(torch.tensor(ids), packed([0], len(ids))))[-1, : tokenizer().vocab_size]
    values, tokens = logits_V.topk(6)
    return dict(zip(tokens.tolist(), values.softmax(-1).tolist(), strict=True))


def test_copied_text_is_guessed_from_the_text() -> None:
    script = tokenizer().encode("the llama and the puna and the llama and the puna and the llama and the puna and ")
    guessing = scripted(script, settings=EngineSettings(guesses=5))
    sampling = SamplingSettings(temperature=0, max_tokens=200)
    assert guessing.generate([0], sampling).token_ids == scripted(script).generate([0], sampling).token_ids
    assert guessing.stats().kept > 100
    assert guessing.stats().steps < 100


def test_what_followed_last_time_is_the_guess() -> None:
    assert repeated([1, 2, 3, 4, 5, 1, 2, 3], most=2) == [4, 5]
    assert repeated([1, 2, 3, 9, 1, 2, 3, 4, 1, 2, 3], most=3) == [4, 1, 2]
    assert repeated([8, 2, 3, 7, 1, 2, 3], most=4) == [7, 1, 2, 3]
    assert repeated([1, 2, 3], most=4) == repeated([], most=4) == repeated([1, 1], most=2) == []
    assert repeated([4, 4, 4, 4], most=3) == [4]


def test_guesses_are_kept_up_to_the_first_that_is_wrong() -> None:
    assert kept_guesses([5, 6, 7], [5, 6]) == 2
    assert kept_guesses([5, 6, 7], [5, 9]) == 1
    assert kept_guesses([5, 6, 7], [4, 6]) == 0
    assert kept_guesses([5], []) == 0


def test_nobody_gives_way_for_a_guess() -> None:
    tight = engine(blocks=16, guesses=8, draft=DRAFT)
    sampling = SamplingSettings(temperature=0, max_tokens=24, ignore_end=True)
    prompts = [[item] * 30 for item in range(4)]
    samples = tight.generate_batch(prompts, sampling)
    assert tight.stats().preemptions == 0
    assert [one.token_ids for one in samples] == [plain_without_end(prompt) for prompt in prompts]


def test_guesses_cost_nobody_a_token() -> None:
    """Everybody writes in every step, however many guess, and who comes is admitted at once."""
    copying = SamplingSettings(temperature=0, max_tokens=120, ignore_end=True, logit_bias={5: 100})
    guessing = engine(guesses=4, step_tokens=16)
    sequences = [guessing.submit(Request([5] * 8, copying, item=item)) for item in range(10)]
    while not all(sequence.num_written for sequence in sequences):
        guessing.step()
    for _ in range(10):
        before = [sequence.num_written for sequence in sequences]
        guessing.step()
        assert all(now.num_written > then for now, then in zip(sequences, before, strict=True))
    newcomer = guessing.submit(Request([7] * 6, copying))
    guessing.step()
    assert newcomer.num_written == 1


def test_what_is_left_of_a_step_is_shared_by_who_guesses() -> None:
    copying = SamplingSettings(temperature=0, max_tokens=100, ignore_end=True, logit_bias={5: 100})
    guessing = engine(guesses=8, step_tokens=13)
    sequences = [guessing.submit(Request([5] * 9, copying, item=item)) for item in range(8)]
    while not all(sequence.num_written for sequence in sequences):
        guessing.step()
    before = [sequence.num_written for sequence in sequences]
    for _ in range(16):
        guessing.step()
    # 5 guesses in 16 steps by 8 sequences, all of them right: 16 steps and 10 guesses each.
    written = [now.num_written - then for now, then in zip(sequences, before, strict=True)]
    assert sum(written) == 16 * 13
    assert max(written) - min(written) <= 2


def plain_without_end(prompt: list[int]) -> tuple[int, ...]:
    return engine().generate(prompt, SamplingSettings(temperature=0, max_tokens=24, ignore_end=True)).token_ids


def test_a_text_ends_where_it_ended_though_guesses_went_on() -> None:
    script = [*tokenizer().encode("the sky"), tokenizer().chat_ids.eot, *tokenizer().encode(" and the grass")]
    guessing = Engine(scripted(script).model, tokenizer(), settings=EngineSettings(guesses=8), draft=scripted(script).model)
    sample = guessing.generate([0], SamplingSettings(temperature=0))
    assert (sample.text, sample.stop_reason) == ("the sky", "end_token")
    cut = guessing.generate([0], SamplingSettings(temperature=0, max_tokens=3))
    assert cut.token_ids == tuple(script[:3])
    stopped = guessing.generate([0], SamplingSettings(temperature=0, stop=("e s",)))
    assert (stopped.text, stopped.stop_reason) == ("th", "stop_string")
    guessing.check()


@pytest.mark.parametrize("step_tokens", [16, 512])
def test_beyond_what_the_guessing_model_can_read_nobody_guesses(step_tokens: int) -> None:
    short = random_model(1, dim=24, head_dim=6, num_layers=1, max_positions=64).double()
    guessing = engine(guesses=4, draft=short, step_tokens=step_tokens)
    prompts = [list(range(49)), list(range(90)), [3] * 63, [5]]
    sampling = SamplingSettings(temperature=0, max_tokens=80, ignore_end=True)
    assert [one.token_ids for one in guessing.generate_batch(prompts, sampling)] == [
        one.token_ids for one in engine().generate_batch(prompts, sampling)
    ]
    assert guessing.stats().guessed > 0
    guessing.check()


def test_a_model_of_fewer_tokens_cannot_guess() -> None:
    with pytest.raises(ConfigError, match="one tokenizer"):
        Engine(MODEL, tokenizer(), draft=random_model(vocab_size=100))


def test_the_plain_loop_is_the_standard() -> None:
    assert engine(guesses=3, draft=DRAFT).generate(PROMPTS[4], SETTINGS["warm"]).token_ids == plain(PROMPTS[4], SETTINGS["warm"])


def test_a_guessing_models_keys_and_values_are_within_what_the_cache_may_take() -> None:
    budget = 60 * BLOCK_SIZE * MODEL.config.kv_bytes_per_token(8)
    draft = random_model(1, dim=24, head_dim=6, num_layers=1).double()
    for guesses, least in ((3, 0.9), (0, 0.9)):
        guessing = Engine(MODEL, tokenizer(), settings=EngineSettings(cache_bytes=budget, guesses=guesses), draft=draft)
        guessing.generate(PROMPTS[3], SETTINGS["greedy"])
        caches = [guessing._runner.cache, *([guessing._drafter._runner.cache] if guesses else [])]
        assert least * budget < sum(cache.num_bytes for cache in caches) <= budget


def test_what_does_not_fit_is_told_a_shorter_context_only_where_one_fits() -> None:
    block = BLOCK_SIZE * MODEL.config.kv_bytes_per_token(8)
    with pytest.raises(FitError, match=r"a shorter context \(32 tokens fit\) or a smaller dtype"):
        engine_of(EngineSettings(cache_bytes=2 * block, context=64)).generate([1], SETTINGS["greedy"])
    with pytest.raises(FitError, match="give it more, or take a smaller dtype"):
        engine_of(EngineSettings(cache_bytes=block - 1)).generate([1], SETTINGS["greedy"])


def engine_of(settings: EngineSettings) -> Engine:
    return Engine(MODEL, tokenizer(), settings=settings)
