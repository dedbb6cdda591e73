"""The blocked element-wise operations give what the plain formulas give, forward and backward."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from puna.model import fused

ROWS = 2 * fused.BLOCK_ELEMENTS // 64 + 3  # more than two blocks, and the last one is short


def run(function: Callable[..., Tensor], inputs: list[Tensor], num_differentiable: int) -> list[Tensor]:
    leaves = [x.clone().requires_grad_(i < num_differentiable) for i, x in enumerate(inputs)]
    output = function(*leaves)
    grad = torch.randn(output.shape, generator=torch.Generator().manual_seed(1)).to(output.dtype)
    output.backward(grad)
    return [output.detach(), *[leaf.grad for leaf in leaves[:num_differentiable]]]


CASES = {
    "rms_norm": (lambda x, w: fused.rms_norm(x, w, 1e-5), [(ROWS, 64), (64,)], 2),
    "swiglu": (fused.swiglu, [(ROWS, 128)], 1),
    "rotate": (fused.rotate, [(ROWS, 4, 16), (ROWS, 8), (ROWS, 8)], 1),
}


@pytest.mark.parametrize("name", CASES)
def test_blocked_equals_the_plain_formula_in_double_precision(name: str) -> None:
    function, shapes, num_differentiable = CASES[name]
    inputs = [torch.randn(shape, generator=torch.Generator().manual_seed(i)) for i, shape in enumerate(shapes)]
    assert fused.runs_in_blocks(inputs[0])
    blocked = run(function, inputs, num_differentiable)
    plain = run(function, [x.double() for x in inputs], num_differentiable)
    for got, want in zip(blocked, plain, strict=True):
        torch.testing.assert_close(got.double(), want, rtol=1e-4, atol=1e-4 * float(want.abs().max()))


def test_blocks_cover_every_row_once() -> None:
    for rows, width in [(1, 1), (1000, 3), (5, 10**7), (fused.BLOCK_ELEMENTS, 1), (4097, 4096)]:
        assert [row for part in fused.blocks(rows, width) for row in range(part.start, part.stop)] == list(range(rows))


def test_strided_views_are_read_right() -> None:
    wide = torch.randn(ROWS, 6, 16)
    cos, sin = torch.rand(ROWS, 8), torch.rand(ROWS, 8)
    torch.testing.assert_close(fused.rotate(wide[:, 1:5], cos, sin), fused.rotate(wide[:, 1:5].contiguous(), cos, sin))
