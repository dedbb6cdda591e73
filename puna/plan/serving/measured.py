"""What decoding reached where somebody measured it, and the efficiencies that follow.

At one sequence a token waits for the weights to be read, so that bandwidth by bytes bounds the speed. Nobody reaches the bound, and fewer bits reach less of it:
unpacking is work. On one machine llama.cpp moved 469 GB/s of F16 weights but 353 of Q4_K_M and 253 of Q2_K (its tools/quantize README), so that a file
3.3 times smaller was 2.5 times faster. Hence two factors, both from `data/decode.csv`:

- `bandwidth_share`: how much of a data sheet's bandwidth 16-bit weights reach. Its interval is the whole range between machines.
- `relative_efficiency`: how much of that a format reaches, from runs of one program on one machine. GGUF types are interpolated over their bits.

Chips that share each matrix also wait for one another, twice a layer: `all_reduce_seconds`, from the runs on eight chips.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

from puna.plan.devices import Device, device
from puna.plan.estimate import Estimate
from puna.plan.formats import KEPT_BITS, Format, format_named, stored, weight_bytes
from puna.plan.models import Sized, model_of
from puna.plan.tables import rows_of

if TYPE_CHECKING:
    from collections.abc import Sequence

SIXTEEN_BITS = ("bf16", "f16")


@dataclass(frozen=True)
class Run:
    """One measured speed: which weights were read, on what (None: the source does not say), how many tokens a second came."""

    run: str
    device: Device | None
    model: Sized
    form: Format
    tokens_per_second: float
    source: str

    @property
    def bytes_per_second(self) -> float:
        """Return the weights read a second, the embedding's table counted too although decoding looks only one row up."""
        return weight_bytes(self.model, self.form) * self.tokens_per_second


@cache
def runs() -> Sequence[Run]:
    """Return every measured speed, in the table's order."""
    return [_run(row) for row in rows_of("decode.csv")]


@cache
def bandwidth_share() -> Estimate:
    """Return the share of a chip's bandwidth that reading 16-bit weights reaches: the median over machines, and the range they span.

    Most machines were measured in another format, whose relative efficiency is taken out. One of them unpacks better than the machine that this comes from, so
    the upper end passes 1; speeds are cut at the bound.
    """
    first: dict[str, Run] = {}
    for run in runs():
        if run.device is not None and run.device.chips == 1:
            first.setdefault(run.run, run)
    shares = [_share(run, run.device) / relative_efficiency(run.model, run.form) for run in first.values() if run.device]
    return Estimate(median(shares), min(shares), max(shares))


def relative_efficiency(model: Sized, form: Format) -> float:
    """Return the bandwidth that weights in `form` reach, by that of 16-bit weights on the same machine. What stays in 16 bits is read at full speed."""
    ratio = _of_gguf(form.bits) if form.kind == "gguf" else _by_format()[form.like]
    kept = stored(model, form)
    kept_bytes = kept.kept * KEPT_BITS / 8
    return kept.num_bytes / (kept_bytes + (kept.num_bytes - kept_bytes) / ratio)


@cache
def all_reduce_seconds() -> Estimate:
    """Return how long chips wait for one another at each of the two sums a layer, the bytes they send aside: from the runs on several chips."""
    waits = []
    for run in runs():
        if run.device is not None and run.device.chips > 1:
            share = bandwidth_share().value * relative_efficiency(run.model, run.form)
            reading = weight_bytes(run.model, run.form) / (run.device.bandwidth_bytes_per_second * share)
            waits.append((1 / run.tokens_per_second - reading) / (2 * run.model.llama.num_layers))
    return Estimate(math.sqrt(min(waits) * max(waits)), min(waits), max(waits))


def relative_by_run(name: str) -> Mapping[str, tuple[float, float]]:
    """Return, for each format of a run, its bits and its bandwidth by that of the run's 16-bit row."""
    of_run = [run for run in runs() if run.run == name]
    base = next(run.bytes_per_second for run in of_run if run.form.name in SIXTEEN_BITS)
    return {run.form.name: (run.form.bits, run.bytes_per_second / base) for run in of_run}


def _of_gguf(bits: float) -> float:
    points = sorted(relative_by_run("llama.cpp").values())
    return float(np.interp(bits, [point[0] for point in points], [point[1] for point in points]))


@cache
def _by_format() -> Mapping[str, float]:
    return {name: ratio for name, (_, ratio) in relative_by_run("gpt-fast").items()}


def _share(run: Run, chip: Device) -> float:
    return run.bytes_per_second / chip.bandwidth_bytes_per_second


def _run(row: Mapping[str, str]) -> Run:
    form = format_named(row["format"])
    if row["bits"]:
        bits = float(row["bits"])
        form = replace(form, bits=bits, shared_bits=bits, output_bits=bits)
    where = device(row["device"]) if row["device"] else None
    return Run(row["run"], where, model_of(row["model"]), form, float(row["tokens_per_second"]), row["source"])
