"""Choosing the next token.

A temperature of 0 takes the likeliest token. Otherwise the order is the one that transformers and Llama's own code share: logits are divided by the
temperature; top-k keeps the k likeliest; what is left is normalised; top-p (arXiv 1904.09751) keeps the smallest set of the likeliest tokens whose
probabilities reach p; one of them is drawn. The likeliest token always stays.

Every draw is one number in [0, 1), hashed from (seed, item, step), that picks a place in the cumulated probabilities. So a sample depends neither on the
other rows of its batch nor on what was drawn before, and is the same on every device, up to the rounding of logits.

Shapes: R rows, V vocabulary, C candidates (the likeliest tokens, in order).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from pydantic import Field, field_validator
from torch import Tensor

from puna.errors import WorkError
from puna.seeds import seed_of
from puna.settings import Settings

# Sorting a vocabulary of 128,256 costs as much as a small model's step; the nucleus is nearly always within this many tokens.
CANDIDATES = 1024


class SamplingSettings(Settings):
    """How to generate. The defaults are those of Llama's own code; `temperature` 0 is greedy, `top_k` None keeps all tokens."""

    temperature: float = Field(default=0.6, ge=0, allow_inf_nan=False)
    top_p: float = Field(default=0.9, gt=0, le=1)
    top_k: int | None = Field(default=None, ge=1)
    max_tokens: int = Field(default=256, ge=1)
    seed: int = 0
    stop: tuple[str, ...] = ()

    @field_validator("stop")
    @classmethod
    def _not_empty(cls, stop: tuple[str, ...]) -> tuple[str, ...]:
        if "" in stop:
            raise ValueError("a stop string is empty, and would stop before anything is written")
        return stop


def choose(logits_RV: Tensor, settings: SamplingSettings, *, draws: Sequence[tuple[int, int]]) -> tuple[list[int], list[float]]:
    """Return each row's next token and its log-probability in nats.

    `draws` gives each row's (item, step). The log-probability is the model's own, at temperature 1 over the whole vocabulary, whatever was kept. Raises
    `WorkError` where logits are not finite.
    """
    if settings.temperature == 0:
        ids_R = logits_RV.argmax(-1)
    else:
        uniforms = [seed_of(settings.seed, "sample", item, step) / 2**63 for item, step in draws]
        ids_R = draw(logits_RV, settings, torch.tensor(uniforms, dtype=torch.float64))
    logprobs_R = logits_RV.gather(-1, ids_R[:, None])[:, 0] - logits_RV.logsumexp(-1)
    logprobs: list[float] = logprobs_R.tolist()
    if not all(-float("inf") < logprob <= 1e-3 for logprob in logprobs):
        raise WorkError("the model's logits are not finite: its weights are damaged, or overflow in this dtype (try float32)")
    return ids_R.tolist(), logprobs


def draw(logits_RV: Tensor, settings: SamplingSettings, uniforms_R: Tensor) -> Tensor:
    """Return one token a row, `[R]`: the one at which the kept tokens' cumulated probability passes `uniforms_R` (in [0, 1))."""
    probs_RC, ids_RC = kept(logits_RV, settings)
    cumulated_RC = probs_RC.cumsum(-1)
    target_R1 = uniforms_R[:, None].to(cumulated_RC) * cumulated_RC[:, -1:]
    place_R1 = (cumulated_RC <= target_R1).sum(-1, keepdim=True)
    last_R1 = (probs_RC > 0).sum(-1, keepdim=True) - 1
    return ids_RC.gather(-1, place_R1.minimum(last_R1).clamp_min(0))[:, 0]


def kept(logits_RV: Tensor, settings: SamplingSettings) -> tuple[Tensor, Tensor]:
    """Return the likeliest tokens in order with their probabilities (not yet normalised again; 0 where cut off): two `[R, C]`, in fp64 and int64."""
    vocab_size = logits_RV.shape[-1]
    scaled_RV = logits_RV.double() / settings.temperature
    count = min(vocab_size, settings.top_k or CANDIDATES)
    values_RC, ids_RC = scaled_RV.topk(count)
    total_R1 = (values_RC if settings.top_k else scaled_RV).logsumexp(-1, keepdim=True)
    probs_RC = (values_RC - total_R1).exp()
    if not settings.top_k and count < vocab_size and bool((probs_RC.sum(-1) < settings.top_p).any()):
        values_RC, ids_RC = scaled_RV.sort(stable=True, dim=-1, descending=True)
        probs_RC = (values_RC - total_R1).exp()
    before_RC = probs_RC.cumsum(-1) - probs_RC
    inside_RC = before_RC < settings.top_p
    inside_RC[:, 0] = True
    return probs_RC * inside_RC, ids_RC
