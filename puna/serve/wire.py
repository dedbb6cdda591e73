"""HTTP itself, where it is broken: uvicorn's protocol over h11, with ends that uvicorn does not know.

uvicorn hands a request to the app once its head is there. Where the body then breaks HTTP's rules, it answers 400 by itself and lets the app go on; what the app says after that has no place in
the connection any more, and fails with a traceback in the log, which anybody could fill that way.

And it waits for as long as somebody likes, who could hold all connections by that: for a head, for the rest of a body that nobody reads (of a request that was refused by its head), for a reader to
take what is left before a connection is closed. Here each of them has its time.
"""

from __future__ import annotations

import asyncio
import json

import h11
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from puna.serve.errors import ApiError

HEAD_TIMEOUT = 30.0  # seconds from the first sign of a request to the end of its head
CLOSE_TIMEOUT = 30.0  # seconds in which a connection that is being closed may deliver what is left
LINGER = 2.0  # seconds for a client to read his answer before the connection is closed under a body that he still sends
HANG_UP = "puna.hang_up"  # the extension with which the app drops a connection as it is


class WireProtocol(H11Protocol):
    """One connection. The app hears of a request that breaks off as of a client who has left."""

    _waiting: asyncio.TimerHandle | None = None
    _closing: asyncio.TimerHandle | None = None
    _is_lingering = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a head."""
        super().connection_made(transport)
        self._asked_for, self.app, self._most = self.app, self._answered, self.limit_concurrency
        self.limit_concurrency = None
        self._look_for_head()

    def data_received(self, data: bytes) -> None:
        """Take what came; where that ends a head, the wait is over, and where it begins one, it begins. What comes after the last answer is let go."""
        if self._is_lingering:
            return
        super().data_received(data)
        self._look_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._end_wait()
        if self._closing is not None:
            self._closing.cancel()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        """Be ready for the next request, unless the last one's body is still on its way and nobody will read it."""
        # Asked before: a next request that waits already begins in here.
        is_body_left = self.conn.their_state is h11.SEND_BODY
        super().on_response_complete()
        if self.transport.is_closing():
            self._close_within(CLOSE_TIMEOUT)
        elif is_body_left:
            self._is_lingering = True
            self._unset_keepalive_if_required()
            self.transport.write_eof()
            self._close_within(LINGER)

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection on which nothing more was asked."""
        super().timeout_keep_alive_handler()
        self._close_within(CLOSE_TIMEOUT)

    async def _answered(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the app answer, or say that there are too many connections."""
        cycle = self.cycle

        def hang_up() -> None:
            cycle.disconnected = True
            self.transport.abort()

        if self._most is not None and len(self.connections) > self._most:
            await _refuse(send)
        else:
            await self._asked_for({**scope, "extensions": {HANG_UP: hang_up}}, receive, send)

    def _close_within(self, seconds: float) -> None:
        """Drop the connection after `seconds`, delivered or not."""
        if self._closing is None:
            self._closing = self.loop.call_later(seconds, self.transport.abort)

    def send_400_response(self, msg: str) -> None:
        """Tell a client that this was no HTTP, or hang up where an answer is on its way already."""
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            super().send_400_response(msg)
        else:
            self.transport.abort()

    def _look_for_head(self) -> None:
        if self.conn.their_state is not h11.IDLE:
            self._end_wait()
        elif self._waiting is None:
            self._waiting = self.loop.call_later(HEAD_TIMEOUT, self._hang_up)

    def _end_wait(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _hang_up(self) -> None:
        """Close a connection whose head did not come. Between two requests uvicorn's own timer does it."""
        self._waiting = None
        if self.conn.their_state is h11.IDLE and not self.transport.is_closing():
            self.transport.close()
            self._close_within(CLOSE_TIMEOUT)


async def _refuse(send: Send) -> None:
    """Tell one who comes too many, as the app tells what it refuses."""
    error = ApiError(503, "there are too many connections; come again soon", code="too_many_connections")
    data = json.dumps(error.body).encode()
    head = {"content-type": "application/json", "content-length": str(len(data)), "retry-after": "1", "connection": "close"}
    headers = [(name.encode(), value.encode()) for name, value in head.items()]
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": data})
