"""What changes logits before a token is chosen: penalties for what was written, a bias by token, a grammar.

Each is a sequence's own, and of a step's rows mostly few have any, so they are applied row by row, to a copy: the log-probabilities that are reported stay the model's own.

Shapes: R rows, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from puna.engine.penalties import Adjustments
from puna.engine.sequence import SequenceState


def adjusted(logits_RV: Tensor, sequences: Sequence[tuple[SequenceState, int]]) -> Tensor:
    """Return logits as they are drawn from; `sequences` own the rows in their order, each as many as it says: one, and one more for each guess of its draft.

    Where a grammar cannot be followed beyond a guess, the draft ends there; where it cannot be followed at all, the sequence has a `problem`.
    """
    if not any(_adjusts(sequence) for sequence, _ in sequences):
        return logits_RV
    logits_RV = logits_RV.clone()
    first = 0
    for sequence, count in sequences:
        if _adjusts(sequence):
            _adjust(logits_RV[first : first + count], sequence)
        first += count
    return logits_RV


def _adjusts(sequence: SequenceState) -> bool:
    return sequence.grammar is not None or sequence.settings.penalises or bool(sequence.settings.logit_bias)


def _adjust(logits_RV: Tensor, sequence: SequenceState) -> None:
    """Change a sequence's rows: the first follows its own tokens, each further one a guess more."""
    if sequence.settings.penalises or sequence.settings.logit_bias:
        if sequence.adjustments is None:
            sequence.adjustments = Adjustments(
                sequence.settings, num_prompt=sequence.num_prompt, vocab_size=logits_RV.shape[1], device=logits_RV.device
            )
        sequence.adjustments.apply(logits_RV, sequence.ids, sequence.draft)
    if sequence.grammar is not None:
        masked = sequence.grammar.mask(logits_RV, sequence.draft[: len(logits_RV) - 1])
        # After a guess that the grammar cannot follow there is nothing to compare further guesses with.
        sequence.draft = sequence.draft[: max(masked - 1, 0)]
