"""Section 2: Kaplan's and Chinchilla's laws in all their variants, and other published exponents."""

from __future__ import annotations

import math

from puna.plan.constrained import WORN_PARAMS, WORN_TOKENS, worth
from puna.plan.fits.parametric import DELTA
from puna.plan.laws import catalogue
from puna.plan.laws.allocation import PETAFLOP_DAY, Allocation, Kaplan
from puna.plan.laws.law import Law
from puna.plan.oracles import why
from puna.plan.oracles.digitised import Digitised
from puna.plan.oracles.known import CHINCHILLA, best, line, surface, value
from puna.plan.oracles.table import Section

CONSTANTS = ("E", "A", "B", "alpha", "beta")
BESIROGLU = "arXiv 2404.10102"
TABLE_3 = {f"row {row + 1} of table 3": row for row in range(9)}
NANOCHAT = {f"nanochat {text}": row for row, text in enumerate(("1e18", "2e18", "5e18", "1e19"))}
VARIANTS = {"rounded": "chinchilla-printed", "TeX": "chinchilla-tex", "Besiroglu": "besiroglu"}


# A figure a line.
# fmt: off
def section(points: Digitised) -> Section:
    s = Section("2", "Kaplan, Chinchilla and others", "arXiv 2001.08361")
    _kaplan(s)
    s.source = CHINCHILLA
    _approaches(s)
    _besiroglu(s, points)
    _optima(s)
    _others(s)
    return s


def _kaplan(s: Section) -> None:
    law = catalogue.law("kaplan")
    assert isinstance(law, Kaplan)
    s.data("alpha_N", "0.076", lambda: law.alpha_N)
    s.absent("N_c of L(N)", "8.8e13", why.OTHER_FIT)
    s.absent("alpha_D and D_c of L(D)", "0.095 5.4e13", why.OTHER_FIT)
    s.data("alpha_C,min", "0.050", lambda: law.alpha_C)
    s.data("C_c,min, PF-days", "3.1e8", lambda: law.compute_scale)
    s.absent("exponent of L(C), naive", "0.057", why.OTHER_FIT)
    s.data_row("joint law L(N, D)", ".076 .103 6.4e13 1.8e13", ("alpha_N", "alpha_D", "N_c", "D_c"), lambda name: getattr(law, name))
    s.data("exponent of parameters over compute", "0.73", lambda: law.alpha)
    s.absent("exponents of batch and steps over compute", "0.24 0.03", why.BATCH)
    s.one("exponent of tokens over compute", "0.27", lambda: _slope(law, "tokens"), kind="arithmetic")
    s.data("parameters at one PF-day", "1.3e9", lambda: law.optimum(PETAFLOP_DAY).params)
    s.absent("critical batch: tokens at a loss of 1, inverse exponent", "2e8 0.21", why.BATCH)
    s.data("FLOPs of a PF-day", "8.64e19", lambda: PETAFLOP_DAY)


def _approaches(s: Section) -> None:
    _approach(s, 1, "0.50", "0.488 0.502", "0.50", "0.501 0.512")
    _approach(s, 2, "0.49", "0.462 0.534", "0.51", "0.483 0.529")
    tex = surface("chinchilla-tex")
    s.one("approach 3: exponent of parameters, beta / (alpha + beta)", "0.46", lambda: _slope(tex, "params"), kind="arithmetic")
    s.absent("approach 3: interval of it", "0.454 0.455", why.RESAMPLED)
    s.one("approach 3: exponent of tokens", "0.54", lambda: _slope(tex, "tokens"), kind="arithmetic")
    s.absent("approach 3: interval of it", "0.542 0.543", why.RESAMPLED)
    printed, exact = surface("chinchilla-printed"), surface("sardana")
    s.data_row("as printed", "1.69 406.4 410.7 0.34 0.28", CONSTANTS, lambda name: getattr(printed, name))
    s.data_row("log of the TeX source's", "6.0073404 6.0179186 0.5267228", ("A", "B", "E"), lambda name: math.log(getattr(tex, name)))
    s.one("E of the TeX source", "1.6934", lambda: tex.E, kind="arithmetic")
    s.data_row("TeX source", "0.33917084 0.2849083", ("alpha", "beta"), lambda name: getattr(tex, name))
    s.data_row("de Vries and Sardana", "0.336 0.283 406.4 410.7 1.69", ("alpha", "beta", "A", "B", "E"), lambda name: getattr(exact, name) )


def _approach(s: Section, number: int, params: str, params_ends: str, tokens: str, tokens_ends: str) -> None:
    law, what = line(f"chinchilla-{number}"), f"approach {number}"
    s.one(f"{what}: exponent of parameters, 1 less that of tokens", params, lambda: _slope(law, "params"), kind="arithmetic")
    s.absent(f"{what}: interval of it", params_ends, why.TWO_FITS)
    s.one(f"{what}: exponent of tokens, through its table", tokens, lambda: law.alpha)
    s.data_row(f"{what}, interval of that", tokens_ends, {"low": min, "high": max}, lambda pick: float(pick(_alphas(law))))


