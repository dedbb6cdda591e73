"""The trainer learns what a naive reading of the algorithm learns, whatever the order of the texts."""

from __future__ import annotations

import time
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from puna.errors import ConfigError, DataError
from puna.tokens import bpe, train_bpe
from puna.tokens.bytelevel import BYTES_BY_ID, ID_BY_BYTE

SMALL_PIECES = st.dictionaries(st.text("abc", min_size=1, max_size=12).map(str.encode), st.integers(1, 5), min_size=1, max_size=8)


def naive_merges(counts: dict[bytes, int], num_tokens: int) -> list[tuple[int, int]]:
    """Count every pair anew for every merge: quadratic and obvious."""
    spelling = [bytes([byte]) for byte in BYTES_BY_ID]
    pieces = [([ID_BY_BYTE[byte] for byte in piece], count) for piece, count in counts.items()]
    merges: list[tuple[int, int]] = []
    while len(spelling) < num_tokens:
        pairs: Counter[tuple[int, int]] = Counter()
        for ids, count in pieces:
            for pair in pairwise(ids):
                pairs[pair] += count
        if not pairs:
            break
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        token = spelling[best[0]] + spelling[best[1]]
        if token not in spelling:
            spelling.append(token)
        if best not in merges:
            merges.append(best)
        new_id = spelling.index(token)
        for ids, _ in pieces:
            i = 0
            while i < len(ids) - 1:
                if (ids[i], ids[i + 1]) == best:
                    ids[i : i + 2] = [new_id]
                i += 1
    return merges


@given(SMALL_PIECES, st.integers(256, 290))
def test_merges_equal_a_naive_trainers(counts, num_tokens):
    assert bpe.learn_merges(counts, num_tokens=num_tokens) == naive_merges(counts, num_tokens)


@given(st.lists(st.text(max_size=60), min_size=1, max_size=6))
def test_merges_of_any_unicode_equal_a_naive_trainers(texts):
    counts = bpe.count_pieces(texts)
    assert bpe.learn_merges(counts, num_tokens=270) == naive_merges(counts, 270)


def test_of_equally_common_pairs_the_smaller_ids_are_joined_first():
    a, b, c, d = (ID_BY_BYTE[byte] for byte in b"abcd")
    assert bpe.learn_merges({b"cd": 5, b"ab": 5}, num_tokens=258) == [(a, b), (c, d)]
    assert bpe.learn_merges({b"ad": 5, b"ab": 5}, num_tokens=258) == [(a, b), (a, d)]


def test_counts_beyond_64_bits_do_not_overflow():
    x, y, z = (ID_BY_BYTE[byte] for byte in b"xyz")
    assert bpe.learn_merges({b"xy": 2**70, b"yz": 2**70 + 1}, num_tokens=257) == [(y, z)]
    assert x < z


def test_the_order_of_documents_does_not_matter(shared_data):
    documents = (shared_data / "tinyshakespeare.txt").read_text()[:200_000].split("\n\n")
    forward = train_bpe(documents, vocab_size=600, num_special=16)
    assert train_bpe(documents[::-1], vocab_size=600, num_special=16).hash == forward.hash


def test_pieces_of_a_long_text_are_those_of_the_whole(monkeypatch, shared_data):
    text = (shared_data / "tinyshakespeare.txt").read_text()[:100_000]
    whole = bpe.count_pieces([text])
    monkeypatch.setattr(bpe, "BLOCK_CHARACTERS", 300)
    assert bpe.count_pieces([text]) == whole


def test_two_megabytes_train_in_seconds(shared_data):
    texts = [(shared_data / name).read_text() for name in ("tinyshakespeare.txt", "wikitext2_valid.txt")]
    began = time.process_time()
    assert train_bpe(texts, vocab_size=4096, num_special=16).vocab_size == 4096
    assert time.process_time() - began < 15  # 3 s on a quiet core


@pytest.mark.parametrize("text", ["a" * 1_000_000, " " * 1_000_000, "ab" * 500_000, "🦙" * 250_000])
def test_a_megabyte_without_a_border_is_no_trap(text):
    began = time.process_time()
    train_bpe([text], vocab_size=256 + 16 + 4, num_special=16)
    assert time.process_time() - began < 5


def test_too_little_text_is_refused():
    with pytest.raises(DataError, match="too small"):
        train_bpe(["abc"], vocab_size=1000, num_special=16)
    with pytest.raises(DataError, match="empty"):
        train_bpe([], vocab_size=300, num_special=16)
    with pytest.raises(DataError, match="empty"):
        train_bpe(["", ""], vocab_size=300, num_special=16)


def test_impossible_sizes_are_refused():
    with pytest.raises(ConfigError, match="too small"):
        train_bpe(["abc"], vocab_size=270, num_special=16)
    with pytest.raises(ConfigError, match="at least"):
        train_bpe(["abc"], vocab_size=300, num_special=4)


def test_half_a_surrogate_pair_is_refused():
    with pytest.raises(DataError, match="surrogate"):
        train_bpe(["abc\ud800"], vocab_size=300, num_special=16)
