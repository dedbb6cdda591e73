"""Attention over packed tokens: which token may see which is data that travels beside the tokens, not code in the model.

The model gets one flat row of tokens and an `AttentionMetadata`: each token's position in its document, and a callable that mixes the tokens. Training packs
documents end to end and each sees only itself (arXiv 2407.21783, section 3.2); generation reads keys and values from a cache. Both run the same
model code.

Shapes: T tokens, H query heads, K key-value heads, X either, N head width, S documents (of one length, in a batch).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor


class Attend(Protocol):
    """Mixes tokens in one layer: `(layer, q_THN, k_TKN, v_TKN) -> o_THN`; keys arrive rotated."""

    def __call__(self, layer: int, q_THN: Tensor, k_TKN: Tensor, v_TKN: Tensor) -> Tensor: ...


@dataclass(frozen=True)
class AttentionMetadata:
    """What the model must know of its tokens: their positions (int64, from 0 in each document) and how they attend."""

    positions_T: Tensor
    attend: Attend


def packed(starts: Sequence[int], num_tokens: int, *, device: torch.device | str = "cpu") -> AttentionMetadata:
    """Describe documents that lie end to end; document `i` begins at token `starts[i]`, and `starts[0]` is 0."""
    starts_S = torch.as_tensor(starts, dtype=torch.int64)
    lengths_S = torch.diff(starts_S, append=torch.tensor([num_tokens]))
    positions_T = (torch.arange(num_tokens) - starts_S.repeat_interleave(lengths_S)).to(device)
    return AttentionMetadata(positions_T, PackedAttention(positions_T))


class PackedAttention:
    """Causal attention within each document. A document begins wherever the position is 0."""

    def __init__(self, positions_T: Tensor) -> None:
        self._positions_T = positions_T

    def __call__(self, layer: int, q_THN: Tensor, k_TKN: Tensor, v_TKN: Tensor) -> Tensor:
        if q_THN.device.type == "cpu":
            return _attend(q_THN, k_TKN, v_TKN, self._positions_T)[0]  # type: ignore[no-any-return]
        parts = [causal(q_THN[rows], k_TKN[rows], v_TKN[rows]) for rows in documents(self._positions_T)]
        return torch.cat(parts)


def documents(positions_T: Tensor) -> list[slice]:
    """Return each document's tokens."""
    bounds = [*(positions_T == 0).nonzero().flatten().tolist(), len(positions_T)]
    return [slice(start, end) for start, end in itertools.pairwise(bounds)]


def causal(q_THN: Tensor, k_TKN: Tensor, v_TKN: Tensor) -> Tensor:
    """Return one document's causal attention, `[T, H, N]`; query head `h` reads key-value head `h // (H // K)`."""
    q_1HTN, k_1KTN, v_1KTN = (x.transpose(0, 1)[None] for x in (q_THN, k_TKN, v_TKN))
    o_1HTN = F.scaled_dot_product_attention(q_1HTN, k_1KTN, v_1KTN, is_causal=True, enable_gqa=True)
    return o_1HTN[0].transpose(0, 1)


def _runs(positions_T: Tensor) -> list[tuple[slice, int]]:
    """Group neighbouring documents of equal length, which one kernel call can take: their tokens, and how many they are."""
    grouped = [list(group) for _, group in itertools.groupby(documents(positions_T), key=lambda rows: rows.stop - rows.start)]
    return [(slice(group[0].start, group[-1].stop), len(group)) for group in grouped]


