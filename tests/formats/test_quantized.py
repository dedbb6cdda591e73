"""Quantized checkpoints are refused in one line by the name of what made them, whatever shows it first."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny_model import edit_json, tiny_model

from puna import formats
from puna.errors import FormatError

PREFIX = "model.layers.0.mlp.down_proj"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    formats.save(tmp_path / "model", tiny_model(), None)
    return tmp_path / "model"


def _refused(directory: Path, name: str) -> None:
    for read in (lambda: formats.load(directory, dtype="float32"), lambda: formats.convert(directory, directory / "to", to="meta")):
        with pytest.raises(FormatError, match=f"quantized with {name}") as caught:
            read()
        assert "\n" not in str(caught.value)
        assert directory.name in str(caught.value)


@pytest.mark.parametrize(
    ("config", "name"),
    [
        ({"quant_method": "gptq", "bits": 4}, "GPTQ"),
        ({"quant_method": "awq", "bits": 4}, "AWQ"),
        ({"quant_method": "bitsandbytes", "load_in_4bit": True}, "bitsandbytes"),
        ({"load_in_8bit": True}, "bitsandbytes"),
        ({"quant_method": "fp8"}, "FP8"),
        ({"quant_method": "fbgemm_fp8"}, "FBGEMM's FP8"),
        ({"quant_method": "compressed-tensors"}, "compressed-tensors"),
        ({"quant_method": "newest"}, "'newest'"),
        ({"bits": 4}, "a method that it does not name"),
        ("gptq", "a method that it does not name"),
    ],
)
def test_the_configuration_says_it(config: object, name: str, directory: Path) -> None:
    edit_json(directory / "config.json", quantization_config=config)
    _refused(directory, name)
    with pytest.raises(FormatError, match=name):
        formats.read_config(directory)


def test_older_compressed_tensors_say_it_elsewhere(directory: Path) -> None:
    edit_json(directory / "config.json", compression_config={"format": "pack-quantized"})
    _refused(directory, "compressed-tensors")


@pytest.mark.parametrize(("file", "name"), [("quantize_config.json", "GPTQ"), ("quant_config.json", "AWQ")])
def test_a_file_beside_says_it(file: str, name: str, directory: Path) -> None:
    (directory / file).write_text("{}")
    _refused(directory, name)


@pytest.mark.parametrize(
    ("tensors", "name"),
    [
        (["qweight", "qzeros", "scales", "g_idx"], "GPTQ"),
        (["qweight", "qzeros", "scales"], "GPTQ or AWQ"),
        (["weight.absmax", "weight.quant_map", "weight.quant_state.bitsandbytes__nf4"], "bitsandbytes"),
        (["SCB"], "bitsandbytes"),
        (["weight_packed", "weight_scale", "weight_shape"], "compressed-tensors"),
        (["weight_scale", "input_scale"], "FP8"),
    ],
)
def test_the_names_of_tensors_say_it(tensors: list[str], name: str, directory: Path) -> None:
    stored = load_file(directory / "model.safetensors")
    save_file(stored | {f"{PREFIX}.{tensor}": torch.zeros(2, dtype=torch.int32) for tensor in tensors}, directory / "model.safetensors")
    _refused(directory, name)


def test_numbers_of_eight_bits_are_no_weights(directory: Path) -> None:
    stored = load_file(directory / "model.safetensors")
    save_file({name: tensor.to(torch.float8_e4m3fn) for name, tensor in stored.items()}, directory / "model.safetensors")
    with pytest.raises(FormatError, match="stored as F8_E4M3"):
        formats.load(directory)
