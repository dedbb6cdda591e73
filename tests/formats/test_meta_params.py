"""What Meta's `params.json` leaves out is filled in by stated rules, and every model that can be said in it comes back."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_model import tiny_config

from puna.errors import FormatError
from puna.formats.meta_params import Checkpoint, config_from_params, params_of
from puna.model.config import LLAMAS, LlamaConfig, RopeScaling

# The files of the releases, as published beside their weights.
RELEASES = {
    "llama-2-7b": {"dim": 4096, "multiple_of": 256, "n_heads": 32, "n_layers": 32, "norm_eps": 1e-05, "vocab_size": -1},
    "llama-2-13b": {"dim": 5120, "multiple_of": 256, "n_heads": 40, "n_layers": 40, "norm_eps": 1e-05, "vocab_size": -1},
    "llama-2-70b": {"dim": 8192, "multiple_of": 4096, "ffn_dim_multiplier": 1.3, "n_heads": 64, "n_kv_heads": 8, "n_layers": 80,
                    "norm_eps": 1e-05, "vocab_size": -1},
    "llama-3-8b": {"dim": 4096, "n_layers": 32, "n_heads": 32, "n_kv_heads": 8, "vocab_size": 128256, "multiple_of": 1024,
                   "ffn_dim_multiplier": 1.3, "norm_eps": 1e-05, "rope_theta": 500000.0},
    "llama-3-70b": {"dim": 8192, "n_layers": 80, "n_heads": 64, "n_kv_heads": 8, "vocab_size": 128256, "multiple_of": 4096,
                    "ffn_dim_multiplier": 1.3, "norm_eps": 1e-05, "rope_theta": 500000.0},
    "llama-3.1-8b": {"dim": 4096, "n_layers": 32, "n_heads": 32, "n_kv_heads": 8, "vocab_size": 128256, "multiple_of": 1024,
                     "ffn_dim_multiplier": 1.3, "norm_eps": 1e-05, "rope_theta": 500000.0, "use_scaled_rope": True},
    "llama-3.1-405b": {"dim": 16384, "n_layers": 126, "n_heads": 128, "n_kv_heads": 8, "vocab_size": 128256, "multiple_of": 4096,
                       "ffn_dim_multiplier": 1.2, "norm_eps": 1e-05, "rope_theta": 500000.0, "use_scaled_rope": True},
    "llama-3.2-1b": {"dim": 2048, "n_layers": 16, "n_heads": 32, "n_kv_heads": 8, "vocab_size": 128256, "multiple_of": 256,
                     "ffn_dim_multiplier": 1.5, "norm_eps": 1e-05, "rope_theta": 500000.0, "use_scaled_rope": True},
    "llama-3.2-3b": {"dim": 3072, "n_layers": 28, "n_heads": 24, "n_kv_heads": 8, "vocab_size": 128256, "multiple_of": 256,
                     "ffn_dim_multiplier": 1.0, "norm_eps": 1e-05, "rope_theta": 500000.0, "use_scaled_rope": True},
}  # fmt: skip


def _read(params: dict, *, vocab_size: int = 32_000, tied: bool = False) -> LlamaConfig:
    return config_from_params(params, Checkpoint(vocab_size, tied), where="params.json")


@pytest.mark.parametrize("name", RELEASES)
def test_the_releases_files_mean_the_published_models(name: str) -> None:
    """The output matrix is stored in every release, also in those where it equals the embedding."""
    assert _read(RELEASES[name], vocab_size=LLAMAS[name].vocab_size) == LLAMAS[name]


@pytest.mark.parametrize("name", LLAMAS)
def test_published_models_come_back_without_a_key_of_our_own(name: str) -> None:
    """Then any loader of Meta's reads the file: the first ones refuse a key that they do not know."""
    params = json.loads(json.dumps(params_of(LLAMAS[name], where="x")))
    known = {key for release in RELEASES.values() for key in release}
    assert params.keys() <= known
    assert ("rope_theta" in params) == ("llama-2" not in name)
    assert _read(params, vocab_size=LLAMAS[name].vocab_size) == LLAMAS[name]


