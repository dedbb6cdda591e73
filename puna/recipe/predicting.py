"""What a stage will take, said before it runs, so that its report can set it against what was measured.

Arithmetic decides how long training takes: about six FLOPs a parameter and token (see `LlamaConfig.train_flops_per_token`), over what the machine does at best, over
the share of it that training reaches. Llama 3 reached 38 to 43 % on 16,384 GPUs (arXiv 2407.21783, table 4), and small models on two CPU cores come to the same.
Memory is what the process holds already and what the stage adds (see `training.cost`).
"""

from __future__ import annotations

import psutil

from puna import machine
from puna.machine import Peak
from puna.recipe.kind import Cost
from puna.settings import Settings

UTILISATION = 0.4
# What stages of training took, over what was predicted: the least and the most so far, on two kinds of CPU (docs/notebook.md).
SPREAD = (0.9, 1.6)


class Predicted(Settings):
    """Seconds and the most main memory, in bytes; `None` is unknown."""

    seconds: float | None = None
    memory_bytes: int | None = None


def predicted(cost: Cost) -> Predicted:
    """Return what a stage of that cost will take on this machine. Measures the machine's peak once where arithmetic is in it."""
    seconds = cost.flops / (UTILISATION * peak(cost).flops_per_second) if cost.flops else None
    on_cpu = cost.memory_bytes is not None and machine.device() == "cpu"
    return Predicted(
        seconds=seconds, memory_bytes=psutil.Process().memory_info().rss + cost.memory_bytes if on_cpu and cost.memory_bytes else None
    )


def peak(cost: Cost) -> Peak:
    """Return the FLOP/s that this machine does at best in the dtype in which it trains a model of that width."""
    device = machine.device()
    dtype = machine.compute_dtype(device, width=cost.width).value if cost.dtype == "auto" else cost.dtype
    return machine.peak_flops(device, dtype)
