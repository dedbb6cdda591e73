"""A directory as Meta's own code writes it computes the same in Puna, and after conversion in transformers."""

from __future__ import annotations

import json
from pathlib import Path

import meta_reference as meta
import pytest
import torch
import transformers
from tiny_model import edit_json

from puna import formats
from puna.errors import PunaError
from puna.formats import meta_params
from puna.model.attention import packed
from puna.model.config import LLAMAS

# name: params, number of files, axis of the embedding's cut, factor of the rotary stretch
CASES = {
    "llama 3, one file": (meta.LLAMA3, 1, 0, None),
    "llama 3, 2 files": (meta.LLAMA3, 2, 0, None),
    "llama 3, 8 files": (meta.LLAMA3, 8, 0, None),
    "405B's 16 files with repeated key-value rows": (meta.LLAMA3, 16, 0, None),
    "405B's 16 files that state 16 heads": ({**meta.LLAMA3, "n_kv_heads": 16}, 16, 0, None),
    "llama 3.1, stretched": ({**meta.LLAMA3, "use_scaled_rope": True}, 2, 0, 8.0),
    "a factor that is given": ({**meta.LLAMA3, "use_scaled_rope": True, "rope_scaling_factor": 32}, 1, 0, 32.0),
    "llama 2, one file": (meta.LLAMA2, 1, 1, None),
    "llama 2, cut by columns": (meta.LLAMA2, 2, 1, None),
    "llama 2 70B's shape, cut by columns": ({**meta.LLAMA2, "n_kv_heads": 4, "ffn_dim_multiplier": 1.3}, 4, 1, None),
}


@pytest.fixture(params=CASES.values(), ids=CASES.keys())
def case(request, tmp_path: Path):
    params, count, axis, factor = request.param
    state = meta.random_state(params)
    stored = {**state, "rope.freqs": torch.ones(2)} if params.get("vocab_size") == -1 else state
    tokens_T = torch.randint(0, meta.VOCAB, (40,), generator=torch.Generator().manual_seed(1)) if factor is None else _long()
    expected_TV = meta.logits(state, params, tokens_T, factor)
    return meta.write(tmp_path / "meta", params, meta.cut(stored, params, count, embedding_axis=axis)), tokens_T, expected_TV


def _long() -> torch.Tensor:
    return torch.randint(0, meta.VOCAB, (600,), generator=torch.Generator().manual_seed(1))


def _close(found_TV: torch.Tensor, expected_TV: torch.Tensor) -> None:
    torch.testing.assert_close(found_TV.double(), expected_TV, rtol=1e-4, atol=3e-4 * expected_TV.abs().mean().item())


@torch.no_grad()
def test_logits_equal_those_of_metas_arithmetic(case) -> None:
    directory, tokens_T, expected_TV = case
    model = formats.load(directory, dtype="float32").model
    _close(model.logits(model(tokens_T, packed([0], len(tokens_T)))), expected_TV)


@torch.no_grad()
def test_transformers_computes_the_same_from_the_converted_directory(case, tmp_path: Path) -> None:
    directory, tokens_T, expected_TV = case
    formats.convert(directory, tmp_path / "hf", to="hf")
    theirs = transformers.LlamaForCausalLM.from_pretrained(tmp_path / "hf", dtype=torch.float32)
    _close(theirs(tokens_T[None]).logits[0], expected_TV)


def _write(tmp_path: Path, *, count: int = 2, params=meta.LLAMA3, **changes) -> Path:
    return meta.write(tmp_path / "meta", {**params, **changes}, meta.cut(meta.random_state(params), params, count))


def test_one_matrix_under_two_names_is_a_tied_model(tmp_path: Path) -> None:
    state = meta.random_state(meta.LLAMA3)
    state["output.weight"] = state["tok_embeddings.weight"]
    tied = formats.load(meta.write(tmp_path / "shared", meta.LLAMA3, [state]), dtype="float32").model
    del state["output.weight"]
    silent = formats.load(meta.write(tmp_path / "absent", meta.LLAMA3, [state]), dtype="float32").model
    assert tied.head is silent.head is None
    assert torch.equal(tied.head_weight, state["tok_embeddings.weight"])


