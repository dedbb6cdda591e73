"""Every figure of the reference is an oracle that passes or is listed with a reason, and a wrong one would be found."""

from __future__ import annotations

import json
import re
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from typer.testing import CliRunner

from puna.commands import app
from puna.errors import ConfigError
from puna.model.config import LLAMAS
from puna.plan import oracles as proofs
from puna.plan.oracles.digitised import CHINCHILLA, Digitised
from puna.plan.oracles.table import UNITS, Section, half_digit, parsed
from puna.plan.prediction import half_width

# Figures of each section: given by an oracle, and not produced.
COUNTED = {
    "0": (68, 5), "1.1": (37, 10), "1.2": (97, 28), "1.3": (8, 1), "1.4": (46, 14), "1.5": (73, 5), "2": (114, 54), "3": (98, 34), "4.2": (19, 15), "4.3": (18, 0),
    "4.4": (69, 1), "6.1": (19, 6), "6.2": (44, 5), "6.3": (26, 9), "6.4": (21, 0), "6.5": (36, 0), "6.6": (91, 13),
}  # fmt: skip
# Numbers in the reference that are no figures: tolerances, conditions, formulas, and where something is printed.
NO_FIGURES = {
    "0": ("1e-4", "0.2", "0.1", ".336", ".283", "6", "1.96", "5.1"), "1.1": ("776", "850"), "1.2": ("3", "1", "25"), "1.3": ("3",), "1.4": ("989.5", "7800", "70"),
    "1.5": ("16,384",), "2": ("16", "18", "24", "25"), "3": (".5", "15.6"), "4.4": ("2024",), "6.1": ("1",), "6.2": ("15", "4", "1", "71571056092"), "6.3": ("2205.05198",),
    "6.4": ("2", "1"), "6.5": ("2", "2025", "06"), "6.6": ("12",),
}  # fmt: skip
NUMBER = re.compile(r"(?<![A-Za-z_\d.])(?:\d[\d,]*(?:\.\d+)?|\.\d+)(?:e-?\d+)?")


@pytest.fixture
def absent(tmp_path, monkeypatch):
    monkeypatch.setenv("PUNA_TEST_DATA", str(tmp_path))


def numbers(text):
    return [float(found.rstrip(",").replace(",", "")) for found in NUMBER.findall(text)]


def command(*arguments):
    return CliRunner().invoke(app, ["plan", "oracles", *map(str, arguments)])


def test_every_oracle_passes_within_ten_seconds(shared_data):
    began = time.perf_counter()
    results = proofs.run(proofs.oracles(shared_data))
    assert [(result.oracle.id, result.oracle.name, result.got, result.note) for result in results if not result.passed] == []
    assert time.perf_counter() - began < 10


def test_without_the_points_their_oracles_are_not_run_and_never_count_as_passed(absent):
    results = proofs.run(proofs.oracles())
    not_run = [result for result in results if result.status == "not run"]
    assert not_run == [result for result in results if result.oracle.needs_points]
    assert not any(result.passed for result in not_run)
    counts = proofs.summary(results, not_produced=0)
    assert counts["failed"] == 0
    assert counts["computed_pass"] + counts["arithmetic_pass"] + counts["data_agree"] + counts["not_run"] == len(results)


def test_each_figure_has_one_number_and_the_numbers_have_no_gaps():
    for section in proofs.sections():
        ids = [oracle.id for oracle in section.oracles] + [figure.id for figure in section.missing]
        assert len(ids) == len(set(ids))
        figures = {one.removesuffix("p") for one in ids}
        assert {int(one.removeprefix(f"{section.number}.")) for one in figures} == set(range(1, len(figures) + 1))


def test_each_section_has_the_figures_that_were_counted():
    counted = {one.number: (len({oracle.id.removesuffix("p") for oracle in one.oracles}), len(one.missing)) for one in proofs.sections()}
    assert counted == COUNTED


