"""The evaluation stage: every model of the line before it, measured on what no stage trained on, against controls that could win.

All models and controls meet the same documents and the same questions, so differences are measured item by item. Models that were not tuned get each question in chat
and as text to complete: what they know is often there before they can be talked to, and the page should show that.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from puna.files import read_jsonl, write_json, write_jsonl
from puna.recipe.kind import StageKind, Work
from puna.recipe.training import MODEL
from puna.records import Document, Question
from puna.seeds import seed_of
from puna.settings import Settings

if TYPE_CHECKING:
    from puna.engine.engine import Engine

RESULTS, SAMPLES = "results.json", "samples.jsonl"
COMMONEST, UNTUNED = "commonest answer", "untuned model, in chat"
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


class Evaluate(StageKind[EvaluateSettings]):
    """Makes results.json and samples.jsonl; answers to every question are in answers.jsonl."""

    name = "evaluate"
    settings = EvaluateSettings
    needs = frozenset({"documents", "model"})

    def told(self, figures: Mapping[str, Any]) -> str:
        return ", ".join(f"{name.replace('_', ' ')} {value:.3f}" for name, value in figures.items())

    def run(self, settings: EvaluateSettings, work: Work) -> Mapping[str, Any]:
        from puna.engine.engine import Engine

        makers = work.makers("model")
        engines = {maker.stage: Engine.load(maker.directory / MODEL) for maker in reversed(makers)}
        base = next((maker.stage for maker in makers if maker.kind != "tune"), makers[-1].stage)
        tuned = next((maker.stage for maker in makers if maker.kind == "tune"), None)
        questions = _questions(work, settings.questions)
        steps = len(engines) * (1 + len(questions)) + 1
        with work.progress.bar("evaluate", steps, "measurements") as bar:
            text = _measure_text(engines, base, settings, work)
            bar.advance(len(engines) + 1, "bits per byte")
            asked, answers = {}, []
            for task, items in questions.items():
                asked[task], written = _measure_task(engines, base, tuned, items, max_tokens=settings.max_tokens, seed=work.seed)
                answers += [{"task": task, **line} for line in written]
                bar.advance(len(engines), task)
        reason = None if questions else "the corpus is real text, and only of the embedded world are the answers known"
        write_json(work.directory / RESULTS, {"bits_per_byte": text, "questions": asked, "no_questions": reason})
        write_jsonl(work.directory / "answers.jsonl", answers)
        write_jsonl(work.directory / SAMPLES, [*_samples(engines[base], base, settings, work), *_shown(answers, tuned, settings.samples)])
        return _figures(text, asked, base, tuned)


def _questions(work: Work, limit: int) -> dict[str, list[Question]]:
    """Return the questions of each task, by the name of its file; none where the corpus has none."""
    makers = work.makers("questions")
    files = sorted((makers[0].directory / "questions").glob("*.jsonl")) if makers else []
    return {file.stem: [Question.from_json(value, where=where) for where, value in islice(read_jsonl(file), limit)] for file in files}


def _documents(path: Path, limit: int | None = None) -> list[Document]:
    return [Document.from_json(value, where=where) for where, value in islice(read_jsonl(path), limit)]


def _measure_text(engines: Mapping[str, Engine], base: str, settings: EvaluateSettings, work: Work) -> dict[str, Any]:
    """Return bits per byte of held-out documents for every model and for the best n-gram model, and the base model's gain over that."""
    from puna.evals.controls import ngram_bits
    from puna.evals.likelihood import document_bits
    from puna.evals.statistics import paired_ratio_difference

    corpus = work.find("documents")
    train, heldout = _documents(corpus / "train.jsonl"), _documents(corpus / "heldout.jsonl", settings.documents)
    bits = {name: document_bits(engine.model, engine.tokenizer, heldout) for name, engine in engines.items()}
    tokenizer = engines[base].tokenizer
    # An n-gram is one 63-bit number to the control, which bounds its order by the vocabulary.
    longest = int(62 / math.log2(tokenizer.vocab_size + 1))
    orders = [order for order in settings.ngram_orders if order <= longest] or [longest]
    controls = {order: ngram_bits(tokenizer, train, heldout, order=order) for order in orders}
    best = min(controls, key=lambda order: float(controls[order].bits.sum()))
    over, seed = f"{len(heldout)} held-out documents", seed_of(work.seed, "text")
    gain = paired_ratio_difference(controls[best].bits, bits[base].bits, controls[best].num_bytes, over=over, seed=seed)
    return {
        "base": base, "models": {name: found.per_byte(seed=seed).to_json() for name, found in bits.items()},
        "control_name": f"{best}-gram model", "control": controls[best].per_byte(seed=seed).to_json(), "gain": gain.to_json(),
        "longest_order": longest, "orders_left_out": [order for order in settings.ngram_orders if order > longest],
    }  # fmt: skip


