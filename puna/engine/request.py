"""What is asked of the engine, and what comes back token by token."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from puna.engine.sampler import SamplingSettings

if TYPE_CHECKING:
    from puna.engine.grammar import Grammar


@dataclass(frozen=True, slots=True)
class Request:
    """One prompt to continue.

    `item` seeds its draws: sample `i` of several of one prompt has item `i`. `end_ids` None takes the engine's. `continues` says that the prompt's text goes on, as a chat's does not.
    `grammar` holds what may be written. With `scored_from`, the log-probabilities of the prompt's tokens from that index on are asked for too; the first can have none.
    """

    prompt_ids: Sequence[int]
    settings: SamplingSettings
    item: int = 0
    end_ids: frozenset[int] | None = None
    continues: bool = True
    grammar: Grammar | None = None
    scored_from: int | None = None


@dataclass(frozen=True, slots=True)
class Token:
    """One token that was written: its log-probability (nats) by the model itself, the text that it lets be shown, and the likeliest tokens in its place."""

    id: int
    logprob: float
    text: str
    top: tuple[tuple[int, float], ...] = ()
