"""The runner: finished or not there, reused or built, never overwritten."""

from __future__ import annotations

import fcntl
import json
import os
import shutil

import pytest
from toy_kinds import Grind, toy

from puna.errors import ConfigError, FormatError, WorkError
from puna.progress import Silent
from puna.recipe import runner
from puna.recipe.graph import build


@pytest.fixture
def bring(tmp_path):
    def bring(recipe):
        return runner.run(build(recipe), tmp_path / "run", Silent())

    return bring


def statuses(results):
    return [result.status for result in results.values()]


def content(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "manifest.json"
    }


def test_a_second_run_reuses_everything_and_changes_no_byte(bring, tmp_path):
    assert statuses(bring(toy())) == ["built"] * 3
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "run").rglob("*") if path.parent != tmp_path / "run"}
    assert statuses(bring(toy())) == ["reused"] * 3
    assert before == {path: path.stat().st_mtime_ns for path in (tmp_path / "run").rglob("*") if path.parent != tmp_path / "run"}


def test_a_changed_stage_is_kept_beside_and_comes_back_unbuilt(bring, tmp_path):
    bring(toy())
    old = (tmp_path / "run/grind/log").read_bytes()
    assert statuses(bring(toy(grow={}, grind={"lr": 9}, taste={}))) == ["reused", "built", "built"]
    assert (tmp_path / "run/grind/log").read_bytes() != old
    kept = list((tmp_path / "run/earlier").glob("grind-*/log"))
    assert [path.read_bytes() for path in kept] == [old]
    assert statuses(bring(toy())) == ["reused"] * 3
    assert (tmp_path / "run/grind/log").read_bytes() == old


def test_a_stage_that_died_goes_on_in_its_own_directory_and_ends_with_the_same_bytes(bring, tmp_path):
    recipe = toy(grow={}, grind={"fail_at": 2}, taste={})
    with pytest.raises(KeyboardInterrupt):
        bring(recipe)
    assert not (tmp_path / "run/grind").exists()
    results = bring(recipe)
    assert statuses(results) == ["reused", "built", "built"]
    assert results["grind"].manifest.attempts == 2
    assert not list((tmp_path / "run").glob("*.partial"))
    whole = runner.run(build(toy()), tmp_path / "whole", Silent())
    assert content(tmp_path / "run/grind") == content(whole["grind"].directory)


def test_the_seconds_of_every_attempt_count(bring, tmp_path):
    recipe = toy(grow={}, grind={"fail_at": 2}, taste={})
    with pytest.raises(KeyboardInterrupt):
        bring(recipe)
    (partial,) = (tmp_path / "run").glob("grind-*.partial")
    began = (partial / "attempts.json").stat().st_mtime
    os.utime(partial / "log", (began + 100, began + 100))
    assert 100 <= bring(recipe)["grind"].manifest.seconds < 110


def test_a_stage_killed_between_manifest_and_rename_is_installed_without_work(bring, tmp_path):
    bring(toy())
    run = tmp_path / "run"
    (run / "grind").rename(run / f"grind-{json.loads((run / 'grind/manifest.json').read_text())['key'][:8]}.partial")
    Grind.runs.clear()
    bring(toy())
    assert (run / "grind/log").exists()
    assert Grind.runs == []


def test_a_manifest_names_inputs_config_code_and_every_output(bring):
    results = bring(toy(grow={}, grind={"lr": 0.5}, taste={}))
    manifest = results["grind"].manifest
    assert manifest.inputs["grow"].key == results["grow"].manifest.key
    assert manifest.config == {"lr": 0.5, "fail_at": 0}
    assert manifest.code.version
    assert "Python" in manifest.machine
    assert manifest.figures == {"steps": 4}
    assert set(manifest.outputs) == {"log"}


@pytest.mark.parametrize("harm", ["missing", "shorter", "changed"])
def test_a_damaged_result_is_refused_with_the_file_and_what_to_do(bring, tmp_path, harm):
    bring(toy())
    log = tmp_path / "run/grind/log"
    if harm == "missing":
        log.unlink()
    elif harm == "shorter":
        log.write_bytes(log.read_bytes()[:-1])
    else:
        log.write_bytes(log.read_bytes()[::-1])
    with pytest.raises(FormatError, match=r"grind/log.*move .*grind away"):
        bring(toy())


@pytest.mark.parametrize("text", ["", "{", "[]", '{"stage": 1}'])
def test_a_damaged_manifest_is_refused(bring, tmp_path, text):
    bring(toy())
    (tmp_path / "run/grind/manifest.json").write_text(text)
    with pytest.raises(FormatError, match=r"manifest\.json.*grind away"):
        bring(toy())


def test_two_at_once_are_refused_and_the_second_changes_nothing(bring, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    handle = os.open(run / ".lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(handle, fcntl.LOCK_EX)
    with pytest.raises(WorkError, match="another process"):
        bring(toy())
    assert [path.name for path in run.iterdir()] == [".lock"]
    os.close(handle)
    assert statuses(bring(toy())) == ["built"] * 3


def test_a_directory_that_is_anothers_is_left_alone(bring, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    (run / "thesis.txt").write_text("mine")
    with pytest.raises(ConfigError, match=r"thesis\.txt.*--out"):
        bring(toy())
    shutil.rmtree(run)
    bring(toy())
    (run / "recipe.json").write_text('{"name": "other"}')
    with pytest.raises(ConfigError, match=r"'other'.*--out"):
        bring(toy())


def test_a_run_killed_while_it_first_wrote_its_recipe_starts_again(bring, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    (run / "recipe.json.12345.partial").write_text('{"na')
    assert statuses(bring(toy())) == ["built"] * 3
    assert not list(run.glob("*.partial"))


@pytest.mark.parametrize("text", ["[]", "3", "{}", '{"name": 1}', "{"])
def test_a_recipe_json_that_no_run_wrote_is_refused_in_one_line(bring, tmp_path, text):
    run = tmp_path / "run"
    run.mkdir()
    (run / "recipe.json").write_text(text)
    with pytest.raises(FormatError, match=r"recipe\.json") as caught:
        bring(toy())
    assert "\n" not in str(caught.value)


def test_looking_tells_what_is_to_do_and_changes_nothing(bring, tmp_path):
    looked = runner.look(build(toy()), tmp_path / "run")
    assert statuses(looked) == ["to do"] * 3
    assert not (tmp_path / "run").exists()
    bring(toy())
    assert statuses(runner.look(build(toy(grow={}, grind={"lr": 2}, taste={})), tmp_path / "run")) == ["reused", "to do", "to do"]
