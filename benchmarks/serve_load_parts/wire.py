"""HTTP, as plain as it can be, so that a client can do it badly: one connection for each request, read slowly, or not at all, or not to its end."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

WAIT = 300.0  # seconds in which an answer has to come, also on a machine that is busy otherwise


@dataclass
class Reply:
    """What came back: status 0 where nothing did; `is_whole` where the body came to the end that its head had promised."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    is_whole: bool = False

    @property
    def value(self) -> Any:
        return json.loads(self.body)


def packed(path: str, body: bytes, *, method: str = "POST", key: str | None = None, kind: str = "application/json") -> bytes:
    """Return a request's bytes."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Connection: close", f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
    lines += [] if key is None else [f"Authorization: Bearer {key}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


@asynccontextmanager
async def connected(port: int, *, buffer: int = 1 << 16) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Yield a connection whose reader takes `buffer` bytes ahead; it is dropped in the end."""
    raw = socket.socket()
    raw.setblocking(False)
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    await asyncio.get_running_loop().sock_connect(raw, ("127.0.0.1", port))
    reader, writer = await asyncio.open_connection(sock=raw, limit=buffer)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def exchange(port: int, data: bytes, *, pause: float = 0.0, wait: float = WAIT) -> Reply:
    """Send `data` and return what comes back; with `pause`, a kilobyte at a time with so many seconds between."""
    raw = bytearray()
    with suppress(ConnectionError):
        async with asyncio.timeout(wait), connected(port, buffer=1024 if pause else 1 << 16) as (reader, writer):
            writer.write(data)
            while piece := await reader.read(1024 if pause else 1 << 16):
                raw += piece
                await asyncio.sleep(pause)
    return parsed(bytes(raw))


def parsed(raw: bytes) -> Reply:
    head, _, body = raw.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    if not lines[0].startswith("HTTP/1.1 "):
        return Reply()
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    reply = Reply(int(lines[0].split()[1]), headers, body)
    if headers.get("transfer-encoding") == "chunked":
        reply.body, reply.is_whole = unchunked(body)
    else:
        reply.is_whole = len(body) == int(headers.get("content-length", -1))
    return reply


def unchunked(body: bytes) -> tuple[bytes, bool]:
    pieces: list[bytes] = []
    at = 0
    while (end := body.find(b"\r\n", at)) >= 0:
        size = int(body[at:end], 16)
        if size == 0:
            return b"".join(pieces), True
        pieces.append(body[end + 2 : end + 2 + size])
        at = end + 4 + size
    return b"".join(pieces), False
