"""Section 4.4: what fits where, with 90 % of the memory usable. A verdict is 1 where it fits and 0 where it does not."""

from __future__ import annotations

from puna.plan.devices import device
from puna.plan.formats import format_named
from puna.plan.oracles import why
from puna.plan.oracles.digitised import Digitised
from puna.plan.oracles.known import LLAMA3, weights
from puna.plan.oracles.table import Section
from puna.plan.serving.memory import USABLE_ELSEWHERE, Fit, Load, fit
from puna.plan.serving.model import served

SHORT, LONG = 8192, 131_072
# Sums of two rounded figures.
SUMMED = 3e-3
# Model, format, GB of weights, with a cache of 8K and of 128K; where it fits with 8K, and where it does not.
ROWS = (
    ("8B", "bf16", "16.1 17.1 33.2", "rtx-4090 h100", ""),
    ("8B", "fp8", "8.0 9.1 25.2", "rtx-4060-ti-16gb", ""),
    ("8B", "q4_k_m", "4.9 6.0 22.1", "rtx-4060-8gb", ""),
    ("70B", "bf16", "141.1 143.8 184.1", "8xh100 2xh200 mi300x b200", "h200"),
    ("70B", "fp8", "70.6 73.2 113.5", "h200 4xrtx-4090 2xh100", "h100"),
    ("70B", "q4_k_m", "43.2 45.8 86.1", "h100 desktop-ddr5-64gb", "2xrtx-4090"),
    ("70B", "int4", "37.5 40.2 80.4", "2xrtx-4090", ""),
    ("405B", "bf16", "811.7 815.9 879.4", "16xh100 8xh200 8xmi300x 8xb200", "8xh100"),
    ("405B", "fp8", "405.9 410.1 473.5", "8xh100 8xa100-80", ""),
    ("405B", "q4_k_m", "248 252 316", "4xh100 8xa6000 server-ddr5-512gb", ""),
    ("405B", "int4", "216 220 283", "4xh100 8xa6000 server-ddr5-512gb server-ddr5-256gb", ""),
)


# A figure a line.
# fmt: off
def section(_: Digitised) -> Section:
    s = Section("4.4", "What fits", "arithmetic; weights and one sequence of bf16 keys and values")
    s.data("share of memory that is usable", "90 %", lambda: USABLE_ELSEWHERE)
    for row in ROWS:
        _row(s, *row)
    s.row("70B in bf16 with 128K", "0 0", ("mi300x", "b200"), lambda where: _fit("llama-3.1-70b", "bf16", where, LONG).fits, within=0)
    s.data("memory of 8xh200", "1,128 GB", lambda: device("8xh200").memory_bytes)
    s.one("405B in fp8 as Meta made it, at least", "406 GB", lambda: weights("llama-3.1-405b", "fp8-meta"), at_least=True)
    s.absent("KV heads in the first Hugging Face release of 405B, replicated", "16", why.WITHDRAWN)
    return s


def _row(s: Section, label: str, form: str, sizes: str, yes: str, no: str) -> None:
    what, name = f"{label} in {form}", LLAMA3[label]
    held, short, long = (f"{size} GB" for size in sizes.split())
    s.one(f"{what}: weights", held, lambda: weights(name, form), kind="arithmetic")
    s.one(f"{what}: with 8K of cache", short, lambda: _fit(name, form, "h100", SHORT).needed_bytes, rel=SUMMED, kind="arithmetic")
    s.one(f"{what}: with 128K of cache", long, lambda: _fit(name, form, "h100", LONG).needed_bytes, rel=SUMMED, kind="arithmetic")
    verdicts = dict.fromkeys(yes.split(), "1") | dict.fromkeys(no.split(), "0")
    s.row(f"{what} with 8K", " ".join(verdicts.values()), list(verdicts), lambda where: _fit(name, form, where, SHORT).fits, within=0)


def _fit(name: str, form: str, where: str, context: int) -> Fit:
    return fit(served(name), format_named(form), device(where), Load(context))
