"""`puna plan fit`, `optimal`, `overtrain` and `predict`: the documented keys on stdout and nothing else there, tables otherwise, one line for a mistake."""

import json
import resource
import subprocess
import sys
import time

import numpy as np
import pytest


def plan(*words):
    return subprocess.run(
        [sys.executable, "-m", "puna", "plan", *map(str, words)], capture_output=True, text=True, check=False, timeout=120
    )


def figures(*words):
    done = plan(*words, "--json")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Return a table of runs from a surface: three budgets, nine splits each."""
    path = tmp_path_factory.mktemp("runs") / "runs.csv"
    rows = ["compute,tokens,loss"]
    for compute in (1e18, 1e19, 1e20):
        for tokens in (compute / 6 / 20) ** 0.5 * 20 * np.geomspace(0.3, 3, 9):
            rows.append(f"{compute},{tokens},{1.7 + 400 * (compute / 6 / tokens) ** -0.34 + 400 * tokens**-0.3}")
    path.write_text("\n".join(rows))
    return path


@pytest.fixture(scope="module")
def scores(tmp_path_factory):
    path = tmp_path_factory.mktemp("scores") / "arc.csv"
    nll = 4.2 - 0.15 * np.log10(np.geomspace(6e18, 1e22, 12))
    accuracy = 0.25 + 0.7 / (1 + np.exp((nll - 1.0) / 0.1))
    path.write_text(
        "\n".join(["compute,nll,accuracy", *(f"{c},{n},{a}" for c, n, a in zip(np.geomspace(6e18, 1e22, 12), nll, accuracy, strict=True))])
    )
    return path


def test_fit_gives_the_documented_keys(runs):
    found = figures("fit", runs)
    assert found["method"] == "isoflop"
    assert found["points_used"] == 27
    assert {"alpha", "alpha_interval", "A", "A_interval", "dropped", "warnings", "sources"} <= found.keys()
    assert all({"tokens", "params", "loss", "curvature"} <= budget.keys() for budget in found["budgets"])
    found = figures("fit", runs, "--method", "parametric")
    assert {"E", "A", "B", "alpha", "beta", "objective", "E_interval", "beta_interval"} <= found.keys()
    assert found["alpha"] == pytest.approx(0.34, rel=1e-2)


def test_no_run_is_left_out_unasked_and_each_one_left_out_is_named(shared_data):
    points = shared_data / "chinchilla_points.csv"
    kept = figures("fit", points, "--method", "parametric", "--bootstrap", "20")
    assert (kept["points_used"], kept["dropped"]) == (245, [])
    assert any("are kept" in line for line in kept["warnings"])
    words = ("fit", points, "--method", "parametric", "--bootstrap", "20")
    for rule, reason in (("--drop-highest", "highest losses"), ("--drop-outliers", "robust standard deviations")):
        found = figures(*words, rule, "5")
        assert found["points_used"] == 245 - len(found["dropped"]) < 245
        assert all(one["points"] == 1 and "loss" in one["where"] and reason in one["reason"] for one in found["dropped"])
        told = plan(*words, rule, "5").stdout
        assert all(one["where"] in told for one in found["dropped"])
    assert figures(*words, "--drop-highest", "5")["B"] == pytest.approx(2143.4, rel=1e-4)


def test_an_isoflop_fit_says_what_it_dropped_and_flags_what_not_to_trust(tmp_path):
    rows = ["compute,tokens,loss"]
    for compute, middle, width, num in (
        (1e18, 1e9, 1.0, 7),
        (1e19, 3e9, 1.0, 4),
        (1e20, 1e10, 1.0, 7),
        (1e21, 3e10, -1.0, 7),
        (1e22, 1e11, 1.0, 2),
    ):
        start = middle * (2 if compute == 1e20 else 0.4)
        rows += [
            f"{compute},{tokens},{3 + width * np.log10(tokens / middle) ** 2}"
            for tokens in np.geomspace(start, 2.4 * max(start, middle), num)
        ]
    path = tmp_path / "runs.csv"
    path.write_text("\n".join(rows))
    found = figures("fit", path, "--compute", "1e26", "--bootstrap", "20")
    assert [(one["points"], one["where"]) for one in found["dropped"]] == [(7, "budget of 1e+21 FLOPs"), (2, "budget of 1e+22 FLOPs")]
    assert found["points_used"] == 18
    told = plan("fit", path, "--compute", "1e26", "--bootstrap", "20").stdout.replace("\n", " ")
    for words in (
        "opens downwards",
        "too few points: 2",
        "outside the sampled range",
        "too few points to trust (4",
        "an extrapolation over 3 orders",
    ):
        assert words in told.replace("  ", " "), words


def test_parameters_that_are_not_c_over_6_d_are_said(runs, tmp_path):
    rows = [line.split(",") for line in runs.read_text().splitlines()[1:]]
    for factor, said in ((3.0, True), (1.1, False)):
        path = tmp_path / f"{factor}.csv"
        lines = [f"{c},{factor * float(c) / 6 / float(d)},{d},{loss}" for c, d, loss in rows]
        path.write_text("\n".join(["compute,params,tokens,loss", *lines]))
        for method in ("isoflop", "parametric"):
            told = figures("fit", path, "--method", method, "--bootstrap", "0")["warnings"]
            assert any("27 of 27 runs have 0.333 to 0.333 times 6 N D" in line for line in told) is said


def test_a_written_law_is_read_by_optimal(runs, tmp_path):
    for method in ("isoflop", "parametric"):
        fitted = figures("fit", runs, "--method", method, "--out", tmp_path / f"{method}.json", "--compute", "1e22")
        found = figures("optimal", "--compute", "1e22", "--law", tmp_path / f"{method}.json")
        for key in ("params", "tokens", "loss"):
            assert found[key] == pytest.approx(fitted["at"][key], rel=1e-6)
        assert found["params_interval"][0] <= found["params"] <= found["params_interval"][1]
    again = plan("fit", runs, "--out", tmp_path / "isoflop.json")
    assert again.returncode == 2
    assert "is there already" in again.stderr


def test_optimal_gives_the_documented_keys_and_the_errata():
    found = figures("optimal", "--compute", "3.8e25")
    assert (found["params"], found["tokens"]) == (pytest.approx(393.3e9, rel=1e-3), pytest.approx(16.102e12, rel=1e-3))
    assert {"loss", "params_interval", "tokens_interval", "loss_interval", "counting"} <= found.keys()
    assert any("number of training tokens" in line for line in found["warnings"])
    every = figures("optimal", "--compute", "1e24", "--law", "all")["laws"]
    assert {"llama3", "besiroglu", "kaplan", "gadre-c4", "deepseek", "krajewski"} <= {one["law"] for one in every}
    short = figures("optimal", "--compute", "3.8e25", "--unique", "2T")
    assert short["repeated"]["epochs"] > 1
    assert short["synthetic"][0]["share"] > short["synthetic"][1]["share"]
    assert "best by repeating" in plan("optimal", "--compute", "3.8e25", "--unique", "2T").stdout
    told = plan("optimal", "--compute", "1e24", "--unique", "10T").stdout
    assert "nothing is repeated" in told
    assert "best by repeating" not in told


def test_overtrain_gives_the_documented_keys():
    found = figures("overtrain", "--quality", "13B", "--params", "7B", "--served", "2T", "--law", "sardana")
    assert found["params"] == 7e9
    assert found["saving"] == pytest.approx(0.1745, abs=1e-3)
    assert {"tokens", "overhead", "break_even_tokens"} <= found.keys()
    best = figures("overtrain", "--quality", "70B", "--served", "10T", "--law", "sardana")
    assert (best["params"], best["tokens"], best["saving"]) == pytest.approx((41.55e9, 7.923e12, 0.1195), rel=2e-3)
    assert [one["model"] for one in figures("overtrain")["examples"]][::3] == ["llama-3-8b", "llama-3-70b", "llama-3.1-405b"]


def test_the_worked_examples_heed_every_option():
    usual, by_one = figures("overtrain")["examples"], figures("overtrain", "--law", "besiroglu")["examples"]
    assert len(usual) == 3 * len(by_one)
    assert {one["law"] for one in by_one} == {"besiroglu"}
    asked = figures("overtrain", "--law", "besiroglu", "--served", "30T", "--serving-weight", "5")["examples"]
    assert [(one["served"], one["serving_weight"]) for one in asked] == [(30e12, 5)] * 3
    # Weight 5: the smaller model pays from a fifth of the served tokens on.
    assert asked[0]["break_even_tokens"] == pytest.approx(by_one[0]["break_even_tokens"] / 5)
    assert by_one[0]["saving"] < 0 < asked[0]["saving"]
    assert "saved at" in plan("overtrain", "--served", "30T").stdout


def test_predict_goes_both_ways(scores):
    found = figures("predict", scores, "--compute", "1e23")
    assert found["loss"] == pytest.approx(4.2 - 0.15 * 23)
    assert found["accuracy_interval"][0] <= found["accuracy"] <= found["accuracy_interval"][1]
    back = figures("predict", scores, "--accuracy", found["accuracy"])
    assert back["compute"] == pytest.approx(1e23, rel=1e-2)
    for key in ("compute", "params", "tokens", "gpu_hours", "dollars"):
        low, high = back[f"{key}_interval"]
        assert low < back[key] < high
    told = plan("predict", scores, "--accuracy", found["accuracy"]).stdout
    assert all(word in told for word in ("size by the law", "hours", "dollars", "of the size", "of the cost"))
    assert (found["interval_kind"], back["interval_kind"]) == ("draws", "draws")


def test_predict_says_how_sharply_a_benchmark_of_so_many_questions_can_be_measured(scores):
    """ARC Challenge has 1,172 questions, and arXiv 2407.21783 prints 79.7 ± 2.3."""
    found = figures("predict", scores, "--accuracy", "0.797", "--questions", "1172")
    assert found["half_width"] == pytest.approx(0.023, abs=5e-4)
    assert "questions" in plan("predict", scores, "--accuracy", "0.797", "--questions", "1172").stdout
    assert plan("predict", scores, "--accuracy", "0.797", "--questions", "0").returncode == 2
    assert "half_width" not in figures("predict", scores, "--accuracy", "0.797")


def test_no_interval_is_shown_without_its_kind(runs, tmp_path):
    for words in (
        ["fit", runs],
        ["fit", runs, "--method", "parametric"],
        ["optimal", "--compute", "1e24", "--law", "kaplan"],
        ["overtrain", "llama-3-8b"],
    ):
        found = figures(*words)
        assert any(key.endswith("_interval") for key in found)
        assert found["interval_kind"]
        assert found["interval_means"].split()[0] in plan(*words).stdout
    every = plan("optimal", "--compute", "1e24", "--law", "all").stdout
    assert all(f"Interval by {kind}: " in every for kind in ("draws", "refit", "published", "rounding", "left out"))
    assert figures("fit", runs, "--bootstrap", "0")["interval_kind"] is None


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["fit", "none.csv"], "no such file"),
        (["optimal", "--compute", "1e24", "--law", "chinchila"], "did you mean 'chinchilla'"),
        (["optimal", "--compute", "-1"], "above 0"),
        (["optimal", "--compute", "nan"], "above 0"),
        (["optimal", "--compute", "1e24", "--unique", "many"], "--unique many"),
        (["optimal", "--compute", "1e24", "--law", "all", "--unique", "2T"], "one law"),
        (["overtrain", "--params", "8B"], "--tokens"),
        (["overtrain", "lama-3-8b"], "did you mean 'llama-3-8b'"),
        (["overtrain", "--law", "besirogl"], "did you mean 'besiroglu'"),
        (["overtrain", "--serving-weight", "0"], "serving_weight is 0"),
        (["overtrain", "--quality", "70B"], "--served"),
        (["predict", "none.csv"], "one of the two"),
        (["fit", "none.csv", "--drop-highest", "5"], "parametric"),
    ],
)
def test_a_mistake_is_one_line(words, said):
    done = plan(*words)
    assert done.returncode == 2
    assert done.stdout == ""
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_tables_name_their_sources_and_fit_a_terminal(runs, scores):
    for words in (["fit", runs], ["optimal", "--compute", "3.8e25"], ["overtrain", "llama-3-8b"], ["predict", scores, "--compute", "1e23"]):
        done = plan(*words)
        assert done.returncode == 0, done.stderr
        assert "Source:" in done.stdout


def test_a_thousand_resamples_take_less_than_twenty_seconds(shared_data):
    for words in (["llama3_isoflop_points.csv"], ["chinchilla_points.csv", "--method", "parametric"]):
        began = time.perf_counter()
        figures("fit", shared_data / words[0], *words[1:], "--bootstrap", "1000")
        assert time.perf_counter() - began < 20


@pytest.mark.parametrize(
    "words",
    [
        ("train", "llama-3.1-405b", "--gpus", "16384", "--gpu", "h100"),
        ("serve", "llama-3.1-8b", "--device", "h100"),
        ("faults", "--gpus", "16384", "--days", "54"),
        ("size", "recipes/plans/llama3-405b.yaml"),
        ("predict", "SCORES", "--compute", "1e23"),
    ],
    ids=" ".join,
)
def test_intervals_say_what_they_are(words, scores):
    words = tuple(scores if word == "SCORES" else word for word in words)
    found, told = figures(*words), plan(*words).stdout.lower()
    assert any(key.endswith("interval_means") and value for key, value in found.items())
    assert "intervals" in told


@pytest.mark.parametrize(
    "words",
    [
        ("oracles",),
        ("size", "recipes/plans/llama3-405b.yaml", "--set", "serving.tokens=10e12"),
        ("train", "llama-3.1-405b", "--gpus", "16384", "--gpu", "h100"),
        ("overtrain",),
        ("optimal", "--compute", "5.76e23", "--law", "all"),
        ("predict", "SCORES", "--accuracy", "0.9", "--html", "PAGE"),
        ("fit", "RUNS", "--method", "parametric"),
    ],
    ids=" ".join,
)
def test_a_command_answers_in_two_seconds(words, runs, scores, tmp_path):
    """Processor seconds of the whole process, Python's start included: what a machine that does nothing else takes."""
    places = {"SCORES": scores, "RUNS": runs, "PAGE": tmp_path / "page.html"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = plan(*(places.get(word, word) for word in words))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0, done.stderr
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 2
