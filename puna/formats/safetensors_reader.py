"""The safetensors files of a model directory: one `model.safetensors`, or shards that an index lists.

A header says what a file holds before any of it is read, so everything that can contradict is checked on headers alone: the index against the shards,
the configuration against both. Weights are read last, one tensor at a time, straight from the mapped file.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from safetensors import SafetensorError, safe_open

from puna.errors import FormatError
from puna.files import read_json
from puna.formats.config_file import CONFIG, config_from_hf
from puna.formats.quantized import refuse_quantized_files, refuse_quantized_tensors
from puna.formats.weights import Entry, Weights
from puna.model.config import LlamaConfig

SINGLE, INDEX = "model.safetensors", "model.safetensors.index.json"
# safetensors' names of the dtypes, and torch's.
DTYPE_NAMES = {"F32": "float32", "BF16": "bfloat16", "F16": "float16"}
_SHARD_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*\.safetensors")
# Rotary frequencies, which old checkpoints stored although the configuration determines them.
_DERIVED = re.compile(r"model\.layers\.\d+\.self_attn\.rotary_emb\.inv_freq")


class SafetensorsWeights(Weights):
    """A directory in Hugging Face's layout, whose names are everybody's."""

    layout = "hf"

    def __init__(self, entries: Mapping[str, Entry], handles: Mapping[Path, Any], *, config: LlamaConfig, config_file: Path) -> None:
        super().__init__(entries, files=list(handles), config=config, config_file=config_file)
        self._handles = handles

    def read(self, name: str) -> Any:
        """Return one tensor (a torch tensor where opened with `framework="pt"`). Raises `FormatError`."""
        file = self.entries[name].file
        with _one_line(file):
            return self._handles[file].get_tensor(name)

    def read_rows(self, name: str, rows: Sequence[int]) -> Any:
        """Return rows of a torch matrix by slices, so that the rest is not touched. Raises `FormatError`."""
        import torch

        file = self.entries[name].file
        with _one_line(file):
            matrix_VD = self._handles[file].get_slice(name)
            return torch.cat([matrix_VD[row : row + 1] for row in rows])

    def stored_name(self, name: str) -> str:
        return name

    def _tied_because(self) -> str:
        return f"but {CONFIG} says tie_word_embeddings; set that to false"


@contextlib.contextmanager
def open_safetensors(directory: Path, *, framework: Literal["pt", "np"] = "pt") -> Iterator[SafetensorsWeights]:
    """Open the weights of a directory in Hugging Face's layout; only headers are read. With `"np"` torch is not imported, and bf16 cannot be read.

    Raises `FormatError` for a missing, truncated or damaged file, and for an index that contradicts its shards.
    """
    config = read_hf_config(directory)
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
        yield SafetensorsWeights(entries, handles, config=config, config_file=directory / CONFIG)


def read_hf_config(directory: Path) -> LlamaConfig:
    """Return the configuration in `config.json`. Raises `FormatError` or `ConfigError`, one line that names the file and the key."""
    config = config_from_hf(read_json(directory / CONFIG), where=str(directory / CONFIG))
    refuse_quantized_files(directory)
    return config


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
            why = "" if pattern == "*.safetensors" else "; Puna never unpickles it" if pattern != "*.gguf" else "; GGUF is not read yet"
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
    names = list(handle.keys())
    refuse_quantized_tensors(names, file)
    for name in names:
        if _DERIVED.fullmatch(name):
            continue
        with _one_line(file):
            piece = handle.get_slice(name)
            shape, dtype = tuple(piece.get_shape()), str(piece.get_dtype())
        if dtype not in DTYPE_NAMES:
            raise FormatError(f"{file}: tensor {name!a} is stored as {dtype}; Puna reads {', '.join(DTYPE_NAMES)}")
        yield name, Entry(file, name, shape, DTYPE_NAMES[dtype])


@contextlib.contextmanager
def _one_line(file: Path) -> Iterator[None]:
    try:
        yield
    except (SafetensorError, OSError, ValueError, OverflowError) as error:
        reason = " ".join(str(error).split())[:200]
        raise FormatError(f"{file}: truncated or damaged ({reason}); fetch it again") from None
