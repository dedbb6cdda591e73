"""The page of a ladder: each budget's losses with the law's curve and its lowest point, and the model above them, foretold and measured.

What is foretold has a band: the middle 95 % of laws fitted to resampled rungs. It is about the law's constants alone. Another seed would train another model of the same size, and its luck is not in the band.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from puna.pages import row_plots, words
from puna.pages.charts import Axis, Band, Dots, Line, Mark, chart, shade
from puna.pages.sheet import BarRow, Picture, Section, Sheet, Table, legend_of
from puna.plan.estimate import Estimate, ends, fact, point, within
from puna.plan.laws.law import estimate
from puna.plan.optimal_page import pictures
from puna.plan.points import FLOPS_PER_PARAM_TOKEN
from puna.recipe.ladder import HEADS, Climbed, Rung, by_budget, table
from puna.recipe.report import learning

TALL, CURVE_POINTS = 420, 40
# The model above the rungs has the last of the shades, and its colour wherever it stands by itself.
ABOVE = shade(1, 2)
BAND = "Bands hold 95 % of the laws that resampled rungs gave. They do not hold the luck of one model's training."


def page(climbed: Climbed) -> str:
    """Return a ladder as one offline HTML page."""
    rung = climbed.highest[0]
    facts = [
        fact("foretold bits per byte", climbed.foretold, _loss), ("measured", _loss(climbed.measured)), ("foretold is off by", f"{climbed.error:+.1%}".replace("-", "−")),
        ("models", f"{len(climbed.rungs)}"), ("parameters of the highest", words.figure(rung.params)),
    ]  # fmt: skip
    sections = [
        Section("Loss over parameters, budget by budget", [_told(climbed)], pictures=(_budgets(climbed),)),
        Section("The model above the rungs", [BAND], bars=_held_out(climbed)),
        Section("The best splits by the law", [f"Up to the {words.figure(rung.compute)} FLOPs of the model above."], pictures=pictures(climbed.fit.law, asked=rung.compute, dots=_measured(climbed))),
        Section("How they learnt", ["Bits per byte of the training text, running means over the last eighth of the steps."], pictures=_learnt(climbed)),
        Section("Every model", table=Table(HEADS, list(table(climbed)), marked=frozenset({len(climbed.rungs) - 1}))),
    ]  # fmt: skip
    lead = "Tiny models at rising budgets, the law that they follow, and whether it foretells a larger one."
    return Sheet("A ladder", lead, facts, sections, climbed.fit.warnings, [climbed.fit.law.about.source]).page()


def _told(climbed: Climbed) -> str:
    rung, law = climbed.highest[0], climbed.fit.law
    return (
        f"Each budget is spent on {len(by_budget(climbed)[0])} sizes; curves are the law's, of the rungs alone, with its least loss as a ring. It is carried on to the model above, at {words.figure(rung.compute)} FLOPs, "
        f"{rung.compute / law.about.compute_high:.1f} times the most that it was fitted to."
    )


def _budgets(climbed: Climbed) -> Picture:
    """Return the models of each budget with the law's curve through them, and the model above with the law's band."""
    budgets = by_budget(climbed)
    marks = _above(climbed)
    for index, models in enumerate(budgets):
        colour, label = shade(index, len(budgets) + 1), f"{words.figure(models[0][0].compute)} FLOPs"
        sizes = [rung.params for rung, _ in models]
        marks += [_curve(climbed, models[0][0].compute, sizes, label, colour), Dots(label, sizes, [loss for _, loss in models], colour)]
    best = [climbed.fit.law.optimum(models[0][0].compute) for models in (*budgets, [climbed.highest])]
    marks.append(Dots("least loss by the law", [one.params for one in best], [point(one.loss or 0.0) for one in best], 7, hollow=True))
    svg = chart(marks, title="Loss over parameters", x=Axis("parameters", log=True), y=Axis("bits per byte", log=True), height=TALL)
    return Picture("Bits per byte of held-out text over parameters", svg, legend_of(marks))


def _above(climbed: Climbed) -> list[Mark]:
    """Return the law at the budget of the model above: its band, its curve, and what was measured."""
    rung, law = climbed.highest[0], climbed.fit.law
    xs = _sizes([one.params for one, _ in by_budget(climbed)[-1]])
    spans = [estimate(law, lambda other, n=n: other.loss(n, _tokens(rung.compute, n))) for n in xs]  # type: ignore[misc]
    known = [span for span in spans if span is not None]
    marks: list[Mark] = []
    if any(isinstance(span, Estimate) for span in known):
        marks.append(Band("interval of the law", xs, [ends(span)[0] for span in known], [ends(span)[1] for span in known], ABOVE))
    label = f"{words.figure(rung.compute)} FLOPs, carried on"
    return [
        *marks,
        Line(label, xs, [point(span) for span in known], ABOVE, dashed=True),
        Dots("measured above", [rung.params], [climbed.measured], ABOVE),
    ]


def _curve(climbed: Climbed, compute: float, sizes: Sequence[int], label: str, colour: str) -> Line:
    xs = _sizes([*sizes, climbed.fit.law.optimum(compute).params])
    return Line(label, xs, [climbed.fit.law.loss(n, _tokens(compute, n)) for n in xs], colour)


def _sizes(sizes: Sequence[float]) -> list[float]:
    return [float(n) for n in np.geomspace(min(sizes), max(sizes), CURVE_POINTS)]


def _tokens(compute: float, params: float) -> float:
    return compute / FLOPS_PER_PARAM_TOKEN / params


def _held_out(climbed: Climbed) -> list[BarRow]:
    """Return what was foretold and what was measured on one axis."""
    low, high = ends(climbed.foretold)
    has_band = isinstance(climbed.foretold, Estimate)
    rows = [
        row_plots.Interval("foretold", point(climbed.foretold), low if has_band else None, high if has_band else None),
        row_plots.Interval("measured", climbed.measured, None, None, "mine"),
    ]
    drawn = row_plots.forest(rows, unit="bits per byte")
    told = (within(climbed.foretold, _loss), _loss(climbed.measured))
    bars = [BarRow(row.label, svg, value) for row, svg, value in zip(rows, drawn.rows, told, strict=True)]
    return [*bars, BarRow("", drawn.axis, "bits per byte")]


def _measured(climbed: Climbed) -> dict[str, Dots]:
    """Return the best model of each budget and the one above, by what the law's pictures show."""
    best = [min(models, key=lambda model: model[1]) for models in by_budget(climbed)] + [climbed.highest]
    computes = [rung.compute for rung, _ in best]
    shown = {
        "params": [float(rung.params) for rung, _ in best],
        "tokens": [float(rung.tokens) for rung, _ in best],
        "loss": [loss for _, loss in best],
    }
    return {key: Dots("best model of a budget, and the one above", computes, values, 1) for key, values in shown.items()}


def _learnt(climbed: Climbed) -> tuple[Picture, ...]:
    """Return the training losses of each budget's models over their tokens, drawn as the run's own report draws them."""
    found = []
    for models in (*by_budget(climbed), [climbed.highest]):
        curves = {_sized(rung): climbed.curves[rung.stage] for rung, _ in models if rung.stage in climbed.curves}
        if curves:
            lines = learning.losses(curves)
            found.append(Picture(f"{words.figure(models[0][0].compute)} FLOPs", learning.picture(curves, lines)["svg"], legend_of(lines)))
    return tuple(found)


def _sized(rung: Rung) -> str:
    return f"{words.figure(rung.params)} parameters"


def _loss(value: float) -> str:
    return f"{value:.3f}"
