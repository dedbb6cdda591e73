"""A packed batch is its documents one by one, whatever they are and however they are cut."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_family import random_model, tiny

from puna.model.attention import packed


@torch.no_grad()
def _logits(model, tokens_T: torch.Tensor, starts: list[int]) -> torch.Tensor:
    return model.logits(model(tokens_T, packed(starts, len(tokens_T))))


def test_a_packed_batch_gives_each_document_its_own_logits(family_config, make_model) -> None:
    model = make_model(family_config)
    tokens_T = torch.randint(0, family_config.vocab_size, (200,), generator=torch.Generator().manual_seed(3))
    starts = [0, 1, 40, 41, 137]
    together_TV = _logits(model, tokens_T, starts)
    alone = [_logits(model, tokens_T[start:end], [0]) for start, end in zip(starts, [*starts[1:], 200], strict=True)]
    torch.testing.assert_close(together_TV, torch.cat(alone), rtol=1e-4, atol=1e-4)


@settings(max_examples=40, deadline=None)
@given(lengths=st.lists(st.integers(1, 24), min_size=2, max_size=6), data=st.data())
def test_changing_one_document_changes_no_other(lengths: list[int], data: st.DataObject) -> None:
    model = random_model(tiny(num_layers=2))
    starts = torch.tensor([0, *lengths[:-1]]).cumsum(0).tolist()
    tokens_T = torch.randint(0, 96, (sum(lengths),), generator=torch.Generator().manual_seed(4))
    changed = data.draw(st.integers(0, len(lengths) - 1))
    inside = slice(starts[changed], starts[changed] + lengths[changed])
    other_T = tokens_T.clone()
    other_T[inside] = (other_T[inside] + 1) % 96
    before_TV, after_TV = _logits(model, tokens_T, starts), _logits(model, other_T, starts)
    outside_T = torch.ones(len(tokens_T), dtype=torch.bool)
    outside_T[inside] = False
    assert torch.equal(before_TV[outside_T], after_TV[outside_T])
    assert not torch.equal(before_TV[inside], after_TV[inside])


def test_no_token_sees_what_comes_after_it(family_config, make_model) -> None:
    model = make_model(family_config)
    tokens_T = torch.randint(0, family_config.vocab_size, (60,), generator=torch.Generator().manual_seed(5))
    other_T = tokens_T.clone()
    other_T[30:] = (other_T[30:] + 1) % family_config.vocab_size
    torch.testing.assert_close(_logits(model, tokens_T, [0])[:30], _logits(model, other_T, [0])[:30], rtol=1e-5, atol=1e-5)