def test_the_shapes_of_llama_3_2_are_tied_although_the_matrix_is_stored_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(meta_params.STRETCHED, (64, 2), LLAMAS["llama-3.2-1b"])
    params = {**meta.LLAMA3, "use_scaled_rope": True}
    state = meta.random_state(params)
    different = meta.write(tmp_path / "different", params, meta.cut(state, params, 2))
    with pytest.raises(PunaError, match=r"'output\.weight' differs from the embedding.*tied_embeddings"):
        formats.load(different, dtype="float32")
    edit_json(different / "params.json", tied_embeddings=False)
    assert not formats.load(different, dtype="float32").model.config.tied
    state["output.weight"] = state["tok_embeddings.weight"].clone()
    model = formats.load(meta.write(tmp_path / "equal", params, meta.cut(state, params, 2)), dtype="float32").model
    assert model.head is None
    assert model.config.rope_scaling.factor == 32


def test_two_matrices_that_should_be_one_are_told_by_the_rule_that_tied_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refusal(directory: Path) -> str:
        with pytest.raises(PunaError, match=r"'output\.weight' differs from the embedding") as caught:
            formats.load(directory, dtype="float32")
        return str(caught.value)

    key = _write(tmp_path / "key", tied_embeddings=True)
    assert "says tied_embeddings; set that to false" in refusal(key)
    shards = meta.cut(meta.random_state(meta.LLAMA3), meta.LLAMA3, 2)
    shards[0]["output.weight"] = shards[0]["tok_embeddings.weight"]
    assert "consolidated.00.pth stores one matrix for both" in refusal(meta.write(tmp_path / "half", meta.LLAMA3, shards))
    monkeypatch.setitem(meta_params.STRETCHED, (64, 2), LLAMAS["llama-3.2-1b"])
    assert "64 wide with 2 layers" in refusal(_write(tmp_path / "shape", use_scaled_rope=True))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"dim": ...}, "'dim' is missing"),
        ({"n_heads": 24}, "not a multiple of n_heads"),
        ({"n_heads": "16"}, "n_heads"),
        ({"n_kv_heads": 3}, "num_kv_heads"),
        ({"n_kv_heads": 4}, "attention.wk.weight"),
        ({"n_layers": 3}, "'layers.2.attention_norm.weight' is missing"),
        ({"n_layers": 1}, "layers.1."),
        ({"n_layers": 2_000_000_000}, "is missing"),
        ({"dim": 32}, "in 1;"),
        ({"multiple_of": 512}, "feed_forward.w1.weight"),
        ({"ffn_dim_multiplier": 1e29}, "which no model has"),
        ({"vocab_size": 65}, "has 64 rows"),
        ({"vocab_size": -2}, "vocab_size"),
        ({"use_scaled_rope": "yes"}, "use_scaled_rope"),
        ({"rope_scaling_factor": 8}, "contradicts itself"),
        ({"use_scaled_rope": True, "rope_high_freq_factor": 1}, "low_freq_factor < high_freq_factor"),
        ({"moe_args": {"num_experts": 16}}, "mixture of experts"),
        ({"quantization_args": {"scheme": "int4_weight_int8_dynamic_activation"}}, "quantized"),
        ({"vision_chunk_size": 448}, "vision"),
        ({"sliding_window": 4096}, "'sliding_window'"),
    ],
)
def test_parameters_that_are_wrong_or_contradict_the_weights(changes: dict, said: str, tmp_path: Path) -> None:
    directory = _write(tmp_path)
    edit_json(directory / "params.json", **changes)
    with pytest.raises(PunaError) as caught:
        formats.load(directory, dtype="float32")
    line = str(caught.value)
    assert said in line
    assert directory.name in line
    assert "\n" not in line


