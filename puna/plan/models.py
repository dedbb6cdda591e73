"""Whatever a user calls a model, as one noun: a published name, a directory's `config.json`, or a shape written out.

A plan needs few facts of a model, and two of them differ in a mixture of experts: memory holds *all* parameters, and a token is multiplied with the
*active* ones (arXiv 2101.03961). `Sized` keeps both counts, derived from the shape, so that every answer about a model starts from one place.

Shapes of released mixtures: Llama 4 (llama-models, `models/llama4/args.py` and the released params), DeepSeek-V3 (arXiv 2412.19437, section 4.2), whose
attention keeps one narrow latent a token in place of keys and values (section 2.1.1).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from puna.errors import ConfigError, FormatError
from puna.model.config import LLAMAS, LlamaConfig
from puna.settings import nearest, parse


@dataclass(frozen=True)
class Experts:
    """The expert layers: of `num_experts` small FFNs of width `ffn_dim` a token visits `num_active`, and always the `num_shared` ones.

    The `first_dense` layers and, of the others, all but each `step`-th keep the model's dense FFN.
    """

    num_experts: int
    num_active: int
    ffn_dim: int
    num_shared: int = 0
    first_dense: int = 0
    step: int = 1


@dataclass(frozen=True)
class Latent:
    """Widths of multi-head latent attention: ranks of the query's and the cache's bottleneck, and of a head its plain, rotary and value parts."""

    query_rank: int
    kv_rank: int
    plain_dim: int
    rotary_dim: int
    value_dim: int


@dataclass(frozen=True)
class Sized:
    """A model as a plan sees it. `llama` is its shape; where there are `experts`, `llama.ffn_dim` is that of the layers without."""

    name: str
    llama: LlamaConfig
    source: str
    experts: Experts | None = None
    latent: Latent | None = None

    @cached_property
    def num_expert_layers(self) -> int:
        return 0 if self.experts is None else (self.llama.num_layers - self.experts.first_dense) // self.experts.step

    @cached_property
    def attention_params(self) -> int:
        """Return the weights of one layer's attention."""
        shape = self.llama
        if self.latent is None:
            return 2 * shape.dim * (shape.q_dim + shape.kv_dim)
        latent, head = self.latent, self.latent.plain_dim + self.latent.rotary_dim
        queries = shape.dim * latent.query_rank + latent.query_rank * shape.num_heads * head
        cached = shape.dim * (latent.kv_rank + latent.rotary_dim) + latent.kv_rank * shape.num_heads * (latent.plain_dim + latent.value_dim)
        return queries + cached + shape.num_heads * latent.value_dim * shape.dim

    @cached_property
    def expert_params(self) -> int:
        """Return the weights of one expert; 0 in a dense model."""
        return 0 if self.experts is None else 3 * self.llama.dim * self.experts.ffn_dim

    @cached_property
    def routed_params(self) -> int:
        """Return the weights of all experts that a router chooses among; they may be spread over data-parallel ranks."""
        return 0 if self.experts is None else self.num_expert_layers * self.experts.num_experts * self.expert_params

    @cached_property
    def total_params(self) -> int:
        """Return every parameter: what memory and disks hold."""
        return self._params(0 if self.experts is None else self.experts.num_experts)

    @cached_property
    def active_params(self) -> int:
        """Return the parameters one token meets: all but those of the experts it does not visit."""
        return self._params(0 if self.experts is None else self.experts.num_active)

    @cached_property
    def matmul_params(self) -> int:
        """Return the weights that a token is multiplied with: the active ones without the embedding's look-up and the last norm."""
        return self.active_params - self.llama.dim - (0 if self.llama.tied else self.llama.vocab_size * self.llama.dim)

    @cached_property
    def attention_width(self) -> float:
        """Return the elements that one token's queries meet one key and value with: `q_dim` for heads whose keys and values are as wide."""
        if self.latent is None:
            return self.llama.q_dim
        return self.llama.num_heads * (self.latent.plain_dim + self.latent.rotary_dim + self.latent.value_dim) / 2

    @cached_property
    def cached_elements(self) -> int:
        """Return the elements that one token leaves in one layer's cache."""
        return 2 * self.llama.kv_dim if self.latent is None else self.latent.kv_rank + self.latent.rotary_dim

    def kv_bytes_per_token(self, bytes_per_element: float = 2) -> float:
        """Return the bytes that one token leaves in the cache of all layers (bf16 unless said)."""
        return self.llama.num_layers * self.cached_elements * bytes_per_element

    def train_flops_per_token(self, context: int) -> float:
        """Return the FLOPs of one token, forward and backward, in sequences of `context` tokens, the causal half of attention counted."""
        return 6.0 * self.matmul_params + 6.0 * self.llama.num_layers * self.attention_width * context

    def _params(self, visited: int) -> int:
        """Return all parameters, of the routed experts `visited` a layer."""
        if self.experts is None and self.latent is None:
            return self.llama.num_params
        shape, experts = self.llama, self.experts
        common = self.attention_params + 2 * shape.dim
        dense = 3 * shape.dim * shape.ffn_dim * (shape.num_layers - self.num_expert_layers)
        routed = 0
        if experts is not None:
            router = shape.dim * experts.num_experts
            routed = self.num_expert_layers * (router + (visited + experts.num_shared) * self.expert_params)
        return (1 if shape.tied else 2) * shape.vocab_size * shape.dim + shape.num_layers * common + dense + routed + shape.dim


