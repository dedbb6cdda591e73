"""Generation: the cache of keys and values, the sampler, and the engine that turns prompts into text."""

from puna.engine.engine import Engine, Stream
from puna.engine.sampler import SamplingSettings

__all__ = ["Engine", "SamplingSettings", "Stream"]
