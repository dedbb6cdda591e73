"""When unique data runs out: repeating it, and how much synthetic data a plan needs (Muennighoff et al., arXiv 2305.16264).

A token seen again teaches less. D tokens, of which U are unique, are worth D' = U + U R* (1 - exp(-(D / U - 1) / R*)) fresh ones, R* = 15.39: four epochs are worth 3.73, and no number of epochs more
than 16.4. Parameters beyond those that U unique tokens can fill wear out in the same way, with 5.31. Put D' and N' into the loss surface, and the best split of a budget moves: towards more epochs, and a
little towards a smaller model.

The other way out is to make data. If U tokens, each seen for some epochs, are worth less than the law's optimum wants, the rest must be synthetic. A synthetic token counts as a fresh one here, which is
an assumption and the best case; Llama 3's own synthetic data went into post-training for most part (arXiv 2407.21783, section 4).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from puna.errors import ConfigError
from puna.plan.laws.allocation import Allocation
from puna.plan.laws.law import Law
from puna.plan.laws.surface import Surface
from puna.plan.points import FLOPS_PER_PARAM_TOKEN
from puna.plan.searching import lowest

# R_D* and R_N* of arXiv 2305.16264, section 6.
WORN_TOKENS, WORN_PARAMS = 15.3878, 5.3097
EPOCHS = (1, 2, 4, 8, 16, 32)


@dataclass(frozen=True)
class Repeated:
    """The best split with `unique_tokens`: `tokens` are those trained on, repeats included, worth `worth_tokens` fresh ones; `loss_unconstrained` is the law's with data enough."""

    params: float
    tokens: float
    epochs: float
    worth_tokens: float
    loss: float
    loss_unconstrained: float


@dataclass(frozen=True)
class Synthetic:
    """What must be made if unique data is seen `epochs` times: `synthetic_tokens`, the `share` of all tokens trained on that they are, and the `tokens` in all."""

    epochs: int
    worth_tokens: float
    synthetic_tokens: float
    share: float
    tokens: float


def worth(unique: float, total: float, *, worn: float = WORN_TOKENS) -> float:
    """Return how many fresh ones `total` tokens (or parameters) are worth of which `unique` are fresh."""
    if total <= unique:
        return total
    return unique + unique * worn * -math.expm1(-(total / unique - 1) / worn)


def repeated_loss(surface: Surface, *, params: float, tokens: float, unique_tokens: float) -> float:
    """Return the loss of a model on `tokens` tokens of which `unique_tokens` are unique."""
    fresh = min(unique_tokens, tokens)
    # What the unique tokens can fill: the model for which they are the best use of compute.
    filled = min(surface.params_of_optimal(fresh), params)
    return surface.loss(worth(filled, params, worn=WORN_PARAMS), worth(fresh, tokens))


def repeated_optimum(law: Law, compute: float, *, unique_tokens: float) -> Repeated:
    """Return the best split of `compute` FLOPs with `unique_tokens` unique tokens. Raises `ConfigError` where the law has no surface of losses."""
    surface = surface_of(law)
    free = surface.optimum(compute)
    assert free.loss is not None
    if unique_tokens >= free.tokens:
        return Repeated(free.params, free.tokens, free.tokens / unique_tokens, free.tokens, free.loss, free.loss)

    def lost(log_tokens: float) -> float:
        tokens = math.exp(log_tokens)
        return repeated_loss(surface, params=compute / FLOPS_PER_PARAM_TOKEN / tokens, tokens=tokens, unique_tokens=unique_tokens)

    # From one epoch to far more than are worth anything; the loss has one minimum between.
    bounds = (math.log(unique_tokens), math.log(max(unique_tokens * 1000, free.tokens * 10)))
    tokens = math.exp(lowest(lost, *bounds, within=1e-9))
    params = compute / FLOPS_PER_PARAM_TOKEN / tokens
    return Repeated(params, tokens, tokens / unique_tokens, worth(unique_tokens, tokens), lost(math.log(tokens)), free.loss)


def synthetic_needed(wanted: float, *, unique_tokens: float) -> list[Synthetic]:
    """Return, for some numbers of epochs, the synthetic tokens that make unique data worth `wanted` fresh tokens; it ends where none are needed."""
    if unique_tokens <= 0:
        raise ConfigError(f"{unique_tokens:g} unique tokens: give more than 0")
    found = []
    for epochs in EPOCHS:
        value = min(worth(unique_tokens, unique_tokens * epochs), wanted)
        made = wanted - value
        real = unique_tokens * epochs if made else min(unique_tokens * epochs, wanted)
        found.append(Synthetic(epochs, value, made, made / (made + real), made + real))
        if made == 0:
            break
    return found


def surface_of(law: Law) -> Surface:
    """Return a law's surface of losses. Raises `ConfigError` where it has none."""
    if isinstance(law, Surface):
        return law
    if isinstance(law, Allocation) and law.surface is not None:
        return law.surface
    raise ConfigError(
        f"{law.about.name}: has no surface E + A / N^alpha + B / D^beta, which repeated data needs; give 'llama3', 'besiroglu' or 'muennighoff'"
    )
