"""Seeded damage to every file of a directory: the right result or a one-line refusal, never a crash, and no memory out of proportion."""

from __future__ import annotations

import json
import random
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from tiny_model import tiny_model

from puna import formats
from puna.errors import PunaError
from puna.seeds import seed_of

ROUNDS = 3_000  # for each file; half of them bytes and half of them values, where it is JSON


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


def _mutated_values(value: object, name: str) -> Iterator[bytes]:
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
    for number in range(ROUNDS // 2):
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


def _survives(directory: Path, file: str, damaged: Iterator[bytes], *, tensors_checked: bool = True) -> int:
    """Load with each damaged content; return how many were loaded after all, as the model that is named."""
    model = formats.load(directory, dtype="float32").model
    whole = dict(model.named_parameters())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    loaded = 0
    for content in damaged:
        (directory / file).write_bytes(content)
        try:
            result = formats.load(directory, dtype="float32").model
        except PunaError as error:
            said = str(error)
        else:
            said = ""
            loaded += 1
            shapes = {name: weight.shape for name, weight in result.named_parameters()}
            if tensors_checked:
                assert all(torch.equal(weight, whole[name]) for name, weight in result.named_parameters())
            else:
                assert shapes == {name: weight.shape for name, weight in whole.items()}
        assert "\n" not in said
        assert len(said.encode()) < 1000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 * 1024
    return loaded


def test_a_damaged_header_of_the_weights(tmp_path: Path) -> None:
    formats.save(tmp_path / "model", tiny_model(num_layers=1), None)
    content = (tmp_path / "model" / "model.safetensors").read_bytes()
    header = 8 + int.from_bytes(content[:8], "little")
    damaged = _mutations(content, "weights", rounds=ROUNDS, last=header)
    assert _survives(tmp_path / "model", "model.safetensors", damaged, tensors_checked=False) < ROUNDS / 2


@pytest.mark.parametrize("kind", ["bytes", "values"])
def test_a_damaged_index(kind: str, tmp_path: Path) -> None:
    formats.save(tmp_path / "model", tiny_model(num_layers=1), None, shard_bytes=8_000)
    name = "model.safetensors.index.json"
    content = (tmp_path / "model" / name).read_bytes()
    damaged = _mutations(content, "index") if kind == "bytes" else _mutated_values(json.loads(content), "index")
    assert _survives(tmp_path / "model", name, damaged) < ROUNDS / 2


@pytest.mark.parametrize("kind", ["bytes", "values"])
@pytest.mark.parametrize("name", ["config.json", "generation_config.json"])
def test_a_damaged_configuration(name: str, kind: str, tmp_path: Path) -> None:
    formats.save(tmp_path / "model", tiny_model(num_layers=1), None)
    content = (tmp_path / "model" / name).read_bytes()
    damaged = _mutations(content, name) if kind == "bytes" else _mutated_values(json.loads(content), name)
    assert _survives(tmp_path / "model", name, damaged) < ROUNDS / 2
