"""Texts that go on: each token stands where its text does, and what is hidden is hidden with its tokens."""

from __future__ import annotations

import json

import pytest
from real_server import NAME, served
from tiny_engine import random_engine, scripted, tokenizer

from puna.engine import Engine, EngineSettings
from puna.serve.service import fingerprint

TEXT = "日本é x 😀"


@pytest.fixture(scope="module")
def server():
    with served(random_engine()) as one:
        yield one


def whole(server, stream: bool, **body) -> dict:
    """The one choice of a completion, put together where it was streamed."""
    told = server.post("/v1/completions", {"model": NAME, "temperature": 0, "stream": stream, **body})
    assert told.status_code == 200, told.text
    if not stream:
        return told.json()["choices"][0]
    chunks = [json.loads(line.removeprefix("data: "))["choices"][0] for line in told.text.splitlines() if line.startswith("data: {")]
    parts = [chunk["logprobs"] for chunk in chunks]
    logprobs = {key: [one for part in parts for one in part[key]] for key in ("tokens", "token_logprobs", "text_offset")}
    return {"text": "".join(chunk["text"] for chunk in chunks), "logprobs": logprobs, "finish_reason": chunks[-1]["finish_reason"]}


@pytest.mark.parametrize("stream", [False, True])
def test_offsets_of_an_echo_are_places_in_its_text(server, stream):
    choice = whole(server, stream, prompt=TEXT, echo=True, logprobs=0, max_tokens=8)
    tokens, offsets = choice["logprobs"]["tokens"], choice["logprobs"]["text_offset"]
    assert len(tokens) == len(offsets) == len(choice["logprobs"]["token_logprobs"])
    assert any(token.startswith("bytes:") for token in tokens)
    assert offsets == sorted(offsets)
    assert offsets[-1] <= len(choice["text"])
    for token, offset in zip(tokens[1:], offsets[1:], strict=True):
        # A character that was begun and never ended shows itself together with the token after it.
        assert token.startswith("bytes:") or choice["text"][offset:].lstrip("\ufffd").startswith(token)


SAID = "the llama eats grass and sleeps"


@pytest.mark.parametrize("stream", [False, True])
def test_tokens_of_a_stop_string_are_not_told(stream):
    with served(scripted(tokenizer().encode(SAID), first=1 + len(tokenizer().encode("x")))) as server:
        choice = whole(server, stream, prompt="x", stop=" grass and", logprobs=0, max_tokens=60)
    check_hidden(choice["text"], choice["logprobs"]["tokens"])


@pytest.mark.parametrize("stream", [False, True])
def test_tokens_of_a_stop_string_are_not_told_in_a_chat_either(server, stream):
    ask = {"model": NAME, "messages": [{"role": "user", "content": "x"}], "temperature": 0, "max_tokens": 60}
    length = server.client().chat.completions.create(**{**ask, "max_tokens": 1}).usage.prompt_tokens
    with served(scripted(tokenizer().encode(SAID), first=length)) as telling:
        told = telling.client().chat.completions.create(**ask, stop=" grass and", logprobs=True, stream=stream)
        choices = [chunk.choices[0] for chunk in (told if stream else [told])]
    text = "".join((choice.delta if stream else choice.message).content or "" for choice in choices)
    tokens = [one for choice in choices if choice.logprobs for one in choice.logprobs.content]
    check_hidden(text, [bytes(one.bytes).decode(errors="replace") for one in tokens])


def check_hidden(text: str, tokens: list[str]) -> None:
    assert text == "the llama eats"
    joined = "".join(tokens)
    # The last token may have begun in the text and ended in the stop string.
    assert joined.startswith(text)
    assert len(joined) - len(tokens[-1]) < len(text)


def test_a_fingerprint_tells_two_models_apart():
    one, other = random_engine(seed=0), random_engine(seed=1)
    assert fingerprint(one) == fingerprint(Engine(one.model, one.tokenizer, settings=EngineSettings(max_running=3)))
    assert fingerprint(one) != fingerprint(other)
