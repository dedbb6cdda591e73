"""`puna plan faults`: how often a run is interrupted, by what, and how much of the time is left."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from puna.plan.estimate import Estimate


def faults(
    *,
    gpus: Annotated[int, typer.Option("--gpus", help="How many.")],
    days: Annotated[float, typer.Option("--days", help="Days of the run.")],
    blocking: Annotated[float, typer.Option("--blocking", help="Seconds that writing a checkpoint stops training.")] = 5.0,
    restart: Annotated[float, typer.Option("--restart", help="Seconds from an interruption until training goes on.")] = 600.0,
    interval: Annotated[float | None, typer.Option("--interval", help="Seconds of work between checkpoints. Without it, the best.")] = None,
    runs: Annotated[int, typer.Option("--runs", help="Runs to simulate.")] = 200,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the simulation.")] = 0,
    html: Annotated[Path | None, typer.Option("--html", help="Write a page there too.", show_default=False)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Expect interruptions by component; find the best time between checkpoints, and what share of the time trains."""
    from puna.commands.plan.showing import print_json, write_page
    from puna.plan.faults import outlook
    from puna.plan.faults_page import page

    found = outlook(gpus=gpus, days=days, blocking=blocking, restart=restart, interval=interval, runs=runs, seed=seed)
    write_page(html, lambda: page(found))
    if as_json:
        print_json(found)
    else:
        _show(found)


def _show(found: dict[str, Any]) -> None:
    from puna.commands.plan.showing import print_table
    from puna.commands.plan.words import between, counted

    print(
        f"{counted(found['gpus'], 'GPU')} for {counted(found['days'], 'day')}: {between(found['unplanned_interruptions'])} unplanned interruptions, one each {between(found['mtbf_hours'])} hours with the planned ones\n"
    )
    print_table(
        ("component", "expected (may lie between)"),
        ((name, between(count)) for name, count in found["expected_interruptions"].items()),
        words=("component", "expected (may lie between)"),
    )
    print()
    _show_effective(found)
    best = found["best_interval_seconds"]

    def minutes(kind: str) -> str:
        return between(best[kind].scaled(1 / 60))

    print(
        f"\nBest interval for {found['blocking_seconds']:g} s: Young {minutes('young')}, Daly {minutes('daly')}, exact {minutes('exact')} minutes of work"
    )
    print(
        f"Effective share at {found['interval_seconds'] / 60:.1f} minutes: {between(found['effective_share'], percent=True)} in closed form, {between(found['simulated_effective_share'], percent=True)} simulated"
    )
    print(f"Intervals: {found['interval_means']}")
    print(f"Single runs of {counted(found['days'], 'day')}: {between(found['one_run_effective_share'], percent=True)}")
    for line in (*(f"note: {note}" for note in found["notes"]), *(f"source: {source}" for source in found["sources"])):
        print(line)


def _show_effective(found: dict[str, Any]) -> None:
    """Show the effective share at the best interval, for several seconds that a checkpoint blocks and that a restart takes."""
    from puna.commands.plan.showing import print_table

    restarts = sorted({row["restart_seconds"] for row in found["effective_time"]})
    blockings = sorted({row["blocking_seconds"] for row in found["effective_time"]})
    cells = {(row["blocking_seconds"], row["restart_seconds"]): row for row in found["effective_time"]}
    rows = [
        [
            f"{b:g} s",
            f"{cells[b, restarts[0]]['interval_seconds'] / 60:.1f} min",
            *(_cell(cells[b, r]["effective_share"]) for r in restarts),
        ]
        for b in blockings
    ]
    print("Effective training time at the best interval, by how long a checkpoint blocks and a restart takes:")
    print_table(("checkpoint", "interval", *(f"restart {r:g} s" for r in restarts)), rows)


def _cell(share: Estimate) -> str:
    """Return a share in per cent and how far either end of its interval lies off, at the most."""
    return f"{share.value:.1%} ±{100 * max(share.high - share.value, share.value - share.low):.1f}"
