"""Tools over real HTTP: calls come out byte for byte as the model wrote them, and go back in as the very tokens."""

from __future__ import annotations

import json
from functools import cache

import openai
import pytest
from real_server import NAME, served
from tiny_engine import random_engine, scripted, tokenizer

from puna.engine import Engine

TAG, EOT, EOM = tokenizer().chat_ids.python_tag, tokenizer().chat_ids.eot, tokenizer().chat_ids.eom
WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather at a place",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string", "maxLength": 8}},
            "required": ["city"],
            "additionalProperties": False,
        },
    },
}
NOW = {"type": "function", "function": {"name": "now", "parameters": {"type": "object", "properties": {}, "additionalProperties": False}}}
ASK = [{"role": "user", "content": "Is it warm?"}]
CHAT = {"model": NAME, "messages": ASK, "tools": [WEATHER, NOW], "temperature": 0, "max_tokens": 150}
ARGUMENTS = '{"city":  "Cu\\u0073co"}'
CALL = f'{{"name":"weather", "parameters": {ARGUMENTS}}}'


def prompt_length(messages=ASK, tools=(WEATHER, NOW)) -> int:
    """The tokens of a request, counted by another engine."""
    return _counted(json.dumps(messages), json.dumps(list(tools)))


@cache
def _counted(messages: str, tools: str) -> int:
    messages, tools = json.loads(messages), json.loads(tools)
    with served(random_engine(max_positions=2048)) as server:
        body = {"model": NAME, "messages": messages, "max_tokens": 1, **({"tools": tools} if tools else {})}
        return server.post("/v1/chat/completions", body).json()["usage"]["prompt_tokens"]


def writes(ids: list[int]) -> Engine:
    """An engine whose first answer to `ASK` is `ids`, and which then goes on with them from the beginning."""
    return scripted(ids, first=prompt_length(), max_positions=2048)


def odd(text: str) -> list[int]:
    """Tokens of `text` as no encoder would cut it: letter by letter."""
    return [token_id for letter in text for token_id in tokenizer().encode(letter)]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("ids", [[TAG, *tokenizer().encode(CALL), EOM], [TAG, *odd(CALL), EOM], [*odd("Let me look. " + CALL), EOT]])
def test_a_loop_of_calls_and_results_repeats_the_models_own_tokens(ids, stream):
    with served(writes(ids)) as server:
        client = server.client()
        message, finish = told(client, CHAT, stream=stream)
        assert finish == "tool_calls"
        (call,) = message["tool_calls"]
        assert (call["function"]["name"], call["function"]["arguments"]) == ("weather", ARGUMENTS)
        again = [*ASK, message, {"role": "tool", "tool_call_id": call["id"], "content": "11 degrees"}]
        answer = client.chat.completions.create(**{**CHAT, "messages": again, "max_tokens": 5})
        # The model finds in its cache what it wrote: prompt, call and its end, but for the last block.
        cached = answer.usage.prompt_tokens_details.cached_tokens
        assert cached > prompt_length() + len(ids) - 20
        assert engine_prompt(server)[prompt_length() : prompt_length() + len(ids)] == ids


def engine_prompt(server) -> list[int]:
    """The ids of the last prompt that the engine was given."""
    return list(server.prompts[-1])


@pytest.fixture(autouse=True)
def prompts(monkeypatch: pytest.MonkeyPatch):
    """Let every server keep the prompts that its engine is given."""
    from puna.engine import AsyncEngine

    kept, submit = [], AsyncEngine.submit

    def keeping(self, request):
        kept.append(request.prompt_ids)
        return submit(self, request)

    monkeypatch.setattr(AsyncEngine, "submit", keeping)
    import real_server

    monkeypatch.setattr(real_server.Served, "prompts", kept, raising=False)
    return kept


def told(client, body, *, stream):
    """The assistant's message, as a client sends it back, and the finish reason."""
    if not stream:
        choice = client.chat.completions.create(**body).choices[0]
        return choice.message.model_dump(), choice.finish_reason
    with client.chat.completions.stream(**body) as events:
        for _ in events:
            pass
        choice = events.get_final_completion().choices[0]
    return {"role": "assistant", "content": choice.message.content, "tool_calls": [
        {"id": call.id, "type": "function", "function": {"name": call.function.name, "arguments": call.function.arguments}} for call in choice.message.tool_calls or ()
    ]}, choice.finish_reason  # fmt: skip


