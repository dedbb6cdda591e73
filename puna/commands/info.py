"""`puna info`: what a model is and needs, without loading it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from puna.model.config import LlamaConfig


def info(
    model: Annotated[
        str, typer.Argument(help="A model directory, hf://org/name, or the name of a published Llama such as llama-3.1-405b.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of tables.")] = False,
) -> None:
    """Show a model's shape, exact parameter count, memory needs, files and tokenizer; no weights are loaded."""
    facts = _facts(model)
    if as_json:
        print(json.dumps(facts, ensure_ascii=False))
    else:
        _show(facts)


def _facts(model: str) -> dict[str, Any]:
    from puna.errors import ConfigError, FormatError
    from puna.formats import read_config
    from puna.formats.hub import model_path
    from puna.model.config import LlamaConfig

    path = model_path(model)
    if path.exists():
        config = read_config(path)
        return {"model": model, **_from_config(config), **_from_directory(path, config)}
    try:
        return {"model": model, **_from_config(LlamaConfig.named(model))}
    except ConfigError as error:
        raise FormatError(f"{model}: no such directory, and {error}") from None


def _from_config(config: LlamaConfig) -> dict[str, Any]:
    params, kv_bytes = config.num_params, config.kv_bytes_per_token()
    return {
        "config": config.model_dump(),
        "num_params": params,
        "kv_bytes_per_token": {"bf16": kv_bytes, "fp32": 2 * kv_bytes},
        "kv_bytes_full_context": {"bf16": kv_bytes * config.max_positions, "fp32": 2 * kv_bytes * config.max_positions},
        "weight_bytes": {"bf16": 2 * params, "fp32": 4 * params},
    }


def _from_directory(path: Path, config: LlamaConfig) -> dict[str, Any]:
    from dataclasses import asdict

    from puna.formats import open_weights
    from puna.formats.generation import read_generation
    from puna.formats.tokenizers import find_tokenizer

    with open_weights(path, framework="np") as stored:
        stored.check()
        files = [{"name": file.name, "bytes": file.stat().st_size} for file in stored.files]
        dtypes, num_tensors = stored.dtypes, len(stored.entries)
    tokenizer, problem = find_tokenizer(path, vocab_size=config.vocab_size)
    return {
        "files": files,
        "num_tensors": num_tensors,
        "dtypes": dtypes,
        "tokenizer": {"problem": problem} if tokenizer is None else {
            "vocab_size": tokenizer.vocab_size,
            "bos_id": tokenizer.bos_id,
            "stop_ids": sorted(tokenizer.stop_ids),
            "hash": tokenizer.hash,
        },
        "generation": asdict(read_generation(path, vocab_size=config.vocab_size)),
    }  # fmt: skip


def _show(facts: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    for name, text in {**_shape_rows(facts), **_directory_rows(facts)}.items():
        table.add_row(name, Text(text))
    Console(highlight=False).print(table)


def _shape_rows(facts: dict[str, Any]) -> dict[str, str]:
    from puna import machine

    config, weights, cache = facts["config"], facts["weight_bytes"], facts["kv_bytes_full_context"]
    scaling = config["rope_scaling"]
    stretched = f", stretched {scaling['factor']:g} times from {scaling['trained']:,} positions" if scaling else ""
    biases = [name for name in ("attention_bias", "mlp_bias") if config[name]]
    return {
        "Model": facts["model"],
        "Parameters": f"{facts['num_params']:,}",
        "Layers": f"{config['num_layers']} of width {config['dim']:,}, feed-forward {config['ffn_dim']:,}",
        "Attention": f"{config['num_heads']} heads of {config['head_dim']}, {config['num_kv_heads']} for keys and values",
        "Vocabulary": f"{config['vocab_size']:,}, output matrix {'tied to the embedding' if config['tied'] else 'of its own'}",
        "Context": f"{config['max_positions']:,} tokens, rotary base {config['rope_theta']:,.0f}{stretched}",
        **({"Biases": ", ".join(biases)} if biases else {}),
        "Weights": f"{_size(weights['bf16'])} in bf16, {_size(weights['fp32'])} in fp32 (this machine has {_size(machine.memory_bytes())})",
        "KV cache": f"{facts['kv_bytes_per_token']['bf16']:,} bytes a token in bf16, {_size(cache['bf16'])} for a full context",
    }


def _directory_rows(facts: dict[str, Any]) -> dict[str, str]:
    if "files" not in facts:
        return {}
    files, tokenizer, generation = facts["files"], facts["tokenizer"], facts["generation"]
    listed = files[0]["name"] if len(files) == 1 else f"{len(files)} files, {files[0]['name']} to {files[-1]['name']}"
    sampling = {name: generation[name] for name in ("temperature", "top_p", "top_k") if generation[name] is not None}
    return {
        "Files": f"{listed}, {_size(sum(file['bytes'] for file in files))} in {facts['num_tensors']} tensors of {', '.join(facts['dtypes'])}",
        "Tokenizer": tokenizer["problem"] if "problem" in tokenizer else
                     f"{tokenizer['vocab_size']:,} tokens, ends {', '.join(map(str, tokenizer['stop_ids']))}, hash {tokenizer['hash'][:12]}",
        "Generation": f"ends at {', '.join(map(str, generation['end_ids'])) or 'the end tokens of the tokenizer'}"
                      + "".join(f", {name.replace('_', '-')} {value:g}" for name, value in sampling.items()),
    }  # fmt: skip


def _size(num_bytes: float) -> str:
    """Return bytes as people read them, in decimal units."""
    for unit, scale in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if num_bytes >= scale:
            return f"{num_bytes / scale:.1f} {unit}"
    return f"{num_bytes} bytes"
