"""How the planner's answers are printed: one JSON document, or a table, and a page beside either."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

# No column is folded to less than this.
_NARROWEST = 4
# A space at which no line is cut.
_TIE = "\u00a0"


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
    from rich.text import Text

    console = Console(highlight=False, markup=False)
    left, uncut = [name in words for name in columns], [name in whole for name in columns]
    head, *lines = laid([columns, *rows], left=left, uncut=uncut, width=console.width)
    console.print(Text("\n".join(head), style="bold"), soft_wrap=True)
    # Without markup and styles a line is a line: asking rich for each of a thousand cells would take longer than all the arithmetic.
    console.file.write("".join(f"{line}\n" for row in lines for line in row))


def laid(rows: Sequence[Sequence[str]], *, left: Sequence[bool], uncut: Sequence[bool], width: int) -> list[list[str]]:
    """Return the lines of each row, cells under one another and two spaces apart; where `width` is too little, the widest columns are folded at their spaces."""
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    room = width - 2 * (len(widths) - 1)
    while sum(widths) > room and (foldable := [index for index, size in enumerate(widths) if not uncut[index] and size > _NARROWEST]):
        widths[max(foldable, key=widths.__getitem__)] -= 1
    return [_lines(row, widths, left) for row in rows]


def _lines(row: Sequence[str], widths: Sequence[int], left: Sequence[bool]) -> list[str]:
    folded = [_folded(text, size) for text, size in zip(row, widths, strict=True)]
    found = []
    for number in range(max(map(len, folded))):
        texts = [cell[number] if number < len(cell) else "" for cell in folded]
        found.append(
            "  ".join(
                text.ljust(size) if to_left else text.rjust(size) for text, size, to_left in zip(texts, widths, left, strict=True)
            ).rstrip()
        )
    return found


def _folded(text: str, width: int) -> list[str]:
    """Return the text's lines, cut at its spaces; an interval in brackets stays in one where it has room."""
    if len(text) <= width:
        return [text]
    tied = re.sub(r"\([^()]*\)", lambda found: found[0].replace(" ", _TIE) if len(found[0]) <= width else found[0], text)
    return [line.replace(_TIE, " ") for line in textwrap.wrap(tied, width, break_on_hyphens=False)]


def gigabytes(num_bytes: float) -> str:
    """Return bytes in GB of 10^9, or in MB below one."""
    return f"{num_bytes / 1e9:,.1f} GB" if num_bytes >= 1e9 else f"{num_bytes / 1e6:,.1f} MB"
