"""The element-wise parts of a Llama, each in one pass over memory.

Written as plain formulas, RMSNorm, the rotation and SwiGLU each read and write whole activations several times, and on a CPU that memory traffic (and the
page faults behind every large temporary) costs as much as a matrix product. These operations do the same arithmetic on blocks of rows that stay in
the cache, and keep for the backward pass only what cannot be recomputed cheaply. Under `torch.compile` the plain formulas are used instead:
there the compiler fuses better. GPUs take the plain formulas too, where launching many small operations would cost more than it saves.

Shapes: T tokens, B rows of a block, D model width, F feed-forward width, X heads, N head width, R rotary pairs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

BLOCK_ELEMENTS = 2**17  # of one operand, 512 KB in fp32: a few such blocks fit into a core's share of the cache


def blocks(num_rows: int, width: int) -> Iterator[slice]:
    """Yield slices of rows that hold about `BLOCK_ELEMENTS` elements each."""
    step = max(BLOCK_ELEMENTS // width, 1)
    for start in range(0, num_rows, step):
        yield slice(start, min(start + step, num_rows))


def runs_in_blocks(x: Tensor) -> bool:
    """Say whether blocks pay for `x`: fp32 on a CPU, not being compiled, and more than one block of it."""
    return x.device.type == "cpu" and x.dtype == torch.float32 and x.numel() > BLOCK_ELEMENTS and not torch.compiler.is_compiling()


def rms_norm(x_TD: Tensor, weight_D: Tensor, eps: float) -> Tensor:
    """Scale each row to unit root mean square in fp32, cast back, then multiply by the weight (the family's order)."""
    if runs_in_blocks(x_TD):
        return _RMSNorm.apply(x_TD, weight_D, eps)  # type: ignore[no-any-return, no-untyped-call]
    wide_TD = x_TD.float()
    normal_TD = wide_TD * torch.rsqrt(wide_TD.square().mean(-1, keepdim=True) + eps)
    return normal_TD.to(x_TD.dtype) * weight_D


def rotate(x_TXN: Tensor, cos_TR: Tensor, sin_TR: Tensor) -> Tensor:
    """Turn each head's pairs; pair `i` is elements `i` and `i + R` (Hugging Face's layout of halves)."""
    if runs_in_blocks(x_TXN):
        return _Rotate.apply(x_TXN, cos_TR, sin_TR)  # type: ignore[no-any-return, no-untyped-call]
    a_TXR, b_TXR = x_TXN.chunk(2, dim=-1)
    cos_T1R, sin_T1R = cos_TR[:, None].to(x_TXN.dtype), sin_TR[:, None].to(x_TXN.dtype)
    return torch.cat((a_TXR * cos_T1R - b_TXR * sin_T1R, b_TXR * cos_T1R + a_TXR * sin_T1R), dim=-1)


def swiglu(gate_up_T2F: Tensor) -> Tensor:
    """Return `silu(gate) * up` of a row's two halves, `[T, F]`."""
    if runs_in_blocks(gate_up_T2F):
        return _SwiGLU.apply(gate_up_T2F)  # type: ignore[no-any-return, no-untyped-call]
    gate_TF, up_TF = gate_up_T2F.chunk(2, dim=-1)
    return F.silu(gate_TF) * up_TF


class _RMSNorm(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x_TD: Tensor, weight_D: Tensor, eps: float) -> Tensor:
        y_TD = torch.empty_like(x_TD)
        scale_T1 = x_TD.new_empty(x_TD.shape[0], 1)
        for rows in blocks(*x_TD.shape):
            y_BD = torch.mul(x_TD[rows], x_TD[rows], out=y_TD[rows])
            scale_B1 = torch.mean(y_BD, 1, keepdim=True, out=scale_T1[rows]).add_(eps).rsqrt_()
            torch.mul(x_TD[rows], scale_B1, out=y_BD).mul_(weight_D)
        ctx.save_for_backward(x_TD, weight_D, scale_T1)
        return y_TD

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_TD: Tensor) -> tuple[Tensor, Tensor, None]:
        """With n = x * scale and g = grad * weight: dx = scale * (g - n * mean(g * n))."""
        x_TD, weight_D, scale_T1 = ctx.saved_tensors
        grad_x_TD, grad_weight_D = torch.empty_like(x_TD), torch.zeros_like(weight_D)
        for rows in blocks(*x_TD.shape):
            normal_BD = x_TD[rows] * scale_T1[rows]
            product_BD = grad_TD[rows] * normal_BD
            grad_weight_D += product_BD.sum(0)
            mean_B1 = (product_BD @ weight_D)[:, None].div_(x_TD.shape[1])
            out_BD = torch.mul(grad_TD[rows], weight_D, out=grad_x_TD[rows])
            out_BD.sub_(normal_BD.mul_(mean_B1)).mul_(scale_T1[rows])
        return grad_x_TD, grad_weight_D, None


