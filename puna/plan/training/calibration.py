"""The one fitted constant, and how well it foretells what it was not fitted on.

Llama 3's table 4 prints three layouts of one model with the FLOP/s that each reached (arXiv 2407.21783). The first row alone sets the share of the dense
peak that kernels reach; the other two are predictions, and so are torchtitan's published runs, on other software and slower GPUs. How far those are off
is the interval of every MFU that Puna predicts.

Each row's pipeline has 16 stages and, by the text, chunks of one layer: the first holds only the embedding and the last only the output, so 128 chunks
on 16 stages, and V = 8.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

from puna.plan.devices import Device, device
from puna.plan.estimate import Estimate
from puna.plan.models import model_of
from puna.plan.tables import rows_of
from puna.plan.training.flops import Convention, utilisation
from puna.plan.training.layouts import Job, Layout, layers_a_stage
from puna.plan.training.steps import Efficiency, mfu, step

SOURCE = "kernel efficiency fitted on row 1 of table 4, arXiv 2407.21783; collectives at 80 % of links and network, an assumption (70 to 95 % moves the other rows' MFU by less than 0.7 points)"

# Between what collectives reach of the links on busy and on quiet machines.
_ASSUMED_RANGE = (0.7, 0.95)


@dataclass(frozen=True)
class Reported:
    """A published run: what was cut how, and the MFU that it reached by Puna's convention. `tuned` is false where the same run has a faster version."""

    name: str
    work: Job
    layout: Layout
    mfu: float
    printed_mfu: float | None = None
    tuned: bool = True


@cache
def table_4() -> tuple[Reported, ...]:
    """Return the three rows of Llama 3's table 4."""
    return tuple(_row(row) for row in rows_of("llama3_layouts.csv"))


@cache
def torchtitan() -> tuple[Reported, ...]:
    """Return torchtitan's published bf16 runs of Llama 3.1 (benchmarks/llama3_h100_202412_torchtitan.md and the file of June 2025)."""
    return tuple(_torchtitan_row(row) for row in rows_of("torchtitan.csv") if not row["float8"])


@cache
def fitted(*, link: float = 0.8, network: float = 0.8) -> Efficiency:
    """Return the efficiencies with which table 4's first row comes out as printed, by bisection; more efficient kernels are always faster."""
    row, low, high = table_4()[0], 0.0, 1.0
    while high - low > 1e-9:
        middle = (low + high) / 2
        low, high = (middle, high) if predicted(row, Efficiency(middle, link, network)) < row.mfu else (low, middle)
    return Efficiency((low + high) / 2, link, network)


def predicted(row: Reported, efficiency: Efficiency) -> float:
    """Return the MFU that the model of `steps` gives a reported run."""
    return mfu(row.work, row.layout, step(row.work, row.layout, efficiency))


@cache
def spread() -> float:
    """Return the least of measured by predicted MFU over every reported run, of torchtitan's those that its compiler or asynchronous TP sped up."""
    return min(row.mfu / predicted(row, fitted()) for row in (*table_4(), *torchtitan()) if row.tuned)


def mfu_estimate(work: Job, layout: Layout) -> Estimate:
    """Return a predicted MFU; low: as far below it as reported runs on other software fell; high: the most that other link efficiencies give."""
    value = mfu(work, layout, step(work, layout, fitted()))
    corners = [fitted(link=link, network=network) for link in _ASSUMED_RANGE for network in _ASSUMED_RANGE]
    return Estimate(value, value * spread(), max(value, *(mfu(work, layout, step(work, layout, corner)) for corner in corners)))


def torchtitan_mfu(row: Mapping[str, str], *, convention: Convention = "full") -> float:
    """Return the bf16-equivalent MFU of one row of `torchtitan.csv`; torchtitan's own logs use the `full` convention."""
    return utilisation(
        model_of(row["model"]),
        tokens_per_second_per_chip=float(row["tokens_per_second_per_gpu"]),
        peak_flops=device("h100").bf16_flops,
        seq=int(row["seq"]),
        convention=convention,
    )


def torchtitan_rows() -> list[dict[str, str]]:
    """Return every row of torchtitan's table, float8 included."""
    return rows_of("torchtitan.csv")


def _row(row: Mapping[str, str]) -> Reported:
    model, h100 = model_of("llama-3.1-405b"), device("h100")
    layout = Layout(int(row["tp"]), int(row["cp"]), int(row["pp"]), int(row["dp"]), virtual=layers_a_stage(model, int(row["pp"])))
    work = Job(model, h100, int(row["seq"]), int(row["batch_per_dp"]) * layout.dp)
    name = f"{int(row['gpus']):,} GPUs, sequences of {work.seq:,}"
    return Reported(name, work, layout, float(row["tflops_per_gpu"]) * 1e12 / h100.bf16_flops, float(row["printed_mfu"]))


def _torchtitan_row(row: Mapping[str, str]) -> Reported:
    model = model_of(row["model"])
    layout = Layout(
        int(row["tp"]), 1, int(row["pp"]), int(row["dp"]), micro=int(row["micro"]), recompute=row["recompute"] == "full", sharded=True
    )
    work = Job(model, _slower_h100(), int(row["seq"]), int(row["dp"]) * int(row["batch_per_dp"]))
    return Reported(f"torchtitan {row['setup']}", work, layout, torchtitan_mfu(row, convention="causal"),
                    tuned="compiled" in row["setup"] or "async" in row["setup"])  # fmt: skip


def _slower_h100() -> Device:
    """Return torchtitan's H100s: 96 GB of HBM2e at 2.4 TB/s and 500 W, by its file; the peak is kept, for MFUs are counted against it."""
    return replace(device("h100"), memory_bytes=96e9, bandwidth_bytes_per_second=2.4e12, watts=500.0)
