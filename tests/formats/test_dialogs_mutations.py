"""10,000 seeded mutations of dialog files: the right result or one line, never a crash, a hang, or memory out of proportion."""

from __future__ import annotations

import json
import random
import resource
import time

import pytest

from puna.errors import PunaError
from puna.formats.dialogs import SHAPES, parse_dialog, read_dialogs, to_shape
from puna.records import Call, Dialog, Message, Tool
from puna.seeds import seed_of

ROUNDS = 2_500  # for each shape; every fourth a file that is valid JSON with one wrong value, every fourth an array
STRANGE = [b"9", b"-", b"[", b"{", b'"', b"}", b"]", b"\xff", b"\\ud800", b"1e999", b"null", b"true", b"NaN", b"[" * 3000, b"{}", b"\n"]
VALUES = [None, True, 0, -1, 10**400, 0.5, float("nan"), "", "x", "\ud800\n", "[" * 3000, [], [[]], [1], {}, {"a": {}}, {"role": "user"}]
TOOLS = (Tool("weather", "of a city", {"type": "object", "properties": {"city": {"type": "string"}}}),)
CHAT = (Message("system", "Be brief."), Message("user", "Weather in Élton?"), Message("assistant", "Sunny. 🦙", train=True))
CALLED = (
    *CHAT[:2],
    Message("assistant", "", train=True, calls=(Call("weather", {"city": "É"}),), end="eom"),
    Message("ipython", "{}"),
    CHAT[2],
)


def dialogs_for(shape):
    plain = [Dialog(CHAT, "a"), Dialog((*CHAT, *CHAT[1:]), "b")]
    return plain if shape == "alpaca" else [*plain, Dialog(CALLED, "c", TOOLS)]


def with_damaged_bytes(content, draw):
    damaged = bytearray(content)
    for _ in range(draw.choice((1, 1, 1, 2, 4))):
        at, size = draw.randrange(len(damaged) or 1), draw.choice((1, 2, 8, 40))
        kind = draw.randrange(6)
        if kind == 0 and damaged:
            damaged[at] ^= 1 << draw.randrange(8)
        elif kind == 1:
            damaged[at : at + 1] = draw.choice(STRANGE)
        elif kind == 2:
            del damaged[at : at + size]
        elif kind == 3:
            damaged[at:at] = damaged[draw.randrange(len(damaged) or 1) :][:size]
        elif kind == 4:
            damaged[at : at + size] = draw.randbytes(size)
        elif draw.random() < 0.2:
            del damaged[at:]
    return bytes(damaged)


def with_a_wrong_value(records, draw):
    copies = json.loads(json.dumps(records))
    place = draw.choice(copies)
    while place:
        key = draw.choice(list(place)) if isinstance(place, dict) else draw.randrange(len(place))
        if not isinstance(place[key], (dict, list)) or not place[key] or draw.random() < 0.2:
            break
        place = place[key]
    if draw.random() < 0.2:
        del place[key]
    else:
        place[key] = draw.choice(VALUES)
    return lines_of(copies)


def lines_of(records):
    return "".join(f"{json.dumps(record)}\n" for record in records).encode()


def mutated(shape):
    """Yield damaged files of `shape`."""
    records = [to_shape(dialog, shape) for dialog in dialogs_for(shape)]
    for number in range(ROUNDS):
        draw = random.Random(seed_of(0, "dialogs", shape, number))
        if number % 4 == 0:
            yield with_a_wrong_value(records, draw)
        elif number % 4 == 1:
            yield with_damaged_bytes(json.dumps(records, indent=draw.choice((None, 1)), ensure_ascii=False).encode(), draw)
        else:
            yield with_damaged_bytes(lines_of(records), draw)


def dialogs_or_refusal(path):
    try:
        return [dialog for _, dialog in read_dialogs(path)], ""
    except PunaError as error:
        return [], str(error)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_damaged_file_of_dialogs(shape, tmp_path):
    path = tmp_path / "d.jsonl"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    read = refused = 0
    for damaged in mutated(shape):
        path.write_bytes(damaged)
        began = time.monotonic()
        found, said = dialogs_or_refusal(path)
        assert time.monotonic() - began < 5
        if said:
            assert said.startswith(str(path))
            assert "\n" not in said
            assert len(said) < 1000
        for dialog in found:
            assert parse_dialog(json.loads(json.dumps(to_shape(dialog, "messages"))), where="x") == dialog or "nan" in repr(dialog)
        read, refused = read + (not said), refused + bool(said)
    assert min(read, refused) > ROUNDS / 20
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024
