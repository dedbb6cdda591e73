"""Training a smaller model for longer: what it costs, and from how many served tokens on it pays (Sardana et al., arXiv 2401.00448; H. de Vries, Go smol or go home, 2023).

A law's optimum is the cheapest training for a loss, and training is not all: each served token takes 2 N FLOPs. A smaller model reaches the same loss on more tokens, at an overhead in training that is
won back token by token. Break-even: 6 N' D' + 2 N' S = 6 N D + 2 N S, so S = 3 (N' D' - N D) / (N - N').

For a surface and a start at the optimum, the overhead of shrinking to k parameters of one does not depend on compute: k_D = (1 - (k^-alpha - 1) beta / alpha)^(-1 / beta) times the tokens, and k k_D - 1 more FLOPs.
At k = (1 + alpha / beta)^(-1 / alpha) it is infinite: what so small a model cannot express, no tokens make up for.

A caution from the paper's own 47 runs: laws fitted at ordinary ratios say more good of very long training than comes of it, while loss goes on falling to 10,000 tokens a parameter.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from puna.errors import ConfigError
from puna.plan import errata
from puna.plan.estimate import Estimate
from puna.plan.laws.allocation import Kaplan
from puna.plan.laws.granular import Granular
from puna.plan.laws.law import Law, Optimum, estimate, flops, interval_of, kind_of
from puna.plan.models import MIXTURES
from puna.plan.optimal import check_above_zero, warnings
from puna.plan.runs import Run
from puna.plan.searching import lowest

FLOPS_PER_SERVED = 2.0
# Models that serve most cheaply are looked for down to e to the power of this times smaller than the optimum.
_SMALLEST = 12.0


@dataclass(frozen=True)
class Overtraining:
    """A model of `params` on `tokens`, against the `optimum` of equal loss.

    `serving_weight` is what a served FLOP costs in training FLOPs. `overhead` is its training FLOPs beyond the optimum's, as a share of them; `break_even_tokens` the served tokens that win it back (0 where there is nothing to win back, None where a
    token costs no less); `spans` the loss, the optimum and the saved FLOPs again with their intervals; `saving` the share of all FLOPs, training and serving, that it saves at `served` tokens, and `saved_flops` their number.
    """

    law: str
    params: Estimate | float
    tokens: Estimate | float
    loss: float
    optimum: Optimum
    overhead: Estimate | float
    break_even_tokens: Estimate | float | None
    served: float
    serving_weight: float
    saving: Estimate | float
    saved_flops: float
    spans: Mapping[str, Any]
    counting: str
    sources: tuple[str, ...]
    interval_kind: str | None
    interval_means: str
    warnings: tuple[str, ...]

    def figures(self) -> dict[str, Any]:
        """Return what `puna plan overtrain --json` prints."""
        return {
            **{key: value for key, value in vars(self).items() if key not in ("sources", "spans")},
            **self.spans,
            "sources": list(self.sources),
        }


def overtrained(law: Law, params: float, tokens: float, *, served: float = 0.0, serving_weight: float = 1.0) -> Overtraining:
    """Compare a model with the law's optimum of equal loss. `serving_weight` is what a served FLOP costs in training FLOPs (its lower utilisation, another price).

    Raises `ConfigError` where the law has no losses or figures are not above 0.
    """
    check_above_zero(params=params, tokens=tokens, serving_weight=serving_weight)
    return _compared(law, lambda one: (params, tokens, one.optimum_of_loss(one.loss(params, tokens))), served, serving_weight)


def of_run(law: Law, run: Run, *, served: float = 0.0, serving_weight: float = 1.0) -> Overtraining:
    """Compare a published run with the law's optimum of equal loss, as `overtrained` does, and say where the run's figures come from and what they leave out."""
    found = overtrained(law, run.params, run.tokens, served=served, serving_weight=serving_weight)
    said = list(errata.said(run.name, command="overtrain"))
    if run.name in MIXTURES:
        said.insert(
            0,
            f"{run.name} is a mixture of experts, and the law is of dense models: it takes the {run.params / 1e9:.3g}B parameters that a token meets for all of them. "
            "The others lower the loss too, so the optimum of equal loss is larger than is said here.",
        )
    return replace(found, warnings=(*found.warnings, *said), sources=(f"{run.name}: {run.source}", *found.sources))


def shrunk(law: Law, quality: float, *, params: float, served: float = 0.0, serving_weight: float = 1.0) -> Overtraining:
    """Train `params` parameters until they are as good as the law's optimum of `quality` parameters. Raises `ConfigError` where they never are."""
    check_above_zero(quality=quality, params=params, serving_weight=serving_weight)

    def split(one: Law) -> tuple[float, float, Optimum]:
        best = one.optimum_of_params(quality)
        return params, one.tokens_for(params, _loss(one, best)), best

    return _compared(law, split, served, serving_weight)


def cheapest(law: Law, quality: float, *, served: float, serving_weight: float = 1.0) -> Overtraining:
    """Return the model as good as the law's optimum of `quality` parameters that costs least, `served` tokens included."""
    check_above_zero(quality=quality, served=served, serving_weight=serving_weight)

    def split(one: Law) -> tuple[float, float, Optimum]:
        best = one.optimum_of_params(quality)
        params = _cheapest_params(one, best, FLOPS_PER_SERVED * serving_weight * served)
        return params, one.tokens_for(params, _loss(one, best)), best

    return _compared(law, split, served, serving_weight)


def shrink_tokens(k: float, *, alpha: float, beta: float) -> float:
    """Return how many times the optimum's tokens a model of `k` times its parameters needs for the same loss; infinite at the smallest size that can reach it."""
    left = 1 - (k**-alpha - 1) * beta / alpha
    return float(left ** (-1 / beta)) if left > 0 else math.inf


