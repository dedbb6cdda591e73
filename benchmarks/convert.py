"""Converting a model of a real size, Hugging Face's layout to Meta's and back, and what it takes in memory and time.

A checkpoint of the 8B shape (16 GB of bf16) is filled with random numbers, converted to Meta's layout by `puna convert` and back again, and every tensor's
hash compared; then both results are loaded, and the loaded weights hashed too. Meanwhile the converting process's private memory (RssAnon) is sampled: file
pages that it maps belong to the page cache and can be dropped at any time, private ones cannot. The physical limit printed beside the speed is a plain
copy of the same files to the same disk, flushed like ours, in the same run.

    python benchmarks/convert.py                         # 8B: about 32 GB of free disk, and 17 GB of memory for loading
    python benchmarks/convert.py --shape llama-3.2-1b    # a trial

The last line is one JSON object: `peak_anonymous_gb` and its `bound_gb` (0.5 GB plus twice the largest tensor), `seconds` and `gb_per_second` there and
back, `of_copy` (their speed over the copy's), and whether everything came back `identical`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

POOL_ELEMENTS = 2**24


def make_source(directory: Path, shape: str) -> None:
    """Write a random checkpoint: every tensor is a run of one pool of normal numbers, from another place each, so that 16 GB take a minute and not ten."""
    import torch

    from puna.files import write_json
    from puna.formats import HuggingFaceAdapter, hf_config
    from puna.formats.safetensors_writer import Planned, safetensors_target
    from puna.model.config import LlamaConfig
    from puna.seeds import seed_of

    config = LlamaConfig.named(shape)
    directory.mkdir()
    plan = [Planned(name, size, "bfloat16") for name, size in HuggingFaceAdapter(config).shapes()]
    pool = torch.empty(POOL_ELEMENTS).normal_(0, 0.02, generator=torch.Generator().manual_seed(0)).bfloat16()
    with safetensors_target(directory, plan) as target:
        for number, planned in enumerate(plan):
            count = planned.num_bytes // 2
            begin = seed_of(0, "pool", number) % POOL_ELEMENTS
            target.write(planned.name, pool.roll(-begin).repeat(-(-count // POOL_ELEMENTS))[:count].view(planned.shape))
    write_json(directory / "config.json", hf_config(config, dtype="bfloat16"))


def hash_stored(directory: Path) -> dict[str, str]:
    """Return each tensor's SHA-256, read by the safetensors library."""
    import torch
    from safetensors import safe_open

    hashes = {}
    for file in sorted(directory.glob("*.safetensors")):
        with safe_open(file, framework="pt") as handle:
            for name in handle.keys():  # noqa: SIM118
                hashes[name] = hashlib.sha256(handle.get_tensor(name).view(torch.uint8).numpy().data).hexdigest()
    return hashes


def hash_loaded(directory: Path) -> dict[str, str]:
    """Load a model as users do and return the SHA-256 of each tensor by Hugging Face's names."""
    import torch

    from puna.formats import HuggingFaceAdapter, load

    model = load(directory, dtype="bfloat16").model
    adapter = HuggingFaceAdapter(model.config)
    pairs = (pair for name, weight in model.named_parameters() for pair in adapter.to_hf(name, weight.detach()))
    return {name: hashlib.sha256(tensor.view(torch.uint8).numpy().data).hexdigest() for name, tensor in pairs}


def convert(source: Path, target: Path, *, to: str) -> tuple[float, int]:
    """Run `puna convert` as a user does; return its seconds and the peak of its private memory in bytes."""
    began, peak = time.perf_counter(), 0
    with subprocess.Popen(
        [sys.executable, "-m", "puna", "convert", str(source), str(target), "--to", to], stdout=subprocess.DEVNULL
    ) as process:
        while process.poll() is None:
            peak = max(peak, anonymous_bytes(process.pid))
            time.sleep(0.002)
    if process.returncode:
        sys.exit(f"convert to {to} ended with {process.returncode}")
    return time.perf_counter() - began, peak


