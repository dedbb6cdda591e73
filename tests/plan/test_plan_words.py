"""The planner's words agree with its figures: one thing is one thing, and a least is no most."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from puna.commands import app
from puna.commands.plan.figures import count
from puna.commands.plan.words import counted
from puna.errors import ConfigError
from puna.plan.laws import catalogue
from puna.plan.sizing.decision import decide
from puna.plan.sizing.page import page
from puna.plan.sizing.plan_file import PlanFile

PLAN = Path(__file__).parents[2] / "recipes" / "plans" / "llama3-405b.yaml"


@pytest.mark.parametrize(
    ("number", "said"), [(1, "1 box"), (0, "0 boxes"), (16_384, "16,384 boxes"), (1.0, "1 box"), (0.5, "0.5 boxes"), (54.0, "54 boxes")]
)
def test_one_is_one_and_everything_else_is_many(number, said):
    assert counted(number, "box", "boxes") == said


@pytest.mark.parametrize(
    ("value", "digits", "said"),
    [
        (999_999, 3, "1M"),
        (999_960_000, 4, "1B"),
        (999.6, 3, "1K"),
        (999_400, 3, "999K"),
        (402.8e9, 4, "402.8B"),
        (10e9, 3, "10B"),
        (950, 4, "950"),
        (-2e12, 4, "-2T"),
        (3e18, 4, "3e+18"),
    ],
)
def test_a_number_has_the_unit_of_what_it_is_rounded_to(value, digits, said):
    assert count(value, digits=digits) == said


def test_every_command_counts_tokens_in_billions():
    said = (
        CliRunner()
        .invoke(app, ["plan", "train", "llama-3.1-8b", "--gpus", "8", "--gpu", "h100", "--tokens", "1e10", "--batch", "1048576"])
        .output
    )
    assert "10B tokens" in said


def test_a_given_layout_has_the_keys_of_a_search():
    words = ["plan", "train", "llama-3.1-405b", "--gpus", "16384", "--gpu", "h100", "--json"]
    searched, given = (json.loads(CliRunner().invoke(app, [*words, *more]).stdout) for more in ([], ["--layout", "8,1,16,128"]))
    assert searched.keys() == given.keys()
    assert searched["layouts_tried"] > 0 == given["layouts_tried"]


def test_one_gpu_for_one_day():
    said = CliRunner().invoke(app, ["plan", "faults", "--gpus", "1", "--days", "1"]).output
    assert said.startswith("1 GPU for 1 day:")
    assert "Single runs of 1 day:" in said


def test_one_expert():
    assert catalogue.experts("ludziejewski", 1).about.source.endswith("at 1 expert")
    assert catalogue.experts("ludziejewski", 8).about.source.endswith("at 8 experts")


def test_what_is_missed_is_a_most_or_a_least():
    with pytest.raises(ConfigError, match=r"'speed for one user' cannot be met: .* tokens/s where at least 1e\+06 would do"):
        decide(PlanFile.read(PLAN, ("serving.tokens_per_second=1e6",)))
    with pytest.raises(ConfigError, match=r"bytes where at most .* would do"):
        decide(PlanFile.read(PLAN, ("serving.device=rtx-4060-8gb", "serving.format=bf16")))


def test_the_page_of_a_plan_says_what_is_left_and_in_what_costs_are():
    shown = page(decide(PlanFile.read(PLAN)))
    assert "serving memory: slack" in shown
    assert "as good as the chosen one cost, in h100 hours" in shown
