"""Interruptions: how many to expect, what they cost, and how often to write a checkpoint.

Llama 3 405B was interrupted 466 times in 54 days on 16,384 GPUs, 419 of them unplanned, and still trained for more than 90 % of the time (arXiv
2407.21783, section 3.3.4). Table 5 counts them by component; here a component's rate is its count by GPU-hours, and the expected number grows with both.
The interval of a count is Poisson's, so 2 broken CPUs say little of the next run.

Between checkpoints a run does `interval` seconds of work, then waits `blocking` seconds for the checkpoint; an interruption throws away the work since
the last one and costs `restart` seconds. If interruptions come at random with `mtbf` seconds between them on average, a segment takes

    mtbf * exp(restart / mtbf) * (exp((interval + blocking) / mtbf) - 1)

on average (Daly 2006, doi 10.1016/j.future.2004.11.016), and what of it was work is the effective share. Young's `sqrt(2 * blocking * mtbf)` (1974) is
nearly its best interval; the exact one solves with Lambert's W.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from puna.errors import ConfigError
from puna.plan.estimate import Estimate
from puna.plan.tables import rows_of
from puna.seeds import seed_of

SOURCE = "interruptions: arXiv 2407.21783, table 5 (16,384 H100s, 54 days)"
MISPRINT = "table 5 prints 30.1 % for faulty GPUs; 148 of 419 is 35.3 %, and the text's 58.7 % of GPU faults is then 64.0 %"
INTERVALS = "95 % of Poisson's for counts and what follows from them, of simulated runs for those"
OBSERVED_GPUS, OBSERVED_DAYS, PLANNED = 16_384, 54, 47
# Seconds that a checkpoint stops training and that a restart takes. Not printed; these two give the printed "above 90 %" at the printed rate of faults.
BLOCKING, RESTART = 5.0, 600.0


@dataclass(frozen=True)
class Component:
    """One row of table 5; `printed_share` is the paper's percentage."""

    name: str
    group: str
    count: int
    printed_share: float

    @property
    def share(self) -> float:
        """Return the share of the unplanned interruptions, by the counts."""
        return self.count / sum(component.count for component in components())


@dataclass(frozen=True)
class Simulated:
    """What seeded runs saw: the mean effective share with its 95 % interval, and the range in which 95 % of single runs lie."""

    mean: Estimate
    one_run: Estimate
    interruptions: Estimate


@cache
def components() -> tuple[Component, ...]:
    """Return table 5's rows."""
    rows = rows_of("faults.csv")
    return tuple(Component(row["component"], row["group"], int(row["count"]), float(row["printed_percent"]) / 100) for row in rows)


def share_of(*groups: str) -> float:
    """Return the share of the unplanned interruptions that fall to groups of components, by the counts."""
    return sum(component.share for component in components() if component.group in groups)


def expected(*, gpus: int, days: float) -> dict[str, Estimate]:
    """Return the expected interruptions by component, the planned ones too. Raises `ConfigError` where there is nothing to expect anything of."""
    scale = _scale(gpus, days)
    counts = {component.name: component.count for component in components()}
    return {name: _poisson(count).scaled(scale) for name, count in {**counts, "planned maintenance": PLANNED}.items()}


def unplanned(*, gpus: int, days: float) -> Estimate:
    """Return all expected unplanned interruptions."""
    return _poisson(sum(component.count for component in components())).scaled(_scale(gpus, days))


def mtbf_seconds(*, gpus: int, planned: bool = True) -> float:
    """Return the mean seconds between interruptions of a job on `gpus` GPUs, with the planned ones unless told otherwise."""
    count = sum(component.count for component in components()) + (PLANNED if planned else 0)
    return OBSERVED_GPUS * OBSERVED_DAYS * 86_400 / count / gpus


def mtbf_estimate(*, gpus: int, planned: bool = True) -> Estimate:
    """Return the mean seconds between interruptions with what the number of observed ones leaves open (Poisson)."""
    value = mtbf_seconds(gpus=gpus, planned=planned)
    count = _poisson(sum(component.count for component in components()) + (PLANNED if planned else 0))
    return Estimate(value, value * count.value / count.high, value * count.value / count.low)


