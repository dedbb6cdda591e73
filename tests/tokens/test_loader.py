"""Every token once an epoch, documents apart, and the same sequence however it is cut or interrupted."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from puna.errors import ConfigError, DataError
from puna.tokens import Loader, LoaderState, MarkedDocument, Shard, write_shard
from puna.tokens.permutation import Permutation


class Stub:
    vocab_size, hash = 100_000, "ab" * 32


LENGTHS = [[5, 1, 40, 8, 8, 3, 17], [1, 2, 64, 5], [30] * 9 + [1]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("shards")


@pytest.fixture(scope="module")
def shards(folder):
    """Three shards in which every token of the corpus is another number, from 1; a document's tokens follow each other."""
    made, first = [], 1
    for number, lengths in enumerate(LENGTHS):
        documents = []
        for length in lengths:
            documents.append(range(first, first + length))
            first += length
        write_shard(folder / str(number), documents, tokenizer=Stub())
        made.append(Shard.open(folder / str(number)))
    return made


NUM_TOKENS = sum(map(sum, LENGTHS))
LAST_OF_DOCUMENT = set(np.cumsum([length for lengths in LENGTHS for length in lengths]).tolist())


def loader(shards, *, window=8, batch_windows=4, seed=1, stage="pretrain", **options) -> Loader:
    return Loader(shards, stage=stage, window=window, batch_windows=batch_windows, seed=seed, **options)


def one_epoch(shards, **options):
    """Batches of one window until the epoch's end."""
    batches = loader(shards, batch_windows=1, **options)
    while batches.state.tokens < batches.tokens_per_epoch:
        yield next(batches)


def inputs_of(batches) -> list[int]:
    """Real tokens are numbered from 1, so 0 is padding."""
    return [token for batch in batches for token in batch.tokens_T.tolist() if token]


# --- the permutation


@given(st.integers(1, 3000), st.integers(0, 2**63 - 1))
def test_a_permutation_meets_every_number_once(size, seed):
    order = Permutation(size, seed=seed)
    assert sorted(map(order, range(size))) == list(range(size))


@given(st.integers(1, 2**50), st.data())
def test_a_permutation_of_any_size_stays_inside_and_apart(size, data):
    order = Permutation(size, seed=7)
    indices = data.draw(st.sets(st.integers(0, size - 1), max_size=20))
    results = {order(index) for index in indices}
    assert len(results) == len(indices)
    assert all(0 <= result < size for result in results)


def test_a_permutation_looks_shuffled_and_depends_on_its_seed():
    size = 5000
    first, second = ([Permutation(size, seed=seed)(i) for i in range(size)] for seed in (1, 2))
    assert abs(np.corrcoef(first, range(size))[0, 1]) < 0.05
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.05
    assert sum(b - a == 1 for a, b in pairwise(first)) < 10
    assert len({Permutation(3, seed=seed)(0) for seed in range(30)}) == 3


# --- what a batch holds


@pytest.mark.parametrize("whole_documents", [False, True])
@pytest.mark.parametrize("window", [1, 3, 8, 16, 64, 1000])
def test_every_token_is_an_input_once_an_epoch(shards, window, whole_documents):
    seen = inputs_of(one_epoch(shards, window=window, whole_documents=whole_documents))
    assert sorted(seen) == list(range(1, NUM_TOKENS + 1))


@pytest.mark.parametrize("whole_documents", [False, True])
@pytest.mark.parametrize("window", [3, 8, 64])
def test_targets_follow_their_token_and_stay_inside_the_document(shards, window, whole_documents):
    for batch in one_epoch(shards, window=window, whole_documents=whole_documents):
        for token, target, weight in zip(batch.tokens_T.tolist(), batch.targets_T.tolist(), batch.weights_T.tolist(), strict=True):
            inside = token != 0 and token not in LAST_OF_DOCUMENT
            assert (target, weight) == ((token + 1, 1.0) if inside else (0, 0.0))


@pytest.mark.parametrize("whole_documents", [False, True])
def test_documents_begin_where_the_batch_says(shards, whole_documents):
    batches = loader(shards, whole_documents=whole_documents)
    for _ in range(40):
        batch = next(batches)
        starts = set(batch.starts_S.tolist())
        assert len(starts) == len(batch.starts_S)
        assert batch.starts_S.tolist() == sorted(starts)
        for i in range(len(batch.tokens_T)):
            begins_window = i % 8 == 0
            before, token = int(batch.tokens_T[i - 1]), int(batch.tokens_T[i])
            continues = token == 0 == before or (token != 0 and before == token - 1 and before not in LAST_OF_DOCUMENT)
            assert (i in starts) == (begins_window or not continues)


def test_batches_have_one_shape(shards):
    batches = loader(shards, batch_windows=6, world_size=2, rank=1)
    for _ in range(30):
        batch = next(batches)
        assert batch.tokens_T.shape == batch.targets_T.shape == batch.weights_T.shape == (24,)
        assert (batch.tokens_T.dtype, batch.targets_T.dtype) == (np.int64, np.int64)
        assert (batch.weights_T.dtype, batch.starts_S.dtype) == (np.float32, np.int64)


