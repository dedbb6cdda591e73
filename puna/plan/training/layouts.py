"""How a model is cut over GPUs: `tp,cp,pp,dp`, innermost first, as Llama 3 orders them (arXiv 2407.21783, section 3.3.2).

Tensor parallelism cuts every matrix and talks most, so it stays within a node; context parallelism cuts the sequence and gathers keys and values;
the pipeline cuts the layers and talks least but idles at both ends; data parallelism cuts the batch, and with it the optimizer's state. A mixture may
also spread its experts over `ep` of the data-parallel ranks.

The pipeline counts the embedding and the output as a layer each: Llama 3 took one layer off the first and the last stage for them. Each GPU holds
`virtual` chunks of its layers, so that a micro-batch passes it that often and the idle ends shrink as much (arXiv 2104.04473, section 2.2).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from puna.errors import ConfigError
from puna.plan.devices import Device, devices
from puna.plan.formats import KEPT_BITS, Format
from puna.plan.models import Sized

# Chips that one fast link joins, where that is not a server of eight: a TPU's pod (scaling-book, tpus.md) and NVIDIA's NVL72 rack.
_DOMAINS = {"tpu-v4": 4096, "tpu-v5e": 256, "tpu-v5p": 8960, "tpu-v6e": 256, "gb200": 72}
_SERVER = 8
KEPT_BYTES = KEPT_BITS / 8


@dataclass(frozen=True)
class Layout:
    """One way to cut. `micro` is the sequences of a micro-batch, `recompute` repeats each layer's forward pass to keep only its input, and `sharded`
    spreads the weights too and gathers them layer by layer (ZeRO's stage 3); else they stay whole, as Llama 3's did."""

    tp: int
    cp: int
    pp: int
    dp: int
    ep: int = 1
    micro: int = 1
    virtual: int = 1
    recompute: bool = False
    sharded: bool = False

    @property
    def gpus(self) -> int:
        return self.tp * self.cp * self.pp * self.dp

    @property
    def shards(self) -> int:
        """Return over how many ranks the optimizer's state is spread: those that hold the same weights."""
        return self.dp * self.cp

    @property
    def text(self) -> str:
        return ",".join(
            str(n) for n in ((self.tp, self.cp, self.pp, self.dp) if self.ep == 1 else (self.tp, self.cp, self.pp, self.dp, self.ep))
        )

    def plain(self) -> dict[str, Any]:
        return {"tp": self.tp, "cp": self.cp, "pp": self.pp, "dp": self.dp, "ep": self.ep, "micro_batch": self.micro, "virtual_stages": self.virtual,
                "recompute": self.recompute, "weights_sharded": self.sharded}  # fmt: skip


@dataclass(frozen=True)
class Job:
    """What is to be trained on what: `batch` sequences of `seq` tokens a step. `trained` is the share of parameters that learn: below 1 with adapters,
    beside frozen weights that gradients pass through and do not reach; those may be quantized, to `base` (None: bf16)."""

    model: Sized
    device: Device
    seq: int
    batch: int
    trained: float = 1.0
    base: Format | None = None

    @property
    def layer_bytes(self) -> float:
        """Return the bytes that a layer's weight is held in."""
        return KEPT_BYTES if self.base is None else self.base.bits / 8

    @property
    def table_bytes(self) -> float:
        """Return the bytes that a weight of the embedding and of the output matrix is held in."""
        return KEPT_BYTES if self.base is None or self.base.kept else self.base.bits / 8

    def micro_batches(self, layout: Layout) -> int:
        return self.batch // layout.dp // layout.micro

    @property
    def domain(self) -> int:
        """Return how many chips the fast link joins."""
        return _DOMAINS.get(self.device.name, _SERVER)


def job(model: Sized, device: Device, *, seq: int, batch_tokens: int, trained: float = 1.0, base: Format | None = None) -> Job:
    """Return a job. Raises `ConfigError` where the device is not one chip, or the batch is not whole sequences (naming the batches nearest to it)."""
    if device.kind not in ("gpu", "tpu"):
        chips = [name for name in devices() if device.name.endswith(f"x{name}")]
        instead = f"give the chip, --gpu {chips[0]}, and --gpus {device.chips}" if chips else "give a gpu or a tpu"
        raise ConfigError(f"--gpu {device.name} is a {device.kind}; {instead}")
    if seq < 1 or batch_tokens < 1:
        raise ConfigError(f"--seq ({seq}) and --batch ({batch_tokens}) must be at least 1 token")
    if batch_tokens % seq:
        raise ConfigError(f"--batch {batch_tokens} is not whole sequences of {seq} tokens; near it are {near_multiples(batch_tokens, seq)}")
    return Job(model, device, seq, batch_tokens // seq, trained, base)


def parsed(text: str) -> Layout:
    """Read `tp,cp,pp,dp` or `tp,cp,pp,dp,ep`. Raises `ConfigError`."""
    parts = [part.strip() for part in text.split(",")]
    if len(parts) not in (4, 5) or not all(part.isdecimal() and int(part) for part in parts):
        raise ConfigError(f"--layout {text}: give four whole numbers, tp,cp,pp,dp, or five with the experts' spread last")
    tp, cp, pp, dp, ep = (int(part) for part in (*parts, "1")[:5])
    return Layout(tp, cp, pp, dp, ep)


def check(layout: Layout, work: Job, *, gpus: int) -> None:
    """Raise `ConfigError`, with what would do, where a layout cannot run this job at all."""
    if layout.gpus != gpus:
        product = " x ".join(str(n) for n in (layout.tp, layout.cp, layout.pp, layout.dp))
        raise ConfigError(f"--layout {layout.text}: {product} is {layout.gpus:,} GPUs and not {gpus:,}")
    found = misfit(layout, work)
    if found:
        raise ConfigError(f"--layout {layout.text}: {found[1]}")


def misfit(layout: Layout, work: Job) -> tuple[str, str] | None:
    """Return why a layout cannot run this job, as a kind ("heads do not divide by tp") and with its figures; None where it can."""
    shape = work.model.llama
    if shape.num_heads % layout.tp:
        return (
            "heads do not divide by tp",
            f"{shape.num_heads} heads do not divide by tp {layout.tp}; {divisors_near(shape.num_heads, layout.tp)} would",
        )
    if layout.cp > 1 and work.seq % (2 * layout.cp):
        return (
            "the sequence does not divide by cp",
            f"a sequence of {work.seq} does not divide into the 2 x {layout.cp} pieces of cp {layout.cp}",
        )
    if layout.pp > shape.num_layers + 2:
        return "more stages than layers", f"{shape.num_layers} layers, embedding and output are fewer than {layout.pp} pipeline stages"
    if work.batch % layout.dp:
        near = near_multiples(work.batch, layout.dp)
        return (
            "the batch does not divide by dp",
            f"a batch of {work.batch:,} sequences does not divide by dp {layout.dp}; near it are {near}",
        )
    return _misfit_of_machines(layout, work)


def _misfit_of_machines(layout: Layout, work: Job) -> tuple[str, str] | None:
    experts = work.model.experts
    if layout.ep > 1 and (experts is None or experts.num_experts % layout.ep or layout.dp % layout.ep):
        held = (
            "a dense model has no experts"
            if experts is None
            else f"{experts.num_experts} experts and dp {layout.dp} must both divide by it"
        )
        return "experts do not divide by ep", f"ep {layout.ep}: {held}"
    if work.domain < layout.gpus and work.device.network_bytes_per_second is None:
        return "no network", f"{work.device.name} has no network in the table, so a run ends at {work.domain} of them"
    return None


def cuts(gpus: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield every `(tp, cp, pp, dp)` whose product is `gpus`."""
    for tp in divisors(gpus):
        for cp in divisors(gpus // tp):
            for pp in divisors(gpus // tp // cp):
                yield tp, cp, pp, gpus // tp // cp // pp


def divisors(number: int) -> list[int]:
    small = [n for n in range(1, math.isqrt(number) + 1) if number % n == 0]
    return small + [number // n for n in reversed(small) if n * n != number]


def divisors_near(number: int, wanted: int) -> str:
    """Return the divisors of `number` on both sides of `wanted` as text."""
    found = divisors(number)
    return " or ".join(
        str(n) for n in (max((n for n in found if n < wanted), default=None), min((n for n in found if n > wanted), default=None)) if n
    )


def near_multiples(number: int, factor: int) -> str:
    below = number // factor * factor
    return " and ".join(f"{n:,}" for n in (below, below + factor) if n)


def layers_a_stage(model: Sized, pp: int) -> int:
    """Return the layers of the fullest stage, the embedding and the output counted as one each where there is a pipeline."""
    return model.llama.num_layers if pp == 1 else math.ceil((model.llama.num_layers + 2) / pp)
