"""A tensor's bytes as files hold them: rows in order, little-endian, in the dtype asked for.

A tensor is written in pieces, so that converting the dtype, straightening a view or fetching from a GPU costs a piece's memory and not another tensor's.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from puna.errors import FormatError

if TYPE_CHECKING:
    from torch import Tensor

PIECE_BYTES = 4 * 2**20


def raw_bytes(name: str, tensor: Tensor, *, dtype: str) -> Iterator[memoryview]:
    """Yield the bytes of `tensor` in `dtype`, about `PIECE_BYTES` at a time. Raises `FormatError` where a value is too large for float16."""
    import torch

    wanted: torch.dtype = getattr(torch, dtype)
    rows = max(1, PIECE_BYTES * tensor.shape[0] // (tensor.numel() * 4))
    for first in range(0, tensor.shape[0], rows):
        piece = tensor.detach()[first : first + rows]
        stored = piece.to("cpu", wanted).contiguous()
        if wanted == torch.float16 and piece.dtype != wanted and _overflowed(piece, stored):
            raise FormatError(f"'{name}' holds values beyond float16's 65504; choose bfloat16 or float32")
        yield stored.view(torch.uint8).numpy().data


def _overflowed(piece: Tensor, stored: Tensor) -> bool:
    """Say whether a number became infinite on the way; the extremes, which are quick to find, tell whether to look closer."""
    import torch

    if torch.isfinite(torch.stack(torch.aminmax(stored))).all():
        return False
    return bool((torch.isinf(stored) & ~torch.isinf(piece.cpu())).any())
