"""The one training loop.

A step draws `micro_batches` batches and adds up the gradients of their loss *sums*; then one pass over the gradients divides them by the number of tokens that
counted in the whole step and clips them. So the split into micro-batches changes memory and nothing else. A loss or a gradient that is not finite ends
the run before the optimizer sees it: the last checkpoint stays good.

Everything a step depends on is in the checkpoint (weights, moments, tokens read), so a run killed at any moment resumes bit for bit on the same machine. Python's
garbage collector rests during steps, for its pauses (half a second in a large process) would fall at different times on every rank.
"""

from __future__ import annotations

import contextlib
import gc
import math
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from puna import files, machine
from puna.errors import ConfigError, DataError, WorkError
from puna.model.llama import Llama
from puna.progress import Bar, Progress, Silent
from puna.tokens.batch import Batch
from puna.tokens.loader import LoaderState
from puna.train import compute, metrics
from puna.train.checkpoint import Checkpoint, CheckpointStore
from puna.train.metrics import MetricsLog, StepSums, Totals, TrainFigures
from puna.train.objective import DeviceBatch, NextToken, Objective
from puna.train.optimizer import adamw, mean_gradient_norm, moments, restore_moments, scale_gradients, set_rate
from puna.train.settings import TrainSettings, check_resumable
from puna.version import VERSION

CHECKPOINTS = "checkpoints"


class Batches(Protocol):
    """Where batches come from without end: a `puna.tokens.loader.Loader`, or anything with its state."""

    @property
    def state(self) -> LoaderState: ...

    @property
    def tokens_per_epoch(self) -> int: ...

    @property
    def fingerprint(self) -> str:
        """What changes with the data or with their order; a run is resumed only over the same."""
        ...

    def __next__(self) -> Batch: ...

    def seek(self, state: LoaderState) -> None:
        """Go on after `state.tokens` tokens."""


