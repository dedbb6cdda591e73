"""Sections 1.2 and 1.3: Llama 3's scaling law, and the identities that its figures must obey (arXiv 2407.21783, section 3.2.1)."""

from __future__ import annotations

import math
from functools import cache

from puna.plan.fits.isoflop import Budget
from puna.plan.laws.allocation import Allocation
from puna.plan.laws.law import far, flops
from puna.plan.oracles import why
from puna.plan.oracles.digitised import Digitised
from puna.plan.oracles.known import HERD, best, embedding, line, optional, params, surface, value
from puna.plan.oracles.table import Kind, Section
from puna.plan.points import FLOPS_PER_PARAM_TOKEN
from puna.plan.runs import run_named
from puna.plan.sizing.decision import Against, Decision, decide
from puna.plan.sizing.plan_file import PlanFile

META = 3.8e25
BUDGETS = {text: index for index, text in enumerate(["6e18", "1e19", "3e19", "6e19", "1e20", "3e20", "6e20", "1e21", "3e21", "1e22"])}
# What arXiv 2407.21783 says Meta had; recipes/plans/llama3-405b.yaml is the same with its reasons.
PLAN = {
    "name": "llama3-405b",
    "budget": {"gpu": "h100", "gpus": 16_384, "days": 78.4, "mfu": 0.404, "effective": 0.9, "overhead": 1.05},
    "split": {"tensor": 8, "pipeline": 16},
    "serving": {"device": "8xh100", "format": "fp8"},
}


# A figure a line.
# fmt: off
def section(points: Digitised) -> Section:
    s = Section("1.2", "The scaling law", f"{HERD} section 3.2.1")
    law = line("llama3")
    s.one("least compute of its runs", "6e18", lambda: law.about.compute_low, kind="data")
    s.one("most compute of its runs", "1e22", lambda: law.about.compute_high, kind="data")
    s.row("budget of Fig. 2", " ".join(BUDGETS), BUDGETS, points=lambda b: _budget(points, b).compute, kind="data")
    s.absent("model sizes of the runs, from and to (by C = 6 N D the points reach 59M and 16.8B)", "40M 16B", why.SETTING)
    s.absent("recipe of the runs: final share of the rate, warm-up steps, peak rates, weight decay by rate, batch tokens from and to", "0.1 2,000 2e-4 4e-4 0.1 250K 4M", why.RECIPE)
    s.data("alpha as printed", "0.53", lambda: line("llama3-printed").alpha)
    s.data("A as printed", "0.29", lambda: line("llama3-printed").A)
    s.one("compute at which the law gives the printed 16.55 T (printed: 3.8e25)", "4.0e25", lambda: law.optimum_of_tokens(16.55e12).compute,
          points=lambda: points.isoflop.law.optimum_of_tokens(16.55e12).compute, kind="arithmetic")
    s.one("parameters there, truncated as the paper does", "402 B", lambda: math.floor(law.optimum_of_tokens(16.55e12).params / 1e9) * 1e9, within=1e-9, kind="arithmetic")
    s.one("tokens at 4.0e25", "16.55 T", lambda: law.optimum(4.0e25).tokens, points=lambda: points.isoflop.law.optimum(4.0e25).tokens, kind="arithmetic")
    s.one("the decision from what Meta had", "405 B", lambda: _decision().recommended.candidate.params, rel=0.05)
    s.one("orders of magnitude from the runs to 3.8e25", "3.58", lambda: optional(far(law, META)), kind="arithmetic")
    s.absent("ARC-C, %: the card's final score, and a refit's reading of Fig. 4 (predicted, final)", "96.1 95.8 96.0", why.BENCHMARK)
    s.absent("loss axis of Fig. 2, from and to", "0.70 0.95", why.FIGURE)
    _details(s, points)
    _robustness(s, points)
    _surface(s, points)
    return s


def _details(s: Section, points: Digitised) -> None:
    s.source = f"{HERD} Fig. 2, digitised"

    def row(name: str, printed: str, unit: str, figure: str, *, within: float | None = None, kind: Kind = "computed") -> None:
        def compute(budget: int) -> float:
            return value(getattr(_budget(points, budget), figure))

        s.row(f"budget's {name}", printed, BUDGETS, points=compute, unit=unit, kind=kind, within=within)

    row("points", "16 17 16 16 18 14 12 12 6 6", "", "num_points", kind="data")
    row("tokens at the vertex", "4.408 5.135 7.558 11.533 15.321 25.309 40.965 54.601 98.165 238.237", "B", "tokens")
    row("parameters there", "0.227 0.325 0.662 0.867 1.088 1.976 2.441 3.052 5.093 6.996", "B", "params")
    s.row("budget's tokens a parameter", "19.4 15.8 11.4 13.3 14.1 12.8 16.8 17.9 19.3 34.1", BUDGETS,
          points=lambda b: value(_budget(points, b).tokens) / value(_budget(points, b).params))
    row("least loss", "0.90026 0.87805 0.83571 0.81263 0.79682 0.76408 0.74813 0.73604 0.71174 0.69312", "", "loss")
    row("curvature", "0.0918 0.0901 0.0901 0.0923 0.0849 0.0865 0.0868 0.0733 0.0507 0.0640", "", "curvature", within=1e-3)


