"""A model as a server sees it: its shape, and the tokens that it was trained on, which decide what quantization costs it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from puna.errors import ConfigError
from puna.plan.models import Sized, model_of
from puna.plan.runs import runs


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
    known = runs().get(sized.name)
    return Model(sized, tokens or (known.tokens if known else None))
