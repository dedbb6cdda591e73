"""A model is the same whichever way it is named, and mixtures count as their makers say."""

import json

import pytest

from puna.errors import ConfigError, FormatError
from puna.model.config import LLAMAS
from puna.plan.devices import devices
from puna.plan.models import model_of

SHAPE = "dim=4096,layers=32,heads=32,kv_heads=8,ffn=14336,vocab=128256"


@pytest.mark.parametrize("name", LLAMAS)
def test_a_dense_models_parameters_are_all_active_and_counted_as_in_its_files(name):
    sized = model_of(name)
    assert sized.total_params == sized.active_params == LLAMAS[name].num_params
    assert sized.train_flops_per_token(8192) == LLAMAS[name].train_flops_per_token(8192)
    assert sized.kv_bytes_per_token() == LLAMAS[name].kv_bytes_per_token()


@pytest.mark.parametrize(
    ("name", "total", "active"), [("llama-4-scout", 109e9, 17e9), ("llama-4-maverick", 400e9, 17e9), ("deepseek-v3", 671e9, 37e9)]
)
def test_mixtures_come_within_two_percent_of_their_published_counts(name, total, active):
    assert model_of(name).total_params == pytest.approx(total, rel=0.02)
    assert model_of(name).active_params == pytest.approx(active, rel=0.02)


def test_a_name_a_directory_and_a_shape_give_one_model(tmp_path):
    config = {"model_type": "llama", "vocab_size": 128256, "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32,
              "num_key_value_heads": 8, "intermediate_size": 14336}  # fmt: skip
    (tmp_path / "config.json").write_text(json.dumps(config))
    counts = {model_of(text).total_params for text in ("llama-3-8b", SHAPE, str(tmp_path), str(tmp_path / "config.json"))}
    assert counts == {8_030_261_248}


def test_a_shape_with_experts_holds_all_and_meets_few():
    # Mixtral 8x7B: 46.7B in all, 12.9B met (arXiv 2401.04088).
    sized = model_of("dim=4096,layers=32,heads=32,kv_heads=8,ffn=14336,vocab=32000,experts=8,active=2")
    assert sized.total_params == pytest.approx(46.7e9, rel=0.002)
    assert sized.active_params == pytest.approx(12.9e9, rel=0.002)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("llama-3.1-8c", "did you mean 'llama-3.1-8b'"),
        ("dim=4096,layer=32", "did you mean 'layers'"),
        ("dim=4096,layers=32", "needs heads, ffn, vocab too"),
        (SHAPE + ",dim=2", "given twice"),
        (SHAPE.replace("14336", "many"), "'ffn' needs a whole number"),
        (SHAPE.replace("heads=32", "heads=31", 1), "not a multiple"),
        (SHAPE + ",experts=2,active=3", "3 active of 2"),
    ],
)
def test_what_is_no_model_is_refused_with_what_to_do(text, said):
    with pytest.raises(ConfigError, match=said):
        model_of(text)


@pytest.mark.parametrize(("content", "said"), [("{", "not valid JSON"), ("[]", "JSON object"), ('{"model_type": "bert"}', "Write its shape"),
                                               ('{"model_type": "llama", "vocab_size": true}', "vocab_size")])  # fmt: skip
def test_a_damaged_config_is_refused_by_file(tmp_path, content, said):
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(FormatError, match=said):
        model_of(str(tmp_path))


def test_a_directory_without_a_config_is_no_model(tmp_path):
    with pytest.raises(ConfigError, match=r"no config\.json"):
        model_of(str(tmp_path))


def test_a_node_is_the_sum_of_its_chips():
    table = devices()
    for name, node in table.items():
        if node.kind == "node" and name.split("x", 1)[1] in table:
            chip = table[name.split("x", 1)[1]]
            assert node.bf16_flops == pytest.approx(node.chips * chip.bf16_flops)
            assert node.memory_bytes == node.chips * chip.memory_bytes
            assert node.bandwidth_bytes_per_second == node.chips * chip.bandwidth_bytes_per_second
