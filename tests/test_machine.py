"""What the machine is said to be follows from what its system reports; here the reports are made up."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from puna import machine
from puna.errors import FitError

GIB = 2**30


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with 64 GiB, of which 48 are free, and no control groups yet; files under the returned folder stand for Linux's."""
    monkeypatch.setattr(machine.psutil, "virtual_memory", lambda: SimpleNamespace(total=64 * GIB, available=48 * GIB))
    monkeypatch.setattr(machine, "CGROUPS", tmp_path / "cgroup")
    monkeypatch.setattr(machine, "MEMBERSHIP", tmp_path / "membership")
    monkeypatch.setattr(machine, "CPUINFO", tmp_path / "cpuinfo")
    return tmp_path


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_without_control_groups_the_machine_decides(system: Path) -> None:
    assert (machine.memory_bytes(), machine.available_memory_bytes()) == (64 * GIB, 48 * GIB)


def test_the_tightest_limit_on_the_way_to_the_root_counts_in_version_2(system: Path) -> None:
    write(system / "membership", "0::/team/job\n")
    write(system / "cgroup/team/memory.max", f"{16 * GIB}\n")
    write(system / "cgroup/team/memory.current", f"{6 * GIB}\n")
    write(system / "cgroup/team/memory.stat", f"anon 1\ninactive_file {2 * GIB}\n")
    write(system / "cgroup/team/job/memory.max", "max\n")
    write(system / "cgroup/team/job/memory.current", "1\n")
    assert machine.memory_bytes() == 16 * GIB
    assert machine.available_memory_bytes() == 12 * GIB  # caches give way


def test_a_container_that_cannot_see_its_own_path_still_finds_its_limit(system: Path) -> None:
    write(system / "membership", "4:memory:/docker/abc\n0::/\n")
    write(system / "cgroup/memory/memory.limit_in_bytes", f"{8 * GIB}\n")
    write(system / "cgroup/memory/memory.usage_in_bytes", f"{3 * GIB}\n")
    assert (machine.memory_bytes(), machine.available_memory_bytes()) == (8 * GIB, 5 * GIB)


def test_version_1s_way_to_say_no_limit_is_no_limit(system: Path) -> None:
    write(system / "membership", "4:cpu,memory:/\n")
    write(system / "cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n")
    write(system / "cgroup/memory/memory.usage_in_bytes", "5\n")
    assert machine.memory_bytes() == 64 * GIB


@pytest.mark.parametrize(
    ("flags", "dtype"), [("avx2 avx512f amx_bf16 amx_tile", "bfloat16"), ("avx512f avx512_bf16", "float32"), ("", "float32")]
)
def test_a_cpu_computes_in_bf16_only_with_amx(system: Path, flags: str, dtype: str) -> None:
    write(system / "cpuinfo", f"processor : 0\nmodel name : Fast 9000\nflags : {flags}\n\nprocessor : 1\n")
    choice = machine.compute_dtype("cpu")
    assert choice.value == dtype
    assert choice.reason
    assert machine.compute_dtype("cpu", width=4096).value == dtype
    assert machine.compute_dtype("cpu", width=128).value == "float32"
    assert machine.cpu_name() == "Fast 9000"


@pytest.mark.parametrize(("supported", "dtype"), [(True, "bfloat16"), (False, "float32")])
def test_a_gpu_computes_in_bf16_where_its_hardware_does(monkeypatch: pytest.MonkeyPatch, supported: bool, dtype: str) -> None:
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: supported and not including_emulation)
    assert machine.compute_dtype("cuda").value == dtype


def test_cuda_is_taken_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "NVIDIA L4")
    assert machine.choose_device().value == machine.device() == "cuda"


@pytest.mark.parametrize("there", [True, False])
def test_without_cuda_the_cpu_computes_and_an_apple_gpu_is_mentioned(monkeypatch: pytest.MonkeyPatch, there: bool) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: there)
    choice = machine.choose_device()
    assert choice.value == "cpu"
    assert ("Apple" in choice.reason) == there


@pytest.mark.parametrize(
    ("name", "peak"),
    [
        ("NVIDIA A100-SXM4-80GB", 312e12),
        ("NVIDIA A100 80GB PCIe", 312e12),
        ("NVIDIA H100 80GB HBM3", 989e12),
        ("NVIDIA H100 PCIe", 756e12),
        ("NVIDIA H200", 989e12),
        ("NVIDIA B200", 2250e12),
        ("NVIDIA L4", 121e12),
        ("NVIDIA L40S", 362e12),
        ("NVIDIA GeForce RTX 4090", 165e12),
        ("NVIDIA GeForce RTX 3090", 71e12),
        ("NVIDIA GeForce RTX 4090 Laptop GPU", None),
        ("NVIDIA H100 80GB HBM3 MIG 1g.10gb", None),
        ("Tesla T4", None),
    ],
)
def test_a_gpus_peak_is_known_by_its_whole_name_only(name: str, peak: float | None) -> None:
    assert machine.gpu_peak(name) == peak


def test_a_known_gpu_is_looked_up_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "NVIDIA H200")
    peak = machine.peak_flops("cuda", "bfloat16")
    assert peak.flops_per_second == 989e12
    assert "NVIDIA H200" in peak.source


def test_a_cpus_peak_is_measured_once_and_at_least_what_a_product_reaches() -> None:
    peak = machine.peak_flops("cpu", "float32")
    assert peak.flops_per_second > 1e8
    assert "measured" in peak.source
    assert machine.peak_flops("cpu", "float32") is peak


def test_what_does_not_fit_is_refused_in_one_line_with_both_sizes(system: Path) -> None:
    with pytest.raises(FitError, match=r"^models/big needs 100\.0 GB in float32, this machine has 68\.7; ") as caught:
        machine.check_fits(100 * 10**9, what="models/big", dtype="float32")
    assert "\n" not in str(caught.value)


def test_what_fits_the_machine_but_not_what_is_free_says_how_much_is_free(system: Path) -> None:
    with pytest.raises(FitError, match=r"has 68\.7 and 51\.5 free"):
        machine.check_fits(60 * 10**9, what="the model")
    machine.check_fits(50 * 10**9, what="the model")


def test_a_gpus_memory_counts_for_what_goes_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda: (20 * 10**9, 24 * 10**9))
    with pytest.raises(FitError, match=r"needs 32\.0 GB, this GPU has 24\.0"):
        machine.check_fits(32 * 10**9, what="the model", device="cuda")


def test_without_a_compiler_there_is_no_compilation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine.shutil, "which", lambda name: None)
    assert machine.compiler().value == "no"


def test_peak_memory_is_that_of_the_stretch_asked_about_and_not_of_the_whole_process() -> None:
    if not machine.PROCESS.joinpath("clear_refs").exists():
        pytest.skip("only Linux sets the mark back")
    block = torch.ones(64 * 2**20 // 4)
    first = machine.PeakMemory()
    larger = torch.ones(256 * 2**20 // 4)
    during = first.bytes
    del larger
    after = machine.PeakMemory().bytes
    assert during is not None
    assert after is not None
    assert 200 * 2**20 < during - after < 300 * 2**20
    assert block.numel()


def test_where_the_system_cannot_tell_peak_memory_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "PROCESS", tmp_path / "absent")
    assert machine.PeakMemory().bytes is None
