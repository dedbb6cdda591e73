"""Section 3: smaller models trained for longer, and when that pays."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from puna.plan.laws.surface import Surface
from puna.plan.oracles import why
from puna.plan.oracles.digitised import Digitised
from puna.plan.oracles.known import GADRE, HERD, SARDANA, best, line, params, surface, value
from puna.plan.oracles.table import Section
from puna.plan.overtraining import Overtraining, cheapest, overtrained, shrink_overhead, smallest_share
from puna.plan.points import FLOPS_PER_PARAM_TOKEN
from puna.plan.runs import Run, run_named

SERVED = {f"{text} served": float(text[:-1]) * 1e12 for text in ("1T", "2T", "5T", "10T")}
SHARES = {"half the size": 0.5, ".3 of it": 0.3, ".25 of it": 0.25}
RATIO = 20
FAMILIES = {"C4": "gadre-c4", "RedPajama": "gadre-redpajama", "RefinedWeb": "gadre-refinedweb"}
VRIES = {"de Vries": "sardana", "Besiroglu": "besiroglu", "Llama 3 surface": "llama3-surface"}
# (the model, the law): size and tokens of the optimum of equal loss, overhead, served tokens of break-even.
EQUAL_LOSS = (
    ("llama-3-8b", "llama3-surface", "38.1 B", "0.646 T", "390 %", "9.6 T"),
    ("llama-3-8b", "besiroglu", "33.9 B", "0.647 T", "450 %", "11.4 T"),
    ("llama-3-8b", "chinchilla-tex", "29.6 B", "1.64 T", "148 %", "10.0 T"),
    ("llama-3-70b", "llama3-surface", "197 B", "3.28 T", "64 %", "9.8 T"),
    ("llama-3-70b", "chinchilla-tex", "116 B", "8.34 T", "9 %", "6.1 T"),
)


# A figure a line.
# fmt: off
def section(_: Digitised) -> Section:
    s = Section("3", "Over-training", SARDANA)
    law = surface("sardana")
    s.data_row("Sardana", "406.4 410.7 1.69 .336 .283", ("A", "B", "E", "alpha", "beta"), lambda name: getattr(law, name))
    _solved(s, 13e9, "8.32 6.97 5.44 4.54", "0.967 1.248 1.90 2.75", "8.5 17.45 33.5 45.7")
    _solved(s, 70e9, "62.9 57.9 49.0 41.6", "", "0.40 1.3 5.2 11.95")
    points = {f"{size:g}B": size * 1e9 for size in (13, 30, 70)}
    s.row("optimal tokens", "0.5765 1.556 4.255", points, lambda size: law.optimum_of_params(size).tokens, unit="T", kind="arithmetic")
    s.one("tokens a parameter of 70B", "61", lambda: law.optimum_of_params(70e9).tokens_per_param, kind="arithmetic")
    s.absent("real-cost version: training MFU from and to, generation's, saving, %; dollars before and after, M", "40 60 1 58 10.8 4.52", why.COSTS)
    s.absent("tokens a parameter to which quality improves, in how many runs", "10,000 47", why.FINDING)
    _gadre(s)
    _vries(s)
    _llamas(s)
    return s


def _solved(s: Section, quality: float, sizes: str, tokens: str, savings: str) -> None:
    name = f"{quality / 1e9:g}B quality"
    s.row(f"{name}, best size", sizes, SERVED, lambda served: value(_cheapest(quality, served).params), unit="B", rel=2e-3)
    if tokens:
        s.row(f"{name}, its tokens", tokens, SERVED, lambda served: value(_cheapest(quality, served).tokens), unit="T", rel=2e-3)
    s.row(f"{name}, share saved", savings, SERVED, lambda served: value(_cheapest(quality, served).saving), unit="%")


def _gadre(s: Section) -> None:
    s.source = GADRE
    for label, name in FAMILIES.items():
        law = surface(name)
        printed = {"C4": "1.508 141.3 189.5 .1212", "RedPajama": "1.837 212.2 366.7 .1364", "RefinedWeb": "1.735 157.1 246.2 .1272"}[label]
        # The surface has Gadre's constants times 6^-eta, and twice his exponent.
        unit = FLOPS_PER_PARAM_TOKEN ** (law.alpha / 2)
        held = {f"{label} E": law.E, f"{label} a": law.A * unit, f"{label} b": law.B * unit, f"{label} eta": law.alpha / 2}
        s.data_row("Gadre", printed, held, lambda figure: figure)
    s.absent("task error, C4 17 tasks: level, scale, rate", ".8497 2.0789 .7561", why.TASK_ERROR)
    s.absent("task error, RedPajama 17 tasks", ".8570 2.2065 .7146", why.TASK_ERROR)
    s.absent("task error, RefinedWeb 17 tasks", ".8653 2.2148 .7070", why.TASK_ERROR)
    s.absent("task error, RedPajama 46 tasks", ".7608 1.3229 .8907", why.TASK_ERROR)
    s.absent("its runs: sizes, at which tokens a parameter; the smallest one at; the error fit's", "10.6M 78.9M 153.7M 411.6M 20 10.6M 320 1.4B 20", why.SETTING)


def _vries(s: Section) -> None:
    s.source = "H. de Vries, Go smol or go home (2023)"
    s.absent("critical size and its overhead, %, in the blog's words (105.6 at .3, an oracle)", "30 100", why.ROUNDED)
    s.row("smallest size of the optimum's loss", ".097 .146 .109", VRIES, lambda name: smallest_share(alpha=surface(name).alpha, beta=surface(name).beta), kind="arithmetic")
    s.row("overhead by Besiroglu", "25.9 161 347", SHARES, lambda k: _overhead("besiroglu", k), unit="%", kind="arithmetic")
    s.row("overhead by Llama 3's surface", "21 111 204", SHARES, lambda k: _overhead("llama3-surface", k), unit="%", kind="arithmetic")
    s.absent("Meta's words: optimal tokens of 8B, tokens to which it improves, orders of magnitude between", "200B 15T 2", why.ROUNDED)


def _llamas(s: Section) -> None:
    s.source, law = f"{HERD} Fig. 2 and model cards", line("llama3")
    small, middle, large = (run_named(name) for name in ("llama-3.1-8b", "llama-3.1-70b", "llama-3.1-405b"))
    sizes = {"8B": small, "70B": middle, "405B": large}
    s.row("tokens a parameter", "1,868 213 38.4", sizes, _ratio, kind="arithmetic")
    s.row("times Chinchilla's 20", "93 10.6 1.9", sizes, lambda run: _ratio(run) / RATIO, kind="arithmetic")
    first, second = law.optimum_of_params(params("llama-3.1-8b")), law.optimum_of_params(params("llama-3.1-70b"))
    s.one("compute whose optimum is 8.03B", "8.54e21", lambda: first.compute, kind="arithmetic")
    s.one("tokens there", "177 B", lambda: first.tokens, kind="arithmetic")
    s.one("15T by that", "85 x", lambda: small.tokens / first.tokens, kind="arithmetic")
    s.one("compute whose optimum is 70B", "9.3e23", lambda: second.compute, kind="arithmetic")
    s.one("tokens there", "2.2 T", lambda: second.tokens, kind="arithmetic")
    s.one("15T by that", "6.8 x", lambda: middle.tokens / second.tokens, kind="arithmetic")
    s.row("compute of its training", "7.2e23 6.35e24 3.8e25", sizes, lambda run: run.flops, kind="arithmetic")
    s.row("optimal size for that", "62.8 172 393", sizes, lambda run: best("llama3", run.flops).params, unit="B", rel=1e-3, kind="arithmetic")
    s.row("optimal tokens for that", "1.92 6.16 16.1", sizes, lambda run: best("llama3", run.flops).tokens, unit="T", kind="arithmetic")
    s.row("its size by the optimum's", ".128 .41 1.03", sizes, lambda run: run.params / best("llama3", run.flops).params, kind="arithmetic")
    for row in EQUAL_LOSS:
        _equal(s, *row)
    every = ("llama3-surface", "besiroglu", "chinchilla-tex")
    picks = {"least": min, "most": max}
    s.row("size of 405B's optimum of equal loss by the three laws", "267 603", picks,
          lambda pick: float(pick(_against("llama-3.1-405b", name).optimum.params for name in every)), unit="B")
    s.row("405B's overhead by the three laws", "5 6", picks, lambda pick: float(pick(value(_against("llama-3.1-405b", name).overhead) for name in every)), unit="%")


def _equal(s: Section, model: str, law: str, size: str, tokens: str, overhead: str, even: str) -> None:
    what = f"{model} by {law}"
    s.one(f"{what}, size of the optimum of equal loss", size, lambda: _against(model, law).optimum.params)
    s.one(f"{what}, its tokens", tokens, lambda: _against(model, law).optimum.tokens, rel=1e-3)
    s.one(f"{what}, overhead", overhead, lambda: value(_against(model, law).overhead))
    s.one(f"{what}, break-even", even, lambda: value(_against(model, law).break_even_tokens))


def _overhead(law: str, k: float) -> float:
    return shrink_overhead(k, alpha=surface(law).alpha, beta=surface(law).beta)


def _ratio(run: Run) -> float:
    return run.tokens / run.params


@cache
def _cheapest(quality: float, served: float) -> Overtraining:
    return cheapest(surface("sardana"), quality, served=served)


@cache
def _against(model: str, law: str) -> Overtraining:
    run = run_named(model)
    return overtrained(_as_printed(law), run.params, run.tokens)


def _as_printed(name: str) -> Surface:
    """Return a law; the surface through Llama 3's points with the digits of its constants that are printed, from which the table of equal losses was made."""
    law = surface(name)
    if name != "llama3-surface":
        return law
    return replace(
        law, E=round(law.E, 4), A=round(law.A, 2), B=round(law.B, 2), alpha=round(law.alpha, 4), beta=round(law.beta, 4), alternatives=()
    )
