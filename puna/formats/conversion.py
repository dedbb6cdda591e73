"""From one layout to another, tensor by tensor, so that a model larger than the memory is no obstacle.

A tensor is read from its mapped file, its rows moved where the layouts differ, and written in pieces before the next one is touched. Peak private memory is
what the interpreter and torch take, and at most twice the largest tensor. The files that say what the directory is (`config.json`, `params.json`) are
written last and the whole is renamed into place, so a killed conversion leaves nothing that looks like a model.
"""

from __future__ import annotations

import contextlib
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from puna.errors import ConfigError, FitError
from puna.files import atomic_directory, check_absent, read_json, remove_partials, write_json
from puna.formats.config_file import CONFIG, hf_config
from puna.formats.directory import default_generation
from puna.formats.generation import GENERATION_CONFIG, GenerationDefaults, read_generation
from puna.formats.hf_weights import HuggingFaceAdapter
from puna.formats.layouts import Layout, find_directory, open_weights
from puna.formats.meta_params import OWN_KEYS, PARAMS, params_of
from puna.formats.meta_weights import cut_axis, is_key_or_value
from puna.formats.meta_writer import check_cut, meta_target
from puna.formats.safetensors_writer import SHARD_BYTES, Planned, safetensors_target
from puna.formats.tokenizers import find_tokenizer, save_tokenizer
from puna.formats.weights import DTYPE_BYTES, Weights
from puna.progress import Progress, Silent
from puna.tokens.tokenizer import Tokenizer

if TYPE_CHECKING:
    from torch import Tensor

# Files that belong to a model in either layout and are copied as they are.
CARRIED = (GENERATION_CONFIG, "tokenizer.model", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "chat_template.jinja",
           "LICENSE", "LICENSE.txt", "USE_POLICY.md", "Notice")  # fmt: skip
# For headers, the small files and the file system's own needs.
SPARE_BYTES = 64 * 2**20
Write = Callable[[Planned, "Tensor"], None]


@dataclass(frozen=True, slots=True)
class Converted:
    """What a conversion wrote: the files with their bytes, how many bytes are weights, in which dtypes, and what its user should know."""

    layout: Layout
    files: dict[str, int]
    num_tensors: int
    weight_bytes: int
    dtypes: list[str]
    notes: list[str]


def convert(
    source: Path | str,
    target: Path,
    *,
    to: Layout,
    dtype: str | None = None,
    shards: int | None = None,
    shard_bytes: int = SHARD_BYTES,
    progress: Progress | None = None,
) -> Converted:
    """Write the model in `source` (a directory of either layout, or `hf://org/name`) into the new directory `target`.

    `dtype` None keeps every tensor's own, and then every bit. `shards` is how many files Meta's layout has (one for each GPU that will run it; 1 unless
    given); Hugging Face's is split at `shard_bytes`. Raises `FormatError` or `ConfigError` for what cannot be converted, `FitError` where the disk is too
    small, both before anything is written, and `WorkError` where writing fails.
    """
    target = Path(target)
    _check_options(to, dtype, shards)
    count = 1 if shards is None else shards
    directory, _ = find_directory(source)
    if target.exists() and target.resolve() == directory.resolve():
        raise ConfigError(f"{target}: is the source itself; choose another place")
    check_absent(target)
    with open_weights(directory) as weights:
        weights.check()
        tokenizer, problem = find_tokenizer(directory, vocab_size=weights.config.vocab_size)
        said = read_generation(directory, vocab_size=weights.config.vocab_size)
        # Where the directory is silent (Meta's have no such file), Meta's loader has defaults, and the tokenizer its end tokens.
        generation = said if said != GenerationDefaults() else default_generation(tokenizer)
        plan = [Planned(name, shape, dtype or weights.entries[name].dtype) for name, shape in HuggingFaceAdapter(weights.config).shapes()]
        described = _describe(weights, plan, generation, to=to, count=count)
        # What a killed attempt left would count as full.
        remove_partials(target)
        _check_space(target, _bytes_on_disk(weights, plan, to=to, count=count))
        weights.check_tied()
        with atomic_directory(target) as partial:
            with _open_target(partial, weights, plan, to=to, count=count, shard_bytes=shard_bytes) as write:
                _stream(weights, plan, write, progress or Silent())
            notes = _write_companions(directory, partial, to=to, generation=generation, tokenizer=tokenizer, problem=problem)
            for name, values in described.items():
                write_json(partial / name, values)
    return Converted(
        layout=to,
        files={file.name: file.stat().st_size for file in sorted(target.iterdir())},
        num_tensors=len(plan),
        weight_bytes=sum(planned.num_bytes for planned in plan),
        dtypes=sorted({planned.dtype for planned in plan}),
        notes=[*notes, *_own_key_notes(described)],
    )


