"""Meta's `params.json`, to and from `LlamaConfig`: what it says, and the rules for what it leaves out.

The file holds the arguments of Meta's model class and was never meant to be complete. What is missing follows from these rules, each of which a key may
overrule:

- `vocab_size` absent or -1 (Llama 2): the rows of the embedding in the checkpoint.
- `n_kv_heads` absent: every head has keys of its own. `rope_theta` absent: 10,000 (Llama 1 and 2). `norm_eps` absent: 1e-5. `multiple_of` absent: 256.
- The feed-forward width is Meta's rounding: two thirds of 4 * dim, times `ffn_dim_multiplier`, up to a multiple of `multiple_of`.
- `use_scaled_rope` says that frequencies are stretched, not how far: `rope_scaling_factor` where given; else 32 for the shapes of Llama 3.2 (2048 wide with 16
  layers, 3072 with 28), else 8. Low and high factor are 1 and 4, trained on 8,192 positions. (Meta's code has 8 for all; its cards and Hugging Face's
  configurations say 32 for 3.2.)
- The longest context is 131,072 where stretched. Else by `rope_theta`: 8,192 for 500,000 (Llama 3), 16,384 for 1,000,000 (Code Llama), 4,096 for all others
  (Llama 2), and 2,048 for a `norm_eps` of 1e-6 (Llama 1).
- The output matrix is tied to the embedding where the checkpoint stores one matrix for both or leaves it out, and in the shapes of Llama 3.2.

Where a model needs another value than its rule gives, Puna writes a key that says so (`OWN_KEYS`). Meta's newest loader passes over keys that it does not know.
A key that Puna does not know is refused: it may change the model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from puna.errors import FormatError
from puna.formats.json_values import LARGEST_SIZE, as_object, flag, number, size
from puna.model.config import LLAMAS, LlamaConfig, RopeScaling
from puna.records import shown
from puna.settings import nearest, parse

PARAMS = "params.json"
LLAMA2_THETA, LLAMA3_VOCAB = 10_000.0, 128_256
# (ffn_dim_multiplier, multiple_of) of the releases, tried in this order.
_RELEASED_ROUNDINGS = ((None, 256), (1.5, 256), (1.3, 4096), (1.3, 1024), (1.2, 4096))
_META_KEYS = ("dim", "n_layers", "n_heads", "n_kv_heads", "vocab_size", "multiple_of", "ffn_dim_multiplier", "norm_eps", "rope_theta",
              "use_scaled_rope", "rope_scaling_factor", "rope_high_freq_factor")  # fmt: skip
# Limits of one run of Meta's loader, which are no part of the model.
_RUN_KEYS = ("max_seq_len", "max_batch_size")
OWN_KEYS = ("rope_low_freq_factor", "rope_trained_positions", "max_positions", "tied_embeddings")
# The published models that use_scaled_rope stands in, by width and depth.
STRETCHED = {(model.dim, model.num_layers): model for model in LLAMAS.values() if model.rope_scaling}
# What other models of Meta's say in the same file.
_STRANGERS = {
    "quantization_args": "quantized weights",
    "lora_args": "LoRA weights",
    "moe_args": "Llama 4's mixture of experts",
    "vision_args": "a vision model",
    "vision_model": "a vision model",
    "vision_chunk_size": "a vision model",
    "vision_max_num_chunks": "a vision model",
    "vision_num_cross_attention_layers": "a vision model",
}


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What the weights say that `params.json` may leave out: the embedding's rows, and whether one matrix serves as output too."""

    vocab_size: int
    stored_tied: bool