def _besiroglu(s: Section, points: Digitised) -> None:
    s.source, law = BESIROGLU, surface("besiroglu")
    s.data_row("as published", "1.8172 482.01 2085.43 0.3478 0.3658", CONSTANTS, lambda name: getattr(law, name))
    s.absent("standard errors of E, A, B, alpha, beta", "0.03 124.58 1293.23 0.02 0.02", why.RESAMPLED)
    s.one("exponent of parameters", "0.5126", lambda: _slope(law, "params"), kind="arithmetic")
    s.absent("print-out of A, B, E, alpha, beta", "482.00572 2085.43420 1.81686 0.34781 0.36585", why.MORE_DIGITS)
    s.absent("standard errors there", "124.52 1293.28 0.0257 0.0154 0.0206", why.RESAMPLED)
    s.absent("95 % intervals there", "285 744 1042 5810 1.769 1.871 0.317 0.373 0.331 0.415", why.RESAMPLED)
    s.data("delta of the plain Huber sum", "1e-3", lambda: DELTA)
    s.data_row("of the published fit, rounded", "482 2085", ("A", "B"), lambda name: getattr(law, name), within=0.5)
    s.row("with the 5 outliers kept", "495.7 12,846 1.891 .3493 .4531", ("A", "B", "E", "alpha", "beta"), points=lambda name: value(getattr(points.huber_of_all, name)), rel=1e-3)


def _optima(s: Section) -> None:
    s.source = f"{CHINCHILLA}, closed form"
    s.row("parameters at 5.76e23 FLOPs", "32.2 40.4 72.3", VARIANTS, lambda name: best(name, 5.76e23).params, unit="B", rel=1e-3, kind="arithmetic")
    s.row("tokens at 5.76e23 FLOPs", "2.98 2.38 1.33", VARIANTS, lambda name: best(name, 5.76e23).tokens, unit="T", kind="arithmetic")
    s.row("parameters at 3.8e25 FLOPs", "213.5 273 619", VARIANTS, lambda name: best(name, 3.8e25).params, unit="B", rel=1e-3, kind="arithmetic")
    s.row("tokens at 3.8e25 FLOPs", "29.7 23.2 10.2", VARIANTS, lambda name: best(name, 3.8e25).tokens, unit="T", kind="arithmetic")
    s.row("tokens a parameter at 5.76e23 FLOPs", "92.6 58.9 18.4", VARIANTS, lambda name: best(name, 5.76e23).tokens_per_param, kind="arithmetic")
    s.one("Besiroglu: tokens a parameter at 3.8e25 FLOPs", "16.5", lambda: best("besiroglu", 3.8e25).tokens_per_param, kind="arithmetic")
    s.source = f"{CHINCHILLA} table 3"
    s.data_row("compute", "1.92e19 1.21e20 1.23e22 5.76e23 3.85e24 9.90e24 3.43e25 1.27e26 1.30e28", TABLE_3, lambda row: catalogue.table("chinchilla-1")[row][0])
    s.data_row("parameters", "400M 1B 10B 67B 175B 280B 520B 1T 10T", TABLE_3, lambda row: catalogue.table("chinchilla-1")[row][1])
    s.data_row("tokens", "8.0B 20.2B 205.1B 1.5T 3.7T 5.9T 11.0T 21.2T 216.2T", TABLE_3, lambda row: catalogue.table("chinchilla-1")[row][2] )
    s.absent("exponents that arXiv 2406.19146 explains (Kaplan, Chinchilla)", "0.73 0.5", why.FINDING)


def _others(s: Section) -> None:
    s.source, deepseek, muennighoff = "arXiv 2401.02954", line("deepseek"), surface("muennighoff")
    s.one("DeepSeek, exponent of model size", ".524", lambda: _slope(deepseek, "params"), kind="arithmetic")
    s.data("DeepSeek, exponent of tokens", ".476", lambda: deepseek.alpha, within=0.0005)
    s.source = "arXiv 2305.16264"
    s.data_row("Muennighoff, C4", "521 1488 1.87 .35 .35", ("A", "B", "E", "alpha", "beta"), lambda name: getattr(muennighoff, name))
    s.data("R_D*", "15.3878", lambda: WORN_TOKENS)
    s.data("R_N*", "5.3097", lambda: WORN_PARAMS)
    s.one("worth of 4 epochs, times unique tokens", "3.726", lambda: worth(1, 4), kind="arithmetic")
    s.one("worth of endless epochs", "16.39", lambda: worth(1, 1e6), kind="arithmetic")
    s.source = "nanochat, dev/LOG.md of 27 January 2026"
    s.absent("nanochat, exponents of parameters (matrices and head) and tokens; through the four rows below .524 and .478", ".54 .49", why.COUNTING)
    s.one("nanochat, tokens a parameter, about", "10.5", lambda: sum(tokens / size for _, size, tokens in catalogue.table("nanochat")) / 4, within=0.1, kind="arithmetic")
    s.absent("nanochat, exponent of all parameters, of the transformer's alone", ".37 .70", why.COUNTING)
    s.data_row("parameters", "110.7 167.8 250.7 381.8", NANOCHAT, lambda row: catalogue.table("nanochat")[row][1], unit="M")
    s.data_row("tokens", "1.242 1.785 2.642 3.807", NANOCHAT, lambda row: catalogue.table("nanochat")[row][2], unit="B")
    s.absent("Step Law: rate's scale, exponents of N and D, batch's scale and exponent", "1.79 -.713 .307 0.58 .571", why.BATCH)
    s.absent("Power Lines: exponent of the batch; nanochat's reference batch 2^19", ".383 19", why.BATCH)


def _slope(law: Law, figure: str) -> float:
    """Return the exponent of parameters or tokens over compute."""
    low, high = law.optimum(1e20), law.optimum(1e24)
    return math.log(getattr(high, figure) / getattr(low, figure)) / math.log(high.compute / low.compute)


def _alphas(law: Allocation) -> list[float]:
    return [one.alpha for one in law.alternatives if isinstance(one, Allocation)]
