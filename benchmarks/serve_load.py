"""Two hundred clients at once on one small server: is every answer right, is every refusal the proper one, does memory stay where it is?

    python benchmarks/serve_load.py [--seconds 180] [--clients 200]

A random model with a real tokenizer is served by `puna serve` in a process of its own, with a queue that is too short on purpose. What each request has to be answered is asked before, alone.
Then everybody comes: most ask and read; some read slowly; some leave in the middle; some send what is no request; some have no right key. At the end the server has to be empty, and to end in order.
The last line is one JSON object; exit 1 where anything was wrong.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import torch
from serve_load_parts.asks import NAME, Ask, asks, essence, same
from serve_load_parts.wire import WAIT, Reply, connected, exchange
from serve_load_parts.wire import packed as packed_with

from puna.formats.directory import save
from puna.model.config import LlamaConfig
from puna.model.llama import Llama
from puna.tokens.bpe import train_bpe

KEY, CONTEXT, MAX_BODY = "the-right-key", 2048, 100_000
SHAPE = {"dim": 96, "num_layers": 4, "num_heads": 6, "num_kv_heads": 2, "head_dim": 16, "ffn_dim": 256, "max_positions": CONTEXT}
# 16 MB of cache are 16,000 tokens.
LIMITS = [
    "--max-running",
    "48",
    "--max-waiting",
    "48",
    "--cache-gb",
    "0.016",
    "--max-tokens",
    "256",
    "--max-body-mb",
    str(MAX_BODY / 1e6),
    "--dtype",
    "float32",
]
# Of every twenty clients, how many are what.
KINDS = {"steady": 12, "slow": 2, "leaving": 2, "garbage": 3, "stranger": 1}


# --- the server ---


@contextmanager
def served() -> Iterator[tuple[subprocess.Popen[str], int, list[str]]]:
    """Yield the server's process, its port, and what it says on standard error."""
    with tempfile.TemporaryDirectory() as folder:
        directory, key = Path(folder) / "model", Path(folder) / "key"
        key.write_text(f"{KEY}\nanother-key\n")
        tokenizer = train_bpe(["the llama and the puna, the grass and the sky. " * 20], vocab_size=256 + 20 + 16, num_special=16)
        save(directory, random_model(tokenizer.vocab_size), tokenizer)
        words = [
            sys.executable,
            "-m",
            "puna",
            "serve",
            str(directory),
            "--port",
            "0",
            "--name",
            NAME,
            "--api-key-file",
            str(key),
            "--quiet",
        ]
        process = subprocess.Popen([*words, *LIMITS], stderr=subprocess.PIPE, text=True)
        try:
            assert process.stderr is not None
            said: list[str] = []
            while not (said and said[-1].startswith("OpenAI ")):
                said.append(process.stderr.readline())
                if not said[-1]:
                    raise SystemExit(f"the server did not start: {said}")
            stderr = process.stderr
            threading.Thread(target=lambda: said.extend(stderr), daemon=True).start()
            yield process, int(said[-1].split()[1].rpartition(":")[2].split("/")[0]), said
        finally:
            process.kill()
            process.wait()


def random_model(vocab_size: int) -> Llama:
    """Return a model whose weights are so large that it has plain choices."""
    model = Llama(LlamaConfig.model_validate({"vocab_size": vocab_size, **SHAPE}))
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for weight in model.parameters():
            if weight.ndim > 1:
                weight.copy_(torch.randn(weight.shape, generator=generator) * 2 * weight.shape[-1] ** -0.5)
    return model


def packed(path: str, body: bytes, *, key: str | None = KEY, **more: str) -> bytes:
    """Return a request's bytes, with the right key."""
    return packed_with(path, body, key=key, **more)


# --- the clients ---


