"""Sections 6.4 and 6.5: how fast tokens are written, and torchtitan's measurements of training."""

from __future__ import annotations

from collections.abc import Mapping

from puna.plan.devices import device
from puna.plan.models import model_of
from puna.plan.oracles.digitised import Digitised
from puna.plan.oracles.known import optional, weights
from puna.plan.oracles.table import Section
from puna.plan.serving.measured import runs
from puna.plan.serving.speed import prefill_seconds, step_seconds
from puna.plan.training.calibration import torchtitan, torchtitan_mfu, torchtitan_rows
from puna.plan.training.flops import days

BOOK = "How to Scale Your Model, inference"
V5E, V5P = device("tpu-v5e"), device("tpu-v5p")
# The book's rounded 70B.
SIZE, CONTEXT = 70e9, 8192
BOUNDS = {
    "H100, 8B bf16": ("h100", "llama-3.1-8b", "bf16"), "H100, 8B Q4_K_M": ("h100", "llama-3.1-8b", "q4_k_m"), "4090, 8B bf16": ("rtx-4090", "llama-3.1-8b", "bf16"),
    "4090, 8B Q4_K_M": ("rtx-4090", "llama-3.1-8b", "q4_k_m"), "DDR5-5600, 8B bf16": ("desktop-ddr5-64gb", "llama-3.1-8b", "bf16"),
    "DDR5-5600, 8B Q4_K_M": ("desktop-ddr5-64gb", "llama-3.1-8b", "q4_k_m"), "8xH100, 405B fp8": ("8xh100", "llama-3.1-405b", "fp8"),
}  # fmt: skip
TITAN = (
    ("8B on 8", "5,762", "82.4", "33.7"),
    ("8B on 8 compiled", "6,667", "77.0", "39.0"),
    ("8B on 8 compiled float8", "8,532", "76.8", "50.0"),
    ("8B on 128", "5,605", "67.0", "32.8"),
    ("8B on 128 compiled", "6,514", "62.0", "38.1"),
    ("8B on 128 compiled float8", "8,380", "61.8", ""),
    ("70B on 256 float8", "829", "71.9", "40.4"),
    ("70B on 256 float8 async TP", "876", "67.6", "42.6"),
    ("70B on 256", "597", "", "29.1"),
    ("70B on 256 async TP", "652", "", "31.8"),
    ("405B on 512 float8 1F1B", "100", "82.5", "26.5"),
    ("405B on 512 float8 interleaved", "128", "72.7", "34.0"),
)
FORMATS = ("f16", "q8_0", "q4_k_m", "q2_k")


# A figure a line.
# fmt: off
def decode(_: Digitised) -> Section:
    s = Section("6.4", "Decoding", BOOK)
    # The book counts with 8.2e11 bytes/s in one answer and 8.1e11 in its table, and a KiB as a kB.
    small = 4 * CONTEXT * 100e3
    s.one("30B int8, 4 sequences of 8K with 100 kB a token, 16 v5e", "2.5 ms", lambda: _step(weights=30e9, cache=small, flops=2 * 4 * 30e9, chips=16), within=0.1, kind="arithmetic")
    s.one("70B int8, 32 sequences of 8K: bytes", "112 GB", lambda: SIZE + _cache(), within=1, kind="arithmetic")
    s.one("the same on 8 v5e: a step", "17 ms", _long_step, kind="arithmetic")
    s.one("the same: tokens, by the book from the rounded step", "1,882 tokens/s", lambda: 32 / _long_step(), rel=0.03, kind="arithmetic")
    s.one("prefill of 8K on 16 v5e at 40 %", ".91 s", lambda: prefill_seconds(flops=2 * SIZE * CONTEXT, peak=16 * V5E.bf16_flops, share=0.4), kind="arithmetic")
    s.one("training 70B (15T tokens) on 8,960 v5p at 40 %", "44 days", lambda: days(6 * SIZE * 15e12, chips=8960, flops_per_chip=0.4 * V5P.bf16_flops), kind="arithmetic")
    s.source = "bandwidth by bytes"
    s.row("bound of one sequence", "209 682 63 205 5.6 18 66", BOUNDS, lambda said: _bound(*said), unit="tokens/s", kind="arithmetic")
    s.source = "llama.cpp tools/quantize README"
    measured = {run.form.name: run for run in runs() if run.run == "llama.cpp"}
    s.data_row("speed on one machine", "29.2 50.9 71.9 79.9", FORMATS, lambda form: measured[form].tokens_per_second, unit="tokens/s")
    s.row("bytes read", "469 435 354 253", FORMATS, lambda form: measured[form].bytes_per_second, unit="GB/s", within=1, kind="arithmetic")
    return s


def trained(_: Digitised) -> Section:
    s = Section("6.5", "torchtitan's measurements", "torchtitan benchmarks/llama3_h100_202412_torchtitan.md")
    machine = torchtitan()[0].work.device
    s.data("memory of its H100", "96 GB", lambda: machine.memory_bytes)
    s.data("bandwidth of its H100", "2.4 TB/s", lambda: machine.bandwidth_bytes_per_second)
    s.data("power of its H100", "500 W", lambda: optional(machine.watts))
    rows = {row["setup"]: row for row in torchtitan_rows()}
    for setup, speed, memory, mfu in TITAN:
        _titan(s, rows[setup], speed, memory, mfu)
    return s


def _titan(s: Section, row: Mapping[str, str], speed: str, memory: str, mfu: str) -> None:
    setup = row["setup"]
    s.data(f"{setup}: tokens a GPU", f"{speed} tokens/s", lambda: float(row["tokens_per_second_per_gpu"]))
    if memory:
        s.data(f"{setup}: memory", f"{memory} GiB", lambda: float(row["gib"]) * 2**30)
    if mfu:
        # torchtitan counts the peak as 989 TFLOP/s, the table here as 989.4.
        s.one(f"{setup}: MFU against the bf16 peak", f"{mfu} %", lambda: torchtitan_mfu(row), kind="arithmetic", within=0.1)


def _step(*, weights: float, cache: float, flops: float, chips: int) -> float:
    return step_seconds(
        weight_bytes=weights, cache_bytes=cache, flops=flops, bandwidth=chips * V5E.bandwidth_bytes_per_second, peak=chips * V5E.bf16_flops
    )


def _long_step() -> float:
    return _step(weights=SIZE, cache=_cache(), flops=2 * 32 * SIZE, chips=8)


def _cache() -> float:
    """Return the int8 cache of 32 sequences of 70B."""
    return 32 * CONTEXT * model_of("llama-3-70b").kv_bytes_per_token(1)


def _bound(where: str, model: str, form: str) -> float:
    return 1 / step_seconds(
        weight_bytes=weights(model, form),
        cache_bytes=0,
        flops=0,
        bandwidth=device(where).bandwidth_bytes_per_second,
        peak=device(where).bf16_flops,
    )