def young_interval(blocking: float, mtbf: float) -> float:
    """Return Young's interval, seconds of work between checkpoints."""
    return math.sqrt(2 * blocking * mtbf)


def daly_interval(blocking: float, mtbf: float) -> float:
    """Return Daly's higher-order interval, seconds of work between checkpoints."""
    if blocking >= 2 * mtbf:
        return mtbf
    ratio = math.sqrt(blocking / (2 * mtbf))
    return math.sqrt(2 * blocking * mtbf) * (1 + ratio / 3 + ratio * ratio / 9) - blocking


def best_interval(blocking: float, mtbf: float) -> float:
    """Return the interval with the greatest effective share: `mtbf * (1 + W(-exp(-1 - blocking / mtbf)))`."""
    from scipy.special import lambertw

    return mtbf * (1 + float(lambertw(-math.exp(-1 - blocking / mtbf)).real))


def effective_share(*, interval: float, blocking: float, restart: float, mtbf: float) -> float:
    """Return the share of time that moves training forward; all in seconds."""
    if (interval + blocking + restart) / mtbf > 500:
        return 0.0
    return interval / (mtbf * math.exp(restart / mtbf) * math.expm1((interval + blocking) / mtbf))


def effective_table(
    *, gpus: int, blockings: tuple[float, ...] = (1, 5, 15, 60, 300), restarts: tuple[float, ...] = (60, 300, 600, 1800)
) -> list[dict[str, Any]]:
    """Return the effective share at the best interval for each pair of seconds that a checkpoint blocks and that a restart takes, with what the number of observed interruptions leaves open."""
    mtbf = mtbf_estimate(gpus=gpus)
    rows: list[dict[str, Any]] = []
    for blocking in blockings:
        interval = best_interval(blocking, mtbf.value)
        for restart in restarts:
            share = Estimate(
                *(effective_share(interval=interval, blocking=blocking, restart=restart, mtbf=m) for m in (mtbf.value, mtbf.low, mtbf.high))
            )
            rows.append({"blocking_seconds": blocking, "restart_seconds": restart, "interval_seconds": interval, "effective_share": share})
    return rows


def effective_estimate(*, gpus: int, blocking: float = BLOCKING, restart: float = RESTART) -> Estimate:
    """Return the effective share at the best interval; low and high: blocking and restart twice and half as long."""

    def at(factor: float) -> float:
        mtbf = mtbf_seconds(gpus=gpus)
        return effective_share(
            interval=best_interval(blocking * factor, mtbf), blocking=blocking * factor, restart=restart * factor, mtbf=mtbf
        )

    return Estimate(at(1), at(2), at(0.5))


# Interruptions that a simulation draws at most, over all of its runs.
MOST_STOPS = 400_000
# From so many interruptions over all runs on, their scatter says how well their cost is known.
FEW_STOPS = 30


def simulate(*, mtbf: float, days: float, interval: float, blocking: float, restart: float, runs: int = 200, seed: int = 0) -> Simulated:
    """Return what `runs` runs of `days` days see whose interruptions come at random; the same seed gives the same figures."""
    import numpy as np

    if runs < 2 or min(days, interval, mtbf) <= 0 or min(blocking, restart) < 0:
        raise ConfigError("a simulation needs two runs, and days, interval and mean time between interruptions above 0")
    generator = np.random.default_rng(seed_of(seed, "faults", runs))
    expected_stops = days * 86_400 / mtbf
    if expected_stops > MOST_STOPS / 2:
        raise ConfigError(f"{expected_stops:.2g} interruptions a run are too many to draw; give fewer GPUs or days")
    runs = min(runs, int(MOST_STOPS / max(expected_stops, 1.0)))
    shares, stops = np.empty(runs), np.empty(runs)
    for run in range(runs):
        shares[run], stops[run] = _one_run(generator, mtbf=mtbf, wall=days * 86_400, interval=interval, blocking=blocking, restart=restart)
    mean, half = float(shares.mean()), 1.96 * float(shares.std(ddof=1)) / math.sqrt(runs)
    # Few interruptions, or none, say little by their own scatter: there it is what their Poisson's count may be, each at the most that one costs.
    total, most_lost = int(stops.sum()), min(1.0, (interval + restart) / (days * 86_400))
    seen = _poisson(total) if total < FEW_STOPS else Estimate(total, total, total)
    under, over = (max(half, off * most_lost / runs) for off in (seen.high - total, total - seen.low))
    low, high = (float(value) for value in np.quantile(shares, [0.025, 0.975]))
    fewest, most = (float(value) for value in np.quantile(stops, [0.025, 0.975]))
    count = float(stops.mean())
    return Simulated(
        Estimate(mean, max(mean - under, 0.0), min(mean + over, 1.0)),
        Estimate(mean, min(low, mean), max(high, mean)),
        Estimate(count, min(fewest, count), max(most, count)),
    )


