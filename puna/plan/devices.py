"""What models run on: chips, phones, laptops and whole nodes, a row each in `data/devices.csv`, and what an hour of them costs in `data/prices.csv`.

Arithmetic is dense, with fp32 accumulation; makers' data sheets print twice as much for newer GPUs, with half of the weights zero. A device's memory and bandwidth
are those of all its chips together; `chips` says how many share them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

from puna.errors import ConfigError
from puna.plan.estimate import Estimate
from puna.plan.tables import rows_of
from puna.settings import nearest

# No cluster that trains or serves one model is larger yet; beyond it a name is a slip of the finger.
MOST_CHIPS = 1_000_000
# How far rented prices of one GPU lie apart, as the first row of the table of prices says.
PRICE_SPREAD = 0.4


@dataclass(frozen=True)
class Device:
    """One row of the table; `kind` is gpu, tpu, node, laptop, desktop, server or phone. FLOP/s are dense, bytes and bytes/s of memory; a format that the chip does not multiply is None.

    `link_bytes_per_second` joins a chip to its neighbours in the node (both directions together), `network_bytes_per_second` to other nodes (each direction).
    """

    name: str
    kind: str
    chips: int
    bf16_flops: float
    fp8_flops: float | None
    int8_flops: float | None
    memory_bytes: float
    bandwidth_bytes_per_second: float
    link_bytes_per_second: float | None
    network_bytes_per_second: float | None
    watts: float | None
    source: str

    @property
    def memory_per_chip(self) -> float:
        return self.memory_bytes / self.chips


@dataclass(frozen=True)
class Price:
    """What an hour of a device costs, in US dollars, who says so, and when."""

    device: str
    dollars_per_hour: float
    date: str
    source: str

    def of(self, hours: Estimate) -> Estimate:
        """Return what so many hours cost, from the least at the lowest price to the most at the highest."""
        dollars = hours.scaled(self.dollars_per_hour)
        return Estimate(dollars.value, dollars.low * (1 - PRICE_SPREAD), dollars.high * (1 + PRICE_SPREAD))


@cache
def devices() -> Mapping[str, Device]:
    """Return every device by its name, in the table's order."""
    return {row["name"]: _device(row) for row in rows_of("devices.csv")}


def device(name: str) -> Device:
    """Return a device by name, whatever the case; `2xrtx-4090` is two of that row together. Raises `ConfigError` naming the nearest."""
    known, name = devices(), name.lower()
    if name in known:
        return known[name]
    count, one = _parts(name)
    if one in known and 1 <= count <= MOST_CHIPS:
        return several(known[one], count)
    raise ConfigError(f"no device is called '{name}'{nearest(name, list(known))}")


def several(one: Device, count: int) -> Device:
    """Return `count` of a device as one: memory, bandwidth and arithmetic add up, links between chips stay what they are."""
    if count == 1:
        return one
    inner, chip = _parts(one.name)
    found = devices().get(f"{count * inner}x{chip}")
    return found or replace(
        one, name=f"{count * inner}x{chip}", kind="node", chips=one.chips * count, bf16_flops=one.bf16_flops * count,
        fp8_flops=_times(one.fp8_flops, count), int8_flops=_times(one.int8_flops, count), memory_bytes=one.memory_bytes * count,
        bandwidth_bytes_per_second=one.bandwidth_bytes_per_second * count, watts=_times(one.watts, count), source=f"{count} {one.name}",
    )  # fmt: skip


def chip_of(whole: Device) -> Device:
    """Return the single row that `whole` is made of, `whole` itself where it is one."""
    return devices().get(_parts(whole.name)[1], whole)


def _parts(name: str) -> tuple[int, str]:
    """Return how many of which: `8xh100` is 8 of h100."""
    count, _, one = name.partition("x")
    return (int(count), one) if count.isascii() and count.isdecimal() and len(count) <= 9 and one else (1, name)


def _times(figure: float | None, count: int) -> float | None:
    return None if figure is None else figure * count


@cache
def prices() -> Mapping[str, Price]:
    """Return the price of each device that has one."""
    return {
        row["device"]: Price(row["device"], float(row["dollars_per_hour"]), row["date"], row["source"]) for row in rows_of("prices.csv")
    }


def _device(row: Mapping[str, str]) -> Device:
    """Turn the table's units (TFLOP/s, GB, GB/s, W) into plain ones."""

    def scaled(key: str, unit: float) -> float | None:
        return float(row[key]) * unit if row[key] else None

    flops, memory, bandwidth = (scaled(key, unit) for key, unit in (("bf16_tflops", 1e12), ("memory_gb", 1e9), ("bandwidth_gb_s", 1e9)))
    assert flops is not None
    assert memory is not None
    assert bandwidth is not None
    return Device(
        name=row["name"], kind=row["kind"], chips=int(row["chips"]), bf16_flops=flops, fp8_flops=scaled("fp8_tflops", 1e12),
        int8_flops=scaled("int8_tflops", 1e12), memory_bytes=memory, bandwidth_bytes_per_second=bandwidth, link_bytes_per_second=scaled("link_gb_s", 1e9),
        network_bytes_per_second=scaled("network_gb_s", 1e9), watts=scaled("watts", 1.0), source=row["source"],
    )  # fmt: skip
