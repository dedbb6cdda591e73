"""What a scaling law is: how to spend compute, and what loss a model of some size on some tokens will have.

Every law here answers two questions. `optimum(compute)`: which parameters and tokens give the least loss for so many FLOPs, with C = 6 N D. `loss(params, tokens)`:
the loss of any other split, which over-training and constraints need. A law that only says how to split has no loss and refuses that question.

A law is known only as well as its runs were measured. `alternatives` are the laws that the same evidence allows as well: bootstrap resamples of a fit, a published interval's
ends, or, where a paper says no more than its constants, those that round to the printed ones. `estimate` asks all of them the
same question and returns what they span, so that each figure that follows from a law, whatever it is, has an interval; `SPREADS` says what kind of one.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from puna.errors import ConfigError
from puna.plan.estimate import Estimate
from puna.plan.points import FLOPS_PER_PARAM_TOKEN
from puna.plan.searching import zero

Spread = Literal["draws", "refit", "published", "rounding", "left out"]
# What an interval over a law's alternatives is, in words. Only the first and the third are confidence intervals.
SPREADS: Mapping[Spread, str] = {
    "draws": "95 % of resamples of the fit",
    "refit": "95 % of resamples of the law's own points where they are refitted, and of the same about these constants, which do not fit the points",
    "published": "the exponent's interval as its paper prints it",
    "rounding": "what the digits of the printed constants leave open, which is far less than the runs do",
    "left out": "the span of fits that leave out one point each, which is no confidence interval",
}
# Kinds whose alternatives are resamples, of which the middle 95 % count; of the others all do.
DRAWN: tuple[Spread, ...] = ("draws", "refit")
# Compute at which optima are looked for, in FLOPs: from a toy on a laptop to far beyond what the Earth's power grids could feed.
LEAST, MOST = 1e6, 1e36
# A law's compute range is left behind by this many powers of ten before its user is warned.
FAR_ORDERS = 3.0


@dataclass(frozen=True)
class About:
    """Where a law comes from and where it holds.

    `counting` says which parameters it counts, which alone moves an exponent from .37 to .70; `compute_low` and `compute_high` are the FLOPs of its runs (0 and
    infinity where unknown); `notes` are what its users should know, a sentence each.
    """

    name: str
    source: str
    counting: str
    compute_low: float = 0.0
    compute_high: float = math.inf
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Optimum:
    """How to spend `compute` FLOPs best. `loss` is None where the law has none."""

    compute: float
    params: float
    tokens: float
    loss: float | None

    @property
    def tokens_per_param(self) -> float:
        return self.tokens / self.params


@dataclass(frozen=True, kw_only=True)
class Law(ABC):
    """A scaling law. Parameters and tokens are plain numbers, compute is in FLOPs, loss in the unit of the law's runs.

    `alternatives` are other laws that the evidence allows, and `spread` says which kind of them.
    """

    about: About
    alternatives: Sequence[Law] = ()
    spread: Spread = "draws"

    @abstractmethod
    def optimum(self, compute: float) -> Optimum:
        """Return the best split of `compute`."""

    @abstractmethod
    def loss(self, params: float, tokens: float) -> float:
        """Return the loss of a split. Raises `ConfigError` where the law has none."""

    @abstractmethod
    def tokens_for(self, params: float, loss: float) -> float:
        """Return the tokens after which a model has `loss`. Raises `ConfigError` where no number of tokens is enough."""

    @abstractmethod
    def least_params(self, loss: float) -> float:
        """Return the parameters at and below which no number of tokens reaches `loss`; infinite where no model does."""

    def optimum_of_loss(self, loss: float) -> Optimum:
        """Return the cheapest split that reaches `loss`. Raises `ConfigError` where none does."""
        return self._where(
            lambda found: -(found.loss if found.loss is not None else self.loss(found.params, found.tokens)), -loss, f"a loss of {loss:.4g}"
        )

    def optimum_of_params(self, params: float) -> Optimum:
        """Return the optimum whose model has `params` parameters."""
        return self._where(lambda found: found.params, params, f"{params:.4g} parameters")

    def optimum_of_tokens(self, tokens: float) -> Optimum:
        """Return the optimum that trains on `tokens` tokens."""
        return self._where(lambda found: found.tokens, tokens, f"{tokens:.4g} tokens")

    def _where(self, rising: Callable[[Optimum], float], wanted: float, what: str) -> Optimum:
        """Return the optimum at which a quantity that rises with compute has the wanted value."""

        def miss(log_compute: float) -> float:
            return rising(self.optimum(math.exp(log_compute))) - wanted

        low, high = math.log(LEAST), math.log(MOST)
        if not miss(low) <= 0 <= miss(high):
            raise self._nowhere(what)
        return self.optimum(math.exp(zero(miss, low, high, within=1e-12)))

    def checked(self, log_compute: float, what: str) -> float:
        """Return the compute of a logarithm. Raises `ConfigError` where that is no compute that laws are for."""
        if not math.log(LEAST) <= log_compute <= math.log(MOST):
            raise self._nowhere(what)
        return math.exp(log_compute)

    def _nowhere(self, what: str) -> ConfigError:
        return ConfigError(f"{self.about.name}: no compute between {LEAST:.0e} and {MOST:.0e} FLOPs has its optimum at {what}")


def flops(params: float, tokens: float) -> float:
    """Return the FLOPs of training, 6 N D."""
    return FLOPS_PER_PARAM_TOKEN * params * tokens


def estimate(law: Law, quantity: Callable[[Law], float | None]) -> Estimate | float | None:
    """Return a quantity by a law, with the interval over its alternatives: 95 % of resamples, or all of any other kind. A plain number where there are none.

    Alternatives under which the quantity does not exist (None, or a `ConfigError`) take no part.
    """
    value = quantity(law)
    if value is None:
        return None
    found = [
        other for other in (_quiet(quantity, alternative) for alternative in law.alternatives) if other is not None and math.isfinite(other)
    ]
    return spanned(law, value, found)


def spanned(law: Law, value: float, found: Sequence[float]) -> Estimate | float:
    """Return a value by a law with the interval over what its alternatives gave, as `estimate` does."""
    if not found:
        return value
    low, high = np.quantile(found, [0.025, 0.975]) if law.spread in DRAWN else (min(found), max(found))
    # The value is the fit's own; a skewed bootstrap may lie wholly to one side of it.
    return Estimate(value, min(float(low), value), max(float(high), value))


def kind_of(law: Law) -> str | None:
    """Return what kind of interval a law's figures have, None where they have none."""
    return law.spread if law.alternatives else None


def interval_of(law: Law) -> str:
    """Return in words what the intervals of a law's figures are."""
    return SPREADS[law.spread] if law.alternatives else "none"


def far(law: Law, compute: float) -> float | None:
    """Return by how many powers of ten `compute` lies beyond the law's runs, where that is more than `FAR_ORDERS`; else None."""
    high, low = law.about.compute_high, law.about.compute_low
    beyond = max(math.log10(compute / high) if math.isfinite(high) else 0.0, math.log10(low / compute) if low > 0 else 0.0)
    return beyond if beyond > FAR_ORDERS else None


def _quiet(quantity: Callable[[Law], float | None], law: Law) -> float | None:
    try:
        return quantity(law)
    except (ConfigError, ArithmeticError):
        return None
