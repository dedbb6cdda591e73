"""What a sequence's own settings do to its logits: penalties for what was written, and a bias by token.

How often each token stands in a text is kept from step to step, so that a step costs what is new and not all that was ever read.

Shapes: R rows, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from puna.engine.sampler import SamplingSettings


class Adjustments:
    """A sequence's counts of its tokens, `read_V` of all and `written_V` of those after the prompt, and its bias, on the device of its logits."""

    def __init__(self, settings: SamplingSettings, *, num_prompt: int, vocab_size: int, device: torch.device) -> None:
        self._settings, self._num_prompt, self._num_counted = settings, num_prompt, 0
        self._read_V, self._written_V = (torch.zeros(vocab_size if settings.penalises else 0, device=device) for _ in range(2))
        self._bias_ids = torch.tensor(list(settings.logit_bias), dtype=torch.long, device=device)
        self._bias = torch.tensor(list(settings.logit_bias.values()), device=device)

    def apply(self, logits_RV: Tensor, ids: Sequence[int], draft: Sequence[int]) -> None:
        """Change, in place, the rows of a text of `ids`: the first follows them, each further one a guess of `draft` more."""
        if self._settings.penalises:
            self._count(ids[self._num_counted :], first=self._num_counted)
            self._num_counted = len(ids)
            for row, logits_V in enumerate(logits_RV):
                if row:
                    self._count(draft[row - 1 : row], first=len(ids))
                self._penalise(logits_V)
            self._count(draft[: len(logits_RV) - 1], first=len(ids), times=-1)
        if self._settings.logit_bias:
            logits_RV[:, self._bias_ids] += self._bias.to(logits_RV)

    def _count(self, ids: Sequence[int], *, first: int, times: int = 1) -> None:
        """Count tokens that stand from the text's place `first` on; `times` -1 takes them back."""
        for counts_V, counted in ((self._read_V, ids), (self._written_V, ids[max(self._num_prompt - first, 0) :])):
            index = torch.tensor(counted, dtype=torch.long, device=counts_V.device)
            counts_V.index_add_(0, index, torch.full((len(counted),), float(times), device=counts_V.device))

    def _penalise(self, logits_V: Tensor) -> None:
        """Lower the logits of tokens that were read (repetition), and of those that were written once (presence) and for each time (frequency)."""
        its = self._settings
        if its.repetition_penalty != 1:
            lowered_V = torch.where(logits_V > 0, logits_V / its.repetition_penalty, logits_V * its.repetition_penalty)
            logits_V.copy_(torch.where(self._read_V > 0, lowered_V, logits_V))
        if its.presence_penalty or its.frequency_penalty:
            logits_V -= its.presence_penalty * (self._written_V > 0) + its.frequency_penalty * self._written_V
