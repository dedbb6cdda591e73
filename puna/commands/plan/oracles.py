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
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Run the proofs: each published figure against what the planner gives now. Exit code 1 if one fails."""
    from puna.commands.plan.showing import print_json
    from puna.errors import ConfigError
    from puna.plan import oracles as proofs

    if failed and missing:
        raise ConfigError("--failed and --missing are two lists; give one")
    chosen = proofs.sections(points, only=section)
    lost = [figure for one in chosen for figure in one.missing]
    if missing:
        if as_json:
            print_json({"not_produced": len(lost), "missing": [vars(figure) for figure in lost]})
        else:
            _show_missing(lost)
        return
    results = proofs.run(oracle for one in chosen for oracle in one.oracles)
    shown = [result for result in results if not (failed and result.passed)]
    counts = proofs.summary(results, not_produced=len(lost))
    if as_json:
        print_json({"summary": counts, "oracles": [result.figures() for result in shown], "missing": [vars(figure) for figure in lost]})
    else:
        _show(shown, counts)
    if counts["failed"]:
        raise typer.Exit(1)


def _show(results: Sequence[Result], counts: dict[str, int]) -> None:
    from puna.commands.plan.showing import print_table

    rows = [
        (
            result.oracle.id, result.oracle.name, result.oracle.printed.strip(), "–" if result.got is None else _like(result.oracle.printed, result.got),
            f"{result.oracle.tolerance:.2g}", _verdict(result),
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


def _verdict(result: Result) -> str:
    """A computed figure is ok; one that follows from printed ones is a sum that comes out; one that a table holds only agrees."""
    return {"computed": "ok", "arithmetic": "sum", "data": "agrees"}[result.oracle.kind] if result.passed else result.status


def _show_missing(figures: Sequence[Missing]) -> None:
    """Print the list, figures of one name in a line, under the reason that they share."""
    from itertools import groupby

    from rich.console import Console

    from puna.commands.plan.figures import print_facts

    by_reason: dict[str, dict[str, str]] = {}
    for _, group in groupby(figures, key=lambda figure: (figure.name, figure.reason)):
        same = list(group)
        ids = same[0].id if len(same) == 1 else f"{same[0].id} to {same[-1].id}"
        by_reason.setdefault(same[0].reason, {})[ids] = f"{same[0].name}: {' '.join(figure.printed for figure in same)}"
    for reason, named in by_reason.items():
        Console(highlight=False, markup=False).print(f"{reason[0].upper()}{reason[1:]}:")
        print_facts(named)
        print()
    print(f"{len(figures)} figures not produced")


def _like(printed: str, got: float) -> str:
    """Return a figure with one digit more than its source prints, in the source's notation."""
    mantissa, power, _ = printed.split(maxsplit=1)[0].partition("e")
    decimals = len("".join(letter for letter in mantissa.partition(".")[2] if letter.isdigit())) + 1
    if power:
        return f"{got:.{decimals}e}".replace("e-0", "e-").replace("e+", "e")
    return f"{got:,.{decimals}f}".rstrip("0").rstrip(".") if "." in f"{got:.{decimals}f}" else f"{got:,.0f}"
