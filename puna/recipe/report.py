"""The report: one offline page for people, and the same content as JSON for programs.

The page has no script and no asset from outside; its pictures are SVG inside it. Whatever a model or a corpus wrote is escaped. It is a function of the run
directory alone, so it can be written again at any time: the machines and versions that it names are those that the stages were finished with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from puna.files import read_json, read_jsonl, write_json, write_text
from puna.recipe import plots
from puna.recipe.claims import LeftOut, judge
from puna.recipe.graph import Graph
from puna.recipe.runner import Result
from puna.recipe.stages.evaluate import COMMONEST, RESULTS, SAMPLES
from puna.recipe.training import MODEL
from puna.train.metrics import METRICS

JSON, PAGE = "report.json", "report.html"
CURVE_POINTS = 400
CURVES = ("tokens", "loss", "bits_per_byte", "tokens_per_second")


def write(graph: Graph, results: Mapping[str, Result], directory: Path) -> dict[str, Any]:
    """Write report.json and report.html into the run directory and return the content of the first."""
    content = gather(graph, results, directory)
    write_json(directory / JSON, content)
    write_text(directory / PAGE, page(content))
    return content


def gather(graph: Graph, results: Mapping[str, Result], directory: Path) -> dict[str, Any]:
    """Return everything that the report says, as plain JSON."""
    measured, samples = _evaluation(results)
    claims, untestable = judge(measured) if measured else ([], [])
    left_out = [LeftOut(f"Stage {result.name}", f"it {result.reason}") for result in results.values() if result.reason]
    stages = [_stage(graph, result) for result in results.values()]
    left_out += _not_shown(results)
    manifests = [result.manifest for result in results.values() if result.manifest]
    return {
        "name": graph.recipe.name, "description": graph.recipe.description, "seed": graph.recipe.seed,
        "code": [dict(code) for code in dict.fromkeys(manifest.code for manifest in manifests)],
        "machines": list(dict.fromkeys(manifest.machine for manifest in manifests)),
        "seconds": round(sum(stage.get("seconds", 0) for stage in stages), 3), "model": _model(results, directory), "stages": stages,
        "claims": [claim.to_json() for claim in claims], "left_out": [item.to_json() for item in (*left_out, *untestable)],
        "measured": measured, "samples": samples, "curves": _curves(results),
    }  # fmt: skip


def page(content: Mapping[str, Any]) -> str:
    """Return the report as one HTML page."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("puna.recipe", "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(figure=figure, signed=signed)
    claims = [{**claim, "plot": _claim_plot(claim)} for claim in content["claims"]]
    return environment.get_template("report.html.j2").render(
        **{**content, "claims": claims}, headline=_headline(content), plots=_plots(content), measurements=_measurements(content["measured"]),
        model_facts=_model_facts(content["model"]), commands=_commands(content["model"]),
    )  # fmt: skip


def figure(value: float) -> str:
    """Return a number with about three significant digits: `0.123`, `12.3`, `1,234`."""
    size = abs(value)
    return f"{value:,.0f}" if size >= 100 else f"{value:.1f}" if size >= 10 else f"{value:.2f}" if size >= 1 else f"{value:.3f}"


def signed(value: float) -> str:
    return ("+" if value > 0 else "") + figure(value).replace("-", "−")


def _stage(graph: Graph, result: Result) -> dict[str, Any]:
    base = {"name": result.name, "kind": result.kind}
    if result.manifest is None:
        return {**base, "status": "left out", "reason": result.reason}
    manifest = result.manifest
    summary = graph.nodes[result.name].stage.kind.told(manifest.figures)
    kept = manifest.model_dump(
        mode="json", include={"key", "inputs", "files", "config", "code", "machine", "started", "seconds", "attempts", "figures"}
    )
    return {**base, "status": "finished", **kept, "summary": summary}


def _evaluation(results: Mapping[str, Result]) -> tuple[dict[str, Any] | None, list[dict[str, Any]]]:
    """Return what the last evaluation of the recipe measured, and its samples."""
    done = _evaluations(results)
    if not done:
        return None, []
    return read_json(done[-1].directory / RESULTS), [value for _, value in read_jsonl(done[-1].directory / SAMPLES)]


def _evaluations(results: Mapping[str, Result]) -> list[Result]:
    return [result for result in results.values() if result.kind == "evaluate" and result.manifest]


def _not_shown(results: Mapping[str, Result]) -> list[LeftOut]:
    """Say where the figures of every evaluation but the last are: one page has one set of claims."""
    done = _evaluations(results)
    return [
        LeftOut(f"What stage {result.name} measured", f"the report shows the last evaluation, {done[-1].name}; see {result.name}/{RESULTS}")
        for result in done[:-1]
    ]