def test_what_metas_newest_loader_has_switched_off_is_no_obstacle(tmp_path: Path) -> None:
    directory = _write(tmp_path, vision_chunk_size=-1, quantization_args=None, max_seq_len=2048)
    assert formats.read_config(directory).num_heads == 16


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda d: (d / "consolidated.00.pth").unlink(), "consolidated.00.pth is missing"),
        (lambda d: (d / "consolidated.01.pth").unlink(), "consolidated.01.pth is missing"),
        (lambda d: (d / "consolidated.03.pth").unlink(), "holds 3 of a checkpoint's files, whose slices make up the model in 4"),
        (lambda d: [file.unlink() for file in d.glob("*.pth")], "no consolidated.00.pth"),
        (lambda d: (d / "params.json").write_text("[]"), "expected a JSON object"),
        (lambda d: (d / "params.json").write_text("{"), "not valid JSON"),
    ],
)
def test_files_that_are_missing_or_damaged(damage, said: str, tmp_path: Path) -> None:
    directory = _write(tmp_path, count=4)
    damage(directory)
    with pytest.raises(PunaError, match=said) as caught:
        formats.load(directory, dtype="float32")
    assert "\n" not in str(caught.value)


def _resave(directory: Path, change, number: int = 1) -> None:
    file = directory / f"consolidated.{number:02d}.pth"
    tensors = torch.load(file, weights_only=True)
    change(tensors)
    torch.save(tensors, file)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: t.pop("norm.weight"), "'norm.weight'"),
        (lambda t: t.__setitem__("norm.weight", t["norm.weight"].half()), "'norm.weight'"),
        (lambda t: t.__setitem__("output.weight", t["output.weight"][1:]), "'output.weight'"),
        (lambda t: t.__setitem__("extra", t["norm.weight"].clone()), "'extra'"),
        (lambda t: t.__setitem__("norm.weight", torch.ones(64, dtype=torch.int8)), "int8"),
        (lambda t: t.__setitem__("norm.weight", torch.ones(1).expand(64)), "does not lie dense"),
        (lambda t: t.__setitem__("norm.weight", torch.ones(64).to_sparse()), "call"),
        (lambda t: t.__setitem__("norm.weight", torch.ones(64, device="meta")), "call"),
    ],
)
def test_files_that_are_not_slices_of_one_model(change, said: str, tmp_path: Path) -> None:
    directory = _write(tmp_path)
    _resave(directory, change)
    with pytest.raises(PunaError) as caught:
        formats.load(directory, dtype="float32")
    assert said in str(caught.value)
    assert "consolidated.01.pth" in str(caught.value)


def test_repeated_key_value_rows_that_differ_are_refused(tmp_path: Path) -> None:
    directory = _write(tmp_path, count=16)
    _resave(directory, lambda tensors: tensors["layers.0.attention.wk.weight"].add_(1), number=3)
    with pytest.raises(PunaError, match=r"consolidated\.03\.pth: 'layers\.0\.attention\.wk\.weight' differs from consolidated\.02\.pth's"):
        formats.load(directory, dtype="float32")


def test_biases_and_unknown_tensors_are_refused(tmp_path: Path) -> None:
    directory = _write(tmp_path, count=1)
    _resave(directory, lambda tensors: tensors.__setitem__("layers.0.attention.wq.bias", torch.zeros(64)), number=0)
    with pytest.raises(PunaError, match=r"'layers\.0\.attention\.wq\.bias' is not part of the model.*'layers\.0\.attention"):
        formats.load(directory, dtype="float32")


def test_a_directory_with_both_layouts_is_read_as_hugging_faces(tmp_path: Path) -> None:
    directory = _write(tmp_path)
    formats.convert(directory, tmp_path / "hf", to="hf")
    for file in directory.iterdir():
        (tmp_path / "hf" / file.name).write_bytes(b"not read")
    assert formats.read_config(tmp_path / "hf").max_positions == 8192


def test_meta_directories_have_no_generation_defaults_and_may_have_some(tmp_path: Path) -> None:
    directory = _write(tmp_path)
    assert formats.load(directory, dtype="float32").generation == formats.GenerationDefaults()
    (directory / "generation_config.json").write_text(json.dumps({"eos_token_id": [3, 4], "temperature": 0.5}))
    assert formats.load(directory, dtype="float32").generation == formats.GenerationDefaults((3, 4), temperature=0.5)
