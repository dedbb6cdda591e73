"""What is no HTTP, or stops being it: told so or hung up on, with nothing in the log that a stranger could fill it with."""

from __future__ import annotations

import logging
import socket
import time

import pytest
from real_server import served
from test_api_serving import ENDLESS, figures, slow_engine
from tiny_engine import random_engine

HEAD = b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


@pytest.fixture(scope="module")
def server():
    with served(random_engine(), body_timeout=5) as one:
        yield one


def sent(server, *pieces: bytes) -> bytes:
    """Return all that comes back until the server hangs up; between two pieces it has begun to answer."""
    with socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])), timeout=10) as connection:
        told = b""
        for number, piece in enumerate(pieces):
            if number:
                told += connection.recv(4096)
            connection.sendall(piece)
        try:
            while more := connection.recv(65536):
                told += more
        except ConnectionResetError:
            pass
        return told


@pytest.mark.parametrize(
    ("pieces", "status"),
    [
        ([b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n"], 400),
        ([b"GET /\r\n\r\n"], 400),
        ([HEAD + b"Content-Length: -1\r\n\r\n"], 400),
        ([HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n"], 400),
        ([HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"], 400),
        ([HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{\"a\": 1}"], 400),
        ([HEAD + b"A: " + b"x" * 70_000], 400),
        # Refused by its head alone while its body turns out to be none: both want to answer.
        ([b"POST /nosuch HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"], 400),
        ([b"POST / HTTP/1.1\r\nHost: a.stranger\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"], 400),
        # Refused already when the rest comes.
        ([HEAD.replace(b"json", b"text") + b"Transfer-Encoding: chunked\r\n\r\n", b"zz\r\n"], 415),
    ],
)  # fmt: skip
def test_broken_http_is_told_so_or_hung_up_on(server, caplog, pieces, status):
    with caplog.at_level(logging.ERROR):
        told = sent(server, *pieces)
        server.wait_idle()
    assert told.splitlines()[0].split()[1] == str(status).encode()
    assert not caplog.records
    assert not any(("status", "500") in labels for name, labels in figures(server) if name == "puna_requests_total")
    assert server.get("/health").status_code == 200


@pytest.mark.parametrize(
    "pieces", [[b""], [b"GET /health HTTP/1.1\r\nHost: local"], [b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n", b"GET /heal"]]
)
def test_a_head_that_never_ends_is_not_waited_for(monkeypatch, pieces):
    from puna.serve import wire

    monkeypatch.setattr(wire, "HEAD_TIMEOUT", 0.5)
    with served(random_engine()) as server:
        begun = time.monotonic()
        told = sent(server, *pieces)
        assert 0.4 < time.monotonic() - begun < 5
        assert (b" 200 " in told) == (len(pieces) > 1)
        assert server.get("/health").status_code == 200


def test_a_slow_answer_outlives_the_time_of_its_head(monkeypatch):
    from puna.serve import wire

    monkeypatch.setattr(wire, "HEAD_TIMEOUT", 0.05)
    with served(slow_engine()) as server:
        told = server.post("/v1/chat/completions", {**ENDLESS, "max_tokens": 80})
        assert told.elapsed.total_seconds() > 0.05
        assert told.json()["usage"]["completion_tokens"] == 80
