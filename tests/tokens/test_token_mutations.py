"""Ten thousand seeded mutations of a valid file each: the right result or a `PunaError`, never anything else."""

from __future__ import annotations

import json
import random

import pytest

from puna.errors import PunaError
from puna.tokens import MarkedDocument, Shard, Tokenizer, train_bpe, write_shard


def mutated(data: bytes, draw: random.Random) -> bytes:
    """Flip, overwrite, delete, repeat, insert or cut some bytes."""
    changed = bytearray(data)
    for _ in range(draw.choice((1, 1, 1, 2, 8))):
        at = draw.randrange(len(changed) + 1)
        length = draw.choice((1, 1, 2, 4, 8, 64))
        match draw.randrange(6):
            case 0 if at < len(changed):
                changed[at] ^= 1 << draw.randrange(8)
            case 1:
                changed[at : at + length] = draw.randbytes(length)
            case 2:
                del changed[at : at + length]
            case 3:
                changed[at:at] = changed[at : at + length]
            case 4:
                changed[at:at] = draw.choice((b"\x00", b"\xff" * 8, b'"', b"[", b"{}", b"null", b"-1", b"1e999", b"\\ud800"))
            case _:
                del changed[at + (len(changed) - at) // 2 :]
    return bytes(changed)


def result_or_error(work, argument):
    try:
        return work(argument)
    except PunaError as error:
        return error


def read_tokens(path):
    return Shard.open(path).tokens.tolist()


def test_10000_mutated_shards_are_right_or_refused(tokenizer, tmp_path):
    path = tmp_path / "a.shard"
    documents = [MarkedDocument([1, 2, 300], [False, True, True]), MarkedDocument([7, 8, 9, 10], [True] * 4)]
    write_shard(path, documents, tokenizer=tokenizer)
    whole = path.read_bytes()
    for seed in range(10_000):
        content = mutated(whole, random.Random(seed))
        path.write_bytes(content)
        read = result_or_error(read_tokens, path)
        if content == whole:
            assert read == [1, 2, 300, 7, 8, 9, 10]
        else:
            assert isinstance(read, PunaError)
            assert "\n" not in str(read)


@pytest.fixture(scope="module")
def tokenizer_json(tmp_path_factory) -> bytes:
    directory = tmp_path_factory.mktemp("tokenizer")
    train_bpe(["llama llama"], vocab_size=256 + 4 + 12, num_special=12).save(directory)
    return (directory / "tokenizer.json").read_bytes()


def right_or_refused(path, content: bytes) -> bool:
    """Return whether the file was accepted; then it must encode without loss and without special tokens."""
    text = "llama <|eot_id|> 🦙\n"
    path.write_bytes(content)
    tokenizer = result_or_error(Tokenizer.load, path)
    ids = tokenizer if isinstance(tokenizer, PunaError) else result_or_error(tokenizer.encode, text)
    if isinstance(ids, PunaError):
        assert "\n" not in str(ids)
        return False
    assert tokenizer.decode_bytes(ids) == text.encode()
    assert max(ids) < tokenizer.bos_id
    return True


def test_10000_mutated_tokenizers_are_right_or_refused(tokenizer_json, tmp_path):
    accepted = [right_or_refused(tmp_path / "t.json", mutated(tokenizer_json, random.Random(seed))) for seed in range(10_000)]
    assert 0 < sum(accepted) < 5_000


def test_2000_tokenizers_with_a_mutated_value_are_right_or_refused(tokenizer_json, tmp_path):
    """Still JSON, but one value is replaced, dropped or doubled: this reaches behind the parser."""
    accepted = []
    for seed in range(2_000):
        draw = random.Random(seed)
        content = json.loads(tokenizer_json)
        holder = content
        while True:
            key = draw.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
            if not isinstance(holder[key], (dict, list)) or not holder[key] or draw.random() < 0.2:
                break
            holder = holder[key]
        holder[key] = draw.choice([None, True, -1, 2**70, 1.5, "", "a", "\ud800", "Ġ", [], {}, [[]], "llama", ["l", "l"], 256])
        accepted.append(right_or_refused(tmp_path / "t.json", json.dumps(content).encode()))
    assert 0 < sum(accepted) < 2_000
