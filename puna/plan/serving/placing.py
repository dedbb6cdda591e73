"""On how many chips a copy of a model is served: not on the fewest that hold it, but on those that serve a token most cheaply.

The fewest chips that hold the weights may leave a cache for one or two users, and then every token pays for reading all weights alone: 70B in bf16 on two H100 serves a sixth of what the same
chips serve in fours. Too many chips wait for one another. So every count is tried that the matrices can be cut into: within a node those that divide heads, cached heads and the feed-forward's
width (tensor parallelism; where chips are more than cached heads, heads are copied), and beyond it whole nodes that follow one another, each with a part of the layers.

A request is Meta's, 4,096 tokens of prompt and 256 of answer (arXiv 2407.21783, section 6.1), and as many run at once as fit, 128 at most.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from puna.plan.devices import Device, chip_of, several
from puna.plan.estimate import Estimate
from puna.plan.serving.memory import Load, fit, usable_bytes
from puna.plan.serving.speed import chips_per_node, speed

if TYPE_CHECKING:
    from puna.model.config import LlamaConfig
    from puna.plan.formats import Format
    from puna.plan.serving.model import Model

# Chips that one copy of a model may take.
MOST_CHIPS = 256


@dataclass(frozen=True)
class Workload:
    """What is asked over a life: tokens `served` (prompts and answers) and `tuned`; a request has `prompt` and `answer` tokens, and at most `batch` run at once."""

    served: float
    tuned: float = 1e9
    prompt: int = 4096
    answer: int = 256
    batch: int = 128


@dataclass(frozen=True)
class Place:
    """A device that holds a copy of the model, the requests that run on it at once, and what each of its chips then serves: tokens of prompts and answers a second."""

    device: Device
    users: int
    tokens_per_chip_second: Estimate


def counts(shape: LlamaConfig, chip: Device, most: int = MOST_CHIPS) -> list[int]:
    """Return the numbers of `chip`, `most` at most, that a copy of a model of `shape` can be cut into. Phones and laptops serve alone, and so does a row that is a node already."""
    if chip.kind not in ("gpu", "tpu"):
        return [1]
    node = chips_per_node(chip)
    widths = [count for count in range(1, min(node, most) + 1) if _divides(count, shape)]
    return [*widths, *(node * nodes for nodes in range(2, min(most // node, shape.num_layers) + 1))]


def held(model: Model, form: Format, devices: Sequence[Device], workload: Workload) -> list[tuple[Device, int]]:
    """Return those of `devices` that hold `model` in `form` for one request or more, each with the requests that run at once."""
    # What a request needs is the same on all of them: counted once, for a plan asks this of hundreds of shapes.
    needs = fit(model, form, devices[0], Load(workload.prompt + workload.answer, 1))
    rooms = [(one, int((usable_bytes(one) - needs.weight_bytes) // needs.cache_bytes)) for one in devices]
    return [(one, min(users, workload.batch)) for one, users in rooms if users >= 1]


def places(model: Model, form: Format, devices: Sequence[Device], workload: Workload) -> list[Place]:
    """Return those of `devices` that hold `model` in `form` for one request or more, with their speeds."""
    return [
        Place(one, users, tokens_per_chip_second(model, form, one, workload, users)) for one, users in held(model, form, devices, workload)
    ]


def cheapest(found: Sequence[Place]) -> Place | None:
    """Return the place, of one kind of chip, whose chips serve most tokens; None where there is no place."""
    return max(found, key=lambda place: place.tokens_per_chip_second.value, default=None)


def tokens_per_chip_second(model: Model, form: Format, whole: Device, workload: Workload, batch: int) -> Estimate:
    """Return prompt and answer tokens that one chip serves a second, a batch's prompts read and its answers written in turn."""
    # While answers grow, half of each is in the cache on average.
    load = Load(workload.prompt + workload.answer // 2, batch)
    at = speed(model, form, whole, load, fit(model, form, whole, load))

    def rate(prefill: float, decode: float) -> float:
        seconds = batch * (workload.prompt / prefill + workload.answer / decode)
        return batch * (workload.prompt + workload.answer) / seconds / whole.chips

    prefill, decode = at.prefill_tokens_per_second, at.decode_tokens_per_second
    return Estimate(rate(prefill.value, decode.value), rate(prefill.low, decode.low), rate(prefill.high, decode.high))


def parts(shape: LlamaConfig, whole: Device) -> list[Device]:
    """Return as devices the numbers of the chips of `whole` that a copy of the model can be cut into, and at last `whole` itself, however it is cut."""
    chip = chip_of(whole)
    fewer = [several(chip, count) for count in counts(shape, chip, whole.chips) if count < whole.chips] if chip.chips == 1 else []
    return [*fewer, whole]


def _divides(count: int, shape: LlamaConfig) -> bool:
    cached = shape.num_kv_heads % count == 0 or count % shape.num_kv_heads == 0
    return cached and shape.num_heads % count == 0 and shape.ffn_dim % count == 0
