"""`puna plan recipe` says what `puna raise --dry-run` says."""

import json
from pathlib import Path

from typer.testing import CliRunner

from puna.commands import app
from puna.pages import words

CHILD = Path(__file__).parents[1] / "recipe" / "tiny_child.yaml"


def test_it_costs_the_whole_line_and_runs_nothing(tmp_path):
    out = ["--out", str(tmp_path / "run"), "--json"]
    planned, dry = (
        CliRunner().invoke(app, words) for words in (["plan", "recipe", str(CHILD), *out], ["raise", str(CHILD), "--dry-run", *out])
    )
    assert planned.exit_code == 0, planned.exception
    mine, other = json.loads(planned.stdout), json.loads(dry.stdout)
    known = {stage["stage"]: stage["flops"] for stage in mine["stages"]}
    assert known == {stage["stage"]: stage["flops"] for stage in other["stages"]}
    assert mine["parents"][0]["stages"]
    pretrain = next(stage for stage in mine["stages"] if stage["stage"] == "pretrain")
    assert pretrain["memory_bytes"] > 16 * pretrain["parameters"]
    low, high = pretrain["seconds_interval"]
    assert 0 < low < pretrain["seconds"] < high
    assert all((stage["seconds"] is None) == (stage["seconds_interval"] is None) for stage in mine["stages"])
    assert not (tmp_path / "run").exists()


def test_seconds_are_reckoned_in_the_dtype_that_the_stage_computes_in(tmp_path):
    for dtype in ("float32", "bfloat16"):
        words = [
            "plan",
            "recipe",
            str(CHILD.parent / "tiny.yaml"),
            "--out",
            str(tmp_path / "run"),
            "--json",
            "--set",
            f"pretrain.dtype={dtype}",
        ]
        assert f"best {dtype} product" in json.loads(CliRunner().invoke(app, words).stdout)["reckoned"]


def test_the_table_ends_with_the_time_to_come(tmp_path):
    done = CliRunner().invoke(app, ["plan", "recipe", str(CHILD), "--out", str(tmp_path / "run")])
    assert done.exit_code == 0, done.exception
    assert "To do: " in done.stdout.splitlines()[-1]


def test_its_page_has_a_bar_for_each_figure_that_is_known_and_a_row_for_each_stage(tmp_path):
    out, place = tmp_path / "run", tmp_path / "cost.html"
    done = CliRunner().invoke(app, ["plan", "recipe", str(CHILD), "--out", str(out), "--html", str(place), "--json"])
    assert done.exit_code == 0, done.exception
    found, page = json.loads(done.stdout), place.read_text(encoding="utf-8")
    rows = [*found["stages"], *(row for parent in found["parents"] for row in parent["stages"])]
    known = sum(row[key] is not None for row in rows for key in ("seconds", "memory_bytes", "disk_bytes"))
    assert known > 0
    assert page.count('<svg class="bar"') == known
    assert page.count("<tr>") == len(rows) + 1 + len(found["parents"])
    assert all(row["parameters"] is None or words.figure(row["parameters"]) in page for row in rows)
    assert not out.exists()
