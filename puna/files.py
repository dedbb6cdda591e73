"""Files that are whole or absent: atomic writes, hashes, and JSON lines.

Everything Puna finishes is written beside its place under a temporary name, flushed to the disk, and renamed. A process killed at any moment leaves
either nothing or a whole file, plus at most a `*.partial` that the next attempt removes.
"""

from __future__ import annotations

import contextlib
import errno
import glob
import gzip
import hashlib
import io
import json
import os
import shutil
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from puna.errors import ConfigError, FormatError, WorkError

PARTIAL = ".partial"


@contextlib.contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn the operating system's write errors about `path` into a `WorkError`: no space, no permission, not a directory."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise WorkError(f"{path}: the disk is full; free some space and run the same command again") from error
        raise WorkError(f"{path}: cannot be written ({error.strerror or error})") from error


@contextlib.contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success it becomes `path`, on an exception it is removed. Raises `WorkError`."""
    if path.exists() and not path.is_file() and not path.is_dir():
        # A device or a pipe would be replaced by a file, for everybody on the machine.
        raise WorkError(f"{path}: is not a regular file, and would be replaced by one; name another place")
    partial = path.with_name(f"{path.name}.{os.getpid()}{PARTIAL}")
    try:
        with disk_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            remove_partials(path)
            yield partial
            sync(partial)
            partial.replace(path)
            sync(path.parent)
    finally:
        # Where a part of the path is a file there is nothing to remove, and the error that says so must not be replaced.
        with contextlib.suppress(NotADirectoryError):
            partial.unlink(missing_ok=True)


@contextlib.contextmanager
def atomic_directory(path: Path) -> Iterator[Path]:
    """Yield an empty temporary directory beside `path`; on success it becomes `path`, which `check_absent` must allow. Raises `WorkError`."""
    partial = path.with_name(f"{path.name}.{os.getpid()}{PARTIAL}")
    try:
        with disk_errors(path):
            remove_partials(path)
            partial.mkdir(parents=True)
            yield partial
            for file in partial.rglob("*"):
                sync(file)
            sync(partial)
            partial.rename(path)
            sync(path.parent)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def check_absent(path: Path) -> None:
    """Raise `ConfigError` where `path` is there already; an empty directory may be filled. A link, even one to nothing, would not be replaced by what it means."""
    if path.is_symlink() or (path.exists() and not (path.is_dir() and not any(path.iterdir()))):
        raise ConfigError(f"{path}: is there already, and nothing finished is overwritten; choose another place or remove it")


def remove_partials(path: Path) -> None:
    """Remove what killed attempts at `path` left beside it."""
    for left in path.parent.glob(f"{glob.escape(path.name)}.*{PARTIAL}"):
        # Between the two stands the process's number; what has more there is another file's, of a longer name.
        if left.name[len(path.name) + 1 : -len(PARTIAL)].isdigit():
            shutil.rmtree(left, ignore_errors=True) if left.is_dir() else left.unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Flush a file or directory to the disk; without it a rename may survive a power cut that its content does not."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_text(path: Path, text: str) -> None:
    with atomic_file(path) as partial:
        partial.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def read_json(path: Path) -> Any:
    """Return the JSON in `path`. Raises `FormatError` where it is absent or damaged."""
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError:
        raise FormatError(f"{path}: no such file") from None
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{path}: not valid JSON ({error})") from None
    except OSError as error:
        raise FormatError(f"{path}: cannot be read ({error.strerror})") from None


def sha256_of(path: Path) -> str:
    """Return the hex SHA-256 of a file's bytes, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hash_json(value: Any) -> str:
    """Return the hex SHA-256 of a value's canonical JSON: equal values have equal hashes whatever their key order."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()).hexdigest()


def read_jsonl(path: Path, *, raw: io.BufferedReader[Any] | None = None) -> Iterator[tuple[str, Any]]:
    """Yield `("file:line", value)` for each line of a JSONL file (`.gz` or `.zst` allowed); blank lines pass. Raises `FormatError`.

    `raw` is the file where it is open already, as a pipe must be that was looked into.
    """
    number = 0
    try:
        with raw or path.open("rb") as opened, _text_reader(path.suffix, opened) as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield f"{path}:{number}", json.loads(line)
    except FileNotFoundError:
        raise FormatError(f"{path}: no such file") from None
    except UnicodeDecodeError:
        raise FormatError(f"{path}:{number + 1}: not valid UTF-8") from None
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{path}:{number}: not valid JSON ({error})") from None
    except (EOFError, OSError, zlib.error) as error:
        raise FormatError(f"{path}: cannot be read ({error})") from None


def write_jsonl(path: Path, values: Iterable[Any]) -> int:
    """Write one JSON value a line (`.gz` or `.zst` by the name's end) and return how many there were."""
    count = 0
    with atomic_file(path) as partial, _text_writer(partial, path.suffix) as file:
        for count, value in enumerate(values, 1):  # noqa: B007 (it is the result)
            file.write(json.dumps(value, ensure_ascii=False) + "\n")
    return count


def _text_writer(path: Path, suffix: str) -> IO[str]:
    if suffix == ".gz":
        # mtime 0 and no name: the same records must give the same bytes.
        return io.TextIOWrapper(gzip.GzipFile(filename="", mode="wb", fileobj=path.open("wb"), mtime=0), encoding="utf-8", newline="\n")
    if suffix == ".zst":
        import zstandard

        return zstandard.open(path, "wt", encoding="utf-8", newline="\n")  # type: ignore[no-any-return]
    return path.open("w", encoding="utf-8", newline="\n")


def _text_reader(suffix: str, raw: io.BufferedReader[Any]) -> IO[str]:
    binary: Any = raw
    if suffix == ".gz":
        binary = gzip.GzipFile(fileobj=raw)
    elif suffix == ".zst":
        binary = io.BufferedReader(_ZstdFrames(raw))
    return io.TextIOWrapper(binary, encoding="utf-8", newline="\n")


class _ZstdFrames(io.RawIOBase):
    """The bytes of a .zst file, all frames of it. zstandard's own reader stops after the first frame and takes a file that is cut off for a whole one."""

    # One byte can stand for 32 KiB, so this bounds what a hostile file makes of one step to 32 MiB.
    _STEP = 1024

    def __init__(self, file: io.BufferedReader) -> None:
        self._file, self._read, self._written = file, b"", b""
        self._decoder: Any = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._written:
            self._read = self._read or self._file.read(self._STEP)
            if not self._read and self._decoder is None:
                return 0
            if not self._read:
                raise EOFError("it ends in the middle")
            self._decompress()
        count = min(len(buffer), len(self._written))
        buffer[:count], self._written = self._written[:count], self._written[count:]
        return count

    def _decompress(self) -> None:
        import zstandard

        self._decoder = self._decoder or zstandard.ZstdDecompressor().decompressobj()
        try:
            self._written = self._decoder.decompress(self._read)
        except zstandard.ZstdError as error:
            raise OSError(str(error)) from None
        self._read = self._decoder.unused_data
        if self._decoder.eof:
            self._decoder = None

    def close(self) -> None:
        self._file.close()
        super().close()
