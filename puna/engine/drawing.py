"""From a step's logits to its tokens: what adjusts them, the draw, and the log-probabilities that are reported.

A step is shared, and a mistake in one row is no reason for all others to lose their answers: a row that cannot be drawn from, whatever the reason, is its own sequence's trouble.

Shapes: R rows, V vocabulary.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

import torch
from torch import Tensor

from puna.engine.adjust import adjusted
from puna.engine.request import Token
from puna.engine.sampler import choose, log_probabilities
from puna.engine.sequence import SequenceState

log = logging.getLogger("puna.engine")


@torch.no_grad()
def next_tokens(logits_RV: Tensor, sequences: Sequence[SequenceState]) -> list[list[Token]]:
    """Return each sequence's next token and one more for each of its guesses; nothing is accepted yet. The rows are theirs in order; one that cannot be drawn from leaves its sequence a `problem`."""
    counts = [1 + len(sequence.draft) for sequence in sequences]
    owners = [(sequence, place) for sequence, count in zip(sequences, counts, strict=True) for place in range(count)]
    settings = [sequence.settings for sequence, _ in owners]
    ids = _chosen(adjusted(logits_RV, list(zip(sequences, counts, strict=True))), owners)
    logprobs, tops = log_probabilities(logits_RV, ids, num_top=max(its.top_logprobs for its in settings))
    found = iter(
        Token(token_id, logprob, "", top[: its.top_logprobs])
        for token_id, logprob, top, its in zip(ids, logprobs, tops, settings, strict=True)
    )
    return [[next(found) for _ in range(count)] for count in counts]


def _chosen(logits_RV: Tensor, owners: Sequence[tuple[SequenceState, int]]) -> list[int]:
    """Return each row's token; where one cannot be drawn, its sequence has a `problem` and the token stands for nothing."""
    draws = [(sequence.request.item, sequence.num_written + place) for sequence, place in owners]
    try:
        return choose(logits_RV, [sequence.settings for sequence, _ in owners], draws=draws)
    except Exception as error:
        if len(owners) > 1:
            return [token_id for row, owner in enumerate(owners) for token_id in _chosen(logits_RV[row : row + 1], [owner])]
        log.error("a row could not be drawn from", exc_info=error)
        owners[0][0].report(f"no token could be drawn: {type(error).__name__}: {error}")
        return [0]
