"""`puna plan overtrain`: a smaller model trained for longer, what it costs and when it pays."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from puna.plan.overtraining import Overtraining
    from puna.plan.runs import Run

EXAMPLES = ("llama-3-8b", "llama-3-70b", "llama-3.1-405b")
EXAMPLE_LAWS = ("llama3-surface", "besiroglu", "chinchilla")
DEFAULT_LAW = "llama3-surface"


def overtrain(
    model: Annotated[str | None, typer.Argument(help="A published run, such as llama-3-8b; without any, three worked examples.")] = None,
    *,
    params: Annotated[str | None, typer.Option("--params", help="Parameters of the smaller model, such as 8B.")] = None,
    tokens: Annotated[str | None, typer.Option("--tokens", help="Tokens that it is trained on.")] = None,
    quality: Annotated[str | None, typer.Option("--quality", help="As good as the law's optimum of so many parameters.")] = None,
    served: Annotated[str | None, typer.Option("--served", help="Tokens served over the model's life.")] = None,
    serving_weight: Annotated[float, typer.Option("--serving-weight", help="What a served FLOP costs, in training FLOPs.")] = 1.0,
    law: Annotated[
        str | None, typer.Option("--law", help="A law with losses, by name or file: llama3-surface; three for the examples.")
    ] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Write a page there too.", show_default=False)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Say what a smaller model costs that is trained for longer to the same loss, and from how many served tokens on it pays.

    Give a published run, or --params and --tokens; or --quality with --params, or with --served for the cheapest size.
    """
    from puna.commands.plan.showing import print_json, write_page
    from puna.plan import laws
    from puna.plan.overtraining_page import page

    if not (model or params or tokens or quality):
        _examples(EXAMPLE_LAWS if law is None else (law,), served, serving_weight, html, as_json)
        return
    chosen = law or DEFAULT_LAW
    found = _compared(model, params, tokens, quality, served, serving_weight, chosen)
    write_page(html, lambda: page(laws.law(chosen), found))
    if as_json:
        print_json(found.figures())
    else:
        _show(found.figures())


def _compared(
    model: str | None, params: str | None, tokens: str | None, quality: str | None, served: str | None, weight: float, law: str
) -> Overtraining:
    from puna.commands.plan.figures import number
    from puna.errors import ConfigError
    from puna.plan import laws
    from puna.plan.overtraining import cheapest, of_run, overtrained, shrunk
    from puna.plan.runs import run_named

    chosen, demand = laws.law(law), 0.0 if served is None else number(served, what="--served")
    if model and (params or tokens or quality):
        raise ConfigError(f"'{model}' names a run; give it alone, or --params with --tokens or --quality")
    if model:
        return of_run(chosen, run_named(model), served=demand, serving_weight=weight)
    if quality and tokens:
        raise ConfigError("--quality says how good the model is, and so do --tokens; give one of them")
    if quality and params:
        return shrunk(
            chosen, number(quality, what="--quality"), params=number(params, what="--params"), served=demand, serving_weight=weight
        )
    if quality:
        if not served:
            raise ConfigError("--quality alone asks for the cheapest size, which depends on what is served: give --served, or --params")
        return cheapest(chosen, number(quality, what="--quality"), served=demand, serving_weight=weight)
    if not (params and tokens):
        raise ConfigError("give --params and --tokens of the model, or --quality with --params or --served")
    return overtrained(chosen, number(params, what="--params"), number(tokens, what="--tokens"), served=demand, serving_weight=weight)


def _examples(names: Sequence[str], served: str | None, weight: float, html: Path | None, as_json: bool) -> None:
    from puna.commands.plan.figures import number
    from puna.commands.plan.showing import print_json, write_page
    from puna.plan import laws
    from puna.plan.overtraining import of_run
    from puna.plan.overtraining_page import page_of_examples
    from puna.plan.runs import run_named

    chosen, demand = [laws.law(name) for name in names], 0.0 if served is None else number(served, what="--served")
    found = [(run, of_run(law, run, served=demand, serving_weight=weight)) for run in map(run_named, EXAMPLES) for law in chosen]
    write_page(html, lambda: page_of_examples(found, chosen))
    if as_json:
        print_json({"examples": [{"model": run.name, **one.figures()} for run, one in found]})
    else:
        _show_examples(found, demand, [law.about.source for law in chosen])


def _show_examples(found: Sequence[tuple[Run, Overtraining]], served: float, sources: Sequence[str]) -> None:
    from puna.commands.plan.figures import count, print_notes, share, with_interval
    from puna.commands.plan.showing import print_table

    rows = [
        [run.name.removeprefix("llama-"), one.law, *(with_interval(one.spans["optimum"][key], count) for key in ("params", "tokens")),
         with_interval(one.overhead, share), with_interval(one.break_even_tokens, count), *([with_interval(one.saving, share)] if served else [])]
        for run, one in found
    ]  # fmt: skip
    heads = ["llama", "law", "equal-loss optimum", "its tokens", "training overhead", "pays from"]
    print_table(heads + ([f"saved at {count(served)}"] if served else []), rows, words=heads[:2], whole=heads[:2])
    for name, means in dict.fromkeys((one.law, one.interval_means) for _, one in found):
        print(f"Intervals of {name}: {means}")
    print_notes([], [*dict.fromkeys(f"{run.name}: {run.source}" for run, _ in found), *sources])


def _show(found: dict[str, Any]) -> None:
    from puna.commands.plan.figures import count, power, print_facts, print_notes, share, with_interval

    best = found["optimum"]
    facts = {
        "law": found["law"], "model": f"{with_interval(found['params'], count)} parameters on {with_interval(found['tokens'], count)} tokens", "loss": with_interval(found["loss"]),
        "equal-loss optimum": f"{with_interval(best['params'], count)} parameters on {with_interval(best['tokens'], count)} tokens, {with_interval(best['compute'], power)} FLOPs",
        "training overhead": with_interval(found["overhead"], share),
        "pays from": "never: a served token costs no less" if found["break_even_tokens"] is None else f"{with_interval(found['break_even_tokens'], count)} served tokens",
    }  # fmt: skip
    if found["served"]:
        facts[f"saved at {count(found['served'])} served"] = (
            f"{with_interval(found['saving'], share)}, {with_interval(found['saved_flops'], power)} FLOPs"
        )
    print_facts({**facts, "counting": found["counting"], "intervals": found["interval_means"]})
    print_notes(found["warnings"], found["sources"])
