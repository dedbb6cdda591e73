"""Every question's page holds its headline figures, is one offline file, shows no name as markup, and leaves --json the one document on standard output."""

from __future__ import annotations

import json
import math
import re
import time
from html.parser import HTMLParser

import numpy as np
import pytest
from typer.testing import CliRunner

from puna.commands import app
from puna.pages import words

EVIL = "<script>alert"
PLACES = {"x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "r", "width", "height", "points"}
VOID = {"meta", "br", "line", "circle", "rect", "polyline", "polygon"}


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """Return a place with runs, scores and a model, all with names that are markup."""
    place = tmp_path_factory.mktemp("pages")
    rng = np.random.default_rng(5)
    rows = ["compute,tokens,loss"]
    for compute in (1e18, 1e19, 1e20, 1e21):
        best = 0.3 * compute**0.53
        for share in np.geomspace(0.2, 5, 9):
            tokens = best * share
            loss = 0.6 + 60 * (compute / 6 / tokens) ** -0.31 + 155 * tokens**-0.31
            rows.append(f"{compute},{tokens},{loss + 1e-3 * rng.standard_normal()}")
    (place / f"{EVIL}runs.csv").write_text("\n".join(rows))
    scores = ["compute,loss,accuracy"]
    for index, compute in enumerate(np.geomspace(1e19, 1e22, 9)):
        nll = 2.9 - 0.1 * math.log10(compute) + 0.005 * rng.standard_normal()
        scores.append(f"{compute if index % 4 else ''},{nll},{0.25 + 0.7 / (1 + math.exp((nll - 0.8) / 0.06))}")
    (place / f"{EVIL}scores.csv").write_text("\n".join(scores))
    model = place / f"{EVIL}model"
    model.mkdir()
    config = {"model_type": "llama", "vocab_size": 32000, "hidden_size": 2048, "num_hidden_layers": 16, "num_attention_heads": 16,
              "num_key_value_heads": 4, "intermediate_size": 5632, "max_position_embeddings": 8192, "rms_norm_eps": 1e-5, "rope_theta": 5e5}  # fmt: skip
    (model / "config.json").write_text(json.dumps(config))
    return place


# What is asked, and the figures of the JSON document that its page must hold.
QUESTIONS = {
    "fit": (("fit", "RUNS", "--compute", "1e23", "--bootstrap", "50"), lambda found: [found["at"]["params"], found["at"]["tokens"]]),
    "fit-parametric": (("fit", "RUNS", "--method", "parametric", "--bootstrap", "20"), lambda found: []),
    "optimal": (("optimal", "-c", "3.8e25"), lambda found: [found["params"], found["tokens"], *found["params_interval"]]),
    "optimal-unique": (("optimal", "-c", "3.8e25", "--law", "besiroglu", "--unique", "2T"), lambda found: [found["repeated"]["tokens"]]),
    "optimal-range-unknown": (("optimal", "-c", "1e24", "--law", "kaplan"), lambda found: [found["params"]]),
    "optimal-all": (
        ("optimal", "-c", "3.8e25", "--law", "all"),
        lambda found: [one[key] for one in found["laws"] for key in ("params", "tokens")],
    ),
    "overtrain": (("overtrain", "llama-3-8b", "--served", "20T"), lambda found: [found["params"], found["break_even_tokens"], found["optimum"]["params"]]),
    "overtrain-larger": (("overtrain", "llama-3.1-405b", "--law", "chinchilla"), lambda found: [found["params"]]),
    "overtrain-cheapest": (("overtrain", "--quality", "70B", "--served", "10T"), lambda found: [found["params"], *found["params_interval"]]),
    "overtrain-examples": (("overtrain",), lambda found: [one["optimum"]["params"] for one in found["examples"]]),
    "predict": (("predict", "SCORES", "-c", "1e24", "--bootstrap", "50"), lambda found: [found["accuracy"], found["loss"], found["params"]]),
    "predict-back": (("predict", "SCORES", "-a", "0.8", "--chance", "0.25", "--bootstrap", "50"), lambda found: [found["compute"], found["gpu_hours"]]),
    "predict-back-no-resamples": (("predict", "SCORES", "-a", "0.8", "--bootstrap", "0"), lambda found: [found["compute"]]),
    "predict-no-resamples": (("predict", "SCORES", "-c", "1e24", "--bootstrap", "0"), lambda found: [found["accuracy"]]),
    "train": (("train", "MODEL", "--gpus", "64", "--gpu", "h100"), lambda found: [found["days"], found["tokens_per_second"], found["gpu_hours"]]),
    "train-fixed": (("train", "llama-3.1-405b", "--gpus", "16384", "--gpu", "h100", "--layout", "8,1,16,128"), lambda found: [found["days"], found["dollars"]]),
    "train-lora": (("train", "llama-3.1-8b", "--gpus", "8", "--gpu", "h100", "--tune", "lora", "--tokens", "1e9", "--batch", "524288", "--rounds", "2"), lambda found: [found["trained_params"], found["post_training"]["gpu_hours"]]),
    "serve": (("serve", "MODEL", "--device", "8xh100", "--format", "fp8", "--batch", "16", "--trained", "1e12", "--served", "1e13"), lambda found: [found["decode_tokens_per_second"]]),
    "serve-not": (("serve", "llama-3.1-405b", "--device", "8xh100"), lambda found: []),
    "fits-model": (("fits", "MODEL"), lambda found: []),
    "fits-nothing": (("fits", "deepseek-v3", "--context", "100000", "--batch", "1000000"), lambda found: []),
    "fits-device": (("fits", "--device", "macbook-m3-max-128"), lambda found: [one["decode_tokens_per_second"] for one in found["choices"]]),
    "faults": (("faults", "--gpus", "16384", "--days", "54"), lambda found: [found["unplanned_interruptions"], found["mtbf_hours"]]),
    "faults-asked": (("faults", "--gpus", "64", "--days", "10", "--blocking", "7", "--interval", "60"), lambda found: [found["unplanned_interruptions"]]),
}  # fmt: skip


class Checked(HTMLParser):
    """Fails where tags are not closed in order, where anything outside is referred to, or where a heading has nothing below it."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.below = ""

    def handle_starttag(self, tag, attrs):
        assert tag not in ("script", "link", "img", "iframe", "object", "image", "use")
        for name, value in attrs:
            assert name not in ("src", "href", "xlink:href", "srcset", "action"), (name, value)
            assert not name.startswith("on"), (name, value)
            if name in PLACES:
                assert re.fullmatch(r"[-\d.,% ]*", value), (tag, name, value)
        assert not (tag in ("h2", "footer") and self.below == "h2"), "a section with nothing in it"
        self.below = tag
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()


def asked(question, inputs, out):
    names = {"RUNS": f"{EVIL}runs.csv", "SCORES": f"{EVIL}scores.csv", "MODEL": f"{EVIL}model"}
    args = [str(inputs / names[word]) if word in names else word for word in question]
    started = time.process_time()
    done = CliRunner().invoke(app, ["plan", *args, "--json", "--html", str(out)])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout), out.read_text(encoding="utf-8"), time.process_time() - started


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_page_holds_the_figures_that_the_command_prints_and_nothing_from_outside(name, inputs, tmp_path):
    question, headlines = QUESTIONS[name]
    found, page, seconds = asked(question, inputs, tmp_path / "deep" / "page.html")
    for value in headlines(found):
        assert words.figure(value) in page, value
    checked = Checked()
    checked.feed(page)
    assert not checked.open
    assert checked.tags.count("h1") == 1
    assert checked.tags.count("h2") >= 1
    for outside in ("http:", "https:", "url(", "@import", "<script"):
        assert outside not in page
    assert seconds < 2 or name.startswith("fit"), seconds


def test_no_share_of_a_lifetime_reads_as_nothing(inputs, tmp_path):
    found, page, _ = asked(QUESTIONS["serve"][0], inputs, tmp_path / "page.html")
    lifetime = page[page.index("A lifetime of") :]
    assert "0.000 (0.000" not in lifetime
    assert all(life["tuning_by_training"] > 0 for life in found["lifetime"])
    assert f"{found['lifetime'][0]['tuning_by_training']:.2g}" in lifetime


@pytest.mark.parametrize("name", ["fit", "fit-parametric", "predict", "train", "serve", "fits-model"])
def test_a_name_that_is_markup_is_shown_as_words(name, inputs, tmp_path):
    _, page, _ = asked(QUESTIONS[name][0], inputs, tmp_path / "page.html")
    assert EVIL not in page
    assert "&lt;script&gt;alert" in page


@pytest.mark.parametrize("question", [("optimal", "-c", "1e22"), ("overtrain", "--params", "1B", "--tokens", "1T")])
def test_the_name_of_a_fitted_law_is_shown_as_words(question, inputs, tmp_path):
    law = tmp_path / f"{EVIL}law.json"
    fitted = CliRunner().invoke(app, ["plan", "fit", str(inputs / f"{EVIL}runs.csv"), "--bootstrap", "20", "--out", str(law)])
    assert fitted.exit_code == 0, fitted.output
    _, page, _ = asked((*question, "--law", str(law)), inputs, tmp_path / "page.html")
    assert EVIL not in page
    assert "&lt;script&gt;alertlaw" in page


def test_the_page_of_a_fit_shows_each_run_and_each_lowest_point(inputs, tmp_path):
    found, page, _ = asked(QUESTIONS["fit"][0], inputs, tmp_path / "page.html")
    parabolas = page.split("Loss over tokens</h4>")[1].split("</figure>")[0]
    assert parabolas.count("<circle") == found["points_used"] + len(found["budgets"])
    assert parabolas.count("<polyline") == len(found["budgets"])


def test_the_bars_of_a_layout_stand_against_capacity(inputs, tmp_path):
    found, page, _ = asked(QUESTIONS["train-fixed"][0], inputs, tmp_path / "page.html")
    held = page.split("What the fullest GPU holds</h2>")[1].split("<h2>")[0]
    kinds = [kind for kind, size in found["memory_per_gpu_bytes"].items() if size and kind != "total"]
    assert held.count('class="limit"') == len(kinds) + 1
    total = found["memory_per_gpu_bytes"]["total"] / found["usable_bytes_per_gpu"]
    assert f"{total:.1%}" in held


def test_without_html_nothing_is_written(inputs, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["plan", "faults", "--gpus", "64", "--days", "2", "--json"])
    assert done.exit_code == 0
    assert not list(tmp_path.iterdir())


def test_a_page_that_cannot_be_written_is_told_in_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    done = CliRunner().invoke(app, ["plan", "faults", "--gpus", "64", "--days", "2", "--html", str(tmp_path / "file" / "page.html")])
    assert done.exit_code == 1
    assert "cannot be written" in str(done.exception) + done.output