def test_the_rotary_factor_is_32_for_the_shapes_of_3_2_and_8_for_others_unless_given() -> None:
    def factor(**changes: object) -> float:
        scaling = _read({**RELEASES["llama-3.1-8b"], "vocab_size": -1, "use_scaled_rope": True, **changes}).rope_scaling
        return scaling.factor

    assert factor(dim=2048, n_layers=16) == factor(dim=3072, n_layers=28, n_heads=24) == 32
    assert factor() == factor(dim=2048, n_layers=17) == factor(dim=8192, n_layers=80) == 8
    assert factor(dim=2048, n_layers=16, rope_scaling_factor=8) == 8
    assert factor(rope_scaling_factor=32) == 32


def test_the_longest_context_follows_from_the_rotary_base() -> None:
    base = RELEASES["llama-2-7b"]
    assert _read({**base, "use_scaled_rope": True, "rope_theta": 500_000.0}).max_positions == 131_072
    assert [_read({**base, "rope_theta": theta}).max_positions for theta in (500_000.0, 1e6, 1e4, 2e4)] == [8192, 16_384, 4096, 4096]
    assert _read({**base, "norm_eps": 1e-6}).max_positions == 2048
    assert _read({**base, "max_positions": 100}).max_positions == 100


def test_the_vocabulary_is_the_embeddings_where_the_file_has_none() -> None:
    base = RELEASES["llama-2-7b"]
    for absent in (base, {**base, "vocab_size": None}, {key: value for key, value in base.items() if key != "vocab_size"}):
        assert _read(absent, vocab_size=123).vocab_size == 123
    assert _read({**base, "vocab_size": 123}, vocab_size=123).vocab_size == 123
    with pytest.raises(FormatError, match="vocab_size is 124, but the embedding in the checkpoint has 123 rows"):
        _read({**base, "vocab_size": 124}, vocab_size=123)


def test_what_is_absent_is_llama_2s() -> None:
    config = _read({"dim": 64, "n_layers": 1, "n_heads": 4})
    assert (config.num_kv_heads, config.rope_theta, config.norm_eps, config.ffn_dim) == (4, 10_000.0, 1e-5, 256)


@given(
    heads=st.sampled_from([(4, 1), (4, 4), (6, 2)]),
    head_dim=st.integers(1, 40).map(lambda half: 2 * half),
    ffn_dim=st.integers(1, 100_000),
    theta=st.sampled_from([1e4, 5e5, 1e6, 12_345.6]),
    scaling=st.none() | st.builds(RopeScaling, factor=st.sampled_from([1, 8, 32]), high=st.sampled_from([4, 8]), trained=st.sampled_from([64, 8192])),
    tied=st.booleans(),
    max_positions=st.sampled_from([64, 2048, 4096, 8192, 131_072]),
    norm_eps=st.sampled_from([1e-5, 1e-6]),
)  # fmt: skip
def test_every_shape_comes_back(heads, head_dim, ffn_dim, theta, scaling, tied, max_positions, norm_eps) -> None:
    config = tiny_config(
        num_heads=heads[0], num_kv_heads=heads[1], head_dim=head_dim, dim=heads[0] * head_dim, ffn_dim=ffn_dim, rope_theta=theta,
        rope_scaling=scaling, tied=tied, max_positions=max_positions, norm_eps=norm_eps,
    )  # fmt: skip
    params = json.loads(json.dumps(params_of(config, where="x")))
    assert _read(params, vocab_size=config.vocab_size, tied=tied) == config


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"attention_bias": True}, "biases"), ({"mlp_bias": True}, "biases"), ({"head_dim": 8}, "do not make up the width")],
)
def test_what_metas_layout_cannot_say_is_refused(changes: dict, said: str) -> None:
    with pytest.raises(FormatError, match=rf"config\.json: .*{said}"):
        params_of(tiny_config(**changes), where="config.json")
