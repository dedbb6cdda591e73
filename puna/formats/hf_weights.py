"""Names and rows: how Hugging Face's tensors of a Llama become ours, exactly.

Puna keeps queries, keys and values in one matrix, and gate and up in one, because fewer and larger products are faster. Hugging Face keeps them apart.
Rows are in the same order within each, so the two layouts differ by stacking and cutting rows alone: no arithmetic, bit-identical both ways, in any
dtype. The same holds for biases.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from puna.model.config import LlamaConfig

if TYPE_CHECKING:
    from torch import Tensor


EMBEDDING, OUTPUT = "model.embed_tokens.weight", "lm_head.weight"


@dataclass(frozen=True, slots=True)
class Part:
    """One Hugging Face tensor: its name, its shape, and the row of our tensor at which it lies."""

    name: str
    first_row: int
    shape: tuple[int, ...]


class HuggingFaceAdapter:
    """Converts between our parameter names and tensors and Hugging Face's, for one configuration."""

    def __init__(self, config: LlamaConfig) -> None:
        self._config = config
        self._layer = _layer_parts(config)

    def names(self) -> Iterator[str]:
        """Yield our parameters' names in the model's order, one by one: a damaged config may claim a billion layers."""
        yield "embed.weight"
        for layer in range(self._config.num_layers):
            for name in self._layer:
                yield f"layers.{layer}.{name}"
        yield "norm.weight"
        if not self._config.tied:
            yield "head.weight"

    def parts(self, name: str) -> list[Part]:
        """Return the Hugging Face tensors that make up our parameter `name`, top row first."""
        config = self._config
        whole = {
            "embed.weight": Part(EMBEDDING, 0, (config.vocab_size, config.dim)),
            "norm.weight": Part("model.norm.weight", 0, (config.dim,)),
            "head.weight": Part(OUTPUT, 0, (config.vocab_size, config.dim)),
        }
        if name in whole:
            return [whole[name]]
        _, layer, rest = name.split(".", 2)
        return [Part(f"model.layers.{layer}.{part.name}", part.first_row, part.shape) for part in self._layer[rest]]

    def shapes(self) -> Iterator[tuple[str, tuple[int, ...]]]:
        """Yield Hugging Face's names and shapes in the model's order."""
        for name in self.names():
            for part in self.parts(name):
                yield part.name, part.shape

    def to_hf(self, name: str, tensor: Tensor) -> list[tuple[str, Tensor]]:
        """Return our parameter `name` as Hugging Face's `(name, tensor)` pairs: views of its rows, nothing copied."""
        return [(part.name, tensor[part.first_row : part.first_row + part.shape[0]]) for part in self.parts(name)]


def _layer_parts(config: LlamaConfig) -> dict[str, list[Part]]:
    """Return one layer's parameters by our names, in the model's order."""
    dim, ffn_dim = config.dim, config.ffn_dim
    qkv = [("self_attn.q_proj", config.q_dim), ("self_attn.k_proj", config.kv_dim), ("self_attn.v_proj", config.kv_dim)]
    return {
        "mix_norm.weight": [Part("input_layernorm.weight", 0, (dim,))],
        **_linear("mixer.qkv", qkv, columns=dim, bias=config.attention_bias),
        **_linear("mixer.out", [("self_attn.o_proj", dim)], columns=config.q_dim, bias=config.attention_bias),
        "ffn_norm.weight": [Part("post_attention_layernorm.weight", 0, (dim,))],
        **_linear("ffn.gate_up", [("mlp.gate_proj", ffn_dim), ("mlp.up_proj", ffn_dim)], columns=dim, bias=config.mlp_bias),
        **_linear("ffn.down", [("mlp.down_proj", dim)], columns=ffn_dim, bias=config.mlp_bias),
    }


def _linear(ours: str, stacked: list[tuple[str, int]], *, columns: int, bias: bool) -> dict[str, list[Part]]:
    """Return the weight, and the bias where there is one, of a linear layer that stacks several of Hugging Face's."""
    weights, biases, first_row = [], [], 0
    for name, rows in stacked:
        weights.append(Part(f"{name}.weight", first_row, (rows, columns)))
        biases.append(Part(f"{name}.bias", first_row, (rows,)))
        first_row += rows
    return {f"{ours}.weight": weights, **({f"{ours}.bias": biases} if bias else {})}
