"""From report.json's content to the page: what each section of the template lays out.

A section whose content the run does not have is empty here, and the template leaves it out.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from typing import Any

from puna.pages import row_plots, words
from puna.pages.templates import forest, rendered
from puna.recipe.report import learning
from puna.recipe.stages.evaluate import COMMONEST

Content = Mapping[str, Any]
QUALITIES = ("good", "mixed", "junk")


def page(content: Content) -> str:
    """Return the report as one HTML page."""
    return rendered(
        "puna.recipe", "report.html.j2", name=content["name"], description=content["description"], headline=_headline(content), family=_family(content),
        claims=[{**claim, "plots": _claim_plots(claim)} for claim in content["claims"]], funnels=_funnels(content), kinds=_kinds(content),
        learning=learning.groups(content), samples=_samples(content["samples"]), answers=_answers(content), measurements=_measurements(content["measured"]),
        costs=_costs(content["stages"]), seconds=content["seconds"], model_facts=_model_facts(content["model"]), commands=_commands(content["model"]),
        stages=content["stages"], left_out=content["left_out"], machines=content["machines"], code=content["code"], seed=content["seed"],
    )  # fmt: skip


def _headline(content: Content) -> list[tuple[str, str]]:
    model, tokens = content["model"], _tokens_trained(content)
    found = [("parameters", f"{model['parameters']:,}")] if model else []
    found += [("tokens trained", f"{tokens:,}")] if tokens else []
    if content["claims"]:
        found.append(("claims that hold", f"{sum(claim['holds'] for claim in content['claims'])} of {len(content['claims'])}"))
    family = [member["seconds"] for member in content.get("lineage", []) if member.get("seconds") is not None]
    label = "time, its parent's with it" if len(family) > 1 else "time"
    return [*found, (label, words.duration(sum(family) if len(family) > 1 else content["seconds"]))]


def _tokens_trained(content: Content) -> int:
    """Return the tokens that the model and what it was made from were trained on: a recipe may train twins beside it."""
    stages = {stage["name"]: stage for stage in content["stages"] if stage["status"] == "finished"}
    reached, waiting = set(), [content["model"]["stage"]] if content["model"] else []
    while waiting:
        name = waiting.pop()
        if name in stages and name not in reached:
            reached.add(name)
            waiting += stages[name]["inputs"]
    return sum(stages[name]["figures"].get("tokens", 0) for name in reached)


def _family(content: Content) -> list[dict[str, Any]]:
    """Return the generations, oldest first, this run's own last; none where it has no ancestors."""
    lineage = content.get("lineage", [])
    return [{**item, "facts": _member_facts(item)} for item in lineage] if len(lineage) > 1 else []


