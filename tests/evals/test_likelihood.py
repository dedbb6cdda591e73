"""Bits per byte and log-likelihoods against a direct computation."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from puna.engine import runner
from puna.errors import DataError
from puna.evals.likelihood import Scored, bits_per_byte, document_bits, token_logprobs
from puna.model.attention import packed
from puna.model.llama import Llama
from puna.records import Document

TEXTS = ["Mia lives in Elton.", "☃ Größe", "Tom keeps a goat called Pip. " * 12, "17 + 5 = 22", "x"]
DOCUMENTS = [Document(str(i), text) for i, text in enumerate(TEXTS)]


@torch.no_grad()
def direct(model, ids: list[int]) -> list[float]:
    """The log-probability of each id but the first, one sequence alone, all logits at once."""
    logprobs = model.logits(model(torch.tensor(ids), packed([0], len(ids)))).double().log_softmax(-1)
    return [logprobs[i, ids[i + 1]].item() for i in range(len(ids) - 1)]


def test_bits_per_byte_equal_a_direct_computation(model, tokenizer):
    bits = num_bytes = 0.0
    for text in (TEXTS[0], TEXTS[1], TEXTS[3]):
        bits -= sum(direct(model, [tokenizer.bos_id, *tokenizer.encode(text)])) / math.log(2)
        num_bytes += len(text.encode())
    found = bits_per_byte(model, tokenizer, [DOCUMENTS[0], DOCUMENTS[1], DOCUMENTS[3]])
    assert found.value == pytest.approx(bits / num_bytes, rel=1e-5)
    assert found.low <= found.value <= found.high
    assert found.over == "3 documents"


def test_a_uniform_model_pays_log2_of_the_vocabulary_for_each_token(uniform_model, tokenizer):
    num_tokens = sum(len(tokenizer.encode(text)) for text in TEXTS)
    num_bytes = sum(len(text.encode()) for text in TEXTS)
    wanted = math.log2(tokenizer.vocab_size) * num_tokens / num_bytes
    for context in (None, 1, 7, 64):
        assert bits_per_byte(uniform_model, tokenizer, DOCUMENTS, context=context).value == pytest.approx(wanted, rel=1e-6)


def test_long_documents_are_cut_and_every_token_is_predicted_once(model, tokenizer):
    ids = [tokenizer.bos_id, *tokenizer.encode(TEXTS[2])]
    context = 10
    bits = sum(-sum(direct(model, ids[start : start + context + 1])) for start in range(0, len(ids) - 1, context)) / math.log(2)
    assert document_bits(model, tokenizer, [DOCUMENTS[2]], context=context).bits[0] == pytest.approx(bits, rel=1e-5)


def test_a_longer_context_is_capped_by_the_models_positions(model, tokenizer):
    capped, asked = (document_bits(model, tokenizer, [DOCUMENTS[2]], context=context).bits for context in (64, 10_000))
    assert capped == asked


def test_packing_does_not_change_the_result(model, tokenizer):
    sequences = []
    for i, text in enumerate(TEXTS * 3):
        ids = [tokenizer.bos_id, *tokenizer.encode(text)][: 5 + 4 * i]
        sequences.append(Scored(ids, max(1, (len(ids) - 1) // (1 + i % 3))))
    together = token_logprobs(model, sequences, vocab_size=tokenizer.vocab_size, forward_tokens=10_000)
    apart = token_logprobs(model, sequences, vocab_size=tokenizer.vocab_size, forward_tokens=1)
    for one, other, sequence in zip(together, apart, sequences, strict=True):
        assert one == pytest.approx(other, rel=1e-4, abs=1e-4)
        assert one == pytest.approx(direct(model, list(sequence.token_ids))[-sequence.num_scored :], rel=1e-4, abs=1e-4)


def test_logits_in_small_chunks_give_the_same(model, tokenizer, monkeypatch):
    whole = document_bits(model, tokenizer, DOCUMENTS).bits
    monkeypatch.setattr(runner, "LOGIT_BYTES", 4 * tokenizer.vocab_size * 3)
    assert document_bits(model, tokenizer, DOCUMENTS).bits == pytest.approx(whole, rel=1e-6)


def test_a_sequence_without_scored_tokens_and_no_sequences_cost_nothing(model, tokenizer):
    empty, full = token_logprobs(model, [Scored([tokenizer.bos_id], 0), Scored([tokenizer.bos_id, 65], 1)], vocab_size=tokenizer.vocab_size)
    assert len(empty) == 0
    assert len(full) == 1
    assert token_logprobs(model, [], vocab_size=tokenizer.vocab_size) == []


def test_empty_documents_cost_nothing_and_nothing_at_all_is_refused(model, tokenizer):
    with_empty = document_bits(model, tokenizer, [Document("e", ""), DOCUMENTS[0]])
    assert with_empty.bits[0] == with_empty.num_bytes[0] == 0
    assert with_empty.bits[1] == document_bits(model, tokenizer, [DOCUMENTS[0]]).bits[0]
    for nothing in ([], [Document("e", "")]):
        with pytest.raises(DataError, match="no text"):
            bits_per_byte(model, tokenizer, nothing)


def test_scoring_leaves_no_gradients_behind(model, tokenizer):
    document_bits(model, tokenizer, DOCUMENTS)
    assert all(weight.grad is None for weight in model.parameters())
    assert np.isfinite(document_bits(model, tokenizer, DOCUMENTS).bits).all()


def test_of_a_long_document_only_the_first_tokens_are_scored_and_their_bytes_counted(model, tokenizer):
    text = "Tom keeps a goat. " * 20
    ids = tokenizer.encode(text)[:7]
    found = document_bits(model, tokenizer, [Document("a", text), Document("b", "Mia")], first_tokens=7)
    start = document_bits(model, tokenizer, [Document("a", tokenizer.decode(ids)), Document("b", "Mia")])
    assert found.num_bytes.tolist() == start.num_bytes.tolist()
    assert found.bits == pytest.approx(start.bits)


@torch.no_grad()
def test_what_pads_a_vocabulary_costs_no_bits(model, tokenizer):
    """A model with 64 ids that no tokenizer writes is, for every figure, the model without them."""
    padded = Llama(model.config.model_copy(update={"vocab_size": tokenizer.vocab_size + 64, "tied": False}))
    own = model.state_dict() | ({} if model.head is not None else {"head.weight": model.embed.weight})
    extra = torch.randn(64, model.config.dim, generator=torch.Generator().manual_seed(0))
    padded.load_state_dict(
        {name: torch.cat([value, extra]) if name in ("embed.weight", "head.weight") else value for name, value in own.items()}
    )
    assert document_bits(padded, tokenizer, DOCUMENTS).bits == pytest.approx(document_bits(model, tokenizer, DOCUMENTS).bits, rel=1e-5)
