"""The page of a training run: what a GPU holds against its capacity, where a step's time goes, and the layouts that were tried."""

from __future__ import annotations

from dataclasses import asdict

from puna.pages import row_plots, words
from puna.pages.sheet import BarRow, Section, Sheet, Table
from puna.plan.estimate import fact, within
from puna.plan.runs import carbon
from puna.plan.training.memory import Memory, usable_bytes
from puna.plan.training.planning import Training, why_lost
from puna.plan.training.search import Arrangement, Found

SHOWN = 8
# The colours of what a GPU holds, and of what a step's time goes to: multiplying, other work, waiting for other GPUs' data, and standing idle.
MEMORY = {"weights": "c1", "gradients": "c5", "optimizer": "c3", "activations": "c0", "logits": "c4", "buffers": "c7"}
TIME = {"multiplying": "c1", "other work": "c4", "waiting for data": "c0", "idle": "c7"}
PARTS = {
    "matmul": "multiplying", "attention": "multiplying", "recompute": "other work", "memory_bound": "other work", "optimizer": "other work",
    "tensor_parallel": "waiting for data", "context_parallel": "waiting for data", "expert_parallel": "waiting for data", "pipeline_hops": "waiting for data",
    "data_parallel": "waiting for data", "bubble": "idle",
}  # fmt: skip


def page(found: Training) -> str:
    """Return a planned run as one offline HTML page."""
    work, layout = found.work, found.best.layout
    facts = [
        fact("days", found.days), fact("MFU", found.mfu, _percent), fact("tokens a second", found.tokens_per_second), fact("GPU-hours", found.gpu_hours),
        *([fact("dollars", found.dollars)] if found.dollars else []), ("memory a GPU", words.size(found.best.memory.total)), ("layout", layout.text),
    ]  # fmt: skip
    lead = f"{words.figure(found.tokens)} tokens on {found.gpus:,} {work.device.name}, {work.batch:,} sequences of {work.seq:,} a step."
    sections = [
        Section("What the fullest GPU holds", [_held(found)], bars=_memory(found)),
        Section(
            "Where the time of a step goes",
            [f"A step takes {found.best.step.seconds:.3g} s."],
            bars=_step(found),
            legend=tuple(TIME.items()),
        ),
        Section("The run", table=_figures(found)),
    ]
    if found.found:
        sections += [Section("The fastest layouts", [_tried(found.found)], table=_layouts(found, found.found), legend=tuple(MEMORY.items())),
                     Section("Why others lose", table=_lost(found.found))]  # fmt: skip
    return Sheet(f"Training {work.model.name}", lead, facts, sections, found.notes, found.sources).page()


def _held(found: Training) -> str:
    layout, work = found.best.layout, found.work
    ways = [
        f"{work.micro_batches(layout)} micro-batches of {layout.micro}", *([f"{layout.virtual} chunks a stage"] if layout.pp > 1 else []),
        *(["layers recomputed"] if layout.recompute else []), *(["weights spread"] if layout.sharded else []),
    ]  # fmt: skip
    return f"Layout {layout.text} (tp,cp,pp,dp{',ep' if layout.ep > 1 else ''}; {', '.join(ways)}). The line is what tensors can fill, {words.size(usable_bytes(work))} of {words.size(work.device.memory_per_chip)}."


def _memory(found: Training) -> list[BarRow]:
    held, usable = found.best.memory, usable_bytes(found.work)
    rows = [("all", _kinds(held), held.total), *((kind, [(MEMORY[kind], size)], size) for kind, size in asdict(held).items() if size)]
    svgs = row_plots.bars(
        [segments for _, segments, _ in rows], labels=[f"{kind}: {words.size(size)}" for kind, _, size in rows], limit=usable
    )
    return [BarRow(kind, svg, f"{words.size(size)}, {size / usable:.1%}") for (kind, _, size), svg in zip(rows, svgs, strict=True)]


def _kinds(held: Memory) -> list[tuple[str, float]]:
    return [(MEMORY[kind], size) for kind, size in asdict(held).items()]


def _step(found: Training) -> list[BarRow]:
    step = found.best.step
    parts = {name: seconds for name, seconds in asdict(step).items() if seconds}
    by_kind = [(TIME[kind], sum(seconds for name, seconds in parts.items() if PARTS[name] == kind)) for kind in TIME]
    ordered = sorted(parts.items(), key=lambda part: list(TIME).index(PARTS[part[0]]))
    rows = [
        ("all", by_kind, step.seconds),
        *((name.replace("_", " "), [(TIME[PARTS[name]], seconds)], seconds) for name, seconds in ordered),
    ]
    svgs = row_plots.bars([segments for _, segments, _ in rows], labels=[f"{name}: {_seconds(seconds)}" for name, _, seconds in rows])
    return [
        BarRow(name, svg, f"{_seconds(seconds)}, {seconds / step.seconds:.1%}") for (name, _, seconds), svg in zip(rows, svgs, strict=True)
    ]


def _figures(found: Training) -> Table:
    energy = found.energy_mwh
    rows = [
        ("effective share of the time", within(found.effective_share, _percent)), ("overhead, hours billed by hours trained", within(found.overhead)),
        ("GPU-hours, all in", within(found.all_in_gpu_hours)),
        *([("utilisation, all in", within(found.all_in_utilisation, _percent))] if found.all_in_utilisation else []), ("TFLOP/s a GPU", within(found.mfu.scaled(found.work.device.bf16_flops / 1e12))),
        ("energy of the GPUs, MWh", within(energy)), ("CO2, tonnes", within(carbon(energy) if energy else None)),
        ("one checkpoint", f"{words.size(found.checkpoint_bytes)}, each {words.duration(found.interval_seconds)}"),
        *([("adapter parameters", words.figure(found.adapter_params))] if found.adapter_params else []),
    ]  # fmt: skip
    after = found.post_training
    if after:
        rows.append((f"post-training, {after['rounds']} rounds, GPU-hours", within(after["gpu_hours"])))
    return Table(("", "value (may lie between)"), rows)


def _tried(found: Found) -> str:
    return f"{found.tried:,} layouts were tried and {len(found.fitting):,} fit. Within 2 points of the fastest counts as equal; of those the simplest is taken."


def _layouts(run: Training, found: Found) -> Table:
    """Return the fastest layouts with the memory that each holds, the chosen one among them."""
    shown = list(found.fitting[:SHOWN])
    if found.chosen not in shown:
        shown.append(found.chosen)
    svgs = row_plots.bars([_kinds(one.memory) for one in shown], labels=[f"{one.layout.text}: {words.size(one.memory.total)}" for one in shown],
                          limit=usable_bytes(run.work))  # fmt: skip
    rows = [_layout(one, run) for one in shown]
    return Table(
        ("layout", "memory a GPU", "MFU", "micro-batch", "bubble", "waiting"),
        rows,
        frozenset({0}),
        frozenset({shown.index(found.chosen)}),
        svgs,
    )


def _layout(one: Arrangement, run: Training) -> tuple[str, ...]:
    step = one.step
    return (one.layout.text, words.size(one.memory.total), _percent(one.mfu), str(one.layout.micro), _percent(step.bubble / step.seconds),
            _percent(step.exposed / step.seconds))  # fmt: skip


def _lost(found: Found) -> Table:
    return Table(
        ("reason", "layouts", "the best of them"),
        [(lost.reason, f"{lost.count:,}", lost.example) for lost in why_lost(found)],
        frozenset({0, 2}),
    )


def _seconds(seconds: float) -> str:
    return f"{seconds:.3g} s" if seconds >= 0.01 else f"{1000 * seconds:.2g} ms"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
