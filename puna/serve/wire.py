"""HTTP itself, where it is broken: uvicorn's protocol over h11, with an end for requests that turn out to be none.

uvicorn hands a request to the app once its head is there. Where the body then breaks HTTP's rules, it answers 400 by itself and lets the app go on; what the app says after that has no place in
the connection any more, and fails with a traceback in the log, which anybody could fill that way.
"""

from __future__ import annotations

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol


class WireProtocol(H11Protocol):
    """One connection. The app hears of a request that breaks off as of a client who has left."""

    def send_400_response(self, msg: str) -> None:
        """Tell a client that this was no HTTP, or hang up where an answer is on its way already."""
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            super().send_400_response(msg)
        else:
            self.transport.abort()
