"""HTTP itself, where it is broken: uvicorn's protocol over h11, with two ends that uvicorn does not know.

uvicorn hands a request to the app once its head is there. Where the body then breaks HTTP's rules, it answers 400 by itself and lets the app go on; what the app says after that has no place in
the connection any more, and fails with a traceback in the log, which anybody could fill that way.

And it waits for a head for as long as somebody likes, who could hold all connections by that. Here a head has its time.
"""

from __future__ import annotations

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_TIMEOUT = 30.0  # seconds from the first sign of a request to the end of its head


class WireProtocol(H11Protocol):
    """One connection. The app hears of a request that breaks off as of a client who has left."""

    _waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a head."""
        super().connection_made(transport)
        self._look_for_head()

    def data_received(self, data: bytes) -> None:
        """Take what came; where that ends a head, the wait is over, and where it begins one, it begins."""
        super().data_received(data)
        self._look_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._end_wait()
        super().connection_lost(exc)

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
