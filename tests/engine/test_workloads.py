"""Whatever arrives, leaves or has to give way: everybody's text is what the plainest loop writes, nothing is lost, and nobody waits for ever.

In fp64, where near-ties do not flip with the order of a sum.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_engine import random_model, tokenizer

from puna.engine import Engine, EngineSettings, Request, SamplingSettings
from puna.engine.cache import BLOCK_SIZE
from puna.engine.grammar import Grammar
from puna.engine.sampler import choose
from puna.model.attention import packed
from puna.records import Sample

MODEL = random_model().double()
DRAFT = random_model(1, dim=24, head_dim=6, num_layers=1).double()
# What many prompts begin with.
PREFIX = [7, 3, 9, 1] * 14


@torch.no_grad()
def plain(prompt: list[int], sampling: SamplingSettings, item: int = 0) -> tuple[int, ...]:
    """Write without a cache, one token a pass, until the tokens asked for or an end token."""
    return plainly(Request(prompt, sampling, item=item)).token_ids


@torch.no_grad()
def plainly(request: Request, *, context: int | None = None) -> Sample:
    """Do what a request asks for in the plainest way: all of the text through the model for each token, every rule applied to its row by hand."""
    ids, its, ends = list(request.prompt_ids), request.settings, tokenizer().stop_ids
    ends = (frozenset() if its.ignore_end else ends) | set(its.stop_ids)
    state = request.grammar.start(ends) if request.grammar else None
    first = len(ids) if request.scored_from is None else max(request.scored_from, 1)
    told = _logprobs(ids)
    scored = [told[place - 1, ids[place]].item() for place in range(first, len(ids))]
    logprobs: list[float] = []
    room = min(context or MODEL.config.max_positions, MODEL.config.max_positions) - len(ids)
    reason = "max_tokens" if its.max_tokens <= room else "context_full"
    for place in range(min(its.max_tokens, room)):
        logprobs_V = _logprobs(ids)[-1]
        logits_1V = _ruled(ids, len(request.prompt_ids), its)[None]
        if state is not None:
            assert state.mask(logits_1V) == 1
        ids += choose(logits_1V, [its], draws=[(request.item, place)])
        logprobs.append(logprobs_V[ids[-1]].item())
        if ids[-1] in ends:
            reason = "end_token"
            break
        if state is not None:
            state.accept(ids[-1])
        if any(stop in tokenizer().decode(ids[len(request.prompt_ids) :]) for stop in its.stop):
            reason = "stop_string"
            break
    return Sample(tuple(request.prompt_ids), tuple(ids[len(request.prompt_ids) :]), tuple(logprobs), reason, "", tuple(scored))


def _logprobs(ids: list[int]) -> torch.Tensor:
    return MODEL.logits(MODEL(torch.tensor(ids), packed([0], len(ids))))[:, : tokenizer().vocab_size].log_softmax(-1)


def _ruled(ids: list[int], num_prompt: int, its: SamplingSettings) -> torch.Tensor:
    """The next token's logits as penalties and a bias leave them."""
    logits_V = MODEL.logits(MODEL(torch.tensor(ids), packed([0], len(ids))))[-1, : tokenizer().vocab_size].clone()
    for token_id in set(ids):
        logits_V[token_id] *= its.repetition_penalty if logits_V[token_id] < 0 else 1 / its.repetition_penalty
    for token_id, times in Counter(ids[num_prompt:]).items():
        logits_V[token_id] -= its.presence_penalty + its.frequency_penalty * times
    for token_id, value in its.logit_bias.items():
        logits_V[token_id] += value
    return logits_V


def engine(*, blocks: int | None = None, step_tokens: int | None = None, guesses: int = 0, draft=None, max_running: int = 128) -> Engine:
    models = [MODEL, *([draft] if draft is not None and guesses else [])]
    size = None if blocks is None else blocks * BLOCK_SIZE * sum(model.config.kv_bytes_per_token(8) for model in models)
    limits = EngineSettings(cache_bytes=size, step_tokens=step_tokens, guesses=guesses, max_running=max_running)
    return Engine(MODEL, tokenizer(), settings=limits, draft=draft)


# What requests ask for beside the plain text.
ASKED = {
    "stops": {"stop": ("a", "e ", "q", "the l"), "top_logprobs": 2},
    "ends": {"stop_ids": (40, 41, 42, 43), "ignore_end": True},
    "penalties": {"repetition_penalty": 1.3, "presence_penalty": 0.5, "frequency_penalty": -0.25},
    "bias": {"logit_bias": {65: 5.0, 66: 4.5, 3: -100.0}, "presence_penalty": 1.0},
    "a pattern that stops": {"stop": ("dab",)},
}
GRAMMARS = {
    "json": Grammar.json_schema(
        tokenizer(), {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"enum": ["x", None]}}, "required": ["b"]}
    ),
    "a pattern that stops": Grammar.regex(tokenizer(), "([a-d]b?){2,30}"),
}


