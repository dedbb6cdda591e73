"""Seeded damage to every file of a directory: the right result or a one-line refusal, never a crash, and no memory out of proportion."""

from __future__ import annotations

import json
import random
import resource
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from tiny_model import tiny_model

from puna import formats
from puna.errors import PunaError
from puna.formats.generation import read_generation
from puna.seeds import seed_of

ROUNDS = 10_000  # for each file that holds a model; half of them bytes and half of them values, where it is JSON


def _mutations(content: bytes, name: str, *, rounds: int = ROUNDS // 2, first: int = 0, last: int | None = None) -> Iterator[bytes]:
    """Yield damaged copies: bytes changed, cut out, repeated or put in between `first` and `last`, and ends cut off."""
    last = last or len(content)
    for number in range(rounds):
        draw = random.Random(seed_of(0, name, number))
        damaged = bytearray(content)
        for _ in range(draw.choice((1, 1, 2, 5))):
            place, size = draw.randrange(first, max(first + 1, min(last, len(damaged)))), draw.choice((1, 2, 8, 40))
            kind = draw.randrange(6)
            if kind == 0:
                damaged[place : place + 1] = bytes([content[place] ^ 1 << draw.randrange(8)])
            elif kind == 1:
                damaged[place : place + 1] = draw.choice(
                    [b"9", b"-", b"0", b"[", b"{", b'"', b"\xff", b"\\ud800", b"1e999", b"null", b"true"]
                )
            elif kind == 2:
                del damaged[place : place + size]
            elif kind == 3:
                damaged[place:place] = damaged[first + draw.randrange(last - first) :][:size]
            elif kind == 4:
                damaged[place : place + size] = draw.randbytes(size)
            elif draw.random() < 0.1:
                del damaged[place:]
        yield bytes(damaged)


def _mutated_values(value: object, name: str, *, rounds: int = ROUNDS // 2) -> Iterator[bytes]:
    """Yield JSON that is valid and wrong: one value somewhere in it replaced or removed."""
    strange = [
        None,
        True,
        0,
        -1,
        1,
        7,
        10**9,
        2**63,
        10**400,
        0.5,
        1e308,
        float("nan"),
        float("inf"),
        "",
        "llama",
        "\ud800\n",
        [],
        [1],
        {},
        {"a": {}},
    ]
    for number in range(rounds):
        draw = random.Random(seed_of(1, name, number))
        copy = json.loads(json.dumps(value))
        place = copy
        while isinstance(place, dict) and place:
            key = draw.choice(list(place))
            if not isinstance(place[key], dict) or draw.random() < 0.2:
                if draw.random() < 0.2:
                    del place[key]
                else:
                    place[key] = draw.choice(strange)
                break
            place = place[key]
        yield json.dumps(copy).encode()


def _read(directory: Path) -> dict[str, torch.Tensor]:
    with formats.open_weights(directory) as weights:
        weights.check()
        weights.check_tied()
        read_generation(directory, vocab_size=weights.config.vocab_size)
        return {name: weights.read(name) for name in weights.entries}


def _survives(directory: Path, file: str, damaged: Iterator[bytes], *, values_checked: bool = True) -> int:
    """Read with each damaged content; return how many were read after all, as the tensors that are there."""
    whole = {name: tensor.clone() for name, tensor in _read(directory).items()}
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    accepted, slowest = 0, 0.0
    for content in damaged:
        (directory / file).write_bytes(content)
        began = time.perf_counter()
        try:
            found = _read(directory)
        except PunaError as error:
            said = str(error)
            assert "\n" not in said
            assert len(said.encode()) < 1000
        else:
            accepted += 1
            assert {name: tensor.shape for name, tensor in found.items()} == {name: tensor.shape for name, tensor in whole.items()}
            assert not values_checked or all(torch.equal(tensor, whole[name]) for name, tensor in found.items())
            if accepted % 100 == 0:
                formats.load(directory, dtype="float32")
        slowest = max(slowest, time.perf_counter() - began)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 * 1024
    assert slowest < 5
    return accepted


@pytest.fixture
def hf(tmp_path: Path) -> Path:
    formats.save(tmp_path / "hf", tiny_model(num_layers=1), None)
    return tmp_path / "hf"


def test_a_damaged_header_of_the_weights(hf: Path) -> None:
    """A header that says another place or dtype, and is whole, cannot be told from a right one."""
    content = (hf / "model.safetensors").read_bytes()
    header = 8 + int.from_bytes(content[:8], "little")
    damaged = _mutations(content, "weights", rounds=ROUNDS, last=header)
    assert 0 < _survives(hf, "model.safetensors", damaged, values_checked=False) < ROUNDS / 2


@pytest.mark.parametrize("kind", ["bytes", "values"])
def test_a_damaged_index(kind: str, tmp_path: Path) -> None:
    formats.save(tmp_path / "hf", tiny_model(num_layers=1), None, shard_bytes=8_000)
    name = "model.safetensors.index.json"
    content = (tmp_path / "hf" / name).read_bytes()
    damaged = _mutations(content, "index") if kind == "bytes" else _mutated_values(json.loads(content), "index")
    assert 0 < _survives(tmp_path / "hf", name, damaged) < ROUNDS / 2


@pytest.mark.parametrize("kind", ["bytes", "values"])
@pytest.mark.parametrize(("name", "rounds"), [("config.json", ROUNDS // 2), ("generation_config.json", 1_000)])
def test_a_damaged_configuration(name: str, rounds: int, kind: str, hf: Path) -> None:
    content = (hf / name).read_bytes()
    damaged = _mutations(content, name, rounds=rounds) if kind == "bytes" else _mutated_values(json.loads(content), name, rounds=rounds)
    assert 0 < _survives(hf, name, damaged) < rounds


@pytest.mark.parametrize("kind", ["bytes", "values"])
def test_damaged_parameters(kind: str, hf: Path, tmp_path: Path) -> None:
    formats.convert(hf, tmp_path / "meta", to="meta")
    content = (tmp_path / "meta" / "params.json").read_bytes()
    values = {**json.loads(content), "use_scaled_rope": True, "rope_scaling_factor": 8.0}
    damaged = _mutations(content, "params.json") if kind == "bytes" else _mutated_values(values, "params.json")
    assert 0 < _survives(tmp_path / "meta", "params.json", damaged) < ROUNDS / 2


def test_a_damaged_archive(hf: Path, tmp_path: Path) -> None:
    """Bytes of tensors have no checksum that readers check, so the archive's own are damaged: headers, the pickle, the directory."""
    formats.convert(hf, tmp_path / "meta", to="meta")
    file = "consolidated.00.pth"
    content = (tmp_path / "meta" / file).read_bytes()
    damaged = _mutations(content, "pth", rounds=ROUNDS, first=content.index(b"archive/data.pkl") - 30)
    assert 0 < _survives(tmp_path / "meta", file, damaged) < ROUNDS / 2
