"""A request's sampling fields as the engine's settings: what is not given is the model's own default, but for the seed, which is drawn anew."""

from __future__ import annotations

import secrets
from typing import Any

from puna.engine import SamplingSettings
from puna.serve.protocol import Generation
from puna.settings import parse

# One name there, another here.
NAMES = {"stop_token_ids": "stop_ids", "ignore_eos": "ignore_end"}
SAME = ("temperature", "top_p", "min_p", "presence_penalty", "frequency_penalty", "repetition_penalty", "logit_bias", "seed")


def settings_of(asked: Generation, defaults: SamplingSettings, *, max_tokens: int, top_logprobs: int) -> SamplingSettings:
    """Return how to write the answers to a request."""
    fields: dict[str, Any] = {name: getattr(asked, name) for name in SAME} | {ours: getattr(asked, name) for name, ours in NAMES.items()}
    given = {name: value for name, value in fields.items() if value is not None}
    if asked.top_k is not None:
        # 0 and -1 are how vLLM's clients say "all".
        given["top_k"] = asked.top_k if asked.top_k > 0 else None
    given.setdefault("seed", secrets.randbits(62))
    given |= {
        "stop": tuple(asked.stop or ()),
        "stop_ids": tuple(given.get("stop_ids", ())),
        "max_tokens": max_tokens,
        "top_logprobs": top_logprobs,
    }
    return parse(SamplingSettings, {**defaults.model_dump(), **given}, where="sampling")
