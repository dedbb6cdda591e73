"""One answer to "can this device serve this model, and how well?": memory, speed, money and quality together, and what to change where it cannot."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from puna.plan import errata
from puna.plan import formats as _formats
from puna.plan.devices import Device, chip_of, devices, several
from puna.plan.serving import quality as _quality
from puna.plan.serving import speed as _speed
from puna.plan.serving.cost import Hour, dollars_per_million, hour_of, kilowatt_hours_per_million
from puna.plan.serving.memory import Fit, Load, fit, usable_bytes
from puna.plan.serving.quality import Quality, quality
from puna.plan.serving.speed import Speed, speed

if TYPE_CHECKING:
    from puna.plan.estimate import Estimate
    from puna.plan.formats import Format
    from puna.plan.serving.model import Model

MOST_SUGGESTED = 1024


@dataclass(frozen=True)
class Serving:
    """Whether and how `device` serves `model` in `form` under `load`. `speed` and `hour` are None where it does not fit or has no price; `instead` says what would fit."""

    model: Model
    form: Format
    device: Device
    load: Load
    memory: Fit
    speed: Speed | None
    quality: Quality
    hour: Hour | None
    instead: list[str]
    warnings: list[str]

    def figures(self) -> dict[str, Any]:
        """Return everything as the command's JSON has it, with `Estimate`s where a figure has doubt."""
        return {
            "model": self.model.name, "device": self.device.name, "format": self.form.name, "context": self.load.context, "batch": self.load.batch,
            "cache_format": self.load.cache, **asdict(self.memory), "needed_bytes": self.memory.needed_bytes, "bits_per_weight": self.form.bits,
            **self._speeds(), **self._costs(),
            "quality": {key: getattr(self.quality, key) for key in Quality.__dataclass_fields__},
            "instead": self.instead, "warnings": self.warnings, "sources": self.sources(),
        }  # fmt: skip

    def sources(self) -> list[str]:
        price = [f"price: {self.hour.price.date}, {self.hour.price.source}"] if self.hour else []
        lists = (_speed.SOURCES, _quality.SOURCES)
        return [f"device: {self.device.source}", f"format: {self.form.source}", *price, *(line for lines in lists for line in lines)]

    def _speeds(self) -> dict[str, Any]:
        at = self.speed
        return {
            "decode_tokens_per_second": at and at.decode_tokens_per_second,
            "decode_tokens_per_second_per_user": at and at.decode_tokens_per_second.scaled(1 / self.load.batch),
            "decode_bound_tokens_per_second": at and at.bound,
            "prefill_tokens_per_second": at and at.prefill_tokens_per_second,
            "maths": at and at.maths,
            "nodes": _speed.num_nodes(self.device),
        }

    def _costs(self) -> dict[str, Any]:
        def cost(rate: Estimate | None) -> Estimate | None:
            return dollars_per_million(self.hour, rate) if self.hour and rate else None

        decode = self.speed.decode_tokens_per_second if self.speed else None
        return {
            "dollars_per_hour": self.hour and self.hour.estimate,
            "dollars_per_million_output_tokens": cost(decode),
            "dollars_per_million_input_tokens": cost(self.speed.prefill_tokens_per_second if self.speed else None),
            "kilowatt_hours_per_million_output_tokens": kilowatt_hours_per_million(self.device, decode) if decode else None,
        }


def serve(model: Model, form: Format, device: Device, load: Load) -> Serving:
    """Return whether and how `device` serves `model` in `form` under `load`. Raises `ConfigError` for a load that no device could serve."""
    load.check(model)
    memory = fit(model, form, device, load)
    at = speed(model, form, device, load, memory) if memory.fits else None
    instead = [] if memory.fits else suggestions(model, form, device, load)
    return Serving(model, form, device, load, memory, at, quality(model, form), hour_of(device), instead, _warnings(model, form, device))


def suggestions(model: Model, form: Format, device: Device, load: Load) -> list[str]:
    """Return what would fit instead, one change each: a smaller format, a shorter context, fewer users, more of the chip, another device."""
    memory = fit(model, form, device, load)
    smaller = [other for other in _formats.formats().values() if other.bits < form.bits and fit(model, other, device, load).fits]
    of_kinds = ([other for other in smaller if (other.kind == "gguf") == gguf] for gguf in (False, True))
    finest = (max(kind, key=lambda other: _formats.weight_bytes(model.sized, other), default=None) for kind in of_kinds)
    found = [f"--format {other.name}" for other in finest if other]
    if 1 <= memory.longest < load.context:
        found.append(f"--context {memory.longest}")
    if 1 <= memory.users < load.batch:
        found.append(f"--batch {memory.users}")
    names = {_more(model, form, device, load), _other(model, form, load)} - {None}
    return found + [f"--device {name}" for name in sorted(str(name) for name in names)]


def _more(model: Model, form: Format, device: Device, load: Load) -> str | None:
    """Return the name of the smallest power of two of the device's chip that would do."""
    chip = chip_of(device)
    if chip.kind not in ("gpu", "tpu"):
        return None
    counts = [2**power for power in range(MOST_SUGGESTED.bit_length())]
    return next((several(chip, count).name for count in counts if fit(model, form, several(chip, count), load).fits), None)


def _other(model: Model, form: Format, load: Load) -> str | None:
    """Return the name of the device with the least memory, among the table's rows, that would do."""
    fitting = [one for one in devices().values() if fit(model, form, one, load).fits]
    return min(fitting, key=usable_bytes).name if fitting else None


def _warnings(model: Model, form: Format, device: Device) -> list[str]:
    found = []
    maths = _speed.maths_of(form, device)[0]
    if form.maths != maths:
        found.append(f"{chip_of(device).name} has no {form.maths} units: {form.name} saves memory there and no arithmetic")
    if form.bits < _formats.KEPT_BITS:
        found.append("no format below 16 bits is lossless: benchmarks miss answers that it corrupts (arXiv 2407.21783 section 6.2)")
    if model.tokens is None:
        found.append("training tokens unknown: the loss of quantization spans 20 to 1,900 tokens a parameter")
    return found + (errata.said(model.name, command="serve") if form.bits < _formats.KEPT_BITS else [])
