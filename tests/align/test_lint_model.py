"""The model's files: rows that nothing trained, what a directory must hold, and what is left out where it holds less."""

from __future__ import annotations

import json

import pytest
import torch
from lint_models import CONTEXT, llama3_tokenizer, model_config, write_model
from safetensors.torch import load_file, save_file

from puna import formats
from puna.align.lint import lint, open_model
from puna.errors import ConfigError, FormatError, TokenizerError
from puna.model.llama import Llama

DIALOG = {"messages": [{"role": "user", "content": "Where does Anna live?"}, {"role": "assistant", "content": "In Elton."}]}
CODE = {"messages": [DIALOG["messages"][0], {"role": "assistant", "content": "", "tool_calls": [{"function": {"name": "code_interpreter", "arguments": {"code": "1"}}}]}],
        "builtin_tools": ["code_interpreter"]}  # fmt: skip


@pytest.fixture(scope="module")
def tokenizer():
    return llama3_tokenizer()


@pytest.fixture
def model(tokenizer, tmp_path):
    return write_model(tmp_path / "model", tokenizer)


def report_of(model, folder, *records):
    (folder / "d.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records or (DIALOG,)))
    return lint(folder / "d.jsonl", open_model(model))


def messages(report, name):
    return [item.finding.message for item in report.listed if item.finding.rule.name == name]


def matrix(tokenizer, *, small=(), dtype=torch.bfloat16):
    weight_VD = torch.randn(tokenizer.vocab_size, 16, generator=torch.Generator().manual_seed(0))
    weight_VD[list(small)] *= 1e-7
    return weight_VD.to(dtype)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("name", ["model.embed_tokens.weight", "lm_head.weight"])
def test_rows_that_nothing_trained_are_found_in_either_matrix(name, dtype, model, tokenizer, tmp_path):
    small = [tokenizer.chat_ids.eot, tokenizer.chat_ids.start_header]
    save_file({name: matrix(tokenizer, small=small, dtype=dtype)}, model / "model.safetensors")
    (told,) = messages(report_of(model, tmp_path), "untrained-rows")
    assert "<|start_header_id|>, <|eot_id|>" in told
    assert "<|end_header_id|>" not in told


def test_trained_rows_are_sound_and_only_tokens_that_the_data_use_are_asked_for(model, tokenizer, tmp_path):
    unused = [tokenizer.chat_ids.python_tag, tokenizer.chat_ids.eom]
    save_file({"model.embed_tokens.weight": matrix(tokenizer, small=unused)}, model / "model.safetensors")
    assert messages(report_of(model, tmp_path), "untrained-rows") == []
    (told,) = messages(report_of(model, tmp_path, CODE), "untrained-rows")
    assert "<|eom_id|>, <|python_tag|>" in told


def test_rows_are_found_through_an_index(model, tokenizer, tmp_path):
    name = "model.embed_tokens.weight"
    save_file({name: matrix(tokenizer, small=[tokenizer.chat_ids.eot])}, model / "b.safetensors")
    save_file({"x": torch.zeros(1)}, model / "a.safetensors")
    index = model / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {name: "b.safetensors"}}))
    assert messages(report_of(model, tmp_path), "untrained-rows")
    for wrong in ("../b.safetensors", 3, "none.safetensors"):
        index.write_text(json.dumps({"weight_map": {name: wrong}}))
        report = report_of(model, tmp_path)
        assert any("ever trained" in told for told in report.left_out)


@pytest.mark.parametrize("content", [b"", b"\x08\x00\x00\x00\x00\x00\x00\x00notjson!", b"\xff" * 64])
def test_weights_that_are_damaged_leave_the_check_out_and_nothing_else(content, model, tmp_path):
    (model / "model.safetensors").write_bytes(content)
    report = report_of(model, tmp_path)
    assert report.tallies == []
    assert any("ever trained" in told for told in report.left_out)


def test_a_tokenizer_alone_is_enough_and_what_is_left_out_is_said(model, tmp_path):
    alone = report_of(model / "tokenizer.json", tmp_path)
    assert alone.tallies == []
    assert alone.lengths.context is None
    assert any("tokenizer alone" in told for told in alone.left_out)
    for file in ("config.json", "generation_config.json"):
        (model / file).unlink()
    directory = report_of(model, tmp_path)
    assert directory.tallies == []
    assert any("neither config.json nor params.json" in told for told in directory.left_out)


