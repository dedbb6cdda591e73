"""Keys and values of the tokens already read, so that each new token costs one token's work.

One tensor of keys and one of values per layer, `[rows, K, tokens, N]`: a row is one sequence, lying from the left. Room for tokens grows by doubling, up to
the model's context. When a sequence ends, the last row moves into its place, so live rows always lie together, and a step reads no dead row.

The cache brings its own attention to the model (see `model/attention.py`): a step is a list of pieces, `count` new tokens of a row after those it has. A
prompt may be read in several pieces and several rows in one step; the result is what one uncached pass would give.

Shapes: T new tokens of all pieces, R rows, H query heads, K key-value heads, G query heads to each of them, L tokens in the cache, N head width.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from puna.model.attention import AttentionMetadata, packed
from puna.model.config import LlamaConfig

FIRST_TOKENS = 64


@dataclass(frozen=True, slots=True)
class Piece:
    """The next `count` tokens of a row."""

    row: int
    count: int


class KVCache:
    """Keys and values of up to `max_rows` sequences. `lengths[row]` counts the tokens of each live row."""

    def __init__(self, config: LlamaConfig, *, max_rows: int, dtype: torch.dtype, device: torch.device | str = "cpu") -> None:
        self.config, self.device = config, torch.device(device)
        self.lengths: list[int] = []
        shape = (max_rows, config.num_kv_heads, 0, config.head_dim)
        self.keys = [torch.empty(shape, dtype=dtype, device=device) for _ in range(config.num_layers)]
        self.values = [torch.empty(shape, dtype=dtype, device=device) for _ in range(config.num_layers)]

    @property
    def capacity(self) -> int:
        """Return the tokens that a row has room for now."""
        return self.keys[0].shape[2]

    def add_row(self) -> int:
        """Begin an empty sequence and return its row."""
        assert len(self.lengths) < self.keys[0].shape[0]
        self.lengths.append(0)
        return len(self.lengths) - 1

    def drop_row(self, row: int) -> None:
        """Forget a sequence. The last row takes its place, so the caller does the same with what it keeps by row."""
        last = len(self.lengths) - 1
        if row != last:
            for kept in (*self.keys, *self.values):
                kept[row, :, : self.lengths[last]] = kept[last, :, : self.lengths[last]]
            self.lengths[row] = self.lengths[last]
        self.lengths.pop()

    def step(self, pieces: Sequence[Piece]) -> AttentionMetadata:
        """Return what the model needs to read `pieces`, whose tokens it gets end to end; the rows' lengths count them from now on.

        No row may come twice, and none may grow beyond the context.
        """
        starts = [self.lengths[piece.row] for piece in pieces]
        ends = [start + piece.count for start, piece in zip(starts, pieces, strict=True)]
        assert len({piece.row for piece in pieces}) == len(pieces)
        assert max(ends) <= self.config.max_positions
        self._reserve(max(ends))
        for piece, end in zip(pieces, ends, strict=True):
            self.lengths[piece.row] = end
        positions_T = torch.cat([torch.arange(start, end) for start, end in zip(starts, ends, strict=True)])
        rows_T = torch.repeat_interleave(torch.tensor([piece.row for piece in pieces]), torch.tensor([piece.count for piece in pieces]))
        attention = CachedAttention(self, pieces, starts, rows_T.to(self.device), positions_T.to(self.device))
        return AttentionMetadata(positions_T.to(self.device), attention)

    def _reserve(self, tokens: int) -> None:
        if tokens <= self.capacity:
            return
        wanted = max(self.capacity, FIRST_TOKENS)
        while wanted < tokens:
            wanted *= 2
        room = min(wanted, self.config.max_positions) - self.capacity
        for tensors in (self.keys, self.values):
            for layer, kept in enumerate(tensors):
                tensors[layer] = F.pad(kept, (0, 0, 0, room))


class CachedAttention:
    """One step's attention: writes the new keys and values, then lets each token see its row up to itself."""

    def __init__(self, cache: KVCache, pieces: Sequence[Piece], starts: Sequence[int], rows_T: Tensor, positions_T: Tensor) -> None:
        self._cache, self._rows_T, self._positions_T = cache, rows_T, positions_T
        self._rows = [piece.row for piece in pieces]
        self._counts = [piece.count for piece in pieces]
        self._starts = list(starts)
        self._num_rows = len(cache.lengths)
        self._one_each = all(count == 1 for count in self._counts) and self._rows == list(range(self._num_rows))
        self._longest = max(start + count for start, count in zip(self._starts, self._counts, strict=True))
        # Rows of equal length hide nothing from each other's masks, and attention without a mask is faster.
        self._seen_R11L = self._seen() if self._one_each and len(set(self._starts)) > 1 else None
        self._fresh = None
        if not any(self._starts):
            firsts = torch.tensor([0, *self._counts[:-1]]).cumsum(0).tolist()
            self._fresh = packed(firsts, len(rows_T), device=cache.device).attend

    def __call__(self, layer: int, q_THN: Tensor, k_TKN: Tensor, v_TKN: Tensor) -> Tensor:
        keys_RKLN, values_RKLN = self._cache.keys[layer], self._cache.values[layer]
        keys_RKLN[self._rows_T, :, self._positions_T] = k_TKN
        values_RKLN[self._rows_T, :, self._positions_T] = v_TKN
        if self._fresh is not None:
            return self._fresh(layer, q_THN, k_TKN, v_TKN)
        if self._one_each:
            return self._decode(q_THN, keys_RKLN, values_RKLN)
        spans = zip(torch.split(q_THN, self._counts), self._rows, self._starts, strict=True)
        return torch.cat([_continued(q, keys_RKLN[row], values_RKLN[row], start) for q, row, start in spans])

    def _decode(self, q_THN: Tensor, keys_RKLN: Tensor, values_RKLN: Tensor) -> Tensor:
        """One new token in every row. The heads of a group stand where queries of several tokens would, so that no key is repeated for them."""
        q_RKGN = q_THN.view(len(q_THN), keys_RKLN.shape[1], -1, q_THN.shape[-1])
        seen = slice(0, self._num_rows), slice(None), slice(0, self._longest)
        o_RKGN = F.scaled_dot_product_attention(q_RKGN, keys_RKLN[seen], values_RKLN[seen], attn_mask=self._seen_R11L)
        return o_RKGN.flatten(1, 2)

    def _seen(self) -> Tensor:
        lengths_R = torch.tensor([start + 1 for start in self._starts])
        return (torch.arange(self._longest) < lengths_R[:, None])[:, None, None].to(self._cache.device)


def _continued(q_THN: Tensor, keys_KLN: Tensor, values_KLN: Tensor, start: int) -> Tensor:
    """Attend from tokens `start`… of one row to all before them and themselves."""
    count = len(q_THN)
    end = start + count
    seen_TL = torch.ones(count, end, dtype=torch.bool, device=q_THN.device).tril(start)
    o_1HTN = F.scaled_dot_product_attention(
        q_THN.transpose(0, 1)[None], keys_KLN[None, :, :end], values_KLN[None, :, :end], attn_mask=seen_TL, enable_gqa=True
    )
    return o_1HTN[0].transpose(0, 1)
