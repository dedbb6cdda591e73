"""What a terminal may be sent."""

from __future__ import annotations


def printable(text: str) -> str:
    """Return text whose control characters, which data may hold, cannot move a terminal's cursor."""
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)
