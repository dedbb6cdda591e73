"""`puna plan train`: what a training run holds, how fast it is, and what it costs, with the best of all layouts or a given one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from puna.plan.training.planning import Training, Tuning


def train(
    model: Annotated[
        str,
        typer.Argument(
            help="A published name (llama-3.1-405b), a model directory, or dim=4096,layers=32,heads=32,kv_heads=8,ffn=14336,vocab=128256."
        ),
    ],
    *,
    gpus: Annotated[int, typer.Option("--gpus", help="How many.")],
    gpu: Annotated[str, typer.Option("--gpu", help="Which: h100, h200, mi300x, tpu-v5p, rtx-4090...")],
    layout: Annotated[str | None, typer.Option("--layout", help="tp,cp,pp,dp (and ep for experts). Without it, all are tried.")] = None,
    seq: Annotated[int | None, typer.Option("--seq", help="Tokens of a sequence (8,192, or fewer positions).")] = None,
    batch: Annotated[int, typer.Option("--batch", help="Tokens of a step.")] = 16_777_216,
    tokens: Annotated[
        float | None, typer.Option("--tokens", help="Tokens in all. Without it, what the model's card prints, else 20 a parameter.")
    ] = None,
    tune: Annotated[str, typer.Option("--tune", help="pretrain, full (fine-tune every weight) or lora (adapters).")] = "pretrain",
    lora_rank: Annotated[int | None, typer.Option("--lora-rank", help="Rank of the adapters; 16 where it is not given.")] = None,
    base: Annotated[
        str, typer.Option("--base", help="With lora: what frozen weights are held in: bf16, nf4 (QLoRA), int4, int8, fp8.")
    ] = "bf16",
    overhead: Annotated[float | None, typer.Option("--overhead", help="Hours billed for each hour of training: 1 and up.")] = None,
    rounds: Annotated[int, typer.Option("--rounds", help="Rounds of post-training to cost beside it; Llama 3 had six.")] = 0,
    html: Annotated[Path | None, typer.Option("--html", help="Write a page there too.", show_default=False)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Plan a training run: memory by kind, speed and what slows it, days, energy, money."""
    from puna.commands.plan.showing import print_json, write_page
    from puna.plan.models import model_of
    from puna.plan.training.page import page
    from puna.plan.training.planning import train as plan
    from puna.plan.training.tuning import Rounds
    from puna.settings import parse

    found = plan(
        model_of(model), gpus=gpus, gpu=gpu, layout=layout, seq=seq, batch_tokens=batch, tokens=tokens, tune=_tuning(tune, lora_rank), lora_rank=16 if lora_rank is None else lora_rank, base=base, overhead=overhead, rounds=parse(Rounds, {"rounds": rounds}, where="--rounds") if rounds else None,
    )  # fmt: skip
    write_page(html, lambda: page(found))
    if as_json:
        print_json(found.plain())
    else:
        _show(found)


def _tuning(tune: str, lora_rank: int | None) -> Tuning:
    """Return what `--tune` names. Raises `ConfigError` for another word, and for a rank without adapters."""
    from puna.errors import ConfigError
    from puna.settings import nearest

    if lora_rank is not None and tune != "lora":
        raise ConfigError(f"--lora-rank says nothing without --tune lora (got --tune {tune}); add that, or leave it out")
    match tune:
        case "pretrain" | "full" | "lora":
            return tune
    raise ConfigError(f"--tune {tune} is not known{nearest(tune, ['pretrain', 'full', 'lora'])}")


def _show(found: Training) -> None:
    from puna.commands.plan.showing import print_table

    _show_layout(found)
    _show_memory(found)
    _show_step(found)
    print_table(("figure", "value (may lie between)"), _figures(found), words=("figure", "value (may lie between)"))
    _show_search(found)
    for line in (
        f"intervals: {'; '.join(found.intervals)}",
        *(f"note: {note}" for note in found.notes),
        *(f"source: {source}" for source in found.sources),
    ):
        print(line)


