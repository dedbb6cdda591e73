"""Comparisons measure both sides on the same documents: over documents for one pair, over seeds for several."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from puna.errors import ConfigError
from puna.evals.likelihood import DocumentBits
from puna.recipe.claims import EQUAL, NEAR, PAST
from puna.recipe.graph import build
from puna.recipe.schema import Recipe
from puna.recipe.stages.twins import Versus, compare

RECIPES = Path(__file__).parents[2] / "recipes"
SIZES = np.linspace(80, 400, 60)
FACTS = {"parameters": 10, "tokens": 100}


def bits(per_byte, seed):
    """Documents of very different difficulty, so that unpaired intervals would be far wider than paired ones."""
    hard = np.linspace(0.2, 3.0, len(SIZES))
    noise = np.random.default_rng(seed).normal(0, 0.01, len(SIZES))
    return DocumentBits((hard + per_byte + noise) * SIZES, SIZES)


def found(pair, each):
    return compare(pair, each, dict.fromkeys(each, FACTS), seed=1)


def test_one_pair_is_compared_document_by_document():
    result = found(Versus(model="a", control="b"), {"a": bits(1.0, 1), "b": bits(1.05, 2)})
    gain = result["gain"]
    assert gain["low"] < 0.05 < gain["high"]
    assert gain["low"] > 0.03
    side = result["model"]["bits_per_byte"]
    assert side["high"] - side["low"] > 5 * (gain["high"] - gain["low"])
    assert gain["over"] == "60 held-out documents"


def test_the_same_model_on_both_sides_gains_nothing():
    gain = found(Versus(model="a", control="a"), {"a": bits(1.0, 1)})["gain"]
    assert (gain["value"], gain["low"], gain["high"]) == (0, 0, 0)


def test_pairs_of_seeds_give_an_interval_over_seeds_that_grows_with_their_scatter():
    names = Versus(model=("a", "b", "c"), control=("x", "y", "z"))
    calm = {name: bits(1.0, i) for i, name in enumerate("abc")} | {name: bits(1.1, 9 + i) for i, name in enumerate("xyz")}
    wild = calm | {"x": bits(1.0, 5), "z": bits(1.2, 6)}
    steady, shaky = (found(names, each)["gain"] for each in (calm, wild))
    assert steady["over"] == "3 seeds"
    assert steady["value"] == pytest.approx(0.1, abs=0.01)
    assert steady["low"] > 0 > shaky["low"]


def test_facts_of_a_side_are_means_over_its_seeds():
    names = Versus(model=("a", "b", "c"), control=("a", "b", "c"))
    each = {name: bits(1.0, i) for i, name in enumerate("abc")}
    models = {name: {"tokens": tokens} for name, tokens in zip("abc", (90, 100, 110), strict=True)}
    assert compare(names, each, models, seed=1)["control"]["tokens"] == 100


RECIPE = """
name: twins
seed: 1
parent: {parent}
stages:
  corpus: {{characters: 60000}}
  filter: {{keep: 0.6}}
  everything: {{kind: filter, inputs: [corpus], keep: 1}}
  tokenizer: {{inputs: [filter], vocab_size: 400, num_special: 16}}
  small: {{kind: tokenizer, inputs: [filter], vocab_size: 300, num_special: 16}}
  a_1: &a {{kind: pretrain, inputs: [filter, tokenizer], tokens: 4096, window: 64, batch_windows: 4, lr: 1.0e-3, seed: 1, model: &m {{dim: 16, num_layers: 1, num_heads: 2, num_kv_heads: 1, ffn_dim: 32, tied: true}}}}
  a_2: {{<<: *a, seed: 2}}
  a_3: {{<<: *a, seed: 3}}
  a_4: {{<<: *a, seed: 4, lr: 2.0e-3}}
  words_1: &w {{<<: *a, inputs: [filter, small]}}
  words_2: {{<<: *w, seed: 2}}
  words_3: {{<<: *w, seed: 3}}
  wide: {{<<: *a, model: {{<<: *m, dim: 32}}}}
  mha: {{<<: *a, model: {{<<: *m, num_kv_heads: 2, ffn_dim: 24}}}}
  unfiltered: {{<<: *a, inputs: [everything, tokenizer]}}
  tune: {{inputs: [a_1], tokens: 2048, window: 64, batch_windows: 4, lr: 1.0e-3}}
  untaught: {{kind: tune, inputs: [a_1], random_weights: true, tokens: 2048, window: 64, batch_windows: 4, lr: 1.0e-3}}
  evaluate:
    inputs: [tune, untaught, a_2, a_3, a_4, words_1, words_2, words_3, wide, mha, unfiltered]
    claims: {claims}