def _mixture(vocab: int, dim: int, layers: int, heads: int, kv_heads: int, ffn: int) -> LlamaConfig:
    return LlamaConfig(vocab_size=vocab, dim=dim, num_layers=layers, num_heads=heads, num_kv_heads=kv_heads, head_dim=128, ffn_dim=ffn,
                       max_positions=131_072)  # fmt: skip


_LLAMA4, _DEEPSEEK = "llama-models, models/llama4, text weights only", "arXiv 2412.19437, section 4.2, without the extra prediction head"

MIXTURES: dict[str, Sized] = {
    "llama-4-scout": Sized("llama-4-scout", _mixture(202_048, 5120, 48, 40, 8, 16_384), _LLAMA4, Experts(16, 1, 8192, num_shared=1)),
    "llama-4-maverick": Sized("llama-4-maverick", _mixture(202_048, 5120, 48, 40, 8, 16_384), _LLAMA4, Experts(128, 1, 8192, num_shared=1, step=2)),
    "deepseek-v3": Sized("deepseek-v3", _mixture(129_280, 7168, 61, 128, 128, 18_432), _DEEPSEEK,
                         Experts(256, 8, 2048, num_shared=1, first_dense=3), Latent(1536, 512, 128, 64, 128)),
}  # fmt: skip

# What a written shape may say; the first five have no default.
_SHAPE = ("dim", "layers", "heads", "ffn", "vocab", "kv_heads", "head_dim", "context", "tied", "experts", "active", "expert_ffn", "shared")
# Families whose layers hold the same matrices as a Llama's; others would be miscounted without a word.
_LIKE_LLAMA = ("llama", "mistral", "mixtral", "qwen2")


def named_models() -> list[str]:
    """Return the names that `model_of` knows."""
    return [*LLAMAS, *MIXTURES]


def model_of(text: str) -> Sized:
    """Return the model that `text` names, that a directory or `config.json` of that path describes, or whose shape it writes out.

    A shape is `dim=4096,layers=32,heads=32,kv_heads=8,ffn=14336,vocab=128256`; a mixture adds `experts=16,active=1,expert_ffn=8192,shared=1`.
    Raises `ConfigError` (no such model, with the nearest; a shape that does not hold together) or `FormatError` (a damaged file).
    """
    if text in LLAMAS:
        return Sized(text, LLAMAS[text], "model card")
    if text in MIXTURES:
        return MIXTURES[text]
    if "=" in text:
        return _from_shape(text)
    if Path(text).exists():
        return _from_file(Path(text))
    raise ConfigError(f"no model or model directory is called '{text}'{nearest(text, named_models())}")


