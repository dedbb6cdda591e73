"""Shards to batches: one global order, made without memory, cut by rank, that continues exactly from two values.

An epoch visits the shards in a shuffled order and, within each, its windows in a shuffled order; both are Feistel permutations keyed by (seed, stage, epoch), so the
window at any place is computed and never looked up. Epochs follow each other without end. A batch is the next `batch_windows` windows of that sequence and rank r of R
takes the r-th of R equal parts, so the joined batches of all ranks do not depend on R and a run resumes on another number of ranks with the same tokens
(the idea is OLMo-core's and Levanter's).

Packing has two modes. Plain text is cut every W tokens, and no token is lost: each is an input once an epoch, and a cut document continues in another
window. Dialogs keep whole (`whole_documents`): windows are filled greedily in stored order and closed before a document that would not fit; only a
document longer than W is cut. Either way attention must not cross `Batch.starts_S`, and a document's last token has no target.

Shapes: W tokens of a full window, L of them that lie in the shard (L <= W).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from puna.errors import ConfigError, DataError
from puna.files import hash_json
from puna.seeds import seed_of
from puna.tokens.batch import Batch
from puna.tokens.permutation import Permutation
from puna.tokens.shards import Shard


@dataclass(frozen=True, slots=True)
class LoaderState:
    """Where a stage is in its data: window slots (padding included) that all ranks together have consumed since it began."""

    stage: str
    tokens: int


class Loader:
    """An endless iterator of this rank's batches, each of exactly `batch_windows` / `world_size` * `window` tokens.

    A shorter window is filled up with token 0 of weight 0, as a document of its own. `state` belongs to all ranks, and is the same on each.
    """

    def __init__(
        self,
        shards: Sequence[Shard],
        *,
        stage: str,
        window: int,
        batch_windows: int,
        seed: int,
        rank: int = 0,
        world_size: int = 1,
        whole_documents: bool = False,
        state: LoaderState | None = None,
    ) -> None:
        """Begin at `state`, or at the stage's first window.

        Raises `ConfigError` where the sizes do not divide or `state` is another stage's, and `DataError` where there are no windows.
        """
        if window < 1 or batch_windows < 1 or batch_windows % world_size:
            raise ConfigError(
                f"{stage}: a batch of {batch_windows} windows of {window} tokens cannot be cut into equal parts for {world_size} ranks"
            )
        if not shards:
            raise DataError(f"{stage}: there are no shards, so no windows to train on")
        assert 0 <= rank < world_size
        self._stage, self._window, self._seed, self._whole_documents = stage, window, seed, whole_documents
        self._content = [shard.content_hash for shard in shards]
        self._batch_windows, self._part = batch_windows, range(rank * batch_windows // world_size, (rank + 1) * batch_windows // world_size)
        cut = _whole_document_bounds if whole_documents else _even_bounds
        self._shards = [_Windows(shard, cut(shard, window)) for shard in shards]
        self._num_windows = sum(map(len, self._shards))
        self._order = _EpochOrder(self._shards, 0, seed_of(seed, 0))
        self._next_window = 0
        if state:
            self.seek(state)

    @property
    def tokens_per_epoch(self) -> int:
        """Window slots in one epoch, padding included: what `state.tokens` grows by."""
        return self._num_windows * self._window

    @property
    def fingerprint(self) -> str:
        """A hash of what the windows hold and of how they are drawn: another one is another run's data."""
        return hash_json({"shards": self._content, "seed": self._seed, "whole_documents": self._whole_documents})

    @property
    def state(self) -> LoaderState:
        return LoaderState(self._stage, self._next_window * self._window)

    def seek(self, state: LoaderState) -> None:
        """Continue after what `state` says was consumed. Raises `ConfigError` where it is another stage's or another window size's."""
        self._next_window = self._window_of(state)

    def __iter__(self) -> Loader:
        return self

    def __next__(self) -> Batch:
        parts = [self._window_at(self._next_window + place) for place in self._part]
        self._next_window += self._batch_windows
        return _packed(parts, self._window)

    def _window_at(self, place: int) -> tuple[_Windows, int]:
        """Return the shard, and the window in it, at a place of the endless global sequence."""
        epoch, place = divmod(place, self._num_windows)
        if epoch != self._order.epoch:
            self._order = _EpochOrder(self._shards, epoch, seed_of(self._seed, epoch))
        shard, window = self._order.locate(place)
        return self._shards[shard], window

    def _window_of(self, state: LoaderState) -> int:
        if state.stage != self._stage:
            raise ConfigError(f"{self._stage}: cannot continue from the data position of stage '{state.stage}'; begin this stage anew")
        if state.tokens < 0 or state.tokens % self._window:
            raise ConfigError(
                f"{self._stage}: the position of {state.tokens} tokens was not reached with windows of {self._window}; keep the window size"
            )
        return state.tokens // self._window


