"""What this machine is and what follows from it: its memory, the device and dtype to compute with, and the arithmetic it could do at most.

Every answer is about here and now, and every choice carries its reason, so that a user can read why a run takes the time it takes. Model FLOPs
utilisation (MFU, arXiv 2204.02311, appendix B) needs the denominator: what the chip does at best. Makers publish it for GPUs; a CPU's depends on cores,
clock and what the scheduler leaves, so it is measured.
"""

from __future__ import annotations

import functools
import os
import platform
import re
import shutil
import subprocess
import sysconfig
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from puna.errors import FitError

CGROUPS = Path("/sys/fs/cgroup")
MEMBERSHIP = Path("/proc/self/cgroup")
CPUINFO = Path("/proc/cpuinfo")
PROCESS = Path("/proc/self")

# Dense bf16 FLOP/s with fp32 accumulation, from NVIDIA's data sheets (which print the sparse figure for newer chips; dense is half of it). Names are matched
# whole: a laptop's 4090, or a slice of an H100, has the name and not the arithmetic.
GPU_PEAKS: tuple[tuple[str, float], ...] = (
    (r"NVIDIA A100-(SXM4|PCIE)-(40|80)GB|NVIDIA A100 80GB PCIe", 312e12),
    (r"NVIDIA A10", 125e12),
    (r"NVIDIA A10G", 70e12),
    (r"NVIDIA H100( 80GB HBM3)?|NVIDIA GH200 (480GB|144G HBM3e)|NVIDIA H800", 989e12),
    (r"NVIDIA H100 PCIe", 756e12),
    (r"NVIDIA H100 NVL|NVIDIA H200 NVL", 835e12),
    (r"NVIDIA H200", 989e12),
    (r"NVIDIA B200", 2250e12),
    (r"NVIDIA L4", 121e12),
    (r"NVIDIA L40S", 362e12),
    (r"NVIDIA L40", 181e12),
    (r"NVIDIA GeForce RTX 4090", 165e12),
    (r"NVIDIA GeForce RTX 3090", 71e12),
)


@dataclass(frozen=True)
class Choice:
    """What was chosen, and why, in one sentence for people."""

    value: str
    reason: str


@dataclass(frozen=True)
class Peak:
    """The most arithmetic a device can do, and who says so: a data sheet or a measurement."""

    flops_per_second: float
    source: str


def memory_bytes() -> int:
    """Return the main memory this process may use: the machine's, or a container's limit where that is lower."""
    return min([int(psutil.virtual_memory().total), *(limit for limit, _ in _cgroup_memory())])


def available_memory_bytes() -> int:
    """Return how much of `memory_bytes` could be allocated now; file caches count as free, for they give way."""
    left = (max(0, limit - used) for limit, used in _cgroup_memory())
    return min([int(psutil.virtual_memory().available), *left])


class PeakMemory:
    """The most main memory that this process holds while something runs. Only Linux lets a process set its high-water mark back."""

    def __init__(self) -> None:
        """Count from now on."""
        try:
            (PROCESS / "clear_refs").write_text("5", encoding="ascii")
            self._counts = True
        except OSError:
            self._counts = False

    @property
    def bytes(self) -> int | None:
        """Return the resident memory at its highest since this was made; None where the system does not tell."""
        found = re.search(r"^VmHWM:\s+(\d+) kB$", (PROCESS / "status").read_text(encoding="ascii"), re.MULTILINE) if self._counts else None
        return int(found[1]) * 1024 if found else None


def choose_device() -> Choice:
    """Return `"cuda"` or `"cpu"`, and why."""
    import torch

    if torch.cuda.is_available():
        return Choice("cuda", f"{torch.cuda.get_device_name()} is there")
    if torch.backends.mps.is_available():
        return Choice("cpu", "Apple's GPU is there, but the kernels here are tested on CUDA and on CPUs only")
    return Choice("cpu", "PyTorch sees no CUDA device")


def device() -> str:
    """Return the device to compute on, `"cuda"` or `"cpu"`."""
    return choose_device().value


# Width from which a model gains from bf16 on a CPU: below it, what surrounds the products costs more than they do (docs/notebook.md).
LEAST_BF16_WIDTH = 512


def compute_dtype(device: str, *, width: int | None = None) -> Choice:
    """Return the dtype to compute with on `device`: `"bfloat16"` where the chip multiplies it in hardware and a model of `width` gains from that, else `"float32"`."""
    import torch

    if device == "cuda":
        if torch.cuda.is_bf16_supported(including_emulation=False):
            return Choice("bfloat16", "the GPU has tensor cores for it")
        return Choice("float32", "the GPU is older than bf16 tensor cores (compute capability 8.0)")
    if "amx_bf16" in cpu_flags():
        if width is not None and width < LEAST_BF16_WIDTH:
            return Choice("float32", f"a model narrower than {LEAST_BF16_WIDTH} gains nothing from the CPU's bf16")
        return Choice("bfloat16", "the CPU has AMX tiles, which multiply bf16 in hardware")
    return Choice("float32", "the CPU has no AMX tiles, and without them bf16 gains speed on few CPUs and costs digits on all")


def peak_flops(device: str, dtype: str) -> Peak:
    """Return what `device` does at best in matrix products of `dtype`: from the table for known GPUs in bf16, else measured (about half a second, once)."""
    import torch

    if device == "cuda":
        name = torch.cuda.get_device_name()
        known = gpu_peak(name)
        if known is not None and dtype == "bfloat16":
            return Peak(known, f"data sheet of {name}, dense bf16")
    return _measured_peak(device, dtype, torch.get_num_threads())


def gpu_peak(name: str) -> float | None:
    """Return the dense bf16 FLOP/s that a GPU's maker states, by the name that its driver reports, or None."""
    return next((peak for pattern, peak in GPU_PEAKS if re.fullmatch(pattern, name)), None)


