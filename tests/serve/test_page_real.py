"""The chat page and the server as they are, together: what a person does there, and what the engine makes of it."""

from __future__ import annotations

import json
import time
from itertools import count

import pytest
from page_fixtures import opened
from page_hands import say, setting, shown, with_tools
from real_server import served
from tiny_engine import random_engine

from puna.engine import Engine, EngineSettings

pytest_plugins = ("page_fixtures",)
KEY = "the-right-key"


@pytest.fixture(scope="module")
def real():
    """A server whose answers go on for as long as they may: the model is random, and ends where it likes."""
    base = random_engine(max_positions=16_384)
    with served(Engine(base.model, base.tokenizer, settings=EngineSettings()), api_keys=()) as one:
        yield one
        one.service.engine.check()


@pytest.fixture
def page(browser, real):
    yield from opened(browser, real.url, width=1180, height=900)
    real.wait_idle()


def lengthy(page):
    """Let answers have thousands of tokens, one of which may not end them."""
    setting(page, "temperature", "0")
    setting(page, "max_tokens", "9000")
    page.click("#close-settings")


def asked_alone(real, content, **more):
    body = {"model": "tiny", "messages": [{"role": "user", "content": content}], "max_tokens": 20, **more}
    return real.post("/v1/chat/completions", body).json()["choices"][0]["message"]


def test_what_is_typed_is_answered_as_the_server_answers_it(page, real):
    setting(page, "temperature", "0")
    setting(page, "max_tokens", "20")
    say(page, "the llama")
    stats = page.inner_text(".answer .stats")
    assert "20 tokens" in stats
    assert "first after" in stats  # a speed is told only of what did not come at once
    right = asked_alone(real, "the llama", temperature=0)["content"]
    # Markdown takes marks away, and strangers' characters are shown by their names; letters and digits stay as they are.
    letters = "".join(letter for letter in right if letter.isalnum() and letter.isascii())
    assert letters[:6]
    assert "".join(letter for letter in page.evaluate("document.querySelector('.answer > .body').innerText") if letter.isalnum() and letter.isascii()).startswith(letters[:6])  # fmt: skip
    assert page.inner_text("#model")
    assert "16,384" in page.inner_text("#context")


def endless(monkeypatch):
    """Let the server write on beyond the end tokens, so that there is something to stop."""
    from puna.serve import protocol

    read = protocol.read
    monkeypatch.setattr(protocol, "read", lambda kind, values: read(kind, {**values, "ignore_eos": True}))


def test_a_stopped_answer_stops_the_engine(page, real, monkeypatch):
    endless(monkeypatch)
    lengthy(page)
    say(page, "go on", wait=False)
    page.wait_for_selector(".answer > .body p")
    assert real.service.running.stats().running == 1
    page.click("#stop")
    page.wait_for_selector(".answer .stats:has-text('stopped')")
    real.wait_idle(5)
    assert real.service.running.stats().blocks_used == 0
    assert shown(page)[0]


def test_retry_writes_another_answer_and_keeps_the_first(page, real):
    setting(page, "temperature", "1")
    setting(page, "max_tokens", "12")
    say(page, "the puna")
    before = shown(page)
    page.click(".answer button:has-text('Retry')")
    page.wait_for_selector(".answer button[aria-label='The one before']")
    page.wait_for_selector("#send:visible")
    assert shown(page) != before
    page.click(".answer button[aria-label='The one before']")
    assert shown(page) == before


def test_a_call_is_made_shown_and_its_result_read(page, real):
    parameters = {
        "type": "object",
        "properties": {"city": {"enum": ["Puno", "Cusco"]}},
        "required": ["city"],
        "additionalProperties": False,
    }
    with_tools(page)
    setting(page, "tools", json.dumps([{"type": "function", "function": {"name": "weather", "parameters": parameters}}]))
    setting(page, "max_tokens", "900")
    page.select_option("#set-choice", "required")
    page.click("#close-settings")
    say(page, "Warm?", wait=False)
    page.wait_for_selector(".call textarea")
    assert page.inner_text(".call >> nth=0 >> .head") == "calls weather"
    assert json.loads(page.inner_text(".call >> nth=0 >> pre"))["city"] in ("Puno", "Cusco")
    # The next turn is free again, and short.
    page.click("#open-settings")
    page.select_option("#set-choice", "none")
    setting(page, "max_tokens", "8")
    page.click("#close-settings")
    for number in count():
        if not page.query_selector(".call textarea"):
            break
        assert number < 16
        page.fill(".call textarea >> nth=0", f"result {number}")
        page.press(".call textarea >> nth=0", "Enter")
    page.wait_for_selector(".message.answer >> nth=1")
    page.wait_for_selector("#send:visible")
    assert len(page.query_selector_all(".message.tool")) == number


def test_log_probabilities_are_the_engines(page, real):
    setting(page, "temperature", "0")
    setting(page, "max_tokens", "5")
    page.check("#set-logprobs")
    page.click("#close-settings")
    say(page, "the sky")
    body = {"model": "tiny", "messages": [{"role": "user", "content": "the sky"}], "max_tokens": 5, "temperature": 0, "logprobs": True}
    told = real.post("/v1/chat/completions", body).json()["choices"][0]["logprobs"]["content"]
    tokens = page.query_selector_all(".token")
    assert len(tokens) == len(told) == 5
    tokens[1].hover()
    page.wait_for_selector("#tip:visible")
    assert f"{100 * 2.718281828 ** told[1]['logprob']:.1f} %" in page.inner_text("#tip")


def test_what_the_server_refuses_stands_under_its_field(page):
    setting(page, "temperature", "-1")
    say(page, "Hot?")
    assert "greater than or equal to 0" in page.inner_text("#wrong-temperature")


def test_a_key_is_asked_for_and_opens(browser):
    with served(random_engine(), api_keys=(KEY,)) as locked:
        for page in opened(browser, locked.url, width=1180, height=900):
            page.wait_for_selector("#key-field:visible")
            page.fill("#key-field", KEY)
            page.press("#key-field", "Enter")
            page.wait_for_selector("#key", state="hidden")
            setting(page, "max_tokens", "5")
            say(page, "hi")
            assert "tokens" in page.inner_text(".answer .stats")


def test_an_answer_that_the_server_cuts_is_shown_as_cut(browser, monkeypatch):
    endless(monkeypatch)
    with served(random_engine(max_positions=16_384)) as ending:
        for page in opened(browser, ending.url, width=1180, height=900):
            lengthy(page)
            say(page, "go on", wait=False)
            page.wait_for_selector(".answer > .body p")
            ending.signal()
            time.sleep(0.2)
            ending.signal()
            page.wait_for_selector(".answer .note:has-text('closed before')")
            assert shown(page)[0]
