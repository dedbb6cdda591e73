"""From the first request to the last: where the server listens, and how it stops.

The first Ctrl-C (or SIGTERM) lets nobody in any more, with a 503 and not with a closed door, and waits for what runs. The second one cuts what runs: every
reader hears an error, none a sentence that only looks finished. A third does not wait for that either.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, Any

import uvicorn
from fastapi import FastAPI

from puna.errors import ConfigError
from puna.serve.service import Service
from puna.serve.wire import WireProtocol

if TYPE_CHECKING:
    import socket

SEND_BUFFER = 128 << 10  # bytes in the kernel for one connection
# Seconds after which a thread that waits for Python's lock gets it. The engine gives it up at every product of matrices, and with Python's own 5 ms a busy event loop keeps it waiting each time.
SWITCH = 0.0005
GRACE = 2.0  # seconds in which those whose answers were cut may hear of it
log = logging.getLogger("puna.serve")


def listen(host: str, port: int) -> socket.socket:
    """Return a socket bound to `host` and `port` (0: a free one). Raises `ConfigError` where it cannot be had."""
    import socket

    try:
        family, kind, number, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except (OSError, UnicodeError) as error:
        raise ConfigError(
            f"--host {host}: no address of this machine has that name ({getattr(error, 'strerror', None) or error})"
        ) from None
    bound = socket.socket(family, kind, number)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # Connections inherit this. The kernel would let megabytes lie there for a reader who has stopped, and hide it from us.
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
    try:
        bound.bind(address)
        # From here on the port is ours. Who connects before the model is loaded waits for it.
        bound.listen(0)
    except OSError as error:
        bound.close()
        raise ConfigError(_why(error, host, port)) from None
    return bound


def _why(error: OSError, host: str, port: int) -> str:
    import errno

    if error.errno == errno.EADDRINUSE:
        return (
            f"port {port} on {host} is in use: take another with --port, or end what listens there (puna serve --port 0 takes any free one)"
        )
    if error.errno == errno.EACCES:
        return f"port {port} on {host}: not allowed; ports below 1024 are for root, take another with --port"
    return f"--host {host} --port {port}: {error.strerror or error}"


class Server(uvicorn.Server):
    """uvicorn, with an end in steps."""

    def __init__(self, app: FastAPI, **options: Any) -> None:
        service: Service = app.state.service
        super().__init__(
            uvicorn.Config(
                app, log_config=None, access_log=False, server_header=False, date_header=True, ws="none", lifespan="on", http=WireProtocol,
                limit_concurrency=service.settings.max_connections, timeout_keep_alive=30, h11_max_incomplete_event_size=64 << 10, **options,
            )
        )  # fmt: skip
        self._service = service
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ending: list[asyncio.Task[None]] = []
        self.was_forced = False

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen; from here on a signal finds the loop."""
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to stop, or stop at once."""
        if self._loop is None:
            self.was_forced = self.force_exit = self.should_exit = True
            return
        step = self._hurry if self.was_forced else self._cut if self._service.is_draining else self._drain
        self.was_forced = self._service.is_draining
        self._service.is_draining = True
        self._loop.call_soon_threadsafe(lambda: self._ending.append(asyncio.ensure_future(step())))

    async def _drain(self) -> None:
        """Let everything be finished, and those who do not take their answers hold the end up no longer than they may hold up an answer."""
        if self._service.num_open:
            log.info("finishing %d open answers; Ctrl-C again cuts them", self._service.num_open)
        await self._service.drained()
        self.should_exit = True
        await asyncio.sleep(self._service.settings.stall)
        self._hang_up()

    async def _cut(self) -> None:
        """End every answer with an error, and soon after that the connections."""
        closing = asyncio.ensure_future(self._service.running.close(drain=False))
        await asyncio.wait({closing}, timeout=GRACE)
        self.should_exit = True
        await asyncio.sleep(GRACE)
        self._hang_up()

    async def _hurry(self) -> None:
        """Wait for nothing."""
        self.force_exit = self.should_exit = True
        self._hang_up()

    def _hang_up(self) -> None:
        """Drop every connection; whoever is still busy with one hears that its client is gone."""
        for connection in list(self.server_state.connections):
            connection.transport.abort()


def run(app: FastAPI, bound: socket.socket, *, ready: Callable[[], None]) -> int:
    """Serve until told to stop. Return 0, 1 where the engine broke down, 130 where a second signal ended it."""
    server = Server(app)
    sys.setswitchinterval(SWITCH)

    async def serve() -> None:
        serving = asyncio.ensure_future(server.serve(sockets=[bound]))
        while not server.started and not serving.done():
            await asyncio.sleep(0.01)
        if server.started:
            ready()
        await serving

    try:
        asyncio.run(serve())
    except KeyboardInterrupt:
        return 130
    service: Service = app.state.service
    return 130 if server.was_forced else 1 if service.running.failure else 0