def check_fits(
    needed_bytes: int,
    *,
    what: str,
    dtype: str | None = None,
    device: str = "cpu",
    advice: str = "free some, or choose something smaller",
) -> None:
    """Raise `FitError` where `needed_bytes` cannot be allocated on `device`; `what` opens the line (a path, or what is being done), `advice` ends it."""
    total, free = _device_memory(device)
    if needed_bytes <= free:
        return
    form = f" in {dtype}" if dtype else ""
    place = "this GPU" if device == "cuda" else "this machine"
    least = f" and {free / 1e9:.1f} free" if needed_bytes <= total else ""
    raise FitError(f"{what} needs {needed_bytes / 1e9:.1f} GB{form}, {place} has {total / 1e9:.1f}{least}; {advice}")


def free_memory_bytes(device: str) -> int:
    """Return how much memory of `device` could be allocated now."""
    return _device_memory(device)[1]


def cpu_name() -> str:
    """Return the processor's name as its maker writes it, or its architecture where the system does not tell."""
    if platform.system() == "Darwin":
        asked = subprocess.run(["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"], capture_output=True, text=True, check=False)
        return asked.stdout.strip() or platform.machine()
    return _cpuinfo().get("model name") or platform.processor() or platform.machine()


def cpu_flags() -> frozenset[str]:
    """Return the instruction sets that the CPU and its kernel offer, in Linux's names (`avx512_vnni`); empty elsewhere."""
    info = _cpuinfo()
    return frozenset((info.get("flags") or info.get("Features") or "").split())


def compiler() -> Choice:
    """Say whether `torch.compile` can build kernels here: `"yes"` or `"no"`. It needs a C++ compiler and Python's headers."""
    names = (os.environ.get("CXX", ""), "g++", "clang++", "c++")
    found = next((path for name in names if name and (path := shutil.which(name))), None)
    if found is None:
        return Choice("no", "there is no C++ compiler (g++ or clang++) on the path")
    if not Path(sysconfig.get_paths()["include"], "Python.h").is_file():
        return Choice("no", "Python's headers (Python.h) are not installed")
    return Choice("yes", f"C++ compiler {found}")


@functools.cache
def _measured_peak(device: str, dtype: str, threads: int) -> Peak:
    """Time square products, larger until one takes 20 ms, and keep the best of those that follow."""
    import torch

    kind = {"float32": torch.float32, "bfloat16": torch.bfloat16}[dtype]
    side, seconds = 256, 0.0
    while seconds < 0.02 and side < 8192:
        side *= 2
        a, b = (torch.full((side, side), 0.5, dtype=kind, device=device) for _ in range(2))
        seconds = min(_seconds_of_product(a, b) for _ in range(2))
    spent, best = 0.0, seconds
    while spent < 0.3:
        seconds = _seconds_of_product(a, b)
        spent, best = spent + seconds, min(best, seconds)
    where = f"{threads} thread{'s' * (threads != 1)}" if device == "cpu" else device
    return Peak(2 * side**3 / best, f"measured: best {dtype} product of two {side} x {side} matrices, {where}")


def _seconds_of_product(a: object, b: object) -> float:
    import torch

    assert isinstance(a, torch.Tensor)
    assert isinstance(b, torch.Tensor)
    if a.device.type == "cuda":
        torch.cuda.synchronize()
    began = time.perf_counter()
    a @ b
    if a.device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - began


def _device_memory(device: str) -> tuple[int, int]:
    """Return total and free bytes of the device's memory."""
    if device != "cuda":
        return memory_bytes(), available_memory_bytes()
    import torch

    free, total = torch.cuda.mem_get_info()
    return int(total), int(free)


def _cpuinfo() -> dict[str, str]:
    """Return the first processor's lines of Linux's `/proc/cpuinfo`."""
    try:
        first = CPUINFO.read_text(encoding="utf-8", errors="replace").split("\n\n")[0]
    except OSError:
        return {}
    pairs = (line.partition(":") for line in first.splitlines())
    return {key.strip(): value.strip() for key, _, value in pairs}


def _cgroup_memory() -> Iterator[tuple[int, int]]:
    """Yield (limit, use) in bytes for each control group that this process is in and that has a limit; ancestors count too."""
    try:
        groups = MEMBERSHIP.read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for line in groups:
        _, controllers, path = line.split(":", 2)
        if not controllers:
            yield from _limits(CGROUPS, path, limit="memory.max", use="memory.current", cache="inactive_file")
        elif "memory" in controllers.split(","):
            yield from _limits(
                CGROUPS / "memory", path, limit="memory.limit_in_bytes", use="memory.usage_in_bytes", cache="total_inactive_file"
            )


def _limits(root: Path, path: str, *, limit: str, use: str, cache: str) -> Iterator[tuple[int, int]]:
    """Yield (limit, use) from the group at `path` up to `root`; inside a container the path may not be visible, and `root` is the container's own."""
    group = root / path.strip("/")
    for folder in (group, *group.parents):
        most, used = _number(folder / limit), _number(folder / use)
        if most is not None and used is not None:
            yield most, max(0, used - _statistic(folder / "memory.stat", cache))
        if folder == root:
            return


def _number(path: Path) -> int | None:
    """Return the integer in a control file; None where it is absent or says `max`."""
    try:
        text = path.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return None
    return int(text) if text.isdigit() else None


def _statistic(path: Path, name: str) -> int:
    """Return one line of a control group's `memory.stat`, in bytes; 0 where it is not told."""
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except (OSError, ValueError):
        return 0
    return next((int(line.split()[1]) for line in lines if line.split()[0] == name), 0)
