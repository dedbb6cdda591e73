"""How many parameters and tokens so much compute should become, by a law, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from puna.errors import ConfigError
from puna.plan.constrained import Synthetic, synthetic_needed
from puna.plan.estimate import Estimate
from puna.plan.laws.errata import said
from puna.plan.laws.law import LEAST, MOST, Law, Optimum, estimate, far, interval_of, kind_of
from puna.plan.repetition import Repeated, repeated_optimum


@dataclass(frozen=True)
class Recommendation:
    """The best split of `compute` FLOPs by a law, with the interval over what the law's evidence allows; `repeated` and `synthetic` where unique data is short, and in `spans` the same with intervals."""

    law: str
    compute: float
    params: Estimate | float
    tokens: Estimate | float
    loss: Estimate | float | None
    tokens_per_param: Estimate | float
    counting: str
    source: str
    interval_kind: str | None
    interval_means: str
    warnings: tuple[str, ...]
    unique_tokens: float | None = None
    repeated: Repeated | None = None
    synthetic: tuple[Synthetic, ...] = ()
    spans: Mapping[str, Any] = field(default_factory=dict)

    def figures(self) -> dict[str, Any]:
        """Return what `puna plan optimal --json` prints."""
        found = {
            key: value for key, value in vars(self).items() if key not in ("source", "unique_tokens", "repeated", "synthetic", "spans")
        }
        if self.unique_tokens is not None:
            found["unique_tokens"] = self.unique_tokens
            found |= self.spans
        return {**found, "sources": [self.source]}


def optimal(law: Law, compute: float, *, unique_tokens: float | None = None) -> Recommendation:
    """Split `compute` FLOPs by a law; with `unique_tokens`, say too what repeating them costs and how much synthetic data would take its place.

    Raises `ConfigError` for a compute that is not above 0.
    """
    check_above_zero(compute=compute, **({} if unique_tokens is None else {"unique tokens": unique_tokens}))
    if not LEAST <= compute <= MOST:
        raise ConfigError(f"compute of {compute:g} FLOPs is outside what laws are for ({LEAST:.0e} to {MOST:.0e}); check the unit")
    best = law.optimum(compute)
    splits: dict[int, Optimum] = {}

    def at(one: Law) -> Optimum:
        # Three quantities ask each of hundreds of laws for the same split.
        if id(one) not in splits:
            splits[id(one)] = one.optimum(compute)
        return splits[id(one)]

    repeated, synthetic, spans = None, [], {}
    if unique_tokens is not None:
        synthetic = synthetic_needed(best.tokens, unique_tokens=unique_tokens)
        repeated = repeated_optimum(law, compute, unique_tokens=unique_tokens) if best.loss is not None else None
        spans = {
            "repeated": _repeated(law, compute, unique_tokens) if repeated else None,
            "synthetic": _synthetic(law, synthetic, compute, unique_tokens),
        }
    return Recommendation(
        law=law.about.name, compute=compute, params=_known(estimate(law, lambda one: at(one).params)), tokens=_known(estimate(law, lambda one: at(one).tokens)), loss=estimate(law, lambda one: at(one).loss),
        tokens_per_param=_known(estimate(law, lambda one: at(one).tokens_per_param)), counting=law.about.counting, source=law.about.source,
        interval_kind=kind_of(law), interval_means=interval_of(law), warnings=tuple(warnings(law, compute)),
        unique_tokens=unique_tokens, repeated=repeated, synthetic=tuple(synthetic), spans=spans,
    )  # fmt: skip


def _known(value: Estimate | float | None) -> Estimate | float:
    assert value is not None
    return value


def _repeated(law: Law, compute: float, unique_tokens: float) -> dict[str, Estimate | float]:
    """Return the best split with repetition, each figure with the interval over the law's alternatives."""
    told: dict[int, Repeated] = {}

    def once(one: Law) -> Repeated:
        if id(one) not in told:
            told[id(one)] = repeated_optimum(one, compute, unique_tokens=unique_tokens)
        return told[id(one)]

    def at(key: str) -> Callable[[Law], float]:
        return lambda one: float(getattr(once(one), key))

    return {key: _known(estimate(law, at(key))) for key in vars(once(law))}


def _synthetic(law: Law, rows: Sequence[Synthetic], compute: float, unique_tokens: float) -> list[dict[str, Estimate | float]]:
    """Return the rows of synthetic data with intervals: what a law wants of tokens differs among its alternatives, what so many epochs are worth does not."""

    def at(epochs: int, key: str) -> Callable[[Law], float]:
        def asked(one: Law) -> float:
            found = synthetic_needed(one.optimum(compute).tokens, unique_tokens=unique_tokens)
            # Where fewer epochs were enough, so many are.
            return float(getattr(next((row for row in found if row.epochs == epochs), found[-1]), key))

        return asked

    return [
        {"epochs": row.epochs, **{key: _known(estimate(law, at(row.epochs, key))) for key in vars(row) if key != "epochs"}} for row in rows
    ]


def warnings(law: Law, compute: float) -> list[str]:
    """Return what a user of a law at a compute should know: extrapolation, what is missing, and the papers' errata."""
    found = [*law.about.notes]
    orders = far(law, compute)
    if orders is not None:
        found.append(
            f"{compute:.3g} FLOPs lie {orders:.1f} orders of magnitude outside the runs of '{law.about.name}' ({law.about.compute_low:.2g} to {law.about.compute_high:.2g}): "
            "an extrapolation over 3 orders or more."
        )
    if not law.alternatives:
        found.append(f"No interval: nothing is at hand that says how sure '{law.about.name}' is.")
    if law.optimum(compute).loss is None:
        found.append(f"No loss: '{law.about.name}' says how to split compute and not what loss follows.")
    return found + said(law, compute)


def check_above_zero(**values: float) -> None:
    """Raise `ConfigError` for the first value that is not finite and above 0."""
    for name, value in values.items():
        if not (math.isfinite(value) and value > 0):
            raise ConfigError(f"{name} is {value:g}; give a finite number above 0")
