"""Two questions from the other side: "what can run this model?", over all devices and formats, and "what can I run on this?", over all published models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from puna.plan.devices import Device, chip_of, devices, several
from puna.plan.formats import Format, formats
from puna.plan.models import named_models
from puna.plan.serving.cost import hour_of
from puna.plan.serving.memory import Fit, Load, fit, usable_bytes
from puna.plan.serving.model import Model, served
from puna.plan.serving.speed import Speed, speed

if TYPE_CHECKING:
    from collections.abc import Iterator

# How many of one chip people put into a machine, or rent together; 16 and 32 GPUs are two nodes and four.
TOGETHER = {"gpu": (1, 2, 4, 8, 16, 32), "tpu": (1, 4, 8, 16, 32, 64)}


@dataclass(frozen=True)
class Choice:
    """A model on a device: the formats that fit, from most bits to fewest, and how the first of them does."""

    model: Model
    device: Device
    load: Load
    formats: Sequence[Format]
    memory: Fit
    speed: Speed

    @property
    def best(self) -> Format:
        return self.formats[0]


def offered() -> list[Device]:
    """Return every device of the table, and the usual multiples of its GPUs and TPUs, by usable memory."""
    found: dict[str, Device] = {}
    for one in devices().values():
        for count in TOGETHER.get(one.kind, (1,)):
            whole = several(one, count)
            found.setdefault(whole.name, whole)
    return sorted(found.values(), key=lambda one: (usable_bytes(one), one.name))


def fits_model(model: Model, load: Load) -> list[Choice]:
    """Return every device that holds `model` in some format under `load`, from the least memory. Raises `ConfigError` for a load that no device could serve."""
    load.check(model)
    return list(_fitting((model, one, load) for one in offered()))


def fits_device(device: Device, load: Load) -> list[Choice]:
    """Return every published model that `device` holds in some format, from the most parameters; a model's own positions cut a longer context."""
    models = sorted((served(name) for name in named_models()), key=lambda model: -model.sized.total_params)
    loads = [replace(load, context=min(load.context, model.sized.llama.max_positions)) for model in models]
    for model, own in zip(models, loads, strict=True):
        own.check(model)
    return list(_fitting((model, device, own) for model, own in zip(models, loads, strict=True)))


def smallest_counts(choices: Sequence[Choice]) -> dict[str, dict[str, int]]:
    """Return, for each kind of chip, the least number of them that holds each format: what a table of "what can run it?" shows."""
    found: dict[str, dict[str, int]] = {}
    for choice in choices:
        chip = chip_of(choice.device)
        counts = found.setdefault(chip.name, {})
        for form in choice.formats:
            counts[form.name] = min(counts.get(form.name, choice.device.chips), choice.device.chips // chip.chips)
    return found


def figures(choice: Choice) -> dict[str, Any]:
    """Return a choice as the command's JSON has it; speeds, users and bytes are those of the finest format."""
    hour = hour_of(choice.device)
    return {
        "model": choice.model.name, "device": choice.device.name, "kind": choice.device.kind, "context": choice.load.context,
        "formats": [form.name for form in choice.formats], "best_format": choice.best.name, "weight_bytes": choice.memory.weight_bytes,
        "needed_bytes": choice.memory.needed_bytes, "usable_bytes": choice.memory.usable_bytes, "users": choice.memory.users,
        "decode_tokens_per_second": choice.speed.decode_tokens_per_second, "dollars_per_hour": hour and hour.estimate,
    }  # fmt: skip


def _fitting(asked: Iterator[tuple[Model, Device, Load]]) -> Iterator[Choice]:
    by_bits = sorted(formats().values(), key=lambda form: -form.bits)
    for model, one, load in asked:
        fitting = [form for form in by_bits if fit(model, form, one, load).fits]
        if fitting:
            # bf16, which models are published in, goes before GGUF's f16, its equal with a ten-thousandth more bits.
            best = sorted(fitting, key=lambda form: (-round(form.bits, 2), form.kind == "gguf"))
            memory = fit(model, best[0], one, load)
            yield Choice(model, one, load, best, memory, speed(model, best[0], one, load, memory))
