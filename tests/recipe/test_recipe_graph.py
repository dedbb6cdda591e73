"""The stage graph: order, keys, the nearest maker, and what is left out."""

from __future__ import annotations

from pathlib import Path

import pytest
from toy_kinds import toy

from puna.errors import ConfigError
from puna.recipe.graph import build


def keys(recipe):
    return {name: node.key for name, node in build(recipe).nodes.items()}


def test_a_stage_comes_after_its_inputs_whatever_the_order_of_the_file():
    graph = build(toy(taste={"inputs": ["grind"]}, grind={"inputs": ["grow"]}, grow={"inputs": []}))
    assert list(graph.nodes) == ["grow", "grind", "taste"]


def test_a_circle_is_refused_and_drawn():
    with pytest.raises(ConfigError, match=r"circle.*grind <- grow <- grind|circle.*grow <- grind <- grow"):
        build(toy(grow={"inputs": ["grind"]}, grind={"inputs": ["grow"]}))


def test_a_stage_that_feeds_itself_is_a_circle():
    with pytest.raises(ConfigError, match="circle"):
        build(toy(grow={"inputs": ["grow"]}))


def test_a_change_renews_every_key_below_it_and_no_other():
    before = keys(toy(grow={}, grind={}, side={"kind": "grind", "inputs": ["grow"]}, taste={"inputs": ["grind"]}))
    after = keys(toy(grow={}, grind={"lr": 0.2}, side={"kind": "grind", "inputs": ["grow"]}, taste={"inputs": ["grind"]}))
    assert {name for name in before if before[name] != after[name]} == {"grind", "taste"}


def test_a_default_said_aloud_keeps_the_key_and_another_seed_renews_all():
    plain = keys(toy())
    assert keys(toy(grow={"rows": 2, "kind": "grow"}, grind={"inputs": ["grow"]}, taste={})) == plain
    assert not set(keys(toy(seed=2)).values()) & set(plain.values())


def test_the_content_of_a_file_is_keyed_and_its_absence_refused(tmp_path):
    source = tmp_path / "text"
    source.write_text("one")
    stages = {"grow": {"source": str(source)}, "grind": {}}
    one = keys(toy(**stages))
    source.write_text("two")
    two = keys(toy(**stages))
    assert not set(one.values()) & set(two.values())
    source.unlink()
    with pytest.raises(ConfigError, match=r"grow.*text"):
        keys(toy(**stages))


def test_settings_that_do_not_go_with_those_of_a_stage_before_are_refused_naming_the_stage():
    with pytest.raises(ConfigError, match=r"^toy\.yaml: stage 'taste': flour ground at 13"):
        build(toy(grow={}, grind={"lr": 13}, taste={}))


def test_a_thing_comes_from_the_nearest_stage_that_makes_it():
    graph = build(toy(grow={}, grind={}, again={"kind": "grow", "inputs": ["grind"]}, taste={"inputs": ["again", "grind"]}))
    assert [maker.stage for maker in graph.makers("taste", "seeds", Path("run"))] == ["again", "grow"]
    assert [maker.directory for maker in graph.makers("taste", "flour", Path("run"))] == [Path("run/grind")]


def test_a_need_that_nothing_could_meet_is_refused():
    with pytest.raises(ConfigError, match=r"stage 'grind' needs seeds.*\(none\)"):
        build(toy(grind={}))


def test_a_stage_that_only_makes_sense_for_the_world_is_left_out_with_the_reason_and_its_followers_get_its_inputs(tmp_path):
    source = tmp_path / "text"
    source.write_text("one")
    graph = build(toy(grow={"source": str(source)}, grind={}, sing={}, taste={}))
    assert graph.nodes["sing"].left_out == f"needs songs, but {source} has no songs"
    assert graph.nodes["taste"].left_out is None
    assert graph.nodes["taste"].inputs == ("grind",)
    assert build(toy(grow={}, grind={}, sing={}, taste={})).nodes["taste"].inputs == ("sing",)
