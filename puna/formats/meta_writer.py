"""Writing Meta's layout: every tensor cut for as many GPUs as there shall be files, and each slice streamed into its file.

All files are open at once and grow together, so the source is read once, whatever the number of files.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from puna.errors import FormatError
from puna.formats.hf_weights import EMBEDDING
from puna.formats.meta_params import is_llama2
from puna.formats.meta_weights import (
    COLUMNS,
    META_EMBEDDING,
    META_OUTPUT,
    ROWS,
    cut_axis,
    is_key_or_value,
    meta_name,
    rotary_heads,
    to_neighbours,
)
from puna.formats.pth_writer import PthWriter
from puna.model.config import LlamaConfig

if TYPE_CHECKING:
    from torch import Tensor

LARGEST_COUNT = 100  # file names have two digits


class MetaTarget:
    """Writes tensors by Hugging Face's names into Meta's files. Use `meta_target`."""

    def __init__(self, directory: Path, config: LlamaConfig, count: int) -> None:
        self._config, self._count = config, count
        # Every layer's table of cuts is the same, but the embedding's changed between Llama 2 and 3.
        self._embedding_axis = COLUMNS if is_llama2(config) else ROWS
        self._writers = [PthWriter(directory / f"consolidated.{number:02d}.pth") for number in range(count)]

    def write(self, name: str, tensor: Tensor, *, dtype: str) -> None:
        """Append one tensor's slices, stored in `dtype`. Raises `FormatError` for a value beyond it."""
        for number, writer in enumerate(self._writers):
            writer.write(meta_name(name), self._slice(name, tensor, number), dtype=dtype)

    def finish(self) -> None:
        """Write what makes each file whole. A tied model's output matrix is the embedding under a second name: Meta's loader asks for both."""
        for writer in self._writers:
            if self._config.tied:
                writer.alias(META_OUTPUT, META_EMBEDDING)
            writer.finish()

    def close(self) -> None:
        for writer in self._writers:
            writer.close()

    def _slice(self, name: str, tensor: Tensor, number: int) -> Tensor:
        axis = self._embedding_axis if name == EMBEDDING else cut_axis(name)
        if axis is None:
            return tensor
        count, place = self._count, number
        if is_key_or_value(name) and count > self._config.num_kv_heads:
            count, place = self._config.num_kv_heads, number * self._config.num_kv_heads // self._count
        width = tensor.shape[axis] // count
        piece = tensor.narrow(axis, place * width, width)
        heads = rotary_heads(name, self._config)
        return piece if heads is None else to_neighbours(piece, heads // count)


@contextlib.contextmanager
def meta_target(directory: Path, config: LlamaConfig, *, count: int) -> Iterator[MetaTarget]:
    """Yield a target of `count` files, which `check_cut` has allowed."""
    with contextlib.closing(MetaTarget(directory, config, count)) as target:
        yield target
        target.finish()


def check_cut(config: LlamaConfig, count: int, *, where: str) -> None:
    """Raise `FormatError` where the model cannot be cut into `count` files."""
    if not 1 <= count <= LARGEST_COUNT:
        raise FormatError(f"--shards is {count}; Meta's file names count from 1 to {LARGEST_COUNT} files")
    embedding = (config.dim, "columns of the embedding") if is_llama2(config) else (config.vocab_size, "rows of the embedding")
    for whole, what in (
        (config.num_heads, "heads"),
        (config.ffn_dim, "feed-forward rows"),
        (config.vocab_size, "rows of the output"),
        embedding,
    ):
        if whole % count:
            raise FormatError(f"{where}: {whole} {what} cannot be cut into {count} equal parts; choose another --shards")
    if config.num_kv_heads % count and count % config.num_kv_heads:
        raise FormatError(
            f"{where}: {config.num_kv_heads} key-value heads can be neither cut into nor repeated over {count} files; choose another --shards"
        )
