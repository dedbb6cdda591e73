"""The evaluation stage: every model before it, measured on what no stage trained on, against controls that could win.

The line of its first input is what the recipe raises: its models are asked questions. Models beside the line are there to be compared with (see `twins.py`), and the
parent reads the same held-out text.

All models and controls meet the same documents and the same questions, so differences are measured item by item. Models that were not tuned get each question in chat
and as text to complete: what they know is often there before they can be talked to, and the page should show that.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from puna.files import read_jsonl, write_json, write_jsonl
from puna.recipe.kind import PARENT, Maker, StageKind, Work
from puna.recipe.stages.twins import ClaimSettings, compare, costs
from puna.recipe.training import MODEL
from puna.records import Document, Question
from puna.seeds import seed_of
from puna.settings import Settings

if TYPE_CHECKING:
    from puna.engine.engine import Engine
    from puna.evals.likelihood import DocumentBits
    from puna.progress import Bar

RESULTS, SAMPLES = "results.json", "samples.jsonl"
COMMONEST, UNTUNED, UNTAUGHT, CHANCE = (
    "commonest answer",
    "untuned model, in chat",
    "same tuning from random weights",
    "chance among the choices",
)
CHAT, TEXT = "in chat", "as text"
PROMPT_WORDS = 8


class EvaluateSettings(Settings):
    """How much is measured. `ngram_orders` are tried, as far as the vocabulary lets them, and the one that predicts best is the control.

    The report names those that the vocabulary does not let; where it lets none, the longest that it lets is tried.
    """

    documents: int = Field(default=500, ge=1, description="held-out documents, the first of them")
    questions: int = Field(default=500, ge=1, description="questions of each kind, the first of them")
    max_tokens: int = Field(default=24, ge=1, description="longest answer, in tokens")
    ngram_orders: tuple[Annotated[int, Field(ge=1)], ...] = Field(default=(2, 3, 4, 5), min_length=1)
    samples: int = Field(default=3, ge=0, description="texts and answers of each kind shown in the report")
    sample_tokens: int = Field(default=60, ge=1, description="longest text shown, in tokens")
    claims: ClaimSettings = ClaimSettings()


class Evaluate(StageKind[EvaluateSettings]):
    """Makes results.json and samples.jsonl; answers to every question are in answers.jsonl."""

    name = "evaluate"
    settings = EvaluateSettings
    needs = frozenset({"documents", "model"})
    uses = frozenset({PARENT})

    def check(self, settings: EvaluateSettings, makers: Callable[[str], Sequence[Maker]]) -> None:
        settings.claims.check(makers("model"), makers("documents"))

    def told(self, figures: Mapping[str, Any]) -> str:
        return ", ".join(f"{name.replace('_', ' ')} {value:.3f}" for name, value in figures.items())

    def run(self, settings: EvaluateSettings, work: Work) -> Mapping[str, Any]:
        makers = work.makers("model")
        line = _Line.of(makers, settings.claims.tuning.control if settings.claims.tuning else None, parent=_parent(work.parent))
        questions = _questions(work, settings.questions)
        with work.progress.bar("evaluate", len(makers) + 1 + len(questions), "measurements") as bar:
            text, bits = _measure_text(line, makers, settings, work, bar)
            compared, models = _compare(makers, bits, settings, work)
            asked, answers = {}, []
            for task, items in questions.items():
                asked[task], written = _measure_task(line, items, max_tokens=settings.max_tokens, seed=work.seed)
                answers += [{"task": task, **item} for item in written]
                bar.advance(1, task)
            samples = [*_samples(line, settings, work), *_shown(line, answers, questions, settings)]
        reason = None if questions else "the corpus is real text, and only of the embedded world are the answers known"
        results = {"bits_per_byte": text, "questions": asked, "no_questions": reason, "models": models, "comparisons": compared}
        write_json(work.directory / RESULTS, results)
        write_jsonl(work.directory / "answers.jsonl", answers)
        write_jsonl(work.directory / SAMPLES, samples)
        return _figures(text, asked, line.base, line.tuned)


@dataclass(frozen=True)
class _Line:
    """The models of the raised line, oldest first, and which of them is what; `untaught` was tuned from random weights, beside the line."""

    engines: Mapping[str, Engine]
    base: str
    tuned: str | None
    untaught: Engine | None
    parent: Engine | None

    @classmethod
    def of(cls, makers: Sequence[Maker], untaught: str | None, *, parent: Engine | None) -> _Line:
        from puna.engine.engine import Engine

        line = [maker for maker in makers if maker.in_line]
        engines = {maker.stage: Engine.load(maker.directory / MODEL) for maker in reversed(line)}
        base = next((maker.stage for maker in line if maker.kind != "tune"), line[-1].stage)
        tuned = next((maker.stage for maker in line if maker.kind == "tune"), None)
        control = next((Engine.load(maker.directory / MODEL) for maker in makers if maker.stage == untaught), None)
        return cls(engines, base, tuned, control, parent)


def _parent(path: Path | None) -> Engine | None:
    """Return the parent ready to write, unless there is none or it has no tokenizer."""
    from puna.engine.engine import Engine
    from puna.formats import load

    if path is None:
        return None
    directory = load(path)
    return Engine.of(directory, name=str(path)) if directory.tokenizer else None


def _compare(
    makers: Sequence[Maker], bits: Mapping[str, DocumentBits], settings: EvaluateSettings, work: Work
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the comparisons that were asked for, by claim, and the costs of each model in them."""
    from puna.engine.engine import Engine

    pairs = settings.claims.pairs
    named = {stage for pair in pairs.values() for stage in (*pair.models, *pair.controls)}
    heldout = _documents(_corpus(work) / "heldout.jsonl", settings.documents)
    models = {maker.stage: costs(maker, Engine.load(maker.directory / MODEL), heldout) for maker in makers if maker.stage in named}
    return {name: compare(pair, bits, models, seed=seed_of(work.seed, name)) for name, pair in pairs.items()}, models