@dataclass(frozen=True)
class Arrival:
    """A request, the step before which it comes, and the number of steps after which nobody waits for it any more, if any."""

    at: int
    shared: int
    own: tuple[int, ...]
    max_tokens: int
    temperature: float
    leaves_after: int | None
    asks: str
    is_scored: bool

    @property
    def prompt(self) -> list[int]:
        return [*PREFIX[: self.shared], *self.own]

    def request(self, item: int) -> Request:
        sampling = SamplingSettings(temperature=self.temperature, max_tokens=self.max_tokens, seed=4, **ASKED.get(self.asks, {}))
        return Request(
            self.prompt, sampling, item=item, grammar=GRAMMARS.get(self.asks), scored_from=self.shared if self.is_scored else None
        )


ARRIVALS = st.lists(
    st.builds(
        Arrival,
        at=st.integers(0, 20),
        shared=st.integers(0, len(PREFIX)),
        own=st.lists(st.integers(0, 255), min_size=1, max_size=40).map(tuple),
        max_tokens=st.integers(1, 24),
        temperature=st.sampled_from([0.0, 0.0, 1.0]),
        leaves_after=st.one_of(st.none(), st.none(), st.integers(0, 12)),
        asks=st.sampled_from(["nothing", *ASKED, *GRAMMARS]),
        is_scored=st.booleans(),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(
    arrivals=ARRIVALS,
    blocks=st.sampled_from([8, 10, 16, 200]),
    step_tokens=st.sampled_from([5, 24, 200]),
    guesses=st.sampled_from([0, 0, 3]),
    drafts=st.booleans(),
    max_running=st.sampled_from([2, 128]),
)
def test_any_workload_writes_what_the_plain_loop_writes(
    arrivals: list[Arrival], blocks: int, step_tokens: int, guesses: int, drafts: bool, max_running: int
) -> None:
    serving = engine(blocks=blocks, step_tokens=step_tokens, guesses=guesses, draft=DRAFT if drafts else None, max_running=max_running)
    requests = [one.request(item) for item, one in enumerate(arrivals)]
    sequences, left = {}, {}
    for step in range(5_000):
        for item, one in enumerate(arrivals):
            if one.at == step:
                sequences[item] = serving.submit(requests[item])
            if item in sequences and one.leaves_after is not None and one.at + one.leaves_after == step:
                serving.cancel(sequences[item])
                left[item] = True
        if step > 20 and not serving.has_work and len(sequences) == len(arrivals) and step > 40:
            break
        serving.step()
        serving.check()
    assert not serving.has_work, "somebody waits for ever"
    assert serving.stats().blocks_used == 0
    for item in range(len(arrivals)):
        written, expected = sequences[item].sample(), plainly(requests[item], context=blocks * BLOCK_SIZE)
        count = len(written.token_ids)
        if written.stop_reason == "cancelled":
            assert left[item]
        else:
            assert (count, written.stop_reason) == (len(expected.token_ids), expected.stop_reason)
            assert len(written.prompt_logprobs) == len(expected.prompt_logprobs)
        assert written.token_ids == expected.token_ids[:count]
        assert written.logprobs == pytest.approx(expected.logprobs[:count], abs=1e-5)
        assert written.prompt_logprobs == pytest.approx(expected.prompt_logprobs[: len(written.prompt_logprobs)], abs=1e-5)


def test_a_cache_too_small_for_all_makes_some_wait_and_changes_nothing() -> None:
    prompts = [[item, *range(item, 60 + item)] for item in range(10)]
    sampling = SamplingSettings(temperature=0, max_tokens=40, ignore_end=True)
    small, large = engine(blocks=16), engine()
    assert [one.token_ids for one in small.generate_batch(prompts, sampling)] == [
        one.token_ids for one in large.generate_batch(prompts, sampling)
    ]
    assert small.stats().preemptions > 0
    assert large.stats().preemptions == 0


def test_the_first_to_come_is_never_set_back() -> None:
    """Under constant arrivals that fill the cache the oldest gets a token in every step, so everyone's turn comes."""
    serving = engine(blocks=16)
    sampling = SamplingSettings(temperature=0, max_tokens=100, ignore_end=True)
    first = serving.submit(Request(list(range(40)), sampling))
    steps = 0
    while first.stop_reason is None:
        serving.submit(Request([steps % 200, *range(50)], sampling))
        serving.step()
        steps += 1
    assert steps == 100
    assert serving.stats().preemptions > 0


def test_a_long_prompt_holds_nobody_up_for_longer_than_a_step() -> None:
    serving = engine(step_tokens=16)
    writer = serving.submit(Request([1, 2, 3], SamplingSettings(temperature=0, max_tokens=40, ignore_end=True)))
    serving.step()
    serving.submit(Request(list(range(200)), SamplingSettings(temperature=0, max_tokens=4)))
    for expected in range(2, 12):
        serving.step()
        assert writer.num_written == expected


def test_a_shared_beginning_is_computed_once_even_for_those_who_come_together() -> None:
    prompts = [[*PREFIX[:48], item, item + 1] for item in range(16)]
    serving = engine()
    serving.generate_batch(prompts, SamplingSettings(temperature=0, max_tokens=4))
    stats = serving.stats()
    assert (stats.prompt_tokens, stats.cached_tokens) == (16 * 50, 15 * 48)
    again = serving.generate_batch(prompts[:1], SamplingSettings(temperature=0, max_tokens=4))
    assert serving.stats().cached_tokens == 16 * 48
    assert again[0].token_ids == plain(prompts[0], SamplingSettings(temperature=0, max_tokens=4))


def test_samples_of_one_prompt_share_its_reading() -> None:
    serving = engine()
    prompt = list(range(70))
    serving.run([Request(prompt, SamplingSettings(temperature=1, max_tokens=5, seed=1), item=item) for item in range(6)])
    assert serving.stats().cached_tokens == 5 * 64


def test_a_cancelled_sequence_frees_its_blocks_at_once_and_what_it_read_stays_known() -> None:
    serving = engine()
    sequence = serving.submit(Request(list(range(100)), SamplingSettings(temperature=0, max_tokens=50, ignore_end=True)))
    for _ in range(5):
        serving.step()
    assert serving.stats().blocks_used == 7
    serving.cancel(sequence)
    assert serving.stats().blocks_used == 0
    assert not serving.has_work
    assert sequence.sample().stop_reason == "cancelled"
    assert len(sequence.sample().token_ids) == 5
    serving.submit(Request(list(range(100)), SamplingSettings(temperature=0, max_tokens=1)))
    serving.step()
    assert serving.stats().cached_tokens == 96


def test_a_stream_that_is_forgotten_holds_nothing() -> None:
    serving = engine()
    stream = serving.stream(list(range(100)), SamplingSettings(temperature=0, max_tokens=50, ignore_end=True))
    next(stream)
    assert serving.stats().running == 1
    del stream
    assert serving.stats().running == serving.stats().blocks_used == 0


def test_a_stream_that_is_collected_in_the_midst_of_a_step_disturbs_nobody(monkeypatch) -> None:
    serving, sampling = engine(), SamplingSettings(temperature=0, max_tokens=14, ignore_end=True)
    other = serving.submit(Request([7], sampling))
    streams = [serving.stream(list(range(44)), sampling)]
    next(streams[0])
    allocate = serving._blocks.allocate

    def collected(count: int) -> list[int]:
        """The stream is collected just as its own sequence is given a fourth block."""
        if count:
            streams.clear()
        return allocate(count)

    with monkeypatch.context() as patch:
        patch.setattr(serving._blocks, "allocate", collected)
        while streams:
            serving.step()
    serving.check()
    assert serving.stats().running == 1
    while serving.has_work:
        serving.step()
    assert other.sample().token_ids == engine().generate([7], sampling).token_ids


def test_two_streams_may_be_read_in_turn() -> None:
    serving = engine()
    sampling = SamplingSettings(temperature=0, max_tokens=30)
    prompts = [list(range(30)), list(range(5, 50))]
    streams = [serving.stream(prompt, sampling) for prompt in prompts]
    texts = ["", ""]
    for _ in range(31):
        for number, stream in enumerate(streams):
            texts[number] += next(stream, "")
    assert texts == [serving.generate(prompt, sampling).text for prompt in prompts]


def test_a_step_that_fails_leaves_an_engine_that_works(monkeypatch) -> None:
    serving = engine()
    prompt, sampling = list(range(40)), SamplingSettings(temperature=0, max_tokens=5)
    doomed = serving.submit(Request(prompt, sampling))
    with monkeypatch.context() as patch:
        patch.setattr(MODEL, "logits", lambda hidden_TD: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            serving.step()
    assert doomed.stop_reason == "cancelled"
    assert not serving.has_work
    serving.check()
    assert serving.generate(prompt, sampling).token_ids == plain(prompt, sampling)