@given(st.lists(st.integers(1, 30), min_size=1, max_size=30), st.integers(1, 20))
def test_no_document_that_fits_a_window_is_cut(folder, lengths, window):
    ends = np.cumsum(lengths)
    write_shard(folder / "dialogs", [range(end - n + 1, end + 1) for n, end in zip(lengths, ends, strict=True)], tokenizer=Stub())
    windows = [batch.tokens_T for batch in one_epoch([Shard.open(folder / "dialogs")], window=window, whole_documents=True)]
    assert sorted(np.concatenate(windows)[np.concatenate(windows) > 0].tolist()) == list(range(1, ends[-1] + 1))
    for n, end in zip(lengths, ends, strict=True):
        holding = [np.isin(np.arange(end - n + 1, end + 1), window_tokens).sum() for window_tokens in windows]
        assert (n in holding) if n <= window else sum(holding) == n


def test_windows_of_whole_documents_are_filled_in_stored_order(folder):
    write_shard(folder / "small", [[1] * 3, [2] * 3, [3] * 3, [4] * 8, [5]], tokenizer=Stub())
    windows = [batch.tokens_T.tolist() for batch in one_epoch([Shard.open(folder / "small")], whole_documents=True)]
    assert sorted(windows) == sorted([[1, 1, 1, 2, 2, 2, 0, 0], [3, 3, 3, 0, 0, 0, 0, 0], [4] * 8, [5] + [0] * 7])


def test_a_targets_weight_is_its_trained_mark(folder):
    dialogs = [MarkedDocument([1, 2, 3, 4], [False, False, True, True]), MarkedDocument([5, 6, 7], [True, False, True])]
    write_shard(folder / "marked", dialogs, tokenizer=Stub())
    batch = next(loader([Shard.open(folder / "marked")], batch_windows=1))
    assert batch.tokens_T.tolist() == [1, 2, 3, 4, 5, 6, 7, 0]
    assert batch.weights_T.tolist() == [0, 1, 1, 0, 0, 1, 0, 0]
    assert batch.num_targets == 3


# --- order and resuming


def test_the_order_depends_on_seed_and_epoch_alone(shards):
    def epochs(count=2, **options):
        batches = loader(shards, batch_windows=1, **options)
        return [[tuple(next(batches).tokens_T) for _ in range(batches.tokens_per_epoch // 8)] for _ in range(count)]

    first, second = epochs()
    assert epochs() == [first, second]
    assert Counter(first) == Counter(second)
    assert first != second
    assert epochs(seed=2)[0] != first
    assert epochs(stage="anneal") == [first, second]


def same(one, other) -> bool:
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in ("tokens_T", "targets_T", "weights_T", "starts_S"))


@given(stop=st.integers(0, 60), whole_documents=st.booleans())
def test_resuming_anywhere_continues_as_if_never_stopped(shards, stop, whole_documents):
    uninterrupted = loader(shards, whole_documents=whole_documents)
    for _ in range(stop):
        next(uninterrupted)
    resumed = loader(shards, whole_documents=whole_documents, state=LoaderState("pretrain", uninterrupted.state.tokens))
    assert resumed.state == uninterrupted.state
    assert all(same(next(uninterrupted), next(resumed)) for _ in range(30))


def test_a_run_continues_on_other_numbers_of_ranks(shards):
    alone = loader(shards, batch_windows=8)
    state = None
    for world_size in (1, 2, 4, 8, 1):
        ranks = [loader(shards, batch_windows=8, rank=rank, world_size=world_size, state=state) for rank in range(world_size)]
        for _ in range(5):
            expected, parts = next(alone), [next(rank) for rank in ranks]
            assert np.array_equal(expected.tokens_T, np.concatenate([part.tokens_T for part in parts]))
            assert np.array_equal(expected.weights_T, np.concatenate([part.weights_T for part in parts]))
        states = {rank.state for rank in ranks}
        assert states == {alone.state}
        (state,) = states


def test_a_distant_position_is_reached_at_once(shards):
    far = LoaderState("pretrain", 8 * 4 * 10**15)
    resumed = loader(shards, state=far)
    assert same(next(resumed), next(loader(shards, state=far)))
    assert resumed.state.tokens == far.tokens + 32


# --- refusals


def test_another_stages_position_is_refused(shards):
    with pytest.raises(ConfigError, match=r"anneal.*'pretrain'"):
        loader(shards, stage="anneal", state=LoaderState("pretrain", 0))


@pytest.mark.parametrize("tokens", [-8, 7])
def test_a_position_between_windows_is_refused(shards, tokens):
    with pytest.raises(ConfigError, match="windows of 8"):
        loader(shards, state=LoaderState("pretrain", tokens))


def test_no_shards_and_unequal_parts_are_refused(shards):
    with pytest.raises(DataError, match="no shards"):
        loader([])
    for options in ({"batch_windows": 3, "world_size": 2}, {"window": 0}, {"batch_windows": 0}):
        with pytest.raises(ConfigError, match="cannot be cut"):
            loader(shards, **options)
