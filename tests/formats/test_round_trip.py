"""What is saved comes back bit for bit, in one file or many, in every dtype, and a directory is whole or absent."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from tiny_model import edit_json, equal, tiny_config, tiny_model

from puna import formats
from puna.errors import ConfigError, WorkError
from puna.formats import GenerationDefaults, HuggingFaceAdapter
from puna.model.config import RopeScaling
from puna.model.llama import Llama

SHAPES = {
    "untied": {},
    "tied": {"tied": True},
    "biases": {"attention_bias": True, "mlp_bias": True},
    "every head its own keys": {"num_kv_heads": 4},
    "scaled rotary embeddings": {"rope_scaling": RopeScaling(factor=32, trained=16)},
}


def _bytes(directory: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(directory.iterdir())}


@pytest.mark.parametrize("shard_bytes", [5_000_000_000, 4_000], ids=["one file", "shards"])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
def test_save_load_save_gives_the_same_bytes(shape, dtype: str, shard_bytes: int, tmp_path: Path) -> None:
    model = tiny_model(dtype=getattr(torch, dtype), **shape)
    formats.save(tmp_path / "first", model, None, shard_bytes=shard_bytes)
    loaded = formats.load(tmp_path / "first", dtype=dtype)
    assert loaded.model.config == model.config
    assert equal(loaded.model, model)
    formats.save(tmp_path / "second", loaded.model, None, shard_bytes=shard_bytes, generation=loaded.generation)
    assert _bytes(tmp_path / "second") == _bytes(tmp_path / "first")


def test_shards_stay_within_their_size_and_the_index_lists_every_tensor(tmp_path: Path) -> None:
    formats.save(tmp_path / "model", tiny_model(), None, shard_bytes=4_000)
    index = json.loads((tmp_path / "model" / "model.safetensors.index.json").read_text())
    total = 0
    for shard in sorted(set(index["weight_map"].values())):
        with safe_open(tmp_path / "model" / shard, "pt") as file:
            sizes = [file.get_tensor(name).nbytes for name in file.keys()]  # noqa: SIM118
            assert all(index["weight_map"][name] == shard for name in file.keys())  # noqa: SIM118
        assert len(sizes) == 1 or sum(sizes) <= 4_000
        total += sum(sizes)
    assert total == index["metadata"]["total_size"] == 4 * tiny_config().num_params


def test_the_adapter_is_exact_both_ways() -> None:
    model = tiny_model(attention_bias=True)
    adapter = HuggingFaceAdapter(model.config)
    theirs = dict(pair for name, weight in model.named_parameters() for pair in adapter.to_hf(name, weight))
    back = {name: torch.cat([theirs[part.name] for part in adapter.parts(name)]) for name in adapter.names()}
    assert list(back) == [name for name, _ in model.named_parameters()]
    assert all(torch.equal(back[name], weight) for name, weight in model.named_parameters())
    assert theirs["model.layers.0.self_attn.k_proj.weight"].shape == (8, 16)


def test_saving_can_convert(tmp_path: Path) -> None:
    model = tiny_model()
    formats.save(tmp_path / "model", model, None, dtype="bfloat16")
    assert equal(formats.load(tmp_path / "model", dtype="bfloat16").model, model.to(torch.bfloat16))
    assert json.loads((tmp_path / "model" / "config.json").read_text())["torch_dtype"] == "bfloat16"


def test_files_have_the_rights_that_the_user_gives_new_files(tmp_path: Path) -> None:
    formats.save(tmp_path / "model", tiny_model(), None)
    (tmp_path / "other").touch()
    assert {file.stat().st_mode for file in (tmp_path / "model").iterdir()} == {(tmp_path / "other").stat().st_mode}


def test_a_finished_directory_is_never_overwritten_and_an_empty_one_is_used(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    formats.save(tmp_path / "empty", tiny_model(), None)
    before = _bytes(tmp_path / "empty")
    with pytest.raises(ConfigError, match="nothing finished is overwritten"):
        formats.save(tmp_path / "empty", tiny_model(1), None)
    assert _bytes(tmp_path / "empty") == before
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ConfigError):
        formats.save(tmp_path / "file", tiny_model(), None)


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from tiny_model import tiny_model
from puna import formats
from puna.errors import WorkError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (8_000, 8_000))
try:
    formats.save(Path(sys.argv[1]), tiny_model(), None)
except WorkError as error:
    print("refused:", error)
"""


def test_a_write_that_fails_leaves_nothing_and_says_so_in_one_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path / "model"), str(Path(__file__).parent)], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("refused:")
    assert done.stdout.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(tmp_path)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk needs the system's leave")
    try:
        with pytest.raises(WorkError, match="the disk is full"):
            formats.save(tmp_path / "model", tiny_model(vocab_size=1000), None)
        assert list(tmp_path.iterdir()) == []
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


def test_a_tied_checkpoint_may_store_the_output_matrix_again_if_it_is_equal(tmp_path: Path) -> None:
    untied = tiny_model()
    with torch.no_grad():
        untied.head.weight.copy_(untied.embed.weight)
    formats.save(tmp_path / "model", untied, None)
    edit_json(tmp_path / "model" / "config.json", tie_word_embeddings=True)
    tied = formats.load(tmp_path / "model", dtype="float32").model
    assert tied.head is None
    assert torch.equal(tied.head_weight, untied.head.weight)


def test_generation_defaults_come_back(tmp_path: Path) -> None:
    for number, wanted in enumerate([
        GenerationDefaults((1, 8, 9), 0, temperature=0.7, top_p=0.8, top_k=20),
        GenerationDefaults((3,), None, temperature=0.0),
        GenerationDefaults(),
    ]):  # fmt: skip
        formats.save(tmp_path / str(number), tiny_model(), None, generation=wanted)
        assert formats.load(tmp_path / str(number), dtype="float32").generation == wanted


def test_end_tokens_may_be_one_id_or_stand_in_the_configuration_alone(tmp_path: Path) -> None:
    formats.save(tmp_path / "model", tiny_model(), None)
    (tmp_path / "model" / "generation_config.json").unlink()
    for said, ends in ((7, (7,)), ([7, 8], (7, 8)), (None, ())):
        edit_json(tmp_path / "model" / "config.json", eos_token_id=said)
        assert formats.load(tmp_path / "model", dtype="float32").generation.end_ids == ends


PEAK = """
import re, sys
from pathlib import Path
import torch
from puna import formats
def private(): return int(re.search(r"RssAnon:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) * 1024
import threading, time
peak, done = 0, threading.Event()
def watch():
    global peak
    while not done.is_set():
        peak = max(peak, private()); time.sleep(0.0005)
formats.load(Path(sys.argv[2]), dtype="float32")  # so that what torch imports when it is first used does not count
before = private()
watcher = threading.Thread(target=watch); watcher.start()
model = formats.load(Path(sys.argv[1]), dtype="float32").model
done.set(); watcher.join()
print((max(peak, private()) - before) / (4 * model.config.num_params))
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="reads Linux's account of memory")
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_loading_peaks_near_one_copy_of_the_weights(dtype: str, tmp_path: Path) -> None:
    large = Llama(tiny_config(vocab_size=4000, dim=512, num_layers=8, num_heads=8, num_kv_heads=8, head_dim=64, ffn_dim=2048))
    formats.save(tmp_path / "model", large, None, dtype=dtype)
    formats.save(tmp_path / "tiny", tiny_model(), None)
    done = subprocess.run(
        [sys.executable, "-c", PEAK, str(tmp_path / "model"), str(tmp_path / "tiny")], capture_output=True, text=True, check=True
    )
    assert float(done.stdout) < 1.25
