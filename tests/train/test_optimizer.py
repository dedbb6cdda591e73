"""AdamW's step by hand, which weights decay, and clipping."""

from __future__ import annotations

import math

import pytest
import torch

from puna.model.config import LlamaConfig
from puna.model.llama import Llama
from puna.train.optimizer import adamw, decay_groups, mean_gradient_norm, moments, restore_moments, scale_gradients, set_rate
from puna.train.settings import TrainSettings

CONFIG = LlamaConfig(
    vocab_size=11, dim=8, num_layers=1, num_heads=2, num_kv_heads=1, head_dim=4, ffn_dim=12, attention_bias=True, mlp_bias=True
)
SETTINGS = TrainSettings(steps=10, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.1)


def llama(*, tied: bool = False) -> Llama:
    model = Llama(CONFIG.model_copy(update={"tied": tied}))
    model.init_weights(1)
    return model


@pytest.mark.parametrize("tied", [False, True])
def test_matrices_decay_and_norms_biases_and_the_embedding_do_not(tied):
    model = llama(tied=tied)
    names = {id(weight): name for name, weight in model.named_parameters()}
    decaying, other = ([names[id(weight)] for weight in group] for group in decay_groups(model))
    block = [f"layers.0.{name}.weight" for name in ("mixer.qkv", "mixer.out", "ffn.gate_up", "ffn.down")]
    assert decaying == block + ([] if tied else ["head.weight"])
    assert sorted(decaying + other) == sorted(names.values())
    assert "embed.weight" in other


def test_two_steps_are_adamw_s_as_worked_by_hand():
    model = llama()
    matrix, norm = model.layers[0].ffn.down.weight, model.norm.weight
    with torch.no_grad():
        matrix.fill_(2.0)
    optimizer = adamw(model, SETTINGS)
    value = {"matrix": 2.0, "norm": 1.0}
    first = {"matrix": 0.0, "norm": 0.0}
    second = dict(first)
    for step, (lr, gradient) in enumerate(((0.01, 0.5), (0.02, -0.25)), 1):
        for weight in model.parameters():
            weight.grad = torch.full_like(weight, gradient)
        set_rate(optimizer, lr)
        optimizer.step()
        for name, decay in (("matrix", 0.1), ("norm", 0.0)):
            first[name] = 0.9 * first[name] + 0.1 * gradient
            second[name] = 0.95 * second[name] + 0.05 * gradient**2
            mean, square = first[name] / (1 - 0.9**step), second[name] / (1 - 0.95**step)
            value[name] = value[name] * (1 - lr * decay) - lr * mean / (math.sqrt(square) + 1e-8)
    # First step: 2 (1 - 0.001) - 0.01 = 1.988, because Adam's first step is its rate whatever the gradient.
    assert matrix.flatten().tolist() == pytest.approx([value["matrix"]] * matrix.numel(), rel=1e-6)
    assert norm.tolist() == pytest.approx([value["norm"]] * norm.numel(), rel=1e-6)


def test_gradients_of_sums_become_clipped_gradients_of_means():
    weights = [torch.nn.Parameter(torch.zeros(2)), torch.nn.Parameter(torch.zeros(1)), torch.nn.Parameter(torch.zeros(3))]
    for clip, expected in ((None, [3.0, 0.0, 4.0]), (10.0, [3.0, 0.0, 4.0]), (1.0, [0.6, 0.0, 0.8])):
        weights[0].grad, weights[1].grad = torch.tensor([30.0, 0.0]), torch.tensor([40.0])  # the third was not used
        norm = mean_gradient_norm(weights, num_tokens=10)
        assert norm == pytest.approx(5.0)
        scale_gradients(weights, norm=norm, num_tokens=10, clip=clip)
        assert [*weights[0].grad.tolist(), *weights[1].grad.tolist()] == pytest.approx(expected)


def test_moments_put_back_by_name_continue_bit_for_bit():
    def step(model, optimizer, seed):
        generator = torch.Generator().manual_seed(seed)
        for weight in model.parameters():
            weight.grad = torch.randn(weight.shape, generator=generator)
        optimizer.step()

    whole, cut = llama(), llama()
    optimizer, before = adamw(whole, SETTINGS), adamw(cut, SETTINGS)
    step(whole, optimizer, 1)
    step(cut, before, 1)
    after = adamw(cut, SETTINGS)
    restore_moments(cut, after, moments(cut, before))
    step(whole, optimizer, 2)
    step(cut, after, 2)
    assert all(torch.equal(a, b) for a, b in zip(whole.parameters(), cut.parameters(), strict=True))
