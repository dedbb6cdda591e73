"""A format's bytes are those that its files have, whatever its name promises."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from puna.errors import ConfigError
from puna.plan.formats import format_named, formats, stored, weight_bytes
from puna.plan.models import model_of, named_models

GIB = 2**30


@pytest.mark.parametrize(
    ("model", "form", "expected"),
    [
        ("llama-3.1-8b", "f16", 14.96 * GIB),
        ("llama-3.1-8b", "q4_k_m", 4.58 * GIB),
        ("llama-3.1-70b", "q4_k_m", 43.1e9),
        ("llama-3.1-405b", "q4_k_m", 249.1e9),
    ],
)
def test_files_of_llama_cpp_are_within_half_a_percent(model, form, expected):
    assert weight_bytes(model_of(model), format_named(form)) == pytest.approx(expected, rel=0.005)


@pytest.mark.parametrize(
    ("form", "gib"),
    [
        ("q4_0", 4.34),
        ("q4_1", 4.78),
        ("q5_0", 5.21),
        ("q5_1", 5.65),
        ("q3_k_m", 3.74),
        ("iq3_xxs", 3.04),
        ("iq3_m", 3.52),
        ("iq2_m", 2.74),
        ("iq1_s", 1.87),
    ],
)
def test_files_of_llama_3_8b_are_as_large_as_llama_quantize_prints(form, gib):
    # Blocks of 32 weights in 18 to 24 bytes and a Q6_K output matrix make the sizes of the four older types.
    assert weight_bytes(model_of("llama-3-8b"), format_named(form)) / GIB == pytest.approx(gib, abs=0.012)


@pytest.mark.parametrize(("form", "block_bytes"), [("q4_0", 18), ("q4_1", 20), ("q5_0", 22), ("q5_1", 24)])
def test_older_types_have_the_bits_of_their_blocks(form, block_bytes):
    assert format_named(form).bits == block_bytes * 8 / 32


def test_a_tied_embedding_is_kept_finer_as_llama_cpp_does():
    # Llama 3.2 1B's Q4_K_M file has 0.81 GB, where the bits of 8B would make it 0.76.
    assert weight_bytes(model_of("llama-3.2-1b"), format_named("q4_k_m")) == pytest.approx(0.81e9, rel=0.01)


def test_metas_fp8_quantizes_the_feed_forward_of_all_layers_but_first_and_last():
    whole = model_of("llama-3.1-405b")
    found = stored(whole, format_named("fp8-meta"))
    shape = whole.llama
    assert found.quantized == 124 * 3 * shape.dim * shape.ffn_dim
    assert found.quantized + found.kept == shape.num_params
    assert found.num_bytes > weight_bytes(whole, format_named("fp8"))


def test_gptq_files_keep_their_embeddings():
    found = stored(model_of("llama-3.1-70b"), format_named("int4-gptq"))
    assert found.kept == 2 * 128_256 * 8192 + 161 * 8192


def test_web_calculators_four_bits_make_405b_a_fifth_too_small():
    whole = model_of("llama-3.1-405b")
    assert whole.total_params * 4 / 8 / weight_bytes(whole, format_named("q4_k_m")) == pytest.approx(0.81, abs=0.01)


@given(st.sampled_from(named_models()), st.sampled_from(list(formats())))
def test_no_format_takes_more_than_16_bits_or_less_than_its_own(model, form):
    whole, asked = model_of(model), format_named(form)
    size = weight_bytes(whole, asked)
    assert whole.total_params * asked.bits / 8 * 0.999 <= size <= whole.total_params * 16.001 / 8


def test_names_are_read_in_any_case_and_the_nearest_is_named():
    assert format_named("Q4_K_M") is format_named("q4_k_m")
    with pytest.raises(ConfigError, match="did you mean 'q4_k_m'"):
        format_named("q4_km")
