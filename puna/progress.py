"""Progress that a person can read: a bar with an ETA on a terminal, a line now and then in a log, nothing under `--json`.

Rooms that work for a while take a `Progress` and never ask where it is shown; commands choose it.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from typing import Protocol


class Bar(Protocol):
    """One running piece of work."""

    def advance(self, amount: float, note: str = "") -> None:
        """Say that `amount` more units are done; `note` (short) replaces the text at the bar's end."""


class Progress(Protocol):
    """Where progress is shown."""

    def bar(self, label: str, total: float, unit: str, done: float = 0) -> contextlib.AbstractContextManager[Bar]:
        """Open a bar for `total` units (`"tokens"`, `"documents"`), of which `done` were done before."""

    def say(self, text: str) -> None:
        """Show one line that stays."""


class Silent:
    """Shows nothing."""

    @contextlib.contextmanager
    def bar(self, label: str, total: float, unit: str, done: float = 0) -> Iterator[Bar]:
        yield self

    def advance(self, amount: float, note: str = "") -> None:
        pass

    def say(self, text: str) -> None:
        pass


class Lines:
    """Plain lines on standard error for logs and pipes: one at the start, then one every `every` seconds, one at the end."""

    def __init__(self, every: float = 10.0) -> None:
        self._every = every

    @contextlib.contextmanager
    def bar(self, label: str, total: float, unit: str, done: float = 0) -> Iterator[Bar]:
        line = _Line(label, total, unit, done, self._every)
        yield line
        line.show()

    def say(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)


class _Line:
    def __init__(self, label: str, total: float, unit: str, done: float, every: float) -> None:
        self._label, self._total, self._unit, self._first, self._done, self._every = label, total, unit, done, done, every
        self._started = self._shown = time.monotonic()
        self._note = ""

    def advance(self, amount: float, note: str = "") -> None:
        self._done += amount
        self._note = note or self._note
        if time.monotonic() - self._shown > self._every:
            self.show()

    def show(self) -> None:
        self._shown = time.monotonic()
        rate = (self._done - self._first) / max(self._shown - self._started, 1e-9)
        left = f", {(self._total - self._done) / rate:.0f} s left" if 0 < self._done < self._total and rate > 0 else ""
        text = f"{self._label}: {self._done:,.0f} of {self._total:,.0f} {self._unit} ({rate:,.0f}/s{left}) {self._note}"
        print(text.rstrip(), file=sys.stderr, flush=True)


class Terminal:
    """Bars with an ETA, drawn by rich on standard error."""

    def __init__(self) -> None:
        from rich.console import Console

        self._console = Console(stderr=True, highlight=False)

    @contextlib.contextmanager
    def bar(self, label: str, total: float, unit: str, done: float = 0) -> Iterator[Bar]:
        from rich import progress as rp

        columns = (
            rp.TextColumn("{task.description}"), rp.BarColumn(bar_width=24), rp.TaskProgressColumn(),
            rp.TimeElapsedColumn(), rp.TextColumn("ETA"), rp.TimeRemainingColumn(), rp.TextColumn("[dim]{task.fields[note]}"),
        )  # fmt: skip
        with rp.Progress(*columns, console=self._console) as shown:
            yield _TerminalBar(shown, shown.add_task(label, total=total, completed=int(done), note=""))

    def say(self, text: str) -> None:
        self._console.print(text, markup=False)


class _TerminalBar:
    def __init__(self, shown: object, task: int) -> None:
        self._shown, self._task = shown, task

    def advance(self, amount: float, note: str = "") -> None:
        changed = {"note": note} if note else {}
        self._shown.update(self._task, advance=amount, **changed)  # type: ignore[attr-defined]


def for_stderr() -> Progress:
    """Return bars where standard error is a terminal, lines where it is not."""
    return Terminal() if sys.stderr.isatty() else Lines()
