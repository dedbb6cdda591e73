"""The safetensors files of a model directory: one `model.safetensors`, or shards that an index lists.

A header says what a file holds before any of it is read, so everything that can contradict is checked on headers alone: the index against the shards,
the configuration against both. Weights are read last, one tensor at a time, straight from the mapped file.
"""

from __future__ import annotations

import contextlib
import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from safetensors import SafetensorError, safe_open

from puna.errors import FormatError
from puna.files import read_json
from puna.formats.hf_weights import HuggingFaceAdapter

SINGLE, INDEX = "model.safetensors", "model.safetensors.index.json"
# The dtypes a Llama's weights come in, by safetensors' names: bytes an element, and what people call them.
DTYPES = {"F32": (4, "float32"), "BF16": (2, "bfloat16"), "F16": (2, "float16")}
_SHARD_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*\.safetensors")
# Rotary frequencies, which old checkpoints stored although the configuration determines them.
_DERIVED = re.compile(r"model\.layers\.\d+\.self_attn\.rotary_emb\.inv_freq")


@dataclass(frozen=True, slots=True)
class Entry:
    """What a header says of one tensor."""

    file: Path
    shape: tuple[int, ...]
    dtype: str


class StoredWeights:
    """The tensors of a model directory, by Hugging Face's names. Open it with `open_weights`."""

    def __init__(self, entries: Mapping[str, Entry], handles: Mapping[Path, Any]) -> None:
        self.entries = entries
        self._handles = handles

    @property
    def files(self) -> list[Path]:
        return list(self._handles)

    @property
    def dtypes(self) -> list[str]:
        """Return the dtypes found, as torch names them (`"bfloat16"`)."""
        return sorted({DTYPES[entry.dtype][1] for entry in self.entries.values()})

    def read(self, name: str) -> Any:
        """Return one tensor (a torch tensor where opened with `framework="pt"`). Raises `FormatError`."""
        file = self.entries[name].file
        with _one_line(file):
            return self._handles[file].get_tensor(name)

    def check(self, adapter: HuggingFaceAdapter, *, tied: bool, config_file: Path) -> None:
        """Raise `FormatError` where tensors are missing, misshapen or unexpected for the configuration, naming file and tensor."""
        expected = {}
        for name in adapter.names():
            for part in adapter.parts(name):
                entry = self.entries.get(part.name)
                if entry is None:
                    raise FormatError(
                        f"{self._place()}: tensor '{part.name}' is missing, though {config_file} asks for it{self._nearest(part.name)}"
                    )
                if entry.shape != part.shape:
                    found, wanted = list(entry.shape), list(part.shape)
                    raise FormatError(f"{entry.file}: tensor '{part.name}' has shape {found}, but {config_file} asks for {wanted}")
                expected[part.name] = part.shape
        if tied and "lm_head.weight" in self.entries:
            expected["lm_head.weight"] = expected["model.embed_tokens.weight"]
        for name, entry in self.entries.items():
            if name not in expected:
                close = difflib.get_close_matches(name, expected, n=1, cutoff=0)
                raise FormatError(
                    f"{entry.file}: tensor {name!a} is not part of the model in {config_file}; the nearest that is: '{close[0]}'"
                )

    def _place(self) -> Path:
        """Return the file to blame for what is nowhere: the only one, or the directory."""
        return self.files[0] if len(self.files) == 1 else self.files[0].parent

    def _nearest(self, name: str) -> str:
        close = difflib.get_close_matches(name, self.entries, n=1, cutoff=0.5)
        return f"; the nearest there is {close[0]!a}" if close else ""


