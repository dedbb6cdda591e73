"""A source of tensors by Hugging Face's names, whatever the files behind it.

Model directories come in two layouts: Hugging Face's (safetensors) and Meta's (`.pth` shards, other names, another order of rows). Everything above this
module sees one thing: the configuration, what each tensor is, and a way to read one. Headers come first, so all that can contradict is checked before any
weight is read.
"""

from __future__ import annotations

import difflib
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from puna.errors import FormatError
from puna.formats.hf_weights import EMBEDDING, OUTPUT, HuggingFaceAdapter
from puna.model.config import LlamaConfig

# The dtypes that a Llama's weights come in, as torch names them: bytes an element.
DTYPE_BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of one tensor before it is read. `file` is where it lies (its first part, where it lies in several)."""

    file: Path
    stored_as: str
    shape: tuple[int, ...]
    dtype: str

    @property
    def num_bytes(self) -> int:
        return math.prod(self.shape) * DTYPE_BYTES[self.dtype]


class Weights(ABC):
    """The tensors of a model directory, open for reading. `layout` is `"hf"` or `"meta"`."""

    layout: str

    def __init__(self, entries: Mapping[str, Entry], *, files: list[Path], config: LlamaConfig, config_file: Path) -> None:
        self.entries, self.files, self.config, self.config_file = entries, files, config, config_file

    @abstractmethod
    def read(self, name: str) -> Any:
        """Return the tensor that Hugging Face calls `name`, after `check`. Raises `FormatError`."""

    def read_rows(self, name: str, rows: Sequence[int]) -> Any:
        """Return rows of a matrix that no rotation reorders (the embedding, the output), `[len(rows), D]`. Raises `FormatError`."""
        return self.read(name)[list(rows)]

    @abstractmethod
    def stored_name(self, name: str) -> str:
        """Return what this layout calls Hugging Face's `name`."""

    @property
    def dtypes(self) -> list[str]:
        """Return the dtypes found, as torch names them (`"bfloat16"`)."""
        return sorted({entry.dtype for entry in self.entries.values()})

    def check(self) -> None:
        """Raise `FormatError` where tensors are missing, misshapen or unexpected for the configuration, naming file and tensor."""
        expected = self._check_expected()
        if self.config.tied and OUTPUT in self.entries:
            expected[OUTPUT] = expected[EMBEDDING]
            self._check_shape(OUTPUT, expected[OUTPUT])
        for name, entry in self.entries.items():
            if name not in expected:
                known = [self.stored_name(part) for part in expected]
                close = difflib.get_close_matches(entry.stored_as, known, n=1, cutoff=0)
                raise FormatError(
                    f"{entry.file}: tensor {entry.stored_as!a} is not part of the model in {self.config_file}; the nearest that is: '{close[0]}'"
                )

    def check_tied(self) -> None:
        """Raise `FormatError` where an output matrix, stored though it is tied, differs from the embedding. Reads both."""
        import torch

        entry = self.entries.get(OUTPUT)
        if self.config.tied and entry is not None and not torch.equal(self.read(OUTPUT), self.read(EMBEDDING)):
            raise FormatError(f"{entry.file}: '{entry.stored_as}' differs from the embedding, {self._tied_because()}")

    @abstractmethod
    def _tied_because(self) -> str:
        """Say why the two were taken for one, and what to change."""

    def _check_expected(self) -> dict[str, tuple[int, ...]]:
        expected = {}
        adapter = HuggingFaceAdapter(self.config)
        for name in adapter.names():
            for part in adapter.parts(name):
                if part.name not in self.entries:
                    wanted = self.stored_name(part.name)
                    raise FormatError(
                        f"{self._place()}: tensor '{wanted}' is missing, though {self.config_file} asks for it{self._nearest(wanted)}"
                    )
                self._check_shape(part.name, part.shape)
                expected[part.name] = part.shape
        return expected

    def _check_shape(self, name: str, wanted: tuple[int, ...]) -> None:
        entry = self.entries[name]
        if entry.shape != wanted:
            raise FormatError(
                f"{entry.file}: tensor '{entry.stored_as}' has shape {list(entry.shape)}, but {self.config_file} asks for {list(wanted)}"
            )

    def _place(self) -> Path:
        """Return the file to blame for what is nowhere: the only one, or the directory."""
        return self.files[0] if len(self.files) == 1 else self.files[0].parent

    def _nearest(self, name: str) -> str:
        close = difflib.get_close_matches(name, [entry.stored_as for entry in self.entries.values()], n=1, cutoff=0.5)
        return f"; the nearest there is {close[0]!a}" if close else ""
