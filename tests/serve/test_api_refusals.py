"""Nothing given is ignored: what cannot be done is a 400 that says which field and why, and nothing that anybody sends is ever a 500."""

from __future__ import annotations

import asyncio
import json
import random
import time
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy

import httpx
import openai
import pytest
from real_server import NAME, served
from tiny_engine import random_engine

from puna.serve import protocol
from puna.serve.app import build
from puna.serve.bodies import parsed
from puna.serve.errors import ApiError
from puna.serve.messages import tools_of
from puna.serve.settings import ServeSettings

ASK = [{"role": "user", "content": "hi"}]
CHAT = {"model": NAME, "messages": ASK, "max_tokens": 1}
COMPLETION = {"model": NAME, "prompt": "hi", "max_tokens": 1}


@pytest.fixture(scope="module")
def server():
    with served(random_engine(), max_answer=100, max_choices=4, max_body=20_000, body_timeout=2, deadline=60) as one:
        yield one


WRONG = [
    ({"max_token": 3}, "max_token", "did you mean 'max_tokens'?"),
    ({"temprature": 1}, "temprature", "did you mean 'temperature'?"),
    ({"messages": []}, "messages", "at least 1"),
    ({"messages": None}, "messages", "list"),
    ({"messages": [{"role": "judge", "content": "x"}]}, "messages[0]", "role is none of system"),
    ({"messages": [{"content": "x"}]}, "messages[0]", "needs a 'role'"),
    ({"messages": [{"role": "user", "content": "x", "contents": 1}]}, "messages[0].contents", "did you mean 'content'?"),
    ({"messages": [{"role": "user", "content": "x", "name": "Ann"}]}, "messages[0].name", "no place for a speaker's name"),
    ({"messages": [{"role": "user"}]}, "messages[0].content", "missing"),
    ({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]}, "messages[0].content", "reads text only"),
    ({"model": None}, "model", "string"),
    ({"temperature": "1"}, "temperature", "number"),
    ({"temperature": -0.1}, "temperature", "greater than or equal to 0"),
    ({"top_p": 0}, "top_p", "greater than 0"),
    ({"top_p": 1.5}, "top_p", "less than or equal to 1"),
    ({"top_k": -2}, "top_k", "greater than or equal to -1"),
    ({"presence_penalty": 3}, "presence_penalty", "less than or equal to 2"),
    ({"logit_bias": {"5": 101}}, "logit_bias[5]", "less than or equal to 100"),
    ({"logit_bias": {"llama": 1}}, "logit_bias", "token ids"),
    ({"logit_bias": {"99999": 1}}, "logit_bias", "outside of the vocabulary"),
    ({"stop": ["a", "b", "c", "d", "e"]}, "stop", "at most 4"),
    ({"stop": ""}, "stop[0]", "at least 1 character"),
    ({"n": 0}, "n", "greater than or equal to 1"),
    ({"n": 5}, "n", "more than the 4"),
    ({"seed": 1.5}, "seed", "integer"),
    ({"max_tokens": 0}, "max_tokens", "greater than or equal to 1"),
    ({"max_tokens": 101}, "max_tokens", "writes 100 at most"),
    ({"max_completion_tokens": 2}, "max_tokens", "two different things"),
    ({"top_logprobs": 2}, "top_logprobs", "needs 'logprobs'"),
    ({"logprobs": True, "top_logprobs": 21}, "top_logprobs", "less than or equal to 20"),
    ({"stream_options": {"include_usage": True}}, "stream_options", "needs 'stream'"),
    ({"stream": True, "stream_options": {"include_usge": True}}, "stream_options.include_usge", "did you mean 'include_usage'?"),
    ({"audio": {"voice": "x"}}, "audio", "writes text only"),
    ({"modalities": ["text", "audio"]}, "modalities", "writes text only"),
    ({"store": True}, "store", "not stored"),
    ({"service_tier": "flex"}, "service_tier", "no tiers"),
    ({"prediction": {"type": "content", "content": "x"}}, "prediction", "guesses ahead"),
    ({"reasoning_effort": "high"}, "reasoning_effort", "effort"),
    ({"web_search_options": {}}, "web_search_options", "searches nothing"),
    ({"functions": [{"name": "f"}]}, "functions", "use 'tools'"),
    ({"response_format": {"type": "xml"}}, "response_format.type", "'text', 'json_object' or 'json_schema'"),
    ({"response_format": {"type": "json_schema"}}, "response_format", "json_schema"),
    ({"response_format": {"type": "json_schema", "json_schema": {"schema": {"type": "nosuch"}}}}, "response_format", "cannot be compiled"),
    ({"response_format": {"type": "json_schema", "json_schema": {"schema": {}, "description": "an animal"}}}, "response_format.json_schema.description", "cannot be told"),
    ({"response_format": {"type": "json_object"}, "ignore_eos": True}, "ignore_eos", "or give 'stop_token_ids'"),
    ({"guided_regex": "a", "ignore_eos": True}, "ignore_eos", "what follows 'guided_regex' ends with a token"),
    ({"guided_regex": "("}, "guided_regex", "cannot be compiled"),
    ({"guided_regex": "a", "guided_choice": ["b"]}, "guided_choice", "both say what the answer has to be"),
    ({"guided_json": "{"}, "guided_json", "a JSON schema"),
    ({"timeout": 61}, "timeout", "60 at most"),
]  # fmt: skip