def _corpus(work: Work) -> Path:
    """Return the documents of the line; those of a model beside it may be nearer."""
    return next(maker.directory for maker in work.makers("documents") if maker.in_line)


def _questions(work: Work, limit: int) -> dict[str, list[Question]]:
    """Return the questions of each task, by the name of its file; none where the corpus has none."""
    makers = work.makers("questions")
    files = sorted((makers[0].directory / "questions").glob("*.jsonl")) if makers else []
    return {file.stem: [Question.from_json(value, where=where) for where, value in islice(read_jsonl(file), limit)] for file in files}


def _documents(path: Path, limit: int | None = None) -> list[Document]:
    return [Document.from_json(value, where=where) for where, value in islice(read_jsonl(path), limit)]


def _measure_text(
    line: _Line, makers: Sequence[Maker], settings: EvaluateSettings, work: Work, bar: Bar
) -> tuple[dict[str, Any], dict[str, DocumentBits]]:
    """Return bits per byte of held-out documents for every model and for the best n-gram model, and the base model's gain over that.

    The second is what each document costs each model.
    """
    from puna.engine.engine import Engine
    from puna.evals.controls import ngram_bits
    from puna.evals.likelihood import document_bits
    from puna.evals.statistics import paired_ratio_difference

    corpus, base = _corpus(work), line.base
    train, heldout = _documents(corpus / "train.jsonl"), _documents(corpus / "heldout.jsonl", settings.documents)
    bits = {}
    for maker in reversed(makers):
        engine = line.engines.get(maker.stage) or Engine.load(maker.directory / MODEL)
        bits[maker.stage] = document_bits(engine.model, engine.tokenizer, heldout)
        bar.advance(1, "bits per byte")
    if line.parent:
        bits = {PARENT: document_bits(line.parent.model, line.parent.tokenizer, heldout), **bits}
    tokenizer = line.engines[base].tokenizer
    # An n-gram is one 63-bit number to the control, which bounds its order by the vocabulary.
    longest = int(62 / math.log2(tokenizer.vocab_size + 1))
    orders = [order for order in settings.ngram_orders if order <= longest] or [longest]
    controls = {order: ngram_bits(tokenizer, train, heldout, order=order) for order in orders}
    best = min(controls, key=lambda order: float(controls[order].bits.sum()))
    over, seed = f"{len(heldout)} held-out documents", seed_of(work.seed, "text")
    gain = paired_ratio_difference(controls[best].bits, bits[base].bits, controls[best].num_bytes, over=over, seed=seed)
    bar.advance(1, "n-grams")
    text = {
        "base": base, "models": {name: found.per_byte(seed=seed).to_json() for name, found in bits.items()},
        "control_name": f"{best}-gram model", "control": controls[best].per_byte(seed=seed).to_json(), "gain": gain.to_json(),
        "longest_order": longest, "orders_left_out": [order for order in settings.ngram_orders if order > longest],
    }  # fmt: skip
    return text, bits


