"""Model directories in the forms that people exchange: Hugging Face's today, each layout converted at the door.

`load` and `save` are fetched when first used, so that reading a header (`puna info`) does not wait for torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from puna.formats.config_file import hf_config as hf_config
    from puna.formats.config_file import read_config as read_config
    from puna.formats.directory import ModelDirectory as ModelDirectory
    from puna.formats.directory import load as load
    from puna.formats.directory import save as save
    from puna.formats.generation import GenerationDefaults as GenerationDefaults
    from puna.formats.hf_weights import HuggingFaceAdapter as HuggingFaceAdapter

_HOMES = {
    "GenerationDefaults": "generation",
    "HuggingFaceAdapter": "hf_weights",
    "ModelDirectory": "directory",
    "hf_config": "config_file",
    "load": "directory",
    "read_config": "config_file",
    "save": "directory",
}

__all__ = ["GenerationDefaults", "HuggingFaceAdapter", "ModelDirectory", "hf_config", "load", "read_config", "save"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'puna.formats' has no attribute '{name}'")
    return getattr(importlib.import_module(f"puna.formats.{_HOMES[name]}"), name)
