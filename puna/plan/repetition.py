"""The best split of a budget when unique data runs out: smaller models on data read more often (Muennighoff et al., arXiv 2305.16264), in the law's own valley."""

from __future__ import annotations

import math
from dataclasses import dataclass

from puna.plan.constrained import worth
from puna.plan.laws.law import Law
from puna.plan.points import FLOPS_PER_PARAM_TOKEN
from puna.plan.searching import lowest
from puna.plan.valley import Valley, losses_of


@dataclass(frozen=True)
class Repeated:
    """The best split with `unique_tokens`: `tokens` are those trained on, repeats included, worth `worth_tokens` fresh ones; `loss_unconstrained` is the law's with data enough."""

    params: float
    tokens: float
    epochs: float
    worth_tokens: float
    loss: float
    loss_unconstrained: float


def repeated_optimum(law: Law, compute: float, *, unique_tokens: float) -> Repeated:
    """Return the best split of `compute` FLOPs that reads all of `unique_tokens` unique tokens; where they are enough, the law's own. Raises `ConfigError` where the law has no surface of losses."""
    losses_of(law)
    valley, free = Valley(law, unique_tokens), law.optimum(compute)
    assert free.loss is not None
    if unique_tokens >= free.tokens:
        return Repeated(free.params, free.tokens, free.tokens / unique_tokens, free.tokens, free.loss, free.loss)

    def lost(log_tokens: float) -> float:
        tokens = math.exp(log_tokens)
        loss = valley.loss(compute / FLOPS_PER_PARAM_TOKEN / tokens, tokens)
        assert loss is not None
        return loss

    # From one epoch to far more than are worth anything; the loss has one minimum between.
    bounds = (math.log(unique_tokens), math.log(max(unique_tokens * 1000, free.tokens * 10)))
    tokens = math.exp(lowest(lost, *bounds, within=1e-9))
    params = compute / FLOPS_PER_PARAM_TOKEN / tokens
    return Repeated(params, tokens, tokens / unique_tokens, float(worth(unique_tokens, tokens)), lost(math.log(tokens)), free.loss)
