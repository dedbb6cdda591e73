"""A training run from end to end: the layout, what each GPU holds, the speed, and then days, energy, disks and money, each with its doubt.

Three figures are kept apart that are often taken for one. *MFU* is how fast a step is. The *effective share* is how much of the time steps move training
forward, between checkpoints and restarts (`puna.plan.faults`). *Overhead* is what else is billed to a model: of Llama 3.1's cards, 405B's hours hold
hardly any, 8B's nearly twice as much again as its training takes. Days are MFU and effective share alone; the all-in hours hold all three.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

from puna.errors import ConfigError
from puna.plan import errata, faults
from puna.plan import runs as reported_runs
from puna.plan.devices import Device, device, prices
from puna.plan.estimate import Estimate
from puna.plan.models import Sized
from puna.plan.training import calibration
from puna.plan.training.flops import SECONDS_A_DAY, flops_per_token
from puna.plan.training.layouts import Job, Layout, job, parsed
from puna.plan.training.memory import OPTIMIZER_BYTES, usable_bytes
from puna.plan.training.search import Arrangement, Found, Lost, fixed, search
from puna.plan.training.steps import job_flops_per_token
from puna.plan.training.tuning import SOURCE as TUNING_SOURCE
from puna.plan.training.tuning import Rounds, base_format, lora_params, post_training

Tuning = Literal["pretrain", "full", "lora"]
# What the intervals are, none of them 95 % of anything: ends that are put together, low with low.
INTERVALS = (
    "MFU: from as far below as reported runs on other software fell to the most that other efficiencies of links give",
    "effective share: checkpoints and restarts half and twice as long",
    "overhead: from the run alone to what Llama 3.1 8B's card holds",
    "dollars: prices 40 % apart",
    "post-training: answers and steps from the fewest to the most that are assumed",
)
# The paper's batch (table 4), and Chinchilla's twenty tokens a parameter where a model has no printed number of tokens.
DEFAULT_BATCH, DEFAULT_SEQ, TOKENS_A_PARAM = 16_777_216, 8192, 20


@dataclass(frozen=True)
class Training:
    """One planned run."""

    work: Job
    best: Arrangement
    found: Found | None
    tokens: float
    mfu: Estimate
    effective_share: Estimate
    overhead: Estimate
    tuning: Tuning
    adapter_params: int | None
    rounds: Rounds | None
    interval_seconds: float

    @property
    def gpus(self) -> int:
        return self.best.layout.gpus

    @property
    def tokens_per_second(self) -> Estimate:
        """Return the tokens a second of all GPUs while nothing is interrupted."""
        return self.mfu.scaled(self.gpus * self.work.device.bf16_flops / job_flops_per_token(self.work))

    @property
    def days(self) -> Estimate:
        speed, share = self.tokens_per_second, self.effective_share

        def at(tokens_per_second: float, effective: float) -> float:
            return self.tokens / tokens_per_second / effective / SECONDS_A_DAY

        return Estimate(at(speed.value, share.value), at(speed.high, share.high), at(speed.low, share.low))

    @property
    def gpu_hours(self) -> Estimate:
        return self.days.scaled(24 * self.gpus)

    @property
    def all_in_gpu_hours(self) -> Estimate:
        hours = self.gpu_hours
        return Estimate(hours.value * self.overhead.value, hours.low * self.overhead.low, hours.high * self.overhead.high)

    @property
    def all_in_utilisation(self) -> Estimate | None:
        """Return what a model card's hours would show of a pre-training: 6 N D by the peak of all hours billed. MFU, effective share and overhead in one."""
        if self.tuning != "pretrain":
            return None
        done = flops_per_token(self.work.model, seq=self.work.seq, convention="6n") * self.tokens
        return self.all_in_gpu_hours.scaled(3600 * self.work.device.bf16_flops / done).reciprocal()

    @property
    def card(self) -> dict[str, Any] | None:
        """Return what the model's own card says that training it took, where this plans that."""
        run = reported_runs.timed_runs().get(self.work.model.name)
        if run is None or self.tuning != "pretrain":
            return None
        return {
            "chip": run.chip,
            "chip_hours": run.chip_hours,
            "tokens": run.tokens,
            "all_in_utilisation": run.all_in,
            "source": run.source,
        }

    @property
    def energy_mwh(self) -> Estimate | None:
        """Return the energy of the GPUs at their rated power; None where the maker names none."""
        watts = self.work.device.watts
        return None if watts is None else self.gpu_hours.scaled(watts / 1e6)

    @property
    def dollars(self) -> Estimate | None:
        price = prices().get(self.work.device.name)
        return None if price is None else price.of(self.gpu_hours)

    @property
    def checkpoint_bytes(self) -> float:
        """Return one checkpoint's bytes: fp32 weights and Adam's moments of what is trained."""
        return OPTIMIZER_BYTES * self.work.model.total_params * self.work.trained

    @property
    def post_training(self) -> dict[str, Any] | None:
        if self.rounds is None:
            return None
        return post_training(self.work.model, peak_flops=self.work.device.bf16_flops, mfu=self.mfu.value,
                                    effective_share=self.effective_share.value, plan=self.rounds)  # fmt: skip

    def plain(self) -> dict[str, Any]:
        """Return every figure for JSON; estimates become a value and an interval there."""
        model, layout, step = self.work.model, self.best.layout, self.best.step
        energy, price = self.energy_mwh, prices().get(self.work.device.name)
        return {
            "model": model.name, "params": model.total_params, "active_params": model.active_params, "tuning": self.tuning, "base_format": self.work.base.name if self.work.base else "bf16",
            "trained_params": model.total_params if self.adapter_params is None else self.adapter_params,
            "gpu": self.work.device.name, "gpus": self.gpus, "layout": {**layout.plain(), "text": layout.text, "micro_batches": self.work.micro_batches(layout)},
            "seq": self.work.seq, "batch_tokens": self.work.batch * self.work.seq, "tokens": self.tokens,
            "memory_per_gpu_bytes": self.best.memory.plain(), "usable_bytes_per_gpu": usable_bytes(self.work),
            "flops_per_token": {convention: flops_per_token(model, seq=self.work.seq, convention=convention) for convention in ("6n", "matmul", "full", "causal")},
            "mfu": self.mfu, "mfu_6n": self.mfu.scaled(flops_per_token(model, seq=self.work.seq, convention="6n") / flops_per_token(model, seq=self.work.seq)),
            "tflops_per_gpu": self.mfu.scaled(self.work.device.bf16_flops / 1e12),
            "step_seconds": step.plain(), "exposed_communication_share": step.exposed / step.seconds, "bubble_share": step.bubble / step.seconds,
            "tokens_per_second": self.tokens_per_second, "effective_share": self.effective_share, "overhead": self.overhead,
            "days": self.days, "gpu_hours": self.gpu_hours, "all_in_gpu_hours": self.all_in_gpu_hours, "all_in_utilisation": self.all_in_utilisation, "reported": self.card,
            "energy_mwh": energy, "tonnes_co2": None if energy is None else reported_runs.carbon(energy),
            "checkpoint_bytes": self.checkpoint_bytes, "checkpoint_bytes_per_gpu": self.checkpoint_bytes / self.gpus,
            "checkpoint_interval_seconds": self.interval_seconds, "checkpoint_bytes_one_a_day": self.checkpoint_bytes * math.ceil(self.days.value),
            "dollars": self.dollars, "price": None if price is None else {"dollars_per_hour": price.dollars_per_hour, "date": price.date, "source": price.source},
            "post_training": self.post_training, **self._search(), "interval_means": self.intervals, "sources": self.sources, "notes": self.notes,
        }  # fmt: skip

    @property
    def intervals(self) -> list[str]:
        """Return what the intervals are, of those figures that this plan has."""
        had = (True, True, self.overhead.low < self.overhead.high, self.dollars is not None, self.rounds is not None)
        return [means for means, has in zip(INTERVALS, had, strict=True) if has]

    @property
    def sources(self) -> list[str]:
        price = prices().get(self.work.device.name)
        found = [
            calibration.SOURCE,
            faults.SOURCE,
            f"{self.work.device.name}: {self.work.device.source}",
            f"{self.work.model.name}: {self.work.model.source}",
        ]
        found += [f"{self.work.base.name}: {self.work.base.source}"] if self.work.base else []
        found += (
            [reported_runs.SOURCE]
            + ([f"price of {price.date}: {price.source}"] if price else [])
            + ([TUNING_SOURCE] if self.rounds else [])
        )
        return found

    @property
    def notes(self) -> list[str]:
        said = [
            "MFU counts the causal half of attention; `full` and `6n` conventions beside it",
            "energy is the GPUs' rated power; servers and cooling add to it",
        ]
        if prices().get(self.work.device.name) is None:
            said.append(f"no price of {self.work.device.name} in the table, so no dollars")
        if self.work.device.name != "h100":
            said.append("kernels' share of the peak is measured on H100s and assumed for other chips")
        if self.work.base is not None:
            said.append(
                f"{self.work.base.name} weights are turned back to bf16 for each micro-batch: what memory makes of that is counted, and no measured kernel is behind it"
            )
        if self.work.model.experts is not None:
            said.append("a mixture's exchange of experts is counted as exposed; a schedule that hides it, as DeepSeek-V3's does, is faster")
        if self.card is not None:
            said.append(
                f"its card says {self.card['chip_hours']:,.0f} {self.card['chip']}-hours for {self.card['tokens'] / 1e12:g}T tokens: an all-in utilisation of {self.card['all_in_utilisation']:.1%} (6 N D by the hours' dense peak)"
            )
        return said + errata.said(self.work.model.name, command="train")

    def _search(self) -> dict[str, Any]:
        if self.found is None:
            return {"layouts_tried": 0, "layouts_that_fit": 0, "best_layouts": [], "why_others_lose": []}
        best = [
            {**c.layout.plain(), "text": c.layout.text, "mfu": c.mfu, "memory_per_gpu_bytes": c.memory.total}
            for c in self.found.fitting[:5]
        ]
        return {"layouts_tried": self.found.tried, "layouts_that_fit": len(self.found.fitting), "best_layouts": best,
                "why_others_lose": [{"reason": lost.reason, "count": lost.count, "example": lost.example} for lost in self.found.lost]}  # fmt: skip


