"""Calls that the server holds a model to, in every form and with Llama's own tools: what a random model writes is a call all the same."""

from __future__ import annotations

import json

import openai
import pytest
from real_server import NAME, served
from tiny_engine import random_engine, tokenizer

from puna.engine import Engine

TAG = tokenizer().chat_ids.python_tag
PLACE = {"type": "object", "properties": {"city": {"type": "string", "maxLength": 8}, "when": {"$ref": "#/$defs/day"}}, "required": ["city", "when"],
         "additionalProperties": False, "$defs": {"day": {"enum": ["today", "tomorrow", None]}}}  # fmt: skip
WEATHER = {"type": "function", "function": {"name": "weather", "parameters": PLACE}}
STRICT = {"type": "function", "function": {"name": "weather", "parameters": PLACE, "strict": True}}
SEARCH, CODE = ({"type": "function", "function": {"name": name}} for name in ("brave_search", "code_interpreter"))
ASK = {"model": NAME, "messages": [{"role": "user", "content": "Is it warm?"}], "temperature": 1.1, "max_tokens": 300}


def calling(form: str) -> Engine:
    return Engine(random_engine(max_positions=2048).model, tokenizer(), calls=form)


@pytest.mark.parametrize("form", ["json", "tag", "pythonic"])
def test_references_and_nulls_come_through_in_every_form(form):
    with served(calling(form)) as server:
        for seed in range(4):
            body = {**ASK, "tools": [WEATHER], "tool_choice": "required", "parallel_tool_calls": False, "seed": seed}
            (call,) = server.client().chat.completions.create(**body).choices[0].message.tool_calls
            arguments = json.loads(call.function.arguments)
            assert arguments.keys() == {"city", "when"}
            assert arguments["when"] in ("today", "tomorrow", None)


@pytest.mark.parametrize("form", ["json", "tag", "pythonic"])
@pytest.mark.parametrize("seed", range(4))
def test_strict_lets_a_model_speak_and_holds_it_when_it_calls(form, seed):
    """Where the mark of a call is likely the model calls, and where it is not it talks; in between there is nothing."""
    bias = {"json": {str(TAG): 100}, "tag": {str(tokenizer().encode("<")[0]): 8}, "pythonic": {str(tokenizer().encode("[")[0]): 8}}[form]
    with served(calling(form)) as server:
        client = server.client()
        body = {**ASK, "tools": [STRICT, SEARCH], "seed": seed, "parallel_tool_calls": False}
        for changes in ({}, {"logit_bias": bias}):
            choice = client.chat.completions.create(**{**body, **changes}).choices[0]
            calls = choice.message.tool_calls or []
            assert choice.finish_reason in ("length", "stop") or calls
            for call in calls if choice.finish_reason == "tool_calls" else []:
                arguments = json.loads(call.function.arguments)
                assert arguments.keys() == ({"city", "when"} if call.function.name == "weather" else {"query"})


@pytest.mark.parametrize(("tool", "argument"), [(SEARCH, "query"), (CODE, "code")])
def test_llamas_own_tools_can_be_required(tool, argument):
    with served(calling("json")) as server:
        body = {
            **ASK,
            "tools": [tool, WEATHER],
            "tool_choice": {"type": "function", "function": {"name": tool["function"]["name"]}},
            "seed": 5,
        }
        choice = server.client().chat.completions.create(**body).choices[0]
    if choice.finish_reason == "tool_calls":
        (call, *_) = choice.message.tool_calls
        assert call.function.name == tool["function"]["name"]
        assert json.loads(call.function.arguments).keys() == {argument}
    else:
        assert choice.finish_reason == "length"


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"properties": {"a": {"not": {}}}}, "the tool 'weather': /properties/a/not: 'not' cannot be followed"),
        ({"properties": {"a": {"$ref": "#/$defs/b"}}}, "/properties/a/$ref: there is nothing at '#/$defs/b'"),
        ({"properties": {"a": {"type": "string", "pattern": "(x"}}}, "at /properties/a: "),
    ],
)
def test_a_schema_that_cannot_be_followed_is_refused_with_its_place(parameters, said):
    tool = {"type": "function", "function": {"name": "weather", "parameters": parameters}}
    with served(random_engine(max_positions=2048)) as server, pytest.raises(openai.BadRequestError) as caught:
        server.client().chat.completions.create(**ASK, tools=[tool], tool_choice="required")
    assert caught.value.param == "tools"
    assert said in caught.value.message
