"""What is minimised: an objective takes the model and a batch and returns a loss *sum*, a token count and metrics.

Sums, not means: the trainer adds them over micro-batches and divides once by the whole step's count, so the loss does not depend on how a batch was split, and
padding, whose weight is 0, does not count. (Averaging means over micro-batches overweights short ones; many trainers had that defect for years.)

Shapes: T tokens of the batch, D model width, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from puna.model.attention import AttentionMetadata, packed
from puna.model.llama import Llama
from puna.tokens.batch import Batch
from puna.train.loss import chunked_cross_entropy


@dataclass(frozen=True)
class DeviceBatch:
    """A `Batch` as tensors on the device. `targets_T[i]` follows `tokens_T[i]`; its loss counts `weights_T[i]` times (0 or 1)."""

    tokens_T: Tensor
    targets_T: Tensor
    weights_T: Tensor
    meta: AttentionMetadata
    num_targets: int

    @classmethod
    def of(cls, batch: Batch, *, device: torch.device | str) -> DeviceBatch:
        """Copy `batch` to `device`."""
        tokens_T, targets_T, weights_T = (_copy(array_T, device) for array_T in (batch.tokens_T, batch.targets_T, batch.weights_T))
        meta = packed(batch.starts_S.tolist(), len(batch.tokens_T), device=device)
        return cls(tokens_T, targets_T, weights_T, meta, batch.num_targets)


@dataclass(frozen=True)
class ObjectiveResult:
    """What one forward pass found, as sums over the tokens (or pairs) that count: the loss in nats, how many counted, and other sums by name."""

    loss_sum: Tensor
    num_tokens: int
    metrics: Mapping[str, Tensor | float] = field(default_factory=dict)


class Objective(Protocol):
    """A differentiable loss of one batch. `model` may be compiled: call it, read its `head_weight`, and touch nothing else."""

    def __call__(self, model: Llama, batch: DeviceBatch) -> ObjectiveResult: ...


class NextToken:
    """The objective of pre-training and of fine-tuning on dialogs: cross-entropy of each next token that counts."""

    def __call__(self, model: Llama, batch: DeviceBatch) -> ObjectiveResult:
        hidden_TD, weight_VD = _as_computed(model(batch.tokens_T, batch.meta), model.head_weight)
        loss_sum = chunked_cross_entropy(hidden_TD, weight_VD, batch.targets_T, batch.weights_T)
        return ObjectiveResult(loss_sum, batch.num_targets)


def _as_computed(*tensors: Tensor) -> tuple[Tensor, ...]:
    """Cast to autocast's dtype where it is on: the loss is an operator of its own, whose products autocast does not reach."""
    kind = tensors[0].device.type
    if not torch.is_autocast_enabled(kind):
        return tensors
    return tuple(tensor.to(torch.get_autocast_dtype(kind)) for tensor in tensors)


def _copy(array: NDArray[np.int64] | NDArray[np.float32], device: torch.device | str) -> Tensor:
    tensor = torch.from_numpy(array)
    return tensor.pin_memory().to(device, non_blocking=True) if torch.device(device).type == "cuda" else tensor.to(device)