def _measure_task(
    engines: Mapping[str, Engine], base: str, tuned: str | None, questions: Sequence[Question], *, max_tokens: int, seed: int
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return exact-match figures of one task, the tuned model's gain over each control, and what every model answered."""
    from puna.evals.controls import commonest_answer
    from puna.evals.questions import exact_match, stop_rate, write_answers
    from puna.evals.statistics import paired_difference, share_right

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
    gains = {}
    if tuned:
        mine, over = [score.value for score in scores[f"{tuned}, {CHAT}"]], f"{len(questions)} questions"
        gains = {name: paired_difference(mine, [score.value for score in other], over=over, seed=seed) for name, other in controls.items()}
    figures = {
        "base": base, "tuned": tuned, "models": {name: share_right(found).to_json() for name, found in scores.items()},
        "controls": {name: share_right(found).to_json() for name, found in controls.items()},
        "gains": {name: gain.to_json() for name, gain in gains.items()}, "stops": {name: found.to_json() for name, found in stops.items()},
    }  # fmt: skip
    return figures, answers


def _samples(engine: Engine, base: str, settings: EvaluateSettings, work: Work) -> list[dict[str, Any]]:
    """Return how the base model continues the first words of held-out texts."""
    heldout = _documents(work.find("documents") / "heldout.jsonl", settings.samples)
    prompts = [_first_words(document.text, PROMPT_WORDS) for document in heldout]
    sampling = engine.defaults.model_copy(update={"max_tokens": settings.sample_tokens, "seed": seed_of(work.seed, "samples") >> 32})
    texts = engine.generate_batch([engine.prompt_of(prompt) for prompt in prompts], sampling) if prompts else []
    about = f"continues a held-out text, temperature {sampling.temperature}"
    return [
        {
            "model": base,
            "about": about,
            "prompt": prompt,
            "text": sample.text,
            "stopped": sample.stop_reason != "max_tokens",
            "expected": None,
        }
        for prompt, sample in zip(prompts, texts, strict=True)
    ]


def _first_words(text: str, count: int) -> str:
    """Return the beginning of `text` up to its `count`-th word, with the space between them as it is."""
    ends = [match.end() for match in islice(re.finditer(r"\S+", text), count)]
    return text[: ends[-1]] if ends else text


def _shown(answers: Sequence[Mapping[str, Any]], tuned: str | None, count: int) -> list[dict[str, Any]]:
    """Return the tuned model's answers to the first `count` questions of each task."""
    shown = []
    for task in dict.fromkeys(line["task"] for line in answers):
        mine = (line for line in answers if line["task"] == task and line["model"] == tuned)
        shown += [
            {"model": tuned, "about": f"answers a question ({task}), greedily", "prompt": line["prompt"], "text": line["answer"],
             "stopped": line["stopped"], "expected": line["expected"]}
            for line in islice(mine, count)
        ]  # fmt: skip
    return shown


def _figures(text: Mapping[str, Any], asked: Mapping[str, Any], base: str, tuned: str | None) -> dict[str, float]:
    """Return the headline figures for the manifest."""
    figures = {"bits_per_byte": text["models"][base]["value"], "bits_per_byte_of_control": text["control"]["value"]}
    for task, found in asked.items():
        figures[f"{task}_exact"] = found["models"][f"{tuned or base}, {CHAT}"]["value"]
    return figures
