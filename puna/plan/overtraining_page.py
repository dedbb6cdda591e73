"""The page of a smaller model trained for longer: what its training costs beyond the optimum's, at every size, and how serving wins that back."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from puna.errors import ConfigError
from puna.pages import words
from puna.pages.charts import Axis, Band, Dots, Line, Mark, Upright, chart
from puna.pages.sheet import Picture, Section, Sheet, Table, legend_of
from puna.plan.estimate import Estimate, fact, point, within
from puna.plan.laws.law import DRAWN, Law, flops
from puna.plan.laws.surface import Surface
from puna.plan.overtraining import FLOPS_PER_SERVED, Overtraining, shrink_overhead
from puna.plan.runs import Run

# How far past the model and the optimum sizes are drawn, and past the break-even served tokens; in how many points.
REACH, SERVED_REACH, POINTS = 2.5, 30.0, 100
# The overhead grows without end towards the smallest size that can reach the loss: it is cut at so many times the model's own, or at this share.
CUT, LEAST_CUT = 2.0, 0.5
# Where no demand is asked for and none breaks even.
SOME_SERVED = 1e12


def page(law: Law, found: Overtraining) -> str:
    """Return an over-trained model as one offline HTML page."""
    best = found.optimum
    facts = [
        fact("parameters", found.params), fact("tokens", found.tokens), fact("training overhead", found.overhead, _percent),
        fact("pays from, served tokens", found.break_even_tokens),
        *([fact(f"saved at {words.figure(found.served)} served", found.saving, _percent)] if found.served else []),
    ]  # fmt: skip
    told = [
        f"The cheapest training to a loss of {found.loss:.4g} is {words.figure(best.params)} parameters on {words.figure(best.tokens)} tokens, {words.figure(best.compute)} FLOPs."
    ]
    sections = [
        Section("What each size costs to train to the same loss", told, pictures=(_overheads(law, found),)),
        Section("What training and serving cost together", _served(found), pictures=(_totals(found),)),
    ]
    lead = f"{words.figure(point(found.params))} parameters on {words.figure(point(found.tokens))} tokens, as good as {words.figure(best.params)} on {words.figure(best.tokens)} by the law '{found.law}'."
    return Sheet(
        "Smaller, and trained for longer",
        lead,
        facts,
        sections,
        (*found.warnings, f"Intervals: {found.interval_means}.", f"Counting: {found.counting}."),
        found.sources,
    ).page()


def page_of_examples(examples: Sequence[tuple[Run, Overtraining]], laws: Sequence[Law]) -> str:
    """Return published runs against several laws' optima of equal loss."""
    rows = [
        (run.name, one.law, within(one.spans["optimum"]["params"]), within(one.spans["optimum"]["tokens"]), within(one.overhead, _percent),
         "–" if one.break_even_tokens is None else within(one.break_even_tokens), *([within(one.saving, _percent)] if one.served else []))
        for run, one in examples
    ]  # fmt: skip
    served = examples[0][1].served
    saved = [f"saved at {words.figure(served)} served"] if served else []
    heads = ("run", "law", "equal-loss parameters", "tokens", "training overhead", "pays from, served tokens", *saved)
    table = Table(heads, rows, frozenset({0, 1}))
    told = [
        "Shrinking a model to a share of the optimum's parameters costs the same share of training whatever the compute, by a surface of losses. Dots are the runs.",
        f"Intervals: {'; '.join(f'{name}: {means}' for name, means in dict.fromkeys((one.law, one.interval_means) for _, one in examples))}.",
    ]
    sections = [
        Section("What a smaller share of the parameters costs", told, pictures=(_shares(examples, laws),)),
        Section("Runs", table=table),
    ]
    sources = [*dict.fromkeys(f"{run.name}: {run.source}" for run, _ in examples), *dict.fromkeys(one.sources[-1] for _, one in examples)]
    return Sheet(
        "Smaller, and trained for longer",
        "Published runs against what several laws would have trained to the same loss.",
        (),
        sections,
        (),
        sources,
    ).page()


def _overheads(law: Law, found: Overtraining) -> Picture:
    """Return the training FLOPs beyond the optimum's by size, for models that end at one loss, with the band of the law's draws."""
    own, best, cut = point(found.params), found.optimum, max(CUT * point(found.overhead), LEAST_CUT)
    sizes = np.geomspace(min(own, best.params) / REACH, max(own, best.params) * REACH, POINTS)
    curve = [(float(size), cost) for size in sizes if (cost := _overhead(law, float(size), found.loss, best.compute)) <= cut]
    xs = [size for size, _ in curve]
    marks: list[Mark] = []
    if law.alternatives:
        spans = _spans(law, found, xs)
        marks.append(Band("interval", xs, [100 * max(low, 0.0) for low, _ in spans], [100 * min(high, cut) for _, high in spans], 0))
    marks += [
        Line("beyond the optimum's", xs, [100 * cost for _, cost in curve], 0),
        Upright("this model", own, "chosen"), Upright("optimum", best.params, "zero"),
    ]  # fmt: skip
    svg = chart(marks, title="Training overhead", x=Axis("parameters", log=True), y=Axis("per cent more training FLOPs"), height=300)
    return Picture("Training FLOPs beyond the optimum's, in per cent, by size", svg, legend_of(marks))


