"""Guessing ahead: cheap guesses at the next tokens, which the model then reads all at once.

Writing one token of one sequence reads every weight; reading four costs hardly more. So somebody guesses what comes next, the model reads the guesses with the sequence's own last token in one
step, and each place where its own choice is the guess saves a step (arXiv 2211.17192). Where the choice differs, the rest of the guesses is dropped.

Puna's draws are a function of logits and of a number that is hashed from seed, item and place (`sampler.py`). So the choice in each place is simply made as it would have been without guesses, and
compared: the text is the very same text, greedy or not, with penalties, grammars and any number of neighbours, and nothing has to be drawn again from a difference of distributions. A model that
guesses draws with the same numbers, which makes the two agree about as often as their distributions allow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from puna.engine.runner import Runner
from puna.engine.sampler import choose
from puna.engine.scheduler import Piece

NGRAM = 3
LOOKED_THROUGH = 4096  # tokens back


class Drafter(Protocol):
    """Somebody who guesses."""

    def read(self, pieces: Sequence[Piece]) -> None:
        """Learn of prompts that a step reads."""
        ...

    def propose(self, pieces: Sequence[Piece]) -> list[list[int]]:
        """Return guesses for each piece's sequence, as many as it has room for at most: what may follow its last token."""
        ...


class NGramDrafter:
    """Guesses that what followed the last few tokens before follows them again: right where text is copied, as in code, quotations and JSON."""

    def read(self, pieces: Sequence[Piece]) -> None:
        """Nothing to learn: the sequences hold their tokens."""

    def propose(self, pieces: Sequence[Piece]) -> list[list[int]]:
        """Return what followed the latest earlier place that ends in the same tokens, three or two of them."""
        return [repeated(piece.sequence.ids, most=piece.count - 1) for piece in pieces]


def repeated(ids: Sequence[int], *, most: int) -> list[int]:
    """Return up to `most` ids that followed the latest earlier occurrence of the last `NGRAM` ids, or of the last two; none where there was none."""
    recent = list(ids[-LOOKED_THROUGH:])
    for length in range(NGRAM, 1, -1):
        last = recent[-length:]
        for start in range(len(recent) - length - 1, -1, -1):
            if recent[start] == last[0] and recent[start : start + length] == last:
                return recent[start + length : start + length + most]
    return []


class ModelDrafter:
    """A smaller model of the same tokenizer guesses. Its cache has the same blocks as the large one's, so that one table serves both and what is shared is shared in both."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    def _reaches(self, piece: Piece) -> bool:
        """Return whether this model was made to read as far as a piece goes; a text that is longer is written without guesses."""
        return piece.span.end <= self._runner.model.config.max_positions

    def read(self, pieces: Sequence[Piece]) -> None:
        """Read what the large model reads of prompts. Blocks of written text may lack their last token here, which can make guesses worse and nothing else."""
        prompts = [piece for piece in pieces if not piece.sequence.is_writing and self._reaches(piece)]
        if prompts:
            self._runner.hidden(prompts, [piece.sequence.next_ids[: piece.count] for piece in prompts])

    def propose(self, pieces: Sequence[Piece]) -> list[list[int]]:
        """Return guesses drawn as the sequences themselves would draw, from this model's logits."""
        drafts: list[list[int]] = [[] for _ in pieces]
        # The last two tokens first: the one before the last may have been a guess that this model made and did not read.
        going_on = [replace(piece, start=max(piece.start - 1, 0), count=piece.start + 1 - max(piece.start - 1, 0)) for piece in pieces]
        ids = [piece.sequence.ids[piece.start : piece.start + piece.count] for piece in going_on]
        live = [number for number, piece in enumerate(pieces) if piece.count > 1 and self._reaches(piece)]
        while live:
            chosen = self._next(
                [going_on[number] for number in live], [ids[number] for number in live], drafts=[drafts[number] for number in live]
            )
            for number, token_id in zip(live, chosen, strict=True):
                drafts[number].append(token_id)
                going_on[number] = replace(going_on[number], start=going_on[number].start + going_on[number].count, count=1)
                ids[number] = [token_id]
            live = [number for number in live if len(drafts[number]) < pieces[number].count - 1]
        return drafts

    def _next(self, pieces: Sequence[Piece], ids: Sequence[Sequence[int]], *, drafts: Sequence[Sequence[int]]) -> list[int]:
        hidden_TD = self._runner.hidden(pieces, ids)
        ends = [sum(len(some) for some in ids[: number + 1]) - 1 for number in range(len(ids))]
        sequences = [piece.sequence for piece in pieces]
        draws = [(one.request.item, one.num_written + len(draft)) for one, draft in zip(sequences, drafts, strict=True)]
        logits_RV = self._runner.logits(hidden_TD[ends])
        return choose(logits_RV, [one.settings for one in sequences], draws=draws)


def kept_guesses(chosen: Sequence[int], draft: Sequence[int]) -> int:
    """Return how many guesses were right: `chosen` are the model's own choices, of which number `i` was made having read `draft[:i]`."""
    return next((number for number, guess in enumerate(draft) if chosen[number] != guess), len(draft))
