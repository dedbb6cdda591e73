"""The page of what fits: the devices that hold a model, or the models that a device holds, each with how full its memory is."""

from __future__ import annotations

from collections.abc import Sequence

from puna.pages import row_plots, words
from puna.pages.sheet import Section, Sheet, Table
from puna.plan.devices import Device, chip_of
from puna.plan.estimate import within
from puna.plan.serving.choices import Choice, smallest_counts
from puna.plan.serving.cost import hour_of
from puna.plan.serving.memory import Load
from puna.plan.serving.model import Model
from puna.plan.serving.page import CACHE, WEIGHTS
from puna.plan.serving.speed import SOURCES

# Formats whose least number of devices is shown; the bars are of the finest that fits.
SHOWN = ("bf16", "fp8", "q6_k", "q4_k_m", "int4", "q2_k", "iq2_xxs")
NOTE = "A tenth of memory stays free, more on laptops and phones. Speeds are for the sequences asked for, all together."


def page_of_model(model: Model, load: Load, choices: Sequence[Choice]) -> str:
    """Return what can run `model` under `load`."""
    counts = smallest_counts(choices)
    table = Table(("device", *SHOWN), [(name, *(str(found.get(form, "–")) for form in SHOWN)) for name, found in counts.items()])
    fewest = _fewest(choices)
    sections = [
        Section("The fewest of each device that hold it, in the finest format that fits", legend=(WEIGHTS, CACHE), table=_table(fewest, [one.device.name for one in fewest], "device")),
        Section("How many of each device hold it, by format", table=table),
    ] if choices else [Section("Nothing that is known holds it", ["A shorter context or fewer sequences may help."])]  # fmt: skip
    lead = f"What holds {load.batch:,} × {load.context:,} tokens of a model of {words.figure(model.sized.total_params)} parameters."
    facts = [("devices that hold it", f"{len(fewest)}"), *([("the smallest", choices[0].device.name)] if choices else [])]
    return Sheet(f"What can run {model.name}?", lead, facts, sections, [NOTE], _sources(choices)).page()


def page_of_device(device: Device, load: Load, choices: Sequence[Choice]) -> str:
    """Return which published models `device` holds under `load`."""
    sections = [
        Section(
            "Models, each in the finest format that fits",
            legend=(WEIGHTS, CACHE),
            table=_table(choices, [one.model.name for one in choices], "model"),
        )
    ]
    if not choices:
        sections = [Section("No published model fits in any format", ["A shorter context may help."])]
    facts = [
        ("memory", words.size(device.memory_bytes)),
        ("models that fit", f"{len(choices)}"),
        *([("the largest", choices[0].model.name)] if choices else []),
    ]
    lead = f"Which published models it holds, {load.batch:,} × up to {load.context:,} tokens."
    return Sheet(f"What can run on {device.name}?", lead, facts, sections, [NOTE], [f"device: {device.source}", *_sources(choices)]).page()


def _fewest(choices: Sequence[Choice]) -> list[Choice]:
    """Return the first choice of each chip; they come from the least memory to the most."""
    found: dict[str, Choice] = {}
    for choice in choices:
        found.setdefault(chip_of(choice.device).name, choice)
    return list(found.values())


def _table(choices: Sequence[Choice], names: Sequence[str], what: str) -> Table:
    """Return a row a choice; its bar is the share of usable memory that weights and cache fill, since a phone and a node share no scale."""
    filled = [(one.memory.weight_bytes / one.memory.usable_bytes, one.memory.cache_bytes / one.memory.usable_bytes) for one in choices]
    svgs = row_plots.bars([[(WEIGHTS[1], weights), (CACHE[1], cache)] for weights, cache in filled],
                          labels=[f"{name}: {sum(shares):.0%} of usable memory" for name, shares in zip(names, filled, strict=True)], limit=1.0)  # fmt: skip
    priced = any(hour_of(one.device) for one in choices) and what == "device"
    head = (what, "finest", "memory", "of usable", "users", "tokens/s", *(["$ an hour"] if priced else []), "coarsest")
    rows = []
    for name, one in zip(names, choices, strict=True):
        hour = hour_of(one.device)
        rows.append((
            name, one.best.name, words.size(one.memory.needed_bytes), f"{one.memory.needed_bytes / one.memory.usable_bytes:.0%}", words.figure(one.memory.users) if one.memory.users >= 1e6 else f"{one.memory.users:,}",
            within(one.speed.decode_tokens_per_second), *([f"{hour.dollars:,.2f}" if hour else "–"] if priced else []), one.formats[-1].name,
        ))  # fmt: skip
    return Table(head, rows, frozenset({0, 1, len(head) - 1}), bars=svgs)


def _sources(choices: Sequence[Choice]) -> list[str]:
    return ["devices and formats: puna/plan/data/devices.csv and formats.csv, a source a row", *(SOURCES if choices else ())]
