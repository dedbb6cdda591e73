"""What is measured of each step, and where it is written: `metrics.jsonl`, TensorBoard events beside it, and the figures of the whole run.

The headline is bits per byte: nats per token depend on how long tokens are, bits per byte of text do not, so tokenizers can be compared. Model FLOPs
utilisation counts the arithmetic that the model needs (not what recomputing adds), over the chip's peak (arXiv 2204.02311, appendix B).

A resumed run repeats the steps after its checkpoint, so lines beyond that are cut off first, and the file has each step once.
"""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from puna import files
from puna.errors import ConfigError
from puna.tokens.batch import Batch

METRICS = "metrics.jsonl"
EVENTS = "tensorboard"


@dataclass(frozen=True)
class TrainFigures:
    """What a run came to. Loss and bits per byte are the last step's; `seconds` and what is derived of them count resumed parts too.

    `tokens` are window slots (padding included), `targets` those that counted in the loss; `flops` are the model's. Speed and MFU leave out the first step of each
    session (unless there was no other), which allocates and compiles, and the time that checkpoints take.
    """

    steps: int
    tokens: int
    targets: int
    flops: float
    seconds: float
    loss: float
    bits_per_byte: float | None
    tokens_per_second: float
    mfu: float
    num_params: int
    device: str
    dtype: str
    compiled: bool
    peak_flops_per_second: float

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass
class Totals:
    """Sums over the whole run so far, kept in checkpoints. `timed_*` cover the steps whose speed counts."""

    targets: int = 0
    flops: float = 0.0
    seconds: float = 0.0
    timed_tokens: int = 0
    timed_flops: float = 0.0
    timed_seconds: float = 0.0
    loss: float = math.nan
    bits_per_byte: float | None = None


@dataclass
class StepSums:
    """Sums over the micro-batches of one step; the loss is in nats, `num_bytes` are those of the targets' text."""

    loss: float = 0.0
    num_targets: int = 0
    num_bytes: int = 0
    num_tokens: int = 0
    flops: float = 0.0
    metrics: dict[str, float] = field(default_factory=dict)

    @property
    def mean_loss(self) -> float:
        return self.loss / self.num_targets

    @property
    def bits_per_byte(self) -> float | None:
        """Return the loss in bits over the bytes of text predicted; None where those are unknown."""
        return self.loss / math.log(2) / self.num_bytes if self.num_bytes else None

    def record(self) -> dict[str, Any]:
        """Return what a line of `metrics.jsonl` says of the losses; other metrics are means over what counted."""
        means = {name: value / self.num_targets for name, value in self.metrics.items()}
        return {**means, "loss": self.mean_loss, "bits_per_byte": self.bits_per_byte, "targets": self.num_targets}


def bytes_of_targets(batch: Batch, token_bytes: NDArray[np.int64] | None) -> int:
    """Return the bytes of text in the targets that count; `token_bytes[V]` holds each token's (0 for special ones). 0 where it is None."""
    return 0 if token_bytes is None else int(token_bytes[batch.targets_T[batch.weights_T > 0]].sum())


def mean_context(batch: Batch) -> float:
    """Return the mean over tokens of their document's length in the batch, in tokens: what attention's arithmetic depends on."""
    num_tokens = len(batch.tokens_T)
    lengths_S = np.diff(batch.starts_S, append=num_tokens)
    return float(np.square(lengths_S).sum() / num_tokens)


class MetricsLog:
    """Writes one record a step to JSONL and TensorBoard in `directory`, after cutting off what lies beyond `resume_step` (steps already done)."""

    def __init__(self, directory: Path, *, resume_step: int) -> None:
        from tensorboardX.event_file_writer import EventsWriter

        self._path = directory / METRICS
        with files.disk_errors(self._path):
            (directory / EVENTS).mkdir(parents=True, exist_ok=True)
            cut_after(self._path, step=resume_step)
            self._file = self._path.open("a", encoding="utf-8", newline="\n")
            # The writer beneath SummaryWriter, without its thread: that dies of a full disk unheard, and then every call waits for it for ever.
            self._events = EventsWriter(str(directory / EVENTS / "events"), f".{resume_step}")
            self._events.write_event(_session_start(resume_step + 1))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with files.disk_errors(self._path):
            try:
                self._file.close()
            finally:
                self._events.close()

    def write(self, record: Mapping[str, Any]) -> None:
        """Append `record`, whose `step` counts steps done. It reaches the operating system at once, so a killed process loses no line."""
        with files.disk_errors(self._path):
            self._file.write(json.dumps(record) + "\n")
            self._file.flush()
            self._events.write_event(_scalars(record))

    def sync(self) -> None:
        """Flush to the disk: a checkpoint must not survive a power cut that the lines before it do not."""
        with files.disk_errors(self._path):
            os.fsync(self._file.fileno())
            self._events.flush()


def _session_start(step: int) -> Any:
    """Return the event that makes TensorBoard hide what earlier sessions wrote of `step` and beyond."""
    from tensorboardX.proto.event_pb2 import Event, SessionLog

    return Event(wall_time=time.time(), step=step, session_log=SessionLog(status=SessionLog.START))


def _scalars(record: Mapping[str, Any]) -> Any:
    """Return the event with a record's figures; those that are None are left out."""
    from tensorboardX.proto.event_pb2 import Event
    from tensorboardX.summary import Summary, scalar

    figures = {f"train/{name}": value for name, value in record.items() if name != "step" and value is not None}
    values = [value for name, figure in figures.items() for value in scalar(name, figure).value]
    return Event(wall_time=time.time(), step=record["step"], summary=Summary(value=values))


def cut_after(path: Path, *, step: int) -> None:
    """Cut JSONL `path` after its last whole line of at most `step`; a line that a killed process left torn goes too."""
    if not path.exists():
        return
    keep = 0
    with path.open("rb") as file:
        for line in file:
            try:
                whole = line.endswith(b"\n") and json.loads(line)["step"] <= step
            except (ValueError, KeyError, TypeError):
                whole = False
            if not whole:
                break
            keep += len(line)
    os.truncate(path, keep)


def check_token_bytes(token_bytes: NDArray[np.int64] | None, *, vocab_size: int) -> None:
    """Raise `ConfigError` where a tokenizer has other tokens than the model."""
    if token_bytes is not None and len(token_bytes) != vocab_size:
        raise ConfigError(
            f"the tokenizer has {len(token_bytes):,} tokens and the model {vocab_size:,}; train with the tokenizer the model was made for"
        )
