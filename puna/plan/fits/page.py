"""The page of a fit: for IsoFLOP runs each budget's parabola with its lowest point, and the line through those; for a surface, what it says of each run that it was fitted to."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from puna.pages import words
from puna.pages.charts import Axis, Dots, Level, Line, Mark, chart, shade
from puna.pages.sheet import Picture, Section, Sheet, Table, legend_of
from puna.plan.estimate import ends, fact, point, within
from puna.plan.fits.isoflop import Budget, IsoflopFit
from puna.plan.fits.parametric import Dropped, ParametricFit
from puna.plan.laws.law import Law, interval_of
from puna.plan.optimal import Recommendation
from puna.plan.optimal_page import pictures
from puna.plan.points import Floats, Points

TALL, PARABOLA_POINTS = 420, 40


def page(found: IsoflopFit | ParametricFit, *, carried: Recommendation | None = None) -> str:
    """Return a fit as one offline HTML page, and with `carried` what it says of more compute."""
    about = found.law.about
    isoflop = isinstance(found, IsoflopFit)
    constants = [fact(name, getattr(found, name), _constant) for name in (("alpha", "A") if isoflop else ("E", "A", "B", "alpha", "beta"))]
    asked = [] if carried is None else [
        fact(f"parameters at {words.figure(carried.compute)}", carried.params), fact("tokens there", carried.tokens), fact("loss there", carried.loss),
    ]  # fmt: skip
    lead = "Tokens A C^alpha for C FLOPs, parameters C / 6 by those." if isoflop else "Loss E + A / parameters^alpha + B / tokens^beta."
    sections = _isoflop(found, carried) if isinstance(found, IsoflopFit) else _parametric(found, carried)
    if found.dropped:
        sections.append(Section("Left out", table=_dropped(found.dropped)))
    notes = [
        *found.warnings,
        *(carried.warnings if carried else ()),
        f"Intervals: {interval_of(found.law)}.",
        f"Counting: {about.counting}.",
    ]
    return Sheet(
        f"Scaling law of {about.name}",
        lead,
        [*constants, ("points used", f"{found.points_used:,}"), *asked],
        sections,
        notes,
        [about.source],
    ).page()


def _isoflop(found: IsoflopFit, carried: Recommendation | None) -> list[Section]:
    return [
        Section("Loss over tokens, budget by budget", pictures=(_parabolas(found.budgets),)),
        Section("The lowest points, and the line through them", pictures=_carried(found.law, carried, found.budgets)),
        Section("Budgets", table=_budgets(found.budgets)),
        *([Section("What the line says without each budget", table=_without(found, carried.compute))] if carried and found.without else []),
    ]


def _parametric(found: ParametricFit, carried: Recommendation | None) -> list[Section]:
    told = f"The root mean square of what it misses is {found.rmse:.3g}; the objective {found.objective:.4g}."
    return [
        Section("What the surface says of the runs", [told], pictures=(_against(found), _residuals(found))),
        Section("The best splits by it", pictures=_carried(found.law, carried)),
    ]


def _parabolas(budgets: Sequence[Budget]) -> Picture:
    """Return the runs of each budget with its parabola, over the tokens that were tried and as far as the lowest point."""
    marks: list[Mark] = []
    for index, one in enumerate(budgets):
        colour, best = shade(index, len(budgets)), point(one.tokens)
        xs = np.geomspace(min(one.least_tokens, best), max(one.most_tokens, best), PARABOLA_POINTS)
        ys = point(one.loss) + point(one.curvature) * np.log10(xs / best) ** 2
        label = f"{words.figure(one.compute)} FLOPs"
        marks += [Line(label, _plain(xs), _plain(ys), colour), Dots(label, _plain(one.runs.tokens), _plain(one.runs.loss), colour)]
    marks.append(Dots("lowest points", [point(one.tokens) for one in budgets], [point(one.loss) for one in budgets], 7, hollow=True))
    svg = chart(marks, title="Loss over tokens", x=Axis("tokens", log=True), y=Axis("loss"), height=TALL)
    return Picture("Loss over tokens", svg, legend_of(marks))


def _carried(law: Law, carried: Recommendation | None, budgets: Sequence[Budget] = ()) -> tuple[Picture, ...]:
    computes = [one.compute for one in budgets]
    dots = {
        key: Dots("lowest points", computes, [point(value) for value in values], 1, lows=[ends(value)[0] for value in values], highs=[ends(value)[1] for value in values])
        for key, values in (("params", [one.params for one in budgets]), ("tokens", [one.tokens for one in budgets]))
    }  # fmt: skip
    dots["loss"] = Dots(
        "lowest points",
        computes,
        [point(one.loss) for one in budgets],
        1,
        lows=[ends(one.loss)[0] for one in budgets],
        highs=[ends(one.loss)[1] for one in budgets],
    )
    return pictures(law, asked=carried.compute if carried else None, dots=dots if budgets else None)


def _against(found: ParametricFit) -> Picture:
    used, out = found.used, found.left_out
    ends_of_line = [min(used.loss.min(), _fitted(found, used).min()), max(used.loss.max(), _fitted(found, used).max())]
    marks: list[Mark] = [
        Dots("runs", _plain(_fitted(found, used)), _plain(used.loss), 1),
        *([Dots("left out", _plain(_fitted(found, out)), _plain(out.loss), 0, hollow=True)] if len(out) else []),
        Line("equal", _plain(ends_of_line), _plain(ends_of_line), 7, dashed=True),
    ]  # fmt: skip
    svg = chart(marks, title="Measured loss over fitted loss", x=Axis("fitted loss"), y=Axis("measured loss"), height=300)
    return Picture("Measured loss over fitted loss", svg, legend_of(marks))


def _residuals(found: ParametricFit) -> Picture:
    """Return by how many per cent each run's loss lies above the surface's."""
    marks: list[Mark] = [Level("", 0.0, "zero")]
    for label, runs, colour in (("runs", found.used, 1), ("left out", found.left_out, 0)):
        if len(runs):
            misses = 100 * (runs.loss / _fitted(found, runs) - 1)
            marks.append(Dots(label, _plain(runs.compute), _plain(misses), colour, hollow=label != "runs"))
    svg = chart(marks, title="Per cent of loss above the fit", x=Axis("FLOPs", log=True), y=Axis("per cent above the fit"), height=300)
    return Picture("Per cent of loss above the fit, over compute", svg, legend_of(marks))


def _fitted(found: ParametricFit, runs: Points) -> Floats:
    return np.array([found.law.loss(params, tokens) for params, tokens in zip(runs.params, runs.tokens, strict=True)])


def _budgets(budgets: Sequence[Budget]) -> Table:
    rows = [
        (words.figure(one.compute), str(one.num_points), within(one.tokens), within(one.params), within(one.loss, lambda value: f"{value:.4f}"), within(one.curvature, lambda value: f"{value:.4f}"), f"{one.noise:.1e}")
        for one in budgets
    ]  # fmt: skip
    return Table(("FLOPs", "points", "best tokens", "parameters", "loss there", "curvature", "scatter"), rows)


def _without(found: IsoflopFit, compute: float) -> Table:
    rows = []
    for one in found.without:
        tokens = one.A * compute**one.alpha
        rows.append((words.figure(one.compute), f"{one.alpha:.4f}", words.figure(compute / 6 / tokens), words.figure(tokens)))
    return Table(("without", "alpha", f"parameters at {words.figure(compute)}", "tokens there"), rows)


def _dropped(dropped: Sequence[Dropped]) -> Table:
    return Table(("where", "points", "why"), [(one.where, str(one.points), one.reason) for one in dropped], frozenset({0, 2}))


def _constant(value: float) -> str:
    return f"{value:.4g}"


def _plain(values: Floats | Sequence[float]) -> list[float]:
    return [float(value) for value in values]