def _curves(results: Mapping[str, Result]) -> dict[str, dict[str, list[Any]]]:
    """Return the training curves of each stage that has them, thinned to at most `CURVE_POINTS` points."""
    curves = {}
    for result in results.values():
        path = result.directory / METRICS
        if result.manifest and path.exists():
            lines = [value for _, value in read_jsonl(path)]
            step = -(-len(lines) // CURVE_POINTS)
            curves[result.name] = {key: [line.get(key) for line in lines[::step]] for key in CURVES}
    return curves


def _model(results: Mapping[str, Result], directory: Path) -> dict[str, Any] | None:
    """Return the facts of the last model that the recipe made."""
    from puna.formats import read_config

    made = [result.directory / MODEL for result in results.values() if result.manifest and (result.directory / MODEL).is_dir()]
    if not made:
        return None
    config = read_config(made[-1])
    size = sum(path.stat().st_size for path in made[-1].iterdir())
    return {
        "directory": str(made[-1].relative_to(directory)), "path": str(made[-1]), "bytes": size, "parameters": config.num_params,
        "kv_bytes_per_token": config.kv_bytes_per_token(4), "config": config.model_dump(mode="json"),
    }  # fmt: skip


def _headline(content: Mapping[str, Any]) -> list[tuple[str, str]]:
    model, trained = content["model"], [stage["figures"] for stage in content["stages"] if "tokens" in stage.get("figures", {})]
    found = [("parameters", f"{model['parameters']:,}")] if model else []
    if trained:
        found.append(("tokens trained", f"{sum(figures['tokens'] for figures in trained):,}"))
    if content["claims"]:
        found.append(("claims that hold", f"{sum(claim['holds'] for claim in content['claims'])} of {len(content['claims'])}"))
    return [*found, ("seconds", figure(content["seconds"]))]


def _plots(content: Mapping[str, Any]) -> list[str]:
    """Return one picture of each training stage's loss, the first with the control to pass, and one of their speed."""
    curves, measured = content["curves"], content["measured"]
    if not curves:
        return []
    text = measured["bits_per_byte"] if measured else None
    found = []
    for name, curve in curves.items():
        levels = {f"{text['control_name']}, held out": text["control"]["value"]} if text and text["base"] == name else {}
        line = plots.Line(name, *_smooth(curve["tokens"], curve["bits_per_byte"]))
        found.append(plots.curves([line], title=f"Loss of {name}", x="tokens", y="bits per byte", levels=levels))
    speed = [plots.Line(name, *_smooth(curve["tokens"], curve["tokens_per_second"])) for name, curve in curves.items()]
    return [*found, plots.curves(speed, title="Speed", x="tokens", y="tokens a second")]


def _smooth(xs: Sequence[float], ys: Sequence[float | None]) -> tuple[list[float], list[float]]:
    """Return the points that were measured, each the mean of itself and up to four before it: single batches scatter."""
    points = [(x, y) for x, y in zip(xs, ys, strict=True) if y is not None]
    means = [sum(y for _, y in points[max(0, i - 4) : i + 1]) / len(points[max(0, i - 4) : i + 1]) for i in range(len(points))]
    return [x for x, _ in points], means


def _claim_plot(claim: Mapping[str, Any]) -> str:
    sides = [
        plots.Interval(side["name"], side["measured"]["value"], side["measured"]["low"], side["measured"]["high"])
        for side in claim["sides"]
    ]
    return plots.intervals(sides, unit=claim["unit"])


def _measurements(measured: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """Return every measurement as a row of the table."""
    if measured is None:
        return []
    text = measured["bits_per_byte"]
    rows = [
        ("bits per byte of held-out text", name, value) for name, value in {**text["models"], text["control_name"]: text["control"]}.items()
    ]
    for task, found in measured["questions"].items():
        rows += [
            (f"{task}, exact answers", name, value) for name, value in {**found["models"], COMMONEST: found["controls"][COMMONEST]}.items()
        ]
        rows += [(f"{task}, answers that end by themselves", name, value) for name, value in found["stops"].items()]
    return [{"measure": measure, "of": of, **value} for measure, of, value in rows]


def _model_facts(model: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    if model is None:
        return []
    config = model["config"]
    return [
        ("directory", model["path"]),
        ("parameters", f"{model['parameters']:,}"),
        ("size", f"{model['bytes'] / 1e6:,.1f} MB"),
        ("layers", f"{config['num_layers']}, of width {config['dim']}, feed-forward {config['ffn_dim']}"),
        ("heads", f"{config['num_heads']} of width {config['head_dim']}, sharing {config['num_kv_heads']} of keys and values"),
        ("vocabulary", f"{config['vocab_size']:,} tokens, {'tied' if config['tied'] else 'untied'}"),
        ("context", f"{config['max_positions']:,} tokens, {model['kv_bytes_per_token']:,} bytes of cache each in fp32"),
    ]


def _commands(model: Mapping[str, Any] | None) -> list[str]:
    import shlex

    return (
        [f"puna {verb} {shlex.quote(model['path'])}{more}" for verb, more in (("chat", ""), ("generate", " -p 'Once upon a time'"))]
        if model
        else []
    )
