"""Model directories in the forms that people exchange: Hugging Face's and Meta's, each layout converted at the door.

Names are fetched when first used, so that reading a header (`puna info`) does not wait for torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from puna.formats.config_file import hf_config as hf_config
    from puna.formats.conversion import Converted as Converted
    from puna.formats.conversion import convert as convert
    from puna.formats.directory import ModelDirectory as ModelDirectory
    from puna.formats.directory import load as load
    from puna.formats.directory import save as save
    from puna.formats.generation import GenerationDefaults as GenerationDefaults
    from puna.formats.hf_weights import HuggingFaceAdapter as HuggingFaceAdapter
    from puna.formats.layouts import open_weights as open_weights
    from puna.formats.layouts import read_config as read_config

_HOMES = {
    "Converted": "conversion",
    "GenerationDefaults": "generation",
    "HuggingFaceAdapter": "hf_weights",
    "ModelDirectory": "directory",
    "convert": "conversion",
    "hf_config": "config_file",
    "load": "directory",
    "open_weights": "layouts",
    "read_config": "layouts",
    "save": "directory",
}

__all__ = [
    "Converted",
    "GenerationDefaults",
    "HuggingFaceAdapter",
    "ModelDirectory",
    "convert",
    "hf_config",
    "load",
    "open_weights",
    "read_config",
    "save",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'puna.formats' has no attribute '{name}'")
    return getattr(importlib.import_module(f"puna.formats.{_HOMES[name]}"), name)
