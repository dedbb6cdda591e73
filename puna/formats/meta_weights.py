"""Meta's checkpoints: `consolidated.00.pth`, `.01.pth`, …, one file for each GPU of the model-parallel group that ran it.

Three things differ from Hugging Face's layout.

*Names*, which are a table.

*Cuts.* Linear layers whose outputs are split lie in row slices (`wq`, `wk`, `wv`, `w1`, `w3`, `output`), those whose inputs are split in column slices (`wo`,
`w2`); norms are repeated in every file. The embedding was cut by columns until Llama 2 and by rows since, which its shape tells. Where the group has more
members than the model has key-value heads (405B on 16 GPUs has 8), neighbours hold the same head: its rows are repeated.

*Pairs.* A rotary embedding turns pairs of numbers. Meta pairs neighbours (0 with 1), Hugging Face pairs halves (0 with N/2), so the rows of `wq` and `wk` are
in another order within each head. They are moved at the door; no number changes.

Shapes: H heads, N head width, R rotary pairs, D columns.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from puna.errors import FormatError
from puna.files import read_json
from puna.formats.hf_weights import EMBEDDING, OUTPUT
from puna.formats.json_values import as_object, size
from puna.formats.meta_params import PARAMS, Checkpoint, config_from_params
from puna.formats.pth_reader import open_pth, shares_storage
from puna.formats.weights import Entry, Weights
from puna.model.config import LlamaConfig
from puna.records import shown

if TYPE_CHECKING:
    from torch import Tensor

META_EMBEDDING, META_OUTPUT = "tok_embeddings.weight", "output.weight"
_TOP = {EMBEDDING: META_EMBEDDING, "model.norm.weight": "norm.weight", OUTPUT: META_OUTPUT}
_LAYER = {
    "self_attn.q_proj.weight": "attention.wq.weight",
    "self_attn.k_proj.weight": "attention.wk.weight",
    "self_attn.v_proj.weight": "attention.wv.weight",
    "self_attn.o_proj.weight": "attention.wo.weight",
    "mlp.gate_proj.weight": "feed_forward.w1.weight",
    "mlp.down_proj.weight": "feed_forward.w2.weight",
    "mlp.up_proj.weight": "feed_forward.w3.weight",
    "input_layernorm.weight": "attention_norm.weight",
    "post_attention_layernorm.weight": "ffn_norm.weight",
}
_FROM_TOP = {meta: hf for hf, meta in _TOP.items()}
_FROM_LAYER = {meta: hf for hf, meta in _LAYER.items()}
_SHARD = re.compile(r"consolidated\.(\d\d)\.pth")
# Rotary frequencies, which Llama 1 and 2 stored although the configuration determines them.
_DERIVED = re.compile(r"rope\.freqs|layers\.\d+\.attention\.inner_attention\.rope\.freqs")
ROWS, COLUMNS = 0, 1


def meta_name(name: str) -> str:
    """Return what Meta calls Hugging Face's tensor `name` (itself, where Meta has none such: a bias)."""
    if name in _TOP:
        return _TOP[name]
    _, _, layer, rest = name.split(".", 3)
    return f"layers.{layer}.{_LAYER.get(rest, rest)}"


def hf_name(name: str) -> str:
    """Return what Hugging Face calls Meta's tensor `name` (itself, where no Llama has one such)."""
    if name in _FROM_TOP:
        return _FROM_TOP[name]
    found = re.fullmatch(r"layers\.(0|[1-9]\d{0,8})\.(.+)", name)
    return f"model.layers.{found[1]}.{_FROM_LAYER[found[2]]}" if found and found[2] in _FROM_LAYER else name


def cut_axis(name: str) -> int | None:
    """Return the axis along which the files hold slices of Hugging Face's tensor `name`, None where each holds all of it; the embedding's is its shape's."""
    if name.endswith("norm.weight"):
        return None
    return COLUMNS if name.endswith(("o_proj.weight", "down_proj.weight")) else ROWS


def rotary_heads(name: str, config: LlamaConfig) -> int | None:
    """Return over how many heads the rows of `name` are paired for rotation, None where they are not."""
    if name.endswith("q_proj.weight"):
        return config.num_heads
    return config.num_kv_heads if name.endswith("k_proj.weight") else None


