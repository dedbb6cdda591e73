"""Laws that say how to split compute by a power of it: tokens D*(C) = A C^alpha, and parameters C / 6 D*.

That is what IsoFLOP experiments give (approach 2 of arXiv 2203.15556; arXiv 2407.21783, section 3.2.1): for each budget the loss is a parabola in log tokens, and the minima
lie on a line of log tokens over log compute. Such a line says nothing of the loss by itself; a surface through the same runs, where there is one, adds that: moved until its lowest
points lie on the line (`beside.py`), for a law's optimum must be where its losses are least.

Mind what is counted. Llama 3 calls the quantity N*(C), and it is tokens. Kaplan et al. (arXiv 2001.08361) count parameters without embeddings, and found N ~ C^0.73; counting
all of them on small models moves such an exponent by more than any law's interval.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from puna.errors import ConfigError
from puna.plan.laws.beside import Beside, moved
from puna.plan.laws.law import Law, Optimum
from puna.plan.laws.surface import Surface
from puna.plan.points import FLOPS_PER_PARAM_TOKEN

PETAFLOP_DAY = 1e15 * 86_400


@dataclass(frozen=True)
class Allocation(Law):
    """D*(C) = A C^alpha tokens for C FLOPs; `surface` gives losses, `curvature` how they rise beside the line: by it, times the square of how many powers of ten the tokens are off."""

    alpha: float
    A: float
    surface: Surface | None = None
    curvature: float | None = None

    def optimum(self, compute: float) -> Optimum:
        # In logarithms, for A C^alpha may be fine where C^alpha alone is not.
        tokens = math.exp(math.log(self.A) + self.alpha * math.log(compute))
        params = compute / FLOPS_PER_PARAM_TOKEN / tokens
        return Optimum(compute, params, tokens, None if self.surface is None else self.surface.optimum(compute).loss)

    def optimum_of_loss(self, loss: float) -> Optimum:
        # A surface moved along its budgets is as low at each as it was.
        return super().optimum_of_loss(loss) if self.surface is None else self.optimum(self.surface.optimum_of_loss(loss).compute)

    def optimum_of_params(self, params: float) -> Optimum:
        log_compute = math.log(FLOPS_PER_PARAM_TOKEN * self.A * params) / (1 - self.alpha) if self.alpha < 1 else math.inf
        return self.optimum(self.checked(log_compute, f"{params:.4g} parameters"))

    def optimum_of_tokens(self, tokens: float) -> Optimum:
        log_compute = math.log(tokens / self.A) / self.alpha if self.alpha > 0 else math.inf
        return self.optimum(self.checked(log_compute, f"{tokens:.4g} tokens"))

    def loss(self, params: float, tokens: float) -> float:
        return float(self.losses.loss(params, tokens))

    def tokens_for(self, params: float, loss: float) -> float:
        found = float(self.losses.tokens_for(params, loss))
        if math.isnan(found):
            raise ConfigError(
                f"{self.about.name}: {params:.4g} parameters never reach a loss of {loss:.4g}; give more parameters or accept more loss"
            )
        return found

    def least_params(self, loss: float) -> float:
        return self.losses.least_params(loss)

    @cached_property
    def losses(self) -> Beside:
        """Return the losses of all splits. Raises `ConfigError` where the law has none."""
        if self.surface is None:
            raise ConfigError(
                f"{self.about.name}: says how to split compute and not what loss follows; give a law with losses, such as 'llama3' or 'besiroglu'"
            )
        return moved(self.surface, alpha=self.alpha, log_A=math.log(self.A))


@dataclass(frozen=True)
class Kaplan(Law):
    """N*(C) = `params_at_one` c^`alpha` with c in PF-days, loss (`compute_scale` / c)^`alpha_C` there, and elsewhere [(N_c / N)^(alpha_N / alpha_D) + D_c / D]^alpha_D."""

    params_at_one: float
    alpha: float
    compute_scale: float
    alpha_C: float
    N_c: float
    D_c: float
    alpha_N: float
    alpha_D: float

    def optimum(self, compute: float) -> Optimum:
        days = compute / PETAFLOP_DAY
        params = self.params_at_one * days**self.alpha
        return Optimum(compute, params, compute / FLOPS_PER_PARAM_TOKEN / params, float((self.compute_scale / days) ** self.alpha_C))

    def loss(self, params: float, tokens: float) -> float:
        return float(((self.N_c / params) ** (self.alpha_N / self.alpha_D) + self.D_c / tokens) ** self.alpha_D)

    def tokens_for(self, params: float, loss: float) -> float:
        left = loss ** (1 / self.alpha_D) - (self.N_c / params) ** (self.alpha_N / self.alpha_D)
        if left <= 0:
            raise ConfigError(
                f"{self.about.name}: {params:.4g} parameters never reach a loss of {loss:.4g}; give more parameters or accept more loss"
            )
        return float(self.D_c / left)

    def least_params(self, loss: float) -> float:
        return float(self.N_c * loss ** (-1 / self.alpha_N))


def through(compute: Sequence[float], tokens: Sequence[float]) -> tuple[float, float]:
    """Return alpha and A of the line through a published table of optima, by least squares in logarithms."""
    slope, level = np.polyfit(np.log(compute), np.log(tokens), 1)
    return float(slope), float(np.exp(level))


def tilted(law: Allocation, alphas: Sequence[float]) -> tuple[Allocation, ...]:
    """Return the law with other exponents, turned about the middle of its compute range: where the runs were, all of them agree."""
    middle = math.sqrt(law.about.compute_low * law.about.compute_high)
    level = math.log(law.A) + law.alpha * math.log(middle)
    return tuple(replace(law, alpha=alpha, A=math.exp(level - alpha * math.log(middle))) for alpha in alphas)


def with_line_draws(law: Allocation, draws: Sequence[tuple[float, float]]) -> Allocation:
    """Return the law with resampled lines, rows of (alpha, A), as its alternatives; each takes one of the surface's own resamples with it."""
    surfaces = [one for one in law.surface.alternatives if isinstance(one, Surface)] if law.surface is not None else []
    others = tuple(
        replace(law, alpha=alpha, A=A, surface=surfaces[index % len(surfaces)] if surfaces else law.surface)
        for index, (alpha, A) in enumerate(draws)
    )
    return replace(law, alternatives=others, spread="draws")
