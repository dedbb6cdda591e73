"""The page of a decision: the valley of losses with the choice in it, what each shape costs over a life, and every candidate with its constraints."""

from __future__ import annotations

import math

import numpy as np

from puna.model.config import LlamaConfig
from puna.pages import words
from puna.pages.charts import Axis, Dots, Line, Mark, Upright, chart
from puna.pages.sheet import Picture, Section, Sheet, Table, legend_of
from puna.plan.estimate import Estimate, fact, point, within
from puna.plan.shapes import Cut, shapes
from puna.plan.sizing.candidates import candidate, reaching
from puna.plan.sizing.cost import Cost
from puna.plan.sizing.decision import Decision, valley_of
from puna.plan.sizing.ranking import Row

# How far to both sides the valley is drawn, and in how many points.
REACH, POINTS = 4.0, 80
A_TRILLION = 1e12


def page(decision: Decision) -> str:
    """Return the decision as one offline HTML page."""
    best = decision.recommended.candidate
    facts = [
        ("parameters", words.figure(best.params)), ("tokens", words.figure(best.tokens)), ("FLOPs of training", words.figure(decision.compute)),
        fact("the law alone", decision.params), fact("loss above its optimum", decision.excess, "{:.2g}".format),
        *(fact(label, value) for label, value in _spent(decision.cost) if value is not None),
    ]  # fmt: skip
    sections = [
        Section("The valley, and where the choice lies in it", _reasons(decision), pictures=_pictures(decision)),
        Section(
            "Candidates", [f"Excess is the loss above the law's optimum; costs are in {decision.living.unit}."], table=_table(decision)
        ),
        Section("What the choice costs by other laws", table=_against(decision)),
    ]
    return Sheet(
        decision.plan.name,
        decision.plan.description,
        facts,
        sections,
        [*decision.warnings, *(f"Intervals: {means}." for means in decision.cost.means)],
        decision.sources,
    ).page()


def _spent(cost: Cost) -> list[tuple[str, Estimate | None]]:
    return [
        ("GPU-hours", cost.gpu_hours),
        ("days", cost.days),
        ("dollars of training", cost.train_dollars),
        ("dollars over its life", cost.lifetime_dollars),
    ]


def _demand(tokens: float) -> str:
    return words.figure(tokens) if tokens else "0"


def _pictures(decision: Decision) -> tuple[Picture, ...]:
    return (_losses(decision), *([_costs(decision)] if decision.recommended.candidate.loss is not None else []))


def _reasons(decision: Decision) -> list[str]:
    checks = decision.recommended.checks
    told = [
        f"{check.name}: {'binds' if check.name in decision.binding else f'slack {check.slack:.0%}'}." for check in checks
    ] or ["No constraint but the budget."]  # fmt: skip
    if decision.flip:
        smaller = decision.flip.candidate
        told.append(
            f"From {within(decision.flip.tokens, _demand)} served tokens on, {words.figure(smaller.params)} parameters on {words.figure(smaller.tokens)} tokens, as good, cost less in all."
        )
    return told


def _losses(decision: Decision) -> Picture:
    """Return the law's valley with the candidates in it, the choice, and where memory ends."""
    valley, best = valley_of(decision.plan), decision.optimum
    rows = decision.rows
    sizes = [float(size) for size in np.geomspace(min(best.params, rows[0].candidate.params) / REACH, best.params * REACH, POINTS)]
    marks: list[Mark] = [
        Line("the law's valley", sizes, [valley.excess(size, decision.compute / 6 / size) for size in sizes], 0),
        *_dots("candidates that meet the plan", [row for row in rows if row.holds], 1),
        *_dots("candidates that break a constraint", [row for row in rows if not row.holds], 7),
        Upright("chosen", decision.recommended.candidate.params, "chosen"),
    ]
    memory = next((check for check in decision.recommended.checks if check.name == "serving memory"), None)
    if memory and sizes[0] < (most := decision.recommended.candidate.params * memory.limit / memory.used) < sizes[-1]:
        marks.append(Upright("memory ends", most))
    svg = chart(marks, title="Loss above the law's optimum", x=Axis("parameters", log=True), y=Axis("loss"))
    return Picture("Loss above the law's own optimum, by size", svg, legend_of(marks))


