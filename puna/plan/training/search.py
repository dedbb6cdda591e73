"""All layouts of a job, the best few, and why the rest lose.

GPUs factor into `tp,cp,pp,dp` in hundreds of ways, and each way leaves micro-batches, pipeline chunks, recomputing and spreading the weights open. All are tried; those that
do not divide or do not fit are counted by reason, and the slower ones by what costs them most against the best.

The model of a step is not finer than the error with which it foretold table 4, so layouts within `TIE` of the fastest count as equally fast, and the one
that is simplest is taken: tensor parallelism within a node, no recomputing, the fewest kinds of parallelism.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass, replace

from puna.errors import FitError
from puna.plan.training.layouts import Job, Layout, check, cuts, divisors, layers_a_stage, misfit
from puna.plan.training.memory import Memory, memory, usable_bytes
from puna.plan.training.steps import Efficiency, Step, mfu, step

TIE = 0.02
# More sequences a micro-batch than this only cost memory: the matrices are large long before.
_LARGEST_MICRO = 16
# How many times more GPUs are tried for the hint where nothing fits.
_MORE = (2, 3, 4, 6, 8, 12, 16, 24, 32, 64, 128)


@dataclass(frozen=True)
class Arrangement:
    """A layout that fits, and what it holds and takes."""

    layout: Layout
    memory: Memory
    step: Step
    mfu: float


@dataclass(frozen=True)
class Lost:
    """Layouts that lose for one reason: how many, and the best of them with its figures."""

    reason: str
    count: int
    example: str


@dataclass(frozen=True)
class Found:
    """What a search found: the chosen layout, all that fit with the fastest first, and why the others are not chosen."""

    chosen: Arrangement
    fitting: tuple[Arrangement, ...]
    lost: tuple[Lost, ...]
    tried: int


def search(work: Job, *, gpus: int, efficiency: Efficiency) -> Found:
    """Return the best layouts of all. Raises `FitError` where none fits, with the least memory that any needs."""
    fitting: list[Arrangement] = []
    misfits: dict[str, list[str]] = defaultdict(list)
    missed: list[tuple[float, Layout]] = []
    smallest: tuple[float, Layout] | None = None
    tried = 0
    for cut in cuts(gpus):
        for ep in _expert_spreads(work, cut[3]):
            tried += 1
            plain = Layout(*cut, ep=ep)
            found = misfit(plain, work)
            if found:
                misfits[found[0]].append(found[1])
                continue
            best, least = _best_of(work, plain, efficiency)
            if best:
                fitting.append(best)
            else:
                missed.append(least)
            smallest = min((least, *([smallest] if smallest else [])), key=lambda pair: pair[0])
    if missed:
        size, layout = min(missed, key=lambda pair: pair[0])
        misfits["does not fit in memory"] = [f"{layout.text} holds {size / 1e9:,.0f} GB at least"] * len(missed)
    if not fitting:
        raise FitError(_nothing(work, gpus, smallest, misfits))
    fitting.sort(key=lambda candidate: -candidate.mfu)
    chosen = min((c for c in fitting if c.mfu > fitting[0].mfu - TIE), key=lambda candidate: _plainness(candidate, work.domain))
    refused = [Lost(reason, len(examples), examples[0]) for reason, examples in misfits.items()]
    return Found(chosen, tuple(fitting), (*refused, *_slower(chosen, fitting)), tried)


def fixed(work: Job, layout: Layout, *, gpus: int, efficiency: Efficiency) -> Arrangement:
    """Return the best way to run the cut of `layout`. Raises `ConfigError` where it cannot run, `FitError` where it does not fit, with what would."""
    check(layout, work, gpus=gpus)
    best, least = _best_of(work, layout, efficiency)
    if best:
        return best
    try:
        would = search(work, gpus=gpus, efficiency=efficiency).chosen.layout.text
        hint = f"--layout {would} would fit"
    except FitError as error:
        hint = str(error)
    raise FitError(
        f"--layout {layout.text} does not fit: {least[0] / 1e9:,.1f} GB a GPU at least, {usable_bytes(work) / 1e9:,.1f} GB usable; {hint}"
    )


def _best_of(work: Job, cut: Layout, efficiency: Efficiency) -> tuple[Arrangement | None, tuple[float, Layout]]:
    """Return the fastest way to run one cut that fits, and the way that holds least.

    Memory grows with the micro-batch, so the first size that does not fit ends the search, as does the first that is slower than the one before, for
    idle ends only grow with it. Recomputing only slows a way that fits without.
    """
    best: Arrangement | None = None
    least = (float("inf"), cut)
    for sharded in (False, True) if cut.pp == 1 and cut.shards > 1 else (False,):
        for virtual in sorted({layers_a_stage(work.model, cut.pp) if cut.pp > 1 else 1, 1}, reverse=True):
            reached = 0.0
            for micro in (n for n in divisors(work.batch // cut.dp) if n <= _LARGEST_MICRO):
                found, held = _first_fitting(work, replace(cut, micro=micro, virtual=virtual, sharded=sharded))
                least = min(least, held, key=lambda pair: pair[0])
                if found is None:
                    break
                taken = step(work, found[0], efficiency)
                reached, before = mfu(work, found[0], taken), reached
                if best is None or reached > best.mfu:
                    best = Arrangement(found[0], found[1], taken, reached)
                if reached < before:
                    break
    return best, least


def _first_fitting(work: Job, layout: Layout) -> tuple[tuple[Layout, Memory] | None, tuple[float, Layout]]:
    """Return the layout, without recomputing if that fits and else with, and its memory; beside it, what the leaner of the two holds."""
    for recompute in (False, True):
        way = replace(layout, recompute=recompute)
        held = memory(work, way)
        if held.total <= usable_bytes(work):
            return (way, held), (held.total, way)
    return None, (held.total, way)


def _expert_spreads(work: Job, dp: int) -> list[int]:
    experts = work.model.experts
    return [1] if experts is None else [ep for ep in divisors(experts.num_experts) if dp % ep == 0]


def _plainness(arrangement: Arrangement, domain: int) -> tuple[float, ...]:
    layout = arrangement.layout
    kinds = sum(n > 1 for n in (layout.tp, layout.cp, layout.pp, layout.ep))
    return layout.tp > domain, layout.recompute, kinds, -arrangement.mfu


def _slower(chosen: Arrangement, fitting: list[Arrangement]) -> list[Lost]:
    """Group what fits and is slower by the part of its step that costs most against the chosen one's."""
    groups: dict[str, list[Arrangement]] = defaultdict(list)
    base = asdict(chosen.step)
    for candidate in fitting:
        if candidate.mfu < fitting[0].mfu - TIE:
            parts = asdict(candidate.step)
            groups[max(parts, key=lambda part: parts[part] - base[part])].append(candidate)
    lost = []
    for part, losers in groups.items():
        best = losers[0]
        costs = (asdict(best.step)[part] - base[part]) / chosen.step.seconds
        lost.append(
            Lost(
                f"slower: {part.replace('_', ' ')}",
                len(losers),
                f"{best.layout.text} reaches {best.mfu:.1%}; its {part.replace('_', ' ')} adds {costs:.0%}",
            )
        )
    return lost


