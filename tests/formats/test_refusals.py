"""What cannot be loaded is refused in one line that names the file, the tensor or key, and what to do."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny_model import edit_json, tiny_model

from puna import formats, machine
from puna.errors import ConfigError, FitError, FormatError, PunaError

WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"


@pytest.fixture
def single(tmp_path: Path) -> Path:
    formats.save(tmp_path / "single", tiny_model(), None)
    return tmp_path / "single"


@pytest.fixture
def sharded(tmp_path: Path) -> Path:
    formats.save(tmp_path / "sharded", tiny_model(), None, shard_bytes=4_000)
    return tmp_path / "sharded"


def refused(path: Path, *parts: str) -> None:
    """Assert that loading fails with one line that holds every part."""
    with pytest.raises(PunaError) as caught:
        formats.load(path, dtype="float32")
    line = str(caught.value)
    assert "\n" not in line
    assert all(part in line for part in (path.name, *parts)), line


def _change_tensors(file: Path, change) -> None:
    tensors = load_file(file)
    change(tensors)
    save_file(tensors, file)


@pytest.mark.parametrize("size", [0, 4, 8, 100, -1, -1000])
def test_a_truncated_file(single: Path, size: int) -> None:
    content = (single / WEIGHTS).read_bytes()
    (single / WEIGHTS).write_bytes(content[:size])
    refused(single, WEIGHTS, "truncated or damaged")


def test_a_truncated_shard(sharded: Path) -> None:
    shard = sorted(sharded.glob("*.safetensors"))[2]
    shard.write_bytes(shard.read_bytes()[:-1])
    refused(sharded, shard.name, "truncated or damaged")


def test_a_missing_shard(sharded: Path) -> None:
    shard = sorted(sharded.glob("*.safetensors"))[1]
    shard.unlink()
    refused(sharded, shard.name, "missing", "index")


def test_a_missing_tensor_names_the_nearest(single: Path) -> None:
    name = "model.layers.1.self_attn.k_proj.weight"
    _change_tensors(single / WEIGHTS, lambda tensors: tensors.__setitem__(name.replace("k_proj", "key_proj"), tensors.pop(name)))
    refused(single, WEIGHTS, f"'{name}' is missing", "key_proj")


def test_an_unexpected_tensor_names_the_nearest(single: Path) -> None:
    _change_tensors(single / WEIGHTS, lambda tensors: tensors.__setitem__("model.norm.bias", torch.zeros(16)))
    refused(single, WEIGHTS, "'model.norm.bias'", "model.norm.weight")


def test_a_misshapen_tensor(single: Path) -> None:
    name = "model.layers.0.mlp.down_proj.weight"
    _change_tensors(single / WEIGHTS, lambda tensors: tensors.__setitem__(name, tensors[name].T.contiguous()))
    refused(single, WEIGHTS, name, "[24, 16]", "[16, 24]", "config.json")


def test_a_tensor_that_is_no_floating_point(single: Path) -> None:
    _change_tensors(single / WEIGHTS, lambda tensors: tensors.__setitem__("model.norm.weight", torch.zeros(16, dtype=torch.int64)))
    refused(single, WEIGHTS, "model.norm.weight", "I64")


@pytest.mark.parametrize(
    ("key", "value", "tensor"),
    [
        ("vocab_size", 41, "model.embed_tokens.weight"),
        ("num_hidden_layers", 3, "model.layers.2."),
        ("num_hidden_layers", 2_000_000_000, "model.layers.2."),
        ("num_hidden_layers", 1, "model.layers.1."),
        ("hidden_size", 32, "model.embed_tokens.weight"),
        ("num_key_value_heads", 4, "k_proj"),
        ("intermediate_size", 25, "mlp.gate_proj"),
        ("attention_bias", True, "q_proj.bias"),
        ("head_dim", 8, "q_proj"),
        ("tie_word_embeddings", True, "lm_head.weight"),
    ],
)
def test_a_configuration_that_contradicts_the_weights(single: Path, key: str, value: object, tensor: str) -> None:
    edit_json(single / "config.json", **{key: value})
    refused(single, WEIGHTS, tensor, "config.json")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"model_type": "mistral"}, "'mistral'"),
        ({"model_type": ...}, "model_type"),
        ({"hidden_act": "gelu"}, "'gelu'"),
        ({"rope_parameters": {"rope_type": "yarn", "factor": 2.0, "rope_theta": 1e4}, "rope_theta": ..., "rope_scaling": ...}, "'yarn'"),
        ({"rope_parameters": ..., "rope_scaling": {"type": "linear", "factor": 2.0}}, "'linear'"),
        ({"rope_theta": 10_000.0}, "rope_theta"),
        ({"rope_scaling": {"rope_type": "llama3", "factor": 8, "low_freq_factor": 1, "high_freq_factor": 4}}, "contradicts itself"),
        (
            {"rope_parameters": ..., "rope_scaling": {"rope_type": "llama3", "low_freq_factor": 1, "high_freq_factor": 4}},
            "rope_scaling.factor",
        ),
        (
            {"rope_parameters": ..., "rope_scaling": {"rope_type": "llama3", "factor": 8, "low_freq_factor": 4, "high_freq_factor": 4}},
            "low_freq",
        ),
        ({"rope_parameters": ..., "rope_theta": float("inf")}, "rope_theta"),
        ({"num_attention_heads": "4"}, "num_attention_heads"),
        ({"num_attention_heads": True}, "num_attention_heads"),
        ({"num_attention_heads": 0}, "num_attention_heads"),
        ({"num_attention_heads": 10**40}, "num_attention_heads"),
        ({"num_attention_heads": 3, "head_dim": None}, "num_attention_heads (3)"),
        ({"num_key_value_heads": 3}, "num_kv_heads"),
        ({"vocab_size": ...}, "'vocab_size' is missing"),
        ({"rms_norm_eps": -1.0}, "rms_norm_eps"),
        ({"tie_word_embeddings": "no"}, "tie_word_embeddings"),
        ({"eos_token_id": 40}, "eos_token_id"),
        ({"partial_rotary_factor": 0.5}, "partial_rotary_factor"),
    ],
)
def test_a_configuration_that_is_not_a_llama(single: Path, changes: dict, said: str) -> None:
    edit_json(single / "config.json", **changes)
    refused(single, "config.json", said)


def test_what_a_llama_may_leave_out(tmp_path: Path) -> None:
    formats.save(tmp_path / "model", tiny_model(num_kv_heads=4), None)
    edit_json(
        tmp_path / "model" / "config.json", head_dim=..., num_key_value_heads=..., attention_bias=..., mlp_bias=..., tie_word_embeddings=...
    )
    assert formats.load(tmp_path / "model", dtype="float32").model.config == tiny_model(num_kv_heads=4).config


def test_rotary_frequencies_that_old_checkpoints_stored_are_passed_over(single: Path) -> None:
    _change_tensors(single / WEIGHTS, lambda tensors: tensors.__setitem__("model.layers.0.self_attn.rotary_emb.inv_freq", torch.zeros(2)))
    formats.load(single, dtype="float32")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda m: m.__setitem__("model.norm.weight", "../other.safetensors"), "'../other.safetensors'"),
        (lambda m: m.__setitem__("model.norm.weight", m["model.embed_tokens.weight"]), "model.norm.weight"),
        (lambda m: m.pop("model.norm.weight"), "'model.norm.weight'"),
        (lambda m: m.__setitem__("model.extra", m["model.norm.weight"]), "'model.extra'"),
        (lambda m: m.__setitem__("model.norm.weight", 3), "weight_map"),
        (lambda m: m.clear(), "weight_map"),
    ],
)
def test_an_index_that_contradicts_the_files(sharded: Path, change, said: str) -> None:
    index = json.loads((sharded / INDEX).read_text())
    change(index["weight_map"])
    (sharded / INDEX).write_text(json.dumps(index))
    if said == "weight_map":
        said = "safetensors.index.json"
    refused(sharded, said)


def test_what_is_not_a_model_directory(tmp_path: Path, single: Path) -> None:
    refused(tmp_path / "nowhere", "no such directory")
    refused(single / "config.json", "is a file", "directory")
    (tmp_path / "empty").mkdir()
    refused(tmp_path / "empty", "config.json")
    (single / WEIGHTS).unlink()
    refused(single, "neither", WEIGHTS, INDEX)
    (single / "pytorch_model.bin").touch()
    refused(single, "pytorch_model.bin", "never unpickles")
    (single / "config.json").unlink()
    (single / "config.json").mkdir()
    refused(single, "config.json")


def test_a_dtype_that_is_not_known(single: Path) -> None:
    with pytest.raises(ConfigError, match="int8"):
        formats.load(single, dtype="int8")


def test_a_tied_checkpoint_whose_output_matrix_differs(single: Path) -> None:
    edit_json(single / "config.json", tie_word_embeddings=True)
    refused(single, "lm_head.weight", "tie_word_embeddings")


def test_a_model_that_does_not_fit_is_refused_before_loading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sparse file stands in for Llama 3 8B: its header is real, its 16 GB are a hole."""
    from puna.formats.config_file import hf_config
    from puna.formats.hf_weights import HuggingFaceAdapter
    from puna.model.config import LlamaConfig

    config, offset, header = LlamaConfig.named("llama-3-8b"), 0, {}
    adapter = HuggingFaceAdapter(config)
    for part in (part for name in adapter.names() for part in adapter.parts(name)):
        end = offset + 2 * torch.Size(part.shape).numel()
        header[part.name] = {"dtype": "BF16", "shape": part.shape, "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header).encode()
    with (tmp_path / WEIGHTS).open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        file.truncate(8 + len(text) + offset)
    (tmp_path / "config.json").write_text(json.dumps(hf_config(config, dtype="bfloat16")))
    monkeypatch.setattr(machine, "memory_bytes", lambda: 24 * 10**9)
    monkeypatch.setattr(machine, "available_memory_bytes", lambda: 20 * 10**9)
    with pytest.raises(FitError, match=r"needs 32\.1 GB in fp32, this machine has 24.*; in bfloat16 it needs 16\.1$"):
        formats.load(tmp_path, dtype="float32")


def test_a_tokenizer_with_more_tokens_than_the_model_is_refused(single: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from types import SimpleNamespace

    from puna.formats import tokenizers

    (single / "tokenizer.json").write_text("{}")
    monkeypatch.setattr(tokenizers.Tokenizer, "load", lambda path: SimpleNamespace(vocab_size=41))
    refused(single, "tokenizer.json", "41", "40")


def test_a_tokenizer_of_another_kind_does_not_keep_the_weights_away(single: Path) -> None:
    llama2 = {"version": "1.0", "added_tokens": [], "model": {"type": "BPE", "byte_fallback": True, "vocab": {"<unk>": 0}, "merges": []}}
    (single / "tokenizer.json").write_text(json.dumps(llama2))
    loaded = formats.load(single, dtype="float32")
    assert loaded.tokenizer is None
    assert "tokenizer" in loaded.tokenizer_problem


def test_the_error_is_of_the_right_kind(single: Path) -> None:
    shutil.rmtree(single)
    with pytest.raises(FormatError):
        formats.read_config(single)
