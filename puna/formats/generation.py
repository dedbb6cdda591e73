"""`generation_config.json`: which tokens end an answer, and how the model's makers sample from it.

A chat model has several end tokens (Llama 3: end of text, end of turn, end of message), so the key holds one id or a list. An older directory has the
ids in `config.json` alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from puna.errors import FormatError
from puna.files import read_json

GENERATION_CONFIG = "generation_config.json"


@dataclass(frozen=True, slots=True)
class GenerationDefaults:
    """What a model directory says of generation; `None` and `()` where it is silent. `temperature` 0 is greedy."""

    end_ids: tuple[int, ...] = ()
    bos_id: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None

    def to_hf(self) -> dict[str, Any]:
        """Return the content of `generation_config.json`."""
        values: dict[str, Any] = {"bos_token_id": self.bos_id, "eos_token_id": list(self.end_ids) or None}
        if self.temperature is not None:
            values |= {"do_sample": self.temperature > 0}
        if self.temperature:
            values |= {"temperature": self.temperature, "top_p": self.top_p, "top_k": self.top_k}
        return {key: value for key, value in values.items() if value is not None}


def read_generation(directory: Path, *, vocab_size: int) -> GenerationDefaults:
    """Return the directory's defaults; `config.json`, where there is one, fills in end tokens. Raises `FormatError` where a value is not possible."""
    file = directory / GENERATION_CONFIG
    values = _read(file) if file.exists() else {}
    config_file = directory / "config.json"
    config = _read(config_file) if config_file.exists() else {}
    ends = _ids(values, "eos_token_id", file, vocab_size) or _ids(config, "eos_token_id", config_file, vocab_size)
    begins = _ids(values, "bos_token_id", file, vocab_size) or _ids(config, "bos_token_id", config_file, vocab_size)
    temperature = 0.0 if values.get("do_sample") is False else _number(values, "temperature", file, most=100.0)
    return GenerationDefaults(
        end_ids=ends,
        bos_id=begins[0] if begins else None,
        temperature=temperature,
        top_p=_number(values, "top_p", file, most=1.0) or None,
        # transformers writes 0 for "no limit".
        top_k=int(_number(values, "top_k", file, most=float(vocab_size), whole=True) or 0) or None,
    )


def _read(file: Path) -> Mapping[str, Any]:
    values = read_json(file)
    if not isinstance(values, Mapping):
        raise FormatError(f"{file}: expected a JSON object, got {type(values).__name__}")
    return values


def _ids(values: Mapping[str, Any], key: str, file: Path, vocab_size: int) -> tuple[int, ...]:
    value = values.get(key)
    if value is None:
        return ()
    ids = value if isinstance(value, list) else [value]
    for token_id in ids:
        if isinstance(token_id, bool) or not isinstance(token_id, int) or not 0 <= token_id < vocab_size:
            raise FormatError(f"{file}: '{key}' holds {ascii(token_id)[:60]}, which is no token id below the vocabulary's {vocab_size}")
    return tuple(ids)


def _number(values: Mapping[str, Any], key: str, file: Path, *, most: float, whole: bool = False) -> float | None:
    value = values.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)) or not 0 <= value <= most:
        kind = "whole number" if whole else "number"
        raise FormatError(f"{file}: '{key}' must be a {kind} from 0 to {most:g}, got {ascii(value)[:60]}")
    return float(value)
