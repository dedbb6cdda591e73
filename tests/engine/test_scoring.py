"""Log-probabilities of given text, and the alternatives of written text, are those of one uncached pass."""

from __future__ import annotations

import pytest
import torch
from test_workloads import MODEL, PREFIX, engine
from tiny_engine import random_model, tokenizer

from puna.engine import Engine, EngineSettings, Request, SamplingSettings
from puna.errors import DataError
from puna.model.attention import packed


@torch.no_grad()
def _logprobs(ids: list[int]) -> torch.Tensor:
    return MODEL.logits(MODEL(torch.tensor(ids), packed([0], len(ids)))).double().log_softmax(-1)


def _expected(ids: list[int], first: int) -> list[float]:
    logprobs_TV = _logprobs(ids)
    return [logprobs_TV[place - 1, ids[place]].item() for place in range(max(first, 1), len(ids))]


@pytest.mark.parametrize("step_tokens", [7, 500])
@pytest.mark.parametrize("blocks", [14, 400])
def test_given_continuations_are_scored_whatever_shares_their_beginning(step_tokens: int, blocks: int) -> None:
    texts = [[*PREFIX, *[(item * 31 + place) % 256 for place in range(2 + 9 * item)]] for item in range(12)]
    counts = [1, 2, 5, 20, len(texts[4]) - 1, len(texts[5]) - 1, 3, 3, 3, 3, 40, 60]
    scoring = engine(step_tokens=step_tokens, blocks=blocks)
    found = scoring.score(texts, num_scored=counts)
    for text, count, logprobs in zip(texts, counts, found, strict=True):
        assert logprobs == pytest.approx(_expected(text, len(text) - count), abs=1e-5)
    scoring.check()
    assert scoring.stats().generated_tokens == 0


def test_what_choices_share_is_read_once() -> None:
    scoring = engine()
    scoring.score([[*PREFIX[:48], 1, 2, item] for item in range(8)], num_scored=[2] * 8)
    assert scoring.stats().cached_tokens == 7 * 48


def test_a_prompt_is_scored_while_its_text_is_written() -> None:
    prompt = [*PREFIX[:20], 5, 6]
    sampling = SamplingSettings(temperature=0, max_tokens=6, top_logprobs=3, ignore_end=True)
    writing = engine()
    for _ in range(2):  # the second time the prompt is in the cache, and must be scored all the same
        sample = writing.run([Request(prompt, sampling, scored_from=0)])[0]
        assert sample.prompt_logprobs == pytest.approx(_expected(prompt, 0), abs=1e-5)
        ids = [*prompt, *sample.token_ids]
        logprobs_TV = _logprobs(ids)[:, : tokenizer().vocab_size]
        for place, top in enumerate(sample.top):
            values, tokens = logprobs_TV[len(prompt) + place - 1].topk(3)
            assert [token_id for token_id, _ in top] == tokens.tolist()
            assert [logprob for _, logprob in top] == pytest.approx(values.tolist(), abs=1e-5)
            assert top[0][0] == sample.token_ids[place]


@pytest.mark.parametrize("guesses", [0, 3])
def test_what_was_written_is_scored_as_it_was_written_whatever_pads_the_vocabulary(guesses: int) -> None:
    padded = Engine(random_model(3, vocab_size=tokenizer().vocab_size + 64), tokenizer(), settings=EngineSettings(guesses=guesses))
    sampling = SamplingSettings(temperature=1, max_tokens=12, ignore_end=True, top_logprobs=20)
    sample = padded.generate([1, 2, 3, 4], sampling)
    assert padded.score([[1, 2, 3, 4, *sample.token_ids]], num_scored=[12])[0] == pytest.approx(sample.logprobs, abs=1e-4)
    assert padded.run([Request([*sample.prompt_ids, *sample.token_ids], sampling, scored_from=4)])[0].prompt_logprobs == pytest.approx(
        sample.logprobs, abs=1e-4
    )


@pytest.mark.parametrize(("text", "count"), [([1, 2, 3], 3), ([1, 2, 3], 5), ([1], 1), ([1, 2], -1), ([], 1)])
def test_more_tokens_than_have_one_before_them_are_not_scored(text: list[int], count: int) -> None:
    with pytest.raises(DataError, match=f"{count} tokens cannot be scored in a text of {len(text)}"):
        engine().score([[4, 5], text], num_scored=[1, count])


@pytest.mark.parametrize("first", [-1, 4])
def test_a_prompt_is_scored_from_a_token_that_it_has(first: int) -> None:
    with pytest.raises(DataError, match=f"from token {first} of a prompt that has 3"):
        engine().submit(Request([1, 2, 3], SamplingSettings(max_tokens=2), scored_from=first))


def test_nothing_is_scored_unless_asked() -> None:
    sample = engine().generate([1, 2, 3], SamplingSettings(temperature=0, max_tokens=2))
    assert sample.prompt_logprobs == sample.top == ()


def test_a_prompt_as_long_as_the_context_can_be_scored() -> None:
    text = [place % 200 for place in range(MODEL.config.max_positions)]
    assert engine().score([text], num_scored=[10])[0] == pytest.approx(_expected(text, len(text) - 10), abs=1e-5)
