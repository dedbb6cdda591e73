"""What published figures of a model contradict: said where a command takes them. What laws contradict is in `puna.plan.laws.errata`."""

from __future__ import annotations

from fnmatch import fnmatchcase

from puna.plan.tables import rows_of


def said(model: str, *, command: str) -> list[str]:
    """Return what the user of `command` should know of the published figures of `model`."""
    return [row["text"] for row in rows_of("errata.csv") if command in row["commands"].split() and fnmatchcase(model, row["models"])]