def _robustness(s: Section, points: Digitised) -> None:
    s.absent("quantiles 5, 50, 95 % of alpha over points drawn again", "0.497 0.534 0.547", why.BOOTSTRAP)
    s.absent("the same of tokens at 3.8e25, T", "9.4 15.4 18.1", why.BOOTSTRAP)
    s.absent("the same of parameters at 3.8e25, B", "350 410 671", why.BOOTSTRAP)
    left = {"without the last budget": -1, "without the first budget": 0}
    s.row("parameters at 3.8e25", "559 320", left, points=lambda index: _without(points, index).optimum(META).params, unit="B")
    s.row("tokens at 3.8e25", "11.3 19.8", left, points=lambda index: _without(points, index).optimum(META).tokens, unit="T")


def _surface(s: Section, points: Digitised) -> None:
    held = surface("llama3-surface")
    s.row("surface through the points", "0.6047 59.14 155.11 0.3100 0.3136", ("E", "A", "B", "alpha", "beta"), lambda name: getattr(held, name),
          points=lambda name: value(getattr(points.surface, name)), kind="data", rel=2e-4)
    s.one("RMSE of the surface", "0.0039", points=lambda: points.surface.rmse)
    there = held.optimum(META)
    s.one("its parameters at 3.8e25", "621.6 B", lambda: there.params, kind="arithmetic")
    s.one("its tokens at 3.8e25", "10.19 T", lambda: there.tokens, kind="arithmetic")
    s.one("its tokens a parameter", "16.4", lambda: there.tokens_per_param, kind="arithmetic")
    s.one("its loss", "0.63063", lambda: optional(there.loss), kind="arithmetic")
    s.one("its loss of 402B on 16.55T", "0.63070", lambda: held.loss(402e9, 16.55e12), kind="arithmetic")
    s.one("its loss of 405B on 15.6T", "0.63086", lambda: held.loss(params("llama-3.1-405b"), 15.6e12), kind="arithmetic")
    s.one("loss that the choice costs", "0.0002", lambda: value(_against().excess))
    s.source = "arXiv 2603.22339"
    s.one("of the budget that the line's split wastes at 3.8e25, by the surface", "6.3 %", _wasted)
    s.absent("the same, upper end, %", "6.5", why.OTHER_FITS)
    s.absent("the same in dollars, from and to, and the sparse peak of 1,979 TFLOP/s behind them, too low by", "1.3M 1.4M 1,979 2", why.ERROR )


def identities(_: Digitised) -> Section:
    s = Section("1.3", "Identities of FLOPs", HERD)
    s.kind = "arithmetic"
    s.one("6 x 405e9 x 15.6e12 (printed: 3.8e25)", "3.791e25", lambda: flops(405e9, 15.6e12))
    s.one("6 x 402e9 x 16.55e12 (not 3.8e25)", "3.992e25", lambda: flops(402e9, 16.55e12))
    s.one("3.8e25 / (6 x 16.55e12)", "382.7 B", lambda: META / FLOPS_PER_PARAM_TOKEN / 16.55e12)
    s.kind = "computed"
    s.one("tokens by the printed constants 0.29 x (3.8e25)^0.53, not 16.55 T", "10.46 T", lambda: best("llama3-printed", META).tokens, kind="arithmetic")
    s.kind = "arithmetic"
    s.one("compute by Llama 2 70B's (69e9) on 2.0T", "45.9 x", lambda: META / flops(69e9, 2.0e12))
    s.one("the same on 1.8T", "51.0 x", lambda: META / flops(69e9, 1.8e12))
    s.absent("almost so many times Llama 2's largest", "50", why.ROUNDED)
    s.data("tokens of 405B's training", "15.6 T", lambda: run_named("llama-3.1-405b").tokens)
    s.one("405B without embeddings (near the 402B by coincidence)", "401.65 B", lambda: params("llama-3.1-405b") - 2 * embedding("llama-3.1-405b"), kind="arithmetic")
    return s


def _budget(points: Digitised, index: int) -> Budget:
    return points.isoflop.budgets[index]


def _without(points: Digitised, index: int) -> Allocation:
    left = points.isoflop.without[index]
    return Allocation(left.alpha, left.A, about=points.isoflop.law.about)


@cache
def _decision() -> Decision:
    return decide(PlanFile.model_validate(PLAN))


def _against() -> Against:
    return next(one for one in _decision().against if one.law == "llama3-surface")


def _wasted() -> float:
    """Return the share of 3.8e25 FLOPs that the surface's own split would have saved at the loss of the line's."""
    held, split = surface("llama3-surface"), best("llama3", META)
    return 1 - held.optimum_of_loss(held.loss(split.params, split.tokens)).compute / META
