"""A ladder trains what it says, fits the rungs alone, and says how far off the law was above them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from puna.commands import app
from puna.pages import words
from puna.plan.estimate import Estimate
from puna.plan.fits import fit_parametric
from puna.plan.laws.law import estimate
from puna.plan.points import points
from puna.recipe.ladder import ABOVE, BUDGETS, RUNGS, Climbed, highest, recipe, rungs
from puna.recipe.ladder_page import page


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


def climbed(*, off, bootstrap):
    """Return a ladder whose models follow a law but for a little, the one above it missed by `off`."""

    def loss(rung):
        return 0.4 + 60 / rung.params**0.5 + 200 / rung.tokens**0.4

    made, top = rungs(), highest()
    losses = [loss(rung) * (1 + 0.002 * (-1) ** i) for i, rung in enumerate(made)]
    runs = points(params=[rung.params for rung in made], tokens=[rung.tokens for rung in made], loss=losses, source="made up")
    fit = fit_parametric(runs, name="ladder", counting="all", bootstrap=bootstrap)
    foretold = estimate(fit.law, lambda law: law.loss(top.params, top.tokens))
    assert foretold is not None
    curve = {
        "tokens": [1e4, 1e5, 1e6],
        "seconds": [1.0, 2.0, 3.0],
        "loss": [3.0, 2.0, 1.5],
        "bits_per_byte": [2.0, 1.5, 1.0],
        "tokens_per_second": [1e4] * 3,
    }
    all_rungs = [*zip(made, losses, strict=True), (top, loss(top) * off)]
    return Climbed(tuple(all_rungs), fit, foretold, loss(top) * off, Path("runs/ladder"), {rung.stage: curve for rung, _ in all_rungs})


def part(text, title):
    return text.split(f"<h2>{title}</h2>")[1].split("<h2>")[0]


def test_the_page_shows_every_model_each_budgets_least_loss_and_the_band_of_what_was_foretold():
    found = climbed(off=1.02, bootstrap=30)
    assert isinstance(found.foretold, Estimate)
    text = page(found)
    budgets = part(text, "Loss over parameters, budget by budget")
    assert budgets.count("<circle") == len(found.rungs) + len(BUDGETS) + 1
    assert budgets.count("<polyline") == len(BUDGETS) + 1
    assert budgets.count("<polygon") == 1
    above = part(text, "The model above the rungs")
    for value in (found.foretold.value, found.foretold.low, found.foretold.high, found.measured):
        assert f"{value:.3f}" in above
    assert part(text, "How they learnt").count("<polyline") == len(found.rungs)
    assert all(words.figure(rung.params) in text for rung, _ in found.rungs)
    assert f"{found.error:+.1%}".replace("-", "−") in text


def test_without_resamples_the_page_has_no_band_and_a_miss_shows():
    found = climbed(off=1.5, bootstrap=0)
    text = page(found)
    assert "<polygon" not in text
    assert '<dd class="number">−3' in text


@pytest.mark.slow
def test_a_tiny_ladder_is_climbed_fitted_and_held_against_the_model_above_it(tmp_path):
    out = tmp_path / "ladder"
    shown = tmp_path / "ladder.html"
    command = ["plan", "ladder", "--out", str(out), "--scale", "0.02", "--html", str(shown), "--json"]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.exception
    found = json.loads(done.stdout)
    losses = {rung["stage"]: rung["loss"] for rung in found["rungs"]}
    assert len(losses) == RUNGS * len(BUDGETS) + 1
    assert found["fit"]["points_used"] + sum(item["points"] for item in found["fit"]["dropped"]) == RUNGS * len(BUDGETS)
    assert found["measured_loss"] == losses["above"]
    assert found["error"] == pytest.approx(found["foretold_loss"] / found["measured_loss"] - 1)
    assert f"{found['measured_loss']:.3f}" in part(shown.read_text(encoding="utf-8"), "The model above the rungs")
    again = CliRunner().invoke(app, command)
    assert json.loads(again.stdout) == found
