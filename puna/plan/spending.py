"""What a compute comes to: a model and its tokens by a law, hours of a device, and money.

Hours follow from the share of the device's peak that training reaches. Where nobody says it, it is what Llama 3 405B reached on 8,192 to 16,384 GPUs: 38 to 43 % (arXiv 2407.21783, table 4), about 40. A share that is given is taken as known.
A price holds what rented prices of one GPU lie apart. The intervals of compute, share and price are put end to end, low with low, so the last is the widest that all three allow and no 95 %.
"""

from __future__ import annotations

import math
from typing import Any

from puna.plan.devices import Device, prices
from puna.plan.estimate import Estimate, ends, point
from puna.plan.laws.law import Law, estimate, interval_of
from puna.plan.runs import PRINTED_MFU

HOURS_MEAN = "steps alone: checkpoints and restarts come on top, less than a tenth of Llama 3's time on 16,384 GPUs (puna plan faults)"


def size_and_cost(compute: Estimate | float, *, law: Law, device: Device, mfu: float | None = None) -> dict[str, Any]:
    """Return what `compute` FLOPs mean: `params` and `tokens` by the law, `gpu_hours` of the device, and `dollars` where it has a price; `mfu` is the share of its bf16 peak."""
    share = PRINTED_MFU if mfu is None else Estimate(mfu, mfu, mfu)
    low, high = ends(compute)
    per_hour = device.bf16_flops * 3600
    hours = Estimate(point(compute) / per_hour / share.value, low / per_hour / share.high, high / per_hour / share.low)
    found: dict[str, Any] = {
        "params": _split(law, compute, "params"), "tokens": _split(law, compute, "tokens"), "gpu": device.name, "mfu": share if mfu is None else mfu, "gpu_hours": hours,
        "size_interval_means": f"by the law: {interval_of(law)}" + (", at both ends of the compute's interval" if low < high else ""),
        "cost_interval_means": ", times ".join(
            [*(["the compute's interval"] if low < high else []), "38 to 43 % of the peak" if mfu is None else "the given share of the peak", "prices 40 % apart"]
        ),
        "hours_mean": HOURS_MEAN,
    }  # fmt: skip
    price = prices().get(device.name)
    if price is not None:
        found |= {"dollars": price.of(hours), "price": f"{price.dollars_per_hour:g} dollars an hour ({price.source}, {price.date})"}
    return found


def _split(law: Law, compute: Estimate | float, key: str) -> Estimate | float:
    """Return parameters or tokens by a law, with what its evidence allows at both ends of the compute's interval."""
    # A compute without an upper end is a size without one.
    value, spans = _by(law, point(compute), key), [ends(_by(law, end, key)) if math.isfinite(end) else (end, end) for end in ends(compute)]
    low, high = min(low for low, _ in spans), max(high for _, high in spans)
    return Estimate(point(value), low, high) if low < high else value


def _by(law: Law, compute: float, key: str) -> Estimate | float:
    found = estimate(law, lambda one: float(getattr(one.optimum(compute), key)))
    assert found is not None
    return found
