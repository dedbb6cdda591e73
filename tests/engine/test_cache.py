"""Reading with a cache, in any pieces, in any blocks and in any company, gives what one pass without a cache gives."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_engine import random_model

from puna.engine import cache as module
from puna.engine.cache import PagedCache, Span
from puna.model.attention import packed
from puna.model.config import RopeScaling

SHAPES = {
    "grouped queries": {},
    "every head its own keys": {"num_kv_heads": 4},
    "one key for all": {"num_kv_heads": 1},
    "scaled, tied, biased": {"rope_scaling": RopeScaling(factor=8, trained=32), "tied": True, "attention_bias": True, "mlp_bias": True},
}


@torch.no_grad()
def _uncached(model, tokens_T: torch.Tensor) -> torch.Tensor:
    return model.logits(model(tokens_T, packed([0], len(tokens_T))))


@torch.no_grad()
def _cached(model, rows: list[torch.Tensor], steps: list[list[tuple[int, int]]], *, shuffle: int = 0) -> list[torch.Tensor]:
    """Read `rows` as `steps` say, each a list of (row, count), in blocks that lie in any order, and return each row's logits."""
    cache = PagedCache(model.config, num_blocks=64, dtype=torch.float32)
    order = torch.randperm(64, generator=torch.Generator().manual_seed(shuffle)).tolist()
    tables = [[order.pop() for _ in range(-(-len(row) // cache.block_size))] for row in rows]
    read, parts = [0] * len(rows), [[] for _ in rows]
    for step in steps:
        spans = [Span(tables[row], read[row], count) for row, count in step]
        tokens_T = torch.cat([rows[row][span.start : span.end] for (row, _), span in zip(step, spans, strict=True)])
        logits_TV = model.logits(model(tokens_T, cache.step(spans)))
        for (row, count), logits in zip(step, logits_TV.split([span.count for span in spans]), strict=True):
            parts[row].append(logits)
            read[row] += count
    return [torch.cat(part) for part in parts]


def _tokens(count: int, seed: int = 0) -> torch.Tensor:
    return torch.randint(0, 250, (count,), generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
@pytest.mark.parametrize("cuts", [[150], [1] * 150, [64, 64, 22], [149, 1], [1, 149], [30, 1, 1, 1, 100, 17]])
def test_cached_logits_are_the_uncached_ones(shape, cuts: list[int]) -> None:
    model, tokens_T = random_model(**shape), _tokens(150)
    logits_TV = _cached(model, [tokens_T], [[(0, count)] for count in cuts])[0]
    torch.testing.assert_close(logits_TV, _uncached(model, tokens_T), rtol=1e-4, atol=1e-4)


@settings(max_examples=60, deadline=None)
@given(lengths=st.lists(st.integers(1, 60), min_size=1, max_size=5), data=st.data())
def test_rows_of_any_length_in_any_pieces_do_not_disturb_each_other(lengths: list[int], data: st.DataObject) -> None:
    model = random_model()
    rows = [_tokens(length, seed) for seed, length in enumerate(lengths)]
    left, steps = list(lengths), []
    while any(left):
        chosen = data.draw(st.sets(st.sampled_from([row for row, count in enumerate(left) if count]), min_size=1))
        steps.append([(row, data.draw(st.integers(1, left[row]))) for row in sorted(chosen)])
        for row, count in steps[-1]:
            left[row] -= count
    for row, logits_TV in enumerate(_cached(model, rows, steps, shuffle=data.draw(st.integers(0, 9)))):
        torch.testing.assert_close(logits_TV, _uncached(model, rows[row]), rtol=1e-4, atol=1e-4)


def test_a_scratch_too_small_for_the_batch_cuts_it_with_the_same_result(monkeypatch: pytest.MonkeyPatch) -> None:
    model, rows = random_model(), [_tokens(40 + seed, seed) for seed in range(6)]
    steps = [[(row, len(rows[row]) - 3) for row in range(6)], *[[(row, 1) for row in range(6)]] * 3]
    whole = _cached(model, rows, steps)
    monkeypatch.setitem(module.SCRATCH_BYTES, "cpu", 1)
    for logits_TV, expected_TV in zip(_cached(model, rows, steps), whole, strict=True):
        torch.testing.assert_close(logits_TV, expected_TV, rtol=1e-4, atol=1e-4)


@torch.no_grad()
def test_blocks_that_are_filled_in_a_step_can_be_read_in_it() -> None:
    """Two sequences with the same beginning, of which one leaves its reading to the other, in one and the same step."""
    model, first_T, other_T = random_model(), _tokens(48), _tokens(48)
    other_T[32:] += 1
    cache = PagedCache(model.config, num_blocks=8, dtype=torch.float32)
    spans = [Span([1, 2, 3], 0, 48), Span([1, 2, 5], 32, 16)]
    logits_TV = model.logits(model(torch.cat([first_T, other_T[32:]]), cache.step(spans)))
    torch.testing.assert_close(logits_TV[48:], _uncached(model, other_T)[32:], rtol=1e-4, atol=1e-4)


def test_memory_is_that_of_the_blocks_and_of_no_page_that_was_never_written() -> None:
    import psutil

    model = random_model()
    before = psutil.Process().memory_info().rss
    cache = PagedCache(model.config, num_blocks=100_000, dtype=torch.float32)
    assert cache.num_bytes == 100_000 * 16 * model.config.kv_bytes_per_token(4) > 400e6
    assert psutil.Process().memory_info().rss - before < 50e6
