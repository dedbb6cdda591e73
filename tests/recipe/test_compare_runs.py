"""Comparing runs: seeds of one recipe become one mean with Student's interval, and what is no finished run is refused in one line."""

from __future__ import annotations

import json
import math
import re

import pytest
from report_parts import run_directory

from puna.errors import PunaError
from puna.evals.statistics import student_t
from puna.recipe import comparing
from puna.recipe.comparing_page import page


# Student's table, two-sided 95 %.
@pytest.mark.parametrize(
    ("freedom", "t"), [(1, 12.706), (2, 4.303), (3, 3.182), (4, 2.776), (9, 2.262), (10, 2.228), (30, 2.042), (120, 1.980)]
)
def test_students_t_is_the_tables(freedom, t):
    assert student_t(0.975, freedom) == pytest.approx(t, abs=5e-4)


def test_the_interval_over_seeds_is_that_worked_by_hand():
    # 2, 4 and 6: mean 4, standard deviation 2, so 4 ± 4.3027 · 2 / √3.
    cell = comparing.mean_of([2.0, 4.0, 6.0])
    assert (cell.value, cell.over) == (4.0, "3 seeds")
    assert cell.high - 4 == pytest.approx(4 - cell.low)
    assert cell.high - 4 == pytest.approx(4.302653 * 2 / math.sqrt(3), rel=1e-4)


def test_one_seed_has_no_interval_over_seeds_and_two_have_none_that_says_anything():
    assert comparing.mean_of([2.0]) == comparing.Cell(2.0)
    assert comparing.mean_of([2.0, 4.0]) == comparing.Cell(3.0, over="2 seeds")


def test_a_claim_holds_over_seeds_where_their_own_interval_is_on_its_side():
    def verdict(values, held):
        cell = comparing.mean_of(values)
        return comparing.Verdict("id", "claim", "bits", (cell,), (held,), (len(values),))

    # Each of the three holds over its documents; another training might well not.
    assert not verdict([0.02, 0.30, 0.04], 3).holds(0)
    assert verdict([0.20, 0.21, 0.19], 3).holds(0)
    assert not verdict([0.2, 0.2], 2).holds(0)


@pytest.fixture
def runs(tmp_path):
    """Return three seeds of one recipe and a fourth run of another learning rate."""
    seeds = [run_directory(tmp_path / f"s{seed}", seed=seed, bits=bits, holds=bits < 0.5) for seed, bits in ((1, 0.3), (2, 0.4), (3, 0.5))]
    return [*seeds, run_directory(tmp_path / "other", seed=1, lr=0.002, bits=0.35)]


def test_runs_that_differ_in_the_seed_alone_are_one_column_with_an_interval_over_seeds(runs):
    found = comparing.compare([runs[3], *runs[:3]])
    assert [(column.label, len(column.runs)) for column in found.columns] == [("other", 1), ("child, 3 seeds", 3)]
    (text,) = [row for row in found.measured if row.name == "pretrain"]
    alone, seeds = text.cells
    assert (alone.value, alone.low, alone.over) == (0.35, pytest.approx(0.25), "40 documents")
    assert (seeds.value, seeds.over) == (pytest.approx(0.4), "3 seeds")
    assert seeds.high - seeds.value == pytest.approx(4.302653 * 0.1 / math.sqrt(3), rel=1e-4)


def test_only_the_settings_that_differ_are_named_by_the_keys_that_set_would_use(runs):
    assert comparing.compare(runs).settings == (("pretrain.lr", (0.001, 0.002)), ("seed", ("1, 2, 3", "1")))
    assert [key for key, _ in comparing.compare(runs[:2]).settings] == []


def test_a_claim_says_in_how_many_seeds_it_holds(runs):
    (claim,) = comparing.compare(runs).claims
    assert (claim.held, claim.tested) == ((2, 1), (3, 1))
    assert claim.verdicts == ["holds in 2 of 3", "holds"]


