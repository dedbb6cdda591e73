"""AdamW and what surrounds its step: which weights decay, the gradient's norm, clipping.

Matrices decay; norms and biases do not, for a scale has no reason to be near zero. The embedding does not decay either: only the rows of tokens that occur
get a gradient, so rare rows would shrink towards zero, and behind a norm a smaller row gets a *larger* gradient (OLMo 2, arXiv 2501.00656, stopped for that reason).
A tied output matrix is the embedding, and stays with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn
from torch.optim import AdamW

from puna.errors import FormatError
from puna.model.llama import Llama
from puna.train.settings import TrainSettings

SEPARATOR = "/"  # between a parameter's name and its moment's in a checkpoint: "norm.weight/exp_avg"


def adamw(model: Llama, settings: TrainSettings) -> AdamW:
    """Return AdamW over `model` with decay on matrices only, fused into one pass over memory (on CPU and CUDA alike it is the faster)."""
    decaying, other = decay_groups(model)
    groups = [{"params": decaying, "weight_decay": settings.weight_decay}, {"params": other, "weight_decay": 0.0}]
    return AdamW([group for group in groups if group["params"]], lr=settings.lr, betas=settings.betas, eps=settings.eps, fused=True)


def decay_groups(model: Llama) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    """Return the weights that decay, and those that do not (norms, biases, the embedding)."""
    decaying: list[nn.Parameter] = []
    other: list[nn.Parameter] = []
    for weight in model.parameters():
        (decaying if weight.ndim >= 2 and weight is not model.embed.weight else other).append(weight)
    return decaying, other


def set_rate(optimizer: AdamW, lr: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = lr


def mean_gradient_norm(weights: Iterable[nn.Parameter], *, num_tokens: int) -> float:
    """Return the norm over all weights of the gradient of the mean loss, where `.grad` holds that of the loss sum over `num_tokens`."""
    return float(nn.utils.get_total_norm(_gradients(weights))) / num_tokens


def scale_gradients(weights: Iterable[nn.Parameter], *, norm: float, num_tokens: int, clip: float | None) -> None:
    """Turn gradients of a loss sum into clipped gradients of the mean in one pass; `norm` is the mean gradient's before clipping."""
    keep = 1.0 if clip is None or norm <= clip else clip / norm
    torch._foreach_mul_(_gradients(weights), keep / num_tokens)


def moments(model: Llama, optimizer: AdamW) -> dict[str, Tensor]:
    """Return AdamW's state by name: `"layers.0.ffn.down.weight/exp_avg"`. Empty before the first step."""
    state = optimizer.state
    return {
        f"{name}{SEPARATOR}{key}": tensor for name, weight in model.named_parameters() if weight in state for key, tensor in state[weight].items()
    }  # fmt: skip


def restore_moments(model: Llama, optimizer: AdamW, saved: Mapping[str, Tensor]) -> None:
    """Put back what `moments` returned. Raises `FormatError` where a weight's state is missing."""
    for name, weight in model.named_parameters():
        try:
            own = {key: saved[f"{name}{SEPARATOR}{key}"] for key in ("step", "exp_avg", "exp_avg_sq")}
        except KeyError as missing:
            raise FormatError(f"the checkpoint's optimizer state lacks {missing}") from None
        # Copies, because kernels' results can depend on alignment, and what a file was read into need not be aligned as the allocator would.
        optimizer.state[weight] = {key: tensor.to(weight.device, copy=True) for key, tensor in own.items()}


def _gradients(weights: Iterable[nn.Parameter]) -> list[Tensor]:
    return [weight.grad for weight in weights if weight.grad is not None]
