"""Mixtures of experts with experts of any size (Krajewski et al., arXiv 2402.07871).

Cut each expert into G smaller ones and send every token to G of them: the same work, more ways to combine it. With E experts of a dense model's size the loss is
L = c + (g / G^gamma + a) / N^alpha + b / D^beta, and the router costs more with each cut, so each budget has a best granularity. A token costs
(12 d^2 c_f + d E G c_r) times the number of layers, d the model's width.

N here is the *total*, E times the dense size X: copies of the paper that call it active reproduce nothing of its table. The printed constants are rounded and give the
table's losses to 3 %; what they say of the best granularity agrees in every row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from puna.errors import ConfigError
from puna.plan.laws.law import Law, Optimum
from puna.plan.points import Floats

# The paper's models have a width of 64 a layer (appendix A); 6 FLOPs a weight and token, and 14 for a router's, reproduce the compute column of its table to 0.5 %.
_WIDTH_PER_LAYER = 64.0
_FLOPS_PER_WEIGHT = 6.0
_FLOPS_PER_ROUTE = 14.0
# Of the search for the best size: seven passes of 32 places leave a range of 1e-7 of a power of ten.
_PASSES, _PLACES = 7, 32
GRANULARITIES = (1, 2, 4, 8, 16, 32, 64, 128)


@dataclass(frozen=True)
class Granular(Law):
    """A law of mixtures; `params` are all parameters, of which a token meets one part in `experts`."""

    c: float
    g: float
    gamma: float
    a: float
    alpha: float
    b: float
    beta: float
    experts: float

    def loss(self, params: float, tokens: float, granularity: int | None = None) -> float:
        """Return the loss with a granularity, or with the best one for as much compute."""
        if granularity is None:
            granularity = self.best(self.flops(params, tokens, 1))[0]
        return float(self.c + (self.g * granularity**-self.gamma + self.a) * params**-self.alpha + self.b * tokens**-self.beta)

    def flops(self, params: float, tokens: float, granularity: int) -> float:
        """Return the FLOPs of training, the router's included."""
        return float(self._flops_per_token(params, granularity) * tokens)

    def optimum(self, compute: float) -> Optimum:
        granularity, params = self.best(compute)
        tokens = compute / self.flops(params, 1.0, granularity)
        return Optimum(compute, params, tokens, self.loss(params, tokens, granularity))

    def best(self, compute: float) -> tuple[int, float]:
        """Return the best granularity and the total parameters for a compute."""
        # Loss over log parameters has one minimum, and no optimum at these budgets is smaller than a thousand parameters or larger than all of the compute:
        # each pass narrows the range of each granularity to the neighbours of its best.
        cuts_G1 = np.array(GRANULARITIES, float)[:, None]
        low_G1, high_G1 = np.full_like(cuts_G1, 3.0), np.full_like(cuts_G1, 20.0)
        rows = np.arange(len(cuts_G1))
        for _ in range(_PASSES):
            logs_GP = low_G1 + (high_G1 - low_G1) * np.linspace(0, 1, _PLACES)
            losses_GP = self._losses(10.0**logs_GP, compute, cuts_G1)
            best_G = losses_GP.argmin(1)
            low_G1 = logs_GP[rows, np.maximum(best_G - 1, 0)][:, None]
            high_G1 = logs_GP[rows, np.minimum(best_G + 1, _PLACES - 1)][:, None]
        cut = int(losses_GP.min(1).argmin())
        return GRANULARITIES[cut], float(10.0 ** logs_GP[cut, best_G[cut]])

    def _losses(self, params: Floats, compute: float, granularity: Floats) -> Floats:
        tokens = compute / self._flops_per_token(params, granularity)
        return np.asarray(self.c + (self.g * granularity**-self.gamma + self.a) * params**-self.alpha + self.b * tokens**-self.beta)

    def _flops_per_token(self, params: Any, granularity: Any) -> Any:
        layers = (params / self.experts / (12 * _WIDTH_PER_LAYER**2)) ** (1 / 3)
        width = _WIDTH_PER_LAYER * layers
        return (12 * width**2 * _FLOPS_PER_WEIGHT + width * self.experts * granularity * _FLOPS_PER_ROUTE) * layers

    def tokens_for(self, params: float, loss: float) -> float:
        raise self._undefined()

    def least_params(self, loss: float) -> float:
        raise self._undefined()

    def _undefined(self) -> ConfigError:
        return ConfigError(
            f"{self.about.name}: over-training is not defined for it, because its granularity would have to be chosen again; give a dense law"
        )
