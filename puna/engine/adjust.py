"""What changes logits before a token is chosen: penalties for what was written, a bias by token, a grammar.

Each is a sequence's own, and of a step's rows mostly few have any, so they are applied row by row, to a copy: the log-probabilities that are reported stay the model's own.

Shapes: R rows, V vocabulary.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import torch
from torch import Tensor

from puna.engine.sampler import SamplingSettings
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


def penalise(logits_V: Tensor, settings: SamplingSettings, ids: Sequence[int], *, num_prompt: int) -> None:
    """Lower, in place, the logits of tokens among `ids`: of all once (repetition), of those written after the prompt once (presence) and for each time (frequency)."""
    read_ids = torch.tensor(sorted(set(ids)), device=logits_V.device)
    values = logits_V[read_ids]
    logits_V[read_ids] = torch.where(values > 0, values / settings.repetition_penalty, values * settings.repetition_penalty)
    written = Counter(ids[num_prompt:])
    written_ids = torch.tensor(list(written), dtype=torch.long, device=logits_V.device)
    counts = torch.tensor(list(written.values()), dtype=logits_V.dtype, device=logits_V.device)
    logits_V[written_ids] -= settings.presence_penalty + settings.frequency_penalty * counts


def _adjusts(sequence: SequenceState) -> bool:
    return sequence.grammar is not None or sequence.settings.penalises or bool(sequence.settings.logit_bias)


def _adjust(logits_RV: Tensor, sequence: SequenceState) -> None:
    """Change a sequence's rows: the first follows its own tokens, each further one a guess more."""
    settings = sequence.settings
    for row, logits_V in enumerate(logits_RV):
        if settings.penalises:
            ids = [token_id for token_id in (*sequence.ids, *sequence.draft[:row]) if token_id < len(logits_V)]
            penalise(logits_V, settings, ids, num_prompt=sequence.num_prompt)
        for token_id, value in settings.logit_bias.items():
            logits_V[token_id] += value
    if sequence.grammar is not None:
        masked = sequence.grammar.mask(logits_RV, sequence.draft[: len(logits_RV) - 1])
        # After a guess that the grammar cannot follow there is nothing to compare further guesses with.
        sequence.draft = sequence.draft[: max(masked - 1, 0)]
