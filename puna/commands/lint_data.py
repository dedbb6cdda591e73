"""`puna lint-data`: what a file of dialogs would do to training, told before it is trained on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

if TYPE_CHECKING:
    from puna.align.lint import Report
    from puna.align.lint.lengths import LengthTable

COLOURS = {"error": "red", "warning": "yellow"}


def lint_data(
    file: Annotated[
        Path,
        typer.Argument(help="Dialogs: JSONL (.gz, .zst), a JSON array or Parquet; messages, ShareGPT, Alpaca or prompt and completion."),
    ],
    model: Annotated[
        str, typer.Option(help="The model to be tuned: its directory, or a directory or file with its tokenizer.", show_default=False)
    ],
    calls: Annotated[str, typer.Option(help="How tool calls are written: json, tag or pythonic.")] = "json",
    max_findings: Annotated[int, typer.Option(min=0, help="How many findings are listed; all are counted.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of tables.")] = False,
) -> None:
    """Say what each dialog of a file would do to training, by line. Exit 0: no errors, 1: errors were found, 2: there was nothing to check."""
    from puna.align.lint import lint, open_model
    from puna.errors import ConfigError
    from puna.progress import Silent, for_stderr
    from puna.records import CallForm

    if calls not in get_args(CallForm):
        raise ConfigError(f"--calls '{calls}' is not known; known: {', '.join(get_args(CallForm))}")
    progress = Silent() if as_json else for_stderr()
    report = lint(file, open_model(model, calls=calls), max_findings=max_findings, progress=progress)  # type: ignore[arg-type]
    if as_json:
        print(json.dumps(report.to_json(), ensure_ascii=False))
    else:
        _show(report)
    if report.num_errors:
        raise typer.Exit(1)


def _show(report: Report) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    if report.tallies:
        console.print(_rules(report))
        console.print()
        _show_findings(report, console)
        console.print()
    console.print(_lengths(report.lengths))
    for text in (*_about_context(report.lengths), *(f"not checked: {text}" for text in report.left_out)):
        console.print(Text(text, style="dim"))
    console.print()
    console.print(_verdict(report))


def _rules(report: Report) -> Any:
    """Return the table of the rules that were broken."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("", "rule", "found", "first"):
        table.add_column(name, justify="right" if name == "found" else "left", no_wrap=True, max_width=24)
    table.add_column("what it does to training")
    for rule, tally in report.tallies:
        colour = COLOURS[rule.severity]
        place = Text(_short(tally.kept[0].where, report))
        table.add_row(Text(rule.severity, style=colour), Text(rule.name, style=colour), f"{tally.count:,}", place, Text(rule.effect))
    return table


def _short(where: str, report: Report) -> str:
    """Return a place without the file that the whole report is about, or without the model's directory."""
    if where.startswith(report.path):
        return f"line {place}" if (place := where.removeprefix(report.path).strip(": ")).isdigit() else place or "the file"
    return Path(where).name


def _show_findings(report: Report, console: Any) -> None:
    from rich.text import Text

    from puna.commands.terminal import printable

    for item in report.listed:
        rule = item.finding.rule
        line = Text.assemble((f"{item.where}: ", "bold"), (rule.name, COLOURS[rule.severity]), f": {printable(item.finding.message)}")
        # A pipe gets one line each; a terminal breaks them between words.
        console.print(line, soft_wrap=not console.is_terminal)
    left_out = report.num_errors + report.num_warnings - len(report.listed)
    if left_out:
        console.print(Text(f"… and {left_out:,} more, not listed (--max-findings {len(report.listed) + left_out} lists them)", style="dim"))


def _lengths(lengths: LengthTable) -> Any:
    from rich.table import Table

    from puna.align.lint.lengths import QUANTILES

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("tokens of a dialog", no_wrap=True)
    names = {0.0: "least", 0.5: "median", 1.0: "most"}
    for name in (*(names.get(quantile, f"{quantile:.0%}") for quantile in QUANTILES), "sum"):
        table.add_column(name, justify="right", no_wrap=True)
    for name, row, total in (("all", lengths.total, lengths.sum_total), ("learnt", lengths.trained, lengths.sum_trained)):
        table.add_row(name, *(f"{value:,}" for value in row), f"{total:,}")
    return table


def _about_context(lengths: LengthTable) -> list[str]:
    if lengths.context is None:
        return []
    if not lengths.num_beyond:
        return [f"All fit into the model's {lengths.context:,} positions."]
    lost = f"{lengths.trained_beyond:,} of {lengths.sum_trained:,} learnt tokens are cut off"
    return [f"Longer than the model's {lengths.context:,} positions: {_counted(lengths.num_beyond, 'dialog')}; {lost}."]


def _verdict(report: Report) -> Any:
    from rich.text import Text

    counts = [_counted(report.num_errors, "error"), _counted(report.num_warnings, "warning")]
    told = " and ".join(filter(None, counts))
    colour = "red" if report.num_errors else "yellow" if report.num_warnings else "green"
    return Text.assemble((told or "Nothing found", colour), f": {_counted(report.num_dialogs, 'dialog')}, {report.seconds:.1f} s")


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' if number > 1 else ''}" if number else ""
