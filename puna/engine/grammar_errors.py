"""What the library says of a grammar that it cannot compile or follow, in one line that says where."""

from __future__ import annotations

import re

MOST_CHARS = 400
_SOURCE = re.compile(r"\n +\d+ \| .*", re.DOTALL)  # the lines around the place, with a mark below
_PLACE = re.compile(r"(?:at )?(\d+)\((\d+)\): ")
_IN_PATTERN = re.compile(r"regex parse error:\n {4}(?P<pattern>.*)\n {4}(?P<before> *)\^+\nerror: (?P<what>.*)")


def one_line(text: str) -> str:
    """Return a message of the library's as one line."""
    text = text.partition("<state>")[0].replace("<non-verbose/>", "")
    if text.startswith("NoExtensionBias"):
        text = "nothing can be written that follows it"
    return " ".join(text.split())[:MOST_CHARS]


def in_lark(text: str) -> str:
    """Return what is wrong with a grammar in Lark's notation, its line and column first."""
    what = _PLACE.sub(r"line \1, column \2: ", _SOURCE.sub("", text), count=1)
    if found := _IN_PATTERN.search(text):
        what = f"{what.partition('invalid regex')[0]}in the regular expression, at character {len(found['before']) + 1}: {found['what']}"
    return one_line(what)


def in_pattern(text: str) -> str:
    """Return what is wrong with a regular expression, the place first where it is known."""
    if found := _IN_PATTERN.search(text):
        return one_line(f"at character {len(found['before']) + 1}: {found['what']}")
    return one_line(_PLACE.sub("", _SOURCE.sub("", text), count=1))
