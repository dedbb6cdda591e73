"""Section 1.4: how Llama 3 405B was cut over its GPUs, how fast it ran, and what a GPU held (arXiv 2407.21783, section 3.3)."""

from __future__ import annotations

from puna.plan.oracles import why
from puna.plan.oracles.digitised import Digitised
from puna.plan.oracles.known import HERD, device, optional, params
from puna.plan.oracles.table import Section
from puna.plan.training.calibration import Reported, fitted, predicted, table_4
from puna.plan.training.memory import GRADIENT_BYTES, OPTIMIZER_BYTES, WEIGHT_BYTES

ROWS = {f"row {row + 1}": row for row in range(3)}


# A figure a line.
# fmt: off
def section(_: Digitised) -> Section:
    s = Section("1.4", "Infrastructure", f"{HERD} table 4")
    s.row("GPUs, TP x CP x PP x DP", "8,192 16,384 16,384", ROWS, lambda row: _of(row).layout.gpus, within=0, kind="arithmetic")
    s.data_row("TP", "8 8 8", ROWS, lambda row: _of(row).layout.tp)
    s.data_row("CP", "1 1 16", ROWS, lambda row: _of(row).layout.cp)
    s.data_row("PP", "16 16 16", ROWS, lambda row: _of(row).layout.pp)
    s.data_row("DP", "64 128 8", ROWS, lambda row: _of(row).layout.dp)
    s.data_row("sequence", "8,192 8,192 131,072", ROWS, lambda row: _of(row).work.seq)
    s.data_row("sequences a DP group", "32 16 16", ROWS, lambda row: _of(row).work.batch / _of(row).layout.dp)
    s.kind = "arithmetic"
    s.row("tokens of a batch (M of 2^20)", "16 16 16", ROWS, lambda row: _of(row).work.batch * _of(row).work.seq, unit="Mi", within=0)
    s.data_row("BF16 rate of a GPU", "430 400 380", ROWS, lambda row: _of(row).mfu * device("h100").bf16_flops, unit="TFLOP/s")
    s.data("row 1: MFU, from which the efficiency is fitted", "43 %", lambda: optional(_of(0).printed_mfu))
    s.kind = "computed"
    s.row("MFU, predicted from row 1's efficiency", "41 38", {"row 2": 1, "row 3": 2}, lambda row: predicted(_of(row), fitted()), unit="%", within=2)
    s.kind = "arithmetic"
    s.row("rate by the dense peak", "43.5 40.4 38.4", ROWS, lambda row: _of(row).mfu, unit="%")
    s.one("the rate that 41 % would need", "405 TFLOP/s", lambda: 0.41 * device("h100").bf16_flops, within=1)
    s.kind = "computed"
    s.data_row("MFU of the text's range", "38 43", {"least": min, "most": max}, lambda pick: float(pick(optional(row.printed_mfu) for row in table_4())), unit="%")
    _machines(s)
    _a_gpu(s)
    return s


def _machines(s: Section) -> None:
    s.source = f"{HERD} section 3.3"
    h100 = device("h100")
    s.data("GPUs at most", "16 Ki", lambda: max(row.layout.gpus for row in table_4()))
    s.data("power of an H100", "700 W", lambda: optional(h100.watts))
    s.data("memory of an H100", "80 GB", lambda: h100.memory_bytes)
    s.data("GPUs a server", "8", lambda: device("8xh100").chips)
    s.data("network of a GPU", "400 Gb/s", lambda: optional(h100.network_bytes_per_second))
    s.absent("cluster: GPUs, GPUs a rack, racks a pod, GPUs a pod, pods, oversubscription, flows", "24K 16 192 3,072 8 1:7 16", why.CLUSTER)
    s.absent("storage: PB, servers, TB/s sustained and at peak, checkpoint of a GPU from and to", "240 7,500 2 7 1MB 4GB", why.CLUSTER)
    s.absent("length of the sequences that were trained without activation checkpointing", "8K", why.SETTING)


def _a_gpu(s: Section) -> None:
    layout = table_4()[1].layout
    held = params("llama-3.1-405b") / (layout.tp * layout.pp)
    s.source, s.kind = "arithmetic on TP 8 and PP 16", "arithmetic"
    s.one("parameters a GPU", "3.17 B", lambda: held)
    s.one("bf16 weights a GPU", "6.34 GB", lambda: WEIGHT_BYTES * held)
    s.one("fp32 gradients a GPU", "12.7 GB", lambda: GRADIENT_BYTES * held)
    s.one("optimizer a GPU at DP 128", "0.30 GB", lambda: OPTIMIZER_BYTES * held / layout.shards)
    s.data("bytes of optimizer a parameter", "12", lambda: OPTIMIZER_BYTES)


def _of(row: int) -> Reported:
    return table_4()[row]
