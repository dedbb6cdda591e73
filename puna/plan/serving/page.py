"""The page of a server: what fills its memory, how fast it writes for how many users, and every format side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from puna.pages import row_plots, words
from puna.pages.charts import Axis, Band, Line, Mark, Upright, chart
from puna.pages.sheet import BarRow, Picture, Section, Sheet, Table, legend_of
from puna.plan.estimate import ends, fact, point, within
from puna.plan.formats import Format, formats
from puna.plan.serving.answer import Serving
from puna.plan.serving.cost import dollars_per_million
from puna.plan.serving.lifetime import SOURCES, Life
from puna.plan.serving.memory import Fit, fit
from puna.plan.serving.quality import quality
from puna.plan.serving.speed import speed

WEIGHTS, CACHE = ("weights", "c1"), ("cache", "c4")
# Batches that a curve of speed goes to where memory holds more, and the points of the curve.
MOST_BATCH, POINTS = 1024, 32


def page(found: Serving, *, lives: Sequence[Life] = (), served: float | None = None) -> str:
    """Return a server's answer as one offline HTML page; `lives` compare formats over `served` tokens."""
    load, at = found.load, found.speed
    yes = "fits" if found.memory.fits else "does not fit"
    costs = found.figures()
    facts = [
        ("does it fit?", "yes" if found.memory.fits else "no"), ("memory needed", words.size(found.memory.needed_bytes), f"of {words.size(found.memory.usable_bytes)} usable"),
        ("room for users", words.figure(found.memory.users) if found.memory.users >= 1e6 else f"{found.memory.users:,}"),
        *([fact("tokens a second written", at.decode_tokens_per_second), fact("tokens a second read", at.prefill_tokens_per_second)] if at else []),
        *([fact("dollars a million written", costs["dollars_per_million_output_tokens"], _dollars)] if found.hour and at else []),
    ]  # fmt: skip
    sections = [
        Section("Memory", [*_said(found), *(f"Instead: {', or '.join(found.instead)}." for _ in found.instead[:1])], bars=_memory(found), legend=(WEIGHTS, CACHE)),
        *([Section("Speed, by how many are served at once", pictures=_speeds(found))] if found.memory.users else []),
        Section("Formats side by side", [_quality(found)], table=_formats(found), legend=(WEIGHTS, CACHE)),
        *([Section(f"A lifetime of {words.figure(served)} served tokens", table=_lives(lives))] if served and lives else []),
    ]  # fmt: skip
    lead = f"In {found.form.name} it {yes} on {found.device.name} for {load.batch:,} × {load.context:,} tokens."
    return Sheet(
        f"Serving {found.model.name}", lead, facts, sections, found.warnings, [*found.sources(), *(SOURCES if lives else ())]
    ).page()


def _said(found: Serving) -> list[str]:
    held, load = found.memory, found.load
    room = f"Beside the weights there is room for {held.users:,} users of {load.context:,} tokens, or for {held.longest:,} tokens each."
    if held.weight_bytes > held.usable_bytes:
        room = "The weights alone are more than may be filled."
    return [f"A token leaves {held.kv_bytes_per_token:,} bytes in a cache of {load.cache}. {room} The line is what may be filled."]


def _memory(found: Serving) -> list[BarRow]:
    asked, most = found.memory, found.memory.users
    rows = [(f"asked: {found.load.batch:,} × {found.load.context:,}", asked)]
    if most > found.load.batch:
        rows.append(
            (f"full: {most:,} × {found.load.context:,}", fit(found.model, found.form, found.device, replace(found.load, batch=most)))
        )
    svgs = row_plots.bars(
        [_filled(held) for _, held in rows], labels=[f"{label}: {_sum(held)}" for label, held in rows], limit=asked.usable_bytes
    )
    return [BarRow(label, svg, _sum(held)) for (label, held), svg in zip(rows, svgs, strict=True)]


def _filled(held: Fit) -> list[tuple[str, float]]:
    return [(WEIGHTS[1], held.weight_bytes), (CACHE[1], held.cache_bytes)]


def _sum(held: Fit) -> str:
    return f"{words.size(held.weight_bytes)} + {words.size(held.cache_bytes)}"


