"""`.pth` files: what Puna writes, everybody reads; what is no plain checkpoint, Puna refuses and never runs."""

from __future__ import annotations

import pickle
import zipfile
from pathlib import Path

import pytest
import torch

from puna.errors import FormatError
from puna.formats import pth_writer
from puna.formats.pth_reader import open_pth
from puna.formats.pth_writer import PthWriter

TENSORS = {
    "a": torch.arange(12.0).view(3, 4),
    "b": torch.arange(5).bfloat16(),
    "wide": torch.randn(7, 300, generator=torch.Generator().manual_seed(0)).half(),
}


def _write(file: Path) -> Path:
    writer = PthWriter(file)
    for name, tensor in TENSORS.items():
        writer.write(name, tensor, dtype=str(tensor.dtype).removeprefix("torch."))
    writer.alias("again", "a")
    writer.finish()
    return file


@pytest.mark.parametrize("mmap", [True, False])
@pytest.mark.parametrize("large", [2**32 - 1, 100], ids=["small", "sizes and places in 64 bits"])
def test_torch_reads_what_is_written(mmap: bool, large: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pth_writer, "LARGE", large)
    found = torch.load(_write(tmp_path / "x.pth"), weights_only=True, mmap=mmap)
    assert list(found) == [*TENSORS, "again"]
    assert all(torch.equal(found[name], tensor) and found[name].dtype == tensor.dtype for name, tensor in TENSORS.items())
    assert found["again"].data_ptr() == found["a"].data_ptr()


@pytest.mark.parametrize("large", [2**32 - 1, 100])
def test_any_zip_reader_finds_every_checksum_right(large: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pth_writer, "LARGE", large)
    with zipfile.ZipFile(_write(tmp_path / "x.pth")) as archive:
        assert archive.testzip() is None
        assert len(archive.namelist()) == len(TENSORS) + 3


def test_bytes_are_aligned_for_mapping_and_the_same_each_time(tmp_path: Path) -> None:
    found = open_pth(_write(tmp_path / "x.pth"))
    assert all(tensor.data_ptr() % 64 == 0 for tensor in found.values())
    assert (tmp_path / "x.pth").read_bytes() == _write(tmp_path / "y.pth").read_bytes()


def test_it_is_what_torch_itself_would_write(tmp_path: Path) -> None:
    """The pickle is opcode for opcode alike, but for the class of the mapping."""
    torch.save(dict(TENSORS), tmp_path / "theirs.pth")
    writer = PthWriter(tmp_path / "ours.pth")
    for name, tensor in TENSORS.items():
        writer.write(name, tensor, dtype=str(tensor.dtype).removeprefix("torch."))
    writer.finish()
    pickles = []
    for name, prefix in (("ours", "archive"), ("theirs", "theirs")):
        with zipfile.ZipFile(tmp_path / f"{name}.pth") as archive:
            pickles.append(archive.read(f"{prefix}/data.pkl"))
    assert pickles[0] == pickles[1]


class _Attack:
    def __reduce__(self):
        return (Path.touch, (Path("never-run"),))


def test_a_pickle_that_calls_something_is_refused_and_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"a": torch.ones(2), "b": _Attack()}, "attack.pth")
    with pytest.raises(FormatError, match=r"attack\.pth: its pickle would call '__builtin__ getattr'"):
        open_pth(Path("attack.pth"))
    # A bytearray of a terabyte is on torch's own list of what is harmless.
    _replace_pickle(tmp_path / "bomb.pth", b"\x80\x02c__builtin__\nbytearray\n\x8a\x06\x00\x00\x00\x00\x00\x01\x85R.")
    with pytest.raises(FormatError, match="bytearray"):
        open_pth(tmp_path / "bomb.pth")
    assert not (tmp_path / "never-run").exists()


def _replace_pickle(file: Path, content: bytes, compression: int = zipfile.ZIP_STORED, **more: bytes) -> None:
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, data in {"data.pkl": content, "version": b"3\n", "byteorder": b"little", **more}.items():
            archive.writestr(f"archive/{name}", data)


@pytest.mark.parametrize(
    ("content", "more", "said"),
    [
        (pickle.dumps([1, 2], protocol=2), {}, "holds list"),
        (pickle.dumps({}, protocol=2), {}, "where a checkpoint holds tensors"),
        (pickle.dumps({"a": 1}, protocol=2), {}, "'a' of type int"),
        (pickle.dumps({"a": 1}, protocol=2), {"byteorder": b"big"}, "little-endian"),
        (b"x" * (4 * 2**20 + 1), {}, "larger than"),
        (b"", {}, "truncated or damaged"),
    ],
)
def test_what_is_no_checkpoint(content: bytes, more: dict, said: str, tmp_path: Path) -> None:
    _replace_pickle(tmp_path / "x.pth", content, **more)
    with pytest.raises(FormatError, match=said) as caught:
        open_pth(tmp_path / "x.pth")
    assert "\n" not in str(caught.value)


def test_compressed_records_and_other_files_are_refused(tmp_path: Path) -> None:
    _replace_pickle(tmp_path / "bomb.pth", pickle.dumps({"a": 1}), zipfile.ZIP_DEFLATED, **{"data/0": bytes(10**7)})
    with pytest.raises(FormatError, match="is compressed"):
        open_pth(tmp_path / "bomb.pth")
    torch.save({"a": torch.ones(1)}, tmp_path / "old.pth", _use_new_zipfile_serialization=False)
    with pytest.raises(FormatError, match=r"not a checkpoint of PyTorch 1\.6 or newer"):
        open_pth(tmp_path / "old.pth")


@pytest.mark.parametrize("size", [0, 10, 1000, -1, -100])
def test_a_truncated_file(size: int, tmp_path: Path) -> None:
    file = _write(tmp_path / "x.pth")
    file.write_bytes(file.read_bytes()[:size])
    with pytest.raises(FormatError, match=r"x\.pth: .*fetch it again"):
        open_pth(file)


def test_tensors_that_overlap_are_refused(tmp_path: Path) -> None:
    whole = torch.arange(10.0)
    torch.save({"a": whole[:6], "b": whole[4:]}, tmp_path / "x.pth")
    with pytest.raises(FormatError, match="'a' and 'b' overlap"):
        open_pth(tmp_path / "x.pth")
    torch.save({"a": whole[:5], "b": whole[5:]}, tmp_path / "y.pth")
    assert torch.equal(open_pth(tmp_path / "y.pth")["b"], whole[5:])
