"""`puna raise` from end to end with a tiny recipe: what it makes, what it says, and that a kill changes nothing."""

from __future__ import annotations

import dataclasses
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path

import pytest
from typer.testing import CliRunner

from puna.commands import app
from puna.errors import PunaError, WorkError
from puna.progress import Silent
from puna.recipe import report, runner, stages
from puna.recipe.graph import build
from puna.recipe.raising import raise_recipe
from puna.recipe.schema import Recipe, parse_recipe

TINY = Path(__file__).with_name("tiny.yaml")
# What depends on the clock, the machine or the way there.
CHANGING = ("manifest.json", "figures.json", "metrics.jsonl")


def command(*arguments):
    return [sys.executable, "-m", "puna", "raise", str(TINY), *map(str, arguments)]


def environment():
    return {**os.environ, "OMP_NUM_THREADS": "1"}


def content(run):
    files = {path.relative_to(run).as_posix(): path for path in sorted(run.rglob("*")) if path.is_file()}
    return {
        name: path.read_bytes() for name, path in files.items() if "/" in name and "tensorboard" not in name and path.name not in CHANGING
    }


@pytest.fixture(scope="module")
def raised(tmp_path_factory):
    """Return the run directory of an undisturbed run and what it printed as JSON."""
    run = tmp_path_factory.mktemp("raised") / "run"
    done = subprocess.run(command("--out", run, "--json"), capture_output=True, text=True, check=True, env=environment())
    return run, json.loads(done.stdout)


def test_every_stage_is_finished_and_the_directory_is_plain_to_look_at(raised):
    run, _ = raised
    assert sorted(path.name for path in run.iterdir() if not path.name.startswith(".")) == sorted(
        ["corpus", "tokenizer", "pretrain", "tune", "evaluate", "recipe.json", "report.html", "report.json"]
    )


def test_a_second_run_reuses_every_stage(raised):
    run, _ = raised
    before, page = content(run), (run / "report.json").read_bytes()
    done = subprocess.run(command("--out", run, "--json"), capture_output=True, text=True, check=True, env=environment())
    assert set(json.loads(done.stdout)["statuses"].values()) == {"reused"}
    assert content(run) == before
    assert (run / "report.json").read_bytes() == page


def test_the_json_on_stdout_is_the_report(raised):
    run, printed = raised
    assert printed["directory"] == str(run)
    assert json.loads((run / "report.json").read_text()).items() <= printed.items()


def test_each_claim_has_a_control_an_interval_and_a_verdict_that_follows_from_it(raised):
    _, content = raised
    assert {claim["id"] for claim in content["claims"]} == {
        "pretraining-beats-counting",
        "tuning-lets-it-answer",
        "tuning-lets-it-calculate",
    }
    for claim in content["claims"]:
        measured = claim["measured"]
        assert claim["control"]
        assert measured["over"]
        assert measured["low"] <= measured["value"] <= measured["high"]
        assert not (claim["holds"] and measured["low"] <= 0)
    # A model of a few thousand weights after a few steps has learnt nothing, and the page must say so.
    assert not any(claim["holds"] for claim in content["claims"])


def test_the_raised_model_answers_in_words_of_its_own_tokenizer(raised):
    from puna.engine import Engine, SamplingSettings
    from puna.tokens import Tokenizer

    run, printed = raised
    engine, tokenizer = Engine.load(run / printed["model"]["directory"]), Tokenizer.load(run / "tokenizer")
    assert engine.tokenizer.hash == tokenizer.hash
    assert engine.model.config.vocab_size == tokenizer.vocab_size == 400
    sample = engine.complete("Anna", SamplingSettings(temperature=0.0, max_tokens=5))
    assert sample.prompt_ids == (tokenizer.bos_id, *tokenizer.encode("Anna"))
    assert 1 <= len(sample.token_ids) <= 5
    assert sample.text == tokenizer.decode([token for token in sample.token_ids if token not in tokenizer.stop_ids])


def test_the_page_names_the_machine_and_the_code_that_each_stage_ran_on_not_todays(raised, monkeypatch):
    from puna.recipe import manifest

    run, printed = raised
    monkeypatch.setattr(manifest, "machine", lambda: "another machine")
    monkeypatch.setattr(manifest, "code", lambda: manifest.Code(version="99", commit=None))
    graph = build(Recipe.read(TINY))
    content = report.gather(graph, runner.look(graph, run), run)
    assert (content["machines"], content["code"]) == (printed["machines"], printed["code"])
    assert len(content["machines"]) == 1
    assert content["machines"][0] in (run / "report.html").read_text()


