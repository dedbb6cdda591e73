"""Generation: the paged cache of keys and values, who reads and writes when, the sampler, and the engine that turns prompts into text."""

from puna.engine.async_engine import Answer, AsyncEngine, EngineClosedError
from puna.engine.engine import Engine
from puna.engine.request import Request, Token
from puna.engine.sampler import SamplingSettings
from puna.engine.settings import EngineSettings
from puna.engine.stats import Stats
from puna.engine.stream import Stream

__all__ = [
    "Answer",
    "AsyncEngine",
    "Engine",
    "EngineClosedError",
    "EngineSettings",
    "Request",
    "SamplingSettings",
    "Stats",
    "Stream",
    "Token",
]
