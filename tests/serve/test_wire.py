"""What is no HTTP, or stops being it: told so or hung up on, with nothing in the log that a stranger could fill it with."""

from __future__ import annotations

import logging
import socket
import time

import pytest
from real_server import served
from test_api_serving import ENDLESS, figures, slow_engine
from tiny_engine import random_engine

from puna.serve import wire


def address(server) -> tuple[str, int]:
    return "127.0.0.1", int(server.url.rpartition(":")[2])


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
    monkeypatch.setattr(wire, "HEAD_TIMEOUT", 0.5)
    with served(random_engine()) as server:
        begun = time.monotonic()
        told = sent(server, *pieces)
        assert 0.4 < time.monotonic() - begun < 5
        assert (b" 200 " in told) == (len(pieces) > 1)
        assert server.get("/health").status_code == 200


def test_a_slow_answer_outlives_the_time_of_its_head(monkeypatch):
    monkeypatch.setattr(wire, "HEAD_TIMEOUT", 0.05)
    with served(slow_engine()) as server:
        told = server.post("/v1/chat/completions", {**ENDLESS, "max_tokens": 80})
        assert told.elapsed.total_seconds() > 0.05
        assert told.json()["usage"]["completion_tokens"] == 80


TRICKLE = b"Host: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n"


def is_open(connection: socket.socket) -> bool:
    try:
        connection.sendall(b" ")
    except OSError:
        return False
    return True


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"POST /v1/chat/completions HTTP/1.1\r\n" + TRICKLE, 401),
        (b"POST /nosuch HTTP/1.1\r\n" + TRICKLE, 401),
        (b"POST /page/nosuch HTTP/1.1\r\n" + TRICKLE, 405),
        (b"GET / HTTP/1.1\r\n" + TRICKLE, 200),
        (b"POST /v1/models HTTP/1.1\r\n" + TRICKLE.replace(b"localhost", b"a.stranger"), 403),
    ],
)
def test_a_body_that_nobody_reads_keeps_no_connection(monkeypatch, head, status):
    monkeypatch.setattr(wire, "LINGER", 0.5)
    with served(random_engine(), api_keys=("key",)) as server, socket.create_connection(address(server), timeout=10) as connection:
        connection.sendall(head)
        assert connection.recv(4096).split()[1] == str(status).encode()
        until = time.monotonic() + 10
        while is_open(connection):
            assert time.monotonic() < until
            time.sleep(0.05)


def test_a_body_that_came_with_its_head_keeps_its_connection():
    refused = b"POST /v1/models HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nbody"
    with served(random_engine(), api_keys=("key",)) as server, socket.create_connection(address(server), timeout=10) as connection:
        for _ in range(3):
            connection.sendall(refused)
            told = b""
            while not told.endswith(b"}}"):
                more = connection.recv(4096)
                assert more, "hung up on"
                told += more
            assert told.split()[1] == b"401"


def test_one_connection_too_many_is_told_when_to_come_again(caplog):
    with served(random_engine(), max_connections=2) as server, caplog.at_level(logging.ERROR):
        with socket.create_connection(address(server)), socket.create_connection(address(server)):
            told = server.get("/health")
        assert told.status_code == 503
        assert int(told.headers["retry-after"]) >= 1
        assert told.json()["error"]["code"] == "too_many_connections"
    assert not caplog.records
