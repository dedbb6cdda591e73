"""The command line: `puna VERB`. One file a verb, which parses, calls the rooms below and prints.

`puna --help` must answer at once, so a verb's file imports the standard library and typer at its top, and the rooms inside its function.
What goes wrong reaches a person here, in `main`: a `PunaError` or a word that the command line does not know is one line on standard error. A
traceback always means a defect in Puna.
"""

from __future__ import annotations

import io
import os
import sys
from typing import Annotated, cast

import typer

from puna.commands import chat, compare, convert, doctor, generate, info, lint_data, raise_, serve, tokenizer
from puna.errors import PunaError
from puna.version import VERSION

# What typer raises for words that it does not know. It has no public name there; a bad parameter is one of its kinds.
UsageError = cast(type[Exception], typer.BadParameter.__bases__[0])

app = typer.Typer(
    name="puna",
    help="Raise a Llama: data, tokenizer, training, evaluation and generation, in Llama's own file formats.",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("raise")(raise_.raise_)
app.command("compare")(compare.compare)
app.command("generate")(generate.generate)
app.command("chat")(chat.chat)
app.command("serve")(serve.serve)
app.command("info")(info.info)
app.command("convert")(convert.convert)
app.command("lint-data")(lint_data.lint_data)
app.add_typer(tokenizer.app, name="tokenizer")
app.command("doctor")(doctor.doctor)


@app.command("plan", add_help_option=False, context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def plan(context: typer.Context) -> None:
    """Size a model: scaling laws, training time, memory, serving, faults, costs."""
    # The planner has a dozen verbs of its own, and reading them all would take a fifth of the time in which `puna --help` answers.
    from puna.commands.plan import app as planner

    code = planner(args=context.args, prog_name=f"{context.parent.info_name if context.parent else 'puna'} plan", standalone_mode=False)
    raise typer.Exit(code or 0)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"puna {VERSION}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def puna(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and stop.")] = False,
) -> None:
    if context.invoked_subcommand is None:
        print(context.get_help())


def main() -> None:
    """Run the command line and exit: 0 done, 1 the work failed, 2 the user's input was wrong, 130 interrupted."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        # A letter that a terminal's encoding lacks, or bytes from a pipe that are no text, are no reason to stop.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        code = app(standalone_mode=False)
        sys.stdout.flush()
    except PunaError as error:
        _fail(str(error), error.exit_code)
    except UsageError as error:
        _fail_usage(error)
    except (KeyboardInterrupt, typer.Abort):
        _fail("interrupted", 130)
    except BrokenPipeError:
        # Whoever read our output has gone. What is still buffered goes nowhere, or the interpreter would complain while it shuts down.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        _fail(f"{error.filename or 'output'}: {error.strerror or error}", 1)
    sys.exit(code or 0)


def _fail_usage(error: BaseException) -> None:
    """Say what was wrong with the words of the command line, and where the right ones stand."""
    context = getattr(error, "ctx", None)
    text = getattr(error, "format_message", error.__str__)().rstrip(".")
    _fail(f"{text} (see '{context.command_path if context else 'puna'} --help')", 2)


def _fail(text: str, code: int) -> None:
    print(f"puna: {' '.join(text.split())}", file=sys.stderr)
    sys.exit(code)
