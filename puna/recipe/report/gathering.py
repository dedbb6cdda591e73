"""What report.json holds: everything that the page shows, read from the run directory.

What is long (curves, answers) is thinned here, and the file with the whole of it named. Times, speeds and memory are what two runs of one recipe may differ in;
everything else is the same, byte for byte.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from puna.files import read_json, read_jsonl
from puna.recipe.claims import LeftOut, judge
from puna.recipe.graph import Graph
from puna.recipe.runner import Result
from puna.recipe.stages.evaluate import RESULTS, SAMPLES
from puna.recipe.training import MODEL
from puna.train.metrics import METRICS

ANSWERS = "answers.jsonl"
CURVE_POINTS = 300
ANSWERS_SHOWN, ANSWER_LETTERS = 100, 240
MANIFEST_KEYS = (
    "key",
    "inputs",
    "files",
    "config",
    "code",
    "machine",
    "started",
    "seconds",
    "attempts",
    "peak_memory_bytes",
    "predicted",
    "figures",
)


def gather(graph: Graph, results: Mapping[str, Result], directory: Path, lineage: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """Return everything that the report says, as plain JSON."""
    evaluation = next(iter(reversed(_evaluations(results))), None)
    measured = read_json(evaluation.directory / RESULTS) if evaluation else None
    claims, untestable = judge(measured) if measured else ([], [])
    left_out = [LeftOut(f"Stage {result.name}", f"it {result.reason}") for result in results.values() if result.reason]
    left_out += _not_shown(results)
    stages = [_stage(graph, result) for result in results.values()]
    manifests = [result.manifest for result in results.values() if result.manifest]
    return {
        "name": graph.recipe.name, "description": graph.recipe.description, "seed": graph.recipe.seed,
        "code": [dict(code) for code in dict.fromkeys(manifest.code for manifest in manifests)],
        "machines": list(dict.fromkeys(manifest.machine for manifest in manifests)),
        "seconds": round(sum(stage.get("seconds", 0) for stage in stages), 3), "lineage": [dict(item) for item in lineage],
        "model": _model(results, directory, measured), "stages": stages,
        "claims": [claim.to_json() for claim in claims], "left_out": [item.to_json() for item in (*left_out, *untestable)], "measured": measured,
        "samples": [value for _, value in read_jsonl(evaluation.directory / SAMPLES)] if evaluation else [],
        "answers": _answers(evaluation.directory / ANSWERS, f"{evaluation.name}/{ANSWERS}") if evaluation else [], "curves": _curves(results),
    }  # fmt: skip


def _stage(graph: Graph, result: Result) -> dict[str, Any]:
    base = {"name": result.name, "kind": result.kind}
    if result.manifest is None:
        return {**base, "status": "left out", "reason": result.reason}
    manifest = result.manifest
    summary = graph.nodes[result.name].stage.kind.told(manifest.figures)
    return {**base, "status": "finished", **manifest.model_dump(mode="json", include=set(MANIFEST_KEYS)), "summary": summary}


def _evaluations(results: Mapping[str, Result]) -> list[Result]:
    return [result for result in results.values() if result.kind == "evaluate" and result.manifest]


def _not_shown(results: Mapping[str, Result]) -> list[LeftOut]:
    """Say where the figures of every evaluation but the last are: one page has one set of claims."""
    done = _evaluations(results)
    return [
        LeftOut(f"What stage {result.name} measured", f"the report shows the last evaluation, {done[-1].name}; see {result.name}/{RESULTS}")
        for result in done[:-1]
    ]


def _answers(path: Path, named: str) -> list[dict[str, Any]]:
    """Return what every model answered, by task and question. Of many questions `ANSWERS_SHOWN` are taken, evenly; the counts are over all."""
    if not path.exists():
        return []
    found = []
    lines = sorted((value for _, value in read_jsonl(path)), key=lambda line: str(line["task"]))
    for task, group in itertools.groupby(lines, key=lambda line: line["task"]):
        answers = list(group)
        models = list(dict.fromkeys(_answerer(line) for line in answers))
        questions: dict[str, dict[str, Any]] = {}
        for line in answers:
            question = questions.setdefault(line["id"], {"prompt": line["prompt"], "expected": line["expected"], "answers": {}})
            question["answers"][_answerer(line)] = {
                "text": _cut(line["answer"]),
                "right": line["right"],
                "stopped": line.get("stopped", True),
            }
        right = {model: sum(bool(line["right"]) for line in answers if _answerer(line) == model) for model in models}
        shown = _evenly(list(questions.values()), ANSWERS_SHOWN)
        found.append({"task": task, "asked": len(questions), "models": models, "right": right, "file": named, "shown": shown})
    return found


def _answerer(line: Mapping[str, Any]) -> str:
    return f"{line['model']}, {line['form']}" if line.get("form") else str(line["model"])


def _cut(text: str) -> str:
    return text if len(text) <= ANSWER_LETTERS else text[:ANSWER_LETTERS].rstrip() + " …"


def _evenly(items: Sequence[Any], count: int) -> list[Any]:
    return [items[i * len(items) // count] for i in range(count)] if len(items) > count else list(items)


def _curves(results: Mapping[str, Result]) -> dict[str, dict[str, list[Any]]]:
    """Return the training curves of each stage that has them, thinned to at most `CURVE_POINTS` points: means over neighbouring steps."""
    curves = {}
    for result in results.values():
        path = result.directory / METRICS
        if result.manifest and path.exists():
            curves[result.name] = _thinned([value for _, value in read_jsonl(path)])
    return curves


def _thinned(lines: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Return curves over the steps in `lines`: tokens and seconds at the end of each point's steps, the rest as means over them."""
    seconds, before, clock = [], 0, 0.0
    for line in lines:
        speed = line.get("tokens_per_second")
        clock += (line["tokens"] - before) / speed if speed else 0.0
        before = line["tokens"]
        seconds.append(round(clock, 3))
    # Early steps change the most and lie far apart on a logarithmic axis: they stay as they are.
    single = min(len(lines), CURVE_POINTS // 6)
    step = max(1, -(-(len(lines) - single) // (CURVE_POINTS - single)))
    ends = [*range(1, single + 1), *range(single + step, len(lines) + step, step)]
    pieces = [range(start, min(end, len(lines))) for start, end in itertools.pairwise([0, *ends]) if start < len(lines)]
    return {
        "tokens": [lines[piece[-1]]["tokens"] for piece in pieces], "seconds": [seconds[piece[-1]] for piece in pieces],
        **{key: [_mean(lines[i].get(key) for i in piece) for piece in pieces] for key in ("loss", "bits_per_byte", "tokens_per_second")},
    }  # fmt: skip


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None and math.isfinite(value)]
    return sum(known) / len(known) if known else None


def _model(results: Mapping[str, Result], directory: Path, measured: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return the facts of the model that the run is for: the one that the evaluation is about, else the last that was made."""
    from puna.formats import read_config

    made = {result.name: result for result in results.values() if result.manifest and (result.directory / MODEL).is_dir()}
    if not made:
        return None
    about = [task["tuned"] for task in measured["questions"].values()] + [measured["bits_per_byte"]["base"]] if measured else []
    stage = next((name for name in about if name in made), list(made)[-1])
    path = made[stage].directory / MODEL
    config = read_config(path)
    return {
        "stage": stage, "directory": str(path.relative_to(directory)), "path": str(path),
        "bytes": sum(file.stat().st_size for file in path.iterdir()), "parameters": config.num_params,
        "kv_bytes_per_token": config.kv_bytes_per_token(4), "config": config.model_dump(mode="json"),
    }  # fmt: skip
