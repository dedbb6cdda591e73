"""The runner: a step's pieces through the model, and logits where somebody needs them.

Shapes: T tokens of the step, D model width, R rows with logits, V the tokenizer's vocabulary (a model's may be padded beyond it).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from puna.engine.cache import PagedCache
from puna.engine.scheduler import Piece
from puna.model.llama import Llama

# Of fp32 logits alive at once: 262 rows of a vocabulary of 128,256.
LOGIT_BYTES = 128 << 20


class Runner:
    """One model with its cache. `vocab_size` is how many of its tokens may be written."""

    def __init__(self, model: Llama, cache: PagedCache, *, vocab_size: int) -> None:
        self.model, self.cache, self.vocab_size = model, cache, vocab_size

    @torch.no_grad()
    def hidden(self, pieces: Sequence[Piece], ids: Sequence[Sequence[int]]) -> Tensor:
        """Read `ids`, a list for each piece, into the cache and return the final hidden states of all, `[T, D]`."""
        tokens_T = torch.tensor([token_id for some in ids for token_id in some], device=self.cache.device)
        return self.model(tokens_T, self.cache.step([piece.span for piece in pieces]))  # type: ignore[no-any-return]

    @torch.no_grad()
    def logits(self, hidden_RD: Tensor) -> Tensor:
        """Return next-token logits over the tokens that may be written, `[R, V]` in fp32."""
        return self.model.logits(hidden_RD)[:, : self.vocab_size]


@torch.no_grad()
def logprobs_of(model: Llama, hidden_RD: Tensor, targets_R: Tensor, *, vocab_size: int) -> Tensor:
    """Return each row's log-probability (nats) of its target, fp64 on the CPU, a bounded number of rows of logits at a time.

    It is taken over the first `vocab_size` tokens, the tokenizer's: what pads a model's vocabulary can never be written, so nothing that is reported counts it.
    """
    rows_at_once = max(1, LOGIT_BYTES // (4 * model.config.vocab_size))
    pieces = [torch.empty(0, dtype=torch.float64)]
    for first in range(0, len(hidden_RD), rows_at_once):
        logits_RV = model.logits(hidden_RD[first : first + rows_at_once])[:, :vocab_size]
        chosen_R = logits_RV.gather(1, targets_R[first : first + rows_at_once, None])[:, 0]
        pieces.append((chosen_R - logits_RV.logsumexp(-1)).double().cpu())
    return torch.cat(pieces)
