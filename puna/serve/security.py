"""Who may ask, and from where: a key, a name, and headers that keep a browser from doing what a stranger's page or a model's text would like it to.

**Keys** are compared by their hashes, all of them whatever the first says, in constant time: how long a refusal takes tells nothing.

**DNS rebinding.** A server on 127.0.0.1 without a key trusts whoever runs programs on this machine, and a browser is one: a stranger's page may point its own name at 127.0.0.1 and then read what it
likes. Its requests still say the stranger's name in `Host`, so a server on loopback answers to loopback's names alone, and to those it was told.

**Headers.** The page shows what a model wrote, which is hostile until proved otherwise. The policy allows scripts and styles from this server's files, connections to this server, and nothing else.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
import time
from collections.abc import Sequence

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from puna.serve.errors import ApiError
from puna.serve.metrics import Metrics
from puna.serve.settings import ServeSettings, is_loopback

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}
ENDPOINTS = ("/", "/health", "/metrics", "/v1/chat/completions", "/v1/completions", "/v1/models")
_HOST = re.compile(r"(\[(?P<address>[^\]]*)\]|(?P<name>[^:\[\]@/]*))(:[0-9]*)?")
log = logging.getLogger("puna.serve.access")


class Guard:
    """Stands before everything: checks host and key, adds headers, counts and logs. It reads no body and keeps none."""

    def __init__(self, app: ASGIApp, *, settings: ServeSettings, metrics: Metrics) -> None:
        self._app, self._settings, self._metrics = app, settings, metrics
        self._keys = [_digest(key) for key in settings.api_keys]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, status = time.monotonic(), 499

        async def guarded(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        try:
            refused = self._refused(scope)
            app = self._app if refused is None else JSONResponse(refused.body, refused.status, headers=refused.headers)
            await app(scope, receive, guarded)
        except Exception:
            status = 500
            raise
        finally:
            self._tell(scope, status, time.monotonic() - begun)

    def _refused(self, scope: Scope) -> ApiError | None:
        headers = Headers(scope=scope)
        if not self._knows_host(headers.get("host", "")):
            return ApiError(403, "this server does not answer to the host's name in this request; see --allow-host", code="unknown_host")
        if self._needs_key(scope["path"]) and not self._knows_key(headers.get("authorization", "")):
            message = "an API key is needed: Authorization: Bearer KEY" if "authorization" not in headers else "the API key is not right"
            return ApiError(401, message, code="invalid_api_key", headers={"WWW-Authenticate": "Bearer"})
        return None

    def _knows_host(self, host: str) -> bool:
        if not self._settings.is_loopback and not self._settings.allowed_hosts:
            return True
        name = host_name(host)
        return name in (allowed.lower() for allowed in self._settings.allowed_hosts) or (self._settings.is_loopback and is_loopback(name))

    def _needs_key(self, path: str) -> bool:
        """Return whether a path is the API's. The page is the same for everybody, and asks for the key itself; a health check has none."""
        return bool(self._keys) and not (path in ("/", "/health") or path.startswith("/page/"))

    def _knows_key(self, authorization: str) -> bool:
        scheme, _, key = authorization.partition(" ")
        given = _digest(key.strip())
        matches = [hmac.compare_digest(given, known) for known in self._keys]
        return scheme.lower() == "bearer" and any(matches)

    def _tell(self, scope: Scope, status: int, seconds: float) -> None:
        endpoint = endpoint_of(scope["path"])
        self._metrics.requests.labels(endpoint, str(status)).inc()
        path = ascii(scope["path"])[1:-1][:100]
        log.info("%s %s %d %.2fs", scope["method"][:10], path, status, seconds)


def host_name(host: str) -> str:
    """Return the name in a `Host` header, without its port, in small letters; nothing where it is no name with a port."""
    found = _HOST.fullmatch(host.strip().lower())
    return (found["address"] or found["name"] or "") if found else ""


def endpoint_of(path: str) -> str:
    """Return the endpoint of a path. Whatever strangers ask for, there are few of them."""
    if path in ENDPOINTS:
        return path
    beginnings: Sequence[str] = ("/v1/models/", "/page/")
    return next((f"{begin}*" for begin in beginnings if path.startswith(begin)), "other")


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode(errors="surrogateescape")).digest()