def outlook(
    *,
    gpus: int,
    days: float,
    blocking: float = BLOCKING,
    restart: float = RESTART,
    interval: float | None = None,
    runs: int = 200,
    seed: int = 0,
) -> dict[str, Any]:
    """Return everything about a run's interruptions: counts, the table of effective time, best intervals, and simulation beside closed form.

    Raises `ConfigError` where a figure is below what it can be.
    """
    counts = expected(gpus=gpus, days=days)
    if not (blocking > 0 and restart >= 0 and (interval is None or interval > 0)):
        raise ConfigError(f"--blocking ({blocking:g}) and --interval must be above 0 seconds, --restart ({restart:g}) at least 0")
    mtbf = mtbf_seconds(gpus=gpus)
    work = best_interval(blocking, mtbf) if interval is None else interval
    between = mtbf_estimate(gpus=gpus)

    def over(figure: Callable[[float], float]) -> Estimate:
        """Return what follows from the time between interruptions, from its low end to its high end."""
        low, high = sorted((figure(between.low), figure(between.high)))
        return Estimate(figure(mtbf), low, high)

    seen = simulate(mtbf=mtbf, days=days, interval=work, blocking=blocking, restart=restart, runs=runs, seed=seed)
    return {
        "gpus": gpus, "days": days, "expected_interruptions": counts, "unplanned_interruptions": unplanned(gpus=gpus, days=days),
        "mtbf_hours": between.scaled(1 / 3600), "mtbf_hours_unplanned": mtbf_estimate(gpus=gpus, planned=False).scaled(1 / 3600),
        "effective_time": effective_table(gpus=gpus), "blocking_seconds": blocking, "restart_seconds": restart, "interval_seconds": work,
        "best_interval_seconds": {"young": over(lambda m: young_interval(blocking, m)), "daly": over(lambda m: daly_interval(blocking, m)), "exact": over(lambda m: best_interval(blocking, m))},
        "effective_share": over(lambda m: effective_share(interval=work, blocking=blocking, restart=restart, mtbf=m)),
        "simulated_effective_share": seen.mean, "one_run_effective_share": seen.one_run, "simulated_interruptions": seen.interruptions,
        "interval_means": INTERVALS, "sources": [SOURCE], "notes": [MISPRINT, "checkpoint and restart seconds are assumptions: the paper prints neither"],
    }  # fmt: skip


def _one_run(generator: Any, *, mtbf: float, wall: float, interval: float, blocking: float, restart: float) -> tuple[float, int]:
    """Return the effective share of one run of `wall` seconds, and how often it was interrupted. What an interruption cuts off is lost; what the end cuts off is not."""
    now, done, stops, ready = 0.0, 0.0, 0, 0.0
    while now < wall:
        gap = float(generator.exponential(mtbf))
        trained = max(0.0, min(gap, wall - now) - ready)
        segments = math.floor(trained / (interval + blocking))
        done += segments * interval
        if now + gap < wall:
            stops += 1
        else:
            done += min(trained - segments * (interval + blocking), interval)
        now, ready = now + gap, restart
    return done / wall, stops


def _scale(gpus: int, days: float) -> float:
    if gpus < 1 or not days > 0 or not math.isfinite(days):
        raise ConfigError(f"--gpus ({gpus}) and --days ({days:g}) must be above 0")
    return gpus * days / (OBSERVED_GPUS * OBSERVED_DAYS)


def _poisson(count: int) -> Estimate:
    """Return a count with its exact 95 % interval (Garwood 1936)."""
    from scipy.special import gammaincinv

    return Estimate(count, float(gammaincinv(count, 0.025)) if count else 0.0, float(gammaincinv(count + 1, 0.975)))
