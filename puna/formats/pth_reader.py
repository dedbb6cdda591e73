"""Reading a `.pth` file: a zip archive with a pickle in it, taken for what it claims only after a look inside.

`torch.save` stores, uncompressed, one record of raw bytes per storage (`data/0`, `data/1`, …) and one small pickle that says which tensor has which name,
shape, strides and storage. A pickle is a program, so it is never run as one: its opcodes are walked through first, and they may make nothing but
tensors by name (`pth_pickle`); then `torch.load` reads it with `weights_only=True`, mapped into memory rather than copied. The archive is checked
before that as well, since its directory too may promise anything: records that overlap, are compressed (a bomb) or lie beyond the file.
"""

from __future__ import annotations

import contextlib
import itertools
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING

from puna.errors import FormatError
from puna.formats.pth_pickle import check_pickle
from puna.formats.quantized import refuse_quantized_tensors
from puna.formats.weights import DTYPE_BYTES
from puna.records import shown

if TYPE_CHECKING:
    from torch import Tensor

# A 405B's has a thousand tensors in a hundred kilobytes; unpickling takes a multiple of a pickle's size in memory.
LARGEST_PICKLE = 4 * 2**20
_LOCAL_HEADER = 30


def open_pth(file: Path) -> dict[str, Tensor]:
    """Return the tensors of one `.pth` file by name, mapped and not read. Raises `FormatError` for damage and for anything that is no plain tensor."""
    import torch

    if not file.is_file():
        raise FormatError(f"{file}: is not a file")
    with _one_line(file):
        check_pickle(_check_archive(file), file)
        found = torch.load(file, map_location="cpu", weights_only=True, mmap=True)
    if not isinstance(found, dict) or not found:
        raise FormatError(f"{file}: holds {type(found).__name__} where a checkpoint holds tensors by name")
    for name, tensor in found.items():
        if not isinstance(name, str) or not isinstance(tensor, torch.Tensor):
            raise FormatError(f"{file}: holds {shown(name)} of type {type(tensor).__name__}, where a checkpoint holds tensors by name")
    refuse_quantized_tensors(list(found), file)
    for name, tensor in found.items():
        _check_tensor(name, tensor, file)
    _check_apart(found, file)
    return {name: tensor.detach() for name, tensor in found.items()}


def shares_storage(first: Tensor, second: Tensor) -> bool:
    """Say whether two tensors are the same bytes of a file, as `torch.save` stores tied weights."""
    return first.data_ptr() == second.data_ptr() and first.shape == second.shape and first.dtype == second.dtype


def _check_archive(file: Path) -> bytes:
    """Return the pickle of an archive whose records are stored plainly, apart from each other and within the file."""
    try:
        archive = zipfile.ZipFile(file)
    except zipfile.BadZipFile as error:
        raise FormatError(f"{file}: not a checkpoint of PyTorch 1.6 or newer, or cut off ({error}); fetch it again") from None
    with archive, file.open("rb") as raw:
        file_bytes = file.stat().st_size
        spans = sorted(_span(info, raw, file) for info in archive.infolist())
        if any(end > start for (_, end), (start, _) in zip(spans, [*spans[1:], (file_bytes, 0)], strict=True)):
            raise FormatError(f"{file}: damaged: its records overlap or lie beyond its end; fetch it again")
        names = archive.namelist()
        pickles = [name for name in names if name.endswith("/data.pkl")]
        if len(pickles) != 1 or len(set(names)) != len(names):
            raise FormatError(f"{file}: damaged: it needs one data.pkl and each record once; fetch it again")
        prefix = pickles[0].removesuffix("data.pkl")
        if any(not name.startswith(prefix) for name in names):
            raise FormatError(f"{file}: damaged: it holds records outside of '{prefix}'; fetch it again")
        if prefix + "byteorder" in names and archive.read(prefix + "byteorder") != b"little":
            raise FormatError(f"{file}: was not saved on a little-endian machine, as Meta's files were")
        if archive.getinfo(pickles[0]).file_size > LARGEST_PICKLE:
            raise FormatError(f"{file}: its pickle is larger than {LARGEST_PICKLE} bytes, so it holds more than the names of tensors")
        return archive.read(pickles[0])


def _span(info: zipfile.ZipInfo, raw: IO[bytes], file: Path) -> tuple[int, int]:
    """Return where a record's header begins and its bytes end; both copies of what the archive says of it must agree."""
    raw.seek(info.header_offset)
    header = raw.read(_LOCAL_HEADER)
    name_bytes, extra_bytes = int.from_bytes(header[26:28], "little"), int.from_bytes(header[28:30], "little")
    if header[:4] != b"PK\x03\x04" or raw.read(name_bytes) != info.orig_filename.encode():
        raise FormatError(f"{file}: damaged: record {shown(info.filename)} is not where the archive says; fetch it again")
    if info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size or info.flag_bits & 1:
        raise FormatError(f"{file}: record {shown(info.filename)} is compressed, which a checkpoint's never is")
    return info.header_offset, info.header_offset + _LOCAL_HEADER + name_bytes + extra_bytes + info.file_size


def _check_tensor(name: str, tensor: Tensor, file: Path) -> None:
    import torch

    dtype = str(tensor.dtype).removeprefix("torch.")
    if tensor.device.type != "cpu" or tensor.layout != torch.strided or dtype not in DTYPE_BYTES:
        kind = dtype if tensor.layout == torch.strided else str(tensor.layout)
        raise FormatError(f"{file}: tensor {shown(name)} is stored as {kind}; Puna reads {', '.join(DTYPE_BYTES)}")
    # Strides of zero would make a terabyte of one number, and strides too small read numbers twice.
    if tensor.numel() == 0 or _reach(tensor) != tensor.numel():
        raise FormatError(f"{file}: tensor {shown(name)} of shape {list(tensor.shape)[:4]} does not lie dense in the file; fetch it again")


def _check_apart(found: dict[str, Tensor], file: Path) -> None:
    """Raise `FormatError` where two tensors overlap in the file, unless they are the same: that is how tied weights are stored."""
    spans = sorted((tensor.data_ptr(), tensor.data_ptr() + tensor.nbytes, name) for name, tensor in found.items())
    for (_, end, first), (start, _, second) in itertools.pairwise(spans):
        if end > start and not shares_storage(found[first], found[second]):
            raise FormatError(f"{file}: damaged: tensors {shown(first)} and {shown(second)} overlap; fetch it again")


def _reach(tensor: Tensor) -> int:
    """Return how many elements lie between a tensor's first and its last, both counted."""
    return 1 + sum((size - 1) * stride for size, stride in zip(tensor.shape, tensor.stride(), strict=True))


@contextlib.contextmanager
def _one_line(file: Path) -> Iterator[None]:
    """Whatever a damaged archive or pickle makes its readers raise, it is the file's fault: they were written for files that are whole."""
    try:
        yield
    except FormatError:
        raise
    except PermissionError as error:
        raise FormatError(f"{file}: cannot be read ({error.strerror})") from None
    except Exception as error:
        # torch adds advice for programmers, which is wrong here: a file that is not plain is not to be loaded another way.
        reason = re.split(r"[.;:!?](?:\s|$)", " ".join(str(error).split()))[0][:120] or type(error).__name__
        raise FormatError(f"{file}: truncated or damaged ({reason}); fetch it again") from None