def _costs(decision: Decision) -> Picture:
    """Return what models of one loss cost: trained, and trained and served. Real shapes, for a server's speed depends on more than a size."""
    valley, best, living = valley_of(decision.plan), decision.recommended.candidate, decision.living
    assert best.loss is not None
    demand = decision.plan.serving.tokens if decision.plan.serving else None
    served = demand or (point(decision.flip.tokens) if decision.flip else 1e13)
    near = shapes(low=best.params / REACH, high=best.params * REACH, cut=Cut(decision.plan.split.tensor, decision.plan.split.pipeline))
    found = reaching(
        valley, best.loss, living, like=[candidate(valley, shape, best.tokens, living) for shape in _thinned(near)], served=served
    )
    # Near the size that never reaches the loss the cost has no end: it would flatten all else.
    found = [one for one in found if one.lifetime_cost < 3 * best.train_cost]
    sizes = [float(one.params) for one in found]
    marks: list[Mark] = [
        Line("training", sizes, [one.train_cost for one in found], 0),
        Line(f"training, and serving {words.figure(served)} tokens", sizes, [one.lifetime_cost for one in found], 1),
        Upright("chosen", best.params, "chosen"),
    ]
    svg = chart(marks, title="What models as good cost", x=Axis("parameters", log=True), y=Axis(living.unit, log=True))
    return Picture(f"What models as good as the chosen one cost, in {living.unit}", svg, legend_of(marks))


def _thinned(found: list[LlamaConfig]) -> list[LlamaConfig]:
    """Return about as many shapes as a line has points."""
    step = max(1, len(found) // POINTS)
    return found[::step]


def _dots(label: str, rows: list[Row], colour: int) -> list[Mark]:
    return [Dots(label, [row.candidate.params for row in rows], [row.candidate.excess for row in rows], colour)] if rows else []


def _table(decision: Decision) -> Table:
    costs = ("serving 1T tokens",) if decision.recommended.candidate.serve_cost is None else ("serving", "life")
    head = ("", "parameters", "layers", "width", "FFN", "tokens", "tokens each", "excess", "training", *costs, "constraints")
    chosen = decision.recommended.candidate.shape
    return Table(head, [_cells(row, chosen=row.candidate.shape == chosen) for row in decision.rows], frozenset({0, len(head) - 1}),
                 frozenset(i for i, row in enumerate(decision.rows) if row.candidate.shape == chosen))  # fmt: skip


def _cells(row: Row, *, chosen: bool) -> tuple[str, ...]:
    one = row.candidate
    broken = ", ".join(check.name for check in row.checks if not check.holds)
    served = (one.token_cost * A_TRILLION,) if one.serve_cost is None else (one.serve_cost, one.lifetime_cost)
    costs = [words.figure(cost) if math.isfinite(cost) else "–" for cost in (one.train_cost, *served)]
    return (
        "→" if chosen else "", words.figure(one.params), str(one.shape.num_layers), f"{one.shape.dim:,}", f"{one.shape.ffn_dim:,}", words.figure(one.tokens),
        f"{one.tokens / one.params:,.1f}", f"{one.excess:.1e}", *costs, f"breaks {broken}" if broken else "met",
    )  # fmt: skip


def _against(decision: Decision) -> Table:
    head = ("law", "its parameters", "its tokens", "loss above it", "of the compute")
    rows = [
        (
            one.law,
            within(one.params),
            within(one.tokens),
            within(one.excess, lambda value: f"{value:.1e}"),
            within(one.compute_wasted, lambda value: f"{value:.1%}"),
        )
        for one in decision.against
    ]
    return Table(head, rows)