def to_halves(w_D: Tensor, heads: int) -> Tensor:
    """Move rows from Meta's pairs of neighbours to Hugging Face's pairs of halves, within each head: `[H * R * 2, D]` to `[H * 2 * R, D]`."""
    return w_D.view(heads, -1, 2, w_D.shape[1]).transpose(1, 2).reshape(w_D.shape)


def to_neighbours(w_D: Tensor, heads: int) -> Tensor:
    """Move rows back: the inverse of `to_halves`."""
    return w_D.view(heads, 2, -1, w_D.shape[1]).transpose(1, 2).reshape(w_D.shape)


def is_key_or_value(name: str) -> bool:
    return name.endswith(("k_proj.weight", "v_proj.weight"))


class MetaWeights(Weights):
    """A directory in Meta's layout, seen by Hugging Face's names: slices joined, repeated rows once, rotary rows in halves."""

    layout = "meta"

    def __init__(self, shards: Mapping[Path, Mapping[str, Tensor]], config: LlamaConfig, config_file: Path, embedding_axis: int) -> None:
        self._shards = list(shards.values())
        self._embedding_axis = embedding_axis
        self._repeats = max(1, len(shards) // config.num_kv_heads)
        first_file, first = next(iter(shards.items()))
        entries: dict[str, Entry] = {}
        for stored_as, tensor in first.items():
            name = hf_name(stored_as)
            if name in entries:
                raise FormatError(f"{first_file}: holds '{name}' under two names, {shown(stored_as)} and '{entries[name].stored_as}'")
            shape = _joined_shape(tuple(tensor.shape), self._axis(name), len(shards), repeats=self._repeats if is_key_or_value(name) else 1)
            entries[name] = Entry(first_file, stored_as, shape, str(tensor.dtype).removeprefix("torch."))
        super().__init__(entries, files=list(shards), config=config, config_file=config_file)

    def read(self, name: str) -> Tensor:
        """Return one tensor: a view of the mapped file where it lies there whole, else a copy. Raises `FormatError`."""
        import torch

        stored_as, axis = self.entries[name].stored_as, self._axis(name)
        slices = [shard[stored_as] for shard in self._shards]
        if is_key_or_value(name) and self._repeats > 1:
            slices = self._once(slices, stored_as)
        joined = slices[0] if axis is None or len(slices) == 1 else torch.cat(slices, dim=axis)
        heads = rotary_heads(name, self.config)
        return joined if heads is None else to_halves(joined.contiguous(), heads)

    def read_rows(self, name: str, rows: Sequence[int]) -> Tensor:
        """Return rows of the embedding or the output matrix; of the mapped files nothing else is touched."""
        import torch

        assert name in (EMBEDDING, OUTPUT)
        slices = [shard[self.entries[name].stored_as] for shard in self._shards]
        if self._axis(name) == COLUMNS:
            return torch.cat([piece[list(rows)] for piece in slices], dim=COLUMNS)
        each = slices[0].shape[0]
        return torch.stack([slices[row // each][row % each] for row in rows])

    def stored_name(self, name: str) -> str:
        return meta_name(name)

    def check(self) -> None:
        """Raise `FormatError` as for any layout, and where the files cannot be slices of one model."""
        count, kv_heads = len(self.files), self.config.num_kv_heads
        if count > 1 and kv_heads % count and count % kv_heads:
            raise FormatError(
                f"{self.config_file}: {kv_heads} key-value heads cannot lie in {count} files; a file is missing, or one too many"
            )
        super().check()

    def _axis(self, name: str) -> int | None:
        return self._embedding_axis if name == EMBEDDING else cut_axis(name)

    def _once(self, slices: list[Tensor], stored_as: str) -> list[Tensor]:
        """Return one slice of each group that holds the same head. Raises `FormatError` where the group does not agree."""
        import torch

        for number, piece in enumerate(slices):
            first = number - number % self._repeats
            if not torch.equal(piece, slices[first]):
                raise FormatError(
                    f"{self.files[number]}: '{stored_as}' differs from {self.files[first].name}'s, though {self.config_file.name} has only "
                    f"{self.config.num_kv_heads} key-value heads for {len(slices)} files"
                )
        return slices[:: self._repeats]

    def _tied_because(self) -> str:
        """Say which of the rules tied the two: the key goes before the checkpoint, and that before the shape."""
        if as_object(read_json(self.config_file), str(self.config_file)).get("tied_embeddings") is not None:
            return f"but {PARAMS} says tied_embeddings; set that to false"
        if _stored_tied(self._shards[0]):
            return f"but {self.files[0].name} stores one matrix for both; the files are of different checkpoints"
        shape = f"stretched, {self.config.dim} wide with {self.config.num_layers} layers"
        return f'but a model of this shape ({shape}) is tied, as Llama 3.2 is; where this one is not, write "tied_embeddings": false into {PARAMS}'


def open_meta(directory: Path) -> MetaWeights:
    """Open a directory in Meta's layout; its files are mapped, and only their headers read. Raises `FormatError` or `ConfigError`."""
    params_file = directory / PARAMS
    params = as_object(read_json(params_file), str(params_file))
    shards = {file: _without_derived(open_pth(file)) for file in _shard_files(directory)}
    _check_alike(shards)
    first_file, first = next(iter(shards.items()))
    if META_EMBEDDING not in first or first[META_EMBEDDING].ndim != 2:
        raise FormatError(f"{first_file}: holds no matrix '{META_EMBEDDING}', so it is no Llama's checkpoint")
    dim = size(params, "dim", str(params_file))
    _check_count(first, len(shards), dim=dim, directory=directory)
    rows, columns = first[META_EMBEDDING].shape
    if columns not in (dim, dim / len(shards)):
        raise FormatError(
            f"{first_file}: tensor '{META_EMBEDDING}' has shape {[rows, columns]}, no part of an embedding of width {dim} ({params_file})"
        )
    axis = ROWS if columns == dim else COLUMNS
    checkpoint = Checkpoint(rows * len(shards) if axis == ROWS else rows, _stored_tied(first))
    return MetaWeights(shards, config_from_params(params, checkpoint, where=str(params_file)), params_file, axis)


def _stored_tied(shard: Mapping[str, Tensor]) -> bool:
    return META_OUTPUT not in shard or shares_storage(shard[META_OUTPUT], shard[META_EMBEDDING])


def _shard_files(directory: Path) -> list[Path]:
    """Return `consolidated.00.pth` and on, in order. Raises `FormatError` where one is missing."""
    files = sorted(file for file in directory.glob("consolidated.*.pth") if _SHARD.fullmatch(file.name))
    for number, file in enumerate(files):
        if file.name != f"consolidated.{number:02d}.pth":
            raise FormatError(f"{directory}: consolidated.{number:02d}.pth is missing, though {file.name} is there; fetch it")
    if not files:
        raise FormatError(f"{directory}: holds {PARAMS} but no consolidated.00.pth; fetch the weights")
    return files


def _check_count(first: Mapping[str, Tensor], count: int, *, dim: int, directory: Path) -> None:
    """Raise `FormatError` where the slices of the first query matrix say that there are more files, or fewer."""
    queries = first.get("layers.0.attention.wq.weight")
    made_of = dim / queries.shape[0] if queries is not None and queries.ndim == 2 else count
    if made_of != count:
        raise FormatError(
            f"{directory}: holds {count} of a checkpoint's files, whose slices make up the model in {made_of:g}; fetch them all again"
        )


def _without_derived(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor for name, tensor in tensors.items() if not _DERIVED.fullmatch(name)}


def _check_alike(shards: Mapping[Path, Mapping[str, Tensor]]) -> None:
    """Raise `FormatError` where the files do not hold equal slices of the same tensors."""
    first_file, first = next(iter(shards.items()))
    for file, tensors in shards.items():
        for name in sorted(first.keys() ^ tensors.keys()):
            holder, other = (file, first_file) if name in tensors else (first_file, file)
            raise FormatError(f"{holder}: holds tensor {shown(name)}, which {other.name} does not; they are of different checkpoints")
        for name, tensor in tensors.items():
            if tensor.shape != first[name].shape or tensor.dtype != first[name].dtype:
                here, there = [*tensor.shape, str(tensor.dtype)[6:]], [*first[name].shape, str(first[name].dtype)[6:]]
                raise FormatError(
                    f"{file}: tensor {shown(name)} is {here}, but {there} in {first_file.name}; they are of different checkpoints"
                )


def _joined_shape(shape: tuple[int, ...], axis: int | None, count: int, *, repeats: int) -> tuple[int, ...]:
    if axis is None or axis >= len(shape):
        return shape
    return (*shape[:axis], shape[axis] * count // repeats, *shape[axis + 1 :])
