"""Candidates are shapes that somebody could train, the released Llamas among them."""

import itertools
import time

import pytest

from puna.model.config import LLAMAS
from puna.plan.shapes import Cut, roundness, shapes


@pytest.mark.parametrize(("name", "cut"), [("llama-3.1-8b", Cut()), ("llama-3.1-70b", Cut(8, 4)), ("llama-3.1-405b", Cut(8, 16))])
def test_the_released_llamas_are_among_them(name, cut):
    llama = LLAMAS[name]
    found = shapes(low=0.9 * llama.num_params, high=1.1 * llama.num_params, cut=cut)
    assert (llama.dim, llama.num_layers, llama.ffn_dim) in {(shape.dim, shape.num_layers, shape.ffn_dim) for shape in found}


def test_a_layout_can_cut_each_and_sizes_rise():
    found = shapes(low=200e9, high=600e9, cut=Cut(8, 16))
    sizes = [shape.num_params for shape in found]
    assert sizes == sorted(sizes)
    assert sizes[0] >= 200e9
    assert sizes[-1] <= 600e9
    for shape in found:
        assert shape.num_heads % 8 == 0
        assert shape.ffn_dim % (8 * 128) == 0
        assert shape.num_layers % 16 in (0, 14)


@pytest.mark.parametrize(("cut", "low"), [(Cut(), 30e9), (Cut(8, 4), 60e9), (Cut(8, 16), 150e9)])
def test_there_is_one_within_five_percent_of_any_size(cut, low):
    sizes = [shape.num_params for shape in shapes(low=0.8 * low, high=800e9, cut=cut)]
    target = low
    while target < 700e9:
        assert min(abs(size / target - 1) for size in sizes) < 0.05, target
        target *= 1.03


def test_small_models_are_shapes_too():
    """Llama 3's own runs begin at 40 million parameters (arXiv 2407.21783, section 3.2.1)."""
    found = shapes(low=30e6, high=1.5e9)
    assert {shape.dim for shape in found} >= {256, 512, 768, 1024}
    sizes = [shape.num_params for shape in found]
    assert max(later / size for size, later in itertools.pairwise(sizes) if size > 80e6) < 1.05
    for shape in found:
        assert shape.tied == (shape.dim < 2048)
        assert shape.num_heads * shape.head_dim == shape.dim
        assert shape.num_heads % shape.num_kv_heads == 0
    assert all(shape.num_heads % 4 == 0 and shape.ffn_dim % 512 == 0 for shape in shapes(low=40e6, high=1e9, cut=Cut(4)))


def test_roundness_is_the_power_of_two_in_the_width():
    assert roundness(LLAMAS["llama-3.1-405b"]) == 14
    assert roundness(LLAMAS["llama-3.2-3b"]) == 10


def test_all_shapes_are_found_within_a_second():
    began = time.perf_counter()
    assert len(shapes(low=1e9, high=2e12)) > 1000
    assert time.perf_counter() - began < 2
