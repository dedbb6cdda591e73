"""Section 0: the strongest proofs, each from far apart parts of the planner."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from typing import Any

from puna.plan import overtraining
from puna.plan.fits.parametric import DELTA
from puna.plan.oracles import why
from puna.plan.oracles.digitised import Digitised
from puna.plan.oracles.known import CHINCHILLA, HERD, LLAMA2, LLAMA3, SARDANA, best, line, params, shape, surface, value, weights
from puna.plan.oracles.table import Section
from puna.plan.prediction import half_width
from puna.plan.runs import run_named
from puna.plan.training.calibration import table_4
from puna.plan.training.flops import days

SIZES = {**LLAMA3, **LLAMA2}
CACHES = {"Llama 2 7B": "llama-2-7b", "Llama 3 8B": "llama-3-8b", "70B": "llama-3-70b", "405B": "llama-3.1-405b"}
VRIES = {f"{k:g} of the size": k for k in (0.5, 0.3, 0.25, 0.57, 0.75)}
SCORES = {
    "GSM8K 57.2, N=1319": (0.572, 1319),
    "HumanEval 37.2, N=164": (0.372, 164),
    "ARC-C 79.7, N=1172": (0.797, 1172),
    "MATH 20.3, N=5000": (0.203, 5000),
}
_65B = 65.2e9


# A figure a line.
# fmt: off
def section(points: Digitised) -> Section:
    found = Section("0", "The best proofs", HERD)
    _laws(found, points)
    _overtraining(found)
    _counts(found)
    _time(found)
    return found


def _laws(s: Section, points: Digitised) -> None:
    fig2 = f"{HERD} Fig. 2, digitised"
    s.one("O1 points of Fig. 2", "133", points=lambda: points.isoflop.points_used, source=fig2, kind="data")
    s.one("O1 alpha of D* = A C^alpha", "0.53678", lambda: line("llama3").alpha, points=lambda: points.isoflop.law.alpha, kind="data", within=1e-4, source=fig2)
    s.one("O1 A of D* = A C^alpha", "0.29936", lambda: line("llama3").A, points=lambda: points.isoflop.law.A, kind="data", within=1e-4, source=fig2)
    s.one("O1 alpha, truncated as printed", "0.53", lambda: _cut(line("llama3").alpha), points=lambda: _cut(points.isoflop.law.alpha), within=1e-9, kind="arithmetic")
    s.one("O1 A, truncated as printed", "0.29", lambda: _cut(line("llama3").A), points=lambda: _cut(points.isoflop.law.A), within=1e-9, kind="arithmetic")
    at = {"O2 at 4.0e25": 4.0e25, "O2 at 3.8e25": 3.8e25}
    s.row("tokens", "16.5515 16.102", at, lambda compute: best("llama3", compute).tokens, unit="T", points=lambda compute: points.isoflop.law.optimum(compute).tokens, rel=1e-3, kind="arithmetic")
    s.row("parameters", "402.78 393.3", at, lambda compute: best("llama3", compute).params, unit="B", points=lambda compute: points.isoflop.law.optimum(compute).params, rel=1e-3, kind="arithmetic")
    s.one("O2 the paper's parameters, truncated", "402 B", lambda: math.floor(best("llama3", 4.0e25).params / 1e9) * 1e9, within=1e-9, kind="arithmetic")
    s.one("O2 the paper's tokens", "16.55 T", lambda: best("llama3", 4.0e25).tokens, points=lambda: points.isoflop.law.optimum(4.0e25).tokens, kind="arithmetic")
    s.row("curvature of the parabola", "0.0918 0.0640 0.0507", {"O3 at 6e18": 0, "O3 at 1e22": 9, "O3 at 3e21": 8},
          points=lambda b: value(points.isoflop.budgets[b].curvature), within=1e-3, source=fig2)
    fig4 = f"{CHINCHILLA} Fig. 4, digitised; refitted as in arXiv 2404.10102"
    s.one("O4 points of Fig. 4", "245", points=lambda: len(points.chinchilla), kind="data", source=fig4)
    s.one("O4 points below the 5th largest loss", "240", points=lambda: points.huber.points_used, source=fig4, kind="data")
    s.one("O4 Huber's delta", "1e-3", lambda: DELTA, kind="data", source=fig4)
    s.row("constant of the Huber fit", "477.83 2143.5 1.81722 0.34731 0.36717", {f"O4 {name}": name for name in ("A", "B", "E", "alpha", "beta")},
          lambda name: getattr(surface("besiroglu-huber"), name), points=lambda name: value(getattr(points.huber, name)), kind="data", rel=1e-3, source=fig4)
    s.one("O4 objective", "1.018274e-3", points=lambda: points.huber.objective, rel=1e-3, source=fig4)


def _overtraining(s: Section) -> None:
    s.source = SARDANA
    s.one("O6 13B quality at 7B, 2T served: FLOPs saved", "1.69e22", lambda: _seven().saved_flops, rel=0.01)
    s.one("O6 share saved", "17.4 %", lambda: value(_seven().saving), rel=0.01)
    s.one("O6 FLOPs saved, as the paper rounds", "1.7e22", lambda: _seven().saved_flops)
    s.one("O6 share saved, as the paper rounds", "17 %", lambda: value(_seven().saving))
    s.one("O7 70B quality, 10T served: best size", "41.55 B", lambda: value(_cheapest().params), rel=2e-3)
    s.one("O7 its tokens", "7.923 T", lambda: value(_cheapest().tokens), rel=2e-3)
    s.one("O7 share saved", "11.95 %", lambda: value(_cheapest().saving), rel=2e-3)
    s.one("O7 best size, as the paper prints", "41.6 B", lambda: value(_cheapest().params), rel=2e-3)
    s.one("O7 its tokens, as the paper prints", "7,920 B", lambda: value(_cheapest().tokens), rel=2e-3)
    s.source = "H. de Vries, Go smol or go home (2023)"
    s.row("overhead", "20.8 105.6 188.9 12.5 2.8", _of("O9", VRIES), lambda k: overtraining.shrink_overhead(k, alpha=0.336, beta=0.283), unit="%", rel=0.01, kind="arithmetic")
    s.absent("O9 the blog's words for .5, .3, .25, .57 of the size, %", "20 100 188 12", why.ROUNDED)


def _counts(s: Section) -> None:
    s.source = "model cards and configs"
    s.row("parameters", "8,030,261,248 70,553,706,496 405,853,388,800 6,738,415,616 13,015,864,320 68,976,648,192", _of("O11", SIZES), params, within=0)
    s.source = "llama.cpp tools/quantize README and Hugging Face"
    s.one("O12 8B in F16", "14.96 GiB", lambda: weights("llama-3.1-8b", "f16"), rel=5e-3, kind="arithmetic")
    s.one("O12 8B in Q4_K_M (4.8944 bits)", "4.58 GiB", lambda: weights("llama-3.1-8b", "q4_k_m"), rel=5e-3, kind="arithmetic")
    s.one("O12 70B in Q4_K_M", "43.1 GB", lambda: weights("llama-3.1-70b", "q4_k_m"), rel=5e-3, kind="arithmetic")
    s.one("O12 405B in Q4_K_M, the file", "249.1 GB", lambda: weights("llama-3.1-405b", "q4_k_m"), rel=5e-3, kind="arithmetic")
    s.one("O12 405B in Q4_K_M, the formula", "248.3 GB", lambda: weights("llama-3.1-405b", "q4_k_m"), kind="arithmetic")


def _time(s: Section) -> None:
    s.source, s.kind = HERD, "arithmetic"
    s.one("O13 3.8e25 FLOPs on 16,384 GPUs at 400 TFLOP/s", "67.1 days", lambda: days(3.8e25, chips=16_384, flops_per_chip=400e12), rel=5e-3 )
    s.one("O13 with 0.9 of the time effective", "74.5 days", lambda: days(3.8e25, effective_share=0.9, chips=16_384, flops_per_chip=400e12), rel=5e-3)
    s.one("O13 30.84 M hours of the model card", "78.4 days", lambda: run_named("llama-3.1-405b").days_on(16_384), rel=5e-3)
    s.row("half-width of the interval", "2.7 7.4 2.3 1.1", _of("O15", SCORES), lambda one: half_width(*one), unit="%", within=0.1)
    s.kind = "computed"
    s.row("cache of a token in bf16", "512 128 320 504", _of("O16", CACHES), lambda name: shape(name).kv_bytes_per_token(), unit="KiB", within=0, kind="arithmetic")
    rows = {f"O17 table 4 row {row + 1}": row for row in range(3)}
    s.kind = "arithmetic"
    s.row("TP x CP x PP x DP", "8,192 16,384 16,384", rows, lambda row: table_4()[row].layout.gpus, within=0)
    s.row("tokens of a batch", "16.78 16.78 16.78", rows, lambda row: table_4()[row].work.batch * table_4()[row].work.seq, unit="M")
    s.source = "arXiv 2302.13971"
    s.one("O18 65B on 1.4 T tokens, 2048 GPUs, 380 tokens/s each", "20.8 days", lambda: days(6 * _65B * 1.4e12, chips=2048, flops_per_chip=380 * 6 * _65B), rel=0.01)
    s.one("O18 as the paper rounds", "21 days", lambda: days(6 * _65B * 1.4e12, chips=2048, flops_per_chip=380 * 6 * _65B))
    s.one("O18 tokens/s a GPU by table 15 (1,022,362 hours)", "380 tokens/s", lambda: run_named("llama-65b").tokens_per_second_per_chip, rel=0.01)
    s.absent("ARC-C of the pre-trained 405B, % (Fig. 4's end point)", "96.1", why.BENCHMARK)


@cache
def _seven() -> overtraining.Overtraining:
    return overtraining.shrunk(surface("sardana"), 13e9, params=7e9, served=2e12)


@cache
def _cheapest() -> overtraining.Overtraining:
    return overtraining.cheapest(surface("sardana"), 70e9, served=10e12)


def _of(number: str, keys: Mapping[str, Any]) -> dict[str, Any]:
    """Return keys whose labels begin with the proof's number."""
    return {f"{number} {label}": key for label, key in keys.items()}


def _cut(number: float) -> float:
    """Return a number cut, not rounded, to two decimals."""
    return math.floor(number * 100) / 100