class Trainer:
    """Trains a model on a loader's batches, writes metrics and checkpoints, and resumes where an earlier run in `directory` was stopped.

        settings = TrainSettings(tokens=2_000_000, window=256, batch_windows=32, lr=1e-3)
        loader = Loader(shards, stage="pretrain", window=settings.window, batch_windows=settings.batch_windows, seed=settings.seed)
        figures = Trainer(model, loader, settings, directory=Path("runs/mine"), token_bytes=tokenizer.token_bytes).run()

    `model` is trained in place: it moves to this machine's device and its weights become fp32. `token_bytes[V]` (bytes of text in each token) gives losses in
    bits per byte too; leave it out where the objective's loss is no next-token loss. `directory` gets `metrics.jsonl`, `tensorboard/` and `checkpoints/`.

    Raises `ConfigError` where model, loader and settings do not belong together, or `directory` holds another run.
    """

    def __init__(
        self,
        model: Llama,
        loader: Batches,
        settings: TrainSettings,
        *,
        objective: Objective | None = None,
        directory: Path,
        token_bytes: NDArray[np.int64] | None = None,
        progress: Progress | None = None,
    ) -> None:
        if os.environ.get("WORLD_SIZE", "1") not in ("", "1"):
            raise ConfigError(
                f"WORLD_SIZE is {os.environ['WORLD_SIZE']}, and this version trains in one process; start it without torchrun"
            )
        metrics.check_token_bytes(token_bytes, vocab_size=model.config.vocab_size)
        self._device = machine.device()
        self._model = model.to(device=self._device, dtype=torch.float32)
        self._model.checkpoint_activations = settings.activation_checkpointing
        self._loader, self._settings, self._objective = loader, settings, objective or NextToken()
        self._directory, self._token_bytes, self._progress = Path(directory), token_bytes, progress or Silent()
        self._optimizer = adamw(self._model, settings)
        self._weights = list(self._model.parameters())
        self._store = CheckpointStore(
            self._directory / CHECKPOINTS, keep_latest=settings.keep_latest, permanent_every=settings.permanent_every
        )
        self._step, self._totals = 0, Totals()

    def run(self) -> TrainFigures:
        """Train until the settings' last step and return what it came to; a finished run returns at once.

        Raises `WorkError` for a loss or gradient that is not finite and for a full disk, `FormatError` where no checkpoint of an earlier run is whole,
        `ConfigError` where that run was another, `DataError` where a step has nothing to learn from.
        """
        self._resume()
        self._choose_compute()
        steps, per_step = self._settings.num_steps, self._settings.tokens_per_step
        with (
            MetricsLog(self._directory, resume_step=self._step) as log,
            self._progress.bar(self._loader.state.stage, steps * per_step, "tokens", self._step * per_step) as bar,
            _collector_at_rest(),
        ):
            first = self._step
            while self._step < steps:
                began = time.perf_counter()
                lr = self._settings.lr_at(self._step)
                sums = self._accumulate()
                grad_norm = self._update(sums, lr)
                self._step += 1
                self._measure(sums, seconds=time.perf_counter() - began, timed=self._step > first + 1)
                self._show(log, bar, {**sums.record(), "lr": lr, "grad_norm": grad_norm}, sums)
                if self._step % self._settings.checkpoint_every == 0 or self._step == steps:
                    log.sync()
                    self._save()
                    gc.collect()
        return self._figures()

    def _accumulate(self) -> StepSums:
        """Run one step's forward and backward passes; the weights' `.grad` then hold gradients of the loss sum."""
        sums, loss = StepSums(), torch.zeros((), dtype=torch.float64, device=self._device)
        for _ in range(self._settings.micro_batches):
            batch = self._next_batch()
            with self._autocast():
                result = self._objective(self._forward, DeviceBatch.of(batch, device=self._device))
            result.loss_sum.backward()  # type: ignore[no-untyped-call]
            loss += result.loss_sum.detach()
            sums.num_targets += result.num_tokens
            sums.num_bytes += metrics.bytes_of_targets(batch, self._token_bytes)
            sums.num_tokens += len(batch.tokens_T)
            sums.flops += len(batch.tokens_T) * self._model.config.train_flops_per_token(round(metrics.mean_context(batch)))
            for name, value in result.metrics.items():
                sums.metrics[name] = sums.metrics.get(name, 0.0) + float(value)
        sums.loss = float(loss)
        return sums

    def _update(self, sums: StepSums, lr: float) -> float:
        """Take the optimizer's step and return the norm of the mean gradient before clipping."""
        if not sums.num_targets:
            raise DataError(
                f"{self._where()}: no token of the batch counts in the loss; make batches larger or drop data that trains nothing"
            )
        self._check_finite(sums.loss, "loss", lr)
        norm = mean_gradient_norm(self._weights, num_tokens=sums.num_targets)
        self._check_finite(norm, "gradient's norm", lr)
        scale_gradients(self._weights, norm=norm, num_tokens=sums.num_targets, clip=self._settings.clip)
        set_rate(self._optimizer, lr)
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        return norm

    def _check_finite(self, value: float, what: str, lr: float) -> None:
        if not math.isfinite(value):
            steps = self._store.steps()
            left = f"{self._store.path(steps[-1])} is from before it" if steps else "there is no checkpoint yet"
            raise WorkError(f"{self._where()}: the {what} is {value} at lr {lr:.3g}; {left}: lower lr or clip, or look at the data")

    def _where(self) -> str:
        return f"stage '{self._loader.state.stage}', step {self._step + 1}"

    def _next_batch(self) -> Batch:
        batch, settings = next(self._loader), self._settings
        if len(batch.tokens_T) != settings.window * settings.batch_windows:
            raise ConfigError(
                f"the loader gives {len(batch.tokens_T):,} tokens a batch, and the settings say window {settings.window} x batch_windows "
                f"{settings.batch_windows}; build the loader from the same settings"
            )
        return batch

    def _measure(self, sums: StepSums, *, seconds: float, timed: bool) -> None:
        totals = self._totals
        totals.targets += sums.num_targets
        totals.seconds += seconds
        totals.flops += sums.flops
        totals.loss, totals.bits_per_byte = sums.mean_loss, sums.bits_per_byte
        if timed:
            totals.timed_tokens += sums.num_tokens
            totals.timed_flops += sums.flops
            totals.timed_seconds += seconds
        self._speed = {"tokens_per_second": sums.num_tokens / seconds, "mfu": sums.flops / seconds / self._peak.flops_per_second}

    def _show(self, log: MetricsLog, bar: Bar, found: Mapping[str, Any], sums: StepSums) -> None:
        if self._step % self._settings.log_every == 0 or self._step == self._settings.num_steps:
            log.write({"step": self._step, "tokens": self._step * self._settings.tokens_per_step, **found, **self._speed})
        headline = (
            f"loss {sums.mean_loss:.3f}" if sums.bits_per_byte is None else f"loss {sums.mean_loss:.3f}, {sums.bits_per_byte:.3f} bits/byte"
        )
        bar.advance(sums.num_tokens, headline)

    def _choose_compute(self) -> None:
        """Choose dtype and compilation for this machine, and say why."""
        dtype = compute.choose_dtype(self._settings.dtype, self._device, width=self._model.config.dim)
        compiling = compute.choose_compile(self._settings, self._model.config, device=self._device)
        self._progress.say(f"computing in {dtype.value} on {self._device}: {dtype.reason}")
        self._progress.say(f"torch.compile {compiling.value}: {compiling.reason}")
        self._dtype, self._compiled = dtype.value, compiling.value == "on"
        self._autocast = compute.autocast(self._device, dtype.value)
        self._forward = compute.compiled(self._model) if self._compiled else self._model
        self._peak = machine.peak_flops(self._device, dtype.value)

    def _identity(self) -> dict[str, Any]:
        """Return what a run must have in common with the one whose checkpoint it resumes."""
        return {
            "settings": self._settings.model_dump(mode="json"),
            "model": self._model.config.model_dump(mode="json"),
            "stage": self._loader.state.stage,
            "tokens_per_epoch": self._loader.tokens_per_epoch,
            "data": self._loader.fingerprint,
        }

    def _save(self) -> None:
        identity = self._identity()
        state = {
            "loader": asdict(self._loader.state),
            "totals": asdict(self._totals),
            "run": identity,
            "run_hash": files.hash_json(identity),
            "version": VERSION,
        }
        weights: dict[str, Tensor] = dict(self._model.named_parameters())
        self._store.save(Checkpoint(self._step, weights, moments(self._model, self._optimizer), state))

    def _resume(self) -> None:
        """Take up the latest whole checkpoint, if there is one."""
        found = self._store.latest(self._progress)
        if found is None:
            return
        where = str(self._store.path(found.step))
        check_resumable(found.state["run"], self._identity(), step=found.step, where=where)
        self._model.load_state_dict(dict(found.weights))
        restore_moments(self._model, self._optimizer, found.optimizer)
        self._loader.seek(LoaderState(**found.state["loader"]))
        self._step, self._totals = found.step, Totals(**found.state["totals"])
        self._progress.say(f"resuming after step {found.step:,} of {self._settings.num_steps:,}")

    def _figures(self) -> TrainFigures:
        totals, tokens = self._totals, self._step * self._settings.tokens_per_step
        timed = totals.timed_tokens, totals.timed_flops, totals.timed_seconds
        sped_tokens, sped_flops, sped_seconds = timed if totals.timed_seconds else (tokens, totals.flops, totals.seconds)
        return TrainFigures(
            steps=self._step,
            tokens=tokens,
            targets=totals.targets,
            flops=totals.flops,
            seconds=totals.seconds,
            loss=totals.loss,
            bits_per_byte=totals.bits_per_byte,
            tokens_per_second=sped_tokens / sped_seconds,
            mfu=sped_flops / sped_seconds / self._peak.flops_per_second,
            num_params=self._model.config.num_params,
            device=self._device,
            dtype=self._dtype,
            compiled=self._compiled,
            peak_flops_per_second=self._peak.flops_per_second,
        )


@contextlib.contextmanager
def _collector_at_rest() -> Iterator[None]:
    """Keep Python's garbage collector from pausing steps, and put it back as it was."""
    enabled = gc.isenabled()
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.unfreeze()
        if enabled:
            gc.enable()
