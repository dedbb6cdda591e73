"""The chunked loss is the plain loss, and its memory does not grow with tokens times vocabulary."""

from __future__ import annotations

import math
import subprocess
import sys

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from puna.train import loss as loss_module
from puna.train.loss import chunked_cross_entropy


def case(tokens: int, width: int, vocabulary: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    draw = torch.Generator().manual_seed(tokens)
    hidden_TD, weight_VD = (torch.randn(n, width, generator=draw).requires_grad_() for n in (tokens, vocabulary))
    targets_T = torch.randint(vocabulary, (tokens,), generator=draw)
    weights_T = (torch.rand(tokens, generator=draw) > 0.3).float()
    return hidden_TD, weight_VD, targets_T, weights_T


@pytest.mark.parametrize(("tokens", "vocabulary"), [(1, 3), (700, 999), (2500, 50), (300, 20_000)])
def test_loss_and_gradients_equal_the_plain_formula(tokens: int, vocabulary: int) -> None:
    hidden_TD, weight_VD, targets_T, weights_T = case(tokens, 32, vocabulary)
    chunked = chunked_cross_entropy(hidden_TD, weight_VD, targets_T, weights_T)
    got = torch.autograd.grad(3 * chunked, (hidden_TD, weight_VD))
    plain = (F.cross_entropy(hidden_TD @ weight_VD.t(), targets_T, reduction="none") * weights_T).sum()
    want = torch.autograd.grad(3 * plain, (hidden_TD, weight_VD))
    torch.testing.assert_close(chunked, plain)
    for ours, theirs in zip(got, want, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)


def test_chunks_do_not_change_the_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = case(1000, 16, 100)
    whole = chunked_cross_entropy(*inputs)
    monkeypatch.setattr(loss_module, "CHUNK_ELEMENTS", 1)
    assert math.isclose(whole.item(), chunked_cross_entropy(*inputs).item(), rel_tol=1e-6)


def test_nothing_counted_is_zero_with_zero_gradients() -> None:
    hidden_TD, weight_VD, targets_T, weights_T = case(10, 8, 20)
    found = chunked_cross_entropy(hidden_TD, weight_VD, targets_T, torch.zeros_like(weights_T))
    found.backward()
    assert found == 0
    assert not hidden_TD.grad.any()
    assert not weight_VD.grad.any()


def test_extreme_logits_stay_finite() -> None:
    hidden_TD, weight_VD = torch.full((4, 8), 100.0, requires_grad=True), torch.randn(30, 8).mul(100).requires_grad_()
    found = chunked_cross_entropy(hidden_TD, weight_VD, torch.tensor([0, 1, 2, 3]), torch.ones(4))
    found.backward()
    assert found.isfinite()
    assert hidden_TD.grad.isfinite().all()


MEMORY = """
import resource, torch
from puna.train.loss import chunked_cross_entropy
hidden = torch.randn(2048, 32, requires_grad=True); weight = torch.randn(128_256, 32, requires_grad=True)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
chunked_cross_entropy(hidden, weight, torch.zeros(2048, dtype=torch.int64), torch.ones(2048)).backward()
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="reads the peak of resident memory")
def test_full_logits_never_exist() -> None:
    done = subprocess.run([sys.executable, "-c", MEMORY], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 2048 * 128_256 * 4 / 3  # the logits alone are 1.05 GB
