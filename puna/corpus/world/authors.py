"""Invented authors, each with habits: which phrasings they like, how long their sentences and paragraphs run, how often they say "she" for a name.

Without them every text would be drawn from one even mixture, and nothing could be told of a text from its beginning; with them, as on the real web, the
style of the first lines foretells the style of the rest.
"""

from __future__ import annotations

from dataclasses import dataclass

from puna.corpus.world.draws import generator


@dataclass(frozen=True, slots=True)
class Author:
    """Habits: shares of sentences unless said otherwise.

    `taste` is how far the liked phrasings come before others (1: not at all), and `phase`, from 0 to 1, where among all of them the liked ones lie: authors
    are spread evenly, so what one likes another does not, and all together use everything. `sentences` is how many make a paragraph.
    """

    phase: float = 0.0
    taste: float = 1.0
    pronouns: float = 0.3
    joined: float = 0.4
    framed: float = 0.15
    turned: float = 0.35
    excited: float = 0.0
    sentences: int = 5


PLAIN = Author()


def authors(seed: int, count: int) -> tuple[Author, ...]:
    """Return the authors of the world that `seed` makes."""
    found = []
    for number in range(count):
        rng = generator(seed, "author", number)
        excited = 0.25 * rng.random() if rng.random() < 0.25 else 0.0
        found.append(
            Author(
                phase=number / count, taste=1.2 + 0.4 * rng.random(), pronouns=0.1 + 0.5 * rng.random(), joined=0.15 + 0.6 * rng.random(),
                framed=0.3 * rng.random(), turned=0.2 + 0.4 * rng.random(), excited=excited, sentences=2 + rng.randrange(6),
            )
        )  # fmt: skip
    return tuple(found)
