"""Keys and values of the tokens already read, in blocks, so that each new token costs one token's work.

One tensor of keys and one of values a layer, `[slots, K, N]`: token `i` of a sequence lies in slot `i % B` of its block number `i // B`. A step is a list of spans, each the next
tokens of one sequence, and brings its own attention to the model (`model/attention.py`): in every layer all new keys and values are written before any is read, so that one
sequence may see, in the same step, blocks that another is just filling.

Spans of like size and length are read together. Their blocks are copied into a small scratch first, one long row for each, and the ordinary kernel runs on that: a scratch that stays
in the processor's cache makes the copy almost free (50 ms against 54 without any, for 64 sequences of 1,024 tokens on 8 heads of 64), and no kernel of our own is needed.
Queries that share a key-value head lie side by side as if they were tokens, so that grouped heads are read once and never repeated.

Shapes: T new tokens of all spans, S spans read together, C tokens in each, H query heads, K key-value heads, G queries to each of these, L tokens of the longest, B tokens of a block, N width.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from puna.model.attention import AttentionMetadata, packed
from puna.model.config import LlamaConfig

BLOCK_SIZE = 16
# Of keys and values copied at once: half of a core's share of the last cache. GPUs have memory fast enough, and calls dear enough, for more.
SCRATCH_BYTES = {"cpu": 4 << 20, "cuda": 256 << 20}
# How much longer than the shortest the longest of spans read together may be.
PADDING = 1.25


@dataclass(frozen=True, slots=True)
class Span:
    """The next `count` tokens of a sequence that has `start` tokens in the cache; `blocks` hold them all."""

    blocks: Sequence[int]
    start: int
    count: int

    @property
    def end(self) -> int:
        return self.start + self.count


class PagedCache:
    """Memory for `num_blocks` blocks of keys and values. It is zero at first, so that what a mask hides is always a number; on a CPU no page exists before it is written."""

    def __init__(
        self,
        config: LlamaConfig,
        *,
        num_blocks: int,
        dtype: torch.dtype,
        device: torch.device | str = "cpu",
        block_size: int = BLOCK_SIZE,
    ) -> None:
        self.config, self.num_blocks, self.block_size, self.device = config, num_blocks, block_size, torch.device(device)
        shape = (num_blocks * block_size, config.num_kv_heads, config.head_dim)
        self.keys = [_zeros(shape, dtype, self.device) for _ in range(config.num_layers)]
        self.values = [_zeros(shape, dtype, self.device) for _ in range(config.num_layers)]
        self._scratch = torch.empty(0, dtype=dtype, device=device)

    @property
    def num_bytes(self) -> int:
        """Return the bytes of all blocks."""
        return sum(tensor.nbytes for tensor in (*self.keys, *self.values))

    def step(self, spans: Sequence[Span]) -> AttentionMetadata:
        """Return what the model needs to read `spans`, whose tokens it gets end to end."""
        assert all(0 < span.end <= min(len(span.blocks) * self.block_size, self.config.max_positions) for span in spans)
        positions_T = torch.cat([torch.arange(span.start, span.end) for span in spans])
        slots_T = torch.cat([self._slots(span) for span in spans])
        return AttentionMetadata(positions_T.to(self.device), PagedAttention(self, spans, slots_T.to(self.device)))

    def scratch(self, *shape: int) -> tuple[Tensor, Tensor]:
        """Return room for two tensors of `shape`, the same memory at every call."""
        size = torch.Size(shape).numel()
        if self._scratch.numel() < 2 * size:
            self._scratch = torch.empty(2 * size, dtype=self._scratch.dtype, device=self.device)
        return self._scratch[:size].view(shape), self._scratch[size : 2 * size].view(shape)

    def mend(self, blocks: Sequence[int]) -> None:
        """Make numbers of whatever in `blocks` is none, before others get them: a mask gives what it hides no weight, and no weight times no number is no number."""
        slots_T = (torch.tensor(blocks)[:, None] * self.block_size + torch.arange(self.block_size)).flatten().to(self.device)
        for tensor in (*self.keys, *self.values):
            tensor[slots_T] = tensor[slots_T].nan_to_num(0.0, 0.0, 0.0)

    def _slots(self, span: Span) -> Tensor:
        places_T = torch.arange(span.start, span.end)
        first = span.start // self.block_size
        blocks = torch.tensor(span.blocks[first : -(-span.end // self.block_size)])
        return blocks[places_T // self.block_size - first] * self.block_size + places_T % self.block_size


class PagedAttention:
    """One step's attention: writes the new keys and values, then lets each token see its sequence up to itself."""

    def __init__(self, cache: PagedCache, spans: Sequence[Span], slots_T: Tensor) -> None:
        self._cache, self._slots_T = cache, slots_T
        firsts = torch.tensor([0, *(span.count for span in spans)]).cumsum(0).tolist()
        whole = [number for number, span in enumerate(spans) if not span.start]
        # Sequences that begin in this step see nothing but themselves: they are what training packs, and need not be read back from the cache.
        self._fresh_T = _rows(spans, firsts, whole, cache.device)
        starts = torch.tensor([0, *(spans[number].count for number in whole)]).cumsum(0).tolist()
        self._fresh = packed(starts[:-1], starts[-1], device=cache.device).attend if whole else None
        self._groups = [
            _Group(cache, [spans[n] for n in numbers], _rows(spans, firsts, numbers, cache.device)) for numbers in _alike(cache, spans)
        ]

    def __call__(self, layer: int, q_THN: Tensor, k_TKN: Tensor, v_TKN: Tensor) -> Tensor:
        keys, values = self._cache.keys[layer], self._cache.values[layer]
        keys.index_copy_(0, self._slots_T, k_TKN)
        values.index_copy_(0, self._slots_T, v_TKN)
        if self._fresh is not None and not self._groups:
            return self._fresh(layer, q_THN, k_TKN, v_TKN)
        o_THN = torch.empty_like(q_THN)
        if self._fresh is not None:
            o_THN[self._fresh_T] = self._fresh(layer, q_THN[self._fresh_T], k_TKN[self._fresh_T], v_TKN[self._fresh_T])
        for group in self._groups:
            o_THN[group.rows_T] = group.attend(q_THN[group.rows_T], keys, values)
        return o_THN


