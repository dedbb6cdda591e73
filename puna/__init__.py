"""Puna raises Llamas: the whole way Llama 3 was made, from sizing a model to an agent that uses tools.

    import puna

    engine = puna.Engine.load("runs/smoke/pretrain/model")
    print(engine.complete("Simon works as", puna.SamplingSettings(temperature=0)).text)

Importing this package imports nothing else: each name is fetched when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from puna.version import VERSION

if TYPE_CHECKING:
    from puna.engine import Engine as Engine
    from puna.engine import SamplingSettings as SamplingSettings
    from puna.errors import PunaError as PunaError
    from puna.formats import load as load
    from puna.model.config import LlamaConfig as LlamaConfig
    from puna.recipe.schema import Recipe as Recipe
    from puna.tokens.tokenizer import Tokenizer as Tokenizer
    from puna.train.trainer import Trainer as Trainer

__version__ = VERSION

_HOMES = {
    "Engine": "puna.engine",
    "LlamaConfig": "puna.model.config",
    "PunaError": "puna.errors",
    "Recipe": "puna.recipe.schema",
    "SamplingSettings": "puna.engine",
    "Tokenizer": "puna.tokens.tokenizer",
    "Trainer": "puna.train.trainer",
    "load": "puna.formats",
}

__all__ = ["Engine", "LlamaConfig", "PunaError", "Recipe", "SamplingSettings", "Tokenizer", "Trainer", "__version__", "load", "plan"]


def __getattr__(name: str) -> Any:
    if name == "plan":
        return importlib.import_module("puna.plan")
    if name not in _HOMES:
        raise AttributeError(f"module 'puna' has no attribute '{name}'")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