def _batched(x_TXN: Tensor, rows: slice, num: int, num_heads: int) -> Tensor:
    """View `num` documents as a batch, `[num, H, tokens, N]`, each key-value head repeated for its queries."""
    _, heads, width = x_TXN.shape
    x_SXTN = x_TXN[rows].reshape(num, -1, heads, width).transpose(1, 2)
    return x_SXTN if x_SXTN.shape[1] == num_heads else x_SXTN.repeat_interleave(num_heads // x_SXTN.shape[1], dim=1)


def _flat(x_SHTN: Tensor, num_heads: int) -> Tensor:
    """Undo `_batched` for a gradient: sum over the queries that shared a head, and lay the documents end to end."""
    if x_SHTN.shape[1] != num_heads:
        num, repeated, tokens, width = x_SHTN.shape
        x_SHTN = x_SHTN.reshape(num, num_heads, repeated // num_heads, tokens, width).sum(2)
    return x_SHTN.transpose(1, 2).flatten(0, 1)


# PyTorch's flash kernel for CPUs, called by hand for all documents of a batch at once: a graph with a node for each document would cost more than its
# attention, and to `torch.compile` the whole loop is one operation whose shapes do not depend on where documents end.
@torch.library.custom_op("puna::packed_attention", mutates_args=())
def _attend(q_THN: Tensor, k_TKN: Tensor, v_TKN: Tensor, positions_T: Tensor) -> tuple[Tensor, Tensor]:
    """Return `o_THN` and the log of each query's softmax denominator, `[T, H]` in fp32."""
    num_heads = q_THN.shape[1]
    o_THN = torch.empty(q_THN.shape, dtype=q_THN.dtype)
    lse_TH = torch.empty(q_THN.shape[:2], dtype=torch.float32)
    for rows, num in _runs(positions_T):
        qkv = [_batched(x_TXN, rows, num, num_heads) for x_TXN in (q_THN, k_TKN, v_TKN)]
        o_SHTN, lse_SHT = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu(*qkv, 0.0, True)
        o_THN[rows] = _flat(o_SHTN, num_heads)
        lse_TH[rows] = lse_SHT.transpose(1, 2).flatten(0, 1)
    return o_THN, lse_TH


@_attend.register_fake
def _(q_THN: Tensor, k_TKN: Tensor, v_TKN: Tensor, positions_T: Tensor) -> tuple[Tensor, Tensor]:
    return q_THN.new_empty(q_THN.shape), q_THN.new_empty(q_THN.shape[:2], dtype=torch.float32)


@torch.library.custom_op("puna::packed_attention_backward", mutates_args=())
def _attend_backward(
    grad_THN: Tensor, q_THN: Tensor, k_TKN: Tensor, v_TKN: Tensor, o_THN: Tensor, lse_TH: Tensor, positions_T: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    num_heads = q_THN.shape[1]
    grads = tuple(torch.empty(x_TXN.shape, dtype=x_TXN.dtype) for x_TXN in (q_THN, k_TKN, v_TKN))
    for rows, num in _runs(positions_T):
        g_SHTN, q_SHTN, k_SHTN, v_SHTN, o_SHTN = (_batched(x, rows, num, num_heads) for x in (grad_THN, q_THN, k_TKN, v_TKN, o_THN))
        lse_SHT = lse_TH[rows].reshape(num, -1, num_heads).transpose(1, 2)
        parts = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward(
            g_SHTN, q_SHTN, k_SHTN, v_SHTN, o_SHTN, lse_SHT, 0.0, True
        )
        for grad_TXN, part_SHTN in zip(grads, parts, strict=True):
            grad_TXN[rows] = _flat(part_SHTN, grad_TXN.shape[1])
    return grads  # type: ignore[return-value]


@_attend_backward.register_fake
def _(
    grad_THN: Tensor, q_THN: Tensor, k_TKN: Tensor, v_TKN: Tensor, o_THN: Tensor, lse_TH: Tensor, positions_T: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    return q_THN.new_empty(q_THN.shape), k_TKN.new_empty(k_TKN.shape), v_TKN.new_empty(v_TKN.shape)


def _save(ctx: Any, inputs: tuple[Tensor, Tensor, Tensor, Tensor], output: tuple[Tensor, Tensor]) -> None:
    q_THN, k_TKN, v_TKN, positions_T = inputs
    ctx.save_for_backward(q_THN, k_TKN, v_TKN, *output, positions_T)


def _backward(ctx: Any, grad_THN: Tensor, grad_lse_TH: Tensor | None) -> tuple[Tensor, Tensor, Tensor, None]:
    grads = _attend_backward(grad_THN, *ctx.saved_tensors)
    return (*grads, None)


_attend.register_autograd(_backward, setup_context=_save)
