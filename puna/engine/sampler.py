"""Choosing the next token, each row by its own settings.

A temperature of 0 takes the likeliest token. Otherwise the order is the one that transformers and Llama's own code share: logits are divided by the temperature; top-k keeps the k likeliest;
what is left is normalised; top-p (arXiv 1904.09751) keeps the smallest set of the likeliest tokens whose probabilities reach p; min-p (arXiv 2407.01082) those with at least that share of the
likeliest one's probability; one of them is drawn. The likeliest token always stays. What changes logits before (penalties, a bias, a grammar) is in `adjust.py`.

Every draw is one number in [0, 1), hashed from (seed, item, step), that picks a place in the cumulated probabilities. So a sample depends neither on the other rows of its batch nor on what
was drawn before nor on guesses that came with it, and is the same on every device, up to the rounding of logits.

Shapes: R rows, V vocabulary, C candidates (the likeliest tokens, in order).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated

import torch
from pydantic import Field, field_validator
from torch import Tensor

from puna.formats.generation import GenerationDefaults
from puna.seeds import seed_of
from puna.settings import Settings

# Sorting a vocabulary of 128,256 costs as much as a small model's step; the nucleus is nearly always within this many tokens.
CANDIDATES = 1024
MOST_TOP_LOGPROBS = 20
# No setting is so large that arithmetic on it overflows, in whatever type: whole numbers fit into 32 bits, and what logits are divided or multiplied by leaves them finite.
MOST = 2**31 - 1
MOST_TEMPERATURE = 1e4
LEAST_PENALTY, MOST_PENALTY = 0.01, 100.0
SEED_BITS = 63  # and a sign
NOT_FINITE = "the model's logits are not finite: its weights are damaged, or overflow in this dtype (try float32)"


TokenId = Annotated[int, Field(ge=0, le=MOST)]


class SamplingSettings(Settings):
    """How to generate. The defaults are those of Llama's own code; `temperature` 0 is greedy, `top_k` None keeps all tokens.

    `repetition_penalty` divides the logits of tokens that the prompt or the text has already (arXiv 1909.05858; multiplies negative ones); `presence_penalty` and `frequency_penalty` are subtracted
    from those that were written, once and for each time, as OpenAI defines them. `logit_bias` is added by token id. `stop_ids` end a text beside the model's own end tokens, which `ignore_end` writes
    as if they were words. `top_logprobs` asks for that many likeliest tokens in each place.
    """

    temperature: float = Field(default=0.6, ge=0, le=MOST_TEMPERATURE)
    top_p: float = Field(default=0.9, gt=0, le=1)
    top_k: int | None = Field(default=None, ge=1, le=MOST)
    min_p: float = Field(default=0.0, ge=0, le=1)
    repetition_penalty: float = Field(default=1.0, ge=LEAST_PENALTY, le=MOST_PENALTY)
    presence_penalty: float = Field(default=0.0, ge=-2, le=2)
    frequency_penalty: float = Field(default=0.0, ge=-2, le=2)
    logit_bias: dict[TokenId, float] = Field(default_factory=dict)
    max_tokens: int = Field(default=256, ge=0, le=MOST)
    seed: int = Field(default=0, ge=-(2**SEED_BITS), lt=2**SEED_BITS)
    stop: tuple[str, ...] = ()
    stop_ids: tuple[TokenId, ...] = ()
    ignore_end: bool = False
    top_logprobs: int = Field(default=0, ge=0, le=MOST_TOP_LOGPROBS)

    @field_validator("stop")
    @classmethod
    def _not_empty(cls, stop: tuple[str, ...]) -> tuple[str, ...]:
        if "" in stop:
            raise ValueError("a stop string is empty, and would stop before anything is written")
        return stop

    @field_validator("logit_bias")
    @classmethod
    def _in_bounds(cls, bias: dict[int, float]) -> dict[int, float]:
        if not all(-100 <= value <= 100 for value in bias.values()):
            raise ValueError("a bias lies between -100 and 100")
        return bias

    @property
    def penalises(self) -> bool:
        """Return whether what was written before changes what may come."""
        return self.repetition_penalty != 1 or self.presence_penalty != 0 or self.frequency_penalty != 0


def recommended(generation: GenerationDefaults) -> SamplingSettings:
    """Return a model directory's own sampling defaults; Llama's where it is silent."""
    said = {"temperature": generation.temperature, "top_p": generation.top_p, "top_k": generation.top_k}
    return SamplingSettings.model_validate({key: value for key, value in said.items() if value is not None})


def choose(logits_RV: Tensor, settings: Sequence[SamplingSettings], *, draws: Sequence[tuple[int, int]]) -> list[int]:
    """Return each row's next token. `draws` gives each row's (item, step)."""
    ids: list[int] = logits_RV.argmax(-1).tolist()
    warm = [row for row, its in enumerate(settings) if its.temperature > 0]
    if warm:
        uniforms = [seed_of(settings[row].seed, "sample", *draws[row]) / 2**63 for row in warm]
        chosen = [settings[row] for row in warm]
        rows_RV = logits_RV if len(warm) == len(ids) else logits_RV[warm]
        for row, token_id in zip(warm, draw(rows_RV, chosen, torch.tensor(uniforms, dtype=torch.float64)).tolist(), strict=True):
            ids[row] = token_id
    return ids


def log_probabilities(logits_RV: Tensor, ids: Sequence[int], *, num_top: int) -> tuple[list[float], list[tuple[tuple[int, float], ...]]]:
    """Return each row's log-probability (nats) of its token, and the `num_top` likeliest with theirs: the model's own, at temperature 1 over the whole vocabulary.

    One that `is_logprob` says is none comes from logits that are not finite.
    """
    total_R = logits_RV.logsumexp(-1)
    logprobs: list[float] = (logits_RV.gather(-1, torch.tensor(ids, device=logits_RV.device)[:, None])[:, 0] - total_R).tolist()
    if not num_top:
        return logprobs, [()] * len(ids)
    values_RC, ids_RC = logits_RV.topk(min(num_top, logits_RV.shape[-1]))
    tops = zip(ids_RC.tolist(), (values_RC - total_R[:, None]).tolist(), strict=True)
    return logprobs, [tuple(zip(*top, strict=True)) for top in tops]


def is_logprob(value: float) -> bool:
    """Return whether a value is a log-probability, up to rounding."""
    return -math.inf < value <= 1e-3


def draw(logits_RV: Tensor, settings: Sequence[SamplingSettings], uniforms_R: Tensor) -> Tensor:
    """Return one token a row, `[R]`: the one at which the kept tokens' cumulated probability passes `uniforms_R` (in [0, 1))."""
    probs_RC, ids_RC = kept(logits_RV, settings)
    cumulated_RC = probs_RC.cumsum(-1)
    target_R1 = uniforms_R[:, None].to(cumulated_RC) * cumulated_RC[:, -1:]
    place_R1 = (cumulated_RC <= target_R1).sum(-1, keepdim=True)
    last_R1 = (probs_RC > 0).sum(-1, keepdim=True) - 1
    return ids_RC.gather(-1, place_R1.minimum(last_R1).clamp_min(0))[:, 0]