"""


def checked(tmp_path, claims):
    path = tmp_path / "twins.yaml"
    path.write_text(RECIPE.format(parent=Path(__file__).with_name("tiny_parent.yaml"), claims=claims))
    return build(Recipe.read(path))


@pytest.mark.parametrize(
    "claims",
    [
        "{vocabulary: {model: a_1, control: words_1}}",
        "{vocabulary: {model: [a_1, a_2, a_3], control: [words_1, words_2, words_3]}}",
        "{grouped_queries: {model: a_1, control: mha}, filtering: {model: a_1, control: unfiltered}, tuning: {control: untaught}}",
        "{tokens: {model: a_1, control: wide}}",
    ],
)
def test_twins_that_differ_in_what_their_claim_is_about_are_taken(tmp_path, claims):
    assert checked(tmp_path, claims)


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ("{vocabulary: {model: [a_1, a_1, a_1], control: [words_1, words_1, words_1]}}", "names a stage twice"),
        ("{vocabulary: {model: a_1, control: a_1}}", "names a stage twice"),
        (
            "{vocabulary: {model: [a_1, a_2, a_4], control: [words_1, words_2, words_3]}}",
            "for seeds of one training, but they differ in lr",
        ),
        ("{vocabulary: {model: [a_1, a_2, a_3], control: [words_2, words_1, words_3]}}", "differ in seed"),
        ("{vocabulary: {model: a_1, control: mha}}", "differ in model.ffn_dim, model.num_kv_heads"),
        ("{grouped_queries: {model: a_1, control: words_1}}", "differ in inputs"),
        ("{grouped_queries: {model: a_1, control: wide}}", "differ in model.dim"),
        ("{filtering: {model: unfiltered, control: a_1}}", "'unfiltered' did not read what a parent chose"),
        ("{filtering: {model: a_1, control: words_1}}", "'words_1' read what a parent chose too"),
        ("{filtering: {model: a_1, control: mha}}", "differ in model"),
        ("{tuning: {control: tune}}", "not tuned from random weights"),
        ("{tuning: {control: mha}}", "not tuned from random weights"),
    ],
)
def test_what_is_no_twin_is_refused_before_anything_runs(tmp_path, claims, words):
    with pytest.raises(ConfigError, match=words):
        checked(tmp_path, claims)


def test_twins_start_from_the_same_weights_and_read_in_the_same_order_and_seeds_do_not(tmp_path):
    graph = checked(tmp_path, "{}")
    assert graph.seed("a_1") == graph.seed("unfiltered") == graph.seed("a_2")
    assert graph.seed("tune") == graph.seed("untaught") != graph.seed("a_1")
    assert graph.seed("corpus") != graph.seed("filter")


@pytest.mark.parametrize("name", ["first", "claims"])
def test_the_shipped_twins_have_equal_compute_and_parameters(name):
    """An edit of a recipe that tips a pair past what counts as equal would silently leave its claim out."""
    graph = build(Recipe.read(RECIPES / f"{name}.yaml"))
    evaluation = next(node for node in graph.nodes.values() if node.stage.kind.name == "evaluate")
    claims = evaluation.stage.settings.claims
    for claim, pair in claims.pairs.items():
        for one, other in zip(pair.models, pair.controls, strict=True):
            mine, theirs = (
                graph.nodes[stage].stage.kind.cost(
                    graph.nodes[stage].stage.settings, lambda thing, at=stage: graph.makers(at, thing, RECIPES)
                )
                for stage in (one, other)
            )
            equal = {"vocabulary": "flops", "grouped_queries": "parameters", "filtering": "tokens"}.get(claim)
            if equal:
                assert getattr(mine, equal) == pytest.approx(getattr(theirs, equal), rel=EQUAL), (claim, one, other)
            if claim == "tokens":
                assert NEAR[0] <= theirs.tokens / theirs.parameters <= NEAR[1]
                assert mine.tokens / mine.parameters > PAST
                assert mine.parameters < theirs.parameters
