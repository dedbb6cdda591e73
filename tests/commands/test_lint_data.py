"""`puna lint-data`, run as a user runs it."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from puna.commands import main
from puna.formats.config_file import hf_config
from puna.model.config import LLAMAS
from puna.tokens import train_bpe
from puna.tokens.chat import codec_for

CLEAN = {"prompt": "Where does Anna live?", "completion": "In Elton."}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "tiny"
    path.mkdir()
    tokenizer = train_bpe(["the llama and the puna"], vocab_size=256 + 16, num_special=16)
    tokenizer.save(path, chat_template=codec_for(tokenizer).template)
    config = LLAMAS["llama-3.1-8b"].model_copy(update={"vocab_size": tokenizer.vocab_size, "max_positions": 256})
    (path / "config.json").write_text(json.dumps(hf_config(config, dtype="bfloat16")))
    return path


def run(*words: object) -> subprocess.CompletedProcess[str]:
    out, err = io.StringIO(), io.StringIO()
    arguments = ["puna", "lint-data", *map(str, words)]
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        patch.setattr(sys, "argv", arguments)
        patch.setenv("COLUMNS", "100")
        with pytest.raises(SystemExit) as ended:
            main()
    return subprocess.CompletedProcess(arguments, ended.value.code or 0, out.getvalue(), err.getvalue())


def written(folder: Path, *records: object) -> Path:
    path = folder / "d.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def test_a_clean_file_is_exit_0_and_shows_its_lengths(model: Path, tmp_path: Path) -> None:
    done = run(written(tmp_path, CLEAN, {**CLEAN, "prompt": "Who?"}), "--model", model)
    assert done.returncode == 0, done.stderr
    assert "Nothing found: 2 dialogs" in done.stdout
    assert all(word in done.stdout for word in ("tokens of a dialog", "learnt", "256 positions"))


@pytest.mark.parametrize("words", [(), ("--json",)])
def test_a_pipe_is_checked_as_a_file_is(words: tuple[str, ...], model: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    text = written(tmp_path, CLEAN, {**CLEAN, "completion": ""}).read_text()
    writer = threading.Thread(target=(tmp_path / "pipe").write_text, args=[text])
    writer.start()
    done = run(tmp_path / "pipe", "--model", model, *words)
    writer.join()
    assert done.returncode == 1, done.stderr
    assert f"{tmp_path / 'pipe'}:2" in done.stdout


def test_one_dialog_is_counted_as_one(model: Path, tmp_path: Path) -> None:
    assert "Nothing found: 1 dialog, " in run(written(tmp_path, CLEAN), "--model", model).stdout


def test_warnings_alone_are_exit_0_and_errors_exit_1(model: Path, tmp_path: Path) -> None:
    done = run(written(tmp_path, CLEAN, CLEAN), "--model", model)
    assert (done.returncode, "1 warning: 2 dialogs" in done.stdout) == (0, True)
    done = run(written(tmp_path, CLEAN, {**CLEAN, "completion": ""}), "--model", model)
    assert done.returncode == 1
    assert f"{tmp_path / 'd.jsonl'}:2: empty-answer: message 2 is an answer without a word\n" in done.stdout
    assert "1 error and 1 warning: 2 dialogs" in done.stdout


def test_json_is_one_document_and_nothing_else(model: Path, tmp_path: Path) -> None:
    done = run(written(tmp_path, {**CLEAN, "completion": ""}, {"text": "\x1b[31m"}), "--model", model, "--json")
    report = json.loads(done.stdout)
    assert (done.returncode, done.stderr, done.stdout.count("\n")) == (1, "", 1)
    assert [rule["rule"] for rule in report["rules"]] == ["not-a-dialog", "empty-answer"]
    assert report["findings"][0]["where"] == f"{tmp_path / 'd.jsonl'}:1"


def test_a_finding_in_a_pipe_is_one_whole_line(model: Path, tmp_path: Path) -> None:
    record = {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "", "tool_calls": [{"name": "f" * 200}]}]}
    path = written(tmp_path, record, record, {"prompt": "x", "chosen": "y"})
    listed = [line for line in run(path, "--model", model).stdout.splitlines() if line.startswith(str(path))]
    wanted = [
        f"{item['where']}: {item['rule']}: {item['message']}"
        for item in json.loads(run(path, "--model", model, "--json").stdout)["findings"]
    ]
    assert listed == wanted
    assert max(map(len, listed)) > 150


def test_what_is_not_listed_is_said(model: Path, tmp_path: Path) -> None:
    path = written(tmp_path, *({**CLEAN, "prompt": f"{i}", "completion": "x "} for i in range(9)))
    done = run(path, "--model", model, "--max-findings", "4")
    assert done.stdout.count("edge-space: ") == 4
    assert "… and 5 more, not listed (--max-findings 9 lists them)" in done.stdout
    assert "… and" not in run(path, "--model", model, "--max-findings", "9").stdout


def test_text_of_the_data_cannot_move_the_cursor(model: Path, tmp_path: Path) -> None:
    record = {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "", "tool_calls": [{"name": "\x1b[2J\n\r"}]}]}
    done = run(written(tmp_path, record), "--model", model)
    assert done.returncode == 1
    assert not {"\x1b", "\r"} & set(done.stdout)


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (("none.jsonl", "--model", "MODEL"), ("none.jsonl", "no such file")),
        (("FILE", "--model", "none"), ("none", "no such file")),
        (("FILE", "--model", "hf://nobody"), ("hf://",)),
        (("FILE", "--model", "MODEL", "--calls", "xml"), ("--calls", "pythonic")),
        (("FILE",), ("--model",)),
        (("FILE", "--model", "MODEL", "--max-findings", "-1"), ("--max-findings",)),
        (("PREFERENCES", "--model", "MODEL"), ("preferences", "messages")),
    ],
)
def test_wrong_input_is_one_line_and_exit_2(words: tuple[str, ...], parts: tuple[str, ...], model: Path, tmp_path: Path) -> None:
    file = written(tmp_path, CLEAN)
    (tmp_path / "preferences.jsonl").write_text('{"chosen": "x", "rejected": "y"}\n')
    places = {"MODEL": model, "FILE": file, "PREFERENCES": tmp_path / "preferences.jsonl"}
    done = run(*(places.get(word, word) for word in words))
    assert (done.returncode, done.stdout, done.stderr.rstrip("\n").count("\n")) == (2, "", done.stderr.count("lint:"))
    assert all(part in done.stderr for part in parts), done.stderr


def test_without_weights_no_torch_is_imported(model: Path, tmp_path: Path) -> None:
    code = "import sys; sys.argv = ['puna', *sys.argv[1:]]\nfrom puna.commands import app\napp(standalone_mode=False)\nassert 'torch' not in sys.modules"
    words = [sys.executable, "-c", code, "lint-data", written(tmp_path, CLEAN), "--model", model]
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
