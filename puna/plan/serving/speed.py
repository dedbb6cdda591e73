"""How fast a model answers: reading the prompt is arithmetic, writing the answer is memory.

A decode step of B sequences reads all weights once and each sequence's cache, and multiplies (How to Scale Your Model, chapter on inference):

    step = B * cache / bandwidth + max(2 * B * params / FLOPs, weight bytes / bandwidth)

which bounds tokens a second from above by B / step. The estimate divides by what was measured (`puna.plan.serving.measured`), lets the chips of a node wait
for one another twice a layer, and never passes the bound. Nodes follow one another in a pipeline, as Meta served 405B in bf16 on two (arXiv 2407.21783, section 6.1): each holds a part
of the layers, every node reads its part for each of as many micro-batches as there are nodes, and a single sequence gains no speed from a second node, only room.

A prompt of T tokens costs 2 FLOPs a weight that multiplies and 4 * width * T / 2 a layer in attention; products run in the format's arithmetic where the chip has it,
else in bf16: an A100 has no fp8 units, so there fp8 saves memory and no arithmetic.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from puna.plan.devices import Device, chip_of
from puna.plan.estimate import Estimate
from puna.plan.formats import Format, stored
from puna.plan.serving.measured import all_reduce_seconds, bandwidth_share, relative_efficiency

if TYPE_CHECKING:
    from puna.plan.models import Sized
    from puna.plan.serving.memory import Fit, Load
    from puna.plan.serving.model import Model

# Chips that reach one another over the fast links; more of them are several nodes. TPUs of a pod all do.
CHIPS_PER_NODE = {"gb200": 72}
CHIPS_PER_NODE_ELSEWHERE = 8
MOST_IN_A_POD = 256
# PCIe 4, both directions, for chips that have no links of their own.
PCIE_BYTES_PER_SECOND = 64e9
# The scaling book's 40 % for prefill; the range is that of utilisations published for long matrix products in training: 70B in torchtitan, 33B of LLaMA.
PREFILL_SHARE = Estimate(0.40, 0.29, 0.51)
SOURCES = (
    "step: How to Scale Your Model, inference",
    "shares of bandwidth: puna/plan/data/decode.csv (llama.cpp tools/quantize README, gpt-fast README and others)",
    "prefill at 40 %: How to Scale Your Model; range: torchtitan 70B, LLaMA 33B",
)


@dataclass(frozen=True)
class Speed:
    """What a device reaches under a load. Decode speeds are of all sequences together; `bound` is the bandwidth's and the arithmetic's, never passed."""

    decode_tokens_per_second: Estimate
    bound: float
    prefill_tokens_per_second: Estimate
    maths: str
    nodes: int


def step_seconds(*, weight_bytes: float, cache_bytes: float, flops: float, bandwidth: float, peak: float) -> float:
    """Return the least time of one decode step: all weights and the caches of all sequences read once, `flops` for all of them, in bytes/s and FLOP/s."""
    return cache_bytes / bandwidth + max(flops / peak, weight_bytes / bandwidth)


def prefill_seconds(*, flops: float, peak: float, share: float) -> float:
    """Return the time to read a prompt at `share` of the peak. Weights are read once for all of its tokens, which is why arithmetic counts alone."""
    return flops / (peak * share)


def chips_per_node(chip: Device) -> int:
    """Return how many of a chip reach one another over the fast links; TPUs of a pod all do."""
    return MOST_IN_A_POD if chip.kind == "tpu" else CHIPS_PER_NODE.get(chip.name, CHIPS_PER_NODE_ELSEWHERE)


def num_nodes(device: Device) -> int:
    """Return how many nodes a device's chips fill: those within one share every matrix, those of several follow one another."""
    if device.chips == 1 or chip_of(device).kind == "tpu":
        return 1
    return -(-device.chips // chips_per_node(chip_of(device)))


def speed(model: Model, form: Format, device: Device, load: Load, memory: Fit) -> Speed:
    """Return how fast `device` serves `model` in `form` under `load`, whose bytes `memory` says."""
    relative = relative_efficiency(model.sized, form)
    share, wait = bandwidth_share(), all_reduce_seconds()
    bound = load.batch / _step(model, form, device, load, memory, share=1.0, relative=1.0, wait=None)

    def rate(share: float, wait: float) -> float:
        return min(load.batch / _step(model, form, device, load, memory, share=share, relative=relative, wait=wait), bound)

    decode = Estimate(rate(share.value, wait.value), rate(share.low, wait.high), rate(share.high, wait.low))
    per_token = prefill_seconds_per_token(model, form, device, load.context)
    prefill = Estimate(PREFILL_SHARE.value / per_token, PREFILL_SHARE.low / per_token, PREFILL_SHARE.high / per_token)
    return Speed(decode, bound, prefill, maths_of(form, device)[0], num_nodes(device))


def maths_of(form: Format, device: Device) -> tuple[str, float]:
    """Return what quantized matrices are multiplied in on `device`, and its FLOP/s: bf16 where the chip has no units for the format."""
    own = {"fp8": device.fp8_flops, "int8": device.int8_flops}.get(form.maths)
    return (form.maths, own) if own is not None else ("bf16", device.bf16_flops)


def prefill_seconds_per_token(model: Model, form: Format, device: Device, context: int) -> float:
    """Return the seconds of arithmetic a prompt's token takes at full speed, the mean over a prompt of `context` tokens."""
    quantized, rest = _forward_flops(model, form, context)
    return quantized / maths_of(form, device)[1] + rest / device.bf16_flops


def _forward_flops(model: Model, form: Format, context: int) -> tuple[float, float]:
    """Return the FLOPs of a token's forward pass in quantized matrices, and in all the rest: kept matrices and attention."""
    kept = model.sized.total_params - stored(model.sized, form).quantized
    # What is kept in 16 bits multiplies too, but for an embedding that is only looked up.
    looked_up = 0 if model.sized.llama.tied else model.sized.llama.vocab_size * model.sized.llama.dim
    quantized = 2.0 * (model.sized.matmul_params - max(kept - looked_up, 0))
    return quantized, model.sized.train_flops_per_token(context) / 3 - quantized


def _step(
    model: Model, form: Format, device: Device, load: Load, memory: Fit, *, share: float, relative: float, wait: float | None
) -> float:
    """Return the seconds in which every sequence gets one token. With `wait` None, chips do not wait for one another: the bound."""
    nodes = num_nodes(device)
    together = min(load.batch, nodes)
    quantized, rest = _forward_flops(model, form, 1)
    peak = (quantized + rest) / (quantized / maths_of(form, device)[1] + rest / device.bf16_flops)
    bandwidth = device.bandwidth_bytes_per_second * share
    step = step_seconds(
        weight_bytes=memory.weight_bytes * _share_read(model.sized, load.batch / together) * nodes / relative, cache_bytes=memory.cache_bytes * nodes / together,
        flops=load.batch * (quantized + rest) * nodes / together, bandwidth=bandwidth, peak=peak if wait is None else peak * PREFILL_SHARE.value,
    )  # fmt: skip
    if wait is None or device.chips == 1:
        return step
    return step + 2 * model.sized.llama.num_layers * (wait + _sum_seconds(model, device, load.batch / together))


def _share_read(model: Sized, tokens: float) -> float:
    """Return the share of the weights that a step of `tokens` reads: all, but for experts that none of them visits where each visits at random."""
    if model.experts is None:
        return 1.0
    missed = math.pow(1 - model.experts.num_active / model.experts.num_experts, tokens)
    return 1 - missed * model.routed_params / model.total_params


def _sum_seconds(model: Model, device: Device, tokens: float) -> float:
    """Return how long one sum over a node's chips takes on the links: each sends and gets twice (n - 1) / n of a bf16 vector a token."""
    chips = device.chips / num_nodes(device)
    link = (device.link_bytes_per_second or PCIE_BYTES_PER_SECOND) / 2
    return 2 * (chips - 1) / chips * tokens * model.sized.llama.dim * 2 / link