def kept(logits_RV: Tensor, settings: Sequence[SamplingSettings]) -> tuple[Tensor, Tensor]:
    """Return the likeliest tokens in order with their probabilities (not yet normalised again; 0 where cut off): two `[R, C]`, in fp64 and int64.

    Every row must have a temperature above 0.
    """
    vocab_size = logits_RV.shape[-1]
    column = _columns(logits_RV.device)
    temperature_R1, top_p_R1, min_p_R1 = (column([getattr(its, key) for its in settings]) for key in ("temperature", "top_p", "min_p"))
    top_k_R1 = column([its.top_k or vocab_size for its in settings])
    limited_R1 = top_k_R1 < vocab_size
    total_R1 = (logits_RV.double() / temperature_R1).logsumexp(-1, keepdim=True)

    def likeliest(count: int) -> tuple[Tensor, Tensor]:
        values_RC, ids_RC = logits_RV.topk(count) if count < vocab_size else logits_RV.sort(stable=True, dim=-1, descending=True)
        values_RC = values_RC.double() / temperature_R1
        values_RC = values_RC.masked_fill(torch.arange(count, device=values_RC.device) >= top_k_R1, -torch.inf)
        return (values_RC - torch.where(limited_R1, values_RC.logsumexp(-1, keepdim=True), total_R1)).exp(), ids_RC

    count = min(vocab_size, max(its.top_k or CANDIDATES for its in settings))
    probs_RC, ids_RC = likeliest(count)
    if count < vocab_size and bool((~limited_R1 & (probs_RC.sum(-1, keepdim=True) < top_p_R1)).any()):
        probs_RC, ids_RC = likeliest(vocab_size)
    inside_RC = (probs_RC.cumsum(-1) - probs_RC < top_p_R1) & (probs_RC >= min_p_R1 * probs_RC[:, :1])
    inside_RC[:, 0] = True
    return probs_RC * inside_RC, ids_RC


def _columns(device: torch.device):  # type: ignore[no-untyped-def]  # noqa: ANN202
    return lambda values: torch.tensor(values, dtype=torch.float64, device=device)[:, None]
