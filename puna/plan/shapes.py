"""Real shapes: the Llamas of about so many parameters that somebody could train.

A scaling law says "393 billion". A model has whole layers and heads that a parallel layout can share out, and proportions that are known to train well. Released Llamas
from 8B up keep heads of 128, 8 key-value heads, 102 to 130 units of width a layer and a feed-forward layer 3.25 to 3.5 times as wide as the model (arXiv 2407.21783, table 3); so do
the shapes here. Meta took a layer away from the first and the last pipeline stage (section 3.3.2), which is why 126 and not 128 layers share sixteen stages.

Below a width of 2,048 models look otherwise: heads of 64 and one matrix for both ends of the vocabulary (both as in Llama 3.2 1B), since 128,256 words would be most of the model twice over, and more layers for their
width, 43 to 136 units of it each, as in Pythia's from 70M to 1B (arXiv 2304.01373, table 1). The smallest has 17 million parameters, nearly all of them words.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from puna.model.config import LlamaConfig

HEAD_DIM, KV_HEADS, VOCABULARY = 128, 8, 128_256
# Width a layer and feed-forward width over width: the released ones' ranges, a little widened.
ASPECT, WIDENING = (96, 136), (3.2, 3.55)
WIDTH_STEP, FFN_STEP = 512, 1024
POSITIONS = 131_072
# Widths from which on shapes have large models' proportions, and the proportions of those below.
WIDE = 2048
SMALL_HEAD, SMALL_STEP = 64, 128
SMALL_ASPECT, SMALL_WIDENING = (43, 136), (2.6, 4.0)


@dataclass(frozen=True)
class Cut:
    """How a layout cuts the model: each layer over `tensor` chips, the layers over `pipeline` stages."""

    tensor: int = 1
    pipeline: int = 1

    def layers_fit(self, num_layers: int) -> bool:
        """Say whether stages get equal layers, or equal ones but for one less at both ends."""
        return num_layers % self.pipeline == 0 or (self.pipeline > 2 and (num_layers + 2) % self.pipeline == 0)


def shapes(*, low: float, high: float, cut: Cut = Cut(), vocab_size: int = VOCABULARY) -> list[LlamaConfig]:
    """Return every real shape of `low` to `high` parameters that can be cut so, the smallest first."""
    found = [shape for shape in _all(cut, vocab_size) if low <= shape.num_params <= high]
    return sorted(found, key=lambda shape: shape.num_params)


def roundness(shape: LlamaConfig) -> int:
    """Return the largest power of two in the width, as an exponent: 14 for 16,384. Kernels and layouts like it high."""
    return (shape.dim & -shape.dim).bit_length() - 1


def _all(cut: Cut, vocab_size: int) -> Iterator[LlamaConfig]:
    for dim in (*range(SMALL_STEP, WIDE, SMALL_STEP), *range(WIDE, 32_768 + 1, WIDTH_STEP)):
        heads = dim // _head(dim)
        kv_heads = math.gcd(heads, KV_HEADS) if dim < WIDE else KV_HEADS
        if heads % kv_heads or heads % cut.tensor or (kv_heads % cut.tensor and cut.tensor % kv_heads):
            continue
        narrow, broad = SMALL_ASPECT if dim < WIDE else ASPECT
        for layers in range(max(2, -(-dim // broad)), dim // narrow + 1):
            if cut.layers_fit(layers):
                yield from (_shape(dim, layers, ffn, kv_heads, vocab_size) for ffn in _widths(dim, cut))


def _head(dim: int) -> int:
    return HEAD_DIM if dim >= WIDE else SMALL_HEAD


def _widths(dim: int, cut: Cut) -> Iterator[int]:
    """Yield feed-forward widths in round steps, in which every slice of a tensor-parallel layer stays a multiple of 128."""
    round_step, (least, most) = (FFN_STEP, WIDENING) if dim >= WIDE else (SMALL_STEP, SMALL_WIDENING)
    step = round_step if round_step % (cut.tensor * 128) == 0 else cut.tensor * 128
    yield from (ffn for ffn in range(step, 5 * dim, step) if least <= ffn / dim <= most)


def _shape(dim: int, layers: int, ffn: int, kv_heads: int, vocab_size: int) -> LlamaConfig:
    return LlamaConfig(
        vocab_size=vocab_size, dim=dim, num_layers=layers, num_heads=dim // _head(dim), num_kv_heads=kv_heads, head_dim=_head(dim), ffn_dim=ffn,
        max_positions=POSITIONS, tied=dim < WIDE,
    )  # fmt: skip
