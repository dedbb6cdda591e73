"""Loss as a surface over parameters and tokens: L(N, D) = E + A / N^alpha + B / D^beta (Hoffmann et al., arXiv 2203.15556, section 3.3).

E is what no model of any size could lose: the entropy of the text. The second term is what a model of N parameters cannot express, the third what D tokens have
not taught it yet. For C = 6 N D the least loss has a closed form (equation 4 there): with a = beta / (alpha + beta), N = G (C / 6)^a and D = (C / 6)^(1 - a) / G.

Gadre et al. (arXiv 2403.08540) write L = E + (a M^eta + b M^-eta) C^-eta with M = D / N. Put C = 6 N D into it and it is the same surface, with both exponents
2 eta, A = a 6^-eta and B = b 6^-eta. Ludziejewski et al. (arXiv 2502.05172) let every constant move with the number of experts; for a fixed number it is a
surface again, over active parameters.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from puna.errors import ConfigError
from puna.plan.laws.law import About, Law, Optimum, flops
from puna.plan.points import FLOPS_PER_PARAM_TOKEN

Constants = tuple[float, float, float, float, float]


@dataclass(frozen=True)
class Surface(Law):
    """L = E + A / N^alpha + B / D^beta; every constant is above 0."""

    E: float
    A: float
    B: float
    alpha: float
    beta: float

    def loss(self, params: float, tokens: float) -> float:
        return float(self.E + self.A * params**-self.alpha + self.B * tokens**-self.beta)

    def optimum(self, compute: float) -> Optimum:
        share = self.beta / (self.alpha + self.beta)
        ratio = (self.alpha * self.A / (self.beta * self.B)) ** (1 / (self.alpha + self.beta))
        params = ratio * (compute / FLOPS_PER_PARAM_TOKEN) ** share
        tokens = compute / FLOPS_PER_PARAM_TOKEN / params
        return Optimum(compute, params, tokens, self.loss(params, tokens))

    def optimum_of_loss(self, loss: float) -> Optimum:
        # Along the best splits the loss is E + K (C / 6)^-gamma.
        both = self.alpha + self.beta
        ratio = (self.alpha * self.A / (self.beta * self.B)) ** (1 / both)
        scale = self.A * ratio**-self.alpha + self.B * ratio**self.beta
        reached = scale / (loss - self.E) if loss > self.E else 0.0
        compute = math.log(reached) * both / (self.alpha * self.beta) + math.log(FLOPS_PER_PARAM_TOKEN) if reached > 0 else math.inf
        return self.optimum(self.checked(compute, f"a loss of {loss:.4g}"))

    def optimum_of_params(self, params: float) -> Optimum:
        return self._on_frontier(params, self.tokens_of_optimal(params))

    def optimum_of_tokens(self, tokens: float) -> Optimum:
        return self._on_frontier(self.params_of_optimal(tokens), tokens)

    def tokens_of_optimal(self, params: float) -> float:
        """Return the tokens on which `params` parameters are the best use of compute: there both terms, weighted by their exponents, are equal."""
        return float((self.beta * self.B / (self.alpha * self.A) * params**self.alpha) ** (1 / self.beta))

    def params_of_optimal(self, tokens: float) -> float:
        """Return the parameters that are the best use of compute with `tokens` tokens."""
        return float((self.alpha * self.A / (self.beta * self.B) * tokens**self.beta) ** (1 / self.alpha))

    def tokens_for(self, params: float, loss: float) -> float:
        left = loss - self.E - self.A * params**-self.alpha
        if left <= 0:
            raise ConfigError(
                f"{self.about.name}: {params:.4g} parameters never reach a loss of {loss:.4g}, whatever the tokens "
                f"(they end at {loss - left:.4g}); give more parameters or accept more loss"
            )
        return float((self.B / left) ** (1 / self.beta))

    def least_params(self, loss: float) -> float:
        return float((self.A / (loss - self.E)) ** (1 / self.alpha)) if loss > self.E else math.inf

    def _on_frontier(self, params: float, tokens: float) -> Optimum:
        return Optimum(flops(params, tokens), params, tokens, self.loss(params, tokens))


def with_draws(surface: Surface, draws: Sequence[Constants]) -> Surface:
    """Return the surface with resampled constants, rows of (E, A, B, alpha, beta), as its alternatives."""
    return replace(surface, alternatives=tuple(_at(row, surface.about) for row in draws), spread="draws")


def _at(constants: Constants, about: About) -> Surface:
    return Surface(*constants, about=about)


def gadre(E: float, a: float, b: float, eta: float, *, about: About) -> Surface:
    """Return Gadre's law of compute and tokens per parameter as a surface."""
    unit = FLOPS_PER_PARAM_TOKEN**-eta
    return Surface(E, a * unit, b * unit, 2 * eta, 2 * eta, about=about)


@dataclass(frozen=True)
class Experts:
    """Ludziejewski's constants: L = a X^delta N^(alpha + gamma ln X) + b X^omega D^(beta + zeta ln X) + c, X the saturated number of experts, N the active parameters."""

    a: float
    b: float
    c: float
    alpha: float
    beta: float
    gamma: float
    delta: float
    omega: float
    zeta: float
    start: float
    most: float

    def surface(self, experts: int, about: About) -> Surface:
        """Return the surface of a model with `experts` experts."""
        x = saturated(experts, start=self.start, most=self.most)
        alpha, beta = -(self.alpha + self.gamma * math.log(x)), -(self.beta + self.zeta * math.log(x))
        return Surface(self.c, self.a * x**self.delta, self.b * x**self.omega, alpha, beta, about=about)


def saturated(experts: int, *, start: float, most: float) -> float:
    """Return the number of experts as Clark et al. (arXiv 2202.01169, section 4.4) let it saturate: `start` at one expert, never above `most`."""
    return 1 / (1 / (experts - 1 + 1 / (1 / start - 1 / most)) + 1 / most)
