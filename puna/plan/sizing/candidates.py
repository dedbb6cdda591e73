"""Candidates: real shapes with the tokens that the budget buys each, what they lose against the law's own optimum, and what they cost over a life."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from puna.errors import ConfigError
from puna.model.config import LlamaConfig
from puna.plan.laws.law import flops
from puna.plan.points import FLOPS_PER_PARAM_TOKEN
from puna.plan.shapes import Split, shapes
from puna.plan.sizing.plan_file import Budget
from puna.plan.sizing.valley import Valley

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


def spending(valley: Valley, compute: float, budget: Budget, *, split: Split, served: float | None = None) -> list[Candidate]:
    """Return every real shape near the law's optimum, each trained on what `compute` FLOPs buy it."""
    best = valley.optimum(compute)
    found = shapes(low=SMALLEST * best.params, high=LARGEST * best.params, split=split)
    return [candidate(valley, shape, compute / FLOPS_PER_PARAM_TOKEN / shape.num_params, budget, served=served) for shape in found]


def reaching(valley: Valley, loss: float, budget: Budget, *, like: Sequence[Candidate], served: float | None) -> list[Candidate]:
    """Return the same shapes trained until they reach `loss`; those that never do are left out."""
    found = []
    for other in like:
        try:
            tokens = valley.tokens_for(other.params, loss)
        except ConfigError:
            continue
        found.append(candidate(valley, other.shape, tokens, budget, served=served))
    return found


def candidate(valley: Valley, shape: LlamaConfig, tokens: float, budget: Budget, *, served: float | None = None) -> Candidate:
    """Return one candidate with its costs."""
    compute = flops(shape.num_params, tokens)
    hours, price = budget.hours_for(compute), budget.dollars_per_hour
    return Candidate(
        shape, tokens, valley.loss(shape.num_params, tokens), valley.excess(shape.num_params, tokens), compute,
        FORWARD_FLOPS * shape.num_params * served if served else None, hours, hours * price if hours is not None and price is not None else None,
    )  # fmt: skip