class _Group:
    """Spans of one size, and of nearly one length, that one call of the kernel reads."""

    def __init__(self, cache: PagedCache, spans: Sequence[Span], rows_T: Tensor) -> None:
        self.rows_T = rows_T
        self._cache, self._count = cache, spans[0].count
        size, longest = cache.block_size, max(span.end for span in spans)
        width = -(-longest // size)
        # Who is shorter sees his own first block again instead of a stranger's: what is masked still has to be a number.
        tables = [[*span.blocks[:width], *[span.blocks[0]] * (width - len(span.blocks))] for span in spans]
        self._blocks = torch.tensor(tables, device=cache.device).flatten()
        self._shape = (len(spans), width * size, cache.config.num_kv_heads, cache.config.head_dim)
        ends_SC1 = torch.tensor([[[start + 1] for start in range(span.start, span.end)] for span in spans], device=cache.device)
        seen_SCL = torch.arange(width * size, device=cache.device) < ends_SC1
        queries_to_each = cache.config.num_heads // cache.config.num_kv_heads
        self._seen = seen_SCL.repeat_interleave(queries_to_each, dim=1)[:, None]

    def attend(self, q_THN: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        """Return the spans' outputs, `[T, H, N]`, from the layer's `keys` and `values`."""
        spans, _, heads, width = self._shape
        k_SLKN, v_SLKN = self._gathered(keys, values)
        q_SKGN = q_THN.view(spans, self._count, heads, -1, width).transpose(1, 2).flatten(2, 3)
        o_SKGN = F.scaled_dot_product_attention(q_SKGN, k_SLKN.transpose(1, 2), v_SLKN.transpose(1, 2), attn_mask=self._seen)
        return o_SKGN.view(spans, heads, self._count, -1, width).transpose(1, 2).reshape(spans * self._count, -1, width)

    def _gathered(self, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        size = self._cache.block_size * keys.shape[1] * keys.shape[2]
        found = self._cache.scratch(len(self._blocks), size)
        for kept, out in zip((keys, values), found, strict=True):
            torch.index_select(kept.view(-1, size), 0, self._blocks, out=out)
        return found[0].view(self._shape), found[1].view(self._shape)


def _zeros(shape: tuple[int, ...], dtype: torch.dtype, device: torch.device) -> Tensor:
    """Return zeros; on a CPU from NumPy, which takes them from the system as pages that do not exist yet, where PyTorch would write every one."""
    if device.type != "cpu":
        return torch.zeros(shape, dtype=dtype, device=device)
    return torch.from_numpy(np.zeros(math.prod(shape) * dtype.itemsize, dtype=np.uint8)).view(dtype).view(shape)


def _rows(spans: Sequence[Span], firsts: Sequence[int], numbers: Sequence[int], device: torch.device) -> Tensor:
    """Return where the tokens of some spans lie in the step."""
    return torch.cat([torch.arange(firsts[n], firsts[n] + spans[n].count) for n in numbers] or [torch.empty(0, dtype=torch.long)]).to(
        device
    )


def _alike(cache: PagedCache, spans: Sequence[Span]) -> Iterator[list[int]]:
    """Group the spans that go on from something in the cache, by number: one count of tokens, little padding, no more than fits the scratch."""
    size = cache.config.kv_dim * cache.keys[0].element_size()
    room = SCRATCH_BYTES[cache.device.type] // (2 * size)
    going_on = sorted((n for n, span in enumerate(spans) if span.start), key=lambda n: (spans[n].count, -spans[n].end, n))
    group: list[int] = []
    for number in going_on:
        first = spans[group[0]] if group else None
        if first and (
            spans[number].count != first.count
            or first.end > PADDING * spans[number].end + cache.block_size
            or (len(group) + 1) * first.end > room
        ):
            yield group
            group = []
        group.append(number)
    if group:
        yield group