class _EpochOrder:
    """One epoch's order: shard after shard in a permuted order, each shard's windows permuted within."""

    def __init__(self, shards: Sequence[_Windows], epoch: int, seed: int) -> None:
        self.epoch = epoch
        shard_at = Permutation(len(shards), seed=seed_of(seed, "shards"))
        self._shards = [shard_at(i) for i in range(len(shards))]
        self._starts = [0, *accumulate(len(shards[shard]) for shard in self._shards)]
        self._window_at = [Permutation(len(shards[shard]), seed=seed_of(seed, "windows", shard)) for shard in self._shards]

    def locate(self, place: int) -> tuple[int, int]:
        """Return (shard, window in it) at a place of the epoch."""
        i = bisect_right(self._starts, place) - 1
        return self._shards[i], self._window_at[i](place - self._starts[i])


class _Windows:
    """A shard cut into windows: window i is its tokens from `bounds[i]` up to `bounds[i + 1]`, at most W."""

    def __init__(self, shard: Shard, bounds: NDArray[np.int64]) -> None:
        self._shard, self._bounds = shard, bounds

    def __len__(self) -> int:
        return len(self._bounds) - 1

    def fill(
        self, window: int, tokens_W: NDArray[np.int64], targets_W: NDArray[np.int64], weights_W: NDArray[np.float32]
    ) -> NDArray[np.int64]:
        """Write a window into three zeroed rows and return where documents begin in it; padding is one more document."""
        shard, (start, stop) = self._shard, self._bounds[window : window + 2]
        first, last = np.searchsorted(shard.document_ends, (start, stop), side="right")
        ends = np.asarray(shard.document_ends[first:last]) - start
        length, following = stop - start, slice(start + 1, stop + 1)
        next_L = shard.tokens[following]
        tokens_W[:length] = shard.tokens[start:stop]
        targets_W[: len(next_L)] = next_L
        weights_W[: len(next_L)] = 1 if shard.trained is None else shard.trained[following]
        targets_W[ends - 1] = 0
        weights_W[ends - 1] = 0
        # A window shorter than W ends with a document, so its padding begins at a document's end too.
        return np.append(np.int64(0), ends[ends < len(tokens_W)])


def _even_bounds(shard: Shard, window: int) -> NDArray[np.int64]:
    return np.append(np.arange(0, shard.num_tokens, window), shard.num_tokens)


def _whole_document_bounds(shard: Shard, window: int) -> NDArray[np.int64]:
    ends = shard.document_ends.astype(np.int64).data
    bounds, document = [0], 0
    while bounds[-1] < shard.num_tokens:
        start = bounds[-1]
        document = bisect_right(ends, start + window, lo=document)
        fitting = ends[document - 1] if document else 0
        bounds.append(fitting if fitting > start else start + window)
    return np.array(bounds)


def _packed(windows: Sequence[tuple[_Windows, int]], window: int) -> Batch:
    """Return the batch of these windows, one after another."""
    shape = (len(windows), window)
    tokens, targets, weights = np.zeros(shape, np.int64), np.zeros(shape, np.int64), np.zeros(shape, np.float32)
    starts = [i * window + shard.fill(place, tokens[i], targets[i], weights[i]) for i, (shard, place) in enumerate(windows)]
    return Batch(tokens.ravel(), targets.ravel(), weights.ravel(), np.concatenate(starts))