@dataclass
class Load:
    """What everybody shares: the port, the requests with their answers, when to stop, and what was seen."""

    port: int
    asks: list[Ask]
    until: float
    seen: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    async def run(self, kind: str, number: int) -> None:
        """Be a client of some kind until it is time."""
        rng = random.Random(number)
        act: Callable[[random.Random], Any] = getattr(self, kind)
        while time.monotonic() < self.until:
            self.seen["requests"] += 1
            try:
                await act(rng)
            except TimeoutError:
                self.wrong.append(f"{kind}: no answer within {WAIT:g} seconds")
            except Exception as error:
                self.wrong.append(f"{kind}: {type(error).__name__}: {error}"[:300])

    async def steady(self, rng: random.Random, *, pause: float = 0.0) -> None:
        """Ask, read, and compare."""
        ask, streamed = rng.choice(self.asks), rng.random() < 0.5 or pause > 0
        more = {"stream": True, "stream_options": {"include_usage": True}} if streamed else {}
        reply = await exchange(self.port, packed(ask.path, json.dumps({**ask.body, **more}).encode()), pause=pause)
        if reply.status == 200:
            self.judge(ask, reply, streamed=streamed)
        elif self.refusal(reply, {429}):
            await asyncio.sleep(rng.uniform(0.1, 1))

    async def slow(self, rng: random.Random) -> None:
        await self.steady(rng, pause=rng.uniform(0.01, 0.2))

    async def leaving(self, rng: random.Random) -> None:
        """Leave before the answer, or in its middle."""
        ask, streamed = rng.choice(self.asks), rng.random() < 0.7
        body = {**ask.body, "stream": streamed} | {"max_tokens": 256, "ignore_eos": True}
        async with asyncio.timeout(WAIT), connected(self.port) as (reader, writer):
            writer.write(packed(ask.path, json.dumps(body).encode()))
            if streamed and rng.random() < 0.7:
                await reader.read(rng.randint(1, 3000))
            await asyncio.sleep(rng.uniform(0, 0.3))
        self.seen["left"] += 1
        await asyncio.sleep(rng.uniform(0.2, 1))

    async def stranger(self, rng: random.Random) -> None:
        key = rng.choice([None, "", "wrong", KEY[:-1], f"{KEY}x", KEY.upper()])
        ask = rng.choice(self.asks)
        self.refusal(await exchange(self.port, packed(ask.path, json.dumps(ask.body).encode(), key=key)), {401})
        await asyncio.sleep(rng.uniform(0.2, 1))

    async def garbage(self, rng: random.Random) -> None:
        """Send what is no request, or one that cannot be answered."""
        ask = rng.choice(self.asks)
        whole = json.dumps(ask.body).encode()
        data, statuses = rng.choice(
            [
                (packed(ask.path, whole[: rng.randrange(1, len(whole) - 1)]), {400}),
                (packed(ask.path, bytes(rng.randrange(256) for _ in range(50))), {400}),
                (packed(ask.path, json.dumps({**ask.body, "max_token": 5}).encode()), {400}),
                (packed(ask.path, json.dumps({**ask.body, "temperature": "hot"}).encode()), {400}),
                (packed("/v1/completions", json.dumps({"model": NAME, "prompt": "x " * CONTEXT}).encode()), {400, 429}),
                (packed("/v1/completions", json.dumps({"model": NAME, "prompt": "x", "guided_regex": "("}).encode()), {400, 429}),
                (packed(ask.path, b"[" * 20_000), {400}),
                (packed(ask.path, json.dumps({**ask.body, "model": "another"}).encode()), {404}),
                (packed("/v1/embeddings", whole), {404}),
                (packed(ask.path, b"", method="DELETE"), {405}),
                (packed(ask.path, whole, kind="text/plain"), {415}),
                (packed(ask.path, b" " * (MAX_BODY + 1)), {413}),
                # Broken HTTP: told so, or hung up on.
                (bytes(rng.randrange(256) for _ in range(100)) + b"\r\n\r\n", {0, 400}),
                (packed(ask.path, whole).replace(b"Content-Length: ", b"Content-Length: -"), {0, 400}),
                (b"GET /health HTTP/1.1\r\nHost: a.strangers.name\r\nConnection: close\r\n\r\n", {403}),
                (
                    b"POST /v1/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"
                    % KEY.encode(),
                    {0, 400},
                ),
                (
                    b"GET /v1/nosuch HTTP/1.1\r\nHost: 127.0.0.1\r\n" + b"A: %s\r\n" % (b"x" * 99) * 1000 + b"Connection: close\r\n\r\n",
                    {0, 400, 401},
                ),
            ]
        )
        self.refusal(await exchange(self.port, data), statuses)
        await asyncio.sleep(rng.uniform(0.2, 1))

    def judge(self, ask: Ask, reply: Reply, *, streamed: bool) -> None:
        """Compare an answer with the right one."""
        try:
            found = essence(reply, streamed=streamed) if reply.is_whole else "not whole"
        except (ValueError, KeyError, IndexError) as error:
            found = f"{type(error).__name__}: {error}"
        is_right = same(found, ask.right)
        self.seen["answered_right" if is_right else "answered_wrong"] += 1
        if not is_right:
            self.wrong.append(f"{json.dumps(ask.body)[:200]} gave {found!r:.400} and not {ask.right!r:.400}")

    def refusal(self, reply: Reply, statuses: set[int]) -> bool:
        """Look at a refusal: a status of those that are proper, a reason, and when to come again where that helps."""
        self.refused[str(reply.status)] += 1
        is_told = reply.status == 0 or b"HTTP request" in reply.body or bool(reply.value["error"]["message"])
        is_proper = reply.status in statuses and is_told and (reply.status not in (429, 503) or int(reply.headers["retry-after"]) > 0)
        if not is_proper:
            self.wrong.append(f"status {reply.status} where {sorted(statuses)} was proper: {reply.body[:200]!r}")
        return is_proper