@pytest.mark.parametrize(("extra", "param", "message"), WRONG)
def test_a_wrong_field_is_named_with_what_is_wrong(server, extra, param, message):
    told = server.post("/v1/chat/completions", {**CHAT, **extra})
    error = told.json()["error"]
    assert told.status_code == 400, told.text
    assert error["param"] == param
    assert message in error["message"]
    assert "\n" not in error["message"]
    assert error["type"] == "invalid_request_error"
    server.wait_idle()


@pytest.mark.parametrize(
    ("extra", "param", "message"),
    [
        ({"suffix": "x"}, "suffix", "cannot fill in"),
        ({"best_of": 3}, "best_of", "cannot be done"),
        ({"echo": True, "logprobs": 2}, "logprobs", "no alternatives"),
        ({"prompt": []}, "prompt", "none of them empty"),
        ({"prompt": [[1], []]}, "prompt", "none of them empty"),
        ({"prompt": [1, "a"]}, "prompt", "none of them empty"),
        ({"prompt": [99999]}, "prompt", "outside of the vocabulary"),
        ({"prompt": [True]}, "prompt", "list of token ids"),
        ({"prompt": None}, "prompt", "a text"),
        ({"prompt": ["a"] * 5}, "prompt", "more than the 4"),
        ({"prompt": ["a"] * 3, "n": 2}, "n", "more than the 4"),
        ({"messages": ASK}, "messages", "unknown field"),
        ({"tools": []}, "tools", "unknown field"),
    ],
)
def test_a_wrong_field_of_a_completion_too(server, extra, param, message):
    told = server.post("/v1/completions", {**COMPLETION, **extra})
    assert told.status_code == 400, told.text
    assert told.json()["error"]["param"] == param
    assert message in told.json()["error"]["message"]


def test_a_prompt_over_the_context_is_told_both_lengths(server):
    long = {**CHAT, "messages": [{"role": "user", "content": "x " * 400}]}
    for extra in ({}, {"stream": True}):
        told = server.post("/v1/chat/completions", {**long, **extra})
        assert told.status_code == 400
        assert "context has 256" in told.json()["error"]["message"]
        assert told.json()["error"]["code"] == "context_length_exceeded"


def test_another_model_and_another_path_are_not_found(server):
    client = server.client()
    with pytest.raises(openai.NotFoundError, match="this server has 'tiny'"):
        client.chat.completions.create(**{**CHAT, "model": "gpt-4"})
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("gpt-4")
    assert client.models.retrieve(NAME).id == NAME == client.models.list().data[0].id
    assert server.get("/v1/embeddings").status_code == 404
    assert server.get("/v1/chat/completions").status_code == 405
    assert (
        server.get("/page/../app.py").status_code
        == server.get("/page/..%2fapp.py").status_code
        == server.get("/page/app.py").status_code
        == 404
    )
    assert server.get("/v1/embeddings").json()["error"]["message"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"a": NaN}',
        b'{"a": 1, "a": 2}',
        b"\xff",
        b'{"a": "\\ud800"}',
        b'{"model": ' + b"[" * 5000 + b"]" * 5000 + b"}",
        b'{"n": ' + b"9" * 5000 + b"}",
    ],
)
def test_what_is_no_json_is_told_so(server, data):
    told = server.post("/v1/chat/completions", content=data, headers={"Content-Type": "application/json"})
    assert told.status_code == 400
    assert told.json()["error"]["message"]