def train(
    model: Sized,
    *,
    gpus: int,
    gpu: str | Device,
    layout: str | Layout | None = None,
    seq: int | None = None,
    batch_tokens: int = DEFAULT_BATCH,
    tokens: float | None = None,
    tune: Tuning = "pretrain",
    lora_rank: int = 16,
    base: str = "bf16",
    overhead: float | None = None,
    rounds: Rounds | None = None,
) -> Training:
    """Plan the training of `model` on so many GPUs, with the best of all layouts or the given one.

    `seq` defaults to 8,192 tokens, or the model's positions where they are fewer; `tokens` to the model's printed number, else to twenty a parameter; `base` is the format of weights that `lora` freezes. Raises `ConfigError` for what cannot be, `FitError` for what does not fit,
    both with what would.
    """
    _check(gpus=gpus, tokens=tokens, tune=tune, overhead=overhead)
    chip = device(gpu) if isinstance(gpu, str) else gpu
    adapters = lora_params(model, lora_rank) if tune == "lora" else None
    frozen = base_format(base)
    if frozen is not None and adapters is None:
        raise ConfigError(f"--base {base}: only frozen weights may be quantized while others learn; add --tune lora, or leave it out")
    trained = 1.0 if adapters is None else adapters / model.total_params
    work = job(model, chip, seq=_positions(model, seq), batch_tokens=batch_tokens, trained=trained, base=frozen)
    efficiency, found = calibration.fitted(), None
    if layout is None:
        found = search(work, gpus=gpus, efficiency=efficiency)
        best = found.chosen
    else:
        best = fixed(work, parsed(layout) if isinstance(layout, str) else layout, gpus=gpus, efficiency=efficiency)
    return Training(
        work=work, best=best, found=found, tokens=tokens or _tokens(model), mfu=calibration.mfu_estimate(work, best.layout),
        effective_share=faults.effective_estimate(gpus=gpus), overhead=_overhead(tune) if overhead is None else Estimate(overhead, overhead, overhead),
        tuning=tune, adapter_params=adapters, rounds=rounds,
        interval_seconds=faults.best_interval(faults.BLOCKING, faults.mtbf_seconds(gpus=gpus)),
    )  # fmt: skip