def test_of_two_evaluations_the_last_is_shown_and_the_first_named(raised, tmp_path):
    run, _ = raised
    graph = build(Recipe.read(TINY))
    results = runner.look(graph, run)
    both = {**{name: result for name, result in results.items() if name != "evaluate"}}
    both |= {"first": dataclasses.replace(results["evaluate"], name="first"), "evaluate": results["evaluate"]}
    graph = dataclasses.replace(graph, nodes={**graph.nodes, "first": graph.nodes["evaluate"]})
    (left_out,) = report.gather(graph, both, run)["left_out"]
    assert "first" in left_out["what"]
    assert "first/results.json" in left_out["reason"]


def kill_when(appears, run):
    """Raise into `run` until a path that matches `appears` is there, then kill -9. Return whether that came in the middle of the stage.

    A short stage may end between the look and the kill. While it works, the note of its attempts lies there.
    """
    process = subprocess.Popen(
        command("--out", run, "--json"), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment()
    )
    deadline = time.monotonic() + 200
    while not list(run.glob(appears)):
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return bool(list(run.glob(f"{appears.partition('.partial')[0]}.partial/attempts.json")))


@pytest.mark.slow
def test_killed_in_every_stage_it_resumes_inside_and_ends_with_the_same_bytes(raised, tmp_path):
    whole, _ = raised
    run = tmp_path / "run"
    moments = [
        "corpus-*.partial/attempts.json",
        "pretrain-*.partial/checkpoints/step-*/index.json",
        "tune-*.partial/metrics.jsonl",
        "evaluate-*.partial/results.json*",
    ]
    attempts = {moment.partition("-")[0]: 1 + kill_when(moment, run) for moment in moments}
    subprocess.run(command("--out", run, "--json"), capture_output=True, check=True, env=environment())
    assert {name: json.loads((run / name / "manifest.json").read_text())["attempts"] for name in attempts} == attempts
    assert attempts["pretrain"] == 2
    mine, other = content(run), content(whole)
    assert mine.keys() == other.keys()
    assert [name for name in mine if mine[name] != other[name]] == []
    assert not list(run.rglob("*.partial"))


def test_stopping_by_hand_is_one_line_that_says_how_to_go_on(tmp_path):
    run = tmp_path / "run"
    process = subprocess.Popen(command("--out", run), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment())
    deadline = time.monotonic() + 120
    while not list(run.glob("*.partial")) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "run the same command again" in errors.splitlines()[-1]
    assert "Traceback" not in errors


