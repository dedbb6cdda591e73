"""What happens between a request and its first token: whoever waits there may leave, and be late, and holds up nobody else."""

from __future__ import annotations

import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
from real_server import served
from test_api_serving import ASK, CHAT, ENDLESS, dropped, figures, slow_engine
from tiny_engine import random_engine

from puna.engine.grammar import Grammar
from puna.errors import ConfigError
from puna.serve import protocol


def test_a_slow_grammar_holds_up_its_own_request_and_no_other(monkeypatch):
    made = threading.Event()

    def slow(*_):
        made.wait(20)
        raise ConfigError("it cannot be compiled")

    monkeypatch.setattr(Grammar, "json_schema", slow)
    with served(slow_engine(), max_waiting=20) as server, ThreadPoolExecutor(20) as clients:
        waiting = [clients.submit(server.post, "/v1/chat/completions", {**CHAT, "guided_json": {"title": str(number)}, "timeout": 2}) for number in range(12)]  # fmt: skip
        wait_open(server, 12)
        begun = time.monotonic()
        assert server.post("/v1/chat/completions", CHAT).status_code == 200
        assert not any(one.done() for one in waiting)
        assert [one.result().status_code for one in waiting] == [504] * 12
        assert time.monotonic() - begun < 10
        made.set()
        server.wait_idle()
        assert dropped(server, "deadline") == 12
        assert server.post("/v1/chat/completions", {**CHAT, "guided_json": {"title": "0"}}).status_code == 400


def test_a_large_body_is_read_beside_everybody_else(monkeypatch):
    """A hundred thousand messages take most of a second to check; meanwhile the server is there."""
    read, begun, may_end = protocol.read, threading.Event(), threading.Event()

    def slow(*given):
        begun.set()
        may_end.wait(20)
        return read(*given)

    monkeypatch.setattr(protocol, "read", slow)
    with served(random_engine()) as server, ThreadPoolExecutor(1) as clients:
        told = clients.submit(server.post, "/v1/chat/completions", {**CHAT, "messages": ASK * 5000})
        assert begun.wait(20)
        assert httpx.get(f"{server.url}/health", timeout=5).status_code == 200
        may_end.set()
        assert "context has 256" in told.result().json()["error"]["message"]


def test_who_leaves_while_his_request_is_prepared_gives_his_place_back(monkeypatch):
    made = threading.Event()
    monkeypatch.setattr(Grammar, "json_schema", lambda *_: made.wait(20))
    with served(random_engine()) as server:
        body = json.dumps({**CHAT, "guided_json": {}, "n": 16}).encode()
        with socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2]))) as connection:
            head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            connection.sendall(head.encode() + body)
            wait_open(server, 16)
        server.wait_idle(5)
        assert dropped(server, "left") == 1
        made.set()


def test_a_grammar_that_failed_is_not_tried_again(monkeypatch):
    tried = []

    def failing(*_):
        tried.append(1)
        raise ConfigError("it cannot be compiled")

    monkeypatch.setattr(Grammar, "json_schema", failing)
    with served(random_engine()) as server:
        told = [server.post("/v1/chat/completions", {**CHAT, "guided_json": {}}) for _ in range(3)]
    assert [one.status_code for one in told] == [400] * 3
    assert len({one.text for one in told}) == len(tried) == 1


def test_the_time_to_the_first_token_begins_with_the_request(monkeypatch):
    compiled = Grammar.json_schema
    monkeypatch.setattr(Grammar, "json_schema", lambda *given: time.sleep(1) or compiled(*given))
    with served(random_engine()) as server:
        assert server.post("/v1/chat/completions", {**CHAT, "guided_json": {}}).status_code == 200
        told = figures(server)
        assert told["puna_time_to_first_token_seconds_sum", ()] > 1
        assert told["puna_request_seconds_sum", (("endpoint", "/v1/chat/completions"),)] > 1


def test_only_whole_answers_count_as_answers():
    with served(slow_engine()) as server:
        server.post("/v1/chat/completions", {**ENDLESS, "stream": True, "timeout": 0.3})
        server.wait_idle()
        counted = ("puna_request_seconds_count", (("endpoint", "/v1/chat/completions"),))
        assert figures(server).get(counted, 0) == 0
        for stream in (False, True):
            server.post("/v1/chat/completions", {**CHAT, "stream": stream})
        server.wait_idle()
        assert figures(server)[counted] == 2


def test_a_failure_between_the_engine_and_the_answer_costs_no_place(monkeypatch):
    def failing(*_):
        raise RuntimeError

    monkeypatch.setattr("puna.serve.app.Chat", failing)
    with served(slow_engine()) as server:
        assert server.post("/v1/chat/completions", ENDLESS).status_code == 500
        server.wait_idle(5)


def wait_open(server, count: int) -> None:
    until = time.monotonic() + 20
    while server.service.num_open < count:
        assert time.monotonic() < until
        time.sleep(0.01)
