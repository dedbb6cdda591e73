"""What an engine does and has done, in figures."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Stats:
    """What an engine does and has done. `cached_tokens` are those of prompts that were found in the cache; `guessed` and `kept` are guesses at what comes next."""

    waiting: int = 0
    running: int = 0
    blocks_used: int = 0
    blocks_total: int = 0
    steps: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    generated_tokens: int = 0
    preemptions: int = 0
    guessed: int = 0
    kept: int = 0
