"""Constraints: what a model must not exceed or must reach, each with what a candidate uses of it and the slack that is left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from puna.plan.devices import device
from puna.plan.estimate import Estimate, ends, estimated
from puna.plan.formats import format_named
from puna.plan.laws.law import Law
from puna.plan.models import Sized
from puna.plan.prediction import fit_two_stages, read_scores
from puna.plan.serving.memory import Load, fit
from puna.plan.serving.model import Model
from puna.plan.serving.speed import speed
from puna.plan.sizing.candidates import Candidate
from puna.plan.sizing.plan_file import Budget, Demand, PlanFile

ROUNDING = 1e-9


@dataclass(frozen=True)
class Check:
    """One constraint held against one candidate: `used` of `limit`, in `unit`. `slack` is the share of the limit that is left; below 0 the constraint is broken. `limit_interval` is where a limit lies that is not known."""

    name: str
    used: float
    limit: float
    unit: str
    slack: float
    limit_interval: tuple[float, float] | None = None

    @property
    def holds(self) -> bool:
        return self.slack >= 0


Constraint = Callable[[Candidate], Check]


def constraints(plan: PlanFile, law: Law) -> dict[str, Constraint]:
    """Return the plan's constraints by name; `law` is the one that it reckons by."""
    found: dict[str, Constraint] = {"budget": partial(_budget, plan.budget, plan.budget.compute())} if plan.budget.hard else {}
    if plan.serving:
        found["serving memory"] = partial(_memory, plan.serving)
        if plan.serving.tokens_per_second:
            found["speed for one user"] = partial(_speed, plan.serving, plan.serving.tokens_per_second)
    if plan.data.unique_tokens:
        found["unique data"] = partial(_data, plan.data.unique_tokens * plan.data.epochs)
    if plan.wanted and plan.wanted.loss is not None:
        found["wanted loss"] = partial(_loss, plan.wanted.loss)
    if plan.wanted and plan.wanted.accuracy is not None and plan.wanted.scores is not None:
        found["wanted accuracy"] = partial(_accuracy, law, compute_reaching(plan.wanted.accuracy, plan.wanted.scores))
    return found


def served_model(candidate: Candidate) -> Model:
    """Return a candidate as the serving room sees models."""
    return Model(Sized(name="candidate", llama=candidate.shape, source="the plan's shapes"), tokens=candidate.tokens)


def load_of(demand: Demand) -> Load:
    return Load(context=demand.context, batch=demand.users)


def _budget(budget: Budget, compute: float, candidate: Candidate) -> Check:
    limit, unit = budget.stated
    share = candidate.train_flops / compute
    # What spends all of it is off by rounding, and within it.
    return _at_most("budget", limit * (1.0 if abs(share - 1) < ROUNDING else share), limit, unit)


def _memory(demand: Demand, candidate: Candidate) -> Check:
    model, load = served_model(candidate), load_of(demand)
    load.check(model)
    found = fit(model, format_named(demand.format), device(demand.device), load)
    return _at_most("serving memory", found.needed_bytes, found.usable_bytes, "bytes")


def _speed(demand: Demand, least: float, candidate: Candidate) -> Check:
    model, form, place, load = served_model(candidate), format_named(demand.format), device(demand.device), load_of(demand)
    rate = speed(model, form, place, load, fit(model, form, place, load)).decode_tokens_per_second.value / demand.users
    return Check("speed for one user", rate, least, "tokens/s", rate / least - 1)


def _data(most: float, candidate: Candidate) -> Check:
    return _at_most("unique data", candidate.tokens, most, "tokens")


def _loss(most: float, candidate: Candidate) -> Check:
    assert candidate.loss is not None, "the decision refuses a wanted loss by a law without losses"
    return _at_most("wanted loss", candidate.loss, most, "loss")


def compute_reaching(accuracy: float, scores: str) -> Estimate:
    """Return the FLOPs at which models like those in the file `scores` reach `accuracy`. Raises `PunaError`."""
    return estimated(fit_two_stages(read_scores(Path(scores))).compute_for(accuracy)["compute"])


def _accuracy(law: Law, least: Estimate, candidate: Candidate) -> Check:
    """Hold a model against a compute: it counts as that of the law's best split which is as good, however much was spent on it."""
    assert candidate.loss is not None, "the decision refuses a wanted accuracy by a law without losses"
    worth = law.optimum_of_loss(candidate.loss).compute
    return Check("wanted accuracy", worth, least.value, "FLOPs", worth / least.value - 1, ends(least))


def _at_most(name: str, used: float, limit: float, unit: str) -> Check:
    return Check(name, used, limit, unit, 1 - used / limit)
