"""A batch: packed tokens with their targets, and where each document begins.

Shapes: T tokens of the whole batch, S documents (a document cut by a window counts again in the next).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Batch:
    """What one forward pass sees. `targets_T[i]` follows `tokens_T[i]`; its loss counts `weights_T[i]` times (0 or 1)."""

    tokens_T: NDArray[np.int64]
    targets_T: NDArray[np.int64]
    weights_T: NDArray[np.float32]
    starts_S: NDArray[np.int64]

    @property
    def num_targets(self) -> int:
        """Return how many tokens count in the loss."""
        return int(np.count_nonzero(self.weights_T))
