"""Training passes through the model: recomputed activations give the same gradients, and weights come from their seed alone."""

from __future__ import annotations

import torch

from puna.model.attention import packed
from puna.model.llama import Llama


def _gradients(model: Llama, *, recompute: bool) -> dict[str, torch.Tensor]:
    model.zero_grad()
    model.checkpoint_activations = recompute
    tokens_T = torch.arange(50) % model.config.vocab_size
    model.logits(model(tokens_T, packed([0, 20], 50))).logsumexp(-1).sum().backward()
    return {name: weight.grad.clone() for name, weight in model.named_parameters()}


def test_activation_checkpointing_gives_the_same_gradients(family_config, make_model) -> None:
    model = make_model(family_config)
    kept, recomputed = _gradients(model, recompute=False), _gradients(model, recompute=True)
    assert all(torch.equal(kept[name], recomputed[name]) for name in kept)
    assert all(gradient.abs().sum() > 0 for gradient in kept.values())


def test_the_same_seed_fills_the_same_weights_whatever_was_drawn_before(family_config) -> None:
    first, second, other = (Llama(family_config) for _ in range(3))
    first.init_weights(7)
    torch.rand(3)
    second.init_weights(7)
    other.init_weights(8)
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))
    assert not torch.equal(first.embed.weight, other.embed.weight)