def _turn(x_TXN: Tensor, cos_TR: Tensor, sin_TR: Tensor, sign: int) -> Tensor:
    y_TXN = torch.empty(x_TXN.shape, dtype=x_TXN.dtype)
    for rows in blocks(x_TXN.shape[0], x_TXN[0].numel()):
        cos_B1R, sin_B1R = cos_TR[rows, None], sin_TR[rows, None]
        (a_BXR, b_BXR), (c_BXR, d_BXR) = x_TXN[rows].chunk(2, dim=-1), y_TXN[rows].chunk(2, dim=-1)
        torch.mul(a_BXR, cos_B1R, out=c_BXR).addcmul_(b_BXR, sin_B1R, value=-sign)
        torch.mul(b_BXR, cos_B1R, out=d_BXR).addcmul_(a_BXR, sin_B1R, value=sign)
    return y_TXN


class _Rotate(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x_TXN: Tensor, cos_TR: Tensor, sin_TR: Tensor) -> Tensor:
        ctx.save_for_backward(cos_TR, sin_TR)
        return _turn(x_TXN, cos_TR, sin_TR, 1)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_TXN: Tensor) -> tuple[Tensor, None, None]:
        """A rotation's transpose turns the other way."""
        cos_TR, sin_TR = ctx.saved_tensors
        return _turn(grad_TXN, cos_TR, sin_TR, -1), None, None


class _SwiGLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, gate_up_T2F: Tensor) -> Tensor:
        ctx.save_for_backward(gate_up_T2F)
        width = gate_up_T2F.shape[1] // 2
        y_TF = gate_up_T2F.new_empty(gate_up_T2F.shape[0], width)
        for rows in blocks(*y_TF.shape):
            gate_BF, up_BF = gate_up_T2F[rows].chunk(2, dim=-1)
            torch.sigmoid(gate_BF, out=y_TF[rows]).mul_(gate_BF).mul_(up_BF)
        return y_TF

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_TF: Tensor) -> Tensor:
        """With s = sigmoid(gate): d up = g * gate * s, d gate = g * up * s * (1 + gate * (1 - s))."""
        (gate_up_T2F,) = ctx.saved_tensors
        grad_gate_up_T2F = torch.empty_like(gate_up_T2F)
        for rows in blocks(*grad_TF.shape):
            gate_BF, up_BF = gate_up_T2F[rows].chunk(2, dim=-1)
            grad_gate_BF, grad_up_BF = grad_gate_up_T2F[rows].chunk(2, dim=-1)
            sigmoid_BF = torch.sigmoid(gate_BF)
            silu_BF = sigmoid_BF * gate_BF
            torch.mul(grad_TF[rows], silu_BF, out=grad_up_BF)
            # s * (1 + gate * (1 - s)) = s + silu - silu * s
            slope_BF = torch.addcmul(silu_BF, silu_BF, sigmoid_BF, value=-1).add_(sigmoid_BF)
            torch.mul(grad_TF[rows], up_BF, out=grad_gate_BF).mul_(slope_BF)
        return grad_gate_up_T2F
