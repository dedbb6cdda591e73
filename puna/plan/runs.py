"""What reported runs really got out of their chips: all parameters, tokens and hours, and so everything that an MFU leaves out.

The all-in utilisation, 6 N D by hours and dense peak, holds the MFU, the share of time in which training moved forward, and whatever else was billed to
the model: restarts, other stages, runs thrown away. For Llama 3.1 405B the three agree (MFU 41 %, above 90 % effective, 34.6 % all-in); for 8B the card's
hours hold nearly three times what its training should take, and no source says why.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from puna.errors import ConfigError
from puna.plan.devices import device
from puna.plan.estimate import Estimate
from puna.plan.tables import rows_of
from puna.settings import nearest

SOURCE = "reported runs: model cards and papers, puna/plan/data/runs.csv"
# What Llama 3 405B reached on 8,192 to 16,384 GPUs (arXiv 2407.21783, table 4); the middle is its row of 16,384 in round figures.
PRINTED_MFU = Estimate(0.40, 0.38, 0.43)


@dataclass(frozen=True)
class Run:
    """One reported run; `params` are those a token meets. `chip_hours` is None where nobody has said how long it took."""

    name: str
    params: float
    tokens: float
    chip_hours: float | None
    chip: str
    tco2: float | None
    source: str

    @property
    def flops(self) -> float:
        return 6 * self.params * self.tokens

    @property
    def flops_per_chip(self) -> float:
        """Return the FLOP/s each chip did on average over every billed hour."""
        return self.flops / (self._hours * 3600)

    @property
    def all_in(self) -> float:
        """Return the all-in utilisation of the chips' dense peak, 0 to 1."""
        return self.flops_per_chip / device(self.chip).bf16_flops

    @property
    def tokens_per_second_per_chip(self) -> float:
        return self.tokens / (self._hours * 3600)

    @property
    def tonnes_per_mwh(self) -> float | None:
        """Return the tonnes of CO2 that the card counts a MWh of its chips' rated power."""
        watts = device(self.chip).watts
        return None if self.tco2 is None or watts is None else self.tco2 / (self._hours * watts / 1e6)

    def days_on(self, chips: int) -> float:
        return self._hours / chips / 24

    @property
    def _hours(self) -> float:
        assert self.chip_hours is not None, f"nobody has said how long {self.name} took"
        return self.chip_hours


def run_named(name: str) -> Run:
    """Return a reported run by its model's name. Raises `ConfigError` naming the nearest."""
    if name not in runs():
        raise ConfigError(f"no published run is called '{name}'{nearest(name, list(runs()))}")
    return runs()[name]


def timed_runs() -> dict[str, Run]:
    """Return the runs whose hours are known."""
    return {name: run for name, run in runs().items() if run.chip_hours is not None}


@cache
def runs() -> dict[str, Run]:
    """Return every reported run by its model's name."""
    return {row["name"]: Run(row["name"], float(row["params"]), float(row["tokens"]), float(row["chip_hours"]) if row["chip_hours"] else None, row["chip"],
                             float(row["tco2"]) if row["tco2"] else None, row["source"]) for row in rows_of("runs.csv")}  # fmt: skip


def carbon(mwh: Estimate) -> Estimate:
    """Return the tonnes of CO2 of so many MWh at the rate of Llama 3.1's cards (location-based, rated GPU power only)."""
    rates = sorted(rate for run in timed_runs().values() if run.name.startswith("llama-3.1") and (rate := run.tonnes_per_mwh))
    return Estimate(mwh.value * rates[len(rates) // 2], mwh.low * rates[0], mwh.high * rates[-1])


def overhead(name: str, *, mfu_6n: float, effective_share: float) -> float:
    """Return the hours that a reported run billed for each hour that its training takes at this MFU (by 6 N D) and effective share."""
    return mfu_6n * effective_share / runs()[name].all_in
