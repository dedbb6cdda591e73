"""How long the dialogs of a file are, in all their tokens and in those that are learnt.

The quantiles tell which window to train with: what lies beyond it is cut off, and a cut loses the end of an answer first, with the token
that would have taught the model to stop.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import Any

import numpy as np

QUANTILES = (0.0, 0.5, 0.9, 0.99, 1.0)


@dataclass(frozen=True, slots=True)
class LengthTable:
    """Tokens of a dialog at each of `QUANTILES`, all of them and those that are learnt, with the sums over the file; `context` is the model's, in tokens."""

    total: list[int]
    trained: list[int]
    sum_total: int
    sum_trained: int
    context: int | None
    num_beyond: int
    trained_beyond: int

    def to_json(self) -> dict[str, Any]:
        names = [f"p{quantile * 100:g}" for quantile in QUANTILES]
        return {
            "tokens": dict(zip(names, self.total, strict=False)),
            "trained_tokens": dict(zip(names, self.trained, strict=False)),
            "sum_tokens": self.sum_total,
            "sum_trained_tokens": self.sum_trained,
            "context": self.context,
            "num_dialogs_beyond_context": self.num_beyond,
            "trained_tokens_beyond_context": self.trained_beyond,
        }


class Lengths:
    """Collects two numbers for each dialog."""

    def __init__(self, context: int | None) -> None:
        self._context = context
        self._total, self._trained = array("q"), array("q")
        self._num_beyond = self._trained_beyond = 0

    def add(self, total: int, trained: int, *, beyond: int) -> None:
        """Count a dialog; `beyond` of its learnt tokens lie beyond the context."""
        self._total.append(total)
        self._trained.append(trained)
        self._num_beyond += self._context is not None and total > self._context
        self._trained_beyond += beyond

    def table(self) -> LengthTable:
        total, trained = np.array(self._total, np.int64), np.array(self._trained, np.int64)
        return LengthTable(
            total=_quantiles(total),
            trained=_quantiles(trained),
            sum_total=int(total.sum()),
            sum_trained=int(trained.sum()),
            context=self._context,
            num_beyond=self._num_beyond,
            trained_beyond=self._trained_beyond,
        )


def _quantiles(column: np.ndarray[Any, np.dtype[np.int64]]) -> list[int]:
    return [int(value) for value in np.quantile(column, QUANTILES, method="nearest")] if len(column) else []
