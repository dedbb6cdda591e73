"""Candidates: real shapes with the tokens that the budget buys each, what they lose against the law's own optimum, and what they cost over a life.

At one budget a law's loss is a flat valley over model sizes. Where the law is a surface the valley is the surface's; where it only says how to split compute (Llama 3's), it is the parabola
that the split was read from: loss rises by `CURVATURE` times the square of how many powers of ten the tokens lie off the optimum.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from puna.model.config import LlamaConfig
from puna.plan.laws.allocation import Allocation
from puna.plan.laws.law import Law, flops
from puna.plan.shapes import Split, shapes
from puna.plan.sizing.plan_file import Budget

# Of the parabola of Llama 3's largest IsoFLOP budget, 1e22 FLOPs (arXiv 2407.21783, figure 2); it falls with compute, so further up the valley is flatter still.
CURVATURE = 0.0640
FORWARD_FLOPS = 2.0
# How far from the optimum shapes are looked for.
SMALLEST, LARGEST = 1 / 64, 6.0


@dataclass(frozen=True)
class Candidate:
    """A shape and its tokens. `excess` is its loss above the law's optimum for the same compute, `loss` the law's, where it has one; hours and dollars are None where unknown."""

    shape: LlamaConfig
    tokens: float
    loss: float | None
    excess: float
    train_flops: float
    serve_flops: float | None
    gpu_hours: float | None
    train_dollars: float | None

    @property
    def params(self) -> int:
        return self.shape.num_params

    @property
    def lifetime_flops(self) -> float:
        return self.train_flops + (self.serve_flops or 0.0)


def spending(law: Law, compute: float, budget: Budget, *, split: Split, served: float | None = None) -> list[Candidate]:
    """Return every real shape near the law's optimum, each trained on what `compute` FLOPs buy it."""
    best = law.optimum(compute)
    found = shapes(low=SMALLEST * best.params, high=LARGEST * best.params, split=split)
    return [candidate(law, shape, compute / 6 / shape.num_params, budget, served=served) for shape in found]


def reaching(law: Law, loss: float, budget: Budget, *, like: Sequence[Candidate], served: float | None) -> list[Candidate]:
    """Return the same shapes trained until they reach `loss`, by the law; those that never do are left out."""
    from puna.errors import ConfigError

    found = []
    for other in like:
        try:
            tokens = law.tokens_for(other.params, loss)
        except ConfigError:
            continue
        found.append(candidate(law, other.shape, tokens, budget, served=served))
    return found


def candidate(law: Law, shape: LlamaConfig, tokens: float, budget: Budget, *, served: float | None = None) -> Candidate:
    """Return one candidate with its costs."""
    compute = flops(shape.num_params, tokens)
    hours, price = budget.hours_for(compute), budget.dollars_per_hour
    return Candidate(
        shape, tokens, loss_of(law, shape.num_params, tokens), excess(law, shape.num_params, tokens), compute,
        FORWARD_FLOPS * shape.num_params * served if served else None, hours, hours * price if hours is not None and price is not None else None,
    )  # fmt: skip


def loss_of(law: Law, params: float, tokens: float) -> float | None:
    """Return the law's loss, None where it has none."""
    return None if isinstance(law, Allocation) and law.surface is None else law.loss(params, tokens)


def excess(law: Law, params: float, tokens: float) -> float:
    """Return by how much the loss lies above that of the law's best split of the same compute."""
    best = law.optimum(flops(params, tokens))
    if isinstance(law, Allocation):
        return CURVATURE * math.log10(tokens / best.tokens) ** 2
    assert best.loss is not None
    return law.loss(params, tokens) - best.loss
