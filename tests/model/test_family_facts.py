"""What follows from the configuration table by arithmetic, against published figures and against the model itself."""

from __future__ import annotations

import pytest
import torch

from puna.errors import ConfigError
from puna.model import rope
from puna.model.config import LLAMAS, LlamaConfig
from puna.model.llama import Llama

PARAMETERS = {
    "llama-2-7b": 6_738_415_616, "llama-2-13b": 13_015_864_320, "llama-2-70b": 68_976_648_192,
    "llama-3-8b": 8_030_261_248, "llama-3-70b": 70_553_706_496,
    "llama-3.1-8b": 8_030_261_248, "llama-3.1-70b": 70_553_706_496, "llama-3.1-405b": 405_853_388_800,
    "llama-3.2-1b": 1_235_814_400, "llama-3.2-3b": 3_212_749_824, "llama-3.3-70b": 70_553_706_496,
}  # fmt: skip
KV_BYTES = {
    "llama-2-7b": 512 * 1024, "llama-2-13b": 800 * 1024, "llama-2-70b": 320 * 1024,
    "llama-3-8b": 128 * 1024, "llama-3-70b": 320 * 1024,
    "llama-3.1-8b": 128 * 1024, "llama-3.1-70b": 320 * 1024, "llama-3.1-405b": 504 * 1024,
    "llama-3.2-1b": 32 * 1024, "llama-3.2-3b": 112 * 1024, "llama-3.3-70b": 320 * 1024,
}  # fmt: skip


def test_the_table_is_whole() -> None:
    assert set(LLAMAS) == set(PARAMETERS) == set(KV_BYTES)


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameters_and_cache_bytes_are_the_published_ones(name: str) -> None:
    config = LlamaConfig.named(name)
    assert config.num_params == PARAMETERS[name]
    assert config.kv_bytes_per_token() == KV_BYTES[name]
    assert config.kv_bytes_per_token(4) == 2 * KV_BYTES[name]


@pytest.mark.parametrize("name", PARAMETERS)
def test_the_model_has_the_parameters_that_the_table_counts(name: str) -> None:
    with torch.device("meta"):
        model = Llama(LlamaConfig.named(name))
    assert sum(weight.numel() for weight in model.parameters()) == PARAMETERS[name]


def test_biases_are_counted(family_config) -> None:
    assert sum(weight.numel() for weight in Llama(family_config).parameters()) == family_config.num_params


@pytest.mark.parametrize(("name", "kept", "blended", "divided"), [("llama-3.1-8b", 29, 6, 29), ("llama-3.2-1b", 15, 3, 14)])
def test_rotary_bands_split_as_published(name: str, kept: int, blended: int, divided: int) -> None:
    config = LlamaConfig.named(name)
    plain_R = rope.frequencies(config.model_copy(update={"rope_scaling": None}))
    ratio_R = (plain_R / rope.frequencies(config)).double()
    is_kept_R = (ratio_R - 1).abs() < 1e-6
    is_divided_R = (ratio_R / config.rope_scaling.factor - 1).abs() < 1e-6
    assert (is_kept_R.sum(), is_divided_R.sum()) == (kept, divided)
    assert (~is_kept_R & ~is_divided_R).sum() == blended


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"did you mean 'llama-3.1-8b'"):
        LlamaConfig.named("llama-3.1-8")
