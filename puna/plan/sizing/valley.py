"""The losses that a plan reckons with: one valley for every question, whatever the law says.

At one budget a law's loss is a flat valley over model sizes. Where the law is a surface the valley is the surface's. Where it says how to split compute and the surface through the same runs says what loss
follows (Llama 3's), the valley is the surface's, moved along the budget until its lowest point lies at the law's split. So a demand of one token moves nothing, and a larger one moves the answer along the
same valley. Where there is no surface, losses above the lowest rise as the parabolas do that the split was read from: by the curvature times the square of how many powers of ten the tokens lie off. Far from the
split that is too steep: for Llama 3 8B on 15T tokens it says 0.05 where the surface says 0.01, and that a longer training would do harm.

Data that has to be repeated teaches less each time (Muennighoff et al., arXiv 2305.16264): tokens count as the fresh ones that they are worth.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from puna.errors import ConfigError
from puna.plan.constrained import WORN_TOKENS, surface_of, worth
from puna.plan.laws.allocation import Allocation
from puna.plan.laws.granular import Granular
from puna.plan.laws.law import Law, Optimum, flops
from puna.plan.points import FLOPS_PER_PARAM_TOKEN, Floats
from puna.plan.searching import zero

# Of the parabola of Llama 3's largest IsoFLOP budget, 1e22 FLOPs (arXiv 2407.21783, figure 2); it falls with compute, so further up the valley is flatter still.
CURVATURE = 0.0640
# Words of `counting` by which a law's parameters are not those that a shape has in all.
OTHER_COUNTS = ("without", "non-embedding", "active")
DOUBLINGS = 40
# Of the search for many valleys at once, which closes in from one side.
NEWTONS = 60


@dataclass(frozen=True)
class Valley:
    """A law, and the unique tokens that there are (None: enough)."""

    law: Law
    unique_tokens: float | None = None

    def __post_init__(self) -> None:
        about = self.law.about
        if isinstance(self.law, Granular) or any(word in about.counting for word in OTHER_COUNTS):
            raise ConfigError(
                f"'law': {about.name} counts {about.counting}, and a shape's parameters are counted whole; choose another, such as 'llama3'"
            )

    @property
    def curvature(self) -> float:
        """Return how steeply losses rise beside a line of minima: as the law's own runs do, else as Llama 3's."""
        own = self.law.curvature if isinstance(self.law, Allocation) else None
        return CURVATURE if own is None else own

    @property
    def has_losses(self) -> bool:
        return not (isinstance(self.law, Allocation) and self.law.surface is None)

    def optimum(self, compute: float) -> Optimum:
        """Return the law's own best split of `compute` FLOPs, with data enough."""
        return self.law.optimum(compute)

    def loss(self, params: float, tokens: float) -> float | None:
        """Return the loss of a model, None where the law has none."""
        if not self.has_losses:
            return None
        fresh = tokens if self.unique_tokens is None else worth(min(self.unique_tokens, tokens), tokens)
        if isinstance(self.law, Allocation):
            return self._beside(self.law, params, fresh)
        return self.law.loss(params, fresh)

    def excess(self, params: float, tokens: float) -> float:
        """Return by how much the loss lies above that of the law's best split of the same compute, with data enough."""
        compute, loss = flops(params, tokens), self.loss(params, tokens)
        return self._off(compute, tokens) if loss is None else loss - self._lowest(compute)

    def tokens_for(self, params: float, loss: float) -> float:
        """Return the tokens after which a model has `loss`. Raises `ConfigError` where no number of tokens is enough, or the law has no losses."""

        def miss(log_tokens: float) -> float:
            found = self.loss(params, math.exp(log_tokens))
            if found is None:
                raise ConfigError(f"{self.law.about.name}: has no loss to hold fixed; choose a law that has, such as 'llama3'")
            return found - loss

        low = math.log(params / 100)
        for _ in range(DOUBLINGS):
            high = low + math.log(2)
            if miss(high) <= 0:
                return math.exp(zero(miss, low, high, within=1e-9))
            low = high
        raise ConfigError(
            f"{self.law.about.name}: {params:.4g} parameters never reach a loss of {loss:.4g}; give more parameters or accept more loss"
        )

    def _beside(self, line: Allocation, params: float, tokens: float) -> float:
        """Return the loss of the surface through the line's runs, moved along each budget so that its lowest point lies where the line has it."""
        assert line.surface is not None
        compute = flops(params, tokens)
        moved = line.surface.optimum(compute).tokens / line.optimum(compute).tokens
        return line.surface.loss(params / moved, tokens * moved)

    def _lowest(self, compute: float) -> float:
        law = self.law.surface if isinstance(self.law, Allocation) else self.law
        assert law is not None
        loss = law.optimum(compute).loss
        assert loss is not None
        return loss

    def _off(self, compute: float, tokens: float) -> float:
        return self.curvature * math.log10(tokens / self.law.optimum(compute).tokens) ** 2


def reached(valleys: Sequence[Valley], params_S: Floats, losses_K: Sequence[float]) -> Floats:
    """Return what `tokens_for` does for many models by many valleys of one kind, each with its loss, `[K, S]`; NaN where no number of tokens is enough.

    At a given size the loss above E is, in log tokens x, a sum of two powers of e, one that falls and, where the line bends off the surface's, one that may rise: convex, so that Newton's steps from
    the left of the first place where it has the wanted value never pass it.
    """
    E, A, B, alpha, beta = np.array([_constants(valley) for valley in valleys]).T[..., None]
    shift, bend = np.array([_moved(valley) for valley in valleys]).T[..., None]
    log_N, left = np.log(params_S), np.array(losses_K)[:, None] - E
    # Tokens are moved by e^move times as many, and parameters by as many fewer: move = shift + bend (log 6 N + x).
    fixed = shift + bend * (math.log(FLOPS_PER_PARAM_TOKEN) + log_N)
    on_params, on_tokens = np.log(A) - alpha * (log_N - fixed), np.log(B) - beta * fixed
    rise, fall = alpha * bend, -beta * (1 + bend)
    with np.errstate(all="ignore"):
        x = (np.log(left) - on_tokens) / fall
        for _ in range(NEWTONS):
            rising, falling = np.exp(on_params + rise * x), np.exp(on_tokens + fall * x)
            miss, slope = rising + falling - left, rise * rising + fall * falling
            x = np.where(slope < 0, x - miss / slope, np.nan)
            if not (np.abs(miss) > 1e-13 * left).any():
                break
        tokens = np.where(np.abs(miss) <= 1e-9 * left, np.exp(x), np.nan)
        unique = valleys[0].unique_tokens
        if unique is not None:
            worn = np.log1p(-(tokens / unique - 1) / WORN_TOKENS)
            tokens = np.where(tokens <= unique, tokens, unique * (1 - WORN_TOKENS * worn))
    return np.where(tokens < params_S / 100 * 2.0**DOUBLINGS, tokens, np.nan)


def _constants(valley: Valley) -> tuple[float, ...]:
    surface = surface_of(valley.law)
    return surface.E, surface.A, surface.B, surface.alpha, surface.beta


def _moved(valley: Valley) -> tuple[float, float]:
    """Return how far the surface's valley is moved at C FLOPs: the log of the tokens by it over the line's is the first plus the second times log C."""
    if not isinstance(valley.law, Allocation):
        return 0.0, 0.0
    one, other = (
        math.log(surface_of(valley.law).optimum(compute).tokens / valley.law.optimum(compute).tokens) for compute in (1.0, math.e)
    )
    return one, other - one
