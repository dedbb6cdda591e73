"""What serving costs: cache bytes as the engine allocates them, FLOPs and characters by the token."""

from __future__ import annotations

import pytest

from puna.evals.serving import cache_bytes, characters_per_token, forward_flops
from puna.records import Document


def test_the_allocated_cache_is_what_the_shape_says(config):
    assert cache_bytes(config, tokens=64) == 64 * config.kv_bytes_per_token(4)


def test_as_many_key_value_heads_as_heads_allocate_as_many_times_the_cache(config):
    every = config.model_copy(update={"num_kv_heads": config.num_heads})
    assert cache_bytes(every, tokens=64) == cache_bytes(config, tokens=64) * config.num_heads // config.num_kv_heads


def test_a_forward_pass_takes_a_third_of_a_training_step(config):
    assert 3 * forward_flops(config, context=32) == pytest.approx(config.train_flops_per_token(32))


def test_characters_are_counted_over_all_documents(tokenizer):
    documents = [Document("a", "Mia lives in Elton"), Document("b", "☃☃")]
    num_tokens = sum(len(tokenizer.encode(document.text)) for document in documents)
    assert characters_per_token(tokenizer, documents) == pytest.approx(20 / num_tokens)
