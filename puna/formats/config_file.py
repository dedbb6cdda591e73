"""A Llama's `config.json`, as Hugging Face writes it, to and from `LlamaConfig`.

Two generations of the file are in use. Until transformers 4 the rotary base stood alone (`rope_theta`) beside an optional `rope_scaling`; transformers 5
keeps both in `rope_parameters`. Puna reads either, refuses a file in which they contradict each other, and writes both, so that every version reads the
same model.

Nothing in the file is believed without a check: a model with a rope type, an activation or a quantization that Puna does not know would load and talk
nonsense, so those are refused by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from puna.errors import FormatError
from puna.formats.json_values import as_object, flag, number, size
from puna.formats.quantized import refuse_quantized_config
from puna.model.config import LlamaConfig, RopeScaling
from puna.records import shown
from puna.settings import parse

CONFIG = "config.json"
# What transformers assumes where a llama's file is silent.
DEFAULT_NORM_EPS, DEFAULT_MAX_POSITIONS, DEFAULT_ROPE_THETA = 1e-6, 2048, 10_000.0


def config_from_hf(values: object, *, where: str) -> LlamaConfig:
    """Return the `LlamaConfig` that the parsed `config.json` describes. Raises `FormatError` or `ConfigError` naming `where` and the key."""
    values = as_object(values, where)
    _refuse_strangers(values, where)
    dim, num_heads = size(values, "hidden_size", where), size(values, "num_attention_heads", where)
    if values.get("head_dim") is None and dim % num_heads:
        raise FormatError(f"{where}: hidden_size ({dim}) is not a multiple of num_attention_heads ({num_heads}), and head_dim is not given")
    max_positions = size(values, "max_position_embeddings", where, default=DEFAULT_MAX_POSITIONS)
    theta, scaling = _rope(values, where, max_positions)
    fields = {
        "vocab_size": size(values, "vocab_size", where),
        "dim": dim,
        "num_layers": size(values, "num_hidden_layers", where),
        "num_heads": num_heads,
        "num_kv_heads": size(values, "num_key_value_heads", where, default=num_heads),
        "head_dim": size(values, "head_dim", where, default=dim // num_heads),
        "ffn_dim": size(values, "intermediate_size", where),
        "norm_eps": number(values, "rms_norm_eps", where, default=DEFAULT_NORM_EPS),
        "rope_theta": theta,
        "rope_scaling": scaling,
        "max_positions": max_positions,
        "tied": flag(values, "tie_word_embeddings", where),
        "attention_bias": flag(values, "attention_bias", where),
        "mlp_bias": flag(values, "mlp_bias", where),
    }
    return parse(LlamaConfig, fields, where=where)


def hf_config(config: LlamaConfig, *, dtype: str, bos_id: int | None = None, end_ids: tuple[int, ...] = ()) -> dict[str, Any]:
    """Return `config` as `config.json` for transformers 4 and 5; `dtype` is what the weights are stored in (`"bfloat16"`)."""
    scaling = config.rope_scaling
    stretched = None if scaling is None else {
        "rope_type": "llama3",
        "factor": scaling.factor,
        "low_freq_factor": scaling.low,
        "high_freq_factor": scaling.high,
        "original_max_position_embeddings": scaling.trained,
    }  # fmt: skip
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": config.vocab_size,
        "hidden_size": config.dim,
        "intermediate_size": config.ffn_dim,
        "num_hidden_layers": config.num_layers,
        "num_attention_heads": config.num_heads,
        "num_key_value_heads": config.num_kv_heads,
        "head_dim": config.head_dim,
        "hidden_act": "silu",
        "max_position_embeddings": config.max_positions,
        "rms_norm_eps": config.norm_eps,
        "rope_theta": config.rope_theta,
        "rope_scaling": stretched,
        "rope_parameters": {**(stretched or {"rope_type": "default"}), "rope_theta": config.rope_theta},
        "tie_word_embeddings": config.tied,
        "attention_bias": config.attention_bias,
        "mlp_bias": config.mlp_bias,
        "attention_dropout": 0.0,
        "initializer_range": 0.02,
        "bos_token_id": bos_id,
        "eos_token_id": list(end_ids) if len(end_ids) > 1 else (end_ids[0] if end_ids else None),
        "torch_dtype": dtype,
        "use_cache": True,
    }


def _refuse_strangers(values: Mapping[str, Any], where: str) -> None:
    model_type = values.get("model_type")
    if model_type != "llama":
        raise FormatError(f"{where}: model_type is {shown(model_type)}; Puna reads 'llama' only")
    refuse_quantized_config(values, where)
    if values.get("hidden_act", "silu") != "silu":
        raise FormatError(f"{where}: hidden_act is {shown(values['hidden_act'])}; a llama's is 'silu'")
    if values.get("partial_rotary_factor", 1) not in (1, None):
        raise FormatError(f"{where}: partial_rotary_factor is {shown(values['partial_rotary_factor'])}; a llama turns whole heads")


def _rope(values: Mapping[str, Any], where: str, max_positions: int) -> tuple[float, RopeScaling | None]:
    """Return the rotary base and the scaling, wherever the file keeps them; what is said twice must be said alike."""
    said = {key: _object(values, key, where) for key in ("rope_parameters", "rope_scaling") if values.get(key) is not None}
    owners = [("", values), *((f"{key}.", table) for key, table in said.items())]
    thetas = {number(table, "rope_theta", where, prefix=prefix) for prefix, table in owners if table.get("rope_theta") is not None}
    scalings = [_scaling(table, key, where, max_positions) for key, table in said.items()]
    if len(thetas) > 1:
        raise FormatError(f"{where}: contradicts itself: rope_theta is given as {' and as '.join(map(str, sorted(thetas)))}")
    if len(scalings) == 2 and scalings[0] != scalings[1]:
        raise FormatError(f"{where}: contradicts itself: rope_parameters and rope_scaling describe different rotary embeddings")
    return next(iter(thetas), DEFAULT_ROPE_THETA), next(iter(scalings), None)


def _scaling(table: Mapping[str, Any], key: str, where: str, max_positions: int) -> RopeScaling | None:
    rope_type = table.get("rope_type", table.get("type", "default"))
    if rope_type not in ("default", "llama3"):
        raise FormatError(f"{where}: rope type {shown(rope_type)} in {key} is not known; known: 'default', 'llama3'")
    if table.get("partial_rotary_factor", 1) not in (1, None):
        raise FormatError(f"{where}: {key}.partial_rotary_factor is {shown(table['partial_rotary_factor'])}; a llama turns whole heads")
    if rope_type == "default":
        return None
    prefix = f"{key}."
    fields = {
        "factor": number(table, "factor", where, prefix=prefix),
        "low": number(table, "low_freq_factor", where, prefix=prefix),
        "high": number(table, "high_freq_factor", where, prefix=prefix),
        "trained": size(table, "original_max_position_embeddings", where, default=max_positions, prefix=prefix),
    }
    return parse(RopeScaling, fields, where=f"{where}: {key}")


def _object(values: Mapping[str, Any], key: str, where: str) -> Mapping[str, Any]:
    value = values[key]
    if not isinstance(value, Mapping):
        raise FormatError(f"{where}: '{key}' must be an object, got {shown(value)}")
    return value
