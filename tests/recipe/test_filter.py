"""The parent keeps good text over planted junk, always the same, whatever kills it on the way."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from puna.files import read_jsonl
from puna.progress import Silent
from puna.recipe import runner
from puna.recipe.graph import build
from puna.recipe.raising import raise_recipe
from puna.recipe.schema import Recipe
from puna.recipe.stages import filter as stage
from puna.recipe.stages.filter import Scored, choose

CHILD = Path(__file__).with_name("tiny_child.yaml")


@pytest.fixture(scope="module")
def filtered(tmp_path_factory):
    """Return the run directory of a child that was raised to its end."""
    return raise_recipe(Recipe.read(CHILD), tmp_path_factory.mktemp("filter") / "child").directory


def lines(path):
    return [value for _, value in read_jsonl(path)]


def test_good_text_is_kept_over_junk(filtered):
    figures = json.loads((filtered / "filter/manifest.json").read_text())["figures"]
    assert figures["kept_by_quality"]["good"] > 0.8
    assert figures["kept_by_quality"]["good"] > 2 * figures["kept_by_quality"]["junk"]


def test_every_document_is_kept_or_rejected_with_a_reason_and_held_out_ones_pass_as_they_came(filtered):
    every = {line["id"]: line["text"] for line in lines(filtered / "corpus/train.jsonl")}
    kept = {line["id"]: line for line in lines(filtered / "filter/train.jsonl")}
    rejected = {line["id"]: line for line in lines(filtered / "filter/rejects.jsonl")}
    assert kept.keys() | rejected.keys() == every.keys()
    assert not kept.keys() & rejected.keys()
    assert all(line["text"] == every[name] for name, line in kept.items())
    texts = [line["text"] for line in kept.values()]
    assert len(set(texts)) == len(texts)
    worst = max(line["scores"]["parent_bits_per_byte"] for line in kept.values())
    for name, line in rejected.items():
        if line["copy_of"]:
            assert every[line["copy_of"]] == every[name]
        else:
            assert line["bits_per_byte"] >= worst
        assert line["reason"]
    assert (filtered / "filter/heldout.jsonl").read_bytes() == (filtered / "corpus/heldout.jsonl").read_bytes()


def test_the_funnel_narrows_and_its_figures_agree_with_the_files(filtered):
    figures = json.loads((filtered / "filter/manifest.json").read_text())["figures"]
    funnel = figures["funnel"]
    assert [step["documents"] for step in funnel] == sorted((step["documents"] for step in funnel), reverse=True)
    assert funnel[0]["documents"] == len(lines(filtered / "corpus/train.jsonl"))
    kept = lines(filtered / "filter/train.jsonl")
    assert (funnel[-1]["documents"], funnel[-1]["characters"]) == (len(kept), sum(len(line["text"]) for line in kept))
    for step in funnel:
        assert sum(step["by_quality"].values()) == step["characters"]
    assert funnel[-1]["characters"] <= 0.6 * funnel[1]["characters"]


def test_the_hidden_truth_decides_nothing(filtered, tmp_path, monkeypatch):
    monkeypatch.setattr(stage, "_truth", lambda work: {})
    blind = raise_recipe(Recipe.read(CHILD), tmp_path / "child").directory
    for name in ("train.jsonl", "rejects.jsonl", "scores.jsonl"):
        assert (blind / "filter" / name).read_bytes() == (filtered / "filter" / name).read_bytes()


def test_stopped_between_pieces_it_goes_on_behind_the_last_and_ends_with_the_same_bytes(filtered, tmp_path, monkeypatch):
    from puna.evals import likelihood

    monkeypatch.setattr(stage, "PIECE", 40)
    whole = raise_recipe(Recipe.read(CHILD), tmp_path / "whole/child").directory
    real, calls = likelihood.document_bits, []

    def dying(*arguments, **options):
        if "first_tokens" in options:
            calls.append(len(arguments[2]))
            if len(calls) == 3:
                raise KeyboardInterrupt
        return real(*arguments, **options)

    graph = build(Recipe.read(CHILD))
    parent = raise_recipe(Recipe.read(CHILD).parent.recipe, tmp_path / "elder")
    assert parent.directory == tmp_path / "elder"
    monkeypatch.setattr(likelihood, "document_bits", dying)
    with pytest.raises(KeyboardInterrupt):
        runner.run(graph, tmp_path / "child", Silent())
    lost = calls[-1]
    runner.run(graph, tmp_path / "child", Silent())
    scored = sum(1 for line in lines(whole / "filter/scores.jsonl") if line["copy_of"] is None)
    assert sum(calls) == scored + lost
    for path in sorted((whole / "filter").iterdir()):
        if path.name != "manifest.json":
            assert (tmp_path / "child/filter" / path.name).read_bytes() == path.read_bytes()


def test_the_best_share_by_characters_is_kept_and_never_nothing():
    scored = [Scored("a", 50, 1.0, None), Scored("b", 30, 3.0, None), Scored("c", 50, 9.0, "a"), Scored("d", 20, 2.0, None)]
    scored[2] = Scored("c", 50, None, "a")
    assert choose(scored, 0.7) == (2.0, {0, 3})
    assert choose(scored, 0.999) == (2.0, {0, 3})
    # All but duplicates: nothing has to be scored for that.
    assert choose(scored, 1.0) == (None, {0, 1, 3})
    assert choose(scored, 0.01) == (1.0, {0})


def test_with_a_share_of_one_nothing_is_scored_and_only_duplicates_go(tmp_path, monkeypatch):
    def refuse(*_args, **_kwargs):
        raise AssertionError("the parent was asked")

    graph = build(Recipe.read(CHILD, ["filter.keep=1", "evaluate.claims={tuning: {control: untaught}}"]))
    runner.run(graph.parent.graph, tmp_path / "elder", Silent())
    monkeypatch.setattr("puna.evals.likelihood.document_bits", refuse)
    short = type(graph)(graph.recipe, {name: graph.nodes[name] for name in ("corpus", "filter")}, graph.parent)
    runner.run(short, tmp_path / "child", Silent())
    before, after = ([line["text"] for line in lines(tmp_path / "child" / name / "train.jsonl")] for name in ("corpus", "filter"))
    assert after == list(dict.fromkeys(before))
    figures = json.loads((tmp_path / "child/filter/manifest.json").read_text())["figures"]
    assert figures["threshold"] is None
    assert "funnel" not in figures