def config_from_params(values: object, checkpoint: Checkpoint, *, where: str) -> LlamaConfig:
    """Return the `LlamaConfig` of a parsed `params.json`. Raises `FormatError` or `ConfigError` naming `where` and the key."""
    values = as_object(values, where)
    _refuse_strangers(values, where)
    dim, num_layers, num_heads = (size(values, key, where) for key in ("dim", "n_layers", "n_heads"))
    if dim % num_heads:
        raise FormatError(f"{where}: dim ({dim}) is not a multiple of n_heads ({num_heads})")
    norm_eps = number(values, "norm_eps", where, default=1e-5)
    theta = number(values, "rope_theta", where, default=LLAMA2_THETA)
    scaling = _scaling(values, where, dim=dim, num_layers=num_layers)
    tied = checkpoint.stored_tied or (scaling is not None and (dim, num_layers) in STRETCHED and STRETCHED[dim, num_layers].tied)
    fields = {
        "vocab_size": _vocab_size(values, checkpoint, where),
        "dim": dim,
        "num_layers": num_layers,
        "num_heads": num_heads,
        "num_kv_heads": size(values, "n_kv_heads", where, default=num_heads),
        "head_dim": dim // num_heads,
        "ffn_dim": _ffn_dim(values, dim, where),
        "norm_eps": norm_eps,
        "rope_theta": theta,
        "rope_scaling": scaling,
        "max_positions": size(values, "max_positions", where, default=_max_positions(theta, norm_eps, stretched=scaling is not None)),
        "tied": flag(values, "tied_embeddings", where) if values.get("tied_embeddings") is not None else tied,
    }
    return parse(LlamaConfig, fields, where=where)


def params_of(config: LlamaConfig, *, where: str) -> dict[str, Any]:
    """Return the `params.json` from which, by the rules above, `config` comes back. Raises `FormatError` for what Meta's layout cannot say."""
    if config.attention_bias or config.mlp_bias:
        raise FormatError(f"{where}: the model has biases, for which Meta's layout has no place; keep it in Hugging Face's")
    if config.head_dim * config.num_heads != config.dim:
        raise FormatError(
            f"{where}: the heads ({config.num_heads} of {config.head_dim}) do not make up the width ({config.dim}), and Meta's layout has no key for "
            "that; keep the model in Hugging Face's"
        )
    multiplier, multiple_of = _rounding(config.dim, config.ffn_dim, where)
    params: dict[str, Any] = {
        "dim": config.dim,
        "ffn_dim_multiplier": multiplier,
        "multiple_of": multiple_of,
        "n_heads": config.num_heads,
        "n_kv_heads": config.num_kv_heads,
        "n_layers": config.num_layers,
        "norm_eps": config.norm_eps,
        "rope_theta": config.rope_theta,
        "use_scaled_rope": config.rope_scaling is not None,
        "vocab_size": config.vocab_size,
    }
    own = _own_keys(config, params)
    if is_llama2(config):
        assert not own
        del params["rope_theta"]
    # Llama 2's loader and Llama 3's first refuse keys that came later, so what is off stays out, as in Meta's own files.
    kept = {key: value for key, value in params.items() if value not in (None, False)}
    back = config_from_params({**kept, **own}, Checkpoint(config.vocab_size, config.tied), where="params.json")
    assert back == config, (back, config)
    return {**kept, **own}


def is_llama2(config: LlamaConfig) -> bool:
    """Say whether Llama 2's loader is the one for this model: it wants the embedding cut by columns, and refuses `rope_theta` and keys of our own."""
    plain = config.rope_scaling is None and not config.tied and config.vocab_size != LLAMA3_VOCAB
    positions = _max_positions(config.rope_theta, config.norm_eps, stretched=False)
    return plain and config.rope_theta == LLAMA2_THETA and config.max_positions == positions


