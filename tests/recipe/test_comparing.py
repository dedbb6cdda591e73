"""Comparisons measure both sides on the same documents: over documents for one pair, over seeds for several."""

from __future__ import annotations

import numpy as np
import pytest

from puna.evals.likelihood import DocumentBits
from puna.recipe.stages.comparing import Versus, compare

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
