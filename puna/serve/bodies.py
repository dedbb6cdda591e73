"""Request bodies: bytes from anybody, read within bounds of size, time and depth, and JSON to the letter.

Python's reader takes more than JSON: `NaN`, half a surrogate pair, a key given twice of which one is lost. All three are refused here, so that no room behind has to think of them.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect, Request

from puna.serve import protocol
from puna.serve.errors import ApiError, ClientGone
from puna.serve.settings import ServeSettings

MAX_DEPTH = 128
LARGE = 64 << 10  # bytes
B = TypeVar("B", bound=protocol.Body)


async def read_json(request: Request, settings: ServeSettings, kind_of_body: type[B]) -> B:
    """Return the request's JSON object, its fields checked. Raises `ApiError` 400, 408, 413 or 415, and `ClientGone`."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    # A page of a stranger's may send text from somebody's browser without asking, but no JSON: that takes a permission, which this server never gives.
    if kind != "application/json":
        raise ApiError(415, f"the body's Content-Type is {kind[:80] or 'missing'}, and has to be application/json")
    try:
        async with asyncio.timeout(settings.body_timeout):
            data = await _read(request, settings.max_body)
    except TimeoutError:
        raise ApiError(408, f"the body did not arrive within {settings.body_timeout:g} seconds", headers={"Connection": "close"}) from None
    except ClientDisconnect:
        raise ClientGone from None
    # A large one takes tenths of a second, in which everybody else is to be heard.
    return _checked(kind_of_body, data) if len(data) <= LARGE else await asyncio.to_thread(_checked, kind_of_body, data)


def _checked(kind_of_body: type[B], data: bytes) -> B:
    return protocol.read(kind_of_body, parsed(data))


async def _read(request: Request, most: int) -> bytes:
    """Return the body, counted while it comes: one in chunks does not say how long it is."""
    length = request.headers.get("content-length", "")
    data = bytearray()
    if not (length.isdecimal() and int(length[:20]) > most):
        async for chunk in request.stream():
            data += chunk
            if len(data) > most:
                break
        else:
            return bytes(data)
    raise ApiError(413, f"the body is larger than the {most:,} bytes that this server reads", headers={"Connection": "close"})


def parsed(data: bytes) -> dict[str, Any]:
    """Return the JSON object in `data`. Raises `ApiError` 400 saying where it is none."""
    try:
        value = json.loads(data.decode(), parse_constant=_constant, object_pairs_hook=_object)
        _check_depth(value)
        if b"\\ud" in data or b"\\uD" in data:
            json.dumps(value, ensure_ascii=False).encode()
    except RecursionError:
        raise ApiError(400, f"the body is nested more than {MAX_DEPTH} levels deep", code="invalid_json") from None
    except UnicodeEncodeError:
        raise ApiError(
            400, "the body holds half a surrogate pair (\\ud800 to \\udfff), which is no character", code="invalid_json"
        ) from None
    except ValueError as error:
        raise ApiError(400, f"the body is not valid JSON: {str(error)[:200]}", code="invalid_json") from None
    if not isinstance(value, dict):
        raise ApiError(400, "the body is a JSON object with the request's fields", code="invalid_json")
    return value


def _constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise ValueError(f"the key {twice[:60]!r} is given twice in one object")
    return value


def _check_depth(value: object) -> None:
    level: list[object] = [value]
    for _ in range(MAX_DEPTH):
        level = [item for outer in level for item in _items(outer) if isinstance(item, dict | list)]
        if not level:
            return
    raise RecursionError


def _items(value: object) -> Iterable[object]:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
