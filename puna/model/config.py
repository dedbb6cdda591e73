"""What a Llama is made of, as data: one table from Llama 2 to 3.3, and what follows from it by arithmetic.

Nothing here needs torch, so the planner can size models that no machine at hand could hold. Figures: model cards and `params.json` files of the
releases; Llama 3 in arXiv 2407.21783, table 3.
"""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from puna.errors import ConfigError
from puna.settings import Settings, nearest

Mixer = Literal["attention"]


class RopeScaling(Settings):
    """How Llama 3.1 stretched its rotary frequencies beyond the `trained` positions. The factor is 8, but 32 for the 3.2 models."""

    factor: float = Field(ge=1)
    low: float = 1.0
    high: float = 4.0
    trained: int = Field(default=8192, ge=1)

    @model_validator(mode="after")
    def _has_a_band(self) -> Self:
        if self.low >= self.high:
            raise ValueError(f"rope scaling needs low_freq_factor < high_freq_factor, got {self.low} and {self.high}")
        return self


class LlamaConfig(Settings):
    """The shape of one Llama. Sizes count elements; `max_positions` counts tokens."""

    vocab_size: int = Field(ge=1)
    dim: int = Field(ge=1)
    num_layers: int = Field(ge=1)
    num_heads: int = Field(ge=1)
    num_kv_heads: int = Field(ge=1)
    head_dim: int = Field(ge=2)
    ffn_dim: int = Field(ge=1)
    norm_eps: float = Field(default=1e-5, gt=0)
    rope_theta: float = Field(default=500_000.0, gt=0)
    rope_scaling: RopeScaling | None = None
    max_positions: int = Field(default=8192, ge=1)
    tied: bool = False
    attention_bias: bool = False
    mlp_bias: bool = False

    @model_validator(mode="after")
    def _heads_fit(self) -> Self:
        if self.num_heads % self.num_kv_heads:
            raise ValueError(f"num_heads ({self.num_heads}) is not a multiple of num_kv_heads ({self.num_kv_heads})")
        if self.head_dim % 2:
            raise ValueError(f"head_dim ({self.head_dim}) is odd, and rotary embeddings turn pairs")
        return self

    @classmethod
    def named(cls, name: str) -> LlamaConfig:
        """Return the published model called `name` (`"llama-3.1-8b"`). Raises `ConfigError` naming the nearest."""
        if name not in LLAMAS:
            raise ConfigError(f"no model is called '{name}'{nearest(name, list(LLAMAS))}")
        return LLAMAS[name]

    def mixer(self, layer: int) -> Mixer:
        """Return what mixes tokens in `layer`. Attention everywhere, as in every Llama to 3.3; asked per layer so that it need not stay so."""
        assert 0 <= layer < self.num_layers
        return "attention"

    @property
    def q_dim(self) -> int:
        """Return the elements of all query heads of one token."""
        return self.num_heads * self.head_dim

    @property
    def kv_dim(self) -> int:
        """Return the elements of all key (or value) heads of one token."""
        return self.num_kv_heads * self.head_dim

    @property
    def num_block_params(self) -> int:
        """Return the parameters of one layer."""
        attention = 2 * self.dim * self.q_dim + 2 * self.dim * self.kv_dim
        mlp = 3 * self.dim * self.ffn_dim
        norms = 2 * self.dim
        attention_biases = (self.q_dim + 2 * self.kv_dim + self.dim) * self.attention_bias
        mlp_biases = (2 * self.ffn_dim + self.dim) * self.mlp_bias
        return attention + mlp + norms + attention_biases + mlp_biases

    @property
    def num_params(self) -> int:
        """Return all parameters; a tied output matrix counts once."""
        matrices = 1 if self.tied else 2
        return matrices * self.vocab_size * self.dim + self.num_layers * self.num_block_params + self.dim

    def kv_bytes_per_token(self, bytes_per_element: int = 2) -> int:
        """Return the bytes of keys and values that one token leaves in the cache (bf16 unless said)."""
        return 2 * self.num_layers * self.kv_dim * bytes_per_element

    def train_flops_per_token(self, context: int) -> float:
        """Return the FLOPs of one token's forward and backward pass in documents of `context` tokens.

        Six a weight that multiplies (the output matrix does, the embedding's look-up does not), and for attention 12 * dim * context a layer, halved
        because a causal query sees half of the keys on average (arXiv 2204.02311, appendix B, with the causal half counted).
        """
        multiplied = self.num_layers * self.num_block_params + self.vocab_size * self.dim
        return 6.0 * multiplied + 6.0 * self.num_layers * self.q_dim * context


def _llama2(dim: int, layers: int, heads: int, kv_heads: int, ffn: int) -> LlamaConfig:
    return LlamaConfig(vocab_size=32_000, dim=dim, num_layers=layers, num_heads=heads, num_kv_heads=kv_heads, head_dim=dim // heads,
                       ffn_dim=ffn, rope_theta=10_000.0, max_positions=4096)  # fmt: skip


def _llama3(dim: int, layers: int, heads: int, ffn: int, *, factor: float | None = None, tied: bool = False) -> LlamaConfig:
    scaling = None if factor is None else RopeScaling(factor=factor)
    return LlamaConfig(vocab_size=128_256, dim=dim, num_layers=layers, num_heads=heads, num_kv_heads=8, head_dim=dim // heads, ffn_dim=ffn,
                       rope_scaling=scaling, max_positions=8192 if scaling is None else 131_072, tied=tied)  # fmt: skip


LLAMAS: dict[str, LlamaConfig] = {
    "llama-2-7b": _llama2(4096, 32, 32, 32, 11_008),
    "llama-2-13b": _llama2(5120, 40, 40, 40, 13_824),
    "llama-2-70b": _llama2(8192, 80, 64, 8, 28_672),
    "llama-3-8b": _llama3(4096, 32, 32, 14_336),
    "llama-3-70b": _llama3(8192, 80, 64, 28_672),
    "llama-3.1-8b": _llama3(4096, 32, 32, 14_336, factor=8),
    "llama-3.1-70b": _llama3(8192, 80, 64, 28_672, factor=8),
    "llama-3.1-405b": _llama3(16_384, 126, 128, 53_248, factor=8),
    "llama-3.2-1b": _llama3(2048, 16, 32, 8192, factor=32, tied=True),
    "llama-3.2-3b": _llama3(3072, 28, 24, 8192, factor=32, tied=True),
    "llama-3.3-70b": _llama3(8192, 80, 64, 28_672, factor=8),
}
