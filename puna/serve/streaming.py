"""Answers while they are written: server-sent events, and the three ways in which a reader can fail.

Who leaves is noticed at once, and the engine stops writing for him. Who reads slowly is waited for, by nobody but himself: the engine goes on, and what it writes lies in a buffer that a bound on
tokens and a bound on time keep small. Who does not read at all is dropped.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeVar

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from puna.serve.errors import ApiError, ClientGone

T = TypeVar("T")
DONE = b"data: [DONE]\n\n"
_LOOKS = 0.5  # seconds between two looks at a reader who does not take what he is sent
log = logging.getLogger("puna.serve")


class Stalled(Exception):  # noqa: N818 (the reader's doing)
    """A reader took nothing for too long."""


def event(value: dict[str, Any]) -> bytes:
    """Return one server-sent event."""
    return b"data: " + json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n\n"


class EventStream(Response):
    """Sends `events` as they come. `is_behind` says that too much waits for the reader; `close` is told at the end why it ended: done, left, stalled."""

    def __init__(self, events: AsyncIterator[bytes], *, stall: float, is_behind: Callable[[], bool], close: Callable[[str], None]) -> None:
        super().__init__(media_type="text/event-stream", headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._events, self._stall, self._is_behind, self._close = events, stall, is_behind, close

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        reason = "left"
        try:
            await until_gone(receive, self._write(send))
            reason = "done"
        except Stalled:
            reason = "stalled"
        except ClientGone:
            pass
        finally:
            self._close(reason)

    async def _write(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        async with contextlib.aclosing(_told(self._events)) as events:  # type: ignore[type-var]
            async for data in events:
                await self._sent(send({"type": "http.response.body", "body": data, "more_body": True}))
        await self._sent(send({"type": "http.response.body", "body": b"", "more_body": False}))

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


async def _told(events: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield events; what goes wrong on the way is the last one, for the status was sent long ago."""
    try:
        async for data in events:
            yield data
    except ApiError as error:
        yield event(error.body)
    except Exception:
        log.exception("an answer broke off")
        yield event(ApiError(500, "the server failed; its log says why", code="internal_error").body)


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