@contextlib.contextmanager
def open_weights(directory: Path, *, framework: Literal["pt", "np"] = "pt") -> Iterator[StoredWeights]:
    """Open the directory's weights; only headers are read. With `"np"` torch is not imported, and tensors cannot be read in bf16.

    Raises `FormatError` for a missing, truncated or damaged file, and for an index that contradicts its shards.
    """
    weight_map = None if (directory / SINGLE).exists() else _read_index(directory)
    with contextlib.ExitStack() as stack:
        handles: dict[Path, Any] = {}
        entries: dict[str, Entry] = {}
        for file in [directory / SINGLE] if weight_map is None else sorted({directory / shard for shard in weight_map.values()}):
            handles[file] = stack.enter_context(_open(file, framework))
            for name, entry in _entries(handles[file], file):
                _check_placed(name, file, weight_map, entries, directory)
                entries[name] = entry
        for name, shard in (weight_map or {}).items():
            if name not in entries:
                raise FormatError(f"{directory / INDEX}: says that {name!a} is in {shard}, but it is not there; fetch both again")
        yield StoredWeights(entries, handles)


def _read_index(directory: Path) -> dict[str, str]:
    """Return the index's map from tensor to shard. Raises `FormatError`; says what there is instead where there is no index."""
    file = directory / INDEX
    if not file.exists():
        raise FormatError(f"{directory}: holds neither {SINGLE} nor {INDEX}{_other_weights(directory)}")
    index = read_json(file)
    weight_map = index.get("weight_map") if isinstance(index, Mapping) else None
    if not isinstance(weight_map, Mapping) or not weight_map:
        raise FormatError(f"{file}: needs an object under 'weight_map' that says which file holds each tensor")
    for name, shard in weight_map.items():
        # Only plain names: an index from elsewhere must not reach outside its own directory.
        if not isinstance(shard, str) or not _SHARD_NAME.fullmatch(shard):
            raise FormatError(
                f"{file}: {ascii(shard)[:80]} (for {ascii(name)[:80]}) is not the name of a safetensors file in this directory"
            )
    for shard in sorted(set(weight_map.values())):
        if not (directory / shard).is_file():
            raise FormatError(f"{directory / shard}: the shard is missing, though {INDEX} lists it; fetch it again")
    return dict(weight_map)


def _other_weights(directory: Path) -> str:
    for pattern in ("*.bin", "*.pth", "*.pt", "*.gguf", "*.safetensors"):
        if found := sorted(directory.glob(pattern)):
            why = "" if pattern == "*.safetensors" else "; Puna never unpickles" if pattern != "*.gguf" else "; GGUF is not read yet"
            return f" (it holds {found[0].name}{why})"
    return ""


def _check_placed(name: str, file: Path, weight_map: Mapping[str, str] | None, entries: Mapping[str, Entry], directory: Path) -> None:
    if name in entries:
        raise FormatError(f"{file}: tensor {name!a} is in {entries[name].file.name} too")
    if weight_map is not None and weight_map.get(name) != file.name:
        said = f"says that it is in {weight_map[name]}" if name in weight_map else "does not list it"
        raise FormatError(f"{file}: holds tensor {name!a}, but {INDEX} {said}; fetch both again")


def _open(file: Path, framework: str) -> Any:
    if not file.is_file():
        raise FormatError(f"{file}: is not a file")
    with _one_line(file):
        return safe_open(str(file), framework=framework)


def _entries(handle: Any, file: Path) -> Iterator[tuple[str, Entry]]:
    """Yield a file's tensors from its header. Raises `FormatError` for a dtype that no Llama is stored in."""
    for name in handle.keys():  # noqa: SIM118 - a safetensors handle is no mapping
        if _DERIVED.fullmatch(name):
            continue
        with _one_line(file):
            piece = handle.get_slice(name)
            shape, dtype = tuple(piece.get_shape()), str(piece.get_dtype())
        if dtype not in DTYPES:
            raise FormatError(f"{file}: tensor {name!a} is stored as {dtype}; Puna reads {', '.join(DTYPES)}")
        yield name, Entry(file, shape, dtype)


@contextlib.contextmanager
def _one_line(file: Path) -> Iterator[None]:
    try:
        yield
    except (SafetensorError, OSError, ValueError, OverflowError) as error:
        reason = " ".join(str(error).split())[:200]
        raise FormatError(f"{file}: truncated or damaged ({reason}); fetch it again") from None
