"""The page of the proofs: every published figure against what the planner gives, as dots on one axis, section by section.

Figures of all units share that axis because it counts tolerances: 0 is the printed figure, and from −1 to 1 it counts as reached. A dot at the edge may lie further out, as figures of which more is right too do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import get_args

from puna.pages import row_plots
from puna.pages.row_plots import Interval
from puna.pages.sheet import Section, Sheet, Table
from puna.plan import oracles
from puna.plan.oracles import Result
from puna.plan.oracles import Section as Proofs
from puna.plan.oracles.table import Kind
from puna.plan.oracles.words import by_reason, got, verdict

# Tolerances from the printed figure beyond which a dot is drawn at the edge.
EDGE = 2.0
HEADS = ("number", "figure", "expected", "got", "within", "")
COLOURS = {kind: f"c{index}" for index, kind in enumerate(get_args(Kind), start=1)}
UNPASSED = {"failed": "junk", "not run": "c7"}


def page(sections: Sequence[Proofs], results: Sequence[Result], *, passed: bool = True) -> str:
    """Return the `results` of the oracles of `sections` as one offline HTML page; without `passed` only those that failed or were not run are listed. No results: what is not produced."""
    shown = [result for result in results if passed or not result.passed]
    missing = [figure for one in sections for figure in one.missing]
    counts = oracles.summary(results, not_produced=len(missing)) if results else {"not_produced": len(missing)}
    found = [_overview(sections, results)] if results and len(sections) > 1 else []
    found += _listed(sections, shown)
    if missing:
        rows = [(ids, told, reason) for reason, named in by_reason(missing).items() for ids, told in named.items()]
        found.append(Section("Not produced, and why", table=Table(("number", "figures", "why"), rows, frozenset({0, 1, 2}))))
    facts = [(name.replace("_", " "), f"{count:,}") for name, count in counts.items()]
    return Sheet("Oracles", "Published figures that the planner must give, and what it gives now.", facts, found, _notes(shown)).page()


def _overview(sections: Sequence[Proofs], results: Sequence[Result]) -> Section:
    """Return how many figures of each kind pass in each section, and how many do not."""
    parts = {part: tone for part, tone in {**COLOURS, **UNPASSED}.items() if any(_part(result) == part for result in results)}
    rows, segments = [], []
    for one in sections:
        held = [_part(result) for result in _of(one, results)]
        counts = [held.count(part) for part in parts]
        rows.append((_title(one), *(f"{count or '–'}" for count in counts), f"{len(one.missing) or '–'}"))
        segments.append([(tone, float(count)) for tone, count in zip(parts.values(), counts, strict=True)])
    svgs = row_plots.bars(segments, labels=[f"{_title(one)}: {len(_of(one, results))} figures" for one in sections])
    return Section("Section by section", table=Table(("section", *parts, "not produced"), rows, bars=svgs), legend=tuple(parts.items()))


def _part(result: Result) -> str:
    return result.oracle.kind if result.passed else result.status


def _listed(sections: Sequence[Proofs], results: Sequence[Result]) -> list[Section]:
    """Return each section's figures with their dots, all to one scale."""
    if not results:
        return []
    drawn = row_plots.forest([_dot(result) for result in results], unit="tolerances", zero=True)
    svgs = dict(zip((result.oracle.id for result in results), drawn.rows, strict=True))
    return [_proofs(one, mine, svgs, drawn.axis) for one in sections if (mine := _of(one, results))]


def _proofs(section: Proofs, results: Sequence[Result], svgs: Mapping[str, str], axis: str) -> Section:
    rows = [*(_row(result) for result in results), ("", "in tolerances", "", "", "", "")]
    table = Table(HEADS, rows, frozenset({0, 1, 5}), bars=[*(svgs[result.oracle.id] for result in results), axis], after=1)
    sources = dict.fromkeys(result.oracle.source for result in results)
    legend = tuple((kind, f"{tone} round") for kind, tone in COLOURS.items() if any(result.oracle.kind == kind for result in results))
    return Section(_title(section), [f"Sources: {'; '.join(sources)}."], table=table, legend=legend)


def _of(section: Proofs, results: Sequence[Result]) -> list[Result]:
    return [result for result in results if result.oracle.id.rpartition(".")[0] == section.number]


def _title(section: Proofs) -> str:
    return f"{section.number} {section.title}"


def _row(result: Result) -> tuple[str, ...]:
    one = result.oracle
    return one.id, one.name, one.printed.strip(), got(result), f"{one.tolerance:.2g}", verdict(result)


def _dot(result: Result) -> Interval:
    """Return a figure as tolerances from the printed one; what was not run has no dot but its place, in the tone of nothing."""
    one = result.oracle
    tone = "fails" if result.status == "failed" else COLOURS[one.kind] if result.got is not None else "absent"
    return Interval(f"{one.id} {one.name}", _off(result), -1.0, 1.0, tone)


def _off(result: Result) -> float:
    if result.got is None:
        return 0.0
    miss = result.got - result.oracle.expected
    if not result.oracle.tolerance:
        return 0.0 if not miss else EDGE if miss > 0 else -EDGE
    return max(-EDGE, min(EDGE, miss / result.oracle.tolerance))


def _notes(results: Sequence[Result]) -> list[str]:
    notes = [
        "A dot is what the planner gives and the bar the tolerance around the printed figure, both counted in tolerances; a dot at the edge may lie further out.",
        "Within is the tolerance in the figure's unit.",
    ]
    if any(result.oracle.at_least for result in results):
        notes.append("Of some figures the source says 'at least': more is right too.")
    failed = [f"{result.oracle.id} failed: {result.note}." for result in results if result.status == "failed" and result.note]
    return ([*notes] if results else []) + failed
