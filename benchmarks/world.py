"""How fast the world is written, how well it compresses, and how much of it any one template gives.

Documents come from one core (CPU seconds of one thread, so other work on the machine hardly counts). Compression is zstd's level 3 over all good texts, joined:
natural English on the web gives it about 3, a page of templates with holes 10 and more. A template is a production of the grammar; it is credited with the
tokens (words and marks) that it writes itself or puts into its holes, not with those of productions below it.

The last line is one JSON object. `mb_per_second` should be 1 at least, `zstd_ratio` below 5, `largest_template_share` below 0.005.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import zstandard

from puna.corpus.world.generate import Library
from puna.corpus.world.grammar import Tally
from puna.corpus.world.settings import Languages, WorldSettings
from puna.recipe.schema import Recipe

LEVEL = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=14_000, help="how many documents to write (a megabyte takes about 3,000)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--language", choices=list(Languages.model_fields), default="english")
    parser.add_argument("--recipe", type=Path, help="take the world of this recipe's corpus stage")
    given = parser.parse_args()
    settings = _world_of(given.recipe) if given.recipe else WorldSettings()
    weights = dict.fromkeys(Languages.model_fields, 0.0) | {given.language: 1.0}
    settings = settings.model_copy(update={"languages": Languages(**weights)})
    started = time.thread_time()
    library = Library(given.seed, settings)
    drafts = [library.draft(index) for index in range(given.documents)]
    seconds = time.thread_time() - started
    num_bytes = sum(len(made.document.text.encode()) for made in drafts)
    good = "\n".join(made.document.text for made in drafts if made.quality == "good").encode()
    tally = Tally()
    counted = Library(given.seed, settings, tally=tally)
    for index in range(given.documents):
        counted.draft(index)
    print(
        f"{num_bytes / 1e6:.1f} MB in {len(drafts):,} documents, {seconds:.2f} CPU seconds of one core; {len(good) / 1e6:.1f} MB of good text"
    )
    print(f"{len(tally.tokens):,} productions gave {tally.total:,} tokens; the largest:")
    for name, tokens in tally.tokens.most_common(5):
        print(f"  {tokens / tally.total:.4f}  {name!r}")
    figures = {
        "mb_per_second": round(num_bytes / 1e6 / seconds, 2),
        "zstd_ratio": round(len(good) / len(zstandard.compress(good, LEVEL)), 2),
        "largest_template_share": round(max(tally.tokens.values()) / tally.total, 4),
    }
    print(json.dumps(figures))


def _world_of(recipe: Path) -> WorldSettings:
    corpus = next(stage for stage in Recipe.read(recipe).stages if stage.kind.name == "corpus")
    found: WorldSettings = corpus.settings.world  # type: ignore[attr-defined]
    return found


if __name__ == "__main__":
    main()
