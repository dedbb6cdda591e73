"""Checkpoints are whole or absent, damage is found wherever it is, and the one before serves."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys

import pytest
import torch

from puna.errors import ConfigError, FormatError, WorkError
from puna.progress import Silent
from puna.train.checkpoint import INDEX, OPTIMIZER, STATE, WEIGHTS, Checkpoint, CheckpointStore, read

FILES = [WEIGHTS, OPTIMIZER, STATE, INDEX]


class Said(Silent):
    def __init__(self):
        self.lines = []

    def say(self, text):
        self.lines.append(text)


def checkpoint(step: int) -> Checkpoint:
    weights = {"norm.weight": torch.full((3,), float(step)), "embed.weight": torch.arange(12.0).view(3, 4).t()}
    return Checkpoint(
        step, weights, {"norm.weight/step": torch.tensor(float(step))}, {"loader": {"stage": "pretrain", "tokens": 64 * step}}
    )


@pytest.fixture
def store(tmp_path):
    store = CheckpointStore(tmp_path / "checkpoints", keep_latest=3)
    for step in (2, 4, 6):
        store.save(checkpoint(step))
    return store


def equal(one, other) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_what_is_read_is_what_was_saved(store):
    found, saved = store.latest(Silent()), checkpoint(6)
    assert found.step == 6
    assert equal(found.weights, saved.weights)
    assert equal(found.optimizer, saved.optimizer)
    assert found.state["loader"] == saved.state["loader"]


def test_no_checkpoint_is_none(tmp_path):
    assert CheckpointStore(tmp_path / "nowhere", keep_latest=1).latest(Silent()) is None


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def truncate(path):
    os.truncate(path, path.stat().st_size - 5)


def empty(path):
    os.truncate(path, 0)


@pytest.mark.parametrize("damage", [flip, truncate, empty, os.unlink])
@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_is_named_and_the_checkpoint_before_is_used(store, name, damage):
    damage(store.path(6) / name)
    said = Said()
    assert store.latest(said).step == 4
    assert len(said.lines) == 1
    assert f"step-00000006/{name}" in said.lines[0]
    assert "step-00000004 is used" in said.lines[0]
    assert store.steps() == [2, 4]
    store.save(checkpoint(6))  # its name is free again
    assert store.latest(said).step == 6


def test_a_flipped_bit_anywhere_is_found_or_changes_nothing(store):
    draw, whole = random.Random(5), read(store.path(6))
    for name in FILES:
        path = store.path(6) / name
        content = path.read_bytes()
        for place in draw.sample(range(len(content)), min(len(content), 150)):
            changed = bytearray(content)
            changed[place] ^= 1 << draw.randrange(8)
            path.write_bytes(changed)
            try:
                found = read(store.path(6))
            except FormatError:
                continue
            assert name == INDEX, "only white space in the index, which is no content, may change unnoticed"
            assert equal(found.weights, whole.weights)
            assert found.state == whole.state
        path.write_bytes(content)


def test_two_damaged_ones_fall_back_twice_with_a_warning_each(store):
    flip(store.path(6) / WEIGHTS)
    (store.path(4) / STATE).unlink()
    said = Said()
    assert store.latest(said).step == 2
    assert len(said.lines) == 2


def test_where_none_is_whole_the_run_stops_and_nothing_is_moved(store):
    for step in (2, 4, 6):
        flip(store.path(step) / OPTIMIZER)
    with pytest.raises(FormatError, match="no checkpoint is whole"):
        store.latest(Silent())
    assert store.steps() == [2, 4, 6]


def test_a_later_format_is_refused_and_not_taken_for_damage(store):
    from puna import files

    path = store.path(6) / INDEX
    body = {**json.loads(path.read_text()), "format": "puna training checkpoint 9"}
    del body["sha256"]
    path.write_text(json.dumps({**body, "sha256": files.hash_json(body)}))
    with pytest.raises(ConfigError, match="checkpoint 9"):
        store.latest(Silent())
    assert store.steps() == [2, 4, 6]


def test_the_latest_are_kept_and_the_permanent_ones_too(tmp_path):
    store = CheckpointStore(tmp_path, keep_latest=2, permanent_every=6)
    for step in range(2, 21, 2):
        store.save(checkpoint(step))
    assert store.steps() == [6, 12, 18, 20]
    assert sorted(entry.name for entry in tmp_path.iterdir()) == [store.path(step).name for step in store.steps()]


def test_a_run_that_is_done_drops_all_but_the_permanent_ones(tmp_path):
    for name, every, left in (("none", None, []), ("some", 6, [6])):
        store = CheckpointStore(tmp_path / name, keep_latest=3, permanent_every=every)
        for step in range(2, 11, 2):
            store.save(checkpoint(step))
        store.drop_passing()
        store.drop_passing()
        assert store.steps() == left
        assert (tmp_path / name).exists() == bool(left)


def test_a_kill_amid_a_removal_leaves_nothing_that_looks_like_a_checkpoint(store, monkeypatch):
    def killed(path, **_):
        next(path.iterdir()).unlink()
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "rmtree", killed)
        with pytest.raises(KeyboardInterrupt):
            store.drop_passing()
    assert store.steps() == [4, 6]
    assert store.latest(Silent()).step == 6
    store.drop_passing()
    assert store.steps() == []


def test_what_a_killed_process_left_is_removed_and_never_read(store):
    half = store.path(8).with_name("step-00000008.123.partial")
    shutil.copytree(store.path(6), half)
    assert store.latest(Silent()).step == 6
    assert not half.exists()


def test_a_write_that_fails_leaves_the_checkpoints_before_it_and_nothing_else(tmp_path):
    """The kernel itself refuses: no file of this process may grow beyond 64 KiB."""
    script = f"""
import resource, torch
from pathlib import Path
from puna.errors import WorkError
from puna.train.checkpoint import Checkpoint, CheckpointStore
store = CheckpointStore(Path({str(tmp_path)!r}), keep_latest=1)
store.save(Checkpoint(1, {{"w": torch.ones(8)}}, {{}}, {{}}))
resource.setrlimit(resource.RLIMIT_FSIZE, (2**16, 2**16))
try:
    store.save(Checkpoint(2, {{"w": torch.ones(2**16)}}, {{}}, {{}}))
except WorkError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.startswith(f"{tmp_path}/step-00000002: ")
    assert done.stdout.count("\n") == 1
    assert [entry.name for entry in tmp_path.iterdir()] == ["step-00000001"]
    assert read(tmp_path / "step-00000001").weights["w"].sum() == 8


def test_a_full_disk_is_called_by_its_name(tmp_path):
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(tmp_path)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk needs the system's leave")
    try:
        store = CheckpointStore(tmp_path / "checkpoints", keep_latest=1)
        store.save(checkpoint(1))
        with pytest.raises(WorkError, match="the disk is full"):
            store.save(Checkpoint(2, {"w": torch.ones(2**19)}, {}, {}))
        assert store.steps() == [1]
        assert len(list((tmp_path / "checkpoints").iterdir())) == 1
        assert store.latest(Silent()).step == 1
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)
