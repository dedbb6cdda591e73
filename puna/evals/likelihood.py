"""How likely a model finds a text: bits per byte of documents, and log-likelihoods of continuations.

Loss in nats per token rewards a coarse tokenizer's opponent: fewer, harder tokens look worse. Bits per byte divide the same information by what every
tokenizer shares, the text's UTF-8 bytes (arXiv 2101.00027, section 3.1). Sequences are packed end to end, as in training, and scoring one never depends on
which others lie beside it.

Shapes: T tokens of one forward pass, D model width, V vocabulary, R rows that are scored.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from puna.engine.runner import logprobs_of
from puna.errors import DataError
from puna.evals.statistics import Measured, bootstrap_ratio
from puna.model.attention import packed
from puna.model.llama import Llama
from puna.records import Document
from puna.tokens.tokenizer import Tokenizer

# Tokens of one forward pass.
FORWARD_TOKENS = 8192


@dataclass(frozen=True, slots=True)
class Scored:
    """A sequence of token ids of which the last `num_scored` are scored, each given all before it; the first id can only be given."""

    token_ids: Sequence[int]
    num_scored: int


@dataclass(frozen=True)
class DocumentBits:
    """What each document costs: `bits` under a model, and its UTF-8 `num_bytes`; compare two models on the same documents in pairs."""

    bits: NDArray[np.float64]
    num_bytes: NDArray[np.float64]

    def per_byte(self, *, seed: int = 0) -> Measured:
        """Return bits per byte over all documents, with a bootstrap interval over documents."""
        return bootstrap_ratio(self.bits, self.num_bytes, over=f"{len(self.bits)} documents", seed=seed)


def bits_per_byte(
    model: Llama, tokenizer: Tokenizer, documents: Sequence[Document], *, context: int | None = None, seed: int = 0
) -> Measured:
    """Return the model's bits per byte on `documents`, with an interval over documents. Raises as `document_bits`."""
    return document_bits(model, tokenizer, documents, context=context).per_byte(seed=seed)


def document_bits(
    model: Llama, tokenizer: Tokenizer, documents: Sequence[Document], *, context: int | None = None, first_tokens: int | None = None
) -> DocumentBits:
    """Return the bits and bytes of each document; every token of its text, or of its `first_tokens`, is predicted exactly once.

    A document is cut into pieces of at most `context` tokens (by default all that the model has positions for). The first token is predicted from the
    beginning-of-text token, that of a later piece from the token before it. Raises `DataError` where there is no text.
    """
    context = min(context or model.config.max_positions, model.config.max_positions)
    owners, pieces, num_bytes = [], [], np.zeros(len(documents))
    for number, whole in enumerate(tokenizer.encode_batch([document.text for document in documents])):
        token_ids = whole[:first_tokens]
        cut = len(token_ids) < len(whole)
        num_bytes[number] = tokenizer.token_bytes[token_ids].sum() if cut else len(documents[number].text.encode())
        given = [tokenizer.bos_id, *token_ids]
        for start in range(0, len(token_ids), context):
            piece = given[start : start + context + 1]
            owners.append(number)
            pieces.append(Scored(piece, len(piece) - 1))
    if not num_bytes.sum():
        raise DataError("bits per byte: the documents hold no text; give at least one that is not empty")
    bits = np.zeros(len(documents))
    np.add.at(bits, owners, [-logprobs.sum() / math.log(2) for logprobs in token_logprobs(model, pieces, vocab_size=tokenizer.vocab_size)])
    return DocumentBits(bits, num_bytes)


@torch.no_grad()
def token_logprobs(
    model: Llama, sequences: Sequence[Scored], *, vocab_size: int, forward_tokens: int = FORWARD_TOKENS
) -> list[NDArray[np.float64]]:
    """Return, for each sequence, the log-probabilities (nats) of its scored tokens among the tokenizer's `vocab_size`; sequences of like length share a forward pass."""
    found: dict[int, NDArray[np.float64]] = {}
    for numbers in _packs(sequences, forward_tokens):
        for number, logprobs in zip(numbers, _score_pack(model, [sequences[n] for n in numbers], vocab_size), strict=True):
            found[number] = logprobs
    return [found[number] for number in range(len(sequences))]


def _packs(sequences: Sequence[Scored], forward_tokens: int) -> Iterator[list[int]]:
    """Group the sequences' numbers, longest first, so that no group but one of a single sequence exceeds `forward_tokens`."""
    pack: list[int] = []
    filled = 0
    for number in sorted(range(len(sequences)), key=lambda n: (-len(sequences[n].token_ids), n)):
        length = len(sequences[number].token_ids)
        if pack and filled + length > forward_tokens:
            yield pack
            pack, filled = [], 0
        pack.append(number)
        filled += length
    if pack:
        yield pack


def _score_pack(model: Llama, pack: Sequence[Scored], vocab_size: int) -> list[NDArray[np.float64]]:
    device = model.embed.weight.device
    starts: list[int] = []
    rows: list[int] = []
    targets: list[int] = []
    flat: list[int] = []
    for sequence in pack:
        ids, count = list(sequence.token_ids), sequence.num_scored
        assert 0 <= count < len(ids) <= model.config.max_positions + 1
        starts.append(len(flat))
        # The last id is only predicted, never given: it needs no place in the forward pass.
        rows += range(len(flat) + len(ids) - 1 - count, len(flat) + len(ids) - 1)
        targets += ids[len(ids) - count :]
        flat += ids[:-1]
    hidden_TD = model(torch.tensor(flat, device=device), packed(starts, len(flat), device=device))
    hidden_RD, targets_R = hidden_TD[torch.tensor(rows, device=device, dtype=torch.long)], torch.tensor(targets, device=device)
    logprobs_R = logprobs_of(model, hidden_RD, targets_R, vocab_size=vocab_size).numpy()
    return np.split(logprobs_R, np.cumsum([sequence.num_scored for sequence in pack])[:-1])