def _member_facts(member: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what is known of one generation, as words and figures."""
    labels = {
        "parameters": "parameters", "tokens": "tokens trained", "vocab_size": "tokens of vocabulary",
        "kv_heads": f"key-value head{'' if member.get('kv_heads') == 1 else 's'} for {member.get('heads')} heads", "bits_per_byte": "bits per byte",
    }  # fmt: skip
    facts = [(label, words.told(_value(member[key]))) for key, label in labels.items() if member.get(key) is not None]
    return [*facts, *([("time of its run", words.duration(member["seconds"]))] if member.get("seconds") is not None else [])]


def _value(figure: Any) -> Any:
    return figure["value"] if isinstance(figure, Mapping) else figure


def _claim_plots(claim: Mapping[str, Any]) -> dict[str, Any]:
    tone = "holds" if claim["holds"] else "fails"
    sides = [(side["name"], side["measured"], "mine" if i == 0 else "plain") for i, side in enumerate(claim["sides"])]
    return {
        "difference": forest([(f"over {claim['measured']['over']}", claim["measured"], tone)], unit=claim["unit"], zero=True),
        # The unit may be of the difference alone: what is left of a loss that is allowed.
        "sides": forest(sides, unit="") if sides else None,
    }


def _funnels(content: Content) -> list[dict[str, Any]]:
    """Return every stage's funnel: what each step left, by its hidden quality where that is known."""
    found = []
    for stage in content["stages"]:
        steps = stage.get("figures", {}).get("funnel")
        if steps:
            segments = [_by_quality(step) for step in steps]
            labels = [f"{step['step']}: {step['documents']:,} documents, {step['characters']:,} characters" for step in steps]
            drawn = row_plots.bars(segments, labels=labels)
            rows = [{**step, "svg": svg, "good": _good(step)} for step, svg in zip(steps, drawn, strict=True)]
            known = [quality for quality in QUALITIES if any(quality in (step.get("by_quality") or {}) for step in steps)]
            found.append({"stage": stage["name"], "rows": rows, "qualities": known})
    return found


def _by_quality(step: Mapping[str, Any]) -> list[tuple[str, float]]:
    qualities = step.get("by_quality") or {}
    known = [(quality, qualities[quality]) for quality in QUALITIES if quality in qualities]
    return known or [("mine", step["characters"])]


def _good(step: Mapping[str, Any]) -> str | None:
    qualities = step.get("by_quality") or {}
    return f"{qualities.get('good', 0) / sum(qualities.values()):.0%}" if sum(qualities.values()) else None


def _kinds(content: Content) -> list[dict[str, Any]]:
    """Return how many documents of each kind the corpus holds, most first."""
    kinds: Mapping[str, int] = next((stage["figures"]["kinds"] for stage in content["stages"] if stage.get("figures", {}).get("kinds")), {})
    ordered = sorted(kinds.items(), key=lambda item: -item[1])
    drawn = row_plots.bars([[("mine", count)] for _, count in ordered], labels=[f"{name}: {count:,} documents" for name, count in ordered])
    return [{"name": name, "count": count, "svg": svg} for (name, count), svg in zip(ordered, drawn, strict=True)]


def _samples(samples: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the samples by prompt, what several models made of it side by side."""
    found: dict[tuple[str, Any], dict[str, Any]] = {}
    for sample in samples:
        key = (sample["prompt"], sample["expected"])
        group = found.setdefault(key, {"prompt": sample["prompt"], "expected": sample["expected"], "abouts": [], "written": []})
        if sample["about"] not in group["abouts"]:
            group["abouts"].append(sample["about"])
        group["written"].append(sample)
    return list(found.values())


def _answers(content: Content) -> list[dict[str, Any]]:
    """Return each task's answers, the model that the task is about first."""
    asked = content["measured"]["questions"] if content["measured"] else {}
    found = []
    for task in content.get("answers", []):
        tuned = asked.get(task["task"], {}).get("tuned")
        main = next((model for model in task["models"] if tuned and model.startswith(f"{tuned},")), task["models"][-1])
        models = [main, *(model for model in task["models"] if model != main)]
        known = [question for question in task["shown"] if main in question["answers"]]
        rows = [{**question, "right": question["answers"][main]["right"]} for question in known]
        found.append(
            {
                **task,
                "main": main,
                "models": models,
                "shown": rows,
                "commonest": asked.get(task["task"], {}).get("controls", {}).get(COMMONEST),
            }
        )
    return found


def _measurements(measured: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """Return every measurement as a row of a forest plot, one plot a measure."""
    if measured is None:
        return []
    text = measured["bits_per_byte"]
    rows = [(name, value, "mine") for name, value in text["models"].items()] + [(text["control_name"], text["control"], "plain")]
    found = [{"title": "Bits per byte of held-out text", "note": "less is better", "forest": forest(rows, unit="bits per byte")}]
    for task, asked in measured["questions"].items():
        exact = [(name, value, "mine") for name, value in asked["models"].items()]
        exact += [(COMMONEST, asked["controls"][COMMONEST], "plain")] if COMMONEST in asked["controls"] else []
        found.append(
            {"title": f"Exact answers: {task}", "note": "share of the questions", "forest": forest(exact, unit="share of exact answers")}
        )
        stops = [(name, value, "mine") for name, value in asked.get("stops", {}).items()]
        if stops:
            found.append(
                {"title": f"Answers that end: {task}", "note": "by themselves, not cut off", "forest": forest(stops, unit="share")}
            )
    return found


def _costs(stages: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the time of each finished stage as a bar, with its peak memory where it was taken down."""
    done = [stage for stage in stages if stage["status"] == "finished"]
    drawn = row_plots.bars(
        [[("mine", stage["seconds"])] for stage in done], labels=[f"{stage['name']}: {words.duration(stage['seconds'])}" for stage in done]
    )
    return [{**stage, "svg": svg} for stage, svg in zip(done, drawn, strict=True)]


def _model_facts(model: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    if model is None:
        return []
    config = model["config"]
    return [
        ("directory", model["path"]),
        ("parameters", f"{model['parameters']:,}"),
        ("size", words.size(model["bytes"])),
        ("layers", f"{config['num_layers']}, of width {config['dim']}, feed-forward {config['ffn_dim']}"),
        ("heads", f"{config['num_heads']} of width {config['head_dim']}, sharing {config['num_kv_heads']} of keys and values"),
        ("vocabulary", f"{config['vocab_size']:,} tokens, {'tied' if config['tied'] else 'untied'}"),
        ("context", f"{config['max_positions']:,} tokens, {model['kv_bytes_per_token']:,} bytes of cache each in fp32"),
    ]


def _commands(model: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    if model is None:
        return []
    path = shlex.quote(model["path"])
    return [("chat with it", f"puna chat {path}"), ("let it write", f"puna generate {path} -p 'Once upon a time'")]
