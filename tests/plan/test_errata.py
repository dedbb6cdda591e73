"""Contradictions in what was published are said where a user meets the figures."""

import json

import pytest
from typer.testing import CliRunner

from puna.commands import app
from puna.errors import ConfigError


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["train", "llama-3.1-405b", "--gpus", "16384", "--gpu", "h100"], ["40.4 %", "39.3 million", "128,256", "252M"]),
        (["train", "llama-2-7b", "--gpus", "64", "--gpu", "h100"], ["1.8T"]),
        (["overtrain", "llama-2-70b"], ["1.8T"]),
        (["serve", "llama-3.1-8b", "--device", "h100", "--format", "q4_k_m"], ["7 to 8 bits"]),
    ],
)
def test_an_erratum_is_met_where_its_figure_is(words, told):
    done = CliRunner().invoke(app, ["plan", *words, "--json"])
    assert done.exit_code == 0, done.exception
    found = json.loads(done.stdout)
    said = " ".join([*found.get("notes", []), *found.get("warnings", [])])
    assert all(word in said for word in told), said


def test_a_model_that_nobody_published_has_none():
    done = CliRunner().invoke(
        app, ["plan", "train", "dim=4096,layers=32,heads=32,kv_heads=8,ffn=14336,vocab=128256", "--gpus", "8", "--gpu", "h100", "--json"]
    )
    assert "39.3 million" not in done.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["train", "llama-3.1-8b", "--gpus", "8", "--gpu", "h100", "--lora-rank", "8"], "--lora-rank says nothing without --tune lora"),
        (["serve", "llama-3.1-8b", "--device", "h100", "--tuned", "1e9"], "give both"),
    ],
)
def test_an_option_that_would_say_nothing_is_refused(words, said):
    done = CliRunner().invoke(app, ["plan", *words])
    assert isinstance(done.exception, ConfigError)
    assert said in str(done.exception)
