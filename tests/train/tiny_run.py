"""A run small enough to be killed often: a model of a few thousand weights on made-up documents, as functions for tests and as a program.

`python tiny_run.py DIRECTORY` trains there (or resumes) to the end; with `--kills N` it forks such runs over and over and kills N of them, then lets one finish.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from puna import machine
from puna.model.config import LlamaConfig
from puna.model.llama import Llama
from puna.seeds import seed_of
from puna.tokens.batch import Batch
from puna.tokens.loader import LoaderState
from puna.train.settings import TrainSettings
from puna.train.trainer import Trainer

VOCAB = 61
CONFIG = LlamaConfig(vocab_size=VOCAB, dim=16, num_layers=2, num_heads=2, num_kv_heads=1, head_dim=8, ffn_dim=24)
SETTINGS = TrainSettings(steps=60, window=16, batch_windows=4, micro_batches=2, lr=1e-2, warmup_steps=4, checkpoint_every=3, keep_latest=2)


class MadeUpBatches:
    """Endless windows whose every token is a function of its place; some positions do not count. `windows` of them are one batch."""

    fingerprint = "made up"

    def __init__(self, *, window: int, windows: int, vocab: int = VOCAB, period: int = 3, epoch: int = 10**9, padded: int = 0) -> None:
        self.window, self.windows, self.vocab, self.period, self.epoch, self.padded = window, windows, vocab, period, epoch, padded
        self.tokens_per_epoch = epoch
        self.state = LoaderState("pretrain", 0)

    def seek(self, state: LoaderState) -> None:
        self.state = state

    def __next__(self) -> Batch:
        first = self.state.tokens // self.window
        rows = [self._window((first + i) % (self.epoch // self.window)) for i in range(self.windows)]
        self.state = replace(self.state, tokens=self.state.tokens + self.window * self.windows)
        tokens, weights = (np.concatenate([row[part] for row in rows]) for part in (0, 1))
        starts = np.concatenate([row[2] + i * self.window for i, row in enumerate(rows)])
        targets = np.append(tokens[1:], 0)
        targets[weights == 0] = 0
        return Batch(tokens, targets, weights, starts)

    def _window(self, index: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        generator = np.random.default_rng(seed_of("made up", index))
        tokens = generator.integers(self.vocab, size=self.window)
        cut = int(generator.integers(1, self.window))  # two documents a window
        weights = np.ones(self.window, np.float32)
        weights[[cut - 1, self.window - 1]] = 0
        weights[:: self.period] = 0
        if index < self.padded:
            weights[:] = 0
        return tokens, weights, np.array([0, cut])


def model(config: LlamaConfig = CONFIG) -> Llama:
    llama = Llama(config)
    llama.init_weights(7)
    return llama


def trainer(directory: Path, settings: TrainSettings = SETTINGS, **options) -> Trainer:
    loader = MadeUpBatches(window=settings.window, windows=settings.batch_windows)
    return Trainer(model(), loader, settings, directory=directory, token_bytes=np.arange(VOCAB) % 5, **options)


def wait_or_kill(child: int, directory: Path, draw: random.Random, longest: float, *, writing: bool) -> bool:
    """Kill `child` after a random while, or as soon as it is seen writing a checkpoint; return whether it was killed rather than done."""
    deadline = time.monotonic() + draw.uniform(0, longest)
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            assert status == 0, f"the run failed with status {status}"
            return False
        caught = any(directory.glob("checkpoints/*.partial")) if writing else time.monotonic() > deadline
        if caught:
            if writing:
                time.sleep(draw.uniform(0, 0.004))
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return True
        time.sleep(0.0003)


def fork_run(directory: Path) -> int:
    child = os.fork()
    if not child:
        trainer(directory).run()
        sys.stdout.flush()
        os._exit(0)
    return child


def kill_and_resume(directory: Path, *, kills: int, seconds: float) -> None:
    """Run to the end in spite of `kills` kills, every third of them while a checkpoint is written. `seconds` is how long a whole run takes."""
    draw = random.Random(3)
    for kill in range(kills):
        assert wait_or_kill(fork_run(directory), directory, draw, 2 * seconds / kills, writing=kill % 3 == 0), "done before all kills"
    assert not wait_or_kill(fork_run(directory), directory, draw, 600, writing=False)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("directory", type=Path)
    parser.add_argument("--kills", type=int)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    if asked.kills is None:
        trainer(asked.directory).run()
        return
    # All of this before any thread of torch's, which a fork would lose; children inherit the measured peak.
    machine.peak_flops("cpu", machine.compute_dtype("cpu").value)
    began = time.monotonic()
    whole = asked.directory / "whole"
    assert not wait_or_kill(fork_run(whole), whole, random.Random(0), 600, writing=False)
    kill_and_resume(asked.directory / "killed", kills=asked.kills, seconds=time.monotonic() - began)


if __name__ == "__main__":
    main()