def _show_layout(found: Training) -> None:
    from puna.commands.plan.words import counted, short

    layout, work = found.best.layout, found.work
    extras = (
        [f"{layout.virtual} chunks a stage"] * (layout.pp > 1)
        + [f"weights in {work.base.name}" for _ in [0] if work.base]
        + ["recomputing"] * layout.recompute
        + ["weights spread"] * layout.sharded
    )
    print(
        f"{work.model.name} on {found.gpus:,} {work.device.name}: {short(found.tokens)} tokens, {counted(work.batch, 'sequence')} of {work.seq:,} a step"
    )
    print(
        f"layout tp,cp,pp,dp{',ep' * (layout.ep > 1)} = {layout.text}; {counted(work.micro_batches(layout), 'micro-batch', 'micro-batches')} of {layout.micro}{''.join(f', {extra}' for extra in extras)}\n"
    )


def _show_memory(found: Training) -> None:
    """Show what a GPU holds. It is counted; what allocators and libraries add is in the share of memory that is not used."""
    from puna.commands.plan.showing import print_table
    from puna.plan.training.memory import usable_bytes

    usable, held = usable_bytes(found.work), found.best.memory.plain()
    rows = [(kind, f"{size / 1e9:.1f}", _bar(size / usable)) for kind, size in held.items()]
    print_table(("memory a GPU", "GB", "of usable"), rows, words=("memory a GPU", "of usable"))
    print()


def _show_step(found: Training) -> None:
    """Show the parts of a step; how far measured runs lie from them is in the interval of the MFU, for all together."""
    from puna.commands.plan.showing import print_table

    step = found.best.step
    parts = {name.replace("_", " "): seconds for name, seconds in step.plain().items() if seconds}
    rows = [(name, f"{seconds:.3f}", _bar(seconds / step.seconds)) for name, seconds in parts.items()]
    print_table(("time of a step", "seconds", "of the step"), rows, words=("time of a step", "of the step"))
    print()


def _figures(found: Training) -> list[tuple[str, str]]:
    from puna.commands.plan.words import between, short
    from puna.pages.words import size
    from puna.plan.runs import carbon

    rows = [
        ("MFU (causal attention counted)", between(found.mfu, percent=True)),
        ("TFLOP/s a GPU", between(found.mfu.scaled(found.work.device.bf16_flops / 1e12))),
        ("tokens a second", between(found.tokens_per_second)),
        ("effective share of the time", between(found.effective_share, percent=True)),
        ("days", between(found.days)),
        ("GPU-hours", between(found.gpu_hours)),
        ("overhead, billed by trained", between(found.overhead)),
        ("GPU-hours, all in", between(found.all_in_gpu_hours)),
        *([("utilisation, all in", between(found.all_in_utilisation, percent=True))] if found.all_in_utilisation else []),
        ("dollars, without overhead", between(found.dollars) if found.dollars else "no price in the table"),
        ("energy, MWh", between(found.energy_mwh) if found.energy_mwh else "no watts in the table"),
        *([("CO2, tonnes", between(carbon(found.energy_mwh)))] if found.energy_mwh else []),
        (
            "checkpoint",
            f"{size(found.checkpoint_bytes)}, {size(found.checkpoint_bytes / found.gpus)} a GPU, each {found.interval_seconds / 60:.0f} minutes",
        ),
    ]
    if found.adapter_params:
        rows.append(("adapter parameters", short(found.adapter_params)))
    after: dict[str, Any] | None = found.post_training
    if after:
        rows.append((f"post-training, {after['rounds']} rounds, GPU-hours", between(after["gpu_hours"])))
    return rows


def _show_search(found: Training) -> None:
    from puna.commands.plan.showing import print_table
    from puna.commands.plan.words import counted
    from puna.plan.training.planning import why_lost

    print()
    if found.found is None:
        return
    search = found.found
    print(
        f"{counted(search.tried, 'layout')} tried, {len(search.fitting):,} fit{'s' if len(search.fitting) == 1 else ''}. Within 2 points of the fastest counts as equal; of those the simplest is taken.\n"
    )
    print_table(
        ("fastest", "micro", "MFU", "GB a GPU"),
        ((c.layout.text, str(c.layout.micro), f"{c.mfu:.1%}", f"{c.memory.total / 1e9:.1f}") for c in search.fitting[:5]),
        words=("fastest",),
    )
    print()
    print_table(
        ("why others lose", "layouts", "the best of them"),
        ((lost.reason, f"{lost.count:,}", lost.example) for lost in why_lost(search)),
        words=("why others lose", "the best of them"),
    )
    print()


def _bar(share: float) -> str:
    return f"{'█' * round(20 * min(share, 1)):20} {share:5.1%}"
