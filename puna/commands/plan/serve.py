"""`puna plan serve`: can this device serve this model, how fast, at what price, and what does the format cost in quality?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from puna.plan.estimate import Estimate
    from puna.plan.serving.answer import Serving
    from puna.plan.serving.lifetime import Life

# Tokens of fine-tuning in a lifetime, where nobody says.
TUNED = 1e9


def serve(
    model: Annotated[str, typer.Argument(help="A published model, a model directory, or a shape such as dim=4096,layers=32,...")],
    *,
    device: Annotated[str, typer.Option("--device", help="What serves: h100, 2xrtx-4090, 8xh100, macbook-m3-max-128, ...")],
    format_: Annotated[
        str, typer.Option("--format", help="bf16, fp8, fp8-meta, int8, int4, int4-gptq or a GGUF type: q4_k_m, ...")
    ] = "bf16",
    context: Annotated[
        int | None, typer.Option("--context", help="Tokens of one sequence, prompt and answer (8,192, or fewer positions).")
    ] = None,
    batch: Annotated[int, typer.Option("--batch", help="Sequences at once.")] = 1,
    cache: Annotated[str, typer.Option("--cache", help="Format of keys and values: bf16, fp8, int8.")] = "bf16",
    trained: Annotated[float | None, typer.Option("--trained", help="Tokens the model was trained on, where no card says: 15e12.")] = None,
    served: Annotated[float | None, typer.Option("--served", help="Tokens served over a lifetime: compare formats over it.")] = None,
    tuned: Annotated[
        float | None, typer.Option("--tuned", help="Tokens of fine-tuning over a lifetime; 1e9 where --served stands alone.")
    ] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Write a page there too.", show_default=False)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Say whether a model fits a device, for how many users, how fast it reads and writes, what that costs, and what the format takes from its quality."""
    from puna.commands.plan.showing import print_json, write_page
    from puna.errors import ConfigError
    from puna.plan import devices
    from puna.plan.formats import format_named
    from puna.plan.serving import answer, lifetime
    from puna.plan.serving.memory import Load, default_context
    from puna.plan.serving.model import served as model_served
    from puna.plan.serving.page import page
    from puna.plan.serving.placing import Workload

    if tuned is not None and served is None:
        raise ConfigError("--tuned is part of a lifetime, which --served asks for; give both, or leave it out")
    asked, where = model_served(model, tokens=trained), devices.device(device)
    load = Load(default_context(asked) if context is None else context, batch, cache)
    found = answer.serve(asked, format_named(format_), where, load)
    lives = [] if served is None else lifetime.lives(asked, devices.chip_of(where), Workload(served, TUNED if tuned is None else tuned))
    write_page(html, lambda: page(found, lives=lives, served=served))
    if as_json:
        print_json({**found.figures(), **({} if served is None else lifetime.all_figures(lives))})
        return
    _show(found)
    if served is not None:
        _show_lives(lives, served, TUNED if tuned is None else tuned)


def _show(found: Serving) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    memory, load = found.memory, found.load
    yes = "fits" if memory.fits else "does not fit"
    console = Console(highlight=False)
    console.print(
        Text(
            f"{found.model.name} in {found.form.name} {yes} on {found.device.name}: {load.batch:,} x {load.context:,} tokens", style="bold"
        )
    )
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column()
    for name, text in _rows(found).items():
        table.add_row(name, Text(text))
    console.print(table)


def _rows(found: Serving) -> dict[str, str]:
    from puna.commands.plan.showing import gigabytes
    from puna.plan.serving.answer import INTERVALS

    memory = found.memory
    rows = {
        "Memory": f"{gigabytes(memory.weight_bytes)} of weights + {gigabytes(memory.cache_bytes)} of cache = {gigabytes(memory.needed_bytes)}, "
        f"of {gigabytes(memory.usable_bytes)} usable",
        "Cache": f"{memory.kv_bytes_per_token:,} bytes a token in {found.load.cache}; room for {memory.users:,} users of this context, "
        f"or {memory.longest:,} tokens each",
    }
    if found.speed is not None:
        rows |= _speed_rows(found)
    rows["Quality"] = _quality_row(found)
    if found.instead:
        rows["Instead"] = ", or ".join(found.instead)
    return (
        rows
        | {"Note" if i == 0 else " " * i: text for i, text in enumerate(found.warnings)}
        | {"Intervals": "; ".join(INTERVALS), "Sources": "; ".join(found.sources())}
    )


