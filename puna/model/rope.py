"""Rotary frequencies, and how Llama 3.1 stretched them to 128K tokens.

A rotary pair turns by `position * frequency`. Pairs that turn often within the trained positions have seen every angle and stay as they are; pairs that did
not finish one turn would meet unseen angles further out, so Llama 3.1 slows them by a factor, and blends in between (arXiv 2407.21783, section
3.4.2). The factor is 8, but 32 for the 3.2 models, so it always comes from the config.

Shapes: T tokens, R rotary pairs (half the head's width).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from puna.model.config import LlamaConfig, RopeScaling


def frequencies(config: LlamaConfig) -> Tensor:
    """Return radians per token for each rotary pair, `[R]` in fp32, on the CPU whatever the default device."""
    exponent_R = torch.arange(0, config.head_dim, 2, dtype=torch.int64, device="cpu").float() / config.head_dim
    freq_R = 1.0 / (config.rope_theta**exponent_R)
    return freq_R if config.rope_scaling is None else stretched(freq_R, config.rope_scaling)


def stretched(freq_R: Tensor, scaling: RopeScaling) -> Tensor:
    """Return `freq_R` with its slow pairs slowed down.

    Pairs that turn more than `high` times within `trained` tokens are kept, those that turn less than `low` times are divided by `factor`, and between
    the two the result moves linearly with the number of turns.
    """
    turns_R = scaling.trained * freq_R / (2 * math.pi)
    keep_R = ((turns_R - scaling.low) / (scaling.high - scaling.low)).clamp(0, 1)
    return keep_R * freq_R + (1 - keep_R) * freq_R / scaling.factor


def angles(freq_R: Tensor, positions_T: Tensor) -> tuple[Tensor, Tensor]:
    """Return cosine and sine of each token's angles, both `[T, R]` in fp32."""
    angle_TR = positions_T[:, None].float() * freq_R
    return angle_TR.cos(), angle_TR.sin()
