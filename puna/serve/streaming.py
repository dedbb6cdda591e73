"""Answers on their way to a reader, as server-sent events while they are written or in one piece, and the three ways in which he can fail.

Who leaves is noticed at once, and the engine stops writing for him. Who reads slowly is waited for, by nobody but himself: the engine goes on, and what it writes lies in a buffer that a bound on
tokens and a bound on time keep small. Who does not read at all is dropped, and his connection with him: closed in good order, it would wait for him to read what is left.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, TypeVar

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from puna.serve.errors import ApiError, ClientGone
from puna.serve.settings import ServeSettings
from puna.serve.wire import HANG_UP

T = TypeVar("T")
DONE = b"data: [DONE]\n\n"
PIECE = 64 << 10  # bytes of a whole answer that are sent at once: what a connection takes in one go says nothing of its reader
_LOOKS = 0.5  # seconds between two looks at a reader who does not take what he is sent
log = logging.getLogger("puna.serve")


class Stalled(Exception):  # noqa: N818 (the reader's doing)
    """A reader took nothing for too long."""


def event(value: dict[str, Any]) -> bytes:
    """Return one server-sent event."""
    return b"data: " + json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n\n"


class _Watched(Response, ABC):
    """Sends its body in pieces, each within `stall` seconds. `close` is told at the end why it ended: done, left, stalled, failed."""

    def __init__(
        self, settings: ServeSettings, *, is_behind: Callable[[], bool], close: Callable[[str], None], headers: Mapping[str, str], kind: str
    ) -> None:
        super().__init__(media_type=kind, headers={"Cache-Control": "no-store", **headers})
        self._stall, self._is_behind, self._close, self._reason, self._is_sent = settings.stall, is_behind, close, "done", False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        reason = "left"
        try:
            await until_gone(receive, self._write(send))
            reason = self._reason
        except Stalled:
            reason = "stalled"
            scope.get("extensions", {}).get(HANG_UP, lambda: None)()
        except ClientGone:
            # After its last piece an answer is done, whoever is heard first, its writer or the client who goes.
            reason = self._reason if self._is_sent else "left"
        finally:
            self._close(reason)

    @abstractmethod
    def _pieces(self) -> AsyncIterator[bytes]:
        """Yield the body."""

    async def _write(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        async with contextlib.aclosing(self._pieces()) as pieces:  # type: ignore[type-var]
            async for data in pieces:
                await self._sent(send({"type": "http.response.body", "body": data, "more_body": True}))
        await self._sent(send({"type": "http.response.body", "body": b"", "more_body": False}))
        self._is_sent = True

    async def _sent(self, sending: Awaitable[None]) -> None:
        """Wait until the connection takes what is sent. Raises `Stalled`."""
        task, loop = asyncio.ensure_future(sending), asyncio.get_running_loop()
        begun = loop.time()
        try:
            while not (await asyncio.wait({task}, timeout=min(_LOOKS, self._stall)))[0]:
                if loop.time() - begun >= self._stall or self._is_behind():
                    raise Stalled
        finally:
            task.cancel()
        task.result()


class EventStream(_Watched):
    """Sends `events` as they come. `is_behind` says that too much waits for the reader."""

    def __init__(
        self, events: AsyncIterator[bytes], settings: ServeSettings, *, is_behind: Callable[[], bool], close: Callable[[str], None]
    ) -> None:
        super().__init__(settings, is_behind=is_behind, close=close, headers={"X-Accel-Buffering": "no"}, kind="text/event-stream")
        del self.headers["content-length"]
        self._events = events

    async def _pieces(self) -> AsyncIterator[bytes]:
        """Yield events; what goes wrong on the way is the last one, for the status was sent long ago."""
        try:
            async for data in self._events:
                yield data
        except ApiError as error:
            self._reason = "failed"
            yield event(error.body)
        except Exception:
            self._reason = "failed"
            log.exception("an answer broke off")
            yield event(ApiError(500, "the server failed; its log says why", code="internal_error").body)


class WholeAnswer(_Watched):
    """Sends one JSON document."""

    def __init__(self, value: dict[str, Any], settings: ServeSettings, *, close: Callable[[str], None]) -> None:
        self._data = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
        length = {"Content-Length": str(len(self._data))}
        super().__init__(settings, is_behind=lambda: False, close=close, headers=length, kind="application/json")

    async def _pieces(self) -> AsyncIterator[bytes]:
        for at in range(0, len(self._data), PIECE):
            yield self._data[at : at + PIECE]


async def until_gone(receive: Receive, work: Awaitable[T]) -> T:
    """Return what `work` returns, unless the client leaves before: then it is cancelled, and `ClientGone` is raised."""
    working, leaving = asyncio.ensure_future(work), asyncio.ensure_future(_gone(receive))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientGone
        return working.result()
    finally:
        for task in (working, leaving):
            task.cancel()
        # What was cancelled ends before anybody goes on: its places and blocks are given back.
        await asyncio.gather(working, leaving, return_exceptions=True)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
