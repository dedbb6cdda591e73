"""What a client is told when a request cannot be answered, in OpenAI's shape, which its clients turn into exceptions by the status."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from puna.engine import EngineClosedError
from puna.errors import FitError, PunaError, WorkError

KINDS = {401: "authentication_error", 403: "permission_error", 404: "not_found_error", 429: "rate_limit_error"}


class ApiError(Exception):
    """A request that gets no answer. `param` names the field at fault, `code` what programs may look for."""

    def __init__(
        self, status: int, message: str, *, param: str | None = None, code: str | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.param, self.code, self.headers = status, message, param, code, dict(headers or {})

    @property
    def body(self) -> dict[str, Any]:
        """Return the JSON document that tells it."""
        kind = KINDS.get(self.status, "invalid_request_error" if self.status < 500 else "server_error")
        return {"error": {"message": self.message, "type": kind, "param": self.param, "code": self.code}}


def refusal(error: PunaError, *, param: str | None = None, code: str | None = None) -> ApiError:
    """Return what to answer to a mistake that a room below found: the client's own, or, where the work itself failed, ours."""
    if isinstance(error, EngineClosedError):
        return ApiError(503, str(error), code="engine_stopped", headers={"Retry-After": "30", "Connection": "close"})
    if isinstance(error, FitError | WorkError):
        return ApiError(500, str(error), code="engine_error")
    return ApiError(400, str(error), param=param, code=code)


class ClientGone(Exception):  # noqa: N818 (nobody's error)
    """Nobody waits for the answer any more."""
