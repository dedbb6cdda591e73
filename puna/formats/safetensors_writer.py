"""Writing safetensors one tensor at a time.

The container is simple: eight bytes that say how long the header is, a JSON header that says for each tensor its dtype, shape and place, then the numbers
without a gap. Shapes are known before any weight is read, so the header can go first and the tensors follow as they come: no file is ever held in memory,
which the library's own `save_file` asks for.
"""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from puna.files import write_json
from puna.formats.raw import raw_bytes
from puna.formats.safetensors_reader import DTYPE_NAMES, INDEX, SINGLE
from puna.formats.weights import DTYPE_BYTES

if TYPE_CHECKING:
    from torch import Tensor

SHARD_BYTES = 5_000_000_000
_CODES = {name: code for code, name in DTYPE_NAMES.items()}


@dataclass(frozen=True, slots=True)
class Planned:
    """One tensor to come: Hugging Face's name, its shape, and the dtype to store it in (`"bfloat16"`)."""

    name: str
    shape: tuple[int, ...]
    dtype: str

    @property
    def num_bytes(self) -> int:
        return math.prod(self.shape) * DTYPE_BYTES[self.dtype]


class SafetensorsTarget:
    """Writes the planned tensors in their order into `directory`. Use `safetensors_target`."""

    def __init__(self, directory: Path, plan: Sequence[Planned], shard_bytes: int) -> None:
        self._directory = directory
        self._shards = _plan_shards(plan, shard_bytes)
        self._opened = 0
        self._left: list[Planned] = []
        self._file: IO[bytes] | None = None

    def write(self, name: str, tensor: Tensor) -> None:
        """Append one tensor, which must be the next of the plan; it is stored in the dtype planned. Raises `FormatError` for a value beyond it."""
        if not self._left:
            self._next_file()
        planned = self._left.pop(0)
        assert self._file is not None
        assert (planned.name, planned.shape) == (name, tuple(tensor.shape))
        for piece in raw_bytes(name, tensor, dtype=planned.dtype):
            self._file.write(piece)

    def finish(self) -> None:
        """Close the last file and write the index, where there are several."""
        self.close()
        assert not self._left
        assert self._opened == len(self._shards)
        if len(self._shards) == 1:
            return
        weight_map = {planned.name: self._name(number) for number, shard in enumerate(self._shards) for planned in shard}
        total = sum(planned.num_bytes for shard in self._shards for planned in shard)
        write_json(self._directory / INDEX, {"metadata": {"total_size": total}, "weight_map": weight_map})

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _next_file(self) -> None:
        self.close()
        self._left = list(self._shards[self._opened])
        self._file = (self._directory / self._name(self._opened)).open("wb")
        self._file.write(_header(self._left))
        self._opened += 1

    def _name(self, number: int) -> str:
        return SINGLE if len(self._shards) == 1 else f"model-{number + 1:05d}-of-{len(self._shards):05d}.safetensors"


@contextlib.contextmanager
def safetensors_target(directory: Path, plan: Sequence[Planned], *, shard_bytes: int = SHARD_BYTES) -> Iterator[SafetensorsTarget]:
    """Yield a target for the tensors of `plan`; beyond `shard_bytes` they are split into several files with an index."""
    target = SafetensorsTarget(directory, plan, shard_bytes)
    with contextlib.closing(target):
        yield target
        target.finish()


def _plan_shards(plan: Sequence[Planned], shard_bytes: int) -> list[list[Planned]]:
    """Return which tensors go into which file: in order, a new file where the next tensor would overfill the last."""
    shards: list[list[Planned]] = [[]]
    filled = 0
    for planned in plan:
        if shards[-1] and filled + planned.num_bytes > shard_bytes:
            shards.append([])
            filled = 0
        shards[-1].append(planned)
        filled += planned.num_bytes
    return shards


def _header(shard: Sequence[Planned]) -> bytes:
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    offset = 0
    for planned in shard:
        end = offset + planned.num_bytes
        header[planned.name] = {"dtype": _CODES[planned.dtype], "shape": planned.shape, "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header, separators=(",", ":")).encode()
    # Spaces up to a multiple of eight, so that the tensors behind are aligned in a mapped file.
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text
