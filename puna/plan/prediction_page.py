"""The page of a prediction: both stages with the models that they were fitted to, and the two together, as far as the asked compute."""

from __future__ import annotations

from typing import Any

import numpy as np

from puna.pages import words
from puna.pages.charts import Axis, Band, Dots, Level, Line, Mark, Upright, chart
from puna.pages.sheet import Picture, Section, Sheet, legend_of
from puna.plan.estimate import Estimate, ends, fact, point
from puna.plan.fits.resampling import generator, interval
from puna.plan.points import Floats
from puna.plan.prediction import Benchmark

# Points within the runs and beyond them; how far past the asked compute the curves go.
INSIDE, BEYOND, PAST = 16, 16, 2.0


def page(benchmark: Benchmark, found: dict[str, Any], *, wanted: float | None = None) -> str:
    """Return a prediction as one offline HTML page, or with a `wanted` accuracy the way back; `found` is what `predict` or `compute_for` gave, with size and cost."""
    asked = point(found["compute"])
    xs = _computes(benchmark, asked)
    predicted = [benchmark.predict(x) for x in xs]
    facts = [
        fact("compute, FLOPs", found["compute"]), fact("accuracy", found["accuracy"]), fact("NLL of the answer", found["loss"]), fact("parameters", found["params"]),
        fact("tokens", found["tokens"]), fact(f"hours of {found['gpu']}", found["gpu_hours"]), *([fact("dollars", found["dollars"])] if "dollars" in found else []),
    ]  # fmt: skip
    lead = (
        f"The compute at which models reach an accuracy of {wanted:g}."
        if wanted is not None
        else f"A model of {words.figure(asked)} FLOPs before it is trained."
    )
    band = (
        "Bands are where 95 % of models yet to be trained should lie, their own luck included."
        if benchmark.draws
        else "No resamples were drawn, so there are no bands."
    )
    sections = [
        Section(
            "The two stages", [band], pictures=(_first(benchmark, xs, [one["loss"] for one in predicted], asked), _second(benchmark, found))
        ),
        Section("Both together", pictures=(_together(benchmark, xs, [one["accuracy"] for one in predicted], asked, wanted),)),
    ]
    luck = (
        [f"A score of {found['questions']:,} questions is itself known to ±{found['half_width']:.1%} alone (95 %)."]
        if "questions" in found
        else []
    )
    means = [
        f"Size: {found['size_interval_means']}.",
        f"Hours and dollars: {found['cost_interval_means']}.",
        f"Hours are of {found['hours_mean']}.",
    ]
    notes = [*found["warnings"], *luck, *means, *([f"Dollars at {found['price']}."] if "price" in found else [])]
    return Sheet("A benchmark before the run", lead, facts, sections, notes, found["sources"]).page()


def _first(benchmark: Benchmark, xs: list[float], nlls: list[Estimate | float], asked: float) -> Picture:
    scores = benchmark.scores
    known = np.isfinite(scores.compute)
    marks = _curve(xs, nlls, INSIDE)
    marks += [Dots("models", _plain(scores.compute[known]), _plain(scores.nll[known]), 1), Upright("asked", asked, "chosen")]
    svg = chart(marks, title="NLL over compute", x=Axis("FLOPs", log=True), y=Axis("NLL of the right answer"))
    return Picture("NLL of the right answer over compute", svg, legend_of(marks))


def _second(benchmark: Benchmark, found: dict[str, Any]) -> Picture:
    scores, asked = benchmark.scores, point(found["loss"])
    known, loose = np.isfinite(scores.accuracy), np.isfinite(scores.accuracy) & ~np.isfinite(scores.compute)
    low, high = float(scores.nll[known].min()), float(scores.nll[known].max())
    room = (high - low) / 10
    xs = [float(x) for x in np.linspace(min(low - room, asked - room), max(high + room, asked + room), 2 * INSIDE)]
    rng = generator(0, "predict page", len(benchmark.draws))
    luck = rng.standard_normal(len(benchmark.draws))

    def at(nll: float) -> Estimate | float:
        drawn = [draw.sigmoid.accuracy(nll) + draw.scatter[1] * z for draw, z in zip(benchmark.draws, luck, strict=True)]
        return interval(benchmark.fit.sigmoid.accuracy(nll), np.clip(drawn, 0.0, 1.0))

    marks = _curve(xs, [at(x) for x in xs], len(xs))
    both = known & ~loose
    marks.append(Dots("models", _plain(scores.nll[both]), _plain(scores.accuracy[both]), 1))
    if loose.any():
        marks.append(Dots("of unknown compute", _plain(scores.nll[loose]), _plain(scores.accuracy[loose]), 1, hollow=True))
    marks.append(Upright("asked", asked, "chosen"))
    svg = chart(marks, title="Accuracy over NLL", x=Axis("NLL of the right answer"), y=Axis("accuracy"))
    return Picture("Accuracy over NLL", svg, legend_of(marks))


def _together(benchmark: Benchmark, xs: list[float], accuracies: list[Estimate | float], asked: float, wanted: float | None) -> Picture:
    scores = benchmark.scores
    both = np.isfinite(scores.compute) & np.isfinite(scores.accuracy)
    marks = _curve(xs, accuracies, INSIDE)
    if both.any():
        marks.append(Dots("models", _plain(scores.compute[both]), _plain(scores.accuracy[both]), 1))
    marks.append(Upright("asked", asked, "chosen"))
    if wanted is not None:
        marks.append(Level("wanted", wanted, "zero"))
    svg = chart(marks, title="Accuracy over compute", x=Axis("FLOPs", log=True), y=Axis("accuracy"), height=300)
    return Picture("Accuracy over compute", svg, legend_of(marks))


def _computes(benchmark: Benchmark, asked: float) -> list[float]:
    """Return where to draw; the first `INSIDE` places lie within the runs."""
    low, high = float(np.nanmin(benchmark.scores.compute)), float(np.nanmax(benchmark.scores.compute))
    inside = [float(x) for x in np.geomspace(min(low, asked / PAST), high, INSIDE)]
    return inside + [float(x) for x in np.geomspace(high, max(high, asked) * PAST, BEYOND)[1:]]


def _curve(xs: list[float], values: list[Estimate | float], inside: int) -> list[Mark]:
    """Return a fitted curve with its band, dashed from the last of `inside` points on."""
    ys = [point(value) for value in values]
    marks: list[Mark] = []
    if any(isinstance(value, Estimate) for value in values):
        marks.append(Band("interval", xs, [ends(value)[0] for value in values], [ends(value)[1] for value in values], 0))
    marks.append(Line("fit", xs[:inside], ys[:inside], 0))
    if inside < len(xs):
        marks.append(Line("carried on", xs[inside - 1 :], ys[inside - 1 :], 0, dashed=True))
    return marks


def _plain(values: Floats) -> list[float]:
    return [float(value) for value in values]
