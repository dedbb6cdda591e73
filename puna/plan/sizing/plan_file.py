"""What a plan states: the budget, the law, the data, where the model has to run, and what it has to reach.

    name: llama3-405b
    budget: {gpu: h100, gpus: 16384, days: 78.4, mfu: 0.404, effective: 0.9, overhead: 1.05}
    split: {tensor: 8, pipeline: 16}
    serving: {device: 8xh100, format: fp8}

A budget is given as FLOPs, as days of so many GPUs, or as money for such GPUs. Three figures lie between a GPU's hours and a model's FLOPs, and are kept apart: `mfu` while
steps run, `effective` of the time in which steps run at all (failures, restarts, checkpoints), and `overhead`, hours billed for each of the run itself (trials, evaluation, long context). Mixed into one they hide what
can be mended: Llama 3.1 8B's published hours are 13.9 % of their peak in all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from puna.errors import ConfigError
from puna.plan.devices import Price, device, prices
from puna.plan.estimate import Estimate, ends
from puna.plan.faults import OBSERVED_GPUS, effective_estimate
from puna.plan.runs import PRINTED_MFU
from puna.settings import Settings, apply_override, parse, read_yaml

DAY, HOUR = 86_400, 3600


class Budget(Settings):
    """What may be spent on training: `flops`; or `days` of `gpus` x `gpu`; or `dollars` for hours of `gpu`, at its price."""

    flops: float | None = Field(default=None, gt=0)
    gpu: str | None = None
    gpus: int | None = Field(default=None, ge=1)
    days: float | None = Field(default=None, gt=0)
    dollars: float | None = Field(default=None, gt=0)
    mfu: float = Field(default=0.4, gt=0, le=1)
    effective: float = Field(default=0.9, gt=0, le=1)
    overhead: float = Field(default=1.0, ge=1, allow_inf_nan=False)
    hard: bool = Field(default=False, description="no training beyond it, even where what serving saves would pay for that")

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        given = [name for name in ("flops", "days", "dollars") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"give one of 'flops', 'days' and 'dollars' (got {' and '.join(given) or 'none'})")
        missing = [name for name in {"days": ("gpu", "gpus"), "dollars": ("gpu",)}.get(given[0], ()) if getattr(self, name) is None]
        if missing:
            raise ValueError(f"a budget in {given[0]} needs '{missing[0]}'")
        if given[0] in ("flops", "dollars") and self.gpus is not None:
            raise ValueError(f"'gpus' says nothing beside '{given[0]}'; leave it out")
        if self.gpu and device(self.gpu).kind not in ("gpu", "tpu"):
            raise ValueError(f"'gpu': {self.gpu} is a {device(self.gpu).kind}; name the chip, and give their number in 'gpus'")
        return self

    @property
    def stated(self) -> tuple[float, str]:
        """Return the budget as it is given, and its unit."""
        return next(
            (value, unit) for value, unit in ((self.flops, "FLOPs"), (self.days, "days"), (self.dollars, "dollars")) if value is not None
        )

    @property
    def share(self) -> float:
        """Return the share of the GPUs' peak that becomes the model's FLOPs."""
        return self.mfu * self.effective / self.overhead

    @property
    def share_estimate(self) -> Estimate:
        """Return the share with what the plan leaves unsaid of it: an MFU of table 4's range, and the effective share that slower and faster checkpoints would leave. What is said is known."""
        mfu = Estimate(self.mfu, self.mfu, self.mfu) if "mfu" in self.model_fields_set else PRINTED_MFU
        low, high = (
            (self.effective, self.effective) if "effective" in self.model_fields_set else ends(effective_estimate(gpus=OBSERVED_GPUS))
        )
        return Estimate(
            self.share, mfu.low * min(low, self.effective) / self.overhead, mfu.high * max(high, self.effective) / self.overhead
        )

    @property
    def price(self) -> Price | None:
        """Return the price of a GPU, None where no GPU is named or nobody rents it."""
        return prices().get(device(self.gpu).name) if self.gpu else None

    @property
    def dollars_per_hour(self) -> float | None:
        """Return the price of a GPU's hour, None where no GPU is named or nobody rents it."""
        return self.price.dollars_per_hour if self.price else None

    def compute(self) -> float:
        """Return the FLOPs that the budget buys. Raises `ConfigError` where its GPU is unknown or has no price."""
        return self.flops if self.flops is not None else self.gpu_hours() * HOUR * device(self.gpu or "").bf16_flops * self.share

    def gpu_hours(self) -> float:
        """Return the GPU-hours of a budget in days or dollars."""
        if self.days is not None:
            return self.days * DAY / HOUR * (self.gpus or 0)
        price = self.dollars_per_hour
        if price is None:
            raise ConfigError(
                f"'budget.gpu': no price of '{self.gpu}' is known; give the budget in days or FLOPs, or add a line to prices.csv"
            )
        return (self.dollars or 0.0) / price

    def hours_for(self, compute: float) -> float | None:
        """Return the GPU-hours that `compute` FLOPs take, None where no GPU is named."""
        return compute / (device(self.gpu).bf16_flops * self.share) / HOUR if self.gpu else None


class Split(Settings):
    """The parallel layout that the shape must be cut by."""

    tensor: int = Field(default=1, ge=1)
    pipeline: int = Field(default=1, ge=1)


class Data(Settings):
    """What there is to read: `unique_tokens`, each read at most `epochs` times. Repeated tokens teach less (arXiv 2305.16264)."""

    unique_tokens: float | None = Field(default=None, gt=0)
    epochs: float = Field(default=4.0, ge=1)


class Demand(Settings):
    """Where the model has to run, for how many users at once, and how much will be asked of it over its life, in tokens (None: nobody has said)."""

    device: str
    format: str = "bf16"
    context: int = Field(default=8192, ge=1)
    users: int = Field(default=1, ge=1)
    tokens_per_second: float | None = Field(default=None, gt=0, description="that one user has to see at least")
    tokens: float | None = Field(default=None, gt=0, description="served over the model's life")


class Wanted(Settings):
    """What has to be reached: a `loss`, by the plan's law, or an `accuracy`, by the `scores` of other models (a CSV file, as `puna plan predict` reads it)."""

    loss: float | None = Field(default=None, gt=0)
    accuracy: float | None = Field(default=None, gt=0, lt=1)
    scores: str | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.loss is None and self.accuracy is None:
            raise ValueError("give 'loss', or 'accuracy' with 'scores'")
        if (self.accuracy is None) != (self.scores is None):
            raise ValueError("'accuracy' and 'scores' go together: the scores say which compute reaches the accuracy")
        return self


class PlanFile(Settings):
    """A whole plan."""

    name: str = Field(min_length=1)
    description: str = ""
    budget: Budget
    law: str = "llama3"
    split: Split = Split()
    data: Data = Data()
    serving: Demand | None = None
    wanted: Wanted | None = None

    @classmethod
    def read(cls, path: Path | str, overrides: Iterable[str] = ()) -> PlanFile:
        """Return the plan in the YAML file `path` with `--set` assignments applied. Raises `ConfigError`, one line that starts with the path."""
        values = read_yaml(Path(path))
        if not isinstance(values, Mapping):
            raise ConfigError(f"{path}: a plan is a mapping with 'name' and 'budget'")
        for assignment in overrides:
            values = apply_override(values, assignment)
        return parse(cls, values, where=str(path))
