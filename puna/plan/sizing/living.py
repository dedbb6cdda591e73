"""What a model costs over its life: trained once, then asked for so many tokens.

Both are counted in hours of the GPU that trains, where the plan names that and the device that serves: training's from the budget's own shares, serving's from the speed at which the device reads prompts and
writes answers in the plan's format (`serving/speed.py`), which is far below its arithmetic for answers and near it for prompts. A device that is not the training GPU counts by its price where both have
one, else by its dense peak. Where the plan names no GPU or no device, FLOPs take the place of hours: 6 a parameter and trained token, 2 a parameter and served one.

A device of many chips need not be filled with one copy of the model: it is served on as many of the chips as make a token cheapest (`serving/placing.py`). Eight GPUs that share a small model
spend more of their time waiting for one another than they win.

A request is Meta's, 4,096 tokens of prompt and 256 of answer (arXiv 2407.21783, section 6.1), shortened to the plan's context, and as many run at once as fit, 128 at most.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

from puna.model.config import LlamaConfig
from puna.plan.devices import Device, chip_of, device, prices
from puna.plan.estimate import Estimate
from puna.plan.formats import Format, format_named
from puna.plan.models import Sized
from puna.plan.serving.model import Model
from puna.plan.serving.placing import Workload, cheapest, held, parts, places
from puna.plan.sizing.plan_file import HOUR, Budget, Demand

FORWARD_FLOPS = 2.0
REQUEST = Workload(served=1.0)


@dataclass(frozen=True)
class Living:
    """The prices of a plan's training and serving, both in `unit`."""

    budget: Budget
    demand: Demand | None

    @cached_property
    def in_hours(self) -> bool:
        return self.budget.gpu is not None and self.demand is not None

    @property
    def unit(self) -> str:
        return f"{self.budget.gpu} hours" if self.in_hours else "FLOPs"

    @property
    def dollars(self) -> float | None:
        """Return what one `unit` costs, None where nobody rents it or the unit is FLOPs."""
        return self.budget.dollars_per_hour if self.in_hours else None

    def training(self, compute: float) -> float:
        """Return what `compute` FLOPs of training cost."""
        hours = self.budget.hours_for(compute) if self.in_hours else None
        return compute if hours is None else hours

    def serving(self, shape: LlamaConfig) -> float:
        """Return what a served token costs; infinite where the device does not hold the model."""
        return self.serving_estimate(shape).value

    def serving_estimate(self, shape: LlamaConfig) -> Estimate:
        """Return what a served token costs with the interval of the speed: infinite at all ends where the device does not hold the model."""
        if not self.in_hours:
            cost = FORWARD_FLOPS * shape.num_params
            return Estimate(cost, cost, cost)
        best = cheapest(places(_model(shape), self._asked[0], self._parts(shape), self._asked[1]))
        if best is None:
            return Estimate(math.inf, math.inf, math.inf)
        return best.tokens_per_chip_second.reciprocal().scaled(self._of_training_gpu(best.device) / HOUR)

    def places(self, shape: LlamaConfig) -> list[tuple[Device, int]]:
        """Return the numbers of the device's chips that hold the model, each with the requests at once that fit; nothing where not even the whole device holds it."""
        form, request = self._asked
        return held(_model(shape), form, self._parts(shape), request)

    def _parts(self, shape: LlamaConfig) -> list[Device]:
        assert self.demand is not None
        return parts(shape, device(self.demand.device))

    @cached_property
    def _asked(self) -> tuple[Format, Workload]:
        """Return the plan's format, and what a request is."""
        assert self.demand is not None
        context = min(REQUEST.prompt + REQUEST.answer, self.demand.context)
        return format_named(self.demand.format), Workload(1.0, prompt=max(1, context - REQUEST.answer), answer=min(REQUEST.answer, context))

    def _of_training_gpu(self, place: Device) -> float:
        """Return what a chip's hour of the serving device is worth in hours of the training GPU."""
        trains, serves = device(self.budget.gpu or ""), chip_of(place)
        if trains.name == serves.name:
            return 1.0
        known = prices()
        if trains.name in known and serves.name in known:
            return known[serves.name].dollars_per_hour / known[trains.name].dollars_per_hour
        return place.bf16_flops / place.chips / trains.bf16_flops


def _model(shape: LlamaConfig) -> Model:
    return Model(Sized(name="candidate", llama=shape, source="the plan's shapes"))