def _nothing(work: Job, gpus: int, smallest: tuple[float, Layout] | None, misfits: dict[str, list[str]]) -> str:
    if smallest is None:
        reason, examples = max(misfits.items(), key=lambda item: len(item[1]))
        return f"no layout of {gpus:,} {work.device.name} can run this: {reason} ({examples[0]})"
    more = next((count for count in (gpus * factor for factor in _MORE) if _fits(work, count)), None)
    would = f"{more:,} of them would fit it" if more else "larger GPUs, a shorter --seq or --tune lora might"
    return (f"{work.model.name} does not fit {gpus:,} {work.device.name}: the leanest layout, {smallest[1].text}, holds {smallest[0] / 1e9:,.1f} GB a GPU and "
            f"{usable_bytes(work) / 1e9:,.1f} GB are usable; {would}")  # fmt: skip


def _fits(work: Job, gpus: int) -> bool:
    """Return whether any layout of so many GPUs holds the job with the smallest micro-batch."""
    for cut in cuts(gpus):
        for ep in _expert_spreads(work, cut[3]):
            plain = Layout(*cut, ep=ep, recompute=True, sharded=cut[2] == 1 and cut[1] * cut[3] > 1)
            if misfit(plain, work) is None and memory(work, plain).total <= usable_bytes(work):
                return True
    return False
