"""The page stands alone, shows everything that report.json holds, escapes what others wrote, and leaves out what a run does not have."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pytest
from report_parts import CONTENT, bare, content, sample, stage

from puna.pages import words
from puna.recipe import report
from puna.recipe.graph import build
from puna.recipe.manifest import Code, Manifest
from puna.recipe.runner import Result
from puna.recipe.schema import Recipe

EVIL = """<script>alert('1')</script><b a="&amp;">"""


class Page(HTMLParser):
    """Collects a page's text, elements and references; closing an element that is not the innermost is an error."""

    VOID = frozenset({"meta", "br", "link", "input"})

    def __init__(self, text):
        super().__init__()
        self.open, self.text, self.references, self.names, self.rows = [], "", [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.handle_startendtag(tag, attrs)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        values = dict(attrs)
        self.references += [value for name, value in attrs if name in ("src", "href", "xlink:href", "action", "srcset")]
        self.names += [values["id"]] if "id" in values else []
        self.rows += [values["class"]] if (values.get("class") or "").startswith("row ") else []

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


@pytest.fixture(scope="module")
def source():
    return report.page(CONTENT)


@pytest.fixture(scope="module")
def page(source):
    return Page(source)


@pytest.mark.parametrize("told", [CONTENT, bare()], ids=["everything", "nothing"])
def test_every_element_closes_and_nothing_is_fetched(told):
    source = report.page(told)
    page = Page(source)
    assert page.open == []
    assert re.findall(r"https?:|//[a-z]|@import|url\(", source) == []
    assert "<script" not in source
    assert all(reference.startswith("#") and reference[1:] in page.names for reference in page.references)
    assert len(page.names) == len(set(page.names))
    assert len(source.encode()) < 2_000_000


def test_every_claim_is_shown_with_control_figures_and_verdict(page, source):
    cards = [Page(f"<section {part.partition('</section>')[0]}</section>") for part in source.split('<section class="card claim"')[1:]]
    assert len(cards) == len(CONTENT["claims"])
    for card, claim in zip(cards, CONTENT["claims"], strict=True):
        assert ("✓ holds" in card.text, "✗ does not hold" in card.text) == (claim["holds"], not claim["holds"])
        measured = claim["measured"]
        interval = f"{words.signed(measured['value'])} ({words.figure(measured['low'])} to {words.figure(measured['high'])})"
        for told in (claim["claim"], claim["control"], interval, measured["over"], *(side["name"] for side in claim["sides"])):
            assert told in card.text
    assert [row for row in page.rows if row in ("row holds", "row fails")] == ["row holds", "row fails", "row fails"]


def test_a_claim_that_lost_and_one_that_is_open_are_told_apart(page):
    assert page.text.count("The whole interval is on the control’s side.") == 1
    assert page.text.count("so this run does not settle it") == 1


def test_figures_beside_a_claim_are_shown_as_they_are(page):
    assert re.search(r"characters per token\s*3\.25", page.text)
    assert "1,024 bytes" in page.text


def test_the_family_is_told_oldest_first_and_a_run_without_a_parent_has_none(page):
    family = page.text[page.text.index("Its family") : page.text.index("What was claimed")]
    assert family.index("parent") < family.index("→") < family.index("child")
    for figure in ("402,112", "500,736", "512", "0.600", "648,064", "2,500,736", "1,024", "0.400"):
        assert figure in family
    assert "Its family" not in report.page(content(lineage=CONTENT["lineage"][1:]))


def test_the_funnel_has_every_step_with_its_size_and_the_share_of_good_text(page):
    assert re.search(r"as found.*10,000.*100 documents, 50% good.*kept by the parent.*6,000.*60 documents, 80% good", page.text, re.DOTALL)
    unknown = [{"step": "all", "documents": 3, "characters": 30}]
    assert "hidden truth" not in report.page(content(stages=[stage("chosen", "filter", funnel=unknown)], curves={}))


def test_curves_are_drawn_against_tokens_and_time_for_each_kind_of_training(source):
    assert source.count("<h4>Loss against tokens</h4>") == source.count("<h4>Loss against time</h4>") == 2
    assert source.count("<polyline") == 2 * len(CONTENT["curves"])
    points = re.findall(r'points="([^"]*)"', source)
    assert all(-0.1 <= float(number) <= 1000.1 for line in points for pair in line.split() for number in pair.split(","))


def test_tokens_trained_are_the_models_own_and_not_its_twins():
    told = content()
    stages = {stage["name"]: stage for stage in told["stages"]}
    stages["tune"]["inputs"], stages["pretrain"]["inputs"] = {"pretrain": {}}, {"chosen": {}}
    assert re.search(r"tokens trained\s*12,000\b", Page(report.page(told)).text)


def test_samples_of_one_prompt_stand_side_by_side(source, page):
    assert source.count('<p class="prompt">Once upon</p>') == 1
    assert "a parent&#39;s end" in source
    assert "a child&#39;s end" in source
    assert "Right answer: Anna." in page.text


def test_answers_show_what_every_model_said_and_which_were_right(source, page):
    assert re.search(r"tune, in chat: 1 of 2 right.*parent, as text: 0 of 2 right", page.text)
    assert source.count('<li class="right">') == source.count('<li class="wrong">') == 1
    for told in ("Who has a goose?", "Who is a fisher?", "Lily.", "the the", "(nothing)", "cut off", "evaluate/answers.jsonl"):
        assert told in page.text


def test_time_memory_and_how_to_chat_are_told(page):
    assert "(predicted 1.0 s) at most 1.2 GB (predicted 1 GB)" in page.text
    assert "puna chat 'runs/made up/tune/model'" in page.text
    assert "it could not be shown" in page.text


def test_what_others_wrote_is_escaped_wherever_it_stands():
    def spoil(value):
        if isinstance(value, dict):
            return {key: spoil(inner) for key, inner in value.items()}
        return [spoil(item) for item in value] if isinstance(value, list) else value

    told = spoil(
        content(
            name=EVIL,
            description=EVIL,
            machines=[EVIL],
            left_out=[{"what": EVIL, "reason": EVIL}],
            samples=[sample(EVIL, EVIL, EVIL, EVIL)],
        )
    )
    told["lineage"][0] |= {"recipe": EVIL, "run": EVIL}
    told["claims"][0] |= {"claim": EVIL, "control": EVIL, "unit": EVIL, "rows": [[EVIL, EVIL]]}
    told["claims"][0]["sides"][0]["name"] = EVIL
    told["answers"][0]["shown"][0] |= {"prompt": EVIL, "expected": EVIL}
    told["answers"][0]["shown"][0]["answers"]["tune, in chat"]["text"] = EVIL
    told["stages"][0]["figures"]["kinds"] = {EVIL: 3}
    told["stages"][1]["figures"]["funnel"] = [{"step": EVIL, "documents": 1, "characters": 2, "by_quality": {"good": 2}}]
    told["stages"][2]["summary"] = EVIL
    source = report.page(told)
    assert "<script" not in source
    assert "<b a" not in source
    page = Page(source)
    assert page.open == []
    assert page.text.count(EVIL) >= 20


def fabricated(tmp_path, *, metrics, answers):
    """Return a graph and results of the tiny recipe in which pretrain and evaluate left these files and nothing else is finished."""
    from puna.files import write_json, write_jsonl

    graph = build(Recipe.read(TINY))
    results = {}
    figures = {"pretrain": {"tokens_per_second": None, "num_params": 1, "tokens": 2, "epochs": 1.0, "loss": 1.0}, "evaluate": {}}
    for name, node in graph.nodes.items():
        manifest = None
        if name in figures:
            manifest = Manifest(
                stage=name, kind=name, key=node.key, recipe="tiny", seed=3, inputs={}, files={}, config={}, code=Code(version="1", commit=None),
                machine="m", started="now", seconds=2.0, attempts=1, figures=figures[name], outputs={},
            )  # fmt: skip
        results[name] = Result(
            name, name, "built" if manifest else "left out", tmp_path / name, manifest, None if manifest else "is not there"
        )
    write_jsonl(tmp_path / "pretrain" / "metrics.jsonl", metrics)
    write_json(tmp_path / "evaluate" / "results.json", CONTENT["measured"] | {"questions": {}, "no_questions": "none were asked"})
    write_jsonl(tmp_path / "evaluate" / "answers.jsonl", answers)
    write_jsonl(tmp_path / "evaluate" / "samples.jsonl", [sample("m", "p", "t")])
    return graph, results


TINY = __file__.replace("test_report_page.py", "tiny.yaml")


def test_long_curves_and_many_answers_are_thinned_and_keep_their_sums(tmp_path):
    metrics = [
        {"step": i, "tokens": 100 * i, "loss": 5.0, "bits_per_byte": None if i == 1 else 2.0, "tokens_per_second": 50.0}
        for i in range(1, 5001)
    ]
    answers = [
        {"task": "facts", "model": model, "form": "in chat", "id": f"q{i}", "prompt": f"{i}?", "expected": "x", "answer": "y" * 900, "right": i % 3 == 0, "stopped": True}
        for model in ("pretrain", "tune")
        for i in range(500)
    ]  # fmt: skip
    graph, results = fabricated(tmp_path, metrics=metrics, answers=answers)
    told = report.write(graph, results, tmp_path, lineage=CONTENT["lineage"])
    assert json.loads((tmp_path / "report.json").read_text()) == json.loads(json.dumps(told))
    curve = told["curves"]["pretrain"]
    assert len({len(values) for values in curve.values()}) == 1
    assert len(curve["tokens"]) <= 300
    assert (curve["tokens"][0], curve["tokens"][-1], curve["seconds"][-1]) == (100, 500_000, 10_000.0)
    assert set(curve["loss"]) == {5.0}
    assert curve["bits_per_byte"][0] is None
    (task,) = told["answers"]
    assert (task["asked"], task["right"]) == (500, {"pretrain, in chat": 167, "tune, in chat": 167})
    assert len(task["shown"]) == 100
    assert all(len(item["text"]) < 300 for question in task["shown"] for item in question["answers"].values())
    assert told["lineage"] == CONTENT["lineage"]
    assert (tmp_path / "report.html").stat().st_size < 2_000_000


@pytest.mark.parametrize("steps", [1, 2, 49, 50, 51, 299, 300, 301, 302, 601])
def test_a_curve_of_any_length_begins_and_ends_with_its_run(tmp_path, steps):
    metrics = [
        {"step": i, "tokens": 10 * i, "loss": float(i), "bits_per_byte": 1.0, "tokens_per_second": None} for i in range(1, steps + 1)
    ]
    graph, results = fabricated(tmp_path, metrics=metrics, answers=[])
    curve = report.gather(graph, results, tmp_path)["curves"]["pretrain"]
    assert (curve["tokens"][0], curve["tokens"][-1]) == (10, 10 * steps)
    assert curve["tokens"] == sorted(set(curve["tokens"]))
    assert len(curve["tokens"]) <= 300
    # Each step is in one mean: weighted by the steps of each point, the means add up to all of them.
    sizes = [(after - before) // 10 for before, after in zip([0, *curve["tokens"]], curve["tokens"], strict=False)]
    assert sum(size * mean for size, mean in zip(sizes, curve["loss"], strict=True)) == pytest.approx(steps * (steps + 1) / 2)
