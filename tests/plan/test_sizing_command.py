"""What `puna plan size` prints: every candidate's loss and costs, numbers in the unit that they round to, and budgets as small as Llama 3's own runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from puna.commands import app
from puna.commands.plan import size as command

PLANS = Path(__file__).parents[2] / "recipes" / "plans"


def told(*overrides, plan=PLANS / "llama3-405b.yaml"):
    done = CliRunner().invoke(app, ["plan", "size", str(plan), *(word for each in overrides for word in ("--set", each))])
    assert done.exit_code == 0, done.exception
    return done.stdout


@pytest.mark.parametrize(
    ("value", "words"),
    [(999_960, "1M"), (999_400, "999K"), (1e6, "1M"), (0.99996e9, "1B"), (0.99996e12, "1T"), (1.4e6, "1.4M"), (950, "950"), (2.43e20, "2.43e20"), (0.9999e15, "1e15")],
)  # fmt: skip
def test_a_number_stands_in_the_unit_that_it_rounds_to(value, words):
    assert command._short(value) == words


def test_a_million_dollars_are_a_million():
    assert "$1M (" in told("budget={gpu: h100, dollars: 1e6}", "split={tensor: 1, pipeline: 1}")


def test_each_candidate_shows_its_loss_and_what_it_costs():
    free, served = told(), told("serving.tokens=10e12")
    for text, costs in ((free, ("train", "serve 1T")), (served, ("train", "serve", "life"))):
        head, first = text.splitlines()[3:5]
        assert all(word in head for word in ("excess", *costs))
        numbers = first.split()
        assert numbers[0] == "→"
        assert float(numbers[6]) < 1e-3
        assert len(numbers) == 8 + len(costs)


@pytest.mark.parametrize(("compute", "least", "most"), [("1e17", 35e6, 50e6), ("1e18", 100e6, 140e6), ("6e18", 230e6, 330e6)])
def test_budgets_as_small_as_llama_3s_own_runs_have_an_answer(tmp_path, compute, least, most):
    plan = tmp_path / "small.yaml"
    plan.write_text(f"name: small\nbudget: {{flops: {compute}}}\n")
    text = told(plan=plan)
    recommended = next(line for line in text.splitlines() if line.startswith("Recommended"))
    assert least < float(recommended.split()[1].removesuffix("M")) * 1e6 < most
    assert "0.00" not in recommended


def test_the_table_names_what_binds_and_the_flip():
    assert "serving memory: binds" in told("serving.format=bf16")
    assert "served tokens on" in told()