def _measure_task(line: _Line, questions: Sequence[Question], *, max_tokens: int, seed: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return exact-match figures of one task, the tuned model's gain over each control, and what every model answered."""
    from puna.evals.controls import chance, commonest_answer
    from puna.evals.questions import exact_match, stop_rate, write_answers
    from puna.evals.statistics import Measured, paired_difference, share_right

    engines, base, tuned, over = line.engines, line.base, line.tuned, f"{len(questions)} questions"
    scores, stops, answers = {}, {}, []
    asked = [(name, as_dialog) for name in engines for as_dialog in ((True,) if name == tuned else (True, False))]
    for name, as_dialog in asked:
        written = write_answers(engines[name], questions, as_dialog=as_dialog, max_tokens=max_tokens)
        label = f"{name}, {CHAT if as_dialog else TEXT}"
        scores[label], stops[label] = exact_match(questions, written), stop_rate(written)
        answers += [
            {"model": name, "form": CHAT if as_dialog else TEXT, "id": question.id, "prompt": question.prompt, "expected": question.answer,
             "answer": sample.text.strip(), "right": bool(score.value), "stopped": sample.stop_reason != "max_tokens"}
            for question, sample, score in zip(questions, written, scores[label], strict=True)
        ]  # fmt: skip
    controls = {COMMONEST: commonest_answer(questions)}
    if tuned and tuned != base:
        controls[UNTUNED] = scores[f"{base}, {CHAT}"]
    if line.untaught:
        controls[UNTAUGHT] = exact_match(questions, write_answers(line.untaught, questions, as_dialog=True, max_tokens=max_tokens))
    shares = {name: share_right(found) for name, found in controls.items()}
    each = {name: [score.value for score in found] for name, found in controls.items()}
    if all(question.choices for question in questions):
        blind = chance(questions)
        shares[CHANCE], each[CHANCE] = Measured(blind, blind, blind, over), [1 / len(question.choices) for question in questions]
    gains = {}
    if tuned:
        mine = [score.value for score in scores[f"{tuned}, {CHAT}"]]
        gains = {name: paired_difference(mine, other, over=over, seed=seed) for name, other in each.items()}
    figures = {
        "base": base, "tuned": tuned, "models": {name: share_right(found).to_json() for name, found in scores.items()},
        "controls": {name: share.to_json() for name, share in shares.items()},
        "gains": {name: gain.to_json() for name, gain in gains.items()}, "stops": {name: found.to_json() for name, found in stops.items()},
    }  # fmt: skip
    return figures, answers


def _samples(line: _Line, settings: EvaluateSettings, work: Work) -> list[dict[str, Any]]:
    """Return how each generation continues the first words of the same held-out texts: the parent, the base model, the tuned one."""
    heldout = _documents(_corpus(work) / "heldout.jsonl", settings.samples)
    prompts = [_first_words(document.text, PROMPT_WORDS) for document in heldout]
    writers = {PARENT: line.parent, **{name: line.engines[name] for name in dict.fromkeys((line.base, line.tuned or line.base))}}
    seed, rows = seed_of(work.seed, "samples") >> 32, []
    for name, engine in writers.items():
        if engine is None or not prompts:
            continue
        sampling = engine.defaults.model_copy(update={"max_tokens": settings.sample_tokens, "seed": seed})
        about = f"continues a held-out text, temperature {sampling.temperature}"
        texts = engine.generate_batch([engine.prompt_of(prompt) for prompt in prompts], sampling)
        rows += [
            {"model": name, "about": about, "prompt": prompt, "text": sample.text, "stopped": sample.stop_reason != "max_tokens", "expected": None}
            for prompt, sample in zip(prompts, texts, strict=True)
        ]  # fmt: skip
    return sorted(rows, key=lambda row: prompts.index(row["prompt"]))


def _first_words(text: str, count: int) -> str:
    """Return the beginning of `text` up to its `count`-th word, with the space between them as it is."""
    ends = [match.end() for match in islice(re.finditer(r"\S+", text), count)]
    return text[: ends[-1]] if ends else text


def _shown(
    line: _Line, answers: Sequence[Mapping[str, Any]], questions: Mapping[str, Sequence[Question]], settings: EvaluateSettings
) -> list[dict[str, Any]]:
    """Return what the parent and the base model, asked in text, and the tuned model, in chat, answer to the first questions of each task."""
    shown = []
    for task, items in questions.items():
        first = items[: settings.samples]
        rows = _parents_answers(line.parent, first, settings.max_tokens) if line.parent else []
        for model, form in ((line.base, TEXT), (line.tuned, CHAT)):
            mine = (item for item in answers if (item["task"], item["model"], item["form"]) == (task, model, form))
            rows += [dict(item) for item in islice(mine, len(first))]
        shown += [
            {"model": row["model"], "about": f"answers a question ({task}) {row['form']}, greedily", "prompt": row["prompt"],
             "text": row["answer"], "stopped": row["stopped"], "expected": row["expected"]}
            for row in rows
        ]  # fmt: skip
    return shown


def _parents_answers(parent: Engine, questions: Sequence[Question], max_tokens: int) -> list[dict[str, Any]]:
    from puna.evals.questions import write_answers

    written = write_answers(parent, questions, as_dialog=False, max_tokens=max_tokens)
    return [
        {"model": PARENT, "form": TEXT, "prompt": question.prompt, "answer": sample.text.strip(), "expected": question.answer,
         "stopped": sample.stop_reason != "max_tokens"}
        for question, sample in zip(questions, written, strict=True)
    ]  # fmt: skip


def _figures(text: Mapping[str, Any], asked: Mapping[str, Any], base: str, tuned: str | None) -> dict[str, float]:
    """Return the headline figures for the manifest."""
    figures = {"bits_per_byte": text["models"][base]["value"], "bits_per_byte_of_control": text["control"]["value"]}
    for task, found in asked.items():
        figures[f"{task}_exact"] = found["models"][f"{tuned or base}, {CHAT}"]["value"]
    return figures