def test_a_figure_that_some_seeds_lack_says_of_how_many_it_is(runs):
    content = json.loads((runs[0] / "report.json").read_text())
    content["stages"][0]["figures"]["rare"] = 5
    (runs[0] / "report.json").write_text(json.dumps(content))
    (row,) = [row for row in comparing.compare(runs).figures if row.name == "rare"]
    assert row.cells == (comparing.Cell(5.0, over="1 of 3 seeds"), None)
    assert row.cells[0].told == "5, 1 of 3 seeds"


def test_the_same_recipe_and_seed_twice_is_no_second_draw(runs, tmp_path):
    again = run_directory(tmp_path / "again", seed=1, bits=0.3)
    assert [len(column.runs) for column in comparing.compare([*runs[:2], again]).columns] == [1, 1, 1]


def test_runs_of_one_name_in_two_places_are_told_apart(tmp_path):
    one, other = (run_directory(tmp_path / place / "run", lr=lr) for place, lr in (("a", 0.1), ("b", 0.2)))
    assert [column.label for column in comparing.compare([one, other]).columns] == [str(one), str(other)]


def test_settings_that_do_not_reach_the_weights_may_be_newer_than_the_report(runs):
    recipe = json.loads((runs[0] / "recipe.json").read_text())
    content = json.loads((runs[0] / "report.json").read_text())
    recipe["stages"]["pretrain"]["checkpoint_every"] = 50
    content["stages"][0]["config"]["checkpoint_every"] = 100
    (runs[0] / "recipe.json").write_text(json.dumps(recipe))
    (runs[0] / "report.json").write_text(json.dumps(content))
    assert comparing.read(runs[0]).seed == 1


def change(path, **values):
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda run: (run / "report.json").unlink(), "not finished (it has no report.json); run the same 'puna raise' again"),
        (lambda run: (run / "recipe.json").unlink(), "no run directory (it has no recipe.json)"),
        (lambda run: change(run / "recipe.json", seed=99), "its recipe has changed"),
        (lambda run: change(run / "recipe.json", stages={"pretrain": {"kind": "pretrain", "lr": 9}}), "its recipe has changed"),
        (lambda run: (run / "report.json").write_text("{"), "report.json"),
        (lambda run: (run / "report.json").write_text("[]"), "has no 'name'"),
        (lambda run: (run / "recipe.json").write_text("[1]"), "not the recipe of a run"),
        (lambda run: run.rename(run.parent / "gone"), "no directory"),
    ],
)
def test_what_is_no_finished_run_is_refused_in_one_line(runs, spoil, told):
    spoil(runs[1])
    with pytest.raises(PunaError) as error:
        comparing.compare(runs)
    assert told in str(error.value)
    assert str(runs[1]) in str(error.value)
    assert "\n" not in str(error.value)
    assert error.value.exit_code == 2


@pytest.mark.parametrize(("chosen", "told"), [([0], "two runs"), ([0, 1, 0], "named twice")])
def test_too_few_runs_and_one_run_twice_are_refused(runs, chosen, told):
    with pytest.raises(PunaError, match=told):
        comparing.compare([runs[i] for i in chosen])


def test_the_page_stands_alone_and_shows_every_figure(runs):
    found = comparing.compare(runs)
    source = page(found)
    assert re.findall(r"https?:|<script|@import|url\(", source) == []
    for told in ("child, 3 seeds", "other", "pretrain.lr", "0.002", "holds in 2 of 3", "The claim held", "1, 2, 3"):
        assert told in source
    for row in found.figures:
        assert all(cell.told in source for cell in row.cells if cell)


def test_the_page_escapes_what_others_wrote(runs):
    evil = "<script>alert(1)</script>"
    for run in runs:
        change(run / "report.json", machines=[evil])
        recipe = json.loads((run / "recipe.json").read_text())
        change(run / "recipe.json", name=evil, stages={**recipe["stages"], evil: {"kind": evil}})
        content = json.loads((run / "report.json").read_text())
        content["claims"][0]["claim"] = evil
        change(
            run / "report.json",
            claims=content["claims"],
            stages=[*content["stages"], {"name": evil, "kind": evil, "figures": {evil: 3}, "seconds": 1}],
        )
    source = page(comparing.compare(runs))
    assert "<script" not in source
    assert "&lt;script" in source
