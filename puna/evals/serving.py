"""What a model costs where it answers: FLOPs and bytes of cache for the text that it reads and writes.

A token is no unit of text: a larger vocabulary puts more characters into each, so whatever is paid a token is paid less often. Shapes with different vocabularies are
compared by the character, and Llama 3's larger vocabulary and its grouped queries both show there (arXiv 2407.21783, sections 3.2 and 3.3.1).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from puna.engine.cache import BLOCK_SIZE, PagedCache
from puna.model.config import LlamaConfig
from puna.records import Document
from puna.tokens.tokenizer import Tokenizer

# A training pass is a forward pass and a backward pass of twice its FLOPs.
PASSES = 3


def characters_per_token(tokenizer: Tokenizer, documents: Sequence[Document]) -> float:
    """Return the characters that one token of `documents` holds on average; 0 where they have no tokens."""
    num_tokens = sum(map(len, tokenizer.encode_batch([document.text for document in documents])))
    return sum(len(document.text) for document in documents) / max(num_tokens, 1)


def cache_bytes(config: LlamaConfig, *, tokens: int) -> int:
    """Return the bytes of the engine's cache that hold one sequence of `tokens` tokens, in fp32: whole blocks."""
    return PagedCache(config, num_blocks=-(-tokens // BLOCK_SIZE), dtype=torch.float32).num_bytes


def forward_flops(config: LlamaConfig, *, context: int) -> float:
    """Return the FLOPs of one token's forward pass in a text of `context` tokens."""
    return config.train_flops_per_token(context) / PASSES
