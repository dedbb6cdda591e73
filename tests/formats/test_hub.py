"""`hf://org/name` is a snapshot in the Hub cache, and never a call to the network."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest
from tiny_model import equal, tiny_model

from puna import formats
from puna.errors import FormatError
from puna.formats.hub import model_path

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache as `hf download` leaves it: files once by content, snapshots that link to them."""
    monkeypatch.setattr(pytest.importorskip("huggingface_hub.constants"), "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("called the network"))
    repo = tmp_path / "hub" / "models--puna--tiny"
    formats.save(repo / "blobs", tiny_model(), None)
    (repo / "refs").mkdir()
    (repo / "refs" / "main").write_text(COMMIT)
    snapshot = repo / "snapshots" / COMMIT
    snapshot.mkdir(parents=True)
    for blob in (repo / "blobs").iterdir():
        (snapshot / blob.name).symlink_to(blob)
    formats.convert(snapshot, snapshot / "original", to="meta")
    return snapshot


@pytest.mark.parametrize(
    "name", ["hf://puna/tiny", "hf:/puna/tiny", Path("hf://puna/tiny"), f"hf://puna/tiny@{COMMIT}", "hf://puna/tiny/original"]
)
def test_a_name_is_loaded_from_its_snapshot(cache: Path, name: str | Path) -> None:
    assert equal(formats.load(name, dtype="float32").model, tiny_model())
    assert formats.read_config(name) == tiny_model().config


def test_a_name_can_be_converted(cache: Path, tmp_path: Path) -> None:
    formats.convert("hf://puna/tiny", tmp_path / "meta", to="meta")
    assert not any(file.is_symlink() for file in (tmp_path / "meta").iterdir())
    assert equal(formats.load(tmp_path / "meta", dtype="float32").model, tiny_model())


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("hf://puna/absent", r"hf://puna/absent: not in the cache .*run: hf download puna/absent$"),
        ("hf://puna/tiny@v2", r"run: hf download puna/tiny --revision v2$"),
        ("hf://puna", "write it as hf://org/name"),
        ("hf://puna/../tiny", "write it as hf://org/name"),
        ("hf://puna/tiny/../../x", "write it as hf://org/name"),
        ("hf://puna/ti--ny", r"hf://puna/ti--ny: "),
        ("hf://puna/tiny/absent", "absent: no such directory"),
    ],
)
def test_what_is_not_there_is_one_line_that_says_what_to_do(cache: Path, name: str, said: str) -> None:
    with pytest.raises(FormatError, match=said) as caught:
        formats.load(name)
    assert "\n" not in str(caught.value)


def test_without_the_package_its_installation_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(FormatError, match="pip install huggingface_hub"):
        formats.load("hf://puna/tiny")


def test_other_paths_are_themselves() -> None:
    assert model_path("some/hf/model") == Path("some/hf/model")
    assert model_path(Path("/x/hf:name")) == Path("/x/hf:name")