def anonymous_bytes(pid: int) -> int:
    try:
        found = re.search(r"RssAnon:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return int(found[1]) * 1024 if found else 0


def copy(source: Path, target: Path) -> float:
    """Copy a directory and flush it to the disk; return the seconds."""
    began = time.perf_counter()
    target.mkdir()
    for file in source.iterdir():
        shutil.copyfile(file, target / file.name)
    for file in target.iterdir():
        handle = os.open(file, os.O_RDONLY)
        os.fsync(handle)
        os.close(handle)
    return time.perf_counter() - began


def in_own_process(function: str, *arguments: object) -> Any:
    """Call a function of this file in a process that gives its memory back when it ends."""
    code = f"import json, sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import convert; from pathlib import Path\n"
    code += f"print(json.dumps(convert.{function}(Path(sys.argv[1]), *sys.argv[2:])))"
    done = subprocess.run([sys.executable, "-c", code, *map(str, arguments)], stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def measure(work: Path, shape: str) -> dict[str, Any]:
    from puna.formats import HuggingFaceAdapter
    from puna.model.config import LlamaConfig

    config = LlamaConfig.named(shape)
    largest = max(2 * rows * (rest[0] if rest else 1) for _, (rows, *rest) in HuggingFaceAdapter(config).shapes())
    gigabytes = 2 * config.num_params / 1e9
    source, meta, back = work / "source", work / "meta", work / "back"
    say(f"writing {gigabytes:.1f} GB of random weights")
    in_own_process("make_source", source, shape)
    wanted = in_own_process("hash_stored", source)
    copied = copy(source, work / "copy")
    shutil.rmtree(work / "copy")
    say(f"a plain copy takes {copied:.1f} s")
    there, peak_there = convert(source, meta, to="meta")
    say(f"to Meta's layout: {there:.1f} s, {peak_there / 1e9:.2f} GB of private memory")
    shutil.rmtree(source)
    again, peak_again = convert(meta, back, to="hf")
    say(f"and back: {again:.1f} s, {peak_again / 1e9:.2f} GB of private memory")
    identical = in_own_process("hash_stored", back) == wanted
    say(f"identical: {identical}; loading both")
    loaded = all(in_own_process("hash_loaded", directory) == wanted for directory in (meta, back))
    return {
        "shape": shape,
        "weights_gb": round(gigabytes, 2),
        "peak_anonymous_gb": round(max(peak_there, peak_again) / 1e9, 3),
        "bound_gb": round(0.5 + 2 * largest / 1e9, 3),
        "seconds": {"to_meta": round(there, 1), "to_hf": round(again, 1), "copy": round(copied, 1)},
        "gb_per_second": {
            "to_meta": round(gigabytes / there, 3),
            "to_hf": round(gigabytes / again, 3),
            "copy": round(gigabytes / copied, 3),
        },
        "of_copy": {"to_meta": round(copied / there, 3), "to_hf": round(copied / again, 3)},
        "identical": identical,
        "loaded_identical": loaded,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", default="llama-3-8b", help="the published Llama whose shape is converted")
    parser.add_argument("--directory", type=Path, default=Path(tempfile.gettempdir()), help="where the files go, and are removed again")
    chosen = parser.parse_args()

    from puna.model.config import LlamaConfig

    needed = 2 * 2 * LlamaConfig.named(chosen.shape).num_params + 2**30
    free = shutil.disk_usage(chosen.directory).free
    if free < needed:
        sys.exit(
            f"{chosen.directory}: needs {needed / 1e9:.0f} GB of disk, has {free / 1e9:.0f} GB free; give another --directory or a smaller --shape"
        )
    with tempfile.TemporaryDirectory(prefix="puna-convert-", dir=chosen.directory) as work:
        print(json.dumps(measure(Path(work), chosen.shape)))


if __name__ == "__main__":
    main()
