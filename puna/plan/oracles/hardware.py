"""Section 6.6: the table of devices against the data sheets (dense, no sparsity). All of it is data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from puna.plan.devices import Device, device
from puna.plan.oracles import why
from puna.plan.oracles.digitised import Digitised
from puna.plan.oracles.known import optional
from puna.plan.oracles.table import Section, half_digit

# The row, and what the data sheets say: bf16, fp8 and int8 TFLOP/s, GB, TB/s, GB/s of links ("" where nobody says).
ROWS = (
    ("a100-80", "312", "", "624", "80", "2.039", "600"),
    ("h100", "989.4", "1,979", "", "80", "3.35", "900"),
    ("h100-pcie", "756", "1,513", "", "80", "2.0", ""),
    ("h100-nvl", "835", "", "", "94", "3.9", "600"),
    ("h200", "989", "1,979", "", "141", "4.8", "900"),
    ("b200", "2,250", "4,500", "", "180", "8.0", "1,800"),
    ("gb200", "2,500", "5,000", "", "186", "8.0", "1,800"),
    ("mi300x", "1,307.4", "2,615", "", "192", "5.3", "896"),
    ("mi325x", "1,307", "", "", "256", "6.0", ""),
    ("mi355x", "2,500", "", "", "288", "8.0", ""),
    ("tpu-v5e", "197", "", "394", "16", ".81", ""),
    ("tpu-v5p", "459", "", "918", "95", "2.77", ""),
    ("tpu-v6e", "918", "", "1,836", "32", "1.6", ""),
    ("l40s", "362", "733", "", "48", ".864", ""),
    ("rtx-5090", "209.5", "", "", "32", "1.79", ""),
    ("rtx-4090", "165.2", "330", "", "24", "1.008", ""),
    ("rtx-3090", "71", "", "", "24", ".936", ""),
    ("a6000", "154.85", "", "", "48", ".768", ""),
    ("t4", "65", "", "", "16", ".32", ""),
    ("v100-32", "125", "", "", "32", ".90", ""),
)
COLUMNS: tuple[tuple[str, str, Callable[[Device], float | None]], ...] = (
    ("bf16", "TFLOP/s", lambda chip: chip.bf16_flops),
    ("fp8", "TFLOP/s", lambda chip: chip.fp8_flops),
    ("int8", "TFLOP/s", lambda chip: chip.int8_flops),
    ("memory", "GB", lambda chip: chip.memory_bytes),
    ("bandwidth", "TB/s", lambda chip: chip.bandwidth_bytes_per_second),
    ("links", "GB/s", lambda chip: chip.link_bytes_per_second),
)
# Links of a torus: one way each, of so many in the row's sum of both ways.
ICI = {"tpu-v5e": 4, "tpu-v5p": 6, "tpu-v6e": 4}
APPLE = {"M2 Ultra": "mac-m2-ultra-192", "M3 Max": "macbook-m3-max-128", "M4 Max": "macbook-m4-max-128"}


# A figure a line.
# fmt: off
def section(_: Digitised) -> Section:
    s = Section("6.6", "Hardware", "makers' data sheets and scaling-book tpus.md, dense")
    for name, *figures in ROWS:
        _chip(s, name, figures)
    s.data("h100: network", "400 Gb/s", lambda: optional(device("h100").network_bytes_per_second))
    s.data_row("one link, one way", "45 90 90", {name: (name, links) for name, links in ICI.items()}, lambda said: _one_way(*said), unit="GB/s")
    s.data("two channels of DDR5-5600, 8 bytes wide", ".0896 TB/s", lambda: device("desktop-ddr5-64gb").bandwidth_bytes_per_second)
    s.data("twelve channels of DDR5-4800", ".461 TB/s", lambda: device("server-ddr5-512gb").bandwidth_bytes_per_second, within=half_digit(".461"))
    s.data_row("memory", "192 128 128", APPLE, lambda name: device(name).memory_bytes, unit="GB")
    s.data_row("bandwidth", ".80 .40 .546", APPLE, lambda name: device(name).bandwidth_bytes_per_second, unit="TB/s", within=0.01)
    s.absent("B200's fp4; upper ends of memory of B200, GB200, v5p and V100, of v6e's peak and v5p's bandwidth", "9,000 192 192 96 16 920 2.8", why.HARDWARE)
    s.absent("MI300X's bf16 peak in two other tables; 4090's fp8 peak with fp16 accumulation", "1,300 660", why.HARDWARE)
    s.absent("sparse bf16 peak of H100 in public tables; fp8 of A100, which has none; a swapped row's peaks of H800", "1,979 624 989 756", why.ERROR)
    return s


def _chip(s: Section, name: str, figures: Sequence[str]) -> None:
    for printed, (what, unit, column) in zip(figures, COLUMNS, strict=True):
        if printed:
            # The table may hold more digits than the list that it is checked against: 2,614.9 for 2,615.
            s.data(f"{name}: {what}", f"{printed} {unit}", partial(_cell, name, column), within=half_digit(printed))


def _cell(name: str, column: Callable[[Device], float | None]) -> float:
    return optional(column(device(name)))


def _one_way(name: str, links: int) -> float:
    return optional(device(name).link_bytes_per_second) / 2 / links
