"""`.pth` files: what Puna writes, everybody reads; what is no plain checkpoint, Puna refuses and never runs."""

from __future__ import annotations

import pickle
import time
import zipfile
from collections import OrderedDict
from pathlib import Path

import pytest
import torch

from puna.errors import FormatError
from puna.formats import pth_writer
from puna.formats.pth_pickle import check_pickle
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
        (pickle.dumps([1, 2], protocol=2), {}, r"more than tensors by name \(EMPTY_LIST at byte 2\)"),
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


_DEEP_KEY = b"\x80\x02})" + b"".join(b"q" + bytes([i]) + b"h" + bytes([i]) + b"\x86" for i in range(45)) + b"Ns."


@pytest.mark.parametrize(
    "content",
    [
        _DEEP_KEY,
        _DEEP_KEY.replace(b"Ns.", b"\x85."),
        pickle.dumps({(1, 2): 3}, protocol=2),
        pickle.dumps({3: 4}, protocol=2),
        pickle.dumps({"a": 1}, protocol=4),
        b"\x80\x02}q\x00X\x01\x00\x00\x00ah\x00s.",  # a dict that holds itself
        b"\x80\x02}(u(.",
        b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n)R.",
        b"\x80\x02\x86.",
        b"\x80\x02)Q.",
    ],
)
def test_a_pickle_that_makes_other_things_is_refused_at_once(content: bytes, tmp_path: Path) -> None:
    """Hashing a tuple of shared tuples takes 2 to the power of its depth steps, and so does printing it."""
    _replace_pickle(tmp_path / "x.pth", content)
    began = time.perf_counter()
    with pytest.raises(FormatError, match=r"x\.pth: its pickle holds more than tensors by name") as caught:
        open_pth(tmp_path / "x.pth")
    assert time.perf_counter() - began < 1
    assert len(str(caught.value)) < len(str(tmp_path)) + 200


def test_walking_through_a_pickle_takes_linear_time(tmp_path: Path) -> None:
    def seconds(count: int) -> float:
        began = time.perf_counter()
        with pytest.raises(FormatError):
            check_pickle(b"\x80\x02" + b"(" * count + b"K\x01" * count + b"(t0" * count, tmp_path)
        return time.perf_counter() - began

    assert seconds(80_000) < 20 * seconds(8_000) + 0.5


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
@pytest.mark.parametrize("protocol", [2, 3])
def test_what_torch_saves_is_read(protocol: int, tmp_path: Path) -> None:
    module = torch.nn.Sequential(torch.nn.Linear(300, 7, bias=False), torch.nn.LayerNorm(7), torch.nn.Embedding(3, 7))
    module[2].weight.data = module[2].weight.data.bfloat16()
    whole, many = torch.arange(600.0), {f"t{i}": torch.full((i % 5 + 1, 2), float(i)) for i in range(1500)}
    shared = torch.ones(4, 2)
    cases = {
        "a dict": dict(TENSORS),
        "a state dict, with versions": module.state_dict(),
        "parameters": dict(module.named_parameters()),
        "no gradients": {"a": torch.nn.Parameter(torch.ones(2, 2), requires_grad=False)},
        "views of one storage": {"a": whole[:300].view(3, 100), "b": whole[300:].view(100, 3), "transposed": torch.ones(3, 5).T},
        "one tensor, two names": {"a": shared, "b": shared, "c": shared.view(4, 2)},
        "many": many,
        "a scalar": OrderedDict(a=torch.tensor(3.0)),
        "a large offset": {"a": torch.zeros(70_000)[65_999:], "b": torch.zeros(1, 65_536)},
    }
    for name, tensors in cases.items():
        torch.save(tensors, tmp_path / "x.pth", pickle_protocol=protocol)
        found = open_pth(tmp_path / "x.pth")
        assert list(found) == list(tensors), name
        assert all(torch.equal(found[key], tensor) and found[key].dtype == tensor.dtype for key, tensor in tensors.items()), name


def test_a_whole_training_state_is_told_from_a_checkpoint(tmp_path: Path) -> None:
    torch.save({"model": {"a": torch.ones(2)}, "epoch": 3}, tmp_path / "x.pth")
    with pytest.raises(FormatError, match="holds 'model' of type dict, where a checkpoint holds tensors by name"):
        open_pth(tmp_path / "x.pth")


def test_what_torch_says_is_cut_to_a_sentence(tmp_path: Path) -> None:
    _replace_pickle(tmp_path / "x.pth", b"\x80\x02ctorch\nOddStorage\n.")
    with pytest.raises(FormatError, match="truncated or damaged") as caught:
        open_pth(tmp_path / "x.pth")
    assert "weights_only" not in str(caught.value)
    assert "trust" not in str(caught.value)


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