def shrink_overhead(k: float, *, alpha: float, beta: float) -> float:
    """Return the share of training FLOPs that `k` times the optimum's parameters cost beyond it."""
    return k * shrink_tokens(k, alpha=alpha, beta=beta) - 1


def smallest_share(*, alpha: float, beta: float) -> float:
    """Return the share of the optimum's parameters below which no number of tokens reaches its loss."""
    return float((1 + alpha / beta) ** (-1 / alpha))


def _loss(law: Law, best: Optimum) -> float:
    return best.loss if best.loss is not None else law.loss(best.params, best.tokens)


def _cheapest_params(law: Law, best: Optimum, per_param: float) -> float:
    """Return the parameters N that cost least in 6 N D(N) + `per_param` N at the optimum's loss."""
    loss = _loss(law, best)

    def cost(log_params: float) -> float:
        params = math.exp(log_params)
        try:
            tokens = law.tokens_for(params, loss)
        except (ConfigError, OverflowError):
            return math.inf
        return flops(params, tokens) + per_param * params

    # Serving only ever pulls to smaller models, and below some size none reaches the loss.
    high = math.log(best.params)
    return math.exp(lowest(cost, math.log(max(math.exp(high - _SMALLEST), law.least_params(loss))), high, within=1e-8))


@dataclass(frozen=True)
class _Balance:
    """What a model costs beside the optimum of equal loss, by any law; `split` gives both, and is asked once by each law."""

    split: Callable[[Law], tuple[float, float, Optimum]]
    served: float
    weight: float
    told: dict[int, tuple[float, float, Optimum]] = field(default_factory=dict)

    def once(self, law: Law) -> tuple[float, float, Optimum]:
        if id(law) not in self.told:
            self.told[id(law)] = self.split(law)
        return self.told[id(law)]

    def overhead(self, law: Law) -> float:
        small, long, other = self.once(law)
        return flops(small, long) / flops(other.params, other.tokens) - 1

    def break_even(self, law: Law) -> float | None:
        small, long, other = self.once(law)
        more, less = flops(small, long) - flops(other.params, other.tokens), FLOPS_PER_SERVED * self.weight * (other.params - small)
        # An over-trained model can only cost more to train; a rounding error below nothing is nothing.
        return max(more, 0.0) / less if less > 0 else None

    def saved(self, law: Law) -> float:
        small, long, other = self.once(law)
        return (
            flops(other.params, other.tokens) - flops(small, long) + FLOPS_PER_SERVED * self.weight * self.served * (other.params - small)
        )

    def saving(self, law: Law) -> float:
        other = self.once(law)[2]
        return self.saved(law) / (flops(other.params, other.tokens) + FLOPS_PER_SERVED * self.weight * self.served * other.params)

    def loss(self, law: Law) -> float:
        return law.loss(*self.once(law)[:2])

    def of_optimum(self, key: str) -> Callable[[Law], float]:
        return lambda law: float(getattr(self.once(law)[2], key))


def _compared(law: Law, split: Callable[[Law], tuple[float, float, Optimum]], served: float, weight: float) -> Overtraining:
    if not (math.isfinite(served) and served >= 0):
        raise ConfigError(f"served tokens are {served:g}; give 0 or more")
    if isinstance(law, Kaplan):
        raise ConfigError(
            f"{law.about.name}: its split of compute is not where its own losses are lowest (by them smaller models of equal loss cost less), so nothing can be held against an optimum of equal loss; "
            "give another law, such as 'llama3-surface' or 'besiroglu'"
        )
    if isinstance(law, Granular):
        raise ConfigError(
            f"{law.about.name}: serving and training a mixture cost by its active parameters, which this arithmetic does not know; give a dense law"
        )
    balance = _Balance(split, served, weight)
    params, tokens, best = balance.once(law)
    spans = {
        "loss": _number(estimate(law, balance.loss)), "saved_flops": _number(estimate(law, balance.saved)),
        "optimum": {key: _number(estimate(law, balance.of_optimum(key))) for key in ("compute", "params", "tokens")},
    }  # fmt: skip
    return Overtraining(
        law=law.about.name, params=_number(estimate(law, lambda one: balance.once(one)[0])), tokens=_number(estimate(law, lambda one: balance.once(one)[1])),
        loss=law.loss(params, tokens), optimum=best, overhead=_number(estimate(law, balance.overhead)), break_even_tokens=estimate(law, balance.break_even), served=served,
        serving_weight=weight, saving=_number(estimate(law, balance.saving)), saved_flops=balance.saved(law), spans=spans, counting=law.about.counting, sources=(law.about.source,),
        interval_kind=kind_of(law), interval_means=interval_of(law), warnings=tuple(_cautions(law, params, tokens, best)),
    )  # fmt: skip


def _number(value: Estimate | float | None) -> Estimate | float:
    assert value is not None
    # What was asked for is known; what follows from a law is not.
    return value.value if isinstance(value, Estimate) and value.low == value.high else value


def _cautions(law: Law, params: float, tokens: float, best: Optimum) -> list[str]:
    found = warnings(law, best.compute)
    if params >= best.params:
        found.append(
            f"The model is no smaller than the law's optimum of equal loss ({best.params:.3g} parameters): a served token costs no less, so nothing is won back."
        )
    if tokens / params > 100 * best.tokens_per_param:
        found.append(
            f"{tokens / params:,.0f} tokens a parameter are over 100 times the optimum's; laws fitted at ordinary ratios promise too much there (arXiv 2401.00448)."
        )
    return found
