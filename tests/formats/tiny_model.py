"""A tiny model for directories to hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from puna.model.config import LlamaConfig
from puna.model.llama import Llama


def tiny_config(**changes: Any) -> LlamaConfig:
    base = {
        "vocab_size": 40,
        "dim": 16,
        "num_layers": 2,
        "num_heads": 4,
        "num_kv_heads": 2,
        "head_dim": 4,
        "ffn_dim": 24,
        "max_positions": 64,
    }
    return LlamaConfig.model_validate({**base, **changes})


def tiny_model(seed: int = 0, dtype: torch.dtype = torch.float32, **changes: Any) -> Llama:
    model = Llama(tiny_config(**changes))
    model.init_weights(seed)
    return model.to(dtype)


def edit_json(file: Path, **changes: Any) -> None:
    """Change keys of a JSON file; a value of `...` removes the key."""
    values = {**json.loads(file.read_text()), **changes}
    file.write_text(json.dumps({key: value for key, value in values.items() if value is not ...}))


def equal(first: Llama, second: Llama) -> bool:
    ours, theirs = dict(first.named_parameters()), dict(second.named_parameters())
    return ours.keys() == theirs.keys() and all(
        torch.equal(ours[name], theirs[name]) and ours[name].dtype == theirs[name].dtype for name in ours
    )
