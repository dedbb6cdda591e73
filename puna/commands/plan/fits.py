"""`puna plan fits`: what can run this model, or what can I run on this device?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from puna.plan.estimate import Estimate
    from puna.plan.serving.choices import Choice

# What the table shows; --json has every format.
SHOWN = ("bf16", "fp8", "q6_k", "q4_k_m", "int4", "q2_k", "iq2_xxs")


def fits(
    model: Annotated[str | None, typer.Argument(help="What can run it? A published model, a model directory, or a shape.")] = None,
    *,
    device: Annotated[str | None, typer.Option("--device", help="What can I run on it? h100, 2xrtx-4090, iphone-15-pro, ...")] = None,
    context: Annotated[int | None, typer.Option("--context", help="Tokens of one sequence (8,192, or fewer positions).")] = None,
    batch: Annotated[int, typer.Option("--batch", help="Sequences at once.")] = 1,
    html: Annotated[Path | None, typer.Option("--html", help="Write a page there too.", show_default=False)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Say on which devices and in which formats a model fits (`fits MODEL`), or which published models a device holds (`fits --device NAME`)."""
    from puna.commands.plan.showing import write_page
    from puna.errors import ConfigError
    from puna.plan.devices import device as device_named
    from puna.plan.serving import choices
    from puna.plan.serving.choices_page import page_of_device, page_of_model
    from puna.plan.serving.memory import Load, default_context
    from puna.plan.serving.model import served

    if (model is None) == (device is None):
        raise ConfigError("give a model or --device NAME, one of the two; `puna plan serve MODEL --device NAME` takes both")
    if model is not None:
        asked = served(model)
        load = Load(default_context(asked) if context is None else context, batch)
        found = choices.fits_model(asked, load)
        write_page(html, lambda: page_of_model(asked, load, found))
        _answer({"model": asked.name}, load, found, as_json=as_json)
        if not as_json:
            _show_devices(choices.smallest_counts(found), f"{asked.name}, {batch:,} x {load.context:,} tokens")
        return
    assert device is not None
    load = Load(8192 if context is None else context, batch)
    where = device_named(device)
    found = choices.fits_device(where, load)
    write_page(html, lambda: page_of_device(where, load, found))
    _answer({"device": where.name}, load, found, as_json=as_json)
    if not as_json:
        _show_models(found, f"{where.name}, {batch:,} x up to {load.context:,} tokens")


def _answer(asked: dict[str, Any], load: Any, found: Sequence[Choice], *, as_json: bool) -> None:
    from puna.commands.plan.showing import print_json
    from puna.plan.serving.choices import figures

    if as_json:
        print_json({**asked, "context": load.context, "batch": load.batch, "choices": [figures(choice) for choice in found]})


def _show_devices(counts: dict[str, dict[str, int]], title: str) -> None:
    from puna.commands.plan.showing import print_table

    print(f"How many of each device hold {title}:")
    rows = [(name, *(str(found.get(form, "-")) for form in SHOWN)) for name, found in counts.items()]
    print_table(("device", *SHOWN), rows or [("none", *("-" for _ in SHOWN))], words=("device",))
    print("1, 2, 4, ... of it; a tenth of memory stays free, more on laptops and phones.")


def _show_models(found: Sequence[Choice], title: str) -> None:
    from puna.commands.plan.showing import print_table

    print(f"{title}: what fits, in the finest format:")
    rows = [
        (
            choice.model.name, choice.best.name, f"{choice.memory.needed_bytes / 1e9:.1f}", f"{choice.load.context:,}", f"{choice.memory.users:,}",
            _span(choice.speed.decode_tokens_per_second), choice.formats[-1].name,
        )
        for choice in found
    ]  # fmt: skip
    print_table(
        ("model", "finest", "GB", "context", "users", "tokens/s", "coarsest"), rows, words=("model", "finest", "coarsest"), whole=("model",)
    )
    if not found:
        print("No published model in any format; a shorter --context may help.")


def _span(rate: Estimate) -> str:
    return f"{rate.value:,.3g} ({rate.low:,.3g} to {rate.high:,.3g})"