def test_the_template_in_a_file_of_its_own_wins_and_of_several_the_default_does(model, tmp_path):
    own = open_model(model).template
    (model / "tokenizer_config.json").write_text(
        json.dumps({"chat_template": [{"name": "tool_use", "template": "x"}, {"name": "default", "template": own}]})
    )
    assert report_of(model, tmp_path).tallies == []
    (model / "chat_template.json").write_text(json.dumps({"chat_template": "{{ bos_token }}"}))
    assert messages(report_of(model, tmp_path), "template-mismatch")
    (model / "chat_template.jinja").write_text(own)
    assert report_of(model, tmp_path).tallies == []


def test_the_context_is_the_models(model, tmp_path):
    assert report_of(model, tmp_path).lengths.context == CONTEXT


@pytest.mark.parametrize(
    ("file", "content", "error"),
    [
        ("config.json", "{", FormatError),
        ("config.json", "[]", FormatError),
        ("tokenizer_config.json", "3", FormatError),
        ("tokenizer_config.json", '{"chat_template": 3}', ConfigError),
        ("generation_config.json", "nonsense", FormatError),
        ("tokenizer.json", "{}", (FormatError, TokenizerError)),
        ("chat_template.jinja", b"\xff\xfe", FormatError),
    ],
)
def test_a_damaged_file_is_refused_by_name(file, content, error, model):
    (model / file).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(error, match=file):
        open_model(model)


@pytest.mark.parametrize("value", [None, "x", [], {}, -1, True, 1e9, [None], ["x"], {"a": 1}])
@pytest.mark.parametrize(
    ("file", "key"),
    [
        ("config", "max_position_embeddings"),
        ("config", "vocab_size"),
        ("config", "bos_token_id"),
        ("config", "pad_token_id"),
        ("generation_config", "eos_token_id"),
        ("tokenizer_config", "pad_token"),
        ("tokenizer_config", "bos_token"),
    ],
)
def test_strange_values_in_the_models_files_never_crash(file, key, value, tokenizer, tmp_path):
    model = write_model(tmp_path / "model", tokenizer, **{file: {key: value}})
    report_of(model, tmp_path).to_json()


@pytest.fixture(params=[1, 2])
def meta(request, model, tokenizer, tmp_path):
    """A directory of Meta's, in one file or two, whose end of turn was never trained."""
    llama = Llama(model_config(tokenizer))
    llama.init_weights(0)
    formats.save(tmp_path / "whole", llama, tokenizer=tokenizer)
    weights = load_file(tmp_path / "whole" / "model.safetensors")
    weights["model.embed_tokens.weight"][tokenizer.chat_ids.eot] *= 1e-7
    save_file(weights, tmp_path / "whole" / "model.safetensors")
    (tmp_path / "whole" / "tokenizer_config.json").unlink()
    (tmp_path / "whole" / "generation_config.json").unlink()
    formats.convert(tmp_path / "whole", tmp_path / "meta", to="meta", shards=request.param)
    return tmp_path / "meta"


def test_metas_directories_are_checked_as_far_as_any(meta, tmp_path):
    report = report_of(meta, tmp_path)
    assert report.lengths.context == CONTEXT
    assert report.left_out == []
    assert [rule.name for rule, _ in report.tallies] == ["untrained-rows"]  # and no template is missing, for none belongs there
    (told,) = messages(report, "untrained-rows")
    assert "in the embedding the rows of <|eot_id|> have" in told


def test_metas_directories_without_their_weights_or_of_another_model_are_told(meta, tmp_path):
    for file in meta.glob("*.pth"):
        file.rename(file.with_suffix(".gone"))
    report = report_of(meta, tmp_path)
    assert any("length of the context" in told and "consolidated.00.pth" in told for told in report.left_out)
    assert any("ever trained" in told for told in report.left_out)


def test_rows_are_those_of_the_whole_matrix_in_either_layout(meta, tmp_path):
    rows = [0, 5, 279, 140, 139]
    for directory in (meta, tmp_path / "whole"):
        with formats.open_weights(directory) as weights:
            for name in ("model.embed_tokens.weight", "lm_head.weight"):
                assert torch.equal(weights.read_rows(name, rows), weights.read(name)[rows])


def test_a_model_that_cannot_be_read_is_named_and_the_data_are_checked(tokenizer, tmp_path):
    model = write_model(tmp_path / "model", tokenizer, config={"model_type": "qwen2"})
    report = report_of(model, tmp_path)
    assert report.num_dialogs == 1
    assert any("qwen2" in told for told in report.left_out)


def test_what_is_not_there_is_refused(tmp_path):
    with pytest.raises(FormatError, match="no such file"):
        open_model(tmp_path / "none")
    with pytest.raises((FormatError, TokenizerError)):
        open_model(tmp_path)
