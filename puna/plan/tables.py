"""The planner's tables: CSV files with comments, so that adding a device, a price or a law is one line."""

from __future__ import annotations

import csv
from importlib import resources


def rows_of(name: str) -> list[dict[str, str]]:
    """Return the rows of the table `name` in `puna/plan/data`, lines that begin with `#` left out."""
    lines = resources.files("puna.plan").joinpath("data", name).read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))
