"""A model's whole life: trained once, tuned a few times, served for as long as somebody asks. A format changes the last, and with it how large a model may be.

Meta served 405B in bf16 on two nodes of eight H100, one following the other, and in fp8 on one (arXiv 2407.21783, section 6). The second node had added room and no speed to
a token, so where it falls away a GPU writes about twice as many tokens; prompts, which are arithmetic, gain less, half as much again at most in Meta's words. The served
tokens at which serving has cost as much as training rise alike. So fp8 on one node, rather than bf16 on two, moved a demand that would have called for a
smaller model beyond what anybody expected to serve, and with it made 405B reasonable.

Everything is counted in hours of one chip, so that the ratios of serving to training to tuning need no price. A request is Meta's, 4,096 tokens of prompt and 256 of answer;
served tokens are both together. Training is the model card's hours where it says them, scaled by the chips' dense bf16 peaks, else FLOPs at a utilisation.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from puna.errors import ConfigError
from puna.plan.devices import Device, device, several
from puna.plan.estimate import Estimate
from puna.plan.formats import Format, format_named
from puna.plan.runs import PRINTED_MFU, runs
from puna.plan.serving.memory import usable_bytes
from puna.plan.serving.placing import MOST_CHIPS, Workload, cheapest, counts, places
from puna.plan.serving.speed import num_nodes

if TYPE_CHECKING:
    from puna.plan.serving.model import Model

COMPARED = ("bf16", "fp8-meta", "fp8", "int4")
# All-in utilisation of training where no card says the hours: 405B's, and the range from Llama 3.1 8B's to LLaMA 33B's (6ND by hours and peak).
ALL_IN = Estimate(0.346, 0.139, 0.51)
# bf16 weights, fp32 gradients and Adam's three fp32 copies: bytes a parameter in full fine-tuning.
TUNING_BYTES = 18
# An adapter's gradients flow through frozen weights, whose own are not computed: 2 of 3 products.
ADAPTER_SHARE = 2 / 3
SOURCES = (
    "training hours: puna/plan/data/runs.csv (model cards)",
    "requests of 4,096 + 256 tokens: arXiv 2407.21783 section 6.1",
    "fine-tuning at 38 to 43 %: arXiv 2407.21783 table 4",
)


@dataclass(frozen=True)
class Life:
    """One format's life on one kind of chip, in chip-hours. Ratios are to training. None where training is unknown.

    `device` is as many chips as serve a token most cheaply, `batch` the requests that run on it at once; `fewest` are those that hold the model for one.
    `tune_chips` hold full fine-tuning's 18 bytes a parameter; adapters on weights frozen in the format need `device`'s chips.
    """

    form: Format
    device: Device
    fewest: Device
    nodes: int
    batch: int
    tokens_per_chip_second: Estimate
    serve_hours: Estimate
    train_hours: Estimate | None
    tune_hours: Estimate
    adapter_hours: Estimate
    tune_chips: int
    serving_by_training: Estimate | None
    tuning_by_training: Estimate | None
    break_even_tokens: Estimate | None


def lives(model: Model, chip: Device, workload: Workload, *, formats: Sequence[str] = COMPARED) -> list[Life]:
    """Return the life of `model` served on chips like `chip`, a row a format that fits 256 of them or fewer. Raises `ConfigError` for a workload without tokens."""
    finite = math.isfinite(workload.served) and math.isfinite(workload.tuned)
    if not finite or workload.served <= 0 or workload.tuned < 0 or min(workload.prompt, workload.answer, workload.batch) < 1:
        raise ConfigError("a lifetime needs served tokens, a prompt, an answer and a batch above 0, and tuned tokens of 0 or more")
    found = [_life(model, chip, workload, format_named(name)) for name in formats]
    return [life for life in found if life]


def _life(model: Model, chip: Device, workload: Workload, form: Format) -> Life | None:
    context = workload.prompt + workload.answer
    found = places(model, form, [several(chip, count) for count in counts(model.sized.llama, chip)], workload)
    best = cheapest(found)
    if best is None:
        return None
    per_chip_second = best.tokens_per_chip_second
    serve = _hours(workload.served, per_chip_second)
    train = train_hours(model, chip)
    flops = model.sized.train_flops_per_token(context)
    tune = Estimate(
        *(workload.tuned * flops / (chip.bf16_flops * share) / 3600 for share in (PRINTED_MFU.value, PRINTED_MFU.high, PRINTED_MFU.low))
    )
    even = None if train is None else Estimate(
        train.value * 3600 * per_chip_second.value, train.low * 3600 * per_chip_second.low, train.high * 3600 * per_chip_second.high
    )  # fmt: skip
    return Life(
        form, best.device, found[0].device, num_nodes(best.device), best.users, per_chip_second, serve, train, tune, tune.scaled(ADAPTER_SHARE), _tune_chips(model, chip),
        None if train is None else _ratio(serve, train), None if train is None else _ratio(tune, train), even,
    )  # fmt: skip


def train_hours(model: Model, chip: Device) -> Estimate | None:
    """Return the hours of `chip` that training took or would take; None where the tokens are unknown."""
    card = runs().get(model.name)
    if card is not None and card.chip_hours is not None and card.tokens == model.tokens:
        hours = card.chip_hours * (device(card.chip).bf16_flops / chip.bf16_flops)
        return Estimate(hours, hours, hours)
    if model.tokens is None:
        return None
    flops = 6.0 * model.sized.active_params * model.tokens
    return Estimate(*(flops / (chip.bf16_flops * share) / 3600 for share in (ALL_IN.value, ALL_IN.high, ALL_IN.low)))


def _tune_chips(model: Model, chip: Device) -> int:
    needed = TUNING_BYTES * model.sized.total_params
    powers = [1 << power for power in range((MOST_CHIPS * 64).bit_length())]
    return next((count for count in powers if count * usable_bytes(chip) >= needed), powers[-1])


def _hours(tokens: float, rate: Estimate) -> Estimate:
    return Estimate(tokens / rate.value / 3600, tokens / rate.high / 3600, tokens / rate.low / 3600)


def _ratio(top: Estimate, bottom: Estimate) -> Estimate:
    return Estimate(top.value / bottom.value, top.low / bottom.high, top.high / bottom.low)


def figures(life: Life) -> dict[str, Any]:
    """Return a life as the command's JSON has it."""
    return {
        **{key: getattr(life, key) for key in Life.__dataclass_fields__ if key not in ("form", "device", "fewest")},
        "format": life.form.name,
        "device": life.device.name,
        "fewest": life.fewest.name,
    }


def all_figures(found: Sequence[Life]) -> dict[str, Any]:
    """Return the lives of a model's formats as the command's JSON has them, with what they rest on."""
    return {"lifetime": [figures(life) for life in found], "lifetime_sources": SOURCES}