class Page(HTMLParser):
    """Collects what a page refers to, and whether its elements close."""

    VOID = frozenset({"meta", "br", "link", "img", "use", "path"})

    def __init__(self, text):
        super().__init__()
        self.references, self.open, self.text = [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.references += [value for name, value in attrs if name in ("src", "href", "xlink:href") and not value.startswith("#")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def test_the_page_stands_alone_and_says_what_the_json_says(raised):
    run, content = raised
    source = (run / "report.html").read_text()
    page = Page(source)
    assert page.open == []
    assert page.references == []
    assert "<script" not in source
    assert "url(http" not in source
    for told in [stage["summary"] for stage in content["stages"]] + [claim["claim"] for claim in content["claims"]]:
        assert told in page.text
    assert "does not hold" in page.text


def test_what_models_and_corpora_wrote_is_escaped(raised):
    _, content = raised
    evil = "<script>alert(1)</script><b>&amp;"
    samples = [{"model": evil, "about": evil, "prompt": evil, "text": evil, "stopped": True, "expected": evil}]
    source = report.page({**content, "samples": samples, "name": evil, "description": evil, "left_out": [{"what": evil, "reason": evil}]})
    assert "<script>" not in source
    assert "<b>" not in source
    assert Page(source).text.count(evil) >= 6


def test_real_text_leaves_out_what_only_the_world_has_and_says_so(tmp_path):
    source = tmp_path / "text.txt"
    rng = random.Random(1)
    words = ["harbour", "lamp", "under", "the", "seven", "stones", "were", "quiet", "and", "often", "marble", "sings", "to", "Orla"]
    source.write_text("\n\n".join(" ".join(rng.choices(words, k=40)).capitalize() + "." for _ in range(800)))
    recipe = tmp_path / "text.yaml"
    recipe.write_text(re.sub(r"corpus: .*", f"corpus: {{source: {source}}}", TINY.read_text()))
    graph = build(Recipe.read(recipe, ["tokenizer.vocab_size=300", "evaluate.ngram_orders=[2, 40]"]))
    results = runner.run(graph, tmp_path / "run", Silent())
    content = report.write(graph, results, tmp_path / "run")
    assert results["tune"].status == "left out"
    assert {item["what"] for item in content["left_out"]} == {
        "Stage tune",
        "After tuning on dialogs, the model answers in chat what it learnt before",
        "After tuning on dialogs, the model calculates",
        "Controls (40-gram model)",
    }
    assert sum("real text" in item["reason"] for item in content["left_out"]) == 3
    assert parse_recipe(graph.recipe.to_json(), stages.KINDS, where="again").stages == graph.recipe.stages
    assert [claim["id"] for claim in content["claims"]] == ["pretraining-beats-counting"]
    assert "real text" in (tmp_path / "run/report.html").read_text()


def test_a_dry_run_costs_every_stage_and_writes_nothing(tmp_path):
    done = CliRunner().invoke(app, ["raise", str(TINY), "--out", str(tmp_path / "run"), "--dry-run", "--json"])
    assert done.exit_code == 0
    stages = {stage["stage"]: stage for stage in json.loads(done.stdout)["stages"]}
    assert stages["pretrain"]["tokens"] == 12288
    assert stages["pretrain"]["flops"] > 6 * stages["pretrain"]["parameters"] * 12288 * 0.5
    assert all(stages[name]["seconds"] > 0 for name in ("pretrain", "tune"))
    assert {stage["status"] for stage in stages.values()} == {"to do"}
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("assignment", "words"),
    [
        ("pretrain.lrr=1", "'lr'"),
        ("pretrian.lr=1", "'pretrain'"),
        ("pretrain.model.dims=8", "'dim'"),
        ("pretrain.model.dim=15", "num_heads"),
        ("pretrain.window=x", "'window'"),
        ("pretrain.model.max_positions=32", "max_positions"),
        ("pretrain.model.named=llama-9", "llama"),
        ("corpus.source=nowhere.txt", "nowhere.txt"),
        ("tune.inputs=[corpus]", "needs model"),
        ("corpus.inputs=[tune]", "circle"),
        ("evaluate.ngram_orders=[0]", "ngram_orders"),
        ("pretrain.lr=.nan", "finite"),
        ("pretrain.lr=2026-99-99", "not valid YAML"),
        ("tokenizer.vocab_size=260", "272"),
        ("tokenizer.num_special=9", "num_special"),
    ],
)
def test_a_wrong_setting_is_refused_in_one_line_before_anything_runs(tmp_path, assignment, words):
    done = CliRunner().invoke(app, ["raise", str(TINY), "--out", str(tmp_path / "run"), "--set", assignment])
    assert isinstance(done.exception, PunaError)
    assert done.exception.exit_code == 2
    assert words in str(done.exception)
    assert "\n" not in str(done.exception)
    assert not (tmp_path / "run").exists()


def test_the_plan_fits_80_columns_whatever_the_size(tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    huge = [
        "pretrain.tokens=15600000000000",
        "pretrain.model={named: llama-3.1-405b}",
        "tokenizer.vocab_size=128256",
        "tokenizer.num_special=256",
    ]
    words = [word for assignment in huge for word in ("--set", assignment)]
    done = CliRunner().invoke(app, ["raise", str(TINY), "--out", str(tmp_path / "run"), "--dry-run", *words])
    assert done.exit_code == 0, done.exception
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("pretrain")]
    assert "15.6 T" in line
    assert " years" in line
    assert "406 B" in line
    assert " YFLOP" in line
    assert "…" not in done.stdout


def test_a_recipe_is_raised_from_python_in_one_call(raised, tmp_path):
    run, printed = raised
    again = raise_recipe(Recipe.read(str(TINY)), str(run))
    assert {result.status for result in again.stages.values()} == {"reused"}
    assert again.page == run / "report.html"
    assert json.loads(json.dumps(again.report["claims"])) == printed["claims"]


def test_a_full_disk_ends_with_one_line(tmp_path, monkeypatch):
    import errno

    def full(*_args, **_kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "mkdir", full)
    with pytest.raises(WorkError, match="disk is full"):
        runner.run(build(Recipe.read(TINY)), tmp_path / "run", Silent())