def _check(*, gpus: int, tokens: float | None, tune: Tuning, overhead: float | None) -> None:
    if gpus < 1:
        raise ConfigError(f"--gpus {gpus}: must be at least 1")
    if tokens is not None and not 0 < tokens < math.inf:
        raise ConfigError(f"--tokens {tokens:g}: must be above 0")
    if tune != "pretrain" and tokens is None:
        raise ConfigError(f"--tune {tune}: give --tokens, the tokens of all epochs together; no model's are printed")
    if overhead is not None and not 1 <= overhead < math.inf:
        raise ConfigError(f"--overhead {overhead:g}: hours billed for each hour of training, so at least 1")


def _positions(model: Sized, seq: int | None) -> int:
    """Return the tokens of a sequence. Raises `ConfigError` where the model has no positions for so many."""
    most = model.llama.max_positions
    if seq is not None and seq > most:
        longer = f"; a shape with context={seq} has them" if "=" in model.name else ""
        raise ConfigError(f"--seq {seq:,} is beyond the {most:,} positions of {model.name}; give at most {most:,}{longer}")
    return min(DEFAULT_SEQ, most) if seq is None else seq


def why_lost(found: Found) -> tuple[Lost, ...]:
    """Return why the other layouts lose, the most of them first."""
    return tuple(sorted(found.lost, key=lambda lost: -lost.count))


def _tokens(model: Sized) -> float:
    reported = reported_runs.runs().get(model.name)
    return reported.tokens if reported else float(TOKENS_A_PARAM * model.active_params)


def _overhead(tune: Tuning) -> Estimate:
    """Return hours billed by hours of training: 1, the run itself, and for pre-training up to what Llama 3.1 8B's card holds at the MFU of table 4."""
    if tune != "pretrain":
        return Estimate(1.0, 1.0, 1.0)
    return Estimate(1.0, 1.0, max(overheads().values()))


def overheads() -> dict[str, float]:
    """Return hours billed by hours of training of Llama 3.1's three cards, at the MFU of table 4's second row (by 6 N D) and 90 % effective time."""
    row = calibration.table_4()[1]
    share = flops_per_token(row.work.model, seq=row.work.seq, convention="6n") / flops_per_token(row.work.model, seq=row.work.seq)
    return {
        name: reported_runs.overhead(name, mfu_6n=row.mfu * share, effective_share=0.9)
        for name in ("llama-3.1-8b", "llama-3.1-70b", "llama-3.1-405b")
    }