def test_every_number_of_the_reference_has_its_figure(shared_data):
    reference = shared_data.parent / "reference" / "scaling-facts.md"
    if not reference.is_file():
        pytest.skip("no reference beside the data")
    text = reference.read_text(encoding="utf-8")
    heads = list(re.finditer(r"(?m)^#{2,3} (\d+(?:\.\d+)?)\.? .*$", text))
    body = {head[1]: text[head.end() : after.start()] for head, after in pairwise(heads)}
    for section in proofs.sections(shared_data):
        held = {float(text.replace(",", "")) for text in NO_FIGURES.get(section.number, ())}
        for oracle in section.oracles:
            held |= {abs(oracle.expected), *numbers(f"{oracle.name} {oracle.source}")}
        for figure in section.missing:
            held |= {*numbers(figure.printed), *numbers(figure.name)}
        assert [number for number in numbers(body[section.number]) if not any(abs(number - one) <= 1e-9 * number for one in held)] == [], (
            section.number
        )


def test_every_figure_that_is_not_produced_says_why():
    assert all(len(figure.reason) > 30 and figure.name for figure in proofs.missing())


def test_an_expectation_that_is_a_little_wrong_fails(shared_data):
    for oracle in proofs.oracles(shared_data):
        # Where the source says "at least", an expectation is wrong once it is more than what is given.
        for sign, expected in (
            ((1, max(oracle.expected, oracle.run().got)),) if oracle.at_least else ((-1, oracle.expected), (1, oracle.expected))
        ):
            planted = replace(oracle, expected=expected + sign * (2.1 * oracle.tolerance or 1))
            assert planted.run().status == "failed", oracle


def test_a_table_that_is_wrong_by_one_is_found(monkeypatch):
    monkeypatch.setitem(LLAMAS, "llama-3.1-405b", LLAMAS["llama-3.1-405b"].model_copy(update={"ffn_dim": 53_249}))
    failed = {result.oracle.name for result in proofs.run(proofs.oracles(only="1.1")) if not result.passed}
    assert failed == {"405B: FFN dim", "405B: parameters", "405B: without either embedding"}


def test_data_and_computed_figures_are_kept_apart():
    by_section = {one.number: {oracle.kind for oracle in one.oracles} for one in proofs.sections()}
    assert by_section["6.6"] == {"data"}
    # Reading a table and finding it there proves nothing of the planner's formulas.
    assert {oracle.kind for oracle in proofs.oracles(only="4.3") if "bits a weight" in oracle.name} == {"data"}
    # A closed formula on held constants can be checked by hand, and proves the formula alone.
    kinds = {oracle.name: oracle.kind for oracle in proofs.oracles()}
    assert {
        kinds[name]
        for name in (
            "rounded: parameters at 3.8e25 FLOPs",
            "405B: cache of 8K in bf16",
            "O9 0.5 of the size: overhead",
            "mean time between unexpected interruptions",
        )
    } == {"arithmetic"}
    # Fits, searches and counts of matrices can not.
    assert {
        kinds[name]
        for name in (
            "O4 objective",
            "O7 70B quality, 10T served: best size",
            "the decision from what Meta had",
            "row 3: MFU, predicted from row 1's efficiency",
        )
    } == {"computed"}


def planted(name, compute):
    section = Section("1.1", "planted", "nobody")
    section.one(name, "43.0 %", compute)
    return section


def test_the_command_names_a_wrong_figure_and_ends_with_1(monkeypatch):
    monkeypatch.setattr(proofs, "sections", lambda *_, **__: [planted("a planted figure", lambda: 0.45)])
    result = command()
    assert result.exit_code == 1
    assert "failed 1.1.01 (a planted figure): expected 43.0 % within 0.05, got 45" in result.output
    assert "0 computed and 0 arithmetic pass, 0 data agree, 1 failed" in result.output


def test_a_function_that_breaks_is_a_figure_that_fails(monkeypatch):
    monkeypatch.setattr(proofs, "sections", lambda *_, **__: [planted("a broken figure", lambda: 1 / 0)])
    result = command("--json")
    assert result.exit_code == 1
    found = json.loads(result.output)
    assert found["summary"]["failed"] == 1
    assert found["oracles"][0]["got"] is None
    assert found["oracles"][0]["note"].startswith("ZeroDivisionError")


