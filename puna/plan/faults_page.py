"""The page of a run's interruptions: what share of the time trains, by how often a checkpoint is written, and what will interrupt it."""

from __future__ import annotations

from typing import Any

import numpy as np

from puna.pages import row_plots, words
from puna.pages.charts import Axis, Dots, Line, Mark, Upright, chart, shade
from puna.pages.sheet import BarRow, Picture, Section, Sheet, Table, legend_of
from puna.plan.estimate import fact, point, within
from puna.plan.faults import best_interval, components, effective_share

# How far to both sides of the best intervals the curves go, in how many points, and below which share of the best a curve is cut.
REACH, POINTS, CUT = 12.0, 60, 0.75
# What the groups of components look like; planned stops and what nobody could tell have the last colours.
COLOURS = {"gpu": 0, "network": 1, "software": 2, "hardware": 4, "host maintenance": 5, "unknown": 6, "planned": 7}


def page(found: dict[str, Any]) -> str:
    """Return what `puna.plan.faults.outlook` found as one offline HTML page."""
    facts = [
        fact("effective share", found["effective_share"], _percent), fact("checkpoint each", found["interval_seconds"], words.duration),
        ("simulated", *fact("", found["simulated_effective_share"], _percent)[1:]), fact("unplanned interruptions", found["unplanned_interruptions"]),
        fact("hours between any two", found["mtbf_hours"]),
    ]  # fmt: skip
    best = found["best_interval_seconds"]
    told = [
        f"Where a checkpoint stops training for {found['blocking_seconds']:g} s and a restart takes {found['restart_seconds']:g} s, the best interval is "
        f"{within(best['exact'], words.duration)} of work (Young's formula {words.duration(point(best['young']))}, Daly's {words.duration(point(best['daly']))})."
    ]
    one = found["one_run_effective_share"]
    sections = [
        Section("Effective training time, by how often a checkpoint is written", told, pictures=(_shares(found),)),
        Section("The best interval for other checkpoints and restarts", table=_table(found["effective_time"])),
        Section("What will interrupt it", bars=_components(found["expected_interruptions"]), legend=_groups()),
        Section("Simulated", [f"{words.figure(found['simulated_interruptions'].value)} interruptions a run on average; 95 % of single runs train for {_percent(one.low)} to {_percent(one.high)} of the time."]),
    ]  # fmt: skip
    lead = f"{found['gpus']:,} GPU{'' if found['gpus'] == 1 else 's'} for {found['days']:g} day{'' if found['days'] == 1 else 's'}, at the rates of Llama 3 405B's run."
    return Sheet("Interruptions", lead, facts, sections, found["notes"], found["sources"]).page()


def _shares(found: dict[str, Any]) -> Picture:
    """Return the effective share over the interval, a curve for each blocking time with its best interval marked."""
    mtbf, restart = 3600 * point(found["mtbf_hours"]), found["restart_seconds"]
    blockings = sorted({row["blocking_seconds"] for row in found["effective_time"]} | {found["blocking_seconds"]})

    def share(interval: float, blocking: float) -> float:
        return 100 * effective_share(interval=interval, blocking=blocking, restart=restart, mtbf=mtbf)

    bests = [best_interval(blocking, mtbf) for blocking in blockings]
    asked = found["interval_seconds"]
    intervals = np.geomspace(min(*bests, asked) / 2, max(*bests, asked) * REACH / 2, POINTS)
    floor = CUT * share(bests[0], blockings[0])
    marks: list[Mark] = []
    for index, blocking in enumerate(blockings):
        curve = [(float(x) / 60, y) for x in intervals if (y := share(float(x), blocking)) >= floor]
        if curve:
            label = f"{blocking:g} s" + (" (asked)" if blocking == found["blocking_seconds"] else "")
            marks.append(Line(label, [x for x, _ in curve], [y for _, y in curve], shade(index, len(blockings))))
    drawn = [(best, blocking) for best, blocking in zip(bests, blockings, strict=True) if share(best, blocking) >= floor]
    marks.append(
        Dots("best interval", [best / 60 for best, _ in drawn], [share(best, blocking) for best, blocking in drawn], 7, hollow=True)
    )
    marks.append(Upright(f"taken, {words.duration(asked)}", asked / 60, "chosen"))
    svg = chart(
        marks,
        title="Effective training time",
        x=Axis("minutes of work between checkpoints", log=True),
        y=Axis("per cent of the time"),
        height=320,
    )
    return Picture("Per cent of the time that trains, by the seconds that a checkpoint blocks", svg, legend_of(marks))


def _table(rows: list[dict[str, Any]]) -> Table:
    restarts = sorted({row["restart_seconds"] for row in rows})
    cells = {(row["blocking_seconds"], row["restart_seconds"]): row for row in rows}
    head = ("a checkpoint blocks", "best interval", *(f"restart {_whole(seconds)}" for seconds in restarts))
    body = [
        (f"{blocking:g} s", words.duration(cells[blocking, restarts[0]]["interval_seconds"]), *(within(cells[blocking, seconds]["effective_share"], _percent) for seconds in restarts))
        for blocking in sorted({row["blocking_seconds"] for row in rows})
    ]  # fmt: skip
    return Table(head, body)


def _components(counts: dict[str, Any]) -> list[BarRow]:
    groups = {component.name: component.group for component in components()}
    ordered = sorted(counts.items(), key=lambda item: -item[1].value)
    told = [f"{name}: {within(count, _count)}" for name, count in ordered]
    svgs = row_plots.bars([[(f"c{COLOURS[groups.get(name, 'planned')]}", count.value)] for name, count in ordered], labels=told)
    return [BarRow(name, svg, within(count, _count)) for (name, count), svg in zip(ordered, svgs, strict=True)]


def _groups() -> tuple[tuple[str, str], ...]:
    return tuple((name if name != "gpu" else "GPU", f"c{colour}") for name, colour in COLOURS.items())


def _whole(seconds: float) -> str:
    return f"{seconds / 60:g} min" if seconds >= 120 else f"{seconds:g} s"


def _count(value: float) -> str:
    return words.figure(value) if value >= 1 else f"{value:.2g}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