def _from_shape(text: str) -> Sized:
    said: dict[str, int] = {}
    for part in text.split(","):
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if key not in _SHAPE:
            raise ConfigError(f"{text}: unknown key '{key}'{nearest(key, _SHAPE)}")
        if not equals or not value.isdecimal():
            raise ConfigError(f"{text}: '{key}' needs a whole number, as in {key}=8")
        if key in said:
            raise ConfigError(f"{text}: '{key}' is given twice")
        said[key] = int(value)
    missing = [key for key in _SHAPE[:5] if key not in said]
    if missing:
        raise ConfigError(f"{text}: a shape needs {', '.join(missing)} too")
    heads = max(said["heads"], 1)
    if "head_dim" not in said and said["dim"] % heads:
        raise ConfigError(f"{text}: dim ({said['dim']}) is not a multiple of heads ({heads}), and head_dim is not given")
    fields = {
        "vocab_size": said["vocab"], "dim": said["dim"], "num_layers": said["layers"], "num_heads": said["heads"],
        "num_kv_heads": said.get("kv_heads", heads), "head_dim": said.get("head_dim", said["dim"] // heads), "ffn_dim": said["ffn"],
        "max_positions": said.get("context", 8192), "tied": bool(said.get("tied", 0)),
    }  # fmt: skip
    experts = _experts(said.get("experts"), said.get("active", 1), said.get("expert_ffn", said["ffn"]), said.get("shared", 0), text)
    return Sized(text, parse(LlamaConfig, fields, where=text), "the shape given", experts)


def _experts(number: int | None, active: int, ffn: int, shared: int, where: str) -> Experts | None:
    if number is None:
        return None
    if not 1 <= active <= number:
        raise ConfigError(f"{where}: {active} active of {number} experts; a token visits from 1 to all of them")
    return Experts(number, active, ffn, num_shared=shared)


def _from_file(path: Path) -> Sized:
    place = path / "config.json" if path.is_dir() else path
    try:
        values = json.loads(place.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path}: holds no config.json, so it is not a model directory") from None
    except OSError as error:
        raise ConfigError(f"{place}: cannot be read ({error.strerror or error})") from None
    except (ValueError, RecursionError):
        raise FormatError(f"{place}: not valid JSON") from None
    if not isinstance(values, Mapping):
        raise FormatError(f"{place}: expected a JSON object")
    if values.get("model_type") not in _LIKE_LLAMA:
        raise FormatError(
            f"{place}: model_type is {str(values.get('model_type'))[:40]!r}; known: {', '.join(_LIKE_LLAMA)}. Write its shape out instead"
        )
    return _from_config(values, place)


def _from_config(values: Mapping[str, Any], place: Path) -> Sized:
    """Read Hugging Face's keys; the values themselves are checked by `LlamaConfig`."""
    keys = ("vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size")
    wrong = [key for key in keys if isinstance(values.get(key), bool) or not isinstance(values.get(key), int) or values[key] < 1]
    if wrong:
        raise FormatError(f"{place}: '{wrong[0]}' must be a whole number from 1")
    vocab, dim, layers, heads, ffn = (values[key] for key in keys)
    fields = {
        "vocab_size": vocab, "dim": dim, "num_layers": layers, "num_heads": heads, "ffn_dim": ffn,
        "num_kv_heads": values.get("num_key_value_heads") or heads, "head_dim": values.get("head_dim") or dim // heads,
        "max_positions": values.get("max_position_embeddings") or 2048, "tied": values.get("tie_word_embeddings") or False,
        "attention_bias": values.get("attention_bias") or False, "mlp_bias": values.get("mlp_bias") or False,
    }  # fmt: skip
    shape = parse(LlamaConfig, fields, where=str(place))
    counts = values.get("num_local_experts"), values.get("num_experts_per_tok", 1)
    if not all(count is None or (isinstance(count, int) and count > 0) for count in counts):
        raise FormatError(f"{place}: num_local_experts and num_experts_per_tok must be whole numbers from 1")
    return Sized(str(place.parent), shape, str(place), _experts(counts[0], counts[1] or 1, ffn, 0, str(place)))