def _spans(law: Law, found: Overtraining, sizes: Sequence[float]) -> list[tuple[float, float]]:
    """Return between what the overhead of each size lies. Each draw of the law has a loss of its own for the same model (or the same optimum), and an optimum of its own for that loss."""
    of_quality = isinstance(found.tokens, Estimate)
    rows = []
    for one in law.alternatives:
        try:
            best = (
                one.optimum_of_params(found.optimum.params)
                if of_quality
                else one.optimum_of_loss(one.loss(point(found.params), point(found.tokens)))
            )
            loss = one.loss(best.params, best.tokens)
        except (ConfigError, ArithmeticError):
            continue
        rows.append([_overhead(one, size, loss, best.compute) for size in sizes])
    if not rows:
        return [(math.nan, math.nan)] * len(sizes)
    shares = (0.025, 0.975) if law.spread in DRAWN else (0.0, 1.0)
    # Some draws never reach the loss at the smallest sizes: their overhead is infinite, and counts as such.
    low, high = np.quantile(np.array(rows), shares, axis=0, method="nearest")
    return [(float(first), float(last)) for first, last in zip(low, high, strict=True)]


def _overhead(law: Law, size: float, loss: float, compute: float) -> float:
    try:
        return flops(size, law.tokens_for(size, loss)) / compute - 1
    except (ConfigError, ArithmeticError):
        return math.inf


def _totals(found: Overtraining) -> Picture:
    best, per = found.optimum, FLOPS_PER_SERVED * found.serving_weight
    even = None if found.break_even_tokens is None else point(found.break_even_tokens)
    middle = even or found.served or SOME_SERVED
    low, high = min(middle, found.served or middle) / SERVED_REACH, max(middle, found.served) * SERVED_REACH
    served = [float(tokens) for tokens in np.geomspace(low, high, POINTS)]

    def costs(params: float, tokens: float) -> list[float]:
        return [flops(params, tokens) + per * params * demand for demand in served]

    small, own_tokens = point(found.params), point(found.tokens)
    marks: list[Mark] = [
        Line(f"optimum, {words.figure(best.params)} parameters", served, costs(best.params, best.tokens), 1),
        Line(f"this model, {words.figure(small)}", served, costs(small, own_tokens), 0),
        *([Upright("break-even", even, "chosen")] if even else []), *([Upright("asked", found.served, "zero")] if found.served else []),
    ]  # fmt: skip
    svg = chart(marks, title="Training and serving", x=Axis("served tokens", log=True), y=Axis("FLOPs", log=True), height=300)
    return Picture("FLOPs of training and serving together, by served tokens", svg, legend_of(marks))


def _served(found: Overtraining) -> list[str]:
    if found.break_even_tokens is None:
        return ["The model is no smaller than the optimum, so a served token costs no less and nothing is won back."]
    weight = "" if found.serving_weight == 1 else f", each FLOP of which counts {found.serving_weight:g} times"
    return [
        f"A served token takes two FLOPs a parameter{weight}. From {within(found.break_even_tokens)} served tokens on the smaller model is the cheaper one in all."
    ]


def _shares(examples: Sequence[tuple[Run, Overtraining]], laws: Sequence[Law]) -> Picture:
    shares = [(point(one.params) / one.optimum.params, point(one.overhead), one.law) for _, one in examples]
    cut = 1.2 * max(cost for _, cost, _ in shares)
    first, last = min(share for share, *_ in shares) / REACH, max(share for share, *_ in shares) * 1.2
    marks: list[Mark] = []
    for colour, law in enumerate(laws):
        if isinstance(law, Surface):
            curve = [(float(k), cost) for k in np.geomspace(first, last, POINTS) if (cost := shrink_overhead(float(k), alpha=law.alpha, beta=law.beta)) <= cut]  # fmt: skip
            marks.append(Line(law.about.name, [k for k, _ in curve], [100 * cost for _, cost in curve], colour))
        own = [(share, cost) for share, cost, name in shares if name == law.about.name]
        marks.append(Dots(f"runs by {law.about.name}", [share for share, _ in own], [100 * cost for _, cost in own], colour))
    svg = chart(
        marks,
        title="Training overhead by share",
        x=Axis("share of the optimum's parameters", log=True),
        y=Axis("per cent more training FLOPs"),
        height=320,
    )
    return Picture(
        "Training FLOPs beyond the optimum's, in per cent", svg, [pair for pair in legend_of(marks) if not pair[0].startswith("runs by")]
    )


def _percent(value: float) -> str:
    return f"{100 * value:.3g} %"
