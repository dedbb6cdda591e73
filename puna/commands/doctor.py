"""`puna doctor`: what this machine is, what Puna will compute with on it, and why."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from puna.machine import Choice


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of the table.")] = False,
) -> None:
    """Show this machine, the device, dtype and kernels that will be used, and why."""
    findings = _examine()
    if as_json:
        print(json.dumps(findings, indent=2, ensure_ascii=False))
    else:
        _show(findings)


def _examine() -> dict[str, Any]:
    """Return every finding by name; what was chosen comes as `{"value", "reason"}`."""
    import os
    import platform
    import shutil
    from dataclasses import asdict
    from importlib.metadata import version

    import torch

    from puna import machine
    from puna.version import VERSION

    device = machine.choose_device()
    dtype = machine.compute_dtype(device.value)
    choices = {
        "device": device,
        "dtype": dtype,
        "attention": _attention(device.value, dtype.value),
        "optimizer": machine.Choice("fused AdamW", "one pass over weights, gradients and moments, and memory is what the step waits for"),
        "compile": machine.compiler(),
    }
    findings: dict[str, Any] = {
        "versions": {"puna": VERSION, "python": platform.python_version(), **{name: version(name) for name in ("torch", "numpy", "tokenizers")}},
        "system": f"{platform.system()} {platform.machine()}",
        "cpu": {"name": machine.cpu_name(), "cores": os.cpu_count(), "threads": torch.get_num_threads(),
                "capability": torch.backends.cpu.get_cpu_capability()},
        "memory": {"bytes": machine.memory_bytes(), "available_bytes": machine.available_memory_bytes()},
        "disk": {"path": os.getcwd(), "free_bytes": shutil.disk_usage(".").free},
        **{name: asdict(choice) for name, choice in choices.items()},
        "peak": asdict(machine.peak_flops(device.value, dtype.value)),
    }  # fmt: skip
    return {**findings, "warnings": _warnings(findings)}


def _attention(device: str, dtype: str) -> Choice:
    """Return the kernel that training's attention runs on: on a CPU one and the same, on a GPU what PyTorch picks for causal grouped queries."""
    import torch
    from torch.nn.attention import SDPBackend

    from puna.machine import Choice

    if device == "cpu":
        return Choice(
            "flash attention", "PyTorch's kernel for CPUs, for all documents of a batch at once; each sees only itself, without a mask"
        )
    q_1HTN, k_1KTN = (torch.zeros(1, heads, 64, 64, device=device, dtype=getattr(torch, dtype), requires_grad=True) for heads in (8, 4))
    picked = SDPBackend(torch._fused_sdp_choice(q_1HTN, k_1KTN, k_1KTN, is_causal=True, enable_gqa=True))
    return Choice(str(picked.name).lower().replace("_", " "), "PyTorch's pick, document by document; each sees only itself, without a mask")


def _warnings(findings: dict[str, Any]) -> list[str]:
    """Say in plain words what will make work on this machine slow or impossible."""
    cpu, memory, disk = findings["cpu"], findings["memory"], findings["disk"]
    told = []
    if findings["device"]["value"] == "cpu" and cpu["threads"] < min(cpu["cores"], 2):
        told.append(f"PyTorch uses {cpu['threads']} of {cpu['cores']} cores: unset OMP_NUM_THREADS to use all.")
    if findings["device"]["value"] == "cpu" and cpu["threads"] > cpu["cores"]:
        told.append(f"PyTorch uses {cpu['threads']} threads on {cpu['cores']} cores, which is slower than one each: lower OMP_NUM_THREADS.")
    if memory["available_bytes"] < 2e9:
        told.append(f"Only {memory['available_bytes'] / 1e9:.1f} GB of memory are free: `puna raise` of the smallest recipe needs about 2.")
    if disk["free_bytes"] < 2e9:
        told.append(f"Only {disk['free_bytes'] / 1e9:.1f} GB are free on the disk: checkpoints may not fit.")
    if findings["compile"]["value"] == "no":
        told.append(f"torch.compile cannot be used: {findings['compile']['reason']}. Training runs without it.")
    return told


def _show(findings: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    versions, cpu, memory, disk, peak = (findings[name] for name in ("versions", "cpu", "memory", "disk", "peak"))
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    rows = {
        "Puna": f"{versions['puna']}, Python {versions['python']}",
        "Libraries": ", ".join(f"{name} {versions[name]}" for name in ("torch", "numpy", "tokenizers")),
        "System": findings["system"],
        "CPU": f"{cpu['name']}, {cpu['cores']} cores, {cpu['capability']}",
        "Threads": f"{cpu['threads']}",
        "Memory": f"{memory['bytes'] / 1e9:.1f} GB, {memory['available_bytes'] / 1e9:.1f} free",
        "Disk": f"{disk['free_bytes'] / 1e9:.1f} GB free at {disk['path']}",
        **{name.capitalize(): f"{findings[name]['value']}: {findings[name]['reason']}"
           for name in ("device", "dtype", "attention", "optimizer", "compile")},
        "Peak": f"{peak['flops_per_second'] / 1e9:,.0f} GFLOP/s ({peak['source']})",
    }  # fmt: skip
    for name, text in rows.items():
        table.add_row(name, Text(text))
    console = Console(highlight=False)
    console.print(table)
    for text in findings["warnings"]:
        console.print(Text(f"Warning: {text}", style="yellow"))
    if not findings["warnings"]:
        console.print(Text("Nothing stands in the way.", style="green"))
