"""Doors, queues, readers who leave, and the end: what holds when somebody misbehaves."""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import subprocess
import sys
import time

import openai
import pytest
from prometheus_client.parser import text_string_to_metric_families
from real_server import NAME, served
from tiny_engine import random_engine

from puna.engine import Engine, EngineSettings
from puna.serve.settings import ServeSettings

ASK = [{"role": "user", "content": "hi"}]
CHAT = {"model": NAME, "messages": ASK, "temperature": 0, "max_tokens": 8}
ENDLESS = {**CHAT, "max_tokens": 100_000, "ignore_eos": True}
LONG = 16_384  # positions


def slow_engine(**settings) -> Engine:
    """An engine whose answers take long enough to be left, refused or waited for."""
    base = random_engine(max_positions=LONG)
    return Engine(base.model, base.tokenizer, settings=EngineSettings(**settings))


# --- who may ask ---


def test_a_key_opens_the_api_and_nothing_but_a_key_does():
    with served(random_engine(), api_keys=("right-key", "second")) as server:
        for key in ("right-key", "second"):
            assert server.client(key).chat.completions.create(**CHAT).choices
        for key in ("wrong", "right-ke", "right-key2", "RIGHT-KEY"):
            with pytest.raises(openai.AuthenticationError):
                server.client(key).chat.completions.create(**CHAT)
        for path in ("/v1/models", "/metrics", "/v1/nosuch"):
            assert server.get(path).status_code == 401
            assert server.get(path, headers={"Authorization": "Basic right-key"}).status_code == 401
        assert server.get("/v1/models").headers["www-authenticate"] == "Bearer"
        assert server.get("/metrics", headers={"Authorization": "Bearer second"}).status_code == 200
        for path in ("/health", "/", "/page/chat.js", "/page/info.json"):
            assert server.get(path).status_code == 200
        assert server.get("/page/info.json").json()["needs_key"] is True


def test_keys_are_in_no_text_that_is_printed():
    settings = ServeSettings(api_keys=("secret-key",))
    assert "secret" not in repr(settings)
    assert "secret" not in str(settings)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("evil.example", 403),
        ("evil.example:80", 403),
        ("127.0.0.1.evil.example", 403),
        ("localhost:80@evil.example", 403),
        ("localhost:evil.example", 403),
        ("user@localhost", 403),
        ("[::1]evil.example", 403),
        ("localhost", 200),
        ("LOCALHOST:8000", 200),
        ("127.0.0.1:1", 200),
        ("[::1]:8000", 200),
        ("my.name", 200),
    ],
)
def test_a_strangers_name_for_this_machine_is_refused(host, status):
    with served(random_engine(), allowed_hosts=("my.name",)) as server:
        for path in ("/v1/models", "/", "/page/info.json"):
            assert server.get(path, headers={"Host": host}).status_code == status


def test_every_answer_tells_browsers_to_be_careful():
    with served(random_engine()) as server:
        for path in ("/", "/page/chat.js", "/page/nosuch", "/v1/models", "/health", "/nosuch"):
            headers = server.get(path).headers
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["referrer-policy"] == "no-referrer"
            assert "default-src 'none'" in headers["content-security-policy"]
            assert "unsafe" not in headers["content-security-policy"]
            assert "access-control-allow-origin" not in headers
            assert "server" not in headers


# --- the queue ---


def test_who_comes_too_many_is_told_when_to_come_again():
    with served(slow_engine(max_running=1), max_waiting=1) as server:
        client = server.client()
        streams = [
            client.chat.completions.create(**{**CHAT, "max_tokens": 100_000}, extra_body={"ignore_eos": True}, stream=True)
            for _ in range(2)
        ]
        next(iter(streams[0]))
        with pytest.raises(openai.RateLimitError) as caught:
            client.chat.completions.create(**CHAT)
        assert int(caught.value.response.headers["retry-after"]) >= 1
        assert server.post("/v1/completions", {"model": NAME, "prompt": ["a", "b"]}).status_code == 429
        for stream in streams:
            stream.close()
        server.wait_idle()
        assert client.chat.completions.create(**CHAT).choices


