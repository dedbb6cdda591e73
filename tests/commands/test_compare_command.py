"""`puna compare` on the command line: a table, JSON, a page, and one line where a directory is no run."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from puna.commands import app
from puna.errors import PunaError

sys.path.append(str(Path(__file__).parents[1] / "recipe"))
from report_parts import run_directory


@pytest.fixture
def runs(tmp_path):
    return [
        str(run_directory(tmp_path / name, seed=seed, lr=lr, bits=bits))
        for name, seed, lr, bits in (("s1", 1, 0.001, 0.3), ("s2", 2, 0.001, 0.4), ("s3", 3, 0.001, 0.5), ("other", 1, 0.002, 0.35))
    ]


def test_the_table_names_what_differs_and_how_many_seeds(runs, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    done = CliRunner().invoke(app, ["compare", *runs])
    assert done.exit_code == 0, done.exception
    for told in ("child, 3 seeds", "over seeds 1, 2, 3", "pretrain.lr", "0.002", "held-out bits per byte", "holds in 3 of 3"):
        assert told in done.stdout


def test_json_is_one_document_with_everything(runs):
    done = CliRunner().invoke(app, ["compare", *runs, "--json"])
    found = json.loads(done.stdout)
    assert [(column["label"], column["seeds"]) for column in found["columns"]] == [("child, 3 seeds", [1, 2, 3]), ("other", [1])]
    assert found["settings"][0] == {"key": "pretrain.lr", "values": [0.001, 0.002]}
    # 0.3, 0.4 and 0.5: mean 0.4, standard deviation 0.1, so ± 4.3027 · 0.1 / √3.
    (row,) = [row for row in found["measured"] if row["name"] == "pretrain"]
    assert row["cells"][0]["high"] == pytest.approx(0.4 + 4.302653 * 0.1 / 3**0.5, rel=1e-4)


def test_the_page_is_written_where_it_was_asked_for(runs, tmp_path):
    done = CliRunner().invoke(app, ["compare", *runs, "--html", str(tmp_path / "out.html"), "--json"])
    assert done.exit_code == 0, done.exception
    assert (tmp_path / "out.html").read_text().endswith("</html>\n") or (tmp_path / "out.html").read_text().endswith("</html>")
    assert json.loads(done.stdout)


def test_a_directory_that_is_no_run_is_one_line_and_exit_2(runs, tmp_path):
    (tmp_path / "empty").mkdir()
    done = CliRunner().invoke(app, ["compare", runs[0], str(tmp_path / "empty")])
    assert isinstance(done.exception, PunaError)
    assert done.exception.exit_code == 2
    assert "no run directory" in str(done.exception)
