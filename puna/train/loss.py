"""Cross-entropy over a large vocabulary in little memory.

The logits of 8,192 tokens over Llama 3's 128,256 entries are 4.2 GB in fp32, and a plain loss keeps several such tensors. Here a few tokens at a time are
turned into logits, their loss *and* its gradient with respect to hidden states and output matrix, and the logits are thrown away: the matrix products
are the same three, and only one chunk of logits ever exists (the idea is Cut Your Losses', arXiv 2411.09009, without its kernel).

Shapes: T tokens, C tokens of a chunk, D model width, V vocabulary.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

CHUNK_ELEMENTS = 2**21  # of logits at once: 8 MB in fp32 stays in the last-level cache
MIN_CHUNK, MAX_CHUNK = 128, 2048  # tokens; a thinner product reads the output matrix too often for the arithmetic that it does


def chunked_cross_entropy(hidden_TD: Tensor, weight_VD: Tensor, targets_T: Tensor, weights_T: Tensor) -> Tensor:
    """Return the weighted sum of next-token losses in nats (fp32 scalar), differentiable in `hidden_TD` and `weight_VD`.

    `targets_T` are ids in [0, V); `weights_T` multiply each token's loss, and tokens of weight 0 cost no matrix product.
    """
    loss: Tensor = _cross_entropy(hidden_TD, weight_VD, targets_T, weights_T.float(), _needs_gradient(hidden_TD, weight_VD))[0]
    return loss


def _needs_gradient(*tensors: Tensor) -> bool:
    return torch.is_grad_enabled() and any(tensor.requires_grad for tensor in tensors)


@torch.library.custom_op("puna::cross_entropy", mutates_args=())
def _cross_entropy(
    hidden_TD: Tensor, weight_VD: Tensor, targets_T: Tensor, weights_T: Tensor, with_gradient: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the loss sum and, if asked, its gradients (else empty tensors)."""
    counted_T = weights_T.nonzero().squeeze(1)
    chunk = min(max(CHUNK_ELEMENTS // weight_VD.shape[0], MIN_CHUNK), MAX_CHUNK)
    loss = hidden_TD.new_zeros((), dtype=torch.float32)
    grad_hidden_TD = torch.zeros_like(hidden_TD) if with_gradient else hidden_TD.new_empty(0)
    grad_weight_VD = torch.zeros_like(weight_VD, dtype=torch.float32) if with_gradient else weight_VD.new_empty(0)
    for rows_C in torch.split(counted_T, chunk):
        hidden_CD, weights_C1, target_C1 = hidden_TD[rows_C], weights_T[rows_C, None], targets_T[rows_C, None]
        logprobs_CV = torch.log_softmax(hidden_CD @ weight_VD.t(), 1, dtype=torch.float32)
        loss -= (logprobs_CV.gather(1, target_C1) * weights_C1).sum()
        if with_gradient:
            slope_CV = logprobs_CV.exp_().scatter_add_(1, target_C1, -torch.ones_like(weights_C1)).to(hidden_TD.dtype)
            grad_hidden_TD[rows_C] = (slope_CV @ weight_VD).mul_(weights_C1)
            grad_weight_VD.addmm_(slope_CV.t().float(), hidden_CD.float() * weights_C1)
    return loss, grad_hidden_TD, grad_weight_VD.to(weight_VD.dtype)


@_cross_entropy.register_fake
def _(hidden_TD: Tensor, weight_VD: Tensor, targets_T: Tensor, weights_T: Tensor, with_gradient: bool) -> tuple[Tensor, Tensor, Tensor]:
    loss = hidden_TD.new_empty((), dtype=torch.float32)
    if not with_gradient:
        return loss, hidden_TD.new_empty(0), weight_VD.new_empty(0)
    return loss, torch.empty_like(hidden_TD), torch.empty_like(weight_VD)


def _save(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor, Tensor]) -> None:
    ctx.save_for_backward(output[1], output[2])
    ctx.mark_non_differentiable(output[1], output[2])


def _scale(ctx: Any, grad_loss: Tensor, *_: Tensor) -> tuple[Tensor, Tensor, None, None, None]:
    grad_hidden_TD, grad_weight_VD = ctx.saved_tensors
    return grad_hidden_TD * grad_loss, grad_weight_VD * grad_loss, None, None, None


_cross_entropy.register_autograd(_scale, setup_context=_save)
