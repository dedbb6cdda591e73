"""Sections 4.2 and 4.3: what quantization cost where it was measured, and how many bits files really have."""

from __future__ import annotations

import math
from dataclasses import replace

from puna.plan.formats import format_named, formats, weight_bytes
from puna.plan.models import model_of
from puna.plan.oracles import why
from puna.plan.oracles.digitised import Digitised
from puna.plan.oracles.known import LLAMA3, optional, weights
from puna.plan.oracles.table import Section
from puna.plan.serving.model import served
from puna.plan.serving.quality import quality

TYPES = ("q2_k", "q4_k_m", "q6_k", "q8_0")
README = "llama.cpp tools/quantize README"
BITS = {
    "q2_k": "3.1593", "q3_k_s": "3.6429", "q3_k_l": "4.2979", "q4_k_s": "4.6672", "q4_k_m": "4.8944", "q5_k_s": "5.5704", "q5_k_m": "5.7036", "q6_k": "6.5633",
    "q8_0": "8.5008", "f16": "16.0005", "iq2_xxs": "2.3824", "iq4_xs": "4.4597",
}  # fmt: skip


# A figure a line.
# fmt: off
def costs(_: Digitised) -> Section:
    s = Section("4.2", "Measured costs of quantization", "llama.cpp pull request 6936")
    s.data_row("perplexity of Llama 2 7B by F16's", "1.10796 1.01424 1.00241 1.00069", TYPES, lambda form: _perplexity("llama-2-7b", form))
    s.data_row("perplexity of Llama 3 8B by F16's", "1.56485 1.02816 1.00349 1.00043", TYPES, lambda form: _perplexity("llama-3-8b", form))
    s.row("loss added to Llama 3 8B by Llama 2 7B's", "4.4 1.96", TYPES[:2], lambda form: _loss("llama-3-8b", form) / _loss("llama-2-7b", form), unit="x", kind="arithmetic")
    s.absent("other top token of Q4_K_M, Llama 2 and 3, %; of Q2_K", "5.3 8.1 14.4 28.9", why.MEASURED)
    s.absent("perplexity of Llama 3 8B in F16", "6.7684", why.MEASURED)
    s.absent("divergence in q8_0, q6_K, q5_K_M, q4_K_M", ".001391 .005669 .011093 .029126", why.MEASURED)
    s.absent("perplexity in q4_K_M", "6.9164", why.MEASURED)
    s.source = "arXiv 2411.02355"
    s.data_row("recovery in FP8, %", "101.2 100.0 99.9", LLAMA3, lambda name: _recovery(name, "fp8"))
    s.data_row("recovery in W8A8-INT, %", "101.5 97.3 98.3", LLAMA3, lambda name: _recovery(name, "int8"))
    s.data_row("recovery in W4A16, %", "96.1 97.4 98.9", LLAMA3, lambda name: _recovery(name, "int4-gptq"))
    s.absent("another card's average and recovery of 405B base in FP8, %", "82.00 98.7", why.BENCHMARK)
    s.absent("methods that arXiv 2404.14047 compares, bits from and to", "10 1 8", why.SETTING)
    return s


def bits(_: Digitised) -> Section:
    s = Section("4.3", "Bits a weight that files have", README)
    s.data_row("bits a weight", " ".join(BITS.values()), list(BITS), lambda name: formats()[name].bits)
    s.row("file in Q4_K_M", "4.9 43.1 249.1", LLAMA3, lambda name: weights(name, "q4_k_m"), unit="GB", rel=5e-3, kind="arithmetic")
    s.source = "arithmetic"
    s.data("int4 in groups of 128: bits a weight", "4.25", lambda: formats()["int4"].bits)
    s.kind = "arithmetic"
    s.one("405B in Q4_K_M as calculators with 4.0 bits have it", "202.5 GB", _naive, rel=5e-3)
    s.one("by which that is low", "19 %", lambda: 1 - _naive() / 249.1e9)
    return s


def _perplexity(model: str, form: str) -> float:
    return optional(quality(served(model), format_named(form)).measured_perplexity_ratio)


def _recovery(model: str, form: str) -> float:
    return optional(quality(served(model), format_named(form)).measured_recovery)


def _loss(model: str, form: str) -> float:
    return math.log(_perplexity(model, form))


def _naive() -> float:
    form = format_named("q4_k_m")
    return weight_bytes(model_of("llama-3.1-405b"), replace(form, bits=4.0, shared_bits=4.0, output_bits=4.0))
