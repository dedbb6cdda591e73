"""The manifest of a finished stage: what went in, with what settings and code, what came out.

It is the last file written into a stage's directory, before the rename that finishes it, so a directory without one is not a result. It lists every output with
size and hash: reuse first checks that the files are still those.
"""

from __future__ import annotations

import platform
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

from puna.errors import ConfigError, FormatError
from puna.files import read_json, sha256_of, write_json
from puna.recipe.predicting import Predicted
from puna.settings import Settings, parse
from puna.version import VERSION

NAME = "manifest.json"
# Files up to this size are hashed on every reuse; of larger ones the size is compared, for hashing them could take longer than the stage that reads them.
HASHED_BYTES = 16 << 20


class Output(Settings):
    """One file of the stage."""

    bytes: int
    sha256: str


class Input(Settings):
    """A stage that this one was made from."""

    kind: str
    key: str


class Ancestor(Settings):
    """The parent that a stage, or one before it, used: a stage of another recipe, or a model directory at `path`; its key or hash."""

    recipe: str | None
    stage: str | None
    path: str
    key: str


class Code(Settings):
    """The code that ran: the version, and the git commit where Puna runs from its repository (`-dirty` with uncommitted changes)."""

    version: str
    commit: str | None


class Manifest(Settings):
    """All that is known about a finished stage, and what was `predicted` of it before it ran. `seconds` are those of all its `attempts` since `started`; a killed one counts up to the last file it wrote.

    `machine`, `code` and `peak_memory_bytes`, the most main memory that the process held, are those of the last attempt.
    """

    stage: str
    kind: str
    key: str
    recipe: str
    seed: int
    inputs: dict[str, Input]
    parent: Ancestor | None = None
    files: dict[str, str]
    config: dict[str, Any]
    code: Code
    machine: str
    started: str
    seconds: float
    attempts: int
    peak_memory_bytes: int | None = None
    predicted: Predicted = Predicted()
    figures: dict[str, Any]
    outputs: dict[str, Output]


def write(directory: Path, manifest: Manifest) -> None:
    write_json(directory / NAME, manifest.model_dump(mode="json"))


def read(directory: Path) -> Manifest:
    """Return the manifest of a finished stage. Raises `FormatError` saying how to have the stage built again."""
    try:
        return parse(Manifest, read_json(directory / NAME), where=str(directory / NAME))
    except (FormatError, ConfigError) as error:
        raise FormatError(f"{error}; {_mend(directory)}") from None


def outputs_of(directory: Path, *, but: str) -> dict[str, Output]:
    """Return every file below `directory` but the manifest and the note called `but`, by its relative name, with size and hash."""
    aside = (directory / NAME, directory / but)
    files = sorted(path for path in directory.rglob("*") if path.is_file() and path not in aside)
    return {path.relative_to(directory).as_posix(): Output(bytes=path.stat().st_size, sha256=sha256_of(path)) for path in files}


def check(directory: Path, manifest: Manifest) -> None:
    """Raise `FormatError` where an output is missing or is not the file that was written."""
    for name, output in manifest.outputs.items():
        path = directory / name
        if not path.is_file():
            raise FormatError(f"{path}: missing, though the stage is finished; {_mend(directory)}")
        size = path.stat().st_size
        if size != output.bytes:
            raise FormatError(f"{path}: {size:,} bytes, but {output.bytes:,} were written; {_mend(directory)}")
        if size <= HASHED_BYTES and sha256_of(path) != output.sha256:
            raise FormatError(f"{path}: changed since it was written; {_mend(directory)}")


@cache
def code() -> Code:
    """Return the running code's version, and its commit where the package lies in Puna's own repository."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return Code(version=VERSION, commit=None)
    commit = _git(root, "rev-parse", "HEAD")
    changed = _git(root, "status", "--porcelain", "--untracked-files=no")
    return Code(version=VERSION, commit=f"{commit}-dirty" if commit and changed else commit)


@cache
def machine() -> str:
    """Return this machine in one line for people: what computes, and the versions that results hang on."""
    import torch

    from puna import machine

    threads = f"{torch.get_num_threads()} thread{'s' * (torch.get_num_threads() != 1)}"
    place = torch.cuda.get_device_name() if machine.device() == "cuda" else f"{machine.cpu_name()}, {threads}"
    return f"{place}; Python {platform.python_version()}, PyTorch {torch.__version__}"


def _git(root: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None


def _mend(directory: Path) -> str:
    return f"move {directory} away and run the same command again, which builds it anew"
