"""The end, in order or not: what was begun is finished or says that it was not, and nothing that was cut looks whole."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import openai
import pytest
from real_server import NAME, served
from test_api_serving import CHAT, ENDLESS, slow_engine

ASKS = [
    ("/v1/chat/completions", ENDLESS),
    ("/v1/completions", {"model": NAME, "prompt": "hi", "max_tokens": 100_000, "ignore_eos": True, "temperature": 0}),
]


def wait_for_running(server, count: int) -> None:
    until = time.monotonic() + 20
    while server.service.running.stats().running < count:
        assert time.monotonic() < until
        time.sleep(0.005)


def test_the_first_signal_finishes_what_runs_and_refuses_what_comes():
    with served(slow_engine()) as server:
        finished = []
        body = {**CHAT, "max_tokens": 700, "ignore_eos": True}
        thread = threading.Thread(target=lambda: finished.append(server.post("/v1/chat/completions", body)))
        thread.start()
        while not server.service.running.stats().running:
            time.sleep(0.005)
        server.signal()
        late = server.post("/v1/chat/completions", CHAT)
        assert late.status_code == server.get("/health").status_code == 503
        assert late.headers["retry-after"]
        thread.join(60)
        assert finished[0].json()["usage"]["completion_tokens"] == 700
        server.thread.join(10)
        assert not server.thread.is_alive()


def breaks_down(server) -> None:
    """Let the engine's thread raise outside of a step."""

    def out_of_luck() -> None:
        raise RuntimeError("out of luck")

    server.service.engine.stats = out_of_luck


def is_cut(server) -> None:
    server.signal()
    time.sleep(0.3)
    assert server.thread.is_alive()
    server.signal()


@pytest.mark.parametrize("cut", [is_cut, breaks_down])
def test_an_answer_that_is_cut_never_looks_finished(cut):
    with served(slow_engine()) as server, ThreadPoolExecutor() as pool:
        whole = [pool.submit(server.post, path, body) for path, body in ASKS]
        streamed = [pool.submit(server.post, path, {**body, "stream": True}) for path, body in ASKS]
        wait_for_running(server, 4)
        cut(server)
        for asked in whole:
            told = asked.result(20)
            assert told.status_code == 503
            assert told.json()["error"]["code"] == "engine_stopped"
            assert told.headers["retry-after"]
        for asked in streamed:
            told = asked.result(20)
            events = [line.removeprefix("data: ") for line in told.text.splitlines() if line]
            assert len(events) > 1
            assert json.loads(events[-1])["error"]["code"] == "engine_stopped"
            assert "[DONE]" not in events
            assert {choice["finish_reason"] for one in events[:-1] for choice in json.loads(one)["choices"]} == {None}


def test_the_second_signal_ends_soon_and_a_reader_who_does_not_take_it_is_not_waited_for():
    with served(slow_engine()) as server:
        client = server.client()
        stream = client.chat.completions.create(**CHAT | {"max_tokens": 100_000}, extra_body={"ignore_eos": True}, stream=True)
        next(iter(stream))
        is_cut(server)
        server.thread.join(10)
        assert not server.thread.is_alive()
        assert server.server.was_forced
        with pytest.raises(openai.APIError):
            list(stream)


def test_a_server_whose_engine_broke_down_says_so_and_takes_nobody_in():
    with served(slow_engine()) as server:
        assert server.get("/health").json() == {"status": "ready"}
        breaks_down(server)
        assert server.post("/v1/chat/completions", CHAT).status_code == 503
        health = server.get("/health")
        assert (health.status_code, health.json()) == (503, {"status": "failed"})
        late = server.post("/v1/completions", {"model": NAME, "prompt": "hi"})
        assert late.status_code == 503
        assert "out of luck" in late.json()["error"]["message"]
        assert server.service.num_open == 0
        server.signal()
        server.thread.join(10)
        assert not server.thread.is_alive()
