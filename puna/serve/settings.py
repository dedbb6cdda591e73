"""What a server is told: where it listens, who may ask, and how much of everything it gives to one who does.

Every bound exists because its absence is a way to take the server from everybody else: a body without end, a queue without end, a reader who never reads.
"""

from __future__ import annotations

import ipaddress
import re

from pydantic import Field, field_validator

from puna.errors import ConfigError
from puna.settings import Settings

_KEY = re.compile(r"[\x21-\x7e]+")


class ServeSettings(Settings):
    """Limits and identity of one server.

    `api_keys` empty lets anybody in. `allowed_hosts` are further names by which a browser may call it (`security.py`). `max_waiting` counts answers beyond those that the engine writes at once;
    `max_choices` answers of one request. `max_answer` is the most tokens that one answer may be asked for, None: what the context has. Times are in seconds: `deadline` for a whole answer,
    `stall` for a reader who takes nothing, `body_timeout` for a body to arrive. `max_unread` are tokens that may wait for a reader who has stopped reading.
    """

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    name: str = Field(default="puna", min_length=1)
    api_keys: tuple[str, ...] = Field(default=(), repr=False)
    allowed_hosts: tuple[str, ...] = ()
    max_waiting: int = Field(default=256, ge=0)
    max_choices: int = Field(default=16, ge=1)
    max_answer: int | None = Field(default=None, ge=1)
    max_body: int = Field(default=4 << 20, ge=1024)
    max_connections: int = Field(default=2048, ge=1)
    deadline: float = Field(default=600, gt=0)
    stall: float = Field(default=30, gt=0)
    body_timeout: float = Field(default=30, gt=0)
    max_unread: int = Field(default=4096, ge=1)

    @field_validator("api_keys")
    @classmethod
    def _can_be_sent(cls, keys: tuple[str, ...]) -> tuple[str, ...]:
        # No ValueError: its message would hold what was given, and a key is printed nowhere.
        if not all(_KEY.fullmatch(key) for key in keys):
            raise ConfigError("an API key is one or more visible ASCII characters without spaces, for it travels in a header")
        return keys

    @property
    def is_loopback(self) -> bool:
        """Return whether only this machine can reach the server."""
        return is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """Return whether `host` (a name or an address) means this machine alone."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
