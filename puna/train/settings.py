"""What one training run is told: how long, on what batches, at which rate, and what it keeps.

A step is `micro_batches` forward and backward passes over `batch_windows` windows of `window` tokens each, then one optimizer step. Settings that
contradict each other are refused, and so is resuming a run with settings under which its first steps would have been other steps.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from puna.errors import ConfigError
from puna.settings import Settings, parse
from puna.train import schedule as shapes

# What a resumed run may change freely: none of it reaches the weights.
FREE = frozenset({"checkpoint_every", "keep_latest", "permanent_every", "log_every"})
# What it may change as long as every step that is done had the same rate: a WSD run can be lengthened, or annealed early.
RATE = frozenset({"steps", "tokens", "lr", "schedule", "warmup_steps", "decay_steps", "final_fraction"})


class TrainSettings(Settings):
    """One run of the trainer. Give `steps` or `tokens`, not both."""

    steps: int | None = Field(default=None, ge=1, description="optimizer steps of the whole run")
    tokens: int | None = Field(default=None, ge=1, description="tokens of the whole run, padding included; rounded up to whole steps")
    window: int = Field(default=512, ge=2, description="tokens in a window: the longest context that is trained")
    batch_windows: int = Field(default=16, ge=1, description="windows in one forward and backward pass, over all ranks")
    micro_batches: int = Field(default=1, ge=1, description="forward and backward passes whose gradients add up to one step")

    lr: float = Field(default=3e-4, gt=0, description="peak learning rate (Llama 3: 3e-4 at 8B, 8e-5 at 405B)")
    schedule: Literal["cosine", "wsd", "linear"] = Field(default="cosine", description="how the rate falls after the warm-up")
    warmup_steps: int | None = Field(default=None, ge=0, description="steps of linear warm-up; by default 2% of the run, at most 2,000")
    decay_steps: int | None = Field(default=None, ge=1, description="steps of WSD's fall at the end; by default 10% of the run")
    final_fraction: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="the rate at the end as a fraction of the peak; by default 0.01 with cosine, 0 with wsd; linear ends at 0",
    )
    weight_decay: float = Field(default=0.1, ge=0, description="AdamW's decay of matrices, per step as a multiple of the rate")
    betas: tuple[float, float] = Field(default=(0.9, 0.95), description="AdamW's memory of the gradient and of its square, per step")
    eps: float = Field(default=1e-8, gt=0, description="AdamW's guard against a zero denominator, in the gradient's units")
    clip: float | None = Field(default=1.0, gt=0, description="largest norm of the mean gradient of all weights; none: never clipped")
    seed: int = Field(
        default=0,
        description="seed of the order of windows and of a new model's weights, for whoever builds loader and model; a resumed run keeps it",
    )

    checkpoint_every: int = Field(default=200, ge=1, description="steps from one checkpoint to the next; the last step always has one")
    keep_latest: int = Field(default=2, ge=1, description="how many of the latest checkpoints are kept")
    permanent_every: int | None = Field(default=None, ge=1, description="steps between checkpoints that are kept for good; none: no such")
    log_every: int = Field(default=1, ge=1, description="steps from one line of metrics.jsonl to the next; the last step always has one")

    activation_checkpointing: bool = Field(
        default=False, description="keep no activations within layers and compute them again: less memory, a third more time"
    )
    compile: Literal["auto", "on", "off"] = Field(default="auto", description="torch.compile; auto: where it pays")
    dtype: Literal["auto", "float32", "bfloat16"] = Field(
        default="auto", description="what products are computed in; weights are always fp32"
    )

    @field_validator("compile", mode="before")
    @classmethod
    def _yaml_reads_on_and_off_as_booleans(cls, value: object) -> object:
        return {True: "on", False: "off"}[value] if isinstance(value, bool) else value

    @field_validator("betas")
    @classmethod
    def _are_fractions(cls, value: tuple[float, float]) -> tuple[float, float]:
        if not all(0 <= beta < 1 for beta in value):
            raise ValueError("both betas lie in [0, 1)")
        return value

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if (self.steps is None) == (self.tokens is None):
            raise ValueError("give the run's length as 'steps' or as 'tokens', and not as both")
        if self.decay_steps is not None and self.schedule != "wsd":
            raise ValueError(f"'decay_steps' belongs to schedule wsd; {self.schedule} falls from the warm-up on")
        if self.final_fraction is not None and self.schedule == "linear":
            raise ValueError("'final_fraction' does nothing with schedule linear, which ends at 0")
        if self.warmup + self.decay > self.num_steps:
            raise ValueError(f"warm-up and decay take {self.warmup} and {self.decay} steps, and the run has {self.num_steps}")
        if self.permanent_every is not None and self.permanent_every % self.checkpoint_every:
            raise ValueError(
                f"'permanent_every' ({self.permanent_every}) is not a multiple of 'checkpoint_every' ({self.checkpoint_every})"
            )
        return self

    @property
    def tokens_per_step(self) -> int:
        return self.window * self.batch_windows * self.micro_batches

    @property
    def num_steps(self) -> int:
        """Return the optimizer steps of the whole run."""
        return self.steps if self.steps is not None else -(-(self.tokens or 0) // self.tokens_per_step)

    @property
    def warmup(self) -> int:
        """Return the steps of warm-up."""
        return min(2000, self.num_steps // 50) if self.warmup_steps is None else self.warmup_steps

    @property
    def decay(self) -> int:
        """Return the steps of WSD's fall; 0 with other schedules."""
        if self.schedule != "wsd":
            return 0
        return -(-self.num_steps // 10) if self.decay_steps is None else self.decay_steps

    def lr_at(self, step: int) -> float:
        """Return the learning rate of the step that begins after `step` others."""
        return self.lr * self._shape(step)

    def _shape(self, step: int) -> float:
        if self.schedule == "cosine":
            final = 0.01 if self.final_fraction is None else self.final_fraction
            return shapes.cosine(step, steps=self.num_steps, warmup=self.warmup, final=final)
        if self.schedule == "wsd":
            return shapes.wsd(step, steps=self.num_steps, warmup=self.warmup, decay=self.decay, final=self.final_fraction or 0.0)
        return shapes.linear(step, steps=self.num_steps, warmup=self.warmup)


def check_resumable(saved: Mapping[str, Any], now: Mapping[str, Any], *, step: int, where: str) -> None:
    """Raise `ConfigError` naming the first key in which a run differs from the one whose checkpoint (after `step` steps) it would resume.

    Both are `{"settings": …, "model": …, …}` as plain data. Keys in `FREE` may differ, and those in `RATE` where all steps done had the same rate.
    """
    before, after = parse(TrainSettings, saved["settings"], where=where), parse(TrainSettings, now["settings"], where=where)
    same_rates = all(before.lr_at(done) == after.lr_at(done) for done in range(step))
    ignored = FREE | RATE if same_rates else FREE
    for key in now:
        was, is_now = saved.get(key), now[key]
        if not isinstance(is_now, Mapping):
            was, is_now = {"": was}, {"": is_now}
        for name in is_now:
            old, new = (was or {}).get(name), is_now[name]
            if old != new and not (key == "settings" and name in ignored):
                named = ".".join(part for part in (key, name) if part)
                raise ConfigError(f"{where}: was trained with {named} = {old}, now {new}; go back to it, or train in another directory")
