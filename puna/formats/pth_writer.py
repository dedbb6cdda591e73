"""Writing a `.pth` file one tensor at a time, the file that `torch.save` would have written of a whole state dict.

The format is a zip archive without compression: a record of raw bytes per tensor, aligned to 64 bytes so that a mapped file can be used as it lies, and a
pickle that names them. `torch.save` wants every tensor in memory at once; here the records go out as they come and the pickle, which only needs names and
shapes, goes last. Only writing is done with pickle here; nothing is ever unpickled.

A zip's directory counts in 32 bits; what is larger (a file of 16 GB) is said again in 64 in an extra field (APPNOTE.TXT, section 4.5.3).
"""

from __future__ import annotations

import io
import math
import pickle
import struct
import zlib
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from puna.formats.raw import raw_bytes
from puna.formats.weights import DTYPE_BYTES

if TYPE_CHECKING:
    from torch import Tensor

ALIGNMENT = 64
CRC_PLACE = 14  # of the checksum, from a record's header on
# From here on a size or a place is written in 64 bits, and where the 32 bits were stands a mark.
LARGE = 2**32 - 1
_MARK = 2**32 - 1
_VERSION, _DATE = 45, 1 << 5 | 1  # zip 4.5 (64-bit sizes); 1 January 1980, so that the same weights give the same bytes


@dataclass(frozen=True, slots=True)
class _Record:
    name: bytes
    start: int
    num_bytes: int
    crc: int


@dataclass(frozen=True, slots=True)
class _Storage:
    """Stands in the pickle for the bytes of record `data/KEY`."""

    key: str
    dtype: str
    num_elements: int


@dataclass(frozen=True, slots=True)
class _Stub:
    """Stands in the pickle for a tensor."""

    storage: _Storage
    shape: tuple[int, ...]


class PthWriter:
    """Writes one file. Call `write` for each tensor, then `finish`; `close` alone leaves a file that nothing takes for a checkpoint."""

    def __init__(self, file: Path) -> None:
        self._file = file.open("wb")
        self._records: list[_Record] = []
        self._stubs: dict[str, _Stub] = {}

    def write(self, name: str, tensor: Tensor, *, dtype: str) -> None:
        """Append one tensor in `dtype` (`"bfloat16"`). Raises `FormatError` for a value beyond it."""
        storage = _Storage(str(len(self._records)), dtype, tensor.numel())
        num_bytes = tensor.numel() * DTYPE_BYTES[dtype]
        self._record(f"data/{storage.key}", num_bytes, raw_bytes(name, tensor, dtype=dtype))
        self._stubs[name] = _Stub(storage, tuple(tensor.shape))

    def alias(self, name: str, other: str) -> None:
        """Let `name` be the same bytes as `other`, as tied weights are."""
        self._stubs[name] = self._stubs[other]

    def finish(self) -> None:
        """Write the pickle and the archive's directory, and close."""
        for name, content in (("data.pkl", _pickled(self._stubs)), ("byteorder", b"little"), ("version", b"3\n")):
            self._record(name, len(content), [memoryview(content)])
        self._write_directory()
        self.close()

    def close(self) -> None:
        self._file.close()

    def _record(self, name: str, num_bytes: int, pieces: Iterable[memoryview]) -> None:
        """Write one record: its header with room for the checksum, its bytes, then the checksum."""
        start, path, crc = self._file.tell(), f"archive/{name}".encode(), 0
        self._file.write(_local_header(path, start=start, num_bytes=num_bytes))
        begin = self._file.tell()
        assert begin % ALIGNMENT == 0
        for piece in pieces:
            crc = zlib.crc32(piece, crc)
            self._file.write(piece)
        end = self._file.tell()
        assert end - begin == num_bytes
        self._file.seek(start + CRC_PLACE)
        self._file.write(struct.pack("<I", crc))
        self._file.seek(end)
        self._records.append(_Record(path, start, num_bytes, crc))

    def _write_directory(self) -> None:
        start = self._file.tell()
        for record in self._records:
            self._file.write(_directory_entry(record))
        end, count = self._file.tell(), len(self._records)
        self._file.write(struct.pack("<IQHHIIQQQQ", 0x06064B50, 44, _VERSION, _VERSION, 0, 0, count, count, end - start, start))
        self._file.write(struct.pack("<IIQI", 0x07064B50, 0, end, 1))
        few = min(count, 0xFFFF)
        self._file.write(struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, few, few, _short(end - start), _short(start), 0))


def _local_header(name: bytes, *, start: int, num_bytes: int) -> bytes:
    """Return a record's own header, filled up so that its bytes begin at a multiple of `ALIGNMENT`."""
    large = num_bytes >= LARGE
    extra = struct.pack("<HHQQ", 1, 16, num_bytes, num_bytes) if large else b""
    unaligned = start + 30 + len(name) + len(extra) + 4
    fill = -unaligned % ALIGNMENT
    extra += struct.pack("<2sH", b"FB", fill) + b"Z" * fill
    size = _short(num_bytes)
    return struct.pack("<IHHHHHIIIHH", 0x04034B50, _VERSION, 0, 0, 0, _DATE, 0, size, size, len(name), len(extra)) + name + extra


def _directory_entry(record: _Record) -> bytes:
    # Only what does not fit is said in 64 bits, in this order.
    wide = [value for value in (record.num_bytes, record.num_bytes, record.start) if value >= LARGE]
    extra = struct.pack(f"<HH{len(wide)}Q", 1, 8 * len(wide), *wide) if wide else b""
    size, start = _short(record.num_bytes), _short(record.start)
    fixed = (0x02014B50, _VERSION, _VERSION, 0, 0, 0, _DATE, record.crc, size, size, len(record.name), len(extra), 0, 0, 0, 0, start)
    return struct.pack("<IHHHHHHIIIHHHHHII", *fixed) + record.name + extra


def _short(value: int) -> int:
    return _MARK if value >= LARGE else value


def _pickled(stubs: dict[str, _Stub]) -> bytes:
    """Return the pickle of a state dict: what `torch.save` writes, with stubs in place of tensors."""
    buffer = io.BytesIO()
    _Pickler(buffer, protocol=2).dump(stubs)
    return buffer.getvalue()


class _Pickler(pickle.Pickler):
    """Writes stubs as torch writes tensors: a call that rebuilds one from a storage that the archive holds beside the pickle."""

    def reducer_override(self, stub: Any) -> Any:
        import torch

        if not isinstance(stub, _Stub):
            return NotImplemented
        strides = tuple(math.prod(stub.shape[axis + 1 :]) for axis in range(len(stub.shape)))
        rebuild = torch._utils._rebuild_tensor_v2
        return rebuild, (stub.storage, 0, stub.shape, strides, False, OrderedDict())

    def persistent_id(self, storage: Any) -> Any:
        import torch

        if not isinstance(storage, _Storage):
            return None
        kinds = {"float32": torch.FloatStorage, "bfloat16": torch.BFloat16Storage, "float16": torch.HalfStorage}
        return "storage", kinds[storage.dtype], storage.key, "cpu", storage.num_elements
