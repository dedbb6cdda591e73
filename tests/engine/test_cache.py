"""Reading with a cache, in any pieces and in any company, gives what one pass without a cache gives."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_engine import random_model

from puna.engine.cache import KVCache, Piece
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
def _cached(model, rows: list[torch.Tensor], steps: list[list[Piece]]) -> list[torch.Tensor]:
    """Read `rows` as `steps` say and return each row's logits."""
    cache = KVCache(model.config, max_rows=len(rows), dtype=torch.float32)
    for _ in rows:
        cache.add_row()
    parts: list[list[torch.Tensor]] = [[] for _ in rows]
    for pieces in steps:
        spans = [(cache.lengths[piece.row], cache.lengths[piece.row] + piece.count) for piece in pieces]
        tokens_T = torch.cat([rows[piece.row][start:end] for piece, (start, end) in zip(pieces, spans, strict=True)])
        logits_TV = model.logits(model(tokens_T, cache.step(pieces)))
        for piece, logits in zip(pieces, logits_TV.split([piece.count for piece in pieces]), strict=True):
            parts[piece.row].append(logits)
    return [torch.cat(part) for part in parts]


def _tokens(count: int, seed: int = 0) -> torch.Tensor:
    return torch.randint(0, 250, (count,), generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
@pytest.mark.parametrize("cuts", [[150], [1] * 150, [64, 64, 22], [149, 1], [1, 149], [30, 1, 1, 1, 100, 17]])
def test_cached_logits_are_the_uncached_ones(shape, cuts: list[int]) -> None:
    model, tokens_T = random_model(**shape), _tokens(150)
    logits_TV = _cached(model, [tokens_T], [[Piece(0, count)] for count in cuts])[0]
    torch.testing.assert_close(logits_TV, _uncached(model, tokens_T), rtol=1e-4, atol=1e-4)


@settings(max_examples=40, deadline=None)
@given(lengths=st.lists(st.integers(1, 40), min_size=1, max_size=4), data=st.data())
def test_rows_of_any_length_in_any_pieces_do_not_disturb_each_other(lengths: list[int], data: st.DataObject) -> None:
    model = random_model()
    rows = [_tokens(length, seed) for seed, length in enumerate(lengths)]
    left, steps = list(lengths), []
    while any(left):
        chosen = data.draw(st.sets(st.sampled_from([row for row, count in enumerate(left) if count]), min_size=1))
        steps.append([Piece(row, data.draw(st.integers(1, left[row]))) for row in sorted(chosen)])
        for piece in steps[-1]:
            left[piece.row] -= piece.count
    for row, logits_TV in enumerate(_cached(model, rows, steps)):
        torch.testing.assert_close(logits_TV, _uncached(model, rows[row]), rtol=1e-4, atol=1e-4)


@torch.no_grad()
def test_a_dropped_row_leaves_the_others_as_they_were() -> None:
    model, rows = random_model(), [_tokens(count, count) for count in (30, 70, 50)]
    cache = KVCache(model.config, max_rows=3, dtype=torch.float32)
    for row, tokens_T in enumerate(rows):
        assert cache.add_row() == row
        model(tokens_T[:-1], cache.step([Piece(row, len(tokens_T) - 1)]))
    cache.drop_row(0)
    order = [2, 1]  # the last row took the place of the first
    last_T = torch.stack([rows[row][-1] for row in order])
    logits_RV = model.logits(model(last_T, cache.step([Piece(0, 1), Piece(1, 1)])))
    expected_RV = torch.stack([_uncached(model, rows[row])[-1] for row in order])
    torch.testing.assert_close(logits_RV, expected_RV, rtol=1e-4, atol=1e-4)
    assert cache.lengths == [50, 70]


def test_the_cache_grows_by_doubling_and_never_beyond_the_context() -> None:
    model = random_model(max_positions=200)
    cache = KVCache(model.config, max_rows=1, dtype=torch.float32)
    cache.add_row()
    capacities = set()
    for _ in range(200):
        cache.step([Piece(0, 1)])
        capacities.add(cache.capacity)
    assert capacities == {64, 128, 200}