# --- the whole ---


async def ask_alone(port: int, asked: list[Ask]) -> None:
    """Find out what is right."""
    for ask in asked:
        reply = await exchange(port, packed(ask.path, json.dumps(ask.body).encode()))
        if reply.status != 200:
            raise SystemExit(f"{ask.body} was refused: {reply.status} {reply.body!r}")
        ask.right = essence(reply, streamed=False)


async def figures(port: int) -> dict[str, float]:
    text = (await exchange(port, packed("/metrics", b"", method="GET"))).body.decode()
    return {name: float(value) for name, value in re.findall(r"^(puna_\w+) (\S+)$", text, re.MULTILINE)}


async def memory_of(process: psutil.Process, samples: list[tuple[float, int]]) -> None:
    while True:
        samples.append((time.monotonic(), process.memory_info().rss))
        await asyncio.sleep(0.5)


def growth(samples: list[tuple[float, int]]) -> int:
    """Return by how many bytes memory grew after the first third, by the straight line through it."""
    times, sizes = np.array(samples[len(samples) // 3 :], dtype=float).T
    return round(float(np.polyfit(times - times[0], sizes, 1)[0] * (times[-1] - times[0])))


async def emptied(load: Load) -> dict[str, float]:
    """Return the server's figures once nothing is left of the load, or after ten seconds what is left."""
    for _ in range(100):
        told = await figures(load.port)
        if not (told["puna_answers_open"] or told["puna_cache_blocks_used"]):
            break
        await asyncio.sleep(0.1)
    return told


async def ended(load: Load, process: subprocess.Popen[str]) -> int:
    """Send SIGTERM while answers are written; these have to be right, and what comes later refused with 503. Return the exit status."""
    longest = [ask for ask in load.asks if ask.body.get("ignore_eos")] * 24
    writing = [asyncio.ensure_future(exchange(load.port, packed(ask.path, json.dumps(ask.body).encode()))) for ask in longest]
    while (await figures(load.port))["puna_sequences_running"] < len(longest):
        await asyncio.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    late = await exchange(load.port, packed(longest[0].path, json.dumps(longest[0].body).encode()))
    load.refusal(late, {503})
    for ask, reply in zip(longest, await asyncio.gather(*writing), strict=True):
        load.judge(ask, reply, streamed=False)
    await asyncio.to_thread(process.wait, 30)
    return process.returncode


async def measure(process: subprocess.Popen[str], port: int, *, seconds: float, clients: int) -> dict[str, Any]:
    asked = asks()
    await ask_alone(port, asked)
    load, samples = Load(port, asked, time.monotonic() + seconds), list[tuple[float, int]]()
    watching = asyncio.ensure_future(memory_of(psutil.Process(process.pid), samples))
    kinds = [kind for kind, count in KINDS.items() for _ in range(count)]
    await asyncio.gather(*(load.run(kinds[number % len(kinds)], number) for number in range(clients)))
    watching.cancel()
    left = await emptied(load)
    status = await ended(load, process)
    for line in load.wrong[:20]:
        print(line)
    return {
        "clients": clients, "seconds": seconds, "requests": load.seen["requests"], "answered_right": load.seen["answered_right"], "answered_wrong": load.seen["answered_wrong"],
        "left": load.seen["left"], "refused_by_status": dict(sorted(load.refused.items())), "wrong": len(load.wrong), "memory_first_bytes": samples[0][1],
        "memory_last_bytes": samples[-1][1], "memory_growth_bytes": growth(samples), "preemptions": int(left["puna_preemptions_total"]),
        "tokens_per_second": round(left["puna_generated_tokens_total"] / seconds, 1), "prefix_hit_ratio": round(left["puna_prefix_hit_ratio"], 3),
        "left_open": int(left["puna_answers_open"] + left["puna_sequences_waiting"] + left["puna_sequences_running"]),
        "blocks_left": int(left["puna_cache_blocks_used"]), "exit_status": status,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=180)
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--most-growth", type=float, default=16, help="MB by which the server's memory may grow after the first third")
    given = parser.parse_args()
    with served() as (process, port, said):
        result = asyncio.run(measure(process, port, seconds=given.seconds, clients=given.clients))
        time.sleep(0.2)
    result["crashed"] = any("Traceback" in line for line in said)
    good = not (result["wrong"] or result["left_open"] or result["blocks_left"] or result["exit_status"] or result["crashed"])
    good = good and result["answered_right"] > 0 and result["memory_growth_bytes"] < given.most_growth * 1e6
    print("".join(said[-60:]), end="")
    print(json.dumps(result))
    sys.exit(not good)


if __name__ == "__main__":
    main()
