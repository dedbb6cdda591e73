"""Grammars in company: batched, with shared beginnings, under a cache too small for all, with guesses; everybody writes what he would write alone."""

from __future__ import annotations

import json
import re

from hypothesis import given, settings
from hypothesis import strategies as st
from test_workloads import DRAFT, PREFIX, engine
from tiny_engine import tokenizer

from puna.engine import Request, SamplingSettings
from puna.engine.grammar import Grammar
from puna.records import Tool
from puna.tokens.chat.llama3 import Llama3Codec

IDS = tokenizer().chat_ids
WEATHER = Tool("weather", "", {"type": "object", "properties": {"city": {"type": "string", "maxLength": 9}, "days": {"type": "integer", "minimum": 1, "maximum": 9}},
                               "required": ["city"], "additionalProperties": False})  # fmt: skip
NOW = Tool("now", "", {"type": "object", "properties": {}, "additionalProperties": False})
GRAMMARS = [
    None,
    Grammar.calls(tokenizer(), [WEATHER, NOW], form="json", parallel=False),
    Grammar.calls(tokenizer(), [WEATHER, NOW], form="pythonic", words=True),
    Grammar.json_schema(tokenizer(), {"type": "array", "items": {"enum": ["grass", "sky", 3]}, "maxItems": 6}),
    Grammar.regex(tokenizer(), "(the llama )+and the puna"),
]
ENDS = [tokenizer().stop_ids, frozenset({IDS.eot, IDS.eom}), frozenset({tokenizer().end_of_text_id})]


@st.composite
def requests(draw) -> list[Request]:
    count = draw(st.integers(2, 7))
    return [
        Request(
            [*PREFIX[: draw(st.integers(0, len(PREFIX)))], item],
            SamplingSettings(temperature=draw(st.sampled_from([0.0, 1.0])), top_p=1.0, max_tokens=draw(st.integers(1, 60)), seed=3),
            item=item,
            end_ids=draw(st.sampled_from(ENDS)),
            grammar=draw(st.sampled_from(GRAMMARS)),
        )
        for item in range(count)
    ]


@settings(max_examples=25, deadline=None)
@given(
    asked=requests(),
    blocks=st.sampled_from([10, 14, 200]),
    guesses=st.sampled_from([0, 3]),
    drafts=st.booleans(),
    step_tokens=st.sampled_from([9, 200]),
)
def test_everybody_writes_what_he_would_write_alone(
    asked: list[Request], blocks: int, guesses: int, drafts: bool, step_tokens: int
) -> None:
    alone = [engine(blocks=blocks).run([request])[0] for request in asked]
    serving = engine(blocks=blocks, guesses=guesses, draft=DRAFT if drafts else None, step_tokens=step_tokens)
    together = serving.run(asked)
    serving.check()
    assert [(one.token_ids, one.stop_reason) for one in together] == [(one.token_ids, one.stop_reason) for one in alone]
    assert serving.stats().blocks_used == 0
    for request, sample in zip(asked, together, strict=True):
        if request.grammar is not None and sample.stop_reason == "end_token":
            assert sample.token_ids[-1] in request.end_ids
            check(GRAMMARS.index(request.grammar), sample)


def check(kind: int, sample) -> None:
    if kind in (1, 2):
        message = Llama3Codec(tokenizer(), calls="json" if kind == 1 else "pythonic").reply(sample.token_ids, offered=True)
        assert (len(message.calls) == 1) if kind == 1 else not message.rest
        for call in message.calls:
            assert call.name in ("weather", "now")
            assert call.name == "now" or (len(call.arguments["city"]) <= 9 and call.arguments.get("days", 1) in range(1, 10))
    elif kind == 3:
        assert set(json.loads(sample.text)) <= {"grass", "sky", 3}
    else:
        assert re.fullmatch("(the llama )+and the puna", sample.text)


def test_guesses_are_kept_and_prefixes_found_under_a_grammar() -> None:
    """What is compared in company would be worth little if nobody guessed and nothing were shared."""
    serving, alone = engine(guesses=4), engine()
    sampling = SamplingSettings(temperature=0, max_tokens=60)
    again = Grammar.regex(tokenizer(), "(the llama ){8}and the puna")
    asked = [Request([*PREFIX, item], sampling, item=item, grammar=again) for item in range(4)]
    assert [sample.token_ids for sample in serving.run(asked)] == [sample.token_ids for sample in alone.run(asked)]
    assert serving.stats().kept > 20
    assert serving.stats().steps < alone.stats().steps
    assert serving.stats().cached_tokens >= 3 * 48