def test_a_pages_form_cannot_ask(server):
    told = server.post("/v1/chat/completions", content=json.dumps(CHAT), headers={"Content-Type": "text/plain"})
    assert told.status_code == 415


def test_a_body_over_the_limit_is_refused_also_in_pieces(server):
    big = json.dumps({**CHAT, "user": "x" * 30_000}).encode()
    headers = {"Content-Type": "application/json"}

    def pieces():
        for at in range(0, len(big), 1000):
            yield big[at : at + 1000]

    assert server.post("/v1/chat/completions", content=big, headers=headers).status_code == 413
    assert server.post("/v1/chat/completions", content=pieces(), headers=headers).status_code == 413


NUMBERS = {
    "chat": ["temperature", "top_p", "top_k", "min_p", "n", "seed", "max_tokens", "max_completion_tokens", "presence_penalty", "frequency_penalty", "repetition_penalty",
             "timeout", "top_logprobs", "stop_token_ids", "logit_bias"],
    "completion": ["max_tokens", "best_of", "logprobs", "prompt"],
}  # fmt: skip
FAR = [10**400, -(10**400), 10**4299, 2**31 - 1, 2**31, 2**63, 1e308, 5e-324, 1e-320, 1e-6, 1e-3, 1e3, 1e6, 0, -1, 1]


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, names in NUMBERS.items() for name in names])
def test_a_number_of_any_size_costs_nobody_an_answer(server, kind, name):
    """Whatever is asked for is written or refused, and who is written at the same time is written to his end."""
    for far in FAR:
        value = {"stop_token_ids": [far], "logit_bias": {"5": far}, "prompt": [far]}.get(name, far)
        path, body = ("/v1/chat/completions", CHAT) if kind == "chat" else ("/v1/completions", COMPLETION)
        with ThreadPoolExecutor(2) as clients:
            neighbour = clients.submit(server.post, "/v1/completions", {**COMPLETION, "max_tokens": 20, "temperature": 0})
            told = server.post(path, {**body, "temperature": 1, **({"logprobs": True} if name == "top_logprobs" else {}), name: value})
        assert told.status_code in (200, 400, *((504,) if name == "timeout" else ())), (far, told.text)
        assert neighbour.result().status_code == 200, far
    server.wait_idle()


def test_what_would_take_the_square_of_a_bodys_length_does_not():
    keys = ",".join(f'"k{number}":1' for number in range(100_000))
    begun = time.perf_counter()
    with pytest.raises(ApiError, match="'zz' is given twice"):
        parsed(f'{{{keys},"zz":1,"zz":2}}'.encode())
    tools = [protocol.Tool.model_validate({"type": "function", "function": {"name": f"f{number}"}}) for number in range(20_000)]
    assert len(tools_of(tools)[0]) == 20_000
    with pytest.raises(ApiError, match="offered twice"):
        tools_of([*tools, tools[7]])
    # A hundredth of what comparing each with each takes.
    assert time.perf_counter() - begun < 5


# --- nothing is ever a 500 ---

FULL = {
    "model": NAME, "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": [{"type": "text", "text": "u"}]},
    {"role": "assistant", "content": None, "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{\"a\": 1}"}}]},
    {"role": "tool", "tool_call_id": "c", "content": "r"}],
    "tools": [{"type": "function", "function": {"name": "f", "description": "d", "parameters": {"type": "object", "properties": {"a": {"type": "integer"}}}}}],
    "tool_choice": "auto", "parallel_tool_calls": True, "max_tokens": 1, "temperature": 0.5, "top_p": 0.9, "top_k": 5, "n": 1, "seed": 3, "stop": ["x"], "logprobs": True,
    "top_logprobs": 2, "logit_bias": {"5": 1}, "presence_penalty": 0.1, "frequency_penalty": 0.1, "response_format": {"type": "text"}, "stream": False, "user": "u",
    "metadata": {"a": "b"}, "stop_token_ids": [4], "repetition_penalty": 1.1, "min_p": 0.1, "timeout": 30.0,
}  # fmt: skip
FULL_COMPLETION = {"model": NAME, "prompt": ["a", "b"], "max_tokens": 1, "temperature": 0, "n": 1, "echo": True, "logprobs": 0, "stop": "z", "seed": 1, "stream": True,
                   "stream_options": {"include_usage": True}, "guided_regex": "[a-z]"}  # fmt: skip
