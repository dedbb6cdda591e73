"""Section 6.3: what training and serving must hold."""

from __future__ import annotations

from puna.plan.devices import device
from puna.plan.models import model_of
from puna.plan.oracles import why
from puna.plan.oracles.digitised import Digitised
from puna.plan.oracles.table import Section
from puna.plan.training.flops import compute_bound_batch
from puna.plan.training.memory import GRADIENT_BYTES, OPTIMIZER_BYTES, WEIGHT_BYTES, zero_state_bytes

CACHES = {"Llama 2 7B": "llama-2-7b", "8B": "llama-3.1-8b", "70B": "llama-3.1-70b", "405B": "llama-3.1-405b"}
CHIPS = {
    "A100": "a100-80",
    "H100": "h100",
    "H200": "h200",
    "B200": "b200",
    "MI300X": "mi300x",
    "4090": "rtx-4090",
    "v5e": "tpu-v5e",
    "v5p": "tpu-v5p",
}


# A figure a line.
# fmt: off
def section(_: Digitised) -> Section:
    s = Section("6.3", "Memory", "arXiv 1910.02054")
    s.one("bytes a parameter of Adam in mixed precision, 2 + 2 + 12", "16", lambda: zero_state_bytes(1, stage=0, shards=1), within=0, kind="arithmetic")
    s.one("bytes a parameter with fp32 gradients", "18", lambda: WEIGHT_BYTES + GRADIENT_BYTES + OPTIMIZER_BYTES, within=0, kind="arithmetic")
    stages = {f"stage {stage}": stage for stage in range(4)}
    s.row("ZeRO on a model of 7.5B and 64 GPUs", "120 31.4 16.6 1.9", stages, lambda stage: zero_state_bytes(7.5e9, stage=stage, shards=64), unit="GB", kind="arithmetic")
    s.absent("activations of a layer: 34 + 5 a s / h; under TP 10 + 24 / t + 5 a s / h t", "34 5 10 24 5", why.GPT)
    s.absent("under TP and SP 34 + 5 a s / h; selective 34; recomputed 2", "34 5 34 2", why.GPT)
    s.source = "2 layers KV heads width bytes"
    s.row("cache of 4K in bf16", "2 .5 1.25 1.97", CACHES, lambda name: 4096 * _per_token(name), unit="GiB", kind="arithmetic")
    s.row("cache of 8K in bf16", "4 1 2.5 3.94", CACHES, lambda name: 8192 * _per_token(name), unit="GiB", kind="arithmetic")
    s.row("cache of 128K in bf16", "64 16 40 63", CACHES, lambda name: 131_072 * _per_token(name), unit="GiB", kind="arithmetic")
    s.source = "peak by bandwidth"
    s.row("critical batch", "153 295 206 281 247 164 243 166", CHIPS, lambda name: compute_bound_batch(device(name)), kind="arithmetic")
    return s


def _per_token(name: str) -> float:
    return model_of(name).kv_bytes_per_token()
