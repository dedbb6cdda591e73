"""A model directory: configuration, weights, tokenizer and generation defaults, in Hugging Face's layout.

Loading checks everything that small files and headers can tell (and whether the model fits into memory) before it builds the model on the meta device,
where weights have shapes and no bytes, gives it memory once, and fills it tensor by tensor. So a mistake costs no waiting, and the peak is one copy of
the weights. Saving writes beside the target and renames, so a directory is whole or absent.
"""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor

from puna import machine
from puna.errors import ConfigError, FormatError, WorkError
from puna.files import atomic_directory, read_json, write_json
from puna.formats.config_file import CONFIG, config_from_hf, hf_config, model_directory
from puna.formats.generation import GENERATION_CONFIG, GenerationDefaults, read_generation
from puna.formats.hf_weights import HuggingFaceAdapter
from puna.formats.stored import INDEX, SINGLE, StoredWeights, open_weights
from puna.formats.tokenizers import find_tokenizer
from puna.model.llama import Llama
from puna.tokens.tokenizer import Tokenizer

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
SHORT_NAMES = {"float32": "fp32", "bfloat16": "bf16", "float16": "fp16"}


@dataclass(frozen=True, slots=True)
class ModelDirectory:
    """What a directory held. `tokenizer` is None where it has none that Puna can use; then `tokenizer_problem` says why."""

    model: Llama
    tokenizer: Tokenizer | None
    generation: GenerationDefaults
    tokenizer_problem: str = ""


def load(path: Path, *, dtype: str = "auto", device: str = "cpu") -> ModelDirectory:
    """Load a model directory for inference or as a start for training.

    `dtype` is `"float32"`, `"bfloat16"`, `"float16"`, or `"auto"`: what this chip computes best in. Memory: one copy of the weights in that dtype. Raises
    `FormatError` or `ConfigError` naming file and tensor, and `FitError` before anything is loaded where the weights cannot fit.
    """
    path = Path(path)
    if dtype == "auto":
        dtype = machine.compute_dtype(device).value
    if dtype not in DTYPES:
        raise ConfigError(f"dtype '{dtype}' is not known; known: auto, {', '.join(DTYPES)}")
    config_file = model_directory(path) / CONFIG
    config = config_from_hf(read_json(config_file), where=str(config_file))
    generation = read_generation(path, vocab_size=config.vocab_size)
    tokenizer, problem = find_tokenizer(path, vocab_size=config.vocab_size)
    adapter = HuggingFaceAdapter(config)
    with open_weights(path) as stored:
        stored.check(adapter, tied=config.tied, config_file=config_file)
        machine.check_fits(config.num_params * DTYPES[dtype].itemsize, what=str(path), dtype=SHORT_NAMES[dtype], device=device)
        with torch.device("meta"):
            model = Llama(config)
        model = model.to(DTYPES[dtype]).to_empty(device=device)
        _fill(model, adapter, stored)
        if config.tied:
            _check_tied(model, stored)
    return ModelDirectory(model, tokenizer, generation, problem)


def save(
    path: Path,
    model: Llama,
    tokenizer: Tokenizer | None,
    *,
    dtype: str | None = None,
    shard_bytes: int = 5_000_000_000,
    generation: GenerationDefaults | None = None,
) -> None:
    """Write a model directory that transformers reads; it appears whole or not at all.

    `dtype` None keeps the weights' own. Beyond `shard_bytes` the weights are split into several files with an index. `generation` None takes the
    tokenizer's end tokens and Llama 3's sampling defaults. Raises `ConfigError` where `path` holds something already, `WorkError` where it cannot be
    written.
    """
    path = Path(path)
    if path.exists() and not (path.is_dir() and not any(path.iterdir())):
        raise ConfigError(f"{path}: is there already, and nothing finished is overwritten; choose another place or remove it")
    if dtype is not None and dtype not in DTYPES:
        raise ConfigError(f"dtype '{dtype}' is not known; known: {', '.join(DTYPES)}")
    stored_dtype = DTYPES[dtype] if dtype else next(model.parameters()).dtype
    generation = generation or default_generation(tokenizer)
    with atomic_directory(path) as partial:
        name = str(stored_dtype).removeprefix("torch.")
        write_json(partial / CONFIG, hf_config(model.config, dtype=name, bos_id=generation.bos_id, end_ids=generation.end_ids))
        write_json(partial / GENERATION_CONFIG, generation.to_hf())
        if tokenizer is not None:
            tokenizer.save(partial)
        _write_weights(partial, model, dtype=stored_dtype, shard_bytes=shard_bytes)


