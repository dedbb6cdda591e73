"""Which layout a model directory is in, and one way to open either.

Hugging Face's directories hold `config.json`, Meta's hold `params.json`; a directory with both (Meta's files are sometimes laid beside) is read as Hugging
Face's, which says more. A name in a Hub cache (`hf://org/name`) is a directory too.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from puna.errors import FormatError
from puna.formats.config_file import CONFIG
from puna.formats.hub import model_path
from puna.formats.meta_params import PARAMS
from puna.formats.weights import Weights
from puna.model.config import LlamaConfig

Layout = Literal["hf", "meta"]


def find_directory(path: Path | str) -> tuple[Path, Layout]:
    """Return the model directory that `path` (or `hf://org/name`) means, and its layout. Raises `FormatError` that says what is missing."""
    directory = model_path(path)
    if not directory.exists():
        raise FormatError(f"{directory}: no such directory; give the directory that holds {CONFIG} or {PARAMS}")
    if not directory.is_dir():
        raise FormatError(f"{directory}: is a file; give the directory of the model, the one that holds {CONFIG} or {PARAMS}")
    if (directory / CONFIG).exists():
        return directory, "hf"
    if (directory / PARAMS).exists():
        return directory, "meta"
    raise FormatError(f"{directory}: not a model directory: it holds neither {CONFIG} (Hugging Face's) nor {PARAMS} (Meta's)")


def read_config(path: Path | str) -> LlamaConfig:
    """Return the configuration of the model directory `path`. Raises `FormatError` or `ConfigError`, one line that names the file and the key.

    Meta's file leaves things to the weights (see `meta_params`), so there the headers of the weights are read too.
    """
    directory, layout = find_directory(path)
    if layout == "hf":
        from puna.formats.safetensors_reader import read_hf_config

        return read_hf_config(directory)
    with open_weights(directory) as weights:
        return weights.config


@contextlib.contextmanager
def open_weights(path: Path | str, *, framework: Literal["pt", "np"] = "pt") -> Iterator[Weights]:
    """Open a model directory's weights; only headers are read. With `"np"` torch is not imported for Hugging Face's layout, and bf16 cannot be read.

    Raises `FormatError` for a missing, truncated or damaged file, and for files that contradict each other.
    """
    directory, layout = find_directory(path)
    if layout == "hf":
        from puna.formats.safetensors_reader import open_safetensors

        with open_safetensors(directory, framework=framework) as weights:
            yield weights
    else:
        from puna.formats.meta_weights import open_meta

        yield open_meta(directory)
