"""The page of a split: parameters, tokens and loss over compute with what the law's evidence allows, and where in it the asked compute lies.

A law is solid where it was measured and dashed where it is carried on. The band is of the same kind as the interval of the asked figures.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from puna.pages import row_plots, words
from puna.pages.charts import Axis, Band, Dots, Line, Mark, Upright, chart
from puna.pages.sheet import BarRow, Picture, Section, Sheet, Table, legend_of
from puna.plan.estimate import Estimate, ends, fact, point, within
from puna.plan.laws.law import Law, Optimum, estimate
from puna.plan.optimal import Recommendation

# Points of a curve within the runs and beyond them, and how far it is drawn past the last compute of interest.
INSIDE, BEYOND, PAST = 10, 18, 2.0
# Powers of ten below the asked compute at which a law without a known range begins.
UNKNOWN_RANGE = 1e4
CAPTIONS = (("params", "Parameters"), ("tokens", "Tokens"), ("loss", "Loss"))


def page(law: Law, split: Recommendation) -> str:
    """Return a split by one law as one offline HTML page."""
    facts = [
        fact("parameters", split.params), fact("tokens", split.tokens), *([fact("loss", split.loss)] if split.loss is not None else []),
        fact("tokens a parameter", split.tokens_per_param),
    ]  # fmt: skip
    sections = [Section("The law, and where it is asked", _said(law, split), pictures=pictures(law, asked=split.compute))]
    if split.unique_tokens is not None:
        sections.append(_data(split))
    lead = f"What {words.figure(split.compute)} FLOPs of training should become by the law '{split.law}'."
    return Sheet(f"{words.figure(split.compute)} FLOPs", lead, facts, sections, split.warnings, [split.source]).page()


def page_of_all(splits: Sequence[Recommendation]) -> str:
    """Return what every law makes of one compute."""
    compute = words.figure(splits[0].compute)
    sections = [
        Section(f"{caption} by each law", bars=_rows(splits, key)) for key, caption in CAPTIONS[:2]
    ] + [Section("What each counts", table=_table(splits))]  # fmt: skip
    notes = ["Laws count parameters differently, some without embeddings, so their figures are not of one kind."]
    return Sheet(f"{compute} FLOPs", "The same compute, split by every law that is known by name.", (), sections, notes, [one.source for one in splits]).page()  # fmt: skip


def pictures(law: Law, *, asked: float | None, dots: Mapping[str, Dots] | None = None) -> tuple[Picture, ...]:
    """Return parameters, tokens and (where the law has one) loss over compute, up to `asked` or the end of the runs; `dots` are measured, by quantity."""
    xs, end = _computes(law, asked)
    splits: dict[tuple[int, float], Optimum] = {}

    def at(one: Law, compute: float) -> Optimum:
        # Three quantities ask each of hundreds of laws for the same split.
        if (id(one), compute) not in splits:
            splits[id(one), compute] = one.optimum(compute)
        return splits[id(one), compute]

    found = []
    for key, caption in CAPTIONS:
        spans = [estimate(law, lambda one, c=c, key=key: getattr(at(one, c), key)) for c in xs]  # type: ignore[misc]
        known = [span for span in spans if span is not None]
        if len(known) == len(xs):
            found.append(_picture(caption, xs, known, end, asked, (dots or {}).get(key)))
    return tuple(found)


def _picture(
    caption: str, xs: list[float], spans: Sequence[Estimate | float], end: float, asked: float | None, measured: Dots | None
) -> Picture:
    ys, inside = [point(span) for span in spans], sum(x <= end * (1 + 1e-9) for x in xs)
    marks: list[Mark] = []
    if any(isinstance(span, Estimate) for span in spans):
        marks.append(Band("interval", xs, [ends(span)[0] for span in spans], [ends(span)[1] for span in spans], 0))
    marks.append(Line("within its runs" if math.isfinite(end) else "law", xs[:inside], ys[:inside], 0))
    if inside < len(xs):
        marks += [Line("carried on", xs[inside - 1 :], ys[inside - 1 :], 0, dashed=True), Upright("runs end", end, "zero")]
    if measured:
        marks.append(measured)
    if asked:
        marks.append(Upright("asked", asked, "chosen"))
    svg = chart(marks, title=f"{caption} over compute", x=Axis("FLOPs", log=True), y=Axis(caption.lower(), log=caption != "Loss"))
    return Picture(f"{caption} over compute", svg, legend_of(marks))


def _computes(law: Law, asked: float | None) -> tuple[list[float], float]:
    """Return where to draw, and where the runs end (infinity: unknown)."""
    low, end = law.about.compute_low, law.about.compute_high
    known = low > 0 and math.isfinite(end)
    if not known:
        assert asked
        return [float(x) for x in np.geomspace(asked / UNKNOWN_RANGE, asked * PAST, BEYOND)], math.inf
    last = max(end, asked or end) * PAST
    first = min(low, (asked or low) / PAST)
    return [float(x) for x in (*np.geomspace(first, end, INSIDE), *np.geomspace(end, last, BEYOND)[1:])], end


def _said(law: Law, split: Recommendation) -> list[str]:
    low, high = law.about.compute_low, law.about.compute_high
    ranged = (
        f"Its runs took {words.figure(low)} to {words.figure(high)} FLOPs."
        if low > 0 and math.isfinite(high)
        else "Its source does not say what its runs took."
    )
    return [f"{ranged} It counts {split.counting}. Intervals: {split.interval_means}."]


def _data(split: Recommendation) -> Section:
    """Return what short data costs: repeating it, and how much synthetic data would take its place."""
    assert split.unique_tokens is not None
    told = [f"{words.figure(split.unique_tokens)} unique tokens are at hand."]
    if split.repeated and split.repeated.epochs <= 1:
        told.append("They are enough: nothing is repeated.")
    elif split.repeated:
        one = split.repeated
        told.append(
            f"By repeating alone the best is {words.figure(one.params)} parameters on {words.figure(one.tokens)} tokens, {one.epochs:.3g} epochs that are worth "
            f"{words.figure(one.worth_tokens)} fresh tokens: a loss of {one.loss:.4f}, with data enough {one.loss_unconstrained:.4f}."
        )
    told.append("To be worth the tokens that the law wants, data seen so often needs so much synthetic data beside it:")
    labels = [f"{one.epochs} {'epoch' if one.epochs == 1 else 'epochs'}" for one in split.synthetic]
    svgs = row_plots.bars([[("c1", one.worth_tokens), ("c4", one.synthetic_tokens)] for one in split.synthetic], labels=labels)
    rows = [
        BarRow(label, svg, f"{words.figure(one.synthetic_tokens)} synthetic, {one.share:.1%}" if one.synthetic_tokens else "none")
        for label, svg, one in zip(labels, svgs, split.synthetic, strict=True)
    ]
    return Section("Where unique data runs out", told, bars=rows, legend=(("what real tokens are worth", "c1"), ("synthetic tokens", "c4")))


def _rows(splits: Sequence[Recommendation], key: str) -> list[BarRow]:
    values = [(one.law, getattr(one, key)) for one in splits]
    rows = [
        row_plots.Interval(name, point(value), *(ends(value) if isinstance(value, Estimate) else (None, None))) for name, value in values
    ]
    drawn = row_plots.forest(rows, unit="", log=True)
    found = [BarRow(name, svg, within(value)) for (name, value), svg in zip(values, drawn.rows, strict=True)]
    return [*found, BarRow("", drawn.axis, "")]


def _table(splits: Sequence[Recommendation]) -> Table:
    rows = [
        (one.law, within(one.loss), within(one.tokens_per_param, lambda value: f"{value:,.3g}"), one.interval_means, one.counting)
        for one in splits
    ]
    return Table(("law", "loss", "tokens a parameter", "intervals", "counting"), rows, frozenset({0, 3, 4}))
