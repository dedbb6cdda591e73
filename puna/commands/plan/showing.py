"""How the planner's answers are printed: one JSON document, or a table, and a page beside either."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


def print_json(figures: Mapping[str, Any]) -> None:
    import json

    from puna.plan.estimate import plain

    print(json.dumps(plain(figures), indent=2, ensure_ascii=False))


def write_page(place: Path | None, page: Callable[[], str]) -> None:
    """Write what `page` makes to `place`, where one is given."""
    if place is not None:
        from puna.files import write_text

        write_text(place, page())


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, words: Sequence[str] = (), whole: Sequence[str] = ()) -> None:
    """Print rows under a head; columns named in `words` are set left, the others right; those in `whole` are never cut in two."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        table.add_column(name, justify="left" if name in words else "right", overflow="fold", no_wrap=name in whole)
    for row in rows:
        table.add_row(*row)
    Console(highlight=False).print(table)


def gigabytes(num_bytes: float) -> str:
    """Return bytes in GB of 10^9, or in MB below one."""
    return f"{num_bytes / 1e9:,.1f} GB" if num_bytes >= 1e9 else f"{num_bytes / 1e6:,.1f} MB"
