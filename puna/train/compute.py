"""How a step is computed: in which dtype, and compiled or not. Each choice is made once, for a stated reason, and alike whenever a run is resumed."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any, Literal, cast

import torch

from puna import machine
from puna.errors import ConfigError
from puna.machine import Choice
from puna.model.config import LlamaConfig
from puna.model.llama import Llama
from puna.train.settings import TrainSettings

# On two CPU cores compiling took 52 s and made a step 1.2 times as fast, so it breaks even after about five minutes. A run's length is estimated from its
# FLOPs at a fixed rate rather than timed, for a resumed run must come to the same decision.
NOMINAL_CPU_FLOPS = 100e9
LEAST_SECONDS = 600.0


def choose_dtype(asked: Literal["auto", "float32", "bfloat16"], device: str, *, width: int) -> Choice:
    """Return the dtype of a model's matrix products."""
    return machine.compute_dtype(device, width=width) if asked == "auto" else Choice(asked, "the settings say so")


def choose_compile(settings: TrainSettings, config: LlamaConfig, *, device: str, compiler: Choice | None = None) -> Choice:
    """Return `"on"` or `"off"`. Raises `ConfigError` where the settings ask for what this machine cannot do; `compiler` is found unless given."""
    if settings.compile == "off" or (settings.compile == "on" and device == "cuda"):
        return Choice(settings.compile, "the settings say so")
    if device == "cuda":
        return Choice(
            "off", "attention on a GPU is cut by document, which each batch does anew; whether compiling pays is not measured yet"
        )
    compiler = compiler or machine.compiler()
    if settings.compile == "on":
        if compiler.value == "no":
            raise ConfigError(f"compile 'on' cannot be done here: {compiler.reason}; install that, or say compile 'auto' or 'off'")
        return Choice("on", "the settings say so")
    if compiler.value == "no":
        return Choice("off", compiler.reason)
    seconds = settings.num_steps * settings.tokens_per_step * config.train_flops_per_token(settings.window) / NOMINAL_CPU_FLOPS
    length = f"the run takes about {seconds / 60:,.1f} minutes at {NOMINAL_CPU_FLOPS / 1e9:.0f} GFLOP/s"
    if seconds < LEAST_SECONDS:
        return Choice("off", f"{length}, too short to win back the minute of compiling")
    return Choice("on", f"{length}, long enough to win back the minute of compiling")


def compiled(model: Llama, *, backend: str | Callable[..., Any] = "inductor") -> Llama:
    """Return `model` with a compiled forward pass; weights are shared, and `model` itself stays as it is.

    Shapes are static: every batch has as many tokens. Where documents begin is data, which no graph depends on, so one compilation serves them all.
    """
    return cast(Llama, torch.compile(model, dynamic=False, backend=backend))


def autocast(device: str, dtype: str) -> Callable[[], contextlib.AbstractContextManager[None]]:
    """Return a maker of contexts in which products run in `dtype`. In fp32 it does nothing, for weights are fp32."""
    if dtype == "float32":
        return contextlib.nullcontext
    return lambda: torch.autocast(device, dtype=torch.bfloat16)
