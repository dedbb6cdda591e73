"""The losses that a plan reckons with: one valley for every question, whatever the law says.

At one budget a law's loss is a flat valley over model sizes. Where the law is a surface the valley is the surface's; where it says how to split compute and the surface through the same runs says what loss
follows (Llama 3's), the valley is the surface's, moved to the law's line (`laws/beside.py`). So a demand of one token moves nothing, and a larger one moves the answer along the
same valley. Where there is no surface, losses above the lowest rise as the parabolas do that the split was read from: by the curvature times the square of how many powers of ten the tokens lie off. Far from the
split that is too steep: for Llama 3 8B on 15T tokens it says 0.05 where the surface says 0.01, and that a longer training would do harm.

Data that has to be repeated enters here and nowhere else: parameters and tokens count as what they are worth (`constrained.py`). Where nothing is repeated, the valley is the law's own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property

import numpy as np

from puna.errors import ConfigError
from puna.plan.constrained import total_of, worn, worth
from puna.plan.laws.allocation import Allocation
from puna.plan.laws.beside import MOST_A_PARAMETER, Beside
from puna.plan.laws.law import Law, Optimum, flops
from puna.plan.laws.surface import Surface
from puna.plan.points import Floats

# Of the parabola of Llama 3's largest IsoFLOP budget, 1e22 FLOPs (arXiv 2407.21783, figure 2); it falls with compute, so further up the valley is flatter still.
CURVATURE = 0.0640


@dataclass(frozen=True)
class Valley:
    """A law, and the unique tokens that there are (None: enough)."""

    law: Law
    unique_tokens: float | None = None

    @property
    def curvature(self) -> float:
        """Return how steeply losses rise beside a line of minima: as the law's own runs do, else as Llama 3's."""
        own = self.law.curvature if isinstance(self.law, Allocation) else None
        return CURVATURE if own is None else own

    @property
    def has_losses(self) -> bool:
        return not (isinstance(self.law, Allocation) and self.law.surface is None)

    @cached_property
    def filled(self) -> float:
        """Return the parameters that the unique tokens can fill: the model whose best use of compute they are."""
        return math.inf if self.unique_tokens is None else self.law.optimum_of_tokens(self.unique_tokens).params

    @property
    def others(self) -> list[Valley]:
        """Return the same by what else the law's runs allow; a wild resample of a line by which no model's best use are so many tokens takes no part."""
        return [other for other in (replace(self, law=law) for law in self.law.alternatives) if other._can_fill]

    @property
    def _can_fill(self) -> bool:
        try:
            return self.filled > 0
        except ConfigError:
            return False

    def optimum(self, compute: float) -> Optimum:
        """Return the law's own best split of `compute` FLOPs, with data enough."""
        return self.law.optimum(compute)

    def loss(self, params: float, tokens: float) -> float | None:
        """Return the loss of a model, None where the law has none."""
        if not self.has_losses:
            return None
        if self.unique_tokens is None or tokens <= self.unique_tokens:
            return self.law.loss(params, tokens)
        return self.law.loss(float(worn(params, filled=self.filled)), float(worth(self.unique_tokens, tokens)))

    def excess(self, params: float, tokens: float) -> float:
        """Return by how much the loss lies above that of the law's best split of the same compute, with data enough."""
        compute, loss = flops(params, tokens), self.loss(params, tokens)
        best = self.law.optimum(compute)
        if loss is None:
            return self.curvature * math.log10(tokens / best.tokens) ** 2
        assert best.loss is not None
        return loss - best.loss


def losses_of(law: Law) -> Beside:
    """Return a law's losses as a surface, moved where the law is a line. Raises `ConfigError` where it has none."""
    if isinstance(law, Surface):
        return Beside(law.E, law.A, law.B, law.alpha, law.beta)
    if isinstance(law, Allocation) and law.surface is not None:
        return law.losses
    raise ConfigError(
        f"{law.about.name}: has no surface E + A / N^alpha + B / D^beta, which repeated data needs; give 'llama3', 'besiroglu' or 'muennighoff'"
    )


def reached(valleys: Sequence[Valley], params_S: Floats, losses_K: Sequence[float]) -> Floats:
    """Return the fewest tokens after which models of many sizes have a loss, by many valleys with the same data, each with its loss: `[K, S]`; NaN where no number of tokens is enough."""
    known, wanted_K1 = [losses_of(valley.law) for valley in valleys], np.array(losses_K)[:, None]
    laws = Beside(*(np.array([getattr(one, each.name) for one in known])[:, None] for each in fields(Beside)))
    tokens_KS, unique = laws.tokens_for(params_S, wanted_K1), valleys[0].unique_tokens
    if unique is not None:
        filled_K1 = np.array([valley.filled for valley in valleys])[:, None]
        again_KS = total_of(unique, laws.tokens_for(worn(params_S, filled=filled_K1), wanted_K1))
        tokens_KS = np.where(tokens_KS <= unique, tokens_KS, again_KS)
    return np.where(tokens_KS < MOST_A_PARAMETER * params_S, tokens_KS, np.nan)
