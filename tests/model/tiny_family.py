"""Tiny random models with the features of every Llama shape."""

from __future__ import annotations

import torch

from puna.model.config import LlamaConfig, RopeScaling
from puna.model.llama import Llama


def tiny(**changes: object) -> LlamaConfig:
    base = {
        "vocab_size": 96,
        "dim": 64,
        "num_layers": 3,
        "num_heads": 4,
        "num_kv_heads": 2,
        "head_dim": 16,
        "ffn_dim": 112,
        "max_positions": 512,
    }
    return LlamaConfig.model_validate({**base, **changes})


FAMILY = {
    "Llama 2 7B and 13B: every head has its own keys": tiny(num_kv_heads=4, rope_theta=10_000.0),
    "Llama 2 70B: eight queries a key": tiny(num_heads=8, num_kv_heads=1, head_dim=8, rope_theta=10_000.0),
    "Llama 3 8B and 70B": tiny(num_heads=8, head_dim=8),
    "Llama 3.1 and 3.3: head width 128, factor 8": tiny(
        num_heads=2, num_kv_heads=1, head_dim=128, rope_scaling=RopeScaling(factor=8, trained=64)
    ),
    "Llama 3.2: tied, head width 64, factor 32": tiny(
        num_heads=2, num_kv_heads=1, head_dim=64, rope_scaling=RopeScaling(factor=32, trained=64), tied=True
    ),
    "biases everywhere": tiny(attention_bias=True, mlp_bias=True),
}


def random_model(config: LlamaConfig, seed: int = 0) -> Llama:
    """A model whose weights are large enough that attention, gates and biases all matter, and whose norms are not 1."""
    model = Llama(config)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            drawn = torch.randn(weight.shape, generator=generator)
            weight.copy_(
                1 + 0.2 * drawn if name.endswith("norm.weight") else drawn * (0.2 if weight.ndim == 1 else 2 * weight.shape[-1] ** -0.5)
            )
    return model
