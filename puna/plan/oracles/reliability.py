"""Section 1.5: what interrupted 54 days of training 405B (arXiv 2407.21783, section 3.3.4 and table 5)."""

from __future__ import annotations

from puna.plan import faults
from puna.plan.oracles import why
from puna.plan.oracles.digitised import Digitised
from puna.plan.oracles.known import HERD
from puna.plan.oracles.table import Section

GPUS, DAYS = 16_384, 54
COUNTS = "148 72 54 35 32 19 17 7 7 6 6 3 3 2 2 2 2 2"
PRINTED = "30.1 17.2 12.9 8.4 7.6 4.5 4.1 1.7 1.7 1.4 1.4 0.7 0.7 0.5 0.5 0.5 0.5 0.5"
SHARES = "35.3 17.2 12.9 8.4 7.6 4.5 4.1 1.7 1.7 1.4 1.4 0.7 0.7 0.5 0.5 0.5 0.5 0.5"
BROKEN = ("gpu", "hardware", "host maintenance")


# A figure a line.
# fmt: off
def section(_: Digitised) -> Section:
    s = Section("1.5", "Reliability", f"{HERD} section 3.3.4")
    seen, by_name = faults.unplanned(gpus=GPUS, days=DAYS), faults.expected(gpus=GPUS, days=DAYS)
    s.data("days observed", "54", lambda: faults.OBSERVED_DAYS)
    s.one("interruptions expected of such a run, all", "466", lambda: sum(count.value for count in by_name.values()), kind="arithmetic")
    s.data("planned ones", "47", lambda: by_name["planned maintenance"].value)
    s.one("unexpected ones", "419", lambda: seen.value, kind="arithmetic")
    s.absent("share of hardware, confirmed or suspected, % (by the counts 76.6, an oracle)", "78", why.MISPRINT)
    s.one("GPU's share by the printed column", "58.7 %", lambda: sum(one.printed_share for one in faults.components() if one.group == "gpu"), kind="arithmetic")
    s.absent("effective training time, at least, %", "90", why.ASSUMED)
    s.absent("manual interventions; change of throughput by day, %, from and to", "3 1 2", why.REPORTED)
    s.one("interruptions a day, at least", "1", lambda: seen.value / DAYS, at_least=True, kind="arithmetic")
    s.source = f"{HERD} table 5"
    components = {one.name: one for one in faults.components()}
    s.row("interruptions", COUNTS, components, lambda one: by_name[one.name].value, kind="data")
    s.data_row("printed share", PRINTED, components, lambda one: one.printed_share, unit="%")
    s.kind = "arithmetic"
    s.row("share by the counts", SHARES, components, lambda one: one.share, unit="%")
    s.one("counts in all", "419", lambda: sum(one.count for one in faults.components()), within=0)
    s.one("printed shares in all", "94.9 %", lambda: sum(one.printed_share for one in faults.components()))
    s.data("faulty GPUs, as misprinted", "30.1 %", lambda: faults.components()[0].printed_share)
    s.one("faulty GPUs, by the counts", "35.3 %", lambda: faults.components()[0].share)
    s.one("GPU faults", "268", lambda: faults.share_of("gpu") * seen.value)
    s.one("GPU's share by the counts", "64.0 %", lambda: faults.share_of("gpu"))
    s.one("hardware and host maintenance", "321", lambda: faults.share_of(*BROKEN) * seen.value)
    s.one("share of hardware and host maintenance", "76.6 %", lambda: faults.share_of(*BROKEN))
    s.source = "derived from table 5"
    s.kind = "computed"
    mtbf = faults.mtbf_seconds(gpus=GPUS, planned=False)
    s.one("mean time between unexpected interruptions", "3.09 h", lambda: mtbf, kind="arithmetic")
    s.one("with the planned ones", "2.78 h", lambda: faults.mtbf_seconds(gpus=GPUS), kind="arithmetic")
    s.one("GPU-hours an unexpected one", "50,677 h", lambda: faults.mtbf_seconds(gpus=1, planned=False), kind="arithmetic")
    s.one("Young's interval, 1 min a checkpoint", "19 min", lambda: faults.young_interval(60, mtbf), kind="arithmetic")
    s.one("Young's interval, 5 min a checkpoint", "43 min", lambda: faults.young_interval(300, mtbf), kind="arithmetic")
    return s
