"""A shard: token ids on disk, ready to be memory-mapped, that knows which tokenizer made it and whether it is whole.

Everything is little-endian. The file is a header of 256 bytes and three arrays, each beginning at a multiple of eight bytes:

    offset  type     content
    0       8 bytes  b"PUNASHRD"
    8       u32      version, 1
    12      u32      bytes per token: 2 where the vocabulary has at most 65,536 tokens, else 4
    16      u64      vocabulary size; every token is below it
    24      u64      number of tokens, N
    32      u64      number of documents, D
    40      u64      1 where tokens are marked as trained or not, else 0
    48      32 bytes SHA-256 of the tokenizer (`Tokenizer.hash`)
    80      32 bytes SHA-256 of everything after the header
    112     zeros
    224     32 bytes SHA-256 of the header up to here
    256     u16|u32  tokens, N of them, document after document
    ...     u64      document ends, D of them: the number of tokens up to and with each document, rising, the last is N
    ...     u8       trained, N of them or none: 1 where the token is learnt, else 0

The header's own checksum makes even a header read without `verify` trustworthy; checking the body costs one reading of the file.
"""

from __future__ import annotations

import contextlib
import hashlib
import struct
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from puna import files
from puna.errors import DataError, FormatError, TokenizerError
from puna.tokens.tokenizer import Tokenizer

MAGIC, VERSION = b"PUNASHRD", 1
HEADER_BYTES = 256
_FIELDS = struct.Struct("<8sIIQQQQ32s32s")
_SEAL_AT = HEADER_BYTES - 32
_READ_BYTES = 1 << 22


@dataclass(frozen=True, slots=True)
class MarkedDocument:
    """Ids that say of each token whether it is trained on (predicted with weight 1)."""

    token_ids: Sequence[int]
    trained: Sequence[bool]


DocumentIds = Sequence[int] | NDArray[np.integer[Any]] | MarkedDocument


@dataclass(frozen=True, slots=True)
class ShardFigures:
    """What was written: counts of tokens, documents and tokens that are trained on (all, where nothing is marked), and the file's size in bytes."""

    num_tokens: int
    num_documents: int
    num_trained: int
    num_bytes: int


@dataclass(frozen=True, slots=True)
class _Header:
    token_bytes: int
    vocab_size: int
    num_tokens: int
    num_documents: int
    has_trained: bool
    tokenizer_hash: str
    body_hash: bytes = b""

    def pack(self) -> bytes:
        counts = (self.vocab_size, self.num_tokens, self.num_documents, int(self.has_trained))
        fields = _FIELDS.pack(MAGIC, VERSION, self.token_bytes, *counts, bytes.fromhex(self.tokenizer_hash), self.body_hash)
        sealed = fields.ljust(_SEAL_AT, b"\0")
        return sealed + hashlib.sha256(sealed).digest()

    @property
    def ends_offset(self) -> int:
        return HEADER_BYTES + _padded(self.num_tokens * self.token_bytes)

    @property
    def trained_offset(self) -> int:
        return self.ends_offset + 8 * self.num_documents

    @property
    def file_bytes(self) -> int:
        return self.trained_offset + self.num_tokens * self.has_trained


def write_shard(path: Path, documents: Iterable[DocumentIds], *, tokenizer: Tokenizer) -> ShardFigures:
    """Write `documents` to `path`, whole or not at all, holding one document at a time in memory.

    Raises `DataError` where there are no documents, one is empty, or some are marked as trained and others not; `WorkError` where the disk is full.
    """
    with contextlib.ExitStack() as stack:
        partial = stack.enter_context(files.atomic_file(path))
        tokens = stack.enter_context(partial.open("wb"))
        ends, trained = (stack.enter_context(tempfile.TemporaryFile(dir=partial.parent)) for _ in range(2))
        writer = _Writer(path, tokenizer, tokens=tokens, ends=ends, trained=trained)
        for document in documents:
            writer.add(document)
        return writer.finish()


class _Writer:
    """Appends documents; ends and trained marks wait in nameless files, for their places are known when the last token is."""

    def __init__(self, path: Path, tokenizer: Tokenizer, *, tokens: IO[bytes], ends: IO[bytes], trained: IO[bytes]) -> None:
        self._path, self._tokenizer = path, tokenizer
        self._tokens, self._ends, self._trained = tokens, ends, trained
        self._dtype = np.dtype("<u2" if tokenizer.vocab_size <= 1 << 16 else "<u4")
        self._num_tokens = self._num_documents = self._num_trained = 0
        self._marked: bool | None = None
        self._digest = hashlib.sha256()
        tokens.write(bytes(HEADER_BYTES))

    def add(self, document: DocumentIds) -> None:
        marked = isinstance(document, MarkedDocument)
        ids = np.asarray(document.token_ids if isinstance(document, MarkedDocument) else document, dtype=np.int64)
        if not ids.size:
            raise DataError(f"{self._path}: document {self._num_documents + 1} has no tokens; leave it out")
        if self._marked not in (None, marked):
            raise DataError(
                f"{self._path}: document {self._num_documents + 1} differs from those before: either all say what is trained or none does"
            )
        if ids.min() < 0 or ids.max() >= self._tokenizer.vocab_size:
            raise DataError(
                f"{self._path}: document {self._num_documents + 1} has ids outside the vocabulary of {self._tokenizer.vocab_size}"
            )
        self._marked = marked
        self._num_tokens += ids.size
        self._num_documents += 1
        self._write_tokens(ids.astype(self._dtype).tobytes())
        self._ends.write(struct.pack("<Q", self._num_tokens))
        self._add_trained(document, ids.size)

    def _add_trained(self, document: DocumentIds, num_tokens: int) -> None:
        if not isinstance(document, MarkedDocument):
            self._num_trained += num_tokens
            return
        trained = np.asarray(document.trained, dtype=bool)
        assert trained.size == num_tokens
        self._num_trained += int(trained.sum())
        self._trained.write(trained.tobytes())

    def finish(self) -> ShardFigures:
        if not self._num_documents:
            raise DataError(f"{self._path}: there is nothing to write, the corpus has no documents")
        size = self._num_tokens * self._dtype.itemsize
        self._write_tokens(bytes(_padded(size) - size))
        for waiting in (self._ends, self._trained):
            waiting.seek(0)
            while block := waiting.read(_READ_BYTES):
                self._write_tokens(block)
        header = _Header(
            token_bytes=self._dtype.itemsize,
            vocab_size=self._tokenizer.vocab_size,
            num_tokens=self._num_tokens,
            num_documents=self._num_documents,
            has_trained=bool(self._marked),
            tokenizer_hash=self._tokenizer.hash,
            body_hash=self._digest.digest(),
        )
        self._tokens.seek(0)
        self._tokens.write(header.pack())
        return ShardFigures(self._num_tokens, self._num_documents, self._num_trained, header.file_bytes)

    def _write_tokens(self, block: bytes) -> None:
        self._digest.update(block)
        self._tokens.write(block)