def test_json_is_one_document_with_every_figure(shared_data):
    result = command("--json", "--points", shared_data)
    assert result.exit_code == 0
    found = json.loads(result.output)
    assert len(found["oracles"]) == sum(found["summary"][key] for key in ("computed_pass", "arithmetic_pass", "data_agree"))
    assert len(found["missing"]) == found["summary"]["not_produced"] == sum(lost for _, lost in COUNTED.values())
    assert {"id", "name", "source", "kind", "expected", "tolerance", "got", "status"} <= set(found["oracles"][0])


def test_a_section_takes_those_within_it(absent):
    found = json.loads(command("--json", "--section", "6").output)
    assert {oracle["id"].rpartition(".")[0] for oracle in found["oracles"]} == {"6.1", "6.2", "6.3", "6.4", "6.5", "6.6"}
    assert "13.9 %" in command("--section", "6.2").output


def test_failed_shows_what_did_not_pass_alone(absent):
    result = command("--failed", "--section", "0")
    assert "not run" in result.output
    assert "O13" not in result.output
    assert result.exit_code == 0


def test_missing_lists_reasons_with_their_figures():
    result = command("--missing", "--section", "1.5")
    assert result.exit_code == 0
    assert "manual interventions" in result.output
    assert "5 figures not produced" in result.output
    assert json.loads(command("--missing", "--json").output)["not_produced"] == sum(lost for _, lost in COUNTED.values())


def test_an_unknown_section_a_folder_without_points_and_two_lists_are_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"no section is numbered '1\.9'"):
        proofs.oracles(only="1.9")
    with pytest.raises(ConfigError, match="holds neither llama3_isoflop_points"):
        proofs.oracles(tmp_path)
    result = command("--failed", "--missing")
    assert result.exit_code == 2 or isinstance(result.exception, ConfigError)


def test_one_of_the_two_files_is_enough_for_its_own_figures(shared_data, tmp_path):
    (tmp_path / CHINCHILLA).write_bytes((shared_data / CHINCHILLA).read_bytes())
    assert Digitised(tmp_path).huber.points_used == 240
    states = {result.oracle.id: result.status for result in proofs.run(proofs.oracles(tmp_path, only="0")) if result.oracle.needs_points}
    assert set(states.values()) == {"ok", "not run"}


@pytest.mark.parametrize(("printed", "number", "unit", "half"), [
    ("16.55 T", 16.55, "T", 0.005), ("1.69e22", 1.69e22, "", 5e19), ("3e-4", 3e-4, "", 5e-5), (".91 s", 0.91, "s", 0.005), ("8,030,261,248", 8_030_261_248, "", 0.5),
    ("1.5T", 1.5, "T", 0.05), ("0.30 GB", 0.30, "GB", 0.005),
])  # fmt: skip
def test_a_figure_is_read_as_printed_and_must_round_to_it(printed, number, unit, half):
    assert parsed(printed) == (number, unit)
    assert unit in UNITS
    assert half_digit(printed) == pytest.approx(half)


@pytest.mark.parametrize(
    ("accuracy", "questions", "half"), [(0.572, 1319, 0.027), (0.372, 164, 0.074), (0.797, 1172, 0.023), (0.203, 5000, 0.011)]
)
def test_the_half_width_is_the_papers(accuracy, questions, half):
    assert half_width(accuracy, questions) == pytest.approx(half, abs=0.001)


@pytest.mark.parametrize(("accuracy", "questions"), [(1.2, 10), (-0.1, 10), (0.5, 0)])
def test_a_half_width_of_nonsense_is_refused(accuracy, questions):
    with pytest.raises(ConfigError, match="give a share between 0 and 1"):
        half_width(accuracy, questions)


def test_the_folder_of_points_is_the_one_that_tests_use(monkeypatch, tmp_path):
    monkeypatch.setenv("PUNA_TEST_DATA", str(tmp_path))
    assert Digitised().folder == tmp_path
    monkeypatch.delenv("PUNA_TEST_DATA")
    assert Digitised().folder == Path(proofs.__file__).parents[4] / "shared" / "data"