def _speeds(found: Serving) -> tuple[Picture, ...]:
    """Return the tokens a second of all users and of each, over the batch, as far as memory goes."""
    most = min(found.memory.users, max(MOST_BATCH, found.load.batch))
    batches = [int(b) for b in sorted({*np.geomspace(1, most, POINTS).round(), min(found.load.batch, most)})]
    rates, bounds = [], []
    for batch in batches:
        load = replace(found.load, batch=batch)
        at = speed(found.model, found.form, found.device, load, fit(found.model, found.form, found.device, load))
        rates.append(at.decode_tokens_per_second)
        bounds.append(at.bound)
    pictures = []
    for caption, scales in (
        ("Tokens a second written, of all", [1.0] * len(batches)),
        ("Tokens a second written, of each", [1 / batch for batch in batches]),
    ):
        values = [rate.scaled(by) for rate, by in zip(rates, scales, strict=True)]
        xs = [float(batch) for batch in batches]
        marks: list[Mark] = [
            Band("interval", xs, [ends(value)[0] for value in values], [ends(value)[1] for value in values], 0),
            Line("bound", xs, [bound * by for bound, by in zip(bounds, scales, strict=True)], 7, dashed=True), Line("estimate", xs, [point(value) for value in values], 0),
            *([Upright("asked", float(found.load.batch), "chosen")] if found.load.batch <= most else []),
            *([Upright("memory ends", float(most))] if most == found.memory.users and most > 1 else []),
        ]  # fmt: skip
        svg = chart(marks, title=caption, x=Axis("sequences at once", log=True), y=Axis("tokens a second", log=True))
        pictures.append(Picture(caption, svg, legend_of(marks)))
    return tuple(pictures)


def _formats(found: Serving) -> Table:
    """Return every format under the same load, from most bits to fewest, the asked one marked."""
    forms = sorted(formats().values(), key=lambda form: -form.bits)
    held = [fit(found.model, form, found.device, found.load) for form in forms]
    svgs = row_plots.bars([_filled(one) for one in held], labels=[f"{form.name}: {_sum(one)}" for form, one in zip(forms, held, strict=True)],
                          limit=found.memory.usable_bytes)  # fmt: skip
    head = ("format", "memory", "fits", "users", "tokens/s", *(["$ a million"] if found.hour else []), "quality left, %")
    rows = [_format(found, form, one) for form, one in zip(forms, held, strict=True)]
    return Table(head, rows, frozenset({0}), frozenset({forms.index(found.form)}), svgs)


def _format(found: Serving, form: Format, held: Fit) -> tuple[str, ...]:
    rate = speed(found.model, form, found.device, found.load, held).decode_tokens_per_second if held.fits else None
    cost = dollars_per_million(found.hour, rate) if found.hour and rate else None
    left = quality(found.model, form).recovery
    # What is below 100 should never read as 100.
    kept = "100" if left.low == left.high == 100 else f"{min(left.value, 99.99):.2f} ({left.low:.0f} to {left.high:.0f})"
    return (form.name, words.size(held.needed_bytes), "yes" if held.fits else "no", f"{held.users:,}", within(rate), *([within(cost, _dollars)] if found.hour else []), kept)  # fmt: skip


def _quality(found: Serving) -> str:
    loss = found.quality.loss
    told = (
        "16 bits are the model as it was published." if loss.high == 0 else f"{found.form.name} adds {within(loss, _small)} nats a token."
    )
    return (
        f"{told} What is left of benchmark averages is calibrated on measured models and no promise: no format below 16 bits is lossless."
    )


def _lives(lives: Sequence[Life]) -> Table:
    rows = [
        (life.form.name, life.device.name, str(life.nodes), within(life.tokens_per_chip_second), within(life.serving_by_training), within(life.tuning_by_training, _small),
         within(life.break_even_tokens))
        for life in lives
    ]  # fmt: skip
    head = (
        "format",
        "device",
        "nodes",
        "tokens/s a chip",
        "serving by training",
        "tuning by training",
        "served tokens that equal training",
    )
    return Table(head, rows, frozenset({0, 1}))


def _small(value: float) -> str:
    return f"{value:.2g}"


def _dollars(value: float) -> str:
    return f"{value:,.3g}" if value < 1000 else f"{value:,.0f}"
