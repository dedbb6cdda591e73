"""`puna plan oracles`: every figure that the planner must reproduce, computed now."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from puna.plan.oracles import Missing, Result


def oracles(
    *,
    section: Annotated[str | None, typer.Option("--section", help="Only this section and those within it, such as 1.2 or 6.")] = None,
    failed: Annotated[bool, typer.Option("--failed", help="Show only what did not pass: failed or not run.")] = False,
    missing: Annotated[
        bool, typer.Option("--missing", help="List the figures that are not produced, with the reasons, and run nothing.")
    ] = False,
    points: Annotated[Path | None, typer.Option("--points", help="Folder of the digitised points (else $PUNA_TEST_DATA).")] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Write a page there too.", show_default=False)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Run the proofs: each published figure against what the planner gives now. Exit code 1 if one fails."""
    from puna.commands.plan.showing import print_json, write_page
    from puna.errors import ConfigError
    from puna.plan import oracles as proofs
    from puna.plan.oracles_page import page

    if failed and missing:
        raise ConfigError("--failed and --missing are two lists; give one")
    chosen = proofs.sections(points, only=section)
    lost = [figure for one in chosen for figure in one.missing]
    if missing:
        write_page(html, lambda: page(chosen, ()))
        if as_json:
            print_json({"not_produced": len(lost), "missing": [vars(figure) for figure in lost]})
        else:
            _show_missing(lost)
        return
    results = proofs.run(oracle for one in chosen for oracle in one.oracles)
    shown = [result for result in results if not (failed and result.passed)]
    write_page(html, lambda: page(chosen, results, passed=not failed))
    counts = proofs.summary(results, not_produced=len(lost))
    if as_json:
        print_json({"summary": counts, "oracles": [result.figures() for result in shown], "missing": [vars(figure) for figure in lost]})
    else:
        _show(shown, counts)
    if counts["failed"]:
        raise typer.Exit(1)


def _show(results: Sequence[Result], counts: dict[str, int]) -> None:
    from puna.commands.plan.showing import print_table
    from puna.plan.oracles.words import got, verdict

    rows = [
        (
            result.oracle.id, result.oracle.name, result.oracle.printed.strip(), got(result), f"{result.oracle.tolerance:.2g}", verdict(result),
        )
        for result in results
    ]  # fmt: skip
    if rows:
        print_table(("id", "name", "expected", "got", "within", ""), rows, words=("id", "name", ""))
    for result in results:
        if result.status == "failed":
            said = result.note or f"expected {result.oracle.printed.strip()} within {result.oracle.tolerance:.2g}, got {result.got:.8g}"
            print(f"failed {result.oracle.id} ({result.oracle.name}): {said}; source: {result.oracle.source}")
    print(
        f"{counts['computed_pass']} computed and {counts['arithmetic_pass']} arithmetic pass, {counts['data_agree']} data agree, {counts['failed']} failed, {counts['not_run']} not run, "
        f"{counts['not_produced']} not produced"
    )
    if counts["not_run"]:
        print("Not run: the digitised points are absent; give their folder with --points.")


def _show_missing(figures: Sequence[Missing]) -> None:
    """Print the list, figures of one name in a line, under the reason that they share."""
    from rich.console import Console

    from puna.commands.plan.figures import print_facts
    from puna.plan.oracles.words import by_reason

    for reason, named in by_reason(figures).items():
        Console(highlight=False, markup=False).print(f"{reason[0].upper()}{reason[1:]}:")
        print_facts(named)
        print()
    print(f"{len(figures)} figures not produced")