def test_a_call_that_another_server_gave_is_written_around_its_own_arguments(prompts):
    call = {"id": "call_elsewhere", "type": "function", "function": {"name": "weather", "arguments": ARGUMENTS}}
    messages = [*ASK, {"role": "assistant", "tool_calls": [call]}, {"role": "tool", "tool_call_id": "call_elsewhere", "content": "11"}]
    prompt_length(messages)
    assert f'"name": "weather", "parameters": {ARGUMENTS}}}' in tokenizer().decode(prompts[-1])


def test_results_are_put_into_the_order_of_their_calls(prompts):
    calls = [{"id": f"c{i}", "type": "function", "function": {"name": "now", "arguments": "{}"}} for i in range(3)]
    results = [{"role": "tool", "tool_call_id": f"c{i}", "content": f"result {i}"} for i in (2, 0, 1)]
    prompt_length([*ASK, {"role": "assistant", "content": None, "tool_calls": calls}, *results])
    text = tokenizer().decode(prompts[-1])
    assert text.index("result 0") < text.index("result 1") < text.index("result 2")


def test_two_calls_come_with_ids_of_their_own_and_in_a_stream_name_first():
    ids = [TAG, *tokenizer().encode(CALL + '{"name": "now", "parameters": {}}'), EOM]
    with served(writes(ids)) as server:
        client = server.client()
        whole = client.chat.completions.create(**CHAT).choices[0].message.tool_calls
        assert [call.function.name for call in whole] == ["weather", "now"]
        assert len({call.id for call in whole}) == 2
        deltas = [
            call
            for chunk in client.chat.completions.create(**CHAT, stream=True)
            for choice in chunk.choices
            for call in choice.delta.tool_calls or ()
        ]
        names = [(delta.index, delta.function.name) for delta in deltas if delta.function.name]
        assert names == [(0, "weather"), (1, "now")]
        assert all(delta.id is None for delta in deltas if not delta.function.name)
        assert "".join(delta.function.arguments or "" for delta in deltas if delta.index == 0) == ARGUMENTS
        assert sum(delta.index == 0 for delta in deltas) > 5


def num_tokens_of_one_call() -> int:
    ids = tokenizer().encode(CALL * 3)
    return next(count for count in range(len(ids)) if tokenizer().decode(ids[:count]).startswith(CALL))


def test_one_call_is_all_where_parallel_calls_are_off():
    ids = [TAG, *tokenizer().encode(CALL * 3), EOM]
    with served(writes(ids)) as server:
        client = server.client()
        body = {**CHAT, "parallel_tool_calls": False}
        first = client.chat.completions.create(**body)
        # All that was written up to the end of the call, and nothing that the engine wrote before it heard of it.
        assert first.usage.completion_tokens == 1 + num_tokens_of_one_call()
        message, finish = told(client, body, stream=False)
        assert ([call["function"]["arguments"] for call in message["tool_calls"]], finish) == ([ARGUMENTS], "tool_calls")
        result = {"role": "tool", "tool_call_id": message["tool_calls"][0]["id"], "content": "11"}
        client.chat.completions.create(**{**body, "messages": [*ASK, message, result], "max_tokens": 1})
        written = engine_prompt(server)[prompt_length() :]
        assert written[: written.index(EOM)] == [TAG, *tokenizer().encode(CALL * 3)][: written.index(EOM)]


def test_a_call_that_is_cut_off_ends_for_its_length():
    ids = [TAG, *tokenizer().encode(CALL), EOM]
    with served(writes(ids)) as server:
        choice = server.client().chat.completions.create(**{**CHAT, "max_tokens": len(ids) - 4}).choices[0]
    assert choice.finish_reason == "length"
    assert ARGUMENTS.startswith(choice.message.tool_calls[0].function.arguments)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("stop", ["Cu", '"parameters"', '"}', "}}", tokenizer().encode("u")[0]])
def test_what_a_stop_ends_is_no_call(stop, stream):
    """A client that runs what it is told to call must not be told half a call, whichever part of it the stop cut off; a whole one before it is one."""
    arguments = '{"city": "Cuzco"}'
    call = f'{{"name":"weather", "parameters": {arguments}}}'
    plain = [*tokenizer().encode(call), EOT]
    given = {"stop": stop} if isinstance(stop, str) else {"extra_body": {"stop_token_ids": [stop]}}
    # Letter by letter, so that the letter of the stop token is a token.
    ids = [*odd(call), EOT] if isinstance(stop, int) else plain
    with served(writes(ids)) as server:
        message, finish = told(server.client(), {**CHAT, **given}, stream=stream)
        assert (message.get("tool_calls") or [], finish) == ([], "stop")
        cut = call[: call.index(stop if isinstance(stop, str) else "u")]
        assert message["content"] == cut
    with served(writes([*tokenizer().encode(f"{call}; and Cusco too"), EOT])) as server:
        message, finish = told(server.client(), {**CHAT, "stop": "Cusco"}, stream=stream)
        assert [one["function"]["arguments"] for one in message["tool_calls"]] == [arguments]
        assert finish == "tool_calls"


