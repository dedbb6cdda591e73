"""Training checkpoints: what a run resumes from, whole or absent, and never trusted unread.

A checkpoint is a directory `step-00001200/`: weights and AdamW's moments as safetensors by parameter name, `state.json` (how far the run was, and what it was
told), and `index.json` with the size and SHA-256 of each file and of itself. It is written under a temporary name, flushed and renamed, so that a kill at
any moment leaves the checkpoints before it and no half of one. Disks still rot and copies are still cut short, so reading checks every byte: a
damaged checkpoint is set aside with a warning, and the one before it is used. Where none is whole the run stops; starting anew in silence would
cost weeks. Llama 3's 405B was interrupted 419 times in 54 days (arXiv 2407.21783, section 3.3.4).

There is no random state to keep: the order of windows is a function of a seed and a count of tokens, and that count is in `state.json`. Nothing is pickled.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from puna import files
from puna.errors import ConfigError, FormatError, WorkError
from puna.progress import Progress

FORMAT = "puna training checkpoint 1"
WEIGHTS, OPTIMIZER, STATE, INDEX = "weights.safetensors", "optimizer.safetensors", "state.json", "index.json"
NAME = re.compile(r"step-(\d{8,})")
DAMAGED = ".damaged"


@dataclass(frozen=True)
class Checkpoint:
    """A run after `step` steps: weights by name, optimizer state by `"name/moment"`, and plain data."""

    step: int
    weights: Mapping[str, Tensor]
    optimizer: Mapping[str, Tensor]
    state: Mapping[str, Any]


class CheckpointStore:
    """The checkpoints of one run, in `root`: the latest `keep_latest`, and for good those whose step is a multiple of `permanent_every`."""

    def __init__(self, root: Path, *, keep_latest: int, permanent_every: int | None = None) -> None:
        self._root, self._keep_latest, self._permanent_every = root, keep_latest, permanent_every

    def steps(self) -> list[int]:
        """Return the steps of which there is a checkpoint, damaged or not, in order."""
        if not self._root.is_dir():
            return []
        names = (NAME.fullmatch(entry.name) for entry in self._root.iterdir())
        return sorted(int(name[1]) for name in names if name)

    def path(self, step: int) -> Path:
        return self._root / f"step-{step:08d}"

    def save(self, checkpoint: Checkpoint) -> Path:
        """Write `checkpoint`, then remove those that need not be kept. Raises `WorkError` (a full disk); what was there before stays."""
        path = self.path(checkpoint.step)
        with files.atomic_directory(path) as partial:
            _save_tensors(partial / WEIGHTS, checkpoint.weights, named=path)
            _save_tensors(partial / OPTIMIZER, checkpoint.optimizer, named=path)
            _write_json(partial / STATE, {"step": checkpoint.step, **checkpoint.state})
            _write_json(partial / INDEX, _index_of(partial))
        self._remove_passing(self.steps()[: -self._keep_latest])
        return path

    def latest(self, progress: Progress) -> Checkpoint | None:
        """Return the latest whole checkpoint, or None where there are none; damaged ones after it are set aside, with a warning each.

        Raises `FormatError` where there are checkpoints and none is whole; then nothing is moved.
        """
        self._sweep()
        damaged: list[tuple[Path, FormatError]] = []
        for step in reversed(self.steps()):
            try:
                found = read(self.path(step))
            except FormatError as error:
                damaged.append((self.path(step), error))
                continue
            for path, reason in damaged:
                aside = _set_aside(path)
                progress.say(f"warning: damaged checkpoint: {reason}; it is now {aside.name}, and {self.path(step).name} is used")
            return found
        if damaged:
            raise FormatError(
                f"{self._root}: no checkpoint is whole ({damaged[0][1]}); restore one, or remove the directory to train from the start"
            )
        return None

    def drop_passing(self) -> None:
        """Remove every checkpoint that is not kept for good, for a run whose result is safe elsewhere; a kill in between leaves only whole ones."""
        self._sweep()
        self._remove_passing(self.steps())
        if self._root.is_dir() and not any(self._root.iterdir()):
            with files.disk_errors(self._root):
                self._root.rmdir()

    def _remove_passing(self, steps: Sequence[int]) -> None:
        for step in steps:
            if self._permanent_every is None or step % self._permanent_every:
                _remove(self.path(step))

    def _sweep(self) -> None:
        """Remove what a killed process left half written or half removed."""
        for left in self._root.glob(f"step-*{files.PARTIAL}"):
            shutil.rmtree(left, ignore_errors=True)


def read(path: Path) -> Checkpoint:
    """Read and verify one checkpoint. Raises `FormatError` naming what is damaged, `ConfigError` where a later Puna wrote it."""
    try:
        index = files.read_json(path / INDEX)
        _check_index(path / INDEX, index)
        for name, entry in index["files"].items():
            _check_file(path / name, entry)
        state = files.read_json(path / STATE)
        return Checkpoint(state["step"], load_file(path / WEIGHTS), load_file(path / OPTIMIZER), state)
    except OSError as error:
        raise FormatError(f"{path}: cannot be read ({error.strerror or error})") from None


def _index_of(directory: Path) -> dict[str, Any]:
    entries = {file.name: {"bytes": file.stat().st_size, "sha256": files.sha256_of(file)} for file in sorted(directory.iterdir())}
    body = {"format": FORMAT, "files": entries}
    return {**body, "sha256": files.hash_json(body)}


def _check_index(path: Path, index: Any) -> None:
    if not isinstance(index, dict) or index.get("sha256") != files.hash_json({key: index[key] for key in index if key != "sha256"}):
        raise FormatError(f"{path}: its checksum differs")
    if index["format"] != FORMAT:
        raise ConfigError(f"{path}: is a '{index['format']}', and this Puna reads '{FORMAT}'; resume with the version that wrote it")


def _check_file(path: Path, entry: Mapping[str, Any]) -> None:
    if not path.is_file():
        raise FormatError(f"{path}: is missing")
    if path.stat().st_size != entry["bytes"]:
        raise FormatError(f"{path}: has {path.stat().st_size} bytes instead of {entry['bytes']}")
    if files.sha256_of(path) != entry["sha256"]:
        raise FormatError(f"{path}: its checksum differs")


def _write_json(path: Path, value: Any) -> None:
    """Write plainly; the directory around it is what becomes visible at once."""
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")


def _save_tensors(path: Path, tensors: Mapping[str, Tensor], *, named: Path) -> None:
    """Write safetensors; its library reports the system's errors in words of its own."""
    try:
        save_file({name: tensor.detach().contiguous() for name, tensor in tensors.items()}, path)
    except SafetensorError as error:
        number = re.search(r"os error (\d+)", str(error))
        if number is None:
            raise WorkError(f"{named}: cannot be written ({error})") from error
        raise OSError(int(number[1]), os.strerror(int(number[1]))) from error


def _set_aside(path: Path) -> Path:
    """Rename a damaged checkpoint, so that the run can write its own under that name; one set aside before gives way."""
    aside = path.with_name(path.name + DAMAGED)
    with files.disk_errors(path):
        if aside.exists():
            shutil.rmtree(aside)
        path.rename(aside)
    return aside


def _remove(path: Path) -> None:
    """Remove a checkpoint; renamed first, so that a kill in between leaves nothing that looks whole."""
    with files.disk_errors(path):
        doomed = path.with_name(f"{path.name}.{os.getpid()}{files.PARTIAL}")
        path.rename(doomed)
        shutil.rmtree(doomed)
