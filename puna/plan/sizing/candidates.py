"""Candidates: real shapes with the tokens that the budget buys each, what they lose against the law's own optimum, and what they cost over a life."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from puna.model.config import LlamaConfig
from puna.plan.laws.law import flops
from puna.plan.points import FLOPS_PER_PARAM_TOKEN
from puna.plan.shapes import Cut, shapes
from puna.plan.sizing.living import Living
from puna.plan.sizing.plan_file import DAY, HOUR, Budget
from puna.plan.valley import Valley, reached

# How far from the optimum shapes are looked for.
SMALLEST, LARGEST = 1 / 64, 6.0


@dataclass(frozen=True)
class Candidate:
    """A shape and its tokens. `excess` is its loss above the law's optimum for the same compute, `loss` the law's, where it has one; hours, days and dollars are None where unknown.

    `train_cost`, `token_cost` (of a served token; infinite where the device does not hold the model) and `serve_cost` (of all tokens that are asked for; None without a demand) are in the unit of the plan's `Living`.
    """

    shape: LlamaConfig
    tokens: float
    loss: float | None
    excess: float
    train_flops: float
    gpu_hours: float | None
    days: float | None
    train_dollars: float | None
    train_cost: float
    token_cost: float
    serve_cost: float | None
    lifetime_dollars: float | None

    @property
    def params(self) -> int:
        return self.shape.num_params

    @property
    def lifetime_cost(self) -> float:
        return self.train_cost + (self.serve_cost or 0.0)


def spending(valley: Valley, compute: float, living: Living, *, cut: Cut) -> list[Candidate]:
    """Return every real shape near the law's optimum, each trained on what `compute` FLOPs buy it."""
    best = valley.optimum(compute)
    found = shapes(low=SMALLEST * best.params, high=LARGEST * best.params, cut=cut)
    return [candidate(valley, shape, compute / FLOPS_PER_PARAM_TOKEN / shape.num_params, living) for shape in found]


def reaching(valley: Valley, loss: float, living: Living, *, like: Sequence[Candidate], served: float | None) -> list[Candidate]:
    """Return the same shapes trained until they reach `loss`; those that never do are left out."""
    if not like:
        return []
    tokens = reached([valley], np.array([one.params for one in like], float), [loss])[0]
    return [
        candidate(valley, one.shape, float(needed), living, served=served, token_cost=one.token_cost)
        for one, needed in zip(like, tokens, strict=True)
        if np.isfinite(needed)
    ]


def candidate(
    valley: Valley, shape: LlamaConfig, tokens: float, living: Living, *, served: float | None = None, token_cost: float | None = None
) -> Candidate:
    """Return one candidate with its costs; `served` tokens are asked of it over its life, and `token_cost` is what one of them costs, where that is known already."""
    compute, budget = flops(shape.num_params, tokens), living.budget
    hours, price = budget.hours_for(compute), budget.dollars_per_hour
    train_cost, a_token = living.training(compute), living.serving(shape) if token_cost is None else token_cost
    serve_cost = None if served is None else a_token * served
    whole = train_cost + (serve_cost or 0.0)
    return Candidate(
        shape, tokens, valley.loss(shape.num_params, tokens), valley.excess(shape.num_params, tokens), compute, hours, _days(budget, hours),
        None if hours is None or price is None else hours * price, train_cost, a_token, serve_cost,
        None if living.dollars is None or serve_cost is None else whole * living.dollars,
    )  # fmt: skip


def _days(budget: Budget, hours: float | None) -> float | None:
    """Return the days that the plan's GPUs take, None where it does not say how many there are."""
    return None if hours is None or budget.gpus is None else hours * HOUR / DAY / budget.gpus
