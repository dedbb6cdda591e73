"""A parent is raised once, beside its child, reused, and part of the key of all that hangs on it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from puna.commands import app
from puna.errors import ConfigError
from puna.progress import Silent
from puna.recipe.graph import build
from puna.recipe.raising import raise_recipe
from puna.recipe.schema import Recipe

CHILD = Path(__file__).with_name("tiny_child.yaml")
USERS = {"filter", "tokenizer", "pretrain", "untaught", "tune", "evaluate", "unfiltered"}


@pytest.fixture(scope="module")
def raised(tmp_path_factory):
    return raise_recipe(Recipe.read(CHILD), tmp_path_factory.mktemp("generations") / "child")


def keys(*overrides, recipe=CHILD):
    return {name: node.key for name, node in build(Recipe.read(recipe, overrides)).nodes.items()}


def changed(before, after):
    return {name for name in before if before[name] != after[name]}


def statuses(run):
    return {result.status for result in run.stages.values()}


def test_the_parent_lies_beside_its_child_and_is_raised_once(raised):
    (elder,) = raised.parents
    assert elder.directory == raised.directory.parent / "elder"
    assert statuses(elder) == {"built"}
    again = raise_recipe(Recipe.read(CHILD), raised.directory)
    assert statuses(again) == statuses(again.parents[0]) == {"reused"}
    assert again.report == raised.report


def test_another_child_shares_the_finished_parent(raised, tmp_path_factory):
    other = raise_recipe(Recipe.read(CHILD, ["corpus.characters=50000"]), raised.directory.parent / "sibling")
    assert statuses(other.parents[0]) == {"reused"}
    assert statuses(other) == {"built"}


def test_a_seed_reaches_the_parent_too_for_it_makes_the_world_of_both_unless_the_parents_own_is_given():
    def seeds(*overrides):
        recipe = Recipe.read(CHILD, overrides)
        return recipe.seed, recipe.parent.recipe.seed

    assert seeds() == (3, 3)
    assert seeds("seed=4") == (4, 4)
    assert seeds("seed=4", "parent.seed=5") == (4, 5)
    assert seeds("parent.seed=5") == (3, 5)


def test_a_child_whose_parent_was_raised_anew_meanwhile_says_so_instead_of_using_another(raised, tmp_path, monkeypatch):
    from puna.errors import WorkError
    from puna.recipe import runner

    run = tmp_path / "child"
    raise_recipe(Recipe.read(CHILD, ["corpus.characters=50000"]), run)
    graph = build(Recipe.read(CHILD, ["filter.keep=0.5"]))
    # Another child changes the parent between this child's check of it and the stage that uses it.
    other = build(Recipe.read(CHILD, ["parent.pretrain.lr=1e-3"]))
    runner.run(other.parent.graph, tmp_path / "elder", Silent())
    with pytest.raises(WorkError, match="raised with other settings meanwhile"):
        runner.run(graph, run, Silent())


def test_a_second_child_waits_for_the_parent_that_another_is_raising(tmp_path):
    import fcntl
    import os
    import threading

    (tmp_path / "elder").mkdir()
    handle = os.open(tmp_path / "elder" / ".lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(handle, fcntl.LOCK_EX)
    threading.Timer(1.0, os.close, (handle,)).start()
    raised = raise_recipe(Recipe.read(CHILD), tmp_path / "child")
    assert statuses(raised.parents[0]) == {"built"}


def test_what_reaches_the_parents_model_changes_the_keys_of_all_that_use_it_and_of_nothing_else():
    assert changed(keys(), keys("parent.pretrain.lr=1e-3")) == USERS
    assert changed(keys(), keys("parent.description=older")) == set()


def test_an_override_reaches_the_child_unless_it_says_parent():
    mine = Recipe.read(CHILD, ["pretrain.lr=0.5", "parent.pretrain.lr=0.25"])
    rates = [next(stage for stage in recipe.stages if stage.name == "pretrain").settings.lr for recipe in (mine, mine.parent.recipe)]
    assert rates == [0.5, 0.25]


def test_manifests_and_the_report_say_who_the_parent_was(raised):
    elder = raised.parents[0]
    key = elder.stages["pretrain"].manifest.key
    told = {name: result.manifest.parent for name, result in raised.stages.items()}
    assert {name for name, parent in told.items() if parent} == USERS
    assert all((parent.recipe, parent.stage, parent.key) == ("elder", "pretrain", key) for parent in told.values() if parent)
    rows = raised.report["lineage"]
    assert [(row["recipe"], row["run"], row["stage"]) for row in rows] == [("elder", "../elder", "pretrain"), ("child", ".", "pretrain")]
    assert [row["vocab_size"] for row in rows] == [300, 400]
    assert all(row["tokens"] > 0 and row["parameters"] > 0 and row["bits_per_byte"]["value"] > 0 for row in rows)


def test_a_model_directory_serves_as_parent_and_is_keyed_by_its_weights(raised, tmp_path):
    model = tmp_path / "model"
    shutil.copytree(raised.parents[0].directory / "pretrain" / "model", model)
    text = CHILD.read_text()
    recipe = tmp_path / "child.yaml"
    recipe.write_text(text.replace("tiny_parent.yaml", "model"))
    before = keys(recipe=recipe)
    run = raise_recipe(Recipe.read(recipe), tmp_path / "run")
    assert run.parents == ()
    assert run.report["lineage"][0]["run"] == str(model)
    # The same parent, by another way: the same text is kept.
    assert (run.directory / "filter/train.jsonl").read_bytes() == (raised.directory / "filter/train.jsonl").read_bytes()
    weights = next(model.glob("*.safetensors"))
    weights.write_bytes(weights.read_bytes()[:-4] + b"abcd")
    assert changed(before, keys(recipe=recipe)) == USERS


def test_a_dry_run_costs_both_and_writes_nothing(tmp_path):
    done = CliRunner().invoke(
        app, ["raise", str(CHILD), "--out", str(tmp_path / "run"), "--dry-run", "--json", "--set", "parent.pretrain.tokens=99000"]
    )
    assert done.exit_code == 0, done.exception
    plan = json.loads(done.stdout)
    (elder,) = plan["parents"]
    assert elder["directory"] == str(tmp_path / "elder")
    trained = {stage["stage"]: stage["tokens"] for stage in elder["stages"]}
    assert trained["pretrain"] >= 99000
    assert {stage["stage"] for stage in plan["stages"]} == {"corpus", *USERS}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"parent: tiny_parent.yaml": "parent: child.yaml"}, "circle"),
        ({"parent: tiny_parent.yaml": "parent: nobody.yaml"}, "nobody.yaml"),
        ({"parent: tiny_parent.yaml": "parent: {path: tiny_parent.yaml, stage: corpus}"}, "makes no model"),
        ({"parent: tiny_parent.yaml": "parent: {path: tiny_parent.yaml, stages: corpus}"}, "stage"),
        ({"parent: tiny_parent.yaml": "parent: empty"}, "holds no model"),
        ({"parent: tiny_parent.yaml": "description: an orphan"}, "needs a parent"),
        ({"control: unfiltered": "control: unfilterd"}, "did you mean 'unfiltered'"),
        ({"filtering:": "filtring:"}, "did you mean 'filtering'"),
        ({"{model: pretrain, control: unfiltered}": "{model: [pretrain, tune], control: [tune, pretrain]}"}, "at least 3"),
        ({"{model: pretrain, control: unfiltered}": "{model: [pretrain, tune], control: tune}"}, "as many"),
    ],
)  # fmt: skip
def test_a_wrong_parent_or_claim_is_refused_in_one_line_before_anything_runs(tmp_path, changes, words):
    text = CHILD.read_text()
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    (tmp_path / "empty").mkdir()
    (tmp_path / "child.yaml").write_text(text)
    shutil.copy(CHILD.with_name("tiny_parent.yaml"), tmp_path)
    with pytest.raises(ConfigError) as caught:
        raise_recipe(Recipe.read(tmp_path / "child.yaml"), tmp_path / "run")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists()


def test_longer_circles_of_parents_are_drawn(tmp_path):
    for name, parent in (("a", "b"), ("b", "c"), ("c", "a")):
        (tmp_path / f"{name}.yaml").write_text(
            CHILD.read_text().replace("tiny_parent.yaml", f"{parent}.yaml").replace("name: child", f"name: {name}")
        )
    with pytest.raises(ConfigError, match=r"a\.yaml <- .*b\.yaml <- .*c\.yaml <- .*a\.yaml"):
        Recipe.read(tmp_path / "a.yaml")


@pytest.mark.parametrize("assignment", ["parent.pretrain.lr=1", "parent.seed=2"])
def test_an_override_for_a_parent_that_is_not_there_is_refused(assignment):
    with pytest.raises(ConfigError, match="names no parent"):
        Recipe.read(CHILD.with_name("tiny.yaml"), [assignment])


def test_a_child_may_not_be_raised_into_its_parents_directory(tmp_path):
    with pytest.raises(ConfigError, match="--out"):
        raise_recipe(Recipe.read(CHILD), tmp_path / "elder")
    assert not (tmp_path / "elder").exists()


def test_the_evaluation_asks_the_line_and_measures_the_twins_and_the_parent_on_the_same_text(raised):
    measured = raised.report["measured"]
    assert set(measured["bits_per_byte"]["models"]) == {"parent", "unfiltered", "pretrain", "untaught", "tune"}
    assert measured["bits_per_byte"]["base"] == "pretrain"
    facts = measured["questions"]["facts"]
    assert (facts["base"], facts["tuned"]) == ("pretrain", "tune")
    assert set(facts["models"]) == {"pretrain, in chat", "pretrain, as text", "tune, in chat"}
    assert set(facts["gains"]) == set(facts["controls"]) == {
        "commonest answer", "untuned model, in chat", "same tuning from random weights", "chance among the choices"
    }  # fmt: skip
    assert 0 < facts["controls"]["chance among the choices"]["value"] < 1
    by_prompt = {}
    for sample in raised.report["samples"]:
        by_prompt.setdefault(sample["prompt"], set()).add(sample["model"])
    assert all(models == {"parent", "pretrain", "tune"} for models in by_prompt.values())


def test_a_claim_that_nothing_supports_is_shown_as_failing_and_an_untested_one_not_at_all(raised):
    claims = {claim["id"]: claim for claim in raised.report["claims"]}
    assert {"filtering", "tuning-lets-it-answer"} <= set(claims)
    assert not {"vocabulary", "grouped-queries", "tokens"} & set(claims)
    assert not any("vocabulary" in item["what"] for item in raised.report["left_out"])
    assert "documents" in claims["filtering"]["measured"]["over"]
    # A few steps of a few thousand weights teach nobody to answer.
    assert claims["tuning-lets-it-answer"]["holds"] is False
