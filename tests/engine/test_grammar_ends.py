"""How a text under a grammar ends: by the tokens that end this very text, and where its grammar fails it, alone."""

from __future__ import annotations

import asyncio

import pytest
import torch
from llguidance import LLMatcher
from test_workloads import DRAFT, PREFIX, engine
from tiny_engine import tokenizer

from puna.engine import AsyncEngine, Request, SamplingSettings, Stream
from puna.engine.grammar import Grammar
from puna.errors import ConfigError

CHAT, END_OF_TEXT = tokenizer().chat_ids, tokenizer().end_of_text_id
GREEDY = SamplingSettings(temperature=0, max_tokens=60)
# Every "a" can be read in more ways than the one before: after some twenty of them the limit of what a parser may hold is reached.
WAYS = range(40)
HOSTILE = "\n".join(
    ["start: s", f's: {" | ".join(f"x{way}" for way in WAYS)} | "a"', *(f"x{way}: s s{' s' * (way % 3)}" for way in WAYS)]
)  # fmt: skip


def _allowed(state) -> set[int]:
    logits_1V = torch.zeros(1, tokenizer().vocab_size)
    assert state.mask(logits_1V) == 1
    return set((logits_1V[0] == 0).nonzero().flatten().tolist())


@pytest.mark.parametrize(
    "ends", [{END_OF_TEXT}, {CHAT.eot, CHAT.eom}, set(tokenizer().stop_ids), {tokenizer().encode("z")[0]}, {tokenizer().encode("b")[0]}]
)
def test_exactly_a_sequences_own_ends_may_end_it(ends: set[int]) -> None:
    a, b = (tokenizer().encode(letter)[0] for letter in "ab")
    state = Grammar.regex(tokenizer(), "a(b{2})?").start(ends)
    assert _allowed(state) == {a}
    state.accept(a)
    # Where "b" ends this text it cannot go on with it.
    assert _allowed(state) == ends | {b}
    if b not in ends:
        state.accept(b)
        assert not _allowed(state) & ends
        state.accept(b)
        assert _allowed(state) == ends


@pytest.mark.parametrize("guesses", [0, 4])
@pytest.mark.parametrize("ends", [{END_OF_TEXT}, {CHAT.eot}, {CHAT.eot, CHAT.eom}])
def test_a_written_text_ends_with_one_of_its_ends(ends: set[int], guesses: int) -> None:
    grammar = Grammar.regex(tokenizer(), "(ab){2,8}")
    writing = engine(guesses=guesses, draft=DRAFT)
    warm = SamplingSettings(temperature=2.0, top_p=1.0, max_tokens=40, seed=3)
    samples = writing.run([Request([*PREFIX[:9], item], warm, item=item, end_ids=frozenset(ends), grammar=grammar) for item in range(20)])
    assert {sample.token_ids[-1] for sample in samples} == ends
    assert all(sample.stop_reason == "end_token" and not set(sample.token_ids[:-1]) & tokenizer().stop_ids for sample in samples)


def test_a_special_token_may_come_where_a_grammar_names_it_and_nowhere_else() -> None:
    state = Grammar.lark(tokenizer(), f'start: "a" <[{CHAT.python_tag}]> "b"').start({CHAT.eot})
    a, b = (tokenizer().encode(letter)[0] for letter in "ab")
    for token_id in (a, CHAT.python_tag, b):
        assert _allowed(state) == {token_id}
        state.accept(token_id)
    assert _allowed(state) == {CHAT.eot}


def test_what_nothing_ends_has_no_grammar() -> None:
    request = Request([1, 2], SamplingSettings(ignore_end=True, max_tokens=5), grammar=Grammar.regex(tokenizer(), "a+"))
    with pytest.raises(ConfigError, match="no token ends this text"):
        engine().submit(request)
    stopped = Request(
        [1, 2], SamplingSettings(ignore_end=True, max_tokens=9, stop_ids=(CHAT.eom,)), grammar=Grammar.regex(tokenizer(), "a{3}")
    )
    assert engine().run([stopped])[0].token_ids[-1] == CHAT.eom


def _neighbours() -> list[Request]:
    json = Grammar.json_schema(tokenizer(), {"type": "array", "items": {"type": "integer"}, "minItems": 3, "maxItems": 9})
    warm = SamplingSettings(temperature=1, max_tokens=70, seed=5)
    return [Request([*PREFIX[:33], 1], GREEDY), Request([*PREFIX[:20], 5], warm, item=2), Request([8, 9], warm, item=3, grammar=json)]