STRANGE = [
    None, True, False, 0, -1, 1, 2, 5, 2**31, 2**63, -(2**70), 1e308, 0.5, 10**400, -(10**400), 10**4000, 5e-324, -1e-320, "", "x", "auto", "required", "none", "text", "\x00", "é😀\u202e", [], {}, [[]], [None], {"a": None}, [1, 2], ["a"], [[1], [2]],
    {"type": "function"}, {"type": "json_object"}, {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "string"}}}, "user", "assistant", "tool", "{}", '{"a": [1, {"b": null}]}', "tiny",
    {"$ref": "#"}, {"type": "object", "properties": {"a": {"$ref": "#/nosuch"}}}, {"anyOf": []}, {"enum": []}, {"pattern": "("}, "(", "start: \"a\"", "9" * 400,
]  # fmt: skip


def places(value, at=()):
    yield at
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, (*at, key))


def mutated(body, rng: random.Random) -> bytes:
    value = json.loads(json.dumps(body))
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        at = rng.choice([place for place in places(value) if place])
        owner = value
        for key in at[:-1]:
            owner = owner[key]
        action = rng.random()
        if action < 0.6:
            owner[at[-1]] = deepcopy(rng.choice(STRANGE))
        elif action < 0.75 and isinstance(owner, dict):
            owner[
                rng.choice(["type", "name", "function", "content", "role", "schema", "strict", "", "guided_json", "tool_calls", "stream"])
            ] = owner.pop(at[-1])
        elif action < 0.9:
            del owner[at[-1]]
        elif isinstance(owner, list):
            owner.append(deepcopy(owner[at[-1]]))
        else:
            owner[at[-1]] = [owner[at[-1]]]
    if rng.random() < 0.3 and "max_tokens" not in value:
        value["max_tokens"] = 1
    data = bytearray(json.dumps(value).encode())
    if rng.random() < 0.15:
        for _ in range(rng.randint(1, 3)):
            data[rng.randrange(len(data))] = rng.randrange(256)
    return bytes(data)


def test_ten_thousand_mutations_of_a_request_are_answered_or_refused():
    rng = random.Random(20_260_101)

    async def main() -> dict[int, int]:
        app = build(random_engine(max_positions=2048), ServeSettings(name=NAME, max_answer=2))
        counts: dict[int, int] = {}
        async with app.router.lifespan_context(app):
            transport = httpx.ASGITransport(app=app, raise_app_exceptions=True)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", timeout=120) as client:

                async def one() -> None:
                    chat = rng.random() < 0.75
                    path, body = ("/v1/chat/completions", FULL) if chat else ("/v1/completions", FULL_COMPLETION)
                    data = mutated(body, rng)
                    told = await client.post(path, content=data, headers={"Content-Type": "application/json"})
                    counts[told.status_code] = counts.get(told.status_code, 0) + 1
                    assert told.status_code in (200, 400, 404), (told.status_code, told.text, data)
                    if told.status_code != 200:
                        assert told.json()["error"]["message"]
                    elif told.headers["content-type"].startswith("text/event-stream"):
                        assert told.text.endswith("data: [DONE]\n\n"), (told.text[-300:], data)

                for _ in range(400):
                    await asyncio.gather(*(one() for _ in range(25)))
            service = app.state.service
            assert service.num_open == 0
            assert service.running.stats().blocks_used == 0
            service.engine.check()
        return counts

    counts = asyncio.run(main())
    assert sum(counts.values()) == 10_000
    assert counts[200] > 500
    assert counts[400] > 3000