def test_none_means_none():
    """Tools that must not be called are not told, and what looks like a call is text."""
    ids = [TAG, *tokenizer().encode(CALL), EOM]
    engine = scripted(ids, first=prompt_length(tools=()), max_positions=2048)
    with served(engine) as server:
        choice = server.client().chat.completions.create(**CHAT, tool_choice="none").choices[0]
    assert choice.message.tool_calls is None
    assert CALL in choice.message.content
    assert choice.finish_reason == "stop"


@pytest.mark.parametrize("form", ["json", "tag", "pythonic"])
@pytest.mark.parametrize("choice", ["required", {"type": "function", "function": {"name": "weather"}}])
def test_a_call_that_is_required_is_made_by_any_model(form, choice):
    base = random_engine(max_positions=2048)
    engine = Engine(base.model, tokenizer(), calls=form)
    with served(engine) as server:
        client = server.client()
        for seed in range(3):
            body = {**CHAT, "temperature": 1.2, "seed": seed, "tool_choice": choice, "parallel_tool_calls": False}
            message, finish = told(client, body, stream=bool(seed % 2))
            (call,) = message["tool_calls"]
            assert finish == "tool_calls"
            arguments = json.loads(call["function"]["arguments"])
            if isinstance(choice, dict) or call["function"]["name"] == "weather":
                assert call["function"]["name"] == "weather"
                assert arguments.keys() == {"city"}
                assert len(arguments["city"]) <= 8
            result = {"role": "tool", "tool_call_id": call["id"], "content": "11"}
            told(client, {**body, "messages": [*ASK, message, result], "tool_choice": "auto", "max_tokens": 2}, stream=False)


def test_strict_holds_a_call_that_the_model_chose_to_make():
    strict = {**WEATHER, "function": {**WEATHER["function"], "strict": True}}
    with served(random_engine(max_positions=2048)) as server:
        body = {**CHAT, "tools": [strict], "temperature": 1, "seed": 2, "logit_bias": {str(TAG): 50}, "parallel_tool_calls": False}
        message, _ = told(server.client(), body, stream=False)
    assert json.loads(message["tool_calls"][0]["function"]["arguments"]).keys() == {"city"}


CALLED = {"role": "assistant", "tool_calls": [{"id": "a", "type": "function", "function": {"name": "now", "arguments": "{}"}}]}
RESULT = {"role": "tool", "tool_call_id": "a", "content": "12:00"}


@pytest.mark.parametrize(
    ("changes", "param", "message"),
    [
        ({"messages": [*ASK, CALLED]}, "messages[1].tool_calls", "no result follows of the call 'a'"),
        ({"messages": [*ASK, CALLED, *ASK]}, "messages[1].tool_calls", "no result follows"),
        ({"messages": [*ASK, CALLED, RESULT, RESULT]}, "messages[3].tool_call_id", "a second result"),
        ({"messages": [*ASK, CALLED, {**RESULT, "tool_call_id": "b"}]}, "messages[2].tool_call_id", "no call before it has the id 'b'"),
        ({"messages": [*ASK, RESULT]}, "messages[1]", "no call before it waits"),
        ({"messages": [*ASK, {"role": "assistant", "content": None}]}, "messages[1].content", "neither 'content' nor 'tool_calls'"),
        ({"tools": [WEATHER, WEATHER]}, "tools[1].function.name", "offered twice"),
        ({"tools": [{"type": "function", "function": {"name": "a b"}}]}, "tools[0].function.name", "pattern"),
        ({"tools": [], "tool_choice": "required"}, "tool_choice", "'tools' offers none"),
        ({"tool_choice": {"type": "function", "function": {"name": "nosuch"}}}, "tool_choice", "not among 'tools'"),
        ({"tool_choice": "always"}, "tool_choice", '"required"'),
        ({"response_format": {"type": "json_object"}}, "tools", "cannot be had at once"),
    ],
)
def test_what_cannot_be_done_says_so(changes, param, message):
    with served(random_engine(max_positions=2048)) as server, pytest.raises(openai.BadRequestError) as caught:
        server.client().chat.completions.create(**{**CHAT, **changes})
    assert caught.value.param == param
    assert message in caught.value.message