def _hostile() -> Request:
    on_and_on = SamplingSettings(temperature=0, max_tokens=60, logit_bias={tokenizer().encode("a")[0]: 100})
    return Request([*PREFIX[:40], 3], on_and_on, grammar=Grammar.lark(tokenizer(), HOSTILE))


@pytest.mark.parametrize("guesses", [0, 3])
@pytest.mark.parametrize("draft", [None, DRAFT])
def test_a_grammar_that_fails_ends_its_own_text_and_no_other(guesses: int, draft) -> None:
    alone = [engine().run([request])[0] for request in _neighbours()]
    serving = engine(guesses=guesses, draft=draft)
    hostile, others = serving.submit(_hostile()), [serving.submit(request) for request in _neighbours()]
    while serving.has_work:
        serving.step()
        serving.check()
    assert hostile.stop_reason == "failed"
    assert 5 < hostile.num_written < 40
    assert "cannot be followed any further" in hostile.problem
    assert "items" in hostile.problem
    assert [(one.stop_reason, one.sample().token_ids, one.sample().logprobs) for one in others] == [
        (one.stop_reason, one.token_ids, pytest.approx(one.logprobs)) for one in alone
    ]
    assert serving.stats().blocks_used == 0


def test_the_point_at_which_a_grammar_fails_is_the_same_with_guesses() -> None:
    written = []
    for guesses, draft in ((0, None), (4, None), (4, DRAFT)):
        serving = engine(guesses=guesses, draft=draft)
        hostile = serving.submit(_hostile())
        while serving.has_work:
            serving.step()
        written.append((hostile.sample().token_ids, hostile.problem))
    assert written[0] == written[1] == written[2]


def test_who_waits_for_a_text_that_fails_is_told_why() -> None:
    serving = engine()
    with pytest.raises(ConfigError, match="cannot be followed any further"):
        serving.run([_neighbours()[0], _hostile()])
    assert serving.stats().blocks_used == 0
    assert not serving.has_work
    stream = Stream(serving, serving.submit(_hostile()))
    pieces = [next(stream) for _ in range(6)]
    with pytest.raises(ConfigError, match="cannot be followed any further"):
        list(stream)
    assert "".join(pieces) == "a" * 6


def test_one_answer_raises_and_the_others_are_written() -> None:
    alone = [engine().run([request])[0].token_ids for request in _neighbours()]

    async def told(answer) -> list[int]:
        return [token.id async for token in answer]

    async def all_of_them():
        serving = AsyncEngine(engine())
        serving.start()
        answers = [serving.submit(request) for request in [_hostile(), *_neighbours()]]
        try:
            return await asyncio.gather(*map(told, answers), return_exceptions=True)
        finally:
            await serving.close()

    failed, *others = asyncio.run(all_of_them())
    assert isinstance(failed, ConfigError)
    assert others == [list(ids) for ids in alone]


def _walk(state, choices: int) -> int:
    """Write tokens that are allowed until the grammar fails, and return how many they were."""
    for step in range(200):
        logits_1V = torch.zeros(1, tokenizer().vocab_size)
        if not state.mask(logits_1V):
            assert not logits_1V.any()
            return step
        allowed = (logits_1V[0] == 0).nonzero().flatten().tolist()
        state.accept(allowed[step * choices % len(allowed)])
        if state.problem is not None:
            return step
    raise AssertionError("nothing failed")


HEAVY = "[a-z]{2}([ab]*a[ab]{9}x)+"


def test_a_mask_that_cannot_be_computed_fails_its_text_and_leaves_the_row() -> None:
    state = _heavy(fuel=200).start({END_OF_TEXT})
    assert _walk(state, 1) < 200
    assert "\n" not in state.problem


def test_who_shares_a_grammar_with_one_who_failed_goes_on_as_if_alone() -> None:
    """The library's lexer is shared by all who follow one grammar, and fails for all of them at once."""
    written = tokenizer().encode("ab")
    alone = _heavy(fuel=200).start({END_OF_TEXT})
    shared = _heavy(fuel=200)
    patient, hasty = shared.start({END_OF_TEXT}), shared.start({END_OF_TEXT})
    for token_id in written:
        for state in (alone, patient):
            assert state.mask(torch.zeros(1, tokenizer().vocab_size))
            state.accept(token_id)
    _walk(hasty, 1)
    assert hasty.problem is not None
    assert _allowed(patient) == _allowed(alone)
    assert _allowed(shared.start({END_OF_TEXT})) == _allowed(_heavy(fuel=200).start({END_OF_TEXT}))


def _heavy(*, fuel: int) -> Grammar:
    return Grammar._compiled(tokenizer(), "pattern", LLMatcher.grammar_from_regex(HEAVY), step_fuel=fuel, is_cheap=True)
