"""`puna convert`, and the other verbs on what it writes, run as a user runs them."""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from puna import formats
from puna.commands import main
from puna.model.config import LlamaConfig
from puna.model.llama import Llama
from puna.tokens.bpe import train_bpe


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "tiny"
    config = LlamaConfig(vocab_size=272, dim=32, num_layers=2, num_heads=4, num_kv_heads=2, head_dim=8, ffn_dim=64, max_positions=128)
    llama = Llama(config)
    llama.init_weights(0)
    formats.save(path, llama.to(torch.bfloat16), train_bpe(["the llama and the puna"], vocab_size=256 + 16, num_special=16))
    return path


def _puna(*words: object) -> subprocess.CompletedProcess[str]:
    out, err = io.StringIO(), io.StringIO()
    arguments = ["puna", *map(str, words)]
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        patch.setattr(sys, "argv", arguments)
        with pytest.raises(SystemExit) as ended:
            main()
    return subprocess.CompletedProcess(arguments, ended.value.code or 0, out.getvalue(), err.getvalue())


def test_there_and_back_gives_the_same_files_and_says_what_was_written(model: Path, tmp_path: Path) -> None:
    there = _puna("convert", model, tmp_path / "meta", "--to", "meta", "--shards", "2")
    assert there.returncode == 0, there.stderr
    assert "consolidated.01.pth" in there.stdout
    assert "tokenizer.model" in there.stdout
    assert f"Wrote {tmp_path / 'meta'}: 21 tensors of bfloat16" in there.stdout
    back = _puna("convert", tmp_path / "meta", tmp_path / "back", "--to", "hf", "--json")
    report = json.loads(back.stdout)
    assert back.stderr == ""
    assert {file["name"]: file["bytes"] for file in report["files"]} == {file.name: file.stat().st_size for file in model.iterdir()}
    assert (report["layout"], report["dtypes"], report["weight_bytes"]) == ("hf", ["bfloat16"], 2 * formats.read_config(model).num_params)
    assert all((tmp_path / "back" / file.name).read_bytes() == file.read_bytes() for file in model.iterdir())


def test_generate_and_info_take_metas_layout(model: Path, tmp_path: Path) -> None:
    formats.convert(model, tmp_path / "meta", to="meta", shards=2)
    options = ("-p", "the llama", "--temperature", "0", "--max-tokens", "8")
    assert _puna("generate", tmp_path / "meta", *options).stdout == _puna("generate", model, *options).stdout
    ours, theirs = (json.loads(_puna("info", path, "--json").stdout) for path in (tmp_path / "meta", model))
    assert ours["config"] == theirs["config"]
    assert [file["name"] for file in ours["files"]] == ["consolidated.00.pth", "consolidated.01.pth"]


def test_a_link_to_nothing_is_no_place_to_write_to_and_that_is_said_first(model: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    done = _puna("convert", model, tmp_path / "link", "--to", "meta")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "is there already" in done.stderr


@pytest.mark.parametrize("verb", [("generate", "-p", "x"), ("info",), ("convert", "somewhere", "--to", "hf")])
def test_a_name_in_the_hub_cache_is_looked_up_by_every_verb(verb: tuple[str, ...]) -> None:
    pytest.importorskip("huggingface_hub")
    name, *rest = verb
    done = _puna(name, "hf://puna-test/never-fetched", *rest)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("puna: hf://puna-test/never-fetched: not in the cache")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--to", "gguf"], "--to is 'gguf'"),
        (["--to", "meta", "--shards", "3"], "cannot be cut into 3"),
        (["--to", "meta", "--dtype", "int4"], "dtype 'int4'"),
        ([], "--to"),
    ],
)
def test_mistakes_are_one_line_and_write_nothing(words: list[str], said: str, model: Path, tmp_path: Path) -> None:
    done = _puna("convert", model, tmp_path / "to", *words)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert said in done.stderr
    assert not (tmp_path / "to").exists()
