"""Tiny models with a real tokenizer, to generate with."""

from __future__ import annotations

from functools import cache
from typing import Any

import torch

from puna.engine import Engine
from puna.engine.grammar_state import GrammarState
from puna.model.config import LlamaConfig
from puna.model.llama import Llama
from puna.tokens.bpe import train_bpe
from puna.tokens.tokenizer import Tokenizer


@cache
def tokenizer() -> Tokenizer:
    """A byte-level tokenizer with a few merges, so that stop strings fall across tokens, and 16 special tokens."""
    return train_bpe(["the llama and the puna, the grass and the sky. " * 20], vocab_size=256 + 20 + 16, num_special=16)


def may_end(state: GrammarState, ends: frozenset[int]) -> bool:
    """Whether what was written under a grammar is whole as it is: any of its ends may come."""
    logits_1V = torch.zeros(1, tokenizer().vocab_size)
    return bool(state.mask(logits_1V)) and all(logits_1V[0, token_id] == 0 for token_id in ends)


def random_model(seed: int = 0, **changes: Any) -> Llama:
    """A model with weights so large that its choices are plain, and differ from token to token."""
    shape = {"vocab_size": tokenizer().vocab_size, "dim": 48, "num_layers": 2, "num_heads": 4, "num_kv_heads": 2, "head_dim": 12,
             "ffn_dim": 96, "max_positions": 256, **changes}  # fmt: skip
    model = Llama(LlamaConfig.model_validate(shape))
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in model.parameters():
            if weight.ndim > 1:
                weight.copy_(torch.randn(weight.shape, generator=generator) * 2 * weight.shape[-1] ** -0.5)
    return model


def random_engine(seed: int = 0, **changes: Any) -> Engine:
    return Engine(random_model(seed, **changes), tokenizer())


class Script(Llama):
    """A model that writes the tokens it is told, whatever it reads: token `i` of the script follows position `i + first - 1`."""

    def __init__(self, ids: list[int], *, first: int, max_positions: int = 256) -> None:
        super().__init__(
            LlamaConfig(vocab_size=tokenizer().vocab_size, dim=4, num_layers=1, num_heads=1, num_kv_heads=1, head_dim=4, ffn_dim=4,
                        max_positions=max_positions)
        )  # fmt: skip
        self._ids, self._first = ids, first

    def forward(self, tokens_T, meta):
        return meta.positions_T[:, None]

    def logits(self, hidden_TD):
        logits_TV = torch.zeros(len(hidden_TD), self.config.vocab_size)
        for row, position in enumerate(hidden_TD[:, 0].tolist()):
            logits_TV[row, self._ids[(position - self._first + 1) % len(self._ids)]] = 50.0
        return logits_TV


def scripted(ids: list[int], *, first: int = 1, max_positions: int = 256, **options: Any) -> Engine:
    """An engine that writes `ids` after a prompt of `first` tokens."""
    return Engine(Script(ids, first=first, max_positions=max_positions), tokenizer(), **options)