def _speed_rows(found: Serving) -> dict[str, str]:
    speed, load = found.speed, found.load
    assert speed is not None
    decode, prefill = speed.decode_tokens_per_second, speed.prefill_tokens_per_second
    first = prefill.reciprocal().scaled(load.context)
    nodes = "" if speed.nodes == 1 else f", {speed.nodes} nodes in a pipeline"
    rows = {
        "Writes": f"{_span(decode)} tokens/s in all, {_span(decode.scaled(1 / load.batch))} a user; the bound is {_short(speed.bound)}{nodes}",
        "Reads": f"{_span(prefill)} tokens/s of prompt in {speed.maths}, {_span(first)} s for a full context",
    }
    costs: dict[str, Any] = found.figures()
    if found.hour is not None:
        output, prompt = costs["dollars_per_million_output_tokens"], costs["dollars_per_million_input_tokens"]
        rows["Costs"] = (
            f"${_span(output)} a million tokens written, ${_span(prompt)} read, at ${_span(found.hour.estimate)} an hour ({found.hour.price.date})"
        )
    elif costs["kilowatt_hours_per_million_output_tokens"] is not None:
        rows["Energy"] = f"{_span(costs['kilowatt_hours_per_million_output_tokens'])} kWh a million tokens written"
    return rows


def _quality_row(found: Serving) -> str:
    quality = found.quality
    if quality.loss.high == 0:
        return "16 bits, the model as published"
    measured = [
        text
        for text, figure in (
            (f"measured: perplexity x {quality.measured_perplexity_ratio}", quality.measured_perplexity_ratio),
            (f"measured: {quality.measured_recovery} % of benchmarks", quality.measured_recovery),
        )
        if figure is not None
    ]
    loss = f"adds {_span(quality.loss)} nats a token, leaves {_percent(quality.recovery)} of benchmark averages"
    return "; ".join([loss, *measured])


def _show_lives(lives: Sequence[Life], served: float, tuned: float) -> None:
    from puna.commands.plan.showing import print_table

    if not lives:
        print("\nNo format fits 256 of this chip, so there is no lifetime to compare.")
        return
    print(f"\nA lifetime of {served:.3g} tokens served and {tuned:.3g} tuned; serving and tuning in\nchip-hours by those of training:")
    print_table(
        ("format", "device", "nodes", "users", "tokens/s/chip", "serving", "tuning", "equal at, T"),
        [
            (
                life.form.name, life.device.name, str(life.nodes), str(life.batch), _span(life.tokens_per_chip_second),
                _span(life.serving_by_training), _short(life.tuning_by_training.value if life.tuning_by_training else None),
                _span(life.break_even_tokens and life.break_even_tokens.scaled(1e-12)),
            )
            for life in lives
        ],
        words=("format", "device"), whole=("format", "device"),
    )  # fmt: skip
    fewest: dict[str, list[str]] = {}
    for life in lives:
        fewest.setdefault(life.fewest.name, []).append(life.form.name)
    print("device: as many chips as make a token cheapest; the fewest that hold a user:")
    print("        " + "; ".join(f"{', '.join(names)} on {device}" for device, names in fewest.items()))
    print(
        "equal at: the served tokens at which serving has cost as much as training\ntuning: at 40 % of the peak; 38 to 43 % move it by 7 % at the most"
    )


def _span(figure: Estimate | None) -> str:
    return "?" if figure is None else f"{_short(figure.value)} ({_short(figure.low)} to {_short(figure.high)})"


def _percent(left: Estimate) -> str:
    """Return a recovery so that what is below 100 never reads as 100."""
    return f"{min(left.value, 99.99):.2f} % ({left.low:.0f} to {left.high:.0f})"


def _short(figure: float | None) -> str:
    """Return a figure with three digits and thousands apart."""
    if figure is None:
        return "?"
    return f"{figure:,.0f}" if abs(figure) >= 100 else f"{figure:.3g}"