def test_refused_requests_leave_no_place_taken():
    with served(random_engine(), max_waiting=0) as server:
        for body in (
            {**CHAT, "messages": [{"role": "user", "content": "x " * 500}]},
            {**CHAT, "guided_regex": "("},
            {**CHAT, "n": 3, "logit_bias": {"9999999": 1}},
        ):
            for _ in range(3):
                assert server.post("/v1/chat/completions", body).status_code == 400
        assert server.service.num_open == 0


# --- readers ---


@pytest.mark.parametrize("stream", [False, True])
def test_who_leaves_stops_the_work(stream):
    with served(slow_engine()) as server:
        body = json.dumps({**ENDLESS, "stream": stream}).encode()
        with socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2]))) as connection:
            head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            connection.sendall(head.encode() + body)
            if stream:
                assert connection.recv(100)
            until = time.monotonic() + 10
            while not server.service.running.stats().running:
                assert time.monotonic() < until
                time.sleep(0.01)
        server.wait_idle(5)
        assert server.service.running.stats().generated_tokens < LONG - 100
        assert dropped(server, "left") == 1


def test_who_stops_reading_is_dropped_and_holds_up_nobody():
    with served(slow_engine(), stall=1) as server:
        # Log-probabilities make each token a kilobyte, so that what lies between here and there is soon full.
        body = json.dumps({**ENDLESS, "stream": True, "logprobs": True, "top_logprobs": 20}).encode()
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", int(server.url.rpartition(":")[2])))
        head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        connection.sendall(head.encode() + body)
        until = time.monotonic() + 60
        served_others = 0
        while not dropped(server, "stalled"):
            assert time.monotonic() < until
            served_others += server.post("/v1/chat/completions", CHAT).status_code == 200
        server.wait_idle()
        assert served_others > 0
        connection.close()


@pytest.mark.parametrize("stream", [False, True])
def test_who_takes_nothing_of_what_is_written_is_dropped(stream, caplog):
    """The place is held, and the connection, until the answer is taken or its reader is given up; the log has nothing to say of it."""
    with served(slow_engine(), stall=1) as server, caplog.at_level(logging.ERROR):
        body = json.dumps({**ENDLESS, "max_tokens": 1500, "stream": stream, "logprobs": True, "top_logprobs": 20}).encode()
        with socket.socket() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.connect(("127.0.0.1", int(server.url.rpartition(":")[2])))
            head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            connection.sendall(head.encode() + body)
            until = time.monotonic() + 60
            while not dropped(server, "stalled"):
                assert time.monotonic() < until
                time.sleep(0.05)
            server.wait_idle()
            assert not [one for one in server.server.server_state.connections if one.cycle and "chat" in one.cycle.scope["path"]]
        assert figures(server).get(("puna_request_seconds_count", (("endpoint", "/v1/chat/completions"),)), 0) == 0
    assert not caplog.records


def test_a_deadline_ends_an_answer_and_says_so():
    with served(slow_engine(), deadline=30) as server:
        body = {**ENDLESS, "timeout": 0.3}
        told = server.post("/v1/chat/completions", body)
        assert told.status_code == 504
        assert told.json()["error"]["code"] == "deadline_exceeded"
        client = server.client()
        with pytest.raises(openai.APIError, match="within the time"):
            for _ in client.chat.completions.create(
                **CHAT | {"max_tokens": 100_000}, extra_body={"ignore_eos": True, "timeout": 0.3}, stream=True
            ):
                pass
        server.wait_idle()
        assert dropped(server, "deadline") == 2


def test_a_body_that_never_comes_is_not_waited_for():
    with (
        served(random_engine(), body_timeout=0.5) as server,
        socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2]))) as connection,
    ):
        connection.sendall(
            b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
        )
        connection.settimeout(10)
        assert b" 408 " in connection.recv(4096).splitlines()[0]


def dropped(server, reason: str) -> float:
    return figures(server).get(("puna_answers_dropped_total", (("reason", reason),)), 0)


# --- figures ---


