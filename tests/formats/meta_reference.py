"""A Llama as Meta wrote it, small and independent of Puna: its arithmetic with complex rotations, its files with fairscale's cuts.

Shapes: T tokens, H heads, N head width, D model width.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F

LLAMA3 = {
    "dim": 64,
    "n_layers": 2,
    "n_heads": 16,
    "n_kv_heads": 8,
    "vocab_size": 64,
    "multiple_of": 32,
    "norm_eps": 1e-5,
    "rope_theta": 500_000.0,
}
LLAMA2 = {"dim": 64, "n_layers": 2, "n_heads": 16, "vocab_size": -1, "multiple_of": 64, "norm_eps": 1e-5}
VOCAB = 64


def kv_heads(params: dict[str, Any]) -> int:
    return params.get("n_kv_heads") or params["n_heads"]


def ffn_dim(params: dict[str, Any]) -> int:
    hidden = int(2 * 4 * params["dim"] / 3)
    if params.get("ffn_dim_multiplier"):
        hidden = int(params["ffn_dim_multiplier"] * hidden)
    return -(-hidden // params["multiple_of"]) * params["multiple_of"]


def random_state(params: dict[str, Any], dtype: torch.dtype = torch.float32) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(3)
    dim, kv_dim, ffn = params["dim"], kv_heads(params) * params["dim"] // params["n_heads"], ffn_dim(params)

    def draw(*shape: int) -> torch.Tensor:
        return torch.empty(*shape).normal_(0, 0.3, generator=generator).to(dtype)

    state = {"tok_embeddings.weight": draw(VOCAB, dim)}
    for layer in range(params["n_layers"]):
        state |= {
            f"layers.{layer}.attention.wq.weight": draw(dim, dim),
            f"layers.{layer}.attention.wk.weight": draw(kv_dim, dim),
            f"layers.{layer}.attention.wv.weight": draw(kv_dim, dim),
            f"layers.{layer}.attention.wo.weight": draw(dim, dim),
            f"layers.{layer}.feed_forward.w1.weight": draw(ffn, dim),
            f"layers.{layer}.feed_forward.w2.weight": draw(dim, ffn),
            f"layers.{layer}.feed_forward.w3.weight": draw(ffn, dim),
            f"layers.{layer}.attention_norm.weight": draw(dim) + 1,
            f"layers.{layer}.ffn_norm.weight": draw(dim) + 1,
        }
    return {**state, "norm.weight": draw(dim) + 1, "output.weight": draw(VOCAB, dim)}


def rotations(params: dict[str, Any], num_tokens: int, factor: float | None) -> torch.Tensor:
    width = params["dim"] // params["n_heads"]
    freqs = 1.0 / (params.get("rope_theta", 10_000.0) ** (torch.arange(0, width, 2).double() / width))
    if factor:
        stretched = []
        for freq in freqs.tolist():
            wavelength = 2 * math.pi / freq
            smooth = (8192 / wavelength - 1) / 3
            middle = (1 - smooth) * freq / factor + smooth * freq
            stretched.append(freq if wavelength < 2048 else freq / factor if wavelength > 8192 else middle)
        freqs = torch.tensor(stretched, dtype=torch.float64)
    angles = torch.outer(torch.arange(num_tokens).double(), freqs)
    return torch.polar(torch.ones_like(angles), angles)


@torch.no_grad()
def logits(state: dict[str, torch.Tensor], params: dict[str, Any], tokens_T: torch.Tensor, factor: float | None = None) -> torch.Tensor:
    """Meta's forward pass in fp64: neighbours rotate as complex numbers."""
    w = {name: tensor.double() for name, tensor in state.items()}
    count, heads, width = len(tokens_T), params["n_heads"], params["dim"] // params["n_heads"]
    turn_T1R = rotations(params, count, factor)[:, None]

    def norm(x_TD: torch.Tensor, weight_D: torch.Tensor) -> torch.Tensor:
        return x_TD * torch.rsqrt(x_TD.pow(2).mean(-1, keepdim=True) + params["norm_eps"]) * weight_D

    def turned(x_TD: torch.Tensor, num: int) -> torch.Tensor:
        pairs = torch.view_as_complex(x_TD.view(count, num, width // 2, 2).contiguous())
        return torch.view_as_real(pairs * turn_T1R).flatten(2)

    x_TD = w["tok_embeddings.weight"][tokens_T]
    for layer in range(params["n_layers"]):
        own = {name.removeprefix(f"layers.{layer}."): tensor for name, tensor in w.items() if name.startswith(f"layers.{layer}.")}
        normal = norm(x_TD, own["attention_norm.weight"])
        q = turned(normal @ own["attention.wq.weight"].T, heads)
        k = turned(normal @ own["attention.wk.weight"].T, kv_heads(params))
        v = (normal @ own["attention.wv.weight"].T).view(count, kv_heads(params), width)
        k, v = (part.repeat_interleave(heads // kv_heads(params), dim=1) for part in (k, v))
        scores = torch.einsum("thn,shn->hts", q, k) / math.sqrt(width)
        scores = scores.masked_fill(torch.ones(count, count).triu(1).bool(), float("-inf"))
        mixed = torch.einsum("hts,shn->thn", scores.softmax(-1), v).flatten(1)
        x_TD = x_TD + mixed @ own["attention.wo.weight"].T
        normal = norm(x_TD, own["ffn_norm.weight"])
        gated = F.silu(normal @ own["feed_forward.w1.weight"].T) * (normal @ own["feed_forward.w3.weight"].T)
        x_TD = x_TD + gated @ own["feed_forward.w2.weight"].T
    return norm(x_TD, w["norm.weight"]) @ w["output.weight"].T


def cut(state: dict[str, torch.Tensor], params: dict[str, Any], count: int, *, embedding_axis: int = 0) -> list[dict[str, torch.Tensor]]:
    """Return what each of `count` model-parallel ranks holds."""
    ranks = []
    for rank in range(count):
        mine = {}
        for name, whole in state.items():
            if "norm" in name or "freqs" in name:
                mine[name] = whole.clone()
                continue
            axis = 1 if name.endswith(("wo.weight", "w2.weight")) else embedding_axis if name.startswith("tok") else 0
            repeats = count // kv_heads(params) if name.endswith(("wk.weight", "wv.weight")) and count > kv_heads(params) else 1
            rows = torch.cat([head for head in whole.chunk(kv_heads(params)) for _ in range(repeats)]) if repeats > 1 else whole
            mine[name] = rows.chunk(count, dim=axis)[rank].clone()
        ranks.append(mine)
    return ranks


def write(directory: Path, params: dict[str, Any], ranks: list[dict[str, torch.Tensor]]) -> Path:
    directory.mkdir(parents=True)
    for number, tensors in enumerate(ranks):
        torch.save(tensors, directory / f"consolidated.{number:02d}.pth")
    (directory / "params.json").write_text(json.dumps(params))
    return directory