def _check_options(to: str, dtype: str | None, shards: int | None) -> None:
    if to not in get_args(Layout):
        raise ConfigError(f"--to is '{to}'; it is 'hf' (Hugging Face's layout) or 'meta' (Meta's)")
    if dtype is not None and dtype not in DTYPE_BYTES:
        raise ConfigError(f"dtype '{dtype}' is not known; known: {', '.join(DTYPE_BYTES)}")
    if shards is not None and to == "hf":
        raise ConfigError("--shards counts the files of Meta's layout; Hugging Face's is split by size, so leave it out")


def _describe(weights: Weights, plan: list[Planned], generation: GenerationDefaults, *, to: Layout, count: int) -> dict[str, Any]:
    """Return the files that say what the new directory is. Raises `FormatError` where its layout cannot say it."""
    config, where = weights.config, str(weights.config_file)
    if to == "meta":
        params = params_of(config, where=where)
        check_cut(config, count, where=where)
        return {PARAMS: params}
    sizes = Counter[str]()
    for planned in plan:
        sizes[planned.dtype] += planned.num_bytes
    ((commonest, _),) = sizes.most_common(1)
    if weights.layout == "hf":
        values = read_json(weights.config_file)
        # transformers 5 says "dtype", older ones "torch_dtype".
        return {CONFIG: {**values, "torch_dtype": commonest, **({"dtype": commonest} if "dtype" in values else {})}}
    return {CONFIG: hf_config(config, dtype=commonest, bos_id=generation.bos_id, end_ids=generation.end_ids)}


def _bytes_on_disk(weights: Weights, plan: list[Planned], *, to: Layout, count: int) -> int:
    """Return the bytes of the weights to be written: Meta's files repeat norms, and key-value rows where there are more files than heads."""
    total = 0
    for planned in plan:
        copies = 1
        if to == "meta" and cut_axis(planned.name) is None:
            copies = count
        elif to == "meta" and is_key_or_value(planned.name):
            copies = max(1, count // weights.config.num_kv_heads)
        total += copies * planned.num_bytes
    return total


def _check_space(target: Path, num_bytes: int) -> None:
    place = next(parent for parent in target.absolute().parents if parent.exists())
    free = shutil.disk_usage(place).free
    if num_bytes + SPARE_BYTES > free:
        raise FitError(
            f"{target}: needs {num_bytes / 1e9:.1f} GB of disk, {place} has {free / 1e9:.1f} GB free; free some or choose another place"
        )


@contextlib.contextmanager
def _open_target(directory: Path, weights: Weights, plan: list[Planned], *, to: Layout, count: int, shard_bytes: int) -> Iterator[Write]:
    if to == "hf":
        with safetensors_target(directory, plan, shard_bytes=shard_bytes) as files:
            yield lambda planned, tensor: files.write(planned.name, tensor)
    else:
        with meta_target(directory, weights.config, count=count) as shards:
            yield lambda planned, tensor: shards.write(planned.name, tensor, dtype=planned.dtype)


def _stream(weights: Weights, plan: list[Planned], write: Write, progress: Progress) -> None:
    with progress.bar("converting", sum(planned.num_bytes for planned in plan) / 1e6, "MB") as bar:
        for planned in plan:
            write(planned, weights.read(planned.name))
            bar.advance(planned.num_bytes / 1e6, planned.name)


def _write_companions(
    source: Path, target: Path, *, to: Layout, generation: GenerationDefaults, tokenizer: Tokenizer | None, problem: str
) -> list[str]:
    """Carry the small files along, write those that the new layout's readers look for, and return what the user should know."""
    for name in CARRIED:
        if (source / name).is_file():
            shutil.copyfile(source / name, target / name)
    if not (target / GENERATION_CONFIG).exists():
        write_json(target / GENERATION_CONFIG, generation.to_hf())
    # tokenizer_config.json beside tokenizer.model is a tokenizer of transformers' too.
    has_theirs = any((target / name).exists() for name in ("tokenizer.json", "tokenizer_config.json"))
    if to == "hf" and not has_theirs:
        if tokenizer is None:
            return [f"no tokenizer that transformers reads was written: {problem}"]
        save_tokenizer(tokenizer, target)
    if to == "meta" and not (target / "tokenizer.model").exists():
        left = "; tokenizer.json, which Puna reads, lies beside the weights instead" if has_theirs else ""
        return [f"Meta's own loader wants a tokenizer.model, and the source has none{left}"]
    return []


def _own_key_notes(described: dict[str, Any]) -> list[str]:
    own = [key for key in described.get(PARAMS, {}) if key in (*OWN_KEYS, "rope_scaling_factor", "rope_high_freq_factor")]
    if not own:
        return []
    return [
        f"{PARAMS} says {', '.join(own)}, because Meta's rules would give another value; loaders that do not know these keys use their own"
    ]