def figures(server) -> dict:
    text = server.get("/metrics").text
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_metrics_count_what_happened():
    with served(random_engine()) as server:
        client = server.client()
        usages = [
            client.chat.completions.create(**{**CHAT, "messages": [{"role": "user", "content": "the llama and the puna " * 5}]}).usage
            for _ in range(3)
        ]
        server.post("/v1/chat/completions", {})
        server.wait_idle()
        told = figures(server)
        assert told["puna_requests_total", (("endpoint", "/v1/chat/completions"), ("status", "200"))] == 3
        assert told["puna_requests_total", (("endpoint", "/v1/chat/completions"), ("status", "400"))] == 1
        assert told["puna_prompt_tokens_total", ()] == sum(usage.prompt_tokens for usage in usages)
        assert told["puna_cached_tokens_total", ()] == sum(usage.prompt_tokens_details.cached_tokens for usage in usages) > 0
        assert told["puna_prefix_hit_ratio", ()] == pytest.approx(
            told["puna_cached_tokens_total", ()] / told["puna_prompt_tokens_total", ()]
        )
        assert told["puna_generated_tokens_total", ()] == sum(usage.completion_tokens for usage in usages)
        assert told["puna_time_to_first_token_seconds_count", ()] == 3
        assert told["puna_time_between_tokens_seconds_count", ()] == sum(usage.completion_tokens - 1 for usage in usages)
        assert told["puna_cache_blocks_used", ()] == told["puna_sequences_running", ()] == told["puna_answers_open", ()] == 0
        assert told["puna_cache_blocks", ()] > 0


def test_paths_of_strangers_make_no_series():
    with served(random_engine()) as server:
        for i in range(30):
            server.get(f"/wp-admin/{i}")
        assert len({labels for name, labels in figures(server) if name == "puna_requests_total"}) < 4


# --- the command ---


def puna(*words: str, **options) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "puna", "serve", *words], capture_output=True, text=True, timeout=120, check=False, **options
    )


def test_a_port_in_use_is_one_line_that_says_what_to_do(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = puna(str(tmp_path), "--port", port)
    assert done.returncode == 2
    assert done.stderr.startswith(f"puna: port {port} on 127.0.0.1 is in use: take another with --port")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--host", "0.0.0.0"], "can be reached by other machines"),
        (["--host", "0.0.0.0", "--api-key", "a b"], "visible ASCII"),
        (["--api-key", "k", "--without-key"], "leave one of them out"),
        (["--api-key-file", "nosuch"], "cannot be read"),
        (["--host", "no.such.host.invalid", "--without-key"], "no address of this machine"),
        (["--port", "0", "--draft", "x", "--guesses", "0"], "guesses nothing"),
    ],
)
def test_a_door_that_would_stand_open_is_refused(tmp_path, words, message):
    done = puna(str(tmp_path), *words)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert "a b" not in done.stderr


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--context", "257"], 2, "a context of 257 tokens is more than the 256 that the model was made for"),
        (
            ["--context", "256", "--cache-gb", "0.00001", "--dtype", "float32"],
            1,
            "take a shorter context (16 tokens fit) or a smaller dtype",
        ),
        (["--dtype", "float8"], 2, "known: auto, float32"),
        (["--deadline", "0"], 2, "deadline"),
    ],
)
def test_what_does_not_fit_is_one_line_with_what_would(tmp_path, words, code, message):
    from puna.formats.directory import save

    engine = random_engine()
    save(tmp_path / "model", engine.model, engine.tokenizer)
    done = puna(str(tmp_path / "model"), "--port", "0", *words)
    assert done.returncode == code
    told = done.stderr.splitlines()[-1]
    assert message in told
    assert "Traceback" not in done.stderr


def test_a_model_is_served_by_the_command_until_a_signal(tmp_path):
    from puna.formats.directory import save

    engine = random_engine()
    save(tmp_path / "model", engine.model, engine.tokenizer)
    key = tmp_path / "key"
    key.write_text("one\n\ntwo\n")
    process = subprocess.Popen(
        [sys.executable, "-m", "puna", "serve", str(tmp_path / "model"), "--port", "0", "--api-key-file", str(key), "--name", "tiny"],
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        lines: list[str] = []
        while not (lines and lines[-1].startswith("OpenAI ")):
            lines.append(process.stderr.readline())
            assert lines[-1], lines
        url = lines[-1].split()[1]
        answer = openai.OpenAI(base_url=url, api_key="two").chat.completions.create(**CHAT)
        assert answer.choices[0].message.content is not None
        process.send_signal(signal.SIGINT)
        rest = process.communicate(timeout=30)[1]
        assert process.returncode == 0, rest
        assert "POST /v1/chat/completions 200" in rest
        assert "two" not in rest
        assert "Traceback" not in rest
    finally:
        process.kill()
    assert os.environ.get("PUNA_API_KEY") is None