def _own_keys(config: LlamaConfig, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keys that overrule a rule which would give another value."""
    ruled = config_from_params(params, Checkpoint(config.vocab_size, config.tied), where="params.json")
    own: dict[str, Any] = {}
    if config.rope_scaling is not None and ruled.rope_scaling is not None:
        names = {
            "factor": "rope_scaling_factor",
            "low": "rope_low_freq_factor",
            "high": "rope_high_freq_factor",
            "trained": "rope_trained_positions",
        }
        wanted, given = config.rope_scaling.model_dump(), ruled.rope_scaling.model_dump()
        own |= {key: wanted[field] for field, key in names.items() if wanted[field] != given[field]}
    if config.max_positions != ruled.max_positions:
        own["max_positions"] = config.max_positions
    if config.tied != ruled.tied:
        own["tied_embeddings"] = config.tied
    return own


def _refuse_strangers(values: Mapping[str, Any], where: str) -> None:
    for key, value in values.items():
        if key in _META_KEYS or key in _RUN_KEYS or key in OWN_KEYS:
            continue
        # Meta's arguments of other models are often there and switched off.
        if key in _STRANGERS and value in (None, False, -1):
            continue
        if key in _STRANGERS:
            raise FormatError(f"{where}: '{key}' belongs to {_STRANGERS[key]}; Puna reads the text models from Llama 1 to 3.3, unquantized")
        raise FormatError(f"{where}: {shown(key)} is no key that Puna knows, and it may change the model{nearest(key, _META_KEYS)[:200]}")


def _vocab_size(values: Mapping[str, Any], checkpoint: Checkpoint, where: str) -> int:
    said = values.get("vocab_size")
    if said is None or (said == -1 and not isinstance(said, bool)):
        return checkpoint.vocab_size
    if size(values, "vocab_size", where) != checkpoint.vocab_size:
        raise FormatError(f"{where}: vocab_size is {said}, but the embedding in the checkpoint has {checkpoint.vocab_size} rows")
    return checkpoint.vocab_size


def _scaling(values: Mapping[str, Any], where: str, *, dim: int, num_layers: int) -> RopeScaling | None:
    keys = ("rope_scaling_factor", "rope_low_freq_factor", "rope_high_freq_factor", "rope_trained_positions")
    if not flag(values, "use_scaled_rope", where):
        if said := next((key for key in keys if values.get(key) is not None), None):
            raise FormatError(f"{where}: contradicts itself: '{said}' is {shown(values[said])}, but use_scaled_rope is not true")
        return None
    published = STRETCHED.get((dim, num_layers), LLAMAS["llama-3.1-8b"]).rope_scaling
    assert published is not None
    fields = {
        "factor": number(values, "rope_scaling_factor", where, default=published.factor),
        "low": number(values, "rope_low_freq_factor", where, default=published.low),
        "high": number(values, "rope_high_freq_factor", where, default=published.high),
        "trained": size(values, "rope_trained_positions", where, default=published.trained),
    }
    return parse(RopeScaling, fields, where=where)


def _max_positions(theta: float, norm_eps: float, *, stretched: bool) -> int:
    if stretched:
        return 131_072
    if norm_eps == 1e-6:
        return 2048
    return {500_000.0: 8192, 1_000_000.0: 16_384}.get(theta, 4096)


def _ffn_dim(values: Mapping[str, Any], dim: int, where: str) -> int:
    multiplier = None if values.get("ffn_dim_multiplier") is None else number(values, "ffn_dim_multiplier", where)
    width = _rounded(dim, multiplier, size(values, "multiple_of", where, default=256))
    if not 0 < width <= LARGEST_SIZE:
        raise FormatError(f"{where}: ffn_dim_multiplier {multiplier} makes a feed-forward width of {width}, which no model has")
    return width


def _rounded(dim: int, multiplier: float | None, multiple_of: int) -> int:
    """Return the feed-forward width as Meta's model class computes it, in its order of rounding."""
    width = int(2 * (4 * dim) / 3)
    if multiplier is not None:
        width = int(multiplier * width)
    return multiple_of * ((width + multiple_of - 1) // multiple_of)


def _rounding(dim: int, ffn_dim: int, where: str) -> tuple[float | None, int]:
    """Return `(ffn_dim_multiplier, multiple_of)` that make `ffn_dim`: a release's where one does, else a multiplier with as few digits as will do."""
    for multiplier, multiple_of in _RELEASED_ROUNDINGS:
        if _rounded(dim, multiplier, multiple_of) == ffn_dim:
            return multiplier, multiple_of
    plain = int(2 * (4 * dim) / 3)
    for digits in range(1, 16):
        # In the middle between this width and the next, so that rounding down arrives.
        multiplier = round((ffn_dim + 0.5) / plain, digits)
        if multiplier > 0 and _rounded(dim, multiplier, 1) == ffn_dim:
            return multiplier, 1
    raise FormatError(
        f"{where}: no ffn_dim_multiplier makes a feed-forward width of {ffn_dim} at a width of {dim}; keep the model in Hugging Face's layout"
    )