class Shard:
    """A shard opened for reading. Its arrays are memory-mapped: a page is read when it is touched, and shared by all processes.

    tokens: u16 or u32 [N]. document_ends: int64 [D]. trained: u8 [N] (0 or 1), or None where every token counts.
    """

    def __init__(self, path: Path, header: _Header) -> None:
        self.path = path
        self.num_tokens, self.num_documents = header.num_tokens, header.num_documents
        self.vocab_size, self.tokenizer_hash = header.vocab_size, header.tokenizer_hash
        self.content_hash = header.body_hash.hex()
        raw = np.memmap(path, dtype=np.uint8, mode="r")
        self.tokens: NDArray[np.unsignedinteger[Any]] = raw[HEADER_BYTES:][: self.num_tokens * header.token_bytes].view(
            f"<u{header.token_bytes}"
        )
        self.document_ends: NDArray[np.int64] = raw[header.ends_offset : header.trained_offset].view("<i8")
        self.trained: NDArray[np.uint8] | None = raw[header.trained_offset :] if header.has_trained else None

    @classmethod
    def open(cls, path: Path, *, tokenizer_hash: str | None = None, verify: bool = True) -> Shard:
        """Map the shard at `path`; `verify` reads it once to compare checksums, which is worth it but for very large shards known to be good.

        Raises `FormatError` where it is absent, truncated, damaged or no shard, and `TokenizerError` where `tokenizer_hash` is given and another made it.
        """
        header = _read_header(path)
        if tokenizer_hash is not None and tokenizer_hash != header.tokenizer_hash:
            made, given = header.tokenizer_hash[:12], tokenizer_hash[:12]
            raise TokenizerError(
                f"{path}: its tokens were made with tokenizer {made}, not with {given}; use that tokenizer, or make the shard again"
            )
        shard = cls(path, header)
        if verify:
            shard._verify(header)
        return shard

    def _verify(self, header: _Header) -> None:
        if _body_hash(self.path) != header.body_hash:
            raise FormatError(f"{self.path}: damaged (its checksum does not match); make the shard again")
        ends_D = self.document_ends
        rising = ends_D[0] > 0 and ends_D[-1] == self.num_tokens and all(np.all(a[1:] > a[:-1]) for a in _blocks(ends_D))
        known = all(block.max() < self.vocab_size for block in _blocks(self.tokens))
        marked = self.trained is None or all(block.max() <= 1 for block in _blocks(self.trained))
        if not (rising and known and marked):
            raise FormatError(f"{self.path}: not a valid shard (document ends, token ids or trained marks are out of range); make it again")


def _read_header(path: Path) -> _Header:
    try:
        with path.open("rb") as file:
            raw = file.read(HEADER_BYTES)
        size = path.stat().st_size
    except FileNotFoundError:
        raise FormatError(f"{path}: no such file") from None
    except OSError as error:
        raise FormatError(f"{path}: cannot be read ({error.strerror})") from None
    if not raw.startswith(MAGIC):
        raise FormatError(f"{path}: not a Puna shard (it does not begin with {MAGIC.decode()})")
    if len(raw) < HEADER_BYTES:
        raise FormatError(f"{path}: truncated, {size} bytes are less than a shard's header; make the shard again")
    _, version, token_bytes, vocab_size, num_tokens, num_documents, has_trained, tokenizer_hash, body_hash = _FIELDS.unpack_from(raw)
    if version != VERSION:
        raise FormatError(f"{path}: a shard of version {version}, this Puna reads version {VERSION}")
    header = _Header(token_bytes, vocab_size, num_tokens, num_documents, has_trained == 1, tokenizer_hash.hex(), body_hash)
    if header.pack() != raw or token_bytes not in (2, 4) or not 0 < num_documents <= num_tokens:
        raise FormatError(f"{path}: its header is damaged; make the shard again")
    if size != header.file_bytes:
        kind = "truncated" if size < header.file_bytes else "too long"
        raise FormatError(f"{path}: {kind}, its header promises {header.file_bytes:,} bytes and it has {size:,}; make the shard again")
    return header


def _body_hash(path: Path) -> bytes:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        file.seek(HEADER_BYTES)
        while block := file.read(_READ_BYTES):
            digest.update(block)
    return digest.digest()


def _blocks(values: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """Yield `values` in blocks that overlap by one, so that neighbours are compared across borders without a copy of the whole."""
    for start in range(0, len(values), _READ_BYTES):
        yield values[start : start + _READ_BYTES + 1]


def _padded(size: int) -> int:
    return -(-size // 8) * 8
