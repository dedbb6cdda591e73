"""A ladder trains what it says, fits the rungs alone, and says how far off the law was above them."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from puna.commands import app
from puna.recipe.ladder import ABOVE, BUDGETS, RUNGS, highest, recipe, rungs


def test_budgets_hold_rungs_of_equal_compute_and_the_highest_lies_above():
    made = rungs()
    assert len(made) == RUNGS * len(BUDGETS)
    for i, budget in enumerate(BUDGETS):
        mine = made[i * RUNGS : (i + 1) * RUNGS]
        assert all(rung.compute == pytest.approx(budget, rel=0.02) for rung in mine)
        assert [rung.params for rung in mine] == sorted(rung.params for rung in mine)
        # On both sides of Chinchilla's ratio, or the minimum could not be seen.
        assert mine[0].tokens / mine[0].params > 20 > mine[-1].tokens / mine[-1].params
    assert highest().compute == pytest.approx(ABOVE * BUDGETS[-1], rel=0.02)


def test_every_model_reads_the_same_text_and_only_its_shape_and_tokens_differ():
    stages = {stage.name: stage for stage in recipe([*rungs(), highest()], seed=1).stages}
    pretrained = [stage for stage in stages.values() if stage.kind.name == "pretrain"]
    assert {stage.inputs for stage in pretrained} == {("corpus", "tokenizer")}
    assert len({json.dumps(stage.settings.model_dump(exclude={"tokens", "model"}), default=str) for stage in pretrained}) == 1


@pytest.mark.slow
def test_a_tiny_ladder_is_climbed_fitted_and_held_against_the_model_above_it(tmp_path):
    out = tmp_path / "ladder"
    command = ["plan", "ladder", "--out", str(out), "--scale", "0.02", "--json"]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.exception
    found = json.loads(done.stdout)
    losses = {rung["stage"]: rung["loss"] for rung in found["rungs"]}
    assert len(losses) == RUNGS * len(BUDGETS) + 1
    assert found["fit"]["points_used"] + sum(item["points"] for item in found["fit"]["dropped"]) == RUNGS * len(BUDGETS)
    assert found["measured_loss"] == losses["above"]
    assert found["error"] == pytest.approx(found["foretold_loss"] / found["measured_loss"] - 1)
    again = CliRunner().invoke(app, command)
    assert json.loads(again.stdout) == found
