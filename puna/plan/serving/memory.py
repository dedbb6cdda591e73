"""What fits: weights in their format, and a cache of keys and values that grows with every token of every user.

Llama 3 shares each key and value head among 4 to 16 query heads, so a token leaves 128 KiB in 8B's cache and 504 KiB in 405B's, where Llama 2 7B, without
sharing, left 512 (bf16; 2 * layers * KV heads * head width * bytes). Calculators that forget the sharing, or the factor 2, are wrong by up to 16.

Not all of a device's memory may be filled: activations, buffers and fragments take a tenth of a GPU or a server; a laptop's or a phone's system keeps more.
The memory of several chips counts as one, which needs weights and cache to be cut evenly among them, as tensor and pipeline parallelism do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from puna.errors import ConfigError
from puna.plan.devices import Device, chip_of
from puna.plan.formats import Format, weight_bytes

if TYPE_CHECKING:
    from puna.plan.serving.model import Model

# The share of memory that a model may fill, by kind of device. A laptop's is what macOS lets its GPU use of unified memory by default; a phone's is about what
# its system lets one application have.
USABLE = {"laptop": 0.75, "phone": 0.5}
USABLE_ELSEWHERE = 0.9
CACHE_BYTES: Mapping[str, int] = {"bf16": 2, "fp8": 1, "int8": 1}
"""Bytes of one element of the cache, by its format."""


MOST_USERS = 10**9


@dataclass(frozen=True)
class Load:
    """What is asked of a server: `batch` sequences at once of `context` tokens each, prompt and answer together; `cache` is the format of keys and values."""

    context: int = 8192
    batch: int = 1
    cache: str = "bf16"

    def check(self, model: Model) -> None:
        """Raise `ConfigError` where the load cannot be served by `model` on any device."""
        if self.cache not in CACHE_BYTES:
            raise ConfigError(f"no cache format is called '{self.cache}'; known: {', '.join(CACHE_BYTES)}")
        if self.context < 1 or not 1 <= self.batch <= MOST_USERS:
            raise ConfigError(
                f"a context of {self.context:,} tokens for {self.batch:,} users: give 1 or more tokens, and 1 to {MOST_USERS:,} users"
            )
        if self.context > model.sized.llama.max_positions:
            raise ConfigError(
                f"a context of {self.context:,} tokens is beyond the {model.sized.llama.max_positions:,} positions of {model.name}; "
                f"give at most {model.sized.llama.max_positions:,}"
            )


@dataclass(frozen=True)
class Fit:
    """Whether a model and a load fit into a device, in bytes. `users` of the load's context fit beside the weights, and one user's longest context is `longest`."""

    fits: bool
    usable_bytes: float
    weight_bytes: float
    cache_bytes: float
    kv_bytes_per_token: int
    users: int
    longest: int

    @property
    def needed_bytes(self) -> float:
        return self.weight_bytes + self.cache_bytes


def usable_bytes(device: Device) -> float:
    """Return the memory of `device` that weights and cache may fill."""
    return device.memory_bytes * USABLE.get(chip_of(device).kind, USABLE_ELSEWHERE)


def fit(model: Model, form: Format, device: Device, load: Load) -> Fit:
    """Return whether `model` in `form` fits into `device` under `load`. Activations are in the share that is left free."""
    per_token = round(model.sized.kv_bytes_per_token(CACHE_BYTES[load.cache]))
    weights, usable = weight_bytes(model.sized, form), usable_bytes(device)
    cache = float(per_token) * load.context * load.batch
    left = max(usable - weights, 0.0)
    return Fit(
        fits=weights + cache <= usable, usable_bytes=usable, weight_bytes=weights, cache_bytes=cache, kv_bytes_per_token=per_token,
        users=int(left // (per_token * load.context)), longest=min(int(left // (per_token * load.batch)), model.sized.llama.max_positions),
    )  # fmt: skip


def default_context(model: Model) -> int:
    """Return the context that is asked of a model when nobody says: 8,192 tokens, or its positions where they are fewer."""
    return min(Load.context, model.sized.llama.max_positions)
