"""Sections 6.1 and 6.2: FLOPs a token by every convention, and what reported runs got out of their chips."""

from __future__ import annotations

from puna.plan.models import model_of
from puna.plan.oracles import why
from puna.plan.oracles.digitised import Digitised
from puna.plan.oracles.known import HERD, LLAMA3, optional
from puna.plan.oracles.table import Section
from puna.plan.overtraining import FLOPS_PER_SERVED
from puna.plan.points import FLOPS_PER_PARAM_TOKEN
from puna.plan.runs import run_named
from puna.plan.training.calibration import table_4
from puna.plan.training.flops import Convention, attention_share, days, flops_per_token

RATE, GPUS, TOKENS = 400e12, 16_384, 15.6e12
CONVENTIONS: dict[str, Convention] = {"6N": "6n", "with attention": "full"}
LONG, SHORT = 131_072, 8192
# Runs in the order of the reference, with their TFLOP/s a chip and all-in utilisation in per cent.
RUNS = (
    ("llama-7b", "136", "43"),
    ("llama-13b llama-33b llama-65b", "160 143 149", "51 46 48"),
    ("llama-2-7b llama-2-13b llama-2-34b llama-2-70b", "122 118 109 134", "39 38 35 43"),
    ("llama-3-8b llama-3-70b", "154 276", "15.6 27.9"),
    ("llama-3.1-8b llama-3.1-70b llama-3.1-405b", "138 252 342", "13.9 25.5 34.6"),
    ("bloom-176b", "99", "31.8"),
    ("palm-540b", "84", "30.4"),
    ("falcon-180b", "150", "48"),
)
# LLaMA 7B's 43.67 is printed as 43.
_DIGIT = {"llama-7b": 0.7}
SECONDARY = {
    "mpt-7b": "36",
    "smollm3-3b": "26",
    "starcoderbase": "26",
    "bloomberggpt": "24",
    "pythia-12b": "26",
    "pythia-6.9b": "33",
    "pythia-1.4b": "32",
}


# A figure a line.
# fmt: off
def flops(_: Digitised) -> Section:
    s = Section("6.1", "FLOPs a token", "arXiv 2204.02311 appendix B, and arithmetic")
    s.data("FLOPs a parameter and token of training", "6", lambda: FLOPS_PER_PARAM_TOKEN)
    s.one("attention's, times L H Q T", "12", lambda: _attention("full"), rel=1e-9)
    s.one("the same for the causal half", "6", lambda: _attention("causal"), rel=1e-9)
    s.absent("Megatron's iteration with recompute: factor, s / 6h, V / 16lh", "96 6 16", why.GPT)
    s.absent("Megatron's iteration without: factor, s / 6h, V / 12hL", "72 6 12", why.GPT)
    s.source = "arithmetic"
    s.one("405B at 8,192 tokens, 6N", "2,435 G", lambda: _flops("6n"), kind="arithmetic")
    s.one("405B at 8,192 tokens, 6 x matrices", "2,422 G", lambda: _flops("matmul"), rel=5e-4)
    s.one("405B at 8,192 tokens, with 12 L H Q T", "2,625 G", lambda: _flops("full"))
    s.one("attention's addition, whole", "8.4 %", lambda: _flops("full") / _flops("matmul") - 1)
    s.one("attention's addition, causal", "4.2 %", lambda: _flops("causal") / _flops("matmul") - 1)
    s.row("attention by the matrices at 8K", "28.6 15.4 8.4", LLAMA3, lambda name: attention_share(model_of(name), seq=SHORT), unit="%")
    s.row("attention by the matrices at 128K", "458 247 134", LLAMA3, lambda name: attention_share(model_of(name), seq=LONG), unit="%")
    s.kind = "arithmetic"
    s.row("405B tokens/s a GPU at 400 TFLOP/s", "164 152", CONVENTIONS, lambda said: RATE / _flops(said), unit="tokens/s")
    s.row("15.6T tokens on 16,384 GPUs", "67.1 72.3", CONVENTIONS, _days, unit="days", rel=5e-3)
    s.data("FLOPs a parameter and token of serving", "2", lambda: FLOPS_PER_SERVED)
    return s


def utilisation(_: Digitised) -> Section:
    s = Section("6.2", "All-in utilisation of reported runs", "model cards and papers: 6 N D by hours and dense peak")
    s.kind = "arithmetic"
    for names, rates, shares in RUNS:
        s.row("rate a chip", rates, names.split(), lambda name: run_named(name).flops_per_chip, unit="TFLOP/s")
        s.row("all-in", shares, names.split(), lambda name: run_named(name).all_in, unit="%", within=_DIGIT.get(names))
    s.data("hours of bloom-176b", "1,082,990", lambda: optional(run_named("bloom-176b").chip_hours))
    s.absent("BLOOM's best configuration, TFLOP/s", "156", why.OTHER_UTILISATION)
    s.data("hours of palm-540b", "8,404,992", lambda: optional(run_named("palm-540b").chip_hours))
    s.absent("PaLM's MFU without and with attention, HFU, %", "45.7 46.2 57.8", why.OTHER_UTILISATION)
    s.data("hours of falcon-180b", "7.0 M", lambda: optional(run_named("falcon-180b").chip_hours))
    s.absent("share of 405B's MFU that is left of the time", ".9", why.SETTING)
    s.row("all-in", " ".join(SECONDARY.values()), list(SECONDARY), lambda name: run_named(name).all_in, unit="%")
    s.source = HERD
    s.data("405B: MFU that its all-in utilisation comes from", "41 %", lambda: optional(table_4()[1].printed_mfu))
    s.one("how far 40 % is off for 8B's hours", "3 x", lambda: 0.40 / run_named("llama-3.1-8b").all_in)
    return s


def _flops(convention: Convention) -> float:
    return flops_per_token(model_of("llama-3.1-405b"), seq=SHORT, convention=convention)


def _days(convention: Convention) -> float:
    return days(TOKENS * _flops(convention), chips=GPUS, flops_per_chip=RATE)


def _attention(convention: Convention) -> float:
    shape = model_of("llama-3.1-405b").llama
    return (_flops(convention) - _flops("matmul")) / (shape.num_layers * shape.q_dim * SHORT)
