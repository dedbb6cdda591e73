"""The page of the proofs shows every figure with its dot where it belongs, in units of its tolerance, and none that passed where only failures are asked for."""

from __future__ import annotations

import json
import re

import pytest
from typer.testing import CliRunner

from puna.commands import app
from puna.plan import oracles as proofs
from puna.plan.oracles.table import Section
from puna.plan.oracles_page import page


def planted():
    section = Section("9.9", "Planted <b>figures</b>", "a source")
    section.one("right on", "43.0 %", lambda: 0.43)
    section.one("half a tolerance above", "43.0 %", lambda: 0.43025)
    section.one("far below", "43.0 %", lambda: 0.1)
    section.one("more than is said", "2", lambda: 50.0, within=1.0, at_least=True)
    section.one("a row of a table", "7", lambda: 7.0, kind="data")
    section.one("points only", "5", points=lambda: 5.0)
    section.absent("what nobody knows", "1 2", "nothing determines it")
    return section


def rows(text):
    """Return each figure's row of the page: its number, and its circle's place in per cent."""
    found = {}
    for number, row in re.findall(r"<tr><td>(9\.9\.\d+p?)</td>(.*?)</tr>", text):
        circle = re.search(r'<circle cx="([-\d.]+)%"', row)
        tone = re.search(r'<svg class="row (\w+)"', row)
        assert circle, row
        assert tone, row
        found[number] = (float(circle[1]), tone[1], row)
    return found


@pytest.fixture
def told():
    section = planted()
    return page([section], proofs.run(section.oracles))


def test_dots_lie_as_many_tolerances_from_the_printed_figure_as_the_figures_do(told):
    at = {number: place for number, (place, _, _) in rows(told).items()}
    one = 2 * (at["9.9.02"] - at["9.9.01"])
    assert one > 0
    # At the edges, however far out.
    assert at["9.9.03"] == pytest.approx(at["9.9.01"] - 2 * one, abs=0.05)
    assert at["9.9.04"] == pytest.approx(at["9.9.01"] + 2 * one, abs=0.05)
    assert at["9.9.05"] == at["9.9.01"]


def test_what_failed_is_red_and_each_kind_has_a_colour_of_its_own(told):
    tones = {number: tone for number, (_, tone, _) in rows(told).items()}
    assert tones["9.9.03"] == "fails"
    assert tones["9.9.01"] == tones["9.9.02"] == tones["9.9.04"]
    assert len({tones["9.9.01"], tones["9.9.03"], tones["9.9.05"]}) == 3
    assert ">failed</td>" in rows(told)["9.9.03"][2]


def test_the_summary_and_what_is_not_produced_stand_on_the_page(told):
    for label, count in (("computed pass", 4), ("data agree", 1), ("failed", 1), ("not produced", 2)):
        assert f'<dt>{label}</dt><dd class="number">{count}</dd>' in told
    assert "what nobody knows: 1 2" in told
    assert "<b>figures" not in told
    assert "&lt;b&gt;figures" in told


def test_asked_for_what_failed_it_lists_nothing_that_passed():
    section = planted()
    assert set(rows(page([section], proofs.run(section.oracles), passed=False))) == {"9.9.03"}


def test_the_command_writes_every_section_and_an_overview(tmp_path, monkeypatch):
    monkeypatch.setenv("PUNA_TEST_DATA", str(tmp_path))
    out = tmp_path / "oracles.html"
    done = CliRunner().invoke(app, ["plan", "oracles", "--section", "6", "--html", str(out), "--json"])
    assert done.exit_code == 0, done.output
    found, text = json.loads(done.stdout), out.read_text(encoding="utf-8")
    assert all(f"<td>{one['id']}</td>" in text for one in found["oracles"])
    assert text.count("<circle") == len(found["oracles"])
    for number in ("6.1", "6.2", "6.3", "6.4", "6.5", "6.6"):
        assert len(re.findall(rf"<h2>{number} ", text)) == 1
        assert len(re.findall(rf"<td>{number} ", text)) == 1


def test_figures_that_are_not_produced_have_a_page_without_running_anything(tmp_path, monkeypatch):
    monkeypatch.setattr(proofs, "run", lambda _: pytest.fail("an oracle was run"))
    out = tmp_path / "missing.html"
    done = CliRunner().invoke(app, ["plan", "oracles", "--section", "1.5", "--missing", "--html", str(out)])
    assert done.exit_code == 0, done.output
    text = out.read_text(encoding="utf-8")
    assert "<circle" not in text
    assert all(figure.name.split(":")[0] in text for figure in proofs.missing(only="1.5"))
