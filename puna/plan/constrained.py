"""When unique data runs out: what repeating it is worth, and how much synthetic data a plan needs (Muennighoff et al., arXiv 2305.16264).

A token seen again teaches less. D tokens, of which U are unique, are worth D' = U + U R* (1 - exp(-(D / U - 1) / R*)) fresh ones, R* = 15.39: four epochs are worth 3.73, and no number of epochs more
than 16.4. Parameters beyond those that U unique tokens can fill (the model whose best use of compute they are) wear out in the same way, with 5.31, so sooner. Put D' and N' into a law's losses, and the best
split of a budget moves: towards more epochs and a smaller model (`repetition.py`).

A run that repeats nothing is what laws were fitted to, and has the law's own loss; N' is for runs that repeat. So a model far larger than its data can fill loses at its first repeated token: a step that the paper's
two formulas leave, far from what is best until data is a hundred times too short.

The other way out is to make data. If U tokens, each seen for some epochs, are worth less than the law's optimum wants, the rest must be synthetic. A synthetic token counts as a fresh one here, which is
an assumption and the best case; Llama 3's own synthetic data went into post-training for most part (arXiv 2407.21783, section 4).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from puna.errors import ConfigError

# R_D* and R_N* of arXiv 2305.16264, section 6.
WORN_TOKENS, WORN_PARAMS = 15.3878, 5.3097
EPOCHS = (1, 2, 4, 8, 16, 32)


@dataclass(frozen=True)
class Synthetic:
    """What must be made if unique data is seen `epochs` times: `synthetic_tokens`, the `share` of all tokens trained on that they are, and the `tokens` in all."""

    epochs: int
    worth_tokens: float
    synthetic_tokens: float
    share: float
    tokens: float


def worth(unique: Any, total: Any, *, worn: float = WORN_TOKENS) -> Any:
    """Return how many fresh ones `total` tokens (or parameters) are worth of which `unique` are fresh; numbers or arrays."""
    again = np.maximum(total / unique - 1, 0.0)
    return np.minimum(unique, total) - unique * worn * np.expm1(-again / worn)


def total_of(unique: Any, value: Any) -> Any:
    """Return the tokens that are worth `value` fresh ones, the other way; NaN where no number of epochs is enough."""
    with np.errstate(invalid="ignore", divide="ignore"):
        again = -WORN_TOKENS * np.log1p(-np.maximum(value / unique - 1, 0.0) / WORN_TOKENS)
    return np.where(np.isfinite(again), np.minimum(unique, value) + unique * again, np.nan)


def worn(params: Any, *, filled: Any) -> Any:
    """Return how many parameters a model is worth that reads some tokens more than once, with unique tokens that can fill `filled` parameters; numbers or arrays."""
    return worth(filled, params, worn=WORN_PARAMS)


def synthetic_needed(wanted: float, *, unique_tokens: float) -> list[Synthetic]:
    """Return, for some numbers of epochs, the synthetic tokens that make unique data worth `wanted` fresh tokens; it ends where none are needed."""
    if unique_tokens <= 0:
        raise ConfigError(f"{unique_tokens:g} unique tokens: give more than 0")
    found = []
    for epochs in EPOCHS:
        value = min(worth(unique_tokens, unique_tokens * epochs), wanted)
        made = wanted - value
        real = unique_tokens * epochs if made else min(unique_tokens * epochs, wanted)
        found.append(Synthetic(epochs, value, made, made / (made + real), made + real))
        if made == 0:
            break
    return found
