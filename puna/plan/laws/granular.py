"""Mixtures of experts with experts of any size (Krajewski et al., arXiv 2402.07871).

Cut each expert into G smaller ones and send every token to G of them: the same work, more ways to combine it. With E experts of a dense model's size the loss is
L = c + (g / G^gamma + a) / N^alpha + b / D^beta, and the router costs more with each cut, so each budget has a best granularity. A token costs
(12 d^2 c_f + d E G c_r) times the number of layers, d the model's width.

N here is the *total*, E times the dense size X: copies of the paper that call it active reproduce nothing of its table. The printed constants are rounded and give the
table's losses to 3 %; what they say of the best granularity agrees in every row.
"""

from __future__ import annotations

from dataclasses import dataclass

from puna.errors import ConfigError
from puna.plan.laws.law import Law, Optimum

# The paper's models have a width of 64 a layer (appendix A); 6 FLOPs a weight and token, and 14 for a router's, reproduce the compute column of its table to 0.5 %.
_WIDTH_PER_LAYER = 64.0
_FLOPS_PER_WEIGHT = 6.0
_FLOPS_PER_ROUTE = 14.0
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
        dense = params / self.experts
        layers = (dense / (12 * _WIDTH_PER_LAYER**2)) ** (1 / 3)
        width = _WIDTH_PER_LAYER * layers
        return float((12 * width**2 * _FLOPS_PER_WEIGHT + width * self.experts * granularity * _FLOPS_PER_ROUTE) * layers * tokens)

    def optimum(self, compute: float) -> Optimum:
        granularity, params = self.best(compute)
        tokens = compute / self.flops(params, 1.0, granularity)
        return Optimum(compute, params, tokens, self.loss(params, tokens, granularity))

    def best(self, compute: float) -> tuple[int, float]:
        """Return the best granularity and the total parameters for a compute."""
        from scipy.optimize import minimize_scalar

        def lost(log_params: float, granularity: int) -> float:
            params = 10.0**log_params
            return self.loss(params, compute / self.flops(params, 1.0, granularity), granularity)

        # Loss over log parameters has one minimum, and no optimum at these budgets is smaller than a thousand parameters or larger than all of the compute.
        found = {
            cut: minimize_scalar(lost, args=(cut,), bounds=(3.0, 20.0), method="bounded", options={"xatol": 1e-9}) for cut in GRANULARITIES
        }
        cut = min(found, key=lambda one: found[one].fun)
        return cut, float(10.0 ** found[cut].x)

    def tokens_for(self, params: float, loss: float) -> float:
        raise ConfigError(
            f"{self.about.name}: over-training is not defined for it, because its granularity would have to be chosen again; give a dense law"
        )
