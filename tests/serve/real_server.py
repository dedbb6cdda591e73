"""The real server on a free port of this machine, and in the same process without one."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from openai import OpenAI

from puna.engine import Engine
from puna.serve.app import build
from puna.serve.lifecycle import Server, listen
from puna.serve.service import Service
from puna.serve.settings import ServeSettings

NAME = "tiny"


@dataclass
class Served:
    """A server that listens: its address, the official client, a plain one, and what is behind."""

    url: str
    server: Server
    service: Service
    thread: threading.Thread

    def client(self, key: str = "none", **options: Any) -> OpenAI:
        return OpenAI(base_url=f"{self.url}/v1", api_key=key, max_retries=0, timeout=60, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> httpx.Response:
        content = {} if body is None else {"json": body}
        return httpx.post(f"{self.url}{path}", timeout=60, **content, **options)

    def get(self, path: str, **options: Any) -> httpx.Response:
        return httpx.get(f"{self.url}{path}", timeout=60, **options)

    def wait_idle(self, seconds: float = 10) -> None:
        """Wait until nothing is open and no block is held."""
        until = time.monotonic() + seconds
        while self.service.num_open or self.service.running.stats().blocks_used:
            assert time.monotonic() < until, (self.service.num_open, self.service.running.stats())
            time.sleep(0.01)

    def signal(self) -> None:
        """Do what a Ctrl-C does."""
        self.server.handle_exit(2, None)


@contextmanager
def served(engine: Engine, **settings: Any) -> Iterator[Served]:
    settings = {"name": NAME, "port": 0, **settings}
    app = build(engine, ServeSettings(**settings))
    bound = listen("127.0.0.1", 0)
    server = Server(app)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[bound])), daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        thread.join(0.01)
    served = Served(f"http://127.0.0.1:{bound.getsockname()[1]}", server, app.state.service, thread)
    try:
        yield served
    finally:
        server.should_exit = True
        thread.join(10)
        server.force_exit = True
        thread.join(10)
