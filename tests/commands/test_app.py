"""The command line as a person or a script meets it: fast help, one-line errors, exit codes, clean standard output."""

from __future__ import annotations

import io
import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from puna import commands, errors
from puna.version import VERSION

VERBS = ["raise", "generate", "chat", "convert", "tokenizer", "lint-data", "info", "doctor"]
HEAVY = ["torch", "pydantic", "numpy", "tokenizers", "safetensors", "yaml", "psutil"]


def puna(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "puna", *words], capture_output=True, text=True, check=False, timeout=120)


def outcome(raised: BaseException, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """The exit code and standard error of a command that raises."""

    def app(**_: object) -> None:
        raise raised

    monkeypatch.setattr(commands, "app", app)
    with pytest.raises(SystemExit) as stopped:
        commands.main()
    return int(stopped.value.code or 0), capsys.readouterr().err


def test_help_names_every_verb_and_says_what_it_does() -> None:
    shown = puna("--help")
    assert shown.returncode == 0
    for verb in VERBS:
        line = next(line for line in shown.stdout.splitlines() if verb in line.split())
        assert len(line.split()) > 4


def test_no_verb_at_all_shows_the_help() -> None:
    assert puna().stdout == puna("--help").stdout


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(verb: str) -> None:
    shown = puna(verb, "--help")
    assert shown.returncode == 0
    assert f"puna {verb}" in shown.stdout


def test_help_answers_in_three_tenths_of_a_second() -> None:
    """Counted in processor time, which is what help takes on a machine that has a core to spare, and which other work does not stretch."""

    def seconds() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        puna("--help")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    assert min(seconds() for _ in range(5)) < 0.3


def test_help_loads_nothing_heavy() -> None:
    script = (
        "import sys; sys.argv = ['puna', '--help']\n"
        "from puna.commands import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert shown.stdout.splitlines()[-1] == "[]"


def test_version_is_the_packages() -> None:
    assert puna("--version").stdout == f"puna {VERSION}\n"


@pytest.mark.parametrize(
    ("words", "hint"),
    [(["rais"], "'raise'"), (["--verison"], "--version"), (["doctor", "--jsn"], "--json"), (["info"], "Missing argument")],
)
def test_words_it_does_not_know_are_one_line_that_helps_and_exit_2(words: list[str], hint: str) -> None:
    shown = puna(*words)
    assert shown.returncode == 2
    assert shown.stdout == ""
    assert shown.stderr.startswith("puna: ")
    assert shown.stderr.count("\n") == 1
    assert hint in shown.stderr


@pytest.mark.parametrize(
    ("raised", "code"),
    [
        (errors.ConfigError("a: wrong"), 2),
        (errors.FormatError("a: wrong"), 2),
        (errors.FitError("a: wrong"), 1),
        (errors.WorkError("a: wrong"), 1),
    ],
)
def test_a_users_mistake_is_one_line_with_its_exit_code(
    raised: errors.PunaError, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert outcome(raised, monkeypatch, capsys) == (code, "puna: a: wrong\n")


def test_an_error_of_many_lines_still_is_one(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert outcome(errors.ConfigError("a:\n  b\n"), monkeypatch, capsys) == (2, "puna: a: b\n")


def test_an_interrupt_exits_130(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    code, text = outcome(KeyboardInterrupt(), monkeypatch, capsys)
    assert code == 130
    assert text.count("\n") == 1


def test_a_full_disk_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert outcome(OSError(28, "No space left on device", "runs/x"), monkeypatch, capsys) == (1, "puna: runs/x: No space left on device\n")


def test_output_that_cannot_say_a_letter_says_a_mark(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii"))
    monkeypatch.setattr(commands, "app", lambda **_: print("caf\u00e9"))
    with pytest.raises(SystemExit) as ended:
        commands.main()
    assert ended.value.code == 0
    assert written.getvalue() == b"caf?\n"


def test_a_defect_of_ours_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def app(**_: object) -> None:
        raise AssertionError("ours")

    monkeypatch.setattr(commands, "app", app)
    with pytest.raises(AssertionError):
        commands.main()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
def test_output_that_cannot_be_written_is_one_line() -> None:
    with Path("/dev/full").open("w") as full:
        shown = subprocess.run([sys.executable, "-m", "puna"], stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=60)
    assert shown.returncode == 1
    assert shown.stderr.count("\n") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")
def test_a_reader_that_has_gone_is_no_news() -> None:
    command = f"{sys.executable} -m puna --help | true"
    shown = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=False, timeout=60)
    assert shown.stderr == ""


def test_doctor_says_what_will_be_used_and_why() -> None:
    shown = puna("doctor", "--json")
    assert shown.returncode == 0, shown.stderr
    found = json.loads(shown.stdout)
    for name in ("device", "dtype", "attention", "optimizer", "compile"):
        assert found[name]["value"]
        assert found[name]["reason"]
    assert found["versions"]["puna"] == VERSION
    assert found["memory"]["bytes"] >= found["memory"]["available_bytes"] > 0
    assert found["peak"]["flops_per_second"] > 0


def test_doctor_for_people_shows_the_same_facts() -> None:
    shown = puna("doctor")
    assert shown.returncode == 0, shown.stderr
    for word in ("Memory", "Device", "Dtype", "Attention", "Optimizer", "Compile", "Peak"):
        assert word in shown.stdout


def test_doctor_warns_in_plain_words_where_work_will_be_slow() -> None:
    from puna.commands.doctor import _warnings

    fine = {
        "cpu": {"threads": 8, "cores": 8},
        "memory": {"available_bytes": 32e9},
        "disk": {"free_bytes": 1e12},
        "device": {"value": "cpu"},
        "compile": {"value": "yes", "reason": ""},
    }
    assert _warnings(fine) == []
    assert "OMP_NUM_THREADS" in _warnings({**fine, "cpu": {"threads": 1, "cores": 8}})[0]
    assert "memory" in _warnings({**fine, "memory": {"available_bytes": 1e9}})[0]
    assert "disk" in _warnings({**fine, "disk": {"free_bytes": 1e9}})[0]
    assert "compiler" in _warnings({**fine, "compile": {"value": "no", "reason": "there is no C++ compiler"}})[0]
