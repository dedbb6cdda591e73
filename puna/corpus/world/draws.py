"""Where the world's chance comes from: a generator for each thing that is drawn, seeded by what it is for."""

from __future__ import annotations

import random
from collections.abc import Mapping

from puna.seeds import seed_of


def generator(seed: int, *item: int | str) -> random.Random:
    """Return the generator of one item of the world that `seed` makes; Python keeps its stream the same from version to version."""
    return random.Random(seed_of(seed, "world", *item))  # noqa: S311 (nothing here is secret)


def weighted(rng: random.Random, weights: Mapping[str, float]) -> str:
    """Draw a name by its weight; one with weight 0 is never drawn."""
    left = rng.random() * sum(weights.values())
    for name, weight in weights.items():
        if left < weight:
            return name
        left -= weight
    return max(weights, key=lambda name: weights[name])
