"""A tokenizer and a tiny random model that all tests of this room share."""

from __future__ import annotations

import pytest
import torch

from puna.model.config import LlamaConfig
from puna.model.llama import Llama
from puna.tokens.bpe import train_bpe
from puna.tokens.tokenizer import Tokenizer

WORDS = "Mia lives in Elton and has a small blue boat. Tom, who is 34, keeps a goat called Pip. Größe, ☃ and 17 + 5 = 22. "


@pytest.fixture(scope="session")
def tokenizer() -> Tokenizer:
    return train_bpe([WORDS * 20], vocab_size=340, num_special=16)


@pytest.fixture(scope="session")
def config(tokenizer) -> LlamaConfig:
    return LlamaConfig(
        vocab_size=tokenizer.vocab_size, dim=32, num_layers=2, num_heads=4, num_kv_heads=2, head_dim=8, ffn_dim=48, max_positions=64
    )


@pytest.fixture(scope="session")
def model(config) -> Llama:
    """A random model with weights large enough that its distributions are far from uniform."""
    model = Llama(config)
    model.init_weights(3)
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(4 if weight.ndim == 2 else 1)
    return model.eval()


@pytest.fixture
def uniform_model(config) -> Llama:
    """A model that finds every token equally likely."""
    model = Llama(config)
    model.init_weights(3)
    with torch.no_grad():
        model.head_weight.zero_()
    return model
