"""Where the world's chance comes from: a generator for each thing that is drawn, seeded by what it is for."""

from __future__ import annotations

import random

from puna.seeds import seed_of


def generator(seed: int, *item: int | str) -> random.Random:
    """Return the generator of one item of the world that `seed` makes; Python keeps its stream the same from version to version."""
    return random.Random(seed_of(seed, "world", *item))  # noqa: S311 (nothing here is secret)
