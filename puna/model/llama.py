"""Llama, once: the same forward pass trains, decodes with a static cache, and serves.

Tokens come packed, one flat row without a batch dimension; what each may see travels beside them (see `attention.py`). Pre-norm blocks, RMSNorm,
rotary embeddings, grouped queries, SwiGLU and, from 1B to 405B, nothing else (arXiv 2302.13971; 2307.09288; 2407.21783).

Query, key and value share one matrix, and so do gate and up: fewer, larger products. Rows are in Hugging Face's order (rotary halves); `formats/` splits
them at the door. Where the family computes in fp32 (normalisation, rotary angles, softmax, loss), so does this.

Shapes: T tokens, D model width, H query heads, K key-value heads, N head width, R rotary pairs, F feed-forward width, V vocabulary.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from puna.model import fused, rope
from puna.model.attention import Attend, AttentionMetadata
from puna.model.config import LlamaConfig


class RMSNorm(nn.Module):
    """Scale each token to unit root mean square in fp32, cast back, then multiply by the weight (the family's order)."""

    def __init__(self, dim: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(dim))
        self.eps = eps

    def forward(self, x_TD: Tensor) -> Tensor:
        return fused.rms_norm(x_TD, self.weight, self.eps)


class Attention(nn.Module):
    """Grouped-query attention: K heads of keys and values serve H heads of queries (arXiv 2305.13245)."""

    def __init__(self, config: LlamaConfig, layer: int) -> None:
        super().__init__()
        self.layer, self.head_dim = layer, config.head_dim
        self.heads = (config.num_heads, config.num_kv_heads, config.num_kv_heads)
        self.qkv = nn.Linear(config.dim, config.q_dim + 2 * config.kv_dim, bias=config.attention_bias)
        self.out = nn.Linear(config.q_dim, config.dim, bias=config.attention_bias)

    def forward(self, x_TD: Tensor, turn: tuple[Tensor, Tensor], attend: Attend) -> Tensor:
        qkv_TXN = self.qkv(x_TD).unflatten(-1, (-1, self.head_dim))
        q_THN, k_TKN, v_TKN = qkv_TXN.split(self.heads, dim=1)
        o_THN = attend(self.layer, fused.rotate(q_THN, *turn), fused.rotate(k_TKN, *turn), v_TKN)
        return self.out(o_THN.flatten(1))  # type: ignore[no-any-return]


class SwiGLU(nn.Module):
    """The gated feed-forward layer: `down(silu(gate(x)) * up(x))` (arXiv 2002.05202)."""

    def __init__(self, config: LlamaConfig) -> None:
        super().__init__()
        self.gate_up = nn.Linear(config.dim, 2 * config.ffn_dim, bias=config.mlp_bias)
        self.down = nn.Linear(config.ffn_dim, config.dim, bias=config.mlp_bias)

    def forward(self, x_TD: Tensor) -> Tensor:
        return self.down(fused.swiglu(self.gate_up(x_TD)))  # type: ignore[no-any-return]


class Block(nn.Module):
    """One layer: mix tokens, then think about each."""

    def __init__(self, config: LlamaConfig, layer: int) -> None:
        super().__init__()
        self.mix_norm = RMSNorm(config.dim, config.norm_eps)
        self.mixer = MIXERS[config.mixer(layer)](config, layer)
        self.ffn_norm = RMSNorm(config.dim, config.norm_eps)
        self.ffn = SwiGLU(config)

    def forward(self, x_TD: Tensor, turn: tuple[Tensor, Tensor], attend: Attend) -> Tensor:
        x_TD = x_TD + self.mixer(self.mix_norm(x_TD), turn, attend)
        return x_TD + self.ffn(self.ffn_norm(x_TD))  # type: ignore[no-any-return]


MIXERS = {"attention": Attention}


class Llama(nn.Module):
    """A decoder. Build it on the meta device and fill it (`init_weights`, or a checkpoint), or build it on the CPU for tests."""

    def __init__(self, config: LlamaConfig) -> None:
        super().__init__()
        self.config = config
        # Given its weight, so that it draws none: a draw on the meta device makes torch import its compiler, a second.
        self.embed = nn.Embedding.from_pretrained(torch.empty(config.vocab_size, config.dim), freeze=False)  # type: ignore[no-untyped-call]
        self.layers = nn.ModuleList(Block(config, layer) for layer in range(config.num_layers))
        self.norm = RMSNorm(config.dim, config.norm_eps)
        self.head = None if config.tied else nn.Linear(config.dim, config.vocab_size, bias=False)
        self.checkpoint_activations = False
        # A plain attribute, not a buffer: `to_empty` would leave a buffer's content undefined, and it is no weight.
        self._freq_R = rope.frequencies(config)

    @property
    def head_weight(self) -> Tensor:
        """Return the output matrix, `[V, D]`; the embedding itself where they are tied."""
        return self.embed.weight if self.head is None else self.head.weight

    def forward(self, tokens_T: Tensor, meta: AttentionMetadata) -> Tensor:
        """Return the final normalised hidden states, `[T, D]`. Training takes a chunked loss of them, so that full logits never exist."""
        if self._freq_R.device != tokens_T.device:
            self._freq_R = self._freq_R.to(tokens_T.device)
        turn = rope.angles(self._freq_R, meta.positions_T)
        x_TD = self.embed(tokens_T)
        for block in self.layers:
            if self.checkpoint_activations and torch.is_grad_enabled():
                x_TD = checkpoint(block, x_TD, turn, meta.attend, use_reentrant=False)
            else:
                x_TD = block(x_TD, turn, meta.attend)
        return self.norm(x_TD)  # type: ignore[no-any-return]

    def logits(self, hidden_TD: Tensor) -> Tensor:
        """Return next-token logits, `[T, V]` in fp32."""
        return F.linear(hidden_TD, self.head_weight).float()

    @torch.no_grad()
    def init_weights(self, seed: int) -> None:
        """Fill every weight from `seed`, alike on every device and whatever was drawn before.

        Normal with standard deviation 1 / sqrt(dim), which keeps a token's size through a matrix whatever the width; the two matrices that write into
        the residual stream are smaller by sqrt(2 * layers), so that its variance does not grow with depth (the GPT-2 report, section 2.3). GPT-2's fixed 0.02
        is this at a width of 2,500; at 128 it is too small by 4 and costs a minute's training half of its facts (docs/notebook.md).
        """
        generator = torch.Generator().manual_seed(seed)
        std = self.config.dim**-0.5
        for name, weight in self.named_parameters():
            if name.endswith("norm.weight"):
                weight.fill_(1)
            elif name.endswith("bias"):
                weight.zero_()
            else:
                smaller = (2 * self.config.num_layers) ** -0.5 if name.endswith(("out.weight", "down.weight")) else 1.0
                weight.copy_(torch.empty(weight.shape).normal_(0, std * smaller, generator=generator))
