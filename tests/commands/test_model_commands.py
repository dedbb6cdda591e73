"""`generate`, `chat` and `info`, run as a user runs them."""

from __future__ import annotations

import contextlib
import io
import json
import os
import pty
import re
import select
import signal
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
    tokenizer = train_bpe(["the llama and the puna"], vocab_size=256 + 16, num_special=16)
    config = LlamaConfig(vocab_size=272, dim=32, num_layers=2, num_heads=2, num_kv_heads=1, head_dim=16, ffn_dim=64, max_positions=128)
    llama = Llama(config)
    llama.init_weights(0)
    with torch.no_grad():
        for weight in llama.parameters():
            if weight.ndim > 1:
                weight.mul_(20)
    formats.save(path, llama, tokenizer)
    return path


def _puna(*words: object, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run one command in this process, where torch is imported already."""
    out, err = io.StringIO(), io.StringIO()
    arguments = ["puna", *map(str, words)]
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        patch.setattr(sys, "argv", arguments)
        patch.setattr(sys, "stdin", io.StringIO(stdin))
        with pytest.raises(SystemExit) as ended:
            main()
    return subprocess.CompletedProcess(arguments, ended.value.code or 0, out.getvalue(), err.getvalue())


def _one_line(done: subprocess.CompletedProcess[str], code: int, *parts: str) -> None:
    assert done.returncode == code
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert all(part in done.stderr for part in parts), done.stderr


def test_generate_streams_what_json_reports(model: Path) -> None:
    options = ("-p", "the llama", "--temperature", "0", "--max-tokens", "12")
    report = json.loads(_puna("generate", model, *options, "--json").stdout)
    assert _puna("generate", model, *options).stdout == report["text"] + "\n"
    assert len(report["token_ids"]) == len(report["logprobs"]) <= 12
    assert report["stop_reason"] in ("max_tokens", "end_token")
    assert report["settings"]["temperature"] == 0


def test_the_models_own_sampling_defaults_are_used_and_options_win(model: Path) -> None:
    settings = json.loads(
        _puna("generate", model, "-p", "x", "--max-tokens", "1", "--top-p", "0.5", "--stop", "a", "--stop", "b", "--json").stdout
    )["settings"]
    assert (settings["temperature"], settings["top_p"], settings["stop"]) == (0.6, 0.5, ["a", "b"])


def test_several_samples_are_those_that_json_lists(model: Path) -> None:
    options = ("-p", "the llama", "--samples", "3", "--max-tokens", "6", "--temperature", "1.5")
    texts = [sample["text"] for sample in json.loads(_puna("generate", model, *options, "--json").stdout)["samples"]]
    assert len(set(texts)) > 1
    assert _puna("generate", model, *options).stdout == "".join(f"[{number}]{text}\n" for number, text in enumerate(texts, start=1))


def test_a_text_follows_the_schema_or_the_pattern_that_is_given(model: Path, tmp_path: Path) -> None:
    schema = tmp_path / "schema.json"
    schema.write_text(
        '{"type": "object", "properties": {"sold": {"type": "boolean"}}, "required": ["sold"], "additionalProperties": false}'
    )
    written = _puna("generate", model, "-p", "x", "--schema", schema, "--max-tokens", "64", "--seed", "3").stdout
    assert type(json.loads(written)["sold"]) is bool
    assert re.fullmatch(r"[a-c]{3}\n", _puna("generate", model, "-p", "x", "--regex", "[a-c]{3}").stdout)


def test_guesses_change_no_text(model: Path) -> None:
    options = ("-p", "the llama the llama the", "--max-tokens", "20", "--seed", "5", "--repetition-penalty", "1.1", "--min-p", "0.01")
    plain = _puna("generate", model, *options).stdout
    assert _puna("generate", model, *options, "--guesses", "3").stdout == plain
    assert _puna("generate", model, *options, "--draft", model).stdout == plain


def test_user_mistakes_are_one_line(model: Path, tmp_path: Path) -> None:
    _one_line(_puna("generate", tmp_path / "none", "-p", "x"), 2, "none", "no such directory")
    _one_line(_puna("generate", model, "-p", "x", "--top-p", "3"), 2, "top_p")
    _one_line(_puna("generate", model, "-p", "x " * 300), 2, "context has 128")
    _one_line(_puna("generate", model, "-p", "x", "--min-p", "2"), 2, "min_p")
    _one_line(_puna("generate", model, "-p", "x", "--draft", model, "--guesses", "0"), 2, "--draft", "--guesses")
    _one_line(_puna("generate", model, "-p", "x", "--regex", "a(", "--schema", tmp_path / "none"), 2, "--regex", "--schema")
    _one_line(_puna("generate", model, "-p", "x", "--regex", "a("), 2, "regular expression")
    _one_line(_puna("generate", model, "-p", "x", "--schema", tmp_path / "none.json"), 2, "none.json")
    _one_line(_puna("info", "llama-3.1-8"), 2, "llama-3.1-8b")


def test_chat_answers_lines_from_a_pipe_and_obeys_commands(model: Path) -> None:
    done = _puna(
        "chat", model, "--max-tokens", "4", "--seed", "1", stdin="hello\n\n/reset\nhello\n/what\n/system be brief\nhello\n/exit\nhello\n"
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("the dialog begins anew") == 2
    assert "/reset" in done.stderr
    assert done.stdout.count("\n") >= 3
    again = _puna("chat", model, "--max-tokens", "4", "--seed", "1", stdin="hello\n")
    assert done.stdout.startswith(again.stdout)


def test_chat_survives_bytes_that_are_no_text(model: Path) -> None:
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as err:
        patch.setattr(sys, "argv", ["puna", "chat", str(model), "--max-tokens", "2"])
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"hel\xfflo\n"), encoding="utf-8"))
        with pytest.raises(SystemExit) as ended:
            main()
    assert ended.value.code == 0, err.getvalue()


def test_chat_needs_a_tokenizer(model: Path, tmp_path: Path) -> None:
    for file in model.iterdir():
        if not file.name.startswith("tokenizer"):
            (tmp_path / file.name).write_bytes(file.read_bytes())
    _one_line(_puna("chat", tmp_path, stdin="hello\n"), 2, "tokenizer.json")


def test_info_reports_a_directory_and_a_published_name(model: Path) -> None:
    facts = json.loads(_puna("info", model, "--json").stdout)
    assert facts["num_params"] == sum(weight.numel() for weight in formats.load(model).model.parameters())
    assert facts["files"][0]["name"] == "model.safetensors"
    assert facts["tokenizer"]["vocab_size"] == 272
    assert facts["dtypes"] == ["float32"]
    named = json.loads(_puna("info", "llama-3.1-405b", "--json").stdout)
    assert (named["num_params"], named["kv_bytes_per_token"]["bf16"]) == (405_853_388_800, 504 * 1024)
    assert "405,853,388,800" in _puna("info", "llama-3.1-405b").stdout


def test_info_reads_no_weights_and_needs_no_torch(model: Path) -> None:
    code = "import sys; sys.argv = ['puna', 'info', sys.argv[1]]\nfrom puna.commands import app\napp(standalone_mode=False)\nassert 'torch' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", code, str(model)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_chat_on_a_terminal_survives_an_interrupt_and_ends_at_the_end_of_input(model: Path) -> None:
    ours, theirs = pty.openpty()
    words = [sys.executable, "-m", "puna", "chat", str(model), "--max-tokens", "3"]
    with subprocess.Popen(words, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True) as process:
        os.close(theirs)
        try:
            _expect(ours, b"> ")
            os.write(ours, b"hello\n")
            _expect(ours, b"> ")
            _interrupt(ours, process)
            assert _ends_at_end_of_input(ours, process) == 0
        finally:
            process.kill()
    os.close(ours)


def _interrupt(terminal: int, process: subprocess.Popen[bytes]) -> None:
    """Press Ctrl-C, again each second for a minute until a new prompt comes: a signal between a prompt and the wait for keys is noticed only later."""
    for _ in range(60):
        os.kill(process.pid, signal.SIGINT)
        if select.select([terminal], [], [], 1)[0]:
            return _expect(terminal, b"> ")
    raise AssertionError("no prompt after a minute of Ctrl-C")


def _ends_at_end_of_input(terminal: int, process: subprocess.Popen[bytes]) -> int:
    """Press Ctrl-D, again each second for a minute: a key pressed while a prompt is being drawn may be lost."""
    for _ in range(60):
        os.write(terminal, b"\x04")
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.wait(timeout=1)
    raise AssertionError("still running after a minute of Ctrl-D")


def _expect(terminal: int, wanted: bytes) -> None:
    """Read until `wanted` has come, for a minute at most."""
    seen = b""
    while wanted not in seen:
        assert select.select([terminal], [], [], 60)[0], seen
        seen += os.read(terminal, 1024)
    assert b"Traceback" not in seen
