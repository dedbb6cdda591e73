"""A model directory: configuration, weights, tokenizer and generation defaults. Either layout is loaded; Hugging Face's is saved.

Loading checks everything that small files and headers can tell (and whether the model fits into memory) before it builds the model on the meta device,
where weights have shapes and no bytes, gives it memory once, and fills it tensor by tensor. So a mistake costs no waiting, and the peak is one copy of
the weights. Saving writes beside the target and renames, so a directory is whole or absent.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from puna import machine
from puna.errors import ConfigError
from puna.files import atomic_directory, check_absent, write_json
from puna.formats.config_file import CONFIG, hf_config
from puna.formats.generation import GENERATION_CONFIG, GenerationDefaults, read_generation
from puna.formats.hf_weights import HuggingFaceAdapter
from puna.formats.layouts import find_directory, open_weights
from puna.formats.safetensors_writer import SHARD_BYTES, Planned, safetensors_target
from puna.formats.tokenizers import find_tokenizer, read_call_form, save_tokenizer
from puna.formats.weights import DTYPE_BYTES, Weights
from puna.model.llama import Llama
from puna.records import CallForm
from puna.tokens.tokenizer import Tokenizer

DTYPES: dict[str, torch.dtype] = {name: getattr(torch, name) for name in DTYPE_BYTES}
SHORT_NAMES = {"float32": "fp32", "bfloat16": "bf16", "float16": "fp16"}


@dataclass(frozen=True, slots=True)
class ModelDirectory:
    """What a directory held. `tokenizer` is None where it has none that Puna can use; then `tokenizer_problem` says why. `calls` is the form of tool calls it was tuned with."""

    model: Llama
    tokenizer: Tokenizer | None
    generation: GenerationDefaults
    tokenizer_problem: str = ""
    calls: CallForm = "json"


def load(path: Path | str, *, dtype: str = "auto", device: str = "cpu") -> ModelDirectory:
    """Load a model directory (Hugging Face's layout or Meta's, or `hf://org/name` in a Hub cache) for inference or as a start for training.

    `dtype` is `"float32"`, `"bfloat16"`, `"float16"`, or `"auto"`: what this chip computes best in. Memory: one copy of the weights in that dtype. Raises
    `FormatError` or `ConfigError` naming file and tensor, and `FitError` before anything is loaded where the weights cannot fit.
    """
    if dtype != "auto" and dtype not in DTYPES:
        raise ConfigError(f"dtype '{dtype}' is not known; known: auto, {', '.join(DTYPES)}")
    directory, _ = find_directory(path)
    with open_weights(directory) as weights:
        config = weights.config
        if dtype == "auto":
            dtype = machine.compute_dtype(device, width=config.dim).value
        generation = read_generation(directory, vocab_size=config.vocab_size)
        tokenizer, problem = find_tokenizer(directory, vocab_size=config.vocab_size)
        weights.check()
        needed = config.num_params * DTYPES[dtype].itemsize
        advice = f"in bfloat16 it needs {needed / 2e9:.1f}" if dtype == "float32" else "free some, or take a smaller model"
        machine.check_fits(needed, what=str(directory), dtype=SHORT_NAMES[dtype], device=device, advice=advice)
        with torch.device("meta"):
            model = Llama(config)
        model = model.to(DTYPES[dtype]).to_empty(device=device)
        _fill(model, weights)
        weights.check_tied()
    return ModelDirectory(model, tokenizer, generation, problem, read_call_form(directory))


def save(
    path: Path,
    model: Llama,
    tokenizer: Tokenizer | None,
    *,
    dtype: str | None = None,
    shard_bytes: int = SHARD_BYTES,
    generation: GenerationDefaults | None = None,
    calls: CallForm = "json",
) -> None:
    """Write a model directory that transformers reads; it appears whole or not at all.

    `dtype` None keeps the weights' own. Beyond `shard_bytes` the weights are split into several files with an index. `generation` None takes the
    tokenizer's end tokens and Llama 3's sampling defaults. `calls` is the form of tool calls that the model was tuned with. Raises `ConfigError` where `path` holds something already, `WorkError` where it cannot be
    written.
    """
    path = Path(path)
    check_absent(path)
    if dtype is not None and dtype not in DTYPES:
        raise ConfigError(f"dtype '{dtype}' is not known; known: {', '.join(DTYPES)}")
    name = dtype or str(next(model.parameters()).dtype).removeprefix("torch.")
    generation = generation or default_generation(tokenizer)
    with atomic_directory(path) as partial:
        plan = [Planned(part, tuple(tensor.shape), name) for part, tensor in _hf_tensors(model)]
        with safetensors_target(partial, plan, shard_bytes=shard_bytes) as target:
            for part, tensor in _hf_tensors(model):
                target.write(part, tensor)
        write_json(partial / CONFIG, hf_config(model.config, dtype=name, bos_id=generation.bos_id, end_ids=generation.end_ids))
        write_json(partial / GENERATION_CONFIG, generation.to_hf())
        if tokenizer is not None:
            save_tokenizer(tokenizer, partial, calls=calls)


def default_generation(tokenizer: Tokenizer | None) -> GenerationDefaults:
    """Return the defaults of a model of our own: Llama 3's temperature and top-p, and the tokenizer's end tokens."""
    if tokenizer is None:
        return GenerationDefaults(temperature=0.6, top_p=0.9)
    return GenerationDefaults(tuple(sorted(tokenizer.stop_ids)), tokenizer.bos_id, temperature=0.6, top_p=0.9)


@torch.no_grad()
def _fill(model: Llama, weights: Weights) -> None:
    adapter = HuggingFaceAdapter(model.config)
    for name, weight in model.named_parameters():
        for part in adapter.parts(name):
            weight[part.first_row : part.first_row + part.shape[0]].copy_(weights.read(part.name))


def _hf_tensors(model: Llama) -> Iterator[tuple[str, Tensor]]:
    adapter = HuggingFaceAdapter(model.config)
    for name, weight in model.named_parameters():
        yield from adapter.to_hf(name, weight)
