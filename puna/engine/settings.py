"""How much an engine may use, and where that comes from when nobody says."""

from __future__ import annotations

from pydantic import Field

from puna import machine
from puna.engine.cache import BLOCK_SIZE
from puna.errors import FitError
from puna.model.config import LlamaConfig
from puna.settings import Settings

# Of the cache, unless one sequence of the whole context needs more.
CACHE_BYTES = 2 << 30
# Of what is free, at most.
SHARE = 0.5
# Tokens of a step: on a CPU as many as make a matrix product efficient, for those who write wait for those who read; a GPU needs more to be busy.
STEP_TOKENS = {"cpu": 512, "cuda": 4096}


class EngineSettings(Settings):
    """Limits of one engine. None takes what fits the machine and the model.

    `context` are the tokens of a prompt and its answer together, `cache_bytes` what keys and values may take (those of a model that guesses too), `max_running` the sequences of one step, `step_tokens` the tokens that it reads.
    `guesses` are how many tokens are guessed ahead for each sequence (`speculation.py`): by a smaller model where the engine has one, else from the text itself.
    """

    context: int | None = Field(default=None, ge=1)
    cache_bytes: int | None = Field(default=None, ge=1)
    max_running: int = Field(default=128, ge=1)
    step_tokens: int | None = Field(default=None, ge=1)
    guesses: int = Field(default=0, ge=0, le=16)

    def resolved_step_tokens(self, device: str) -> int:
        """Return the tokens of a step on `device`."""
        return self.step_tokens or STEP_TOKENS[device]


def num_blocks(config: LlamaConfig, settings: EngineSettings, *, token_bytes: int, device: str) -> int:
    """Return how many blocks the cache has, and no more than every sequence at its longest could use. `token_bytes` are a token's keys and values, in every model that keeps them.

    Raises `FitError` where `context` does not fit, or not a single block.
    """
    context = min(settings.context or config.max_positions, config.max_positions)
    block_bytes = BLOCK_SIZE * token_bytes
    whole = -(-context // BLOCK_SIZE)
    free = SHARE * machine.free_memory_bytes(device)
    room = settings.cache_bytes or min(max(CACHE_BYTES, whole * block_bytes), free)
    count = min(int(room // block_bytes), settings.max_running * whole)
    if count < 1 or (settings.context and count < whole):
        shorter = f"a shorter context ({count * BLOCK_SIZE} tokens fit) or " if count else ""
        raise FitError(
            f"a context of {context} tokens needs {whole * block_bytes / 1e9:.3g} GB of cache and {room / 1e9:.3g} GB are for it: give it more, or take {shorter}a smaller dtype"
        )
    return count
