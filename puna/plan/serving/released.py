"""The published Llamas as a server sees them: their shape, the tokens that they were trained on, and what that took."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from puna.errors import ConfigError
from puna.plan.models import Sized, model_of


@dataclass(frozen=True)
class Released:
    """What a model card says: training tokens, and the hours of one `chip` that the training took (None where it does not say)."""

    name: str
    tokens: float
    chip_hours: float | None
    chip: str
    source: str


@dataclass(frozen=True)
class Model:
    """A model to serve. `tokens` are those of its training, None where nobody says."""

    sized: Sized
    tokens: float | None = None

    @property
    def name(self) -> str:
        return self.sized.name


def served(text: str, *, tokens: float | None = None) -> Model:
    """Return the model that `text` names or describes (`puna.plan.models.model_of`), trained on `tokens` if they are given. Raises `ConfigError`."""
    if tokens is not None and not 0 < tokens < math.inf:
        raise ConfigError(f"training tokens of {tokens:g}: give a number above 0, such as 15e12")
    sized = model_of(text)
    known = released().get(sized.name)
    return Model(sized, tokens or (known.tokens if known else None))


@cache
def released() -> Mapping[str, Released]:
    """Return what is known of each published model's training, by its name."""
    return {
        row["name"]: Released(
            row["name"], float(row["tokens"]), float(row["chip_hours"]) if row["chip_hours"] else None, row["chip"], row["source"]
        )
        for row in rows_of("released.csv")
    }


def rows_of(name: str) -> Iterator[dict[str, str]]:
    """Yield the rows of one of the planner's tables, without its comments."""
    text = resources.files("puna.plan").joinpath("data", name).read_text(encoding="utf-8")
    yield from csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