def default_generation(tokenizer: Tokenizer | None) -> GenerationDefaults:
    """Return the defaults of a model of our own: Llama 3's temperature and top-p, and the tokenizer's end tokens."""
    if tokenizer is None:
        return GenerationDefaults(temperature=0.6, top_p=0.9)
    return GenerationDefaults(tuple(sorted(tokenizer.stop_ids)), tokenizer.bos_id, temperature=0.6, top_p=0.9)


@torch.no_grad()
def _fill(model: Llama, adapter: HuggingFaceAdapter, stored: StoredWeights) -> None:
    for name, weight in model.named_parameters():
        for part in adapter.parts(name):
            weight[part.first_row : part.first_row + part.shape[0]].copy_(stored.read(part.name))


def _check_tied(model: Llama, stored: StoredWeights) -> None:
    """A tied checkpoint may store the output matrix again; where that differs from the embedding, the file contradicts its configuration."""
    entry = stored.entries.get("lm_head.weight")
    if entry is None or torch.equal(stored.read("lm_head.weight"), stored.read("model.embed_tokens.weight")):
        return
    raise FormatError(
        f"{entry.file}: 'lm_head.weight' differs from the embedding, but {CONFIG} says tie_word_embeddings; set that to false"
    )


def _write_weights(directory: Path, model: Llama, *, dtype: torch.dtype, shard_bytes: int) -> None:
    shards = _plan_shards(model, dtype=dtype, shard_bytes=shard_bytes)
    weight_map: dict[str, str] = {}
    total = 0
    for number, names in enumerate(shards, 1):
        file = SINGLE if len(shards) == 1 else f"model-{number:05d}-of-{len(shards):05d}.safetensors"
        tensors = {name: tensor.detach().to("cpu", dtype).contiguous() for name, tensor in _hf_tensors(model) if name in names}
        with _writing(directory / file):
            save_file(tensors, directory / file, metadata={"format": "pt"})
        # safetensors makes files that only their owner may read.
        shutil.copymode(directory / CONFIG, directory / file)
        weight_map |= dict.fromkeys(tensors, file)
        total += sum(tensor.nbytes for tensor in tensors.values())
    if len(shards) > 1:
        write_json(directory / INDEX, {"metadata": {"total_size": total}, "weight_map": weight_map})


def _plan_shards(model: Llama, *, dtype: torch.dtype, shard_bytes: int) -> list[set[str]]:
    """Return which tensors go into which file: in the model's order, a new file where the next tensor would overfill the last."""
    shards: list[set[str]] = [set()]
    filled = 0
    for name, tensor in _hf_tensors(model):
        size = tensor.numel() * dtype.itemsize
        if shards[-1] and filled + size > shard_bytes:
            shards.append(set())
            filled = 0
        shards[-1].add(name)
        filled += size
    return shards


def _hf_tensors(model: Llama) -> Iterator[tuple[str, Tensor]]:
    adapter = HuggingFaceAdapter(model.config)
    for name, weight in model.named_parameters():
        yield from adapter.to_hf(name, weight)


@contextlib.contextmanager
def _writing(file: Path) -> Iterator[None]:
    try:
        yield
    except SafetensorError as error:
        # The library reports the system's error as text: 28 is no space left, 122 a quota.
        full = re.search(r"os error (28|122)\b", str(error))
        why = "the disk is full; free some space and run the same command again" if full else f"cannot be written ({error})"
        raise WorkError(f"{file}: {why}") from None
