"""Training speed and memory beside transformers', taking turns step by step so that both meet the same noise.

Each side lives in a process of its own and takes a step when told to; the two alternate, and a ratio is the median of the ratios of neighbouring steps. Ours
is the Trainer as users run it: document masks, clipping, bits per byte and JSONL on. The peer's step is its model's own loss, backward, and the same
fused AdamW. The shape is 6 layers, 256 wide, 8/4 heads, feed-forward 768, tied, 16 windows of 512 tokens, fp32; 5.77M parameters at a
vocabulary of 4,096. Every window holds one document, so that both sides attend over as much; `--document` sets another mean length for ours, for a mask
makes attention cheaper, not dearer, where documents are shorter.

The last line is one JSON object. Figures over 1 are in our favour, but `memory_128k_vs_transformers` (lower is better) and `train_of_limit`, our matrix
arithmetic's share of the fastest fp32 product measured in the same run.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

WINDOW, WINDOWS = 512, 16
TOKENS = WINDOW * WINDOWS
SHAPE = {"num_layers": 6, "dim": 256, "num_heads": 8, "num_kv_heads": 4, "head_dim": 32, "ffn_dim": 768, "tied": True}


class Gate:
    """Lets a worker take one step each time its parent says so, and answers with the seconds that the step took."""

    def __init__(self) -> None:
        self._began = 0.0

    def wait(self) -> None:
        seconds = time.perf_counter() - self._began if self._began else 0.0
        print(json.dumps({"seconds": seconds, "peak_bytes": peak_bytes()}), flush=True)
        if not sys.stdin.readline():
            os._exit(0)
        self._began = time.perf_counter()


def peak_bytes() -> int:
    """Return the process's highest resident memory so far."""
    import resource

    scale = 1 if platform.system() == "Darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale


def run_transformers(gate: Gate, *, vocab: int, compiled: bool) -> None:
    """Take steps with transformers' LlamaForCausalLM until the parent hangs up."""
    import torch
    import transformers

    config = transformers.LlamaConfig(
        vocab_size=vocab, hidden_size=SHAPE["dim"], intermediate_size=SHAPE["ffn_dim"], num_hidden_layers=SHAPE["num_layers"],
        num_attention_heads=SHAPE["num_heads"], num_key_value_heads=SHAPE["num_kv_heads"], tie_word_embeddings=True, max_position_embeddings=WINDOW,
        use_cache=False,  # on by default, and in training it only costs
    )  # fmt: skip
    model: Any = transformers.LlamaForCausalLM(config)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, fused=True)
    forward = torch.compile(model) if compiled else model
    generator = torch.Generator().manual_seed(0)
    while True:
        gate.wait()
        ids = torch.randint(vocab, (WINDOWS, WINDOW), generator=generator)
        loss = forward(input_ids=ids, labels=ids).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        loss.item()


class GatedBatches:
    """Batches of random tokens in documents of about `document` tokens; each waits at the gate."""

    def __init__(self, gate: Gate, *, vocab: int, document: int) -> None:
        self._gate, self._vocab, self._document, self._count = gate, vocab, document, 0
        self.fingerprint = "random tokens"
        self.tokens_per_epoch = 1000 * TOKENS

    @property
    def state(self) -> Any:
        from puna.tokens.loader import LoaderState

        return LoaderState("benchmark", self._count * TOKENS)

    def seek(self, state: Any) -> None:
        raise AssertionError("a benchmark starts afresh")

    def __next__(self) -> Any:
        from puna.tokens.batch import Batch

        self._gate.wait()
        draw = np.random.default_rng(self._count)
        self._count += 1
        tokens_T = draw.integers(self._vocab, size=TOKENS + 1)
        ends = np.cumsum(draw.geometric(1 / self._document, size=TOKENS)) if self._document < WINDOW else np.zeros(0, np.int64)
        starts_S = np.union1d(ends[ends < TOKENS], np.arange(0, TOKENS, WINDOW))
        weights_T = np.ones(TOKENS, np.float32)
        weights_T[np.append(starts_S[1:], TOKENS) - 1] = 0
        return Batch(tokens_T[:-1], tokens_T[1:], weights_T, starts_S)


def run_puna(gate: Gate, *, vocab: int, compiled: bool, document: int) -> None:
    """Take steps with the Trainer until the parent hangs up."""
    from puna.model.config import LlamaConfig
    from puna.model.llama import Llama
    from puna.train.settings import TrainSettings
    from puna.train.trainer import Trainer

    model = Llama(LlamaConfig.model_validate({"vocab_size": vocab, "max_positions": WINDOW, **SHAPE}))
    model.init_weights(seed=0)
    settings = TrainSettings.model_validate({
        "tokens": 1000 * TOKENS, "window": WINDOW, "batch_windows": WINDOWS, "lr": 1e-3, "compile": "on" if compiled else "off",
        "dtype": "float32", "checkpoint_every": 1000,
    })  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        batches = GatedBatches(gate, vocab=vocab, document=document)
        Trainer(model, batches, settings, directory=Path(folder), token_bytes=np.full(vocab, 4)).run()


class Worker:
    """One side, in a process of its own."""

    def __init__(self, side: str, *, vocab: int, compiled: bool, document: int) -> None:
        command = [sys.executable, __file__, "--side", side, "--vocab", str(vocab), "--document", str(document)]
        self._process = subprocess.Popen(
            command + ["--compiled"] * compiled, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "HF_HUB_OFFLINE": "1"},
        )  # fmt: skip
        self._read()

    def step(self) -> dict[str, float]:
        """Take one step; returns its `seconds` and the process's `peak_bytes`."""
        assert self._process.stdin is not None
        self._process.stdin.write("go\n")
        self._process.stdin.flush()
        return self._read()

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def _read(self) -> dict[str, float]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            sys.exit("a worker ended early; see its error above")
        answer: dict[str, float] = json.loads(line)
        return answer


def compare(*, vocab: int, compiled: bool, document: int, steps: int, warm_up: int) -> tuple[float, float]:
    """Return (the median ratio of the peer's seconds to ours, our median tokens per second)."""
    peer, ours = (Worker(side, vocab=vocab, compiled=compiled, document=document) for side in ("transformers", "puna"))
    pairs = [(peer.step()["seconds"], ours.step()["seconds"]) for _ in range(warm_up + steps)][warm_up:]
    peer.close()
    ours.close()
    ratios = sorted(theirs / own for theirs, own in pairs)
    speeds = [TOKENS / statistics.median(column) for column in zip(*pairs, strict=True)]
    print(
        f"vocabulary {vocab:>7,} {'compiled' if compiled else 'eager':8} documents of {document:>3}: transformers {speeds[0]:6,.0f} tok/s, "
        f"puna {speeds[1]:6,.0f}; ratio {statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})", flush=True,
    )  # fmt: skip
    return statistics.median(ratios), speeds[1]


def peak_memory(side: str, *, vocab: int, document: int) -> float:
    """Return the highest resident bytes of a process that builds the model and takes two steps, libraries included."""
    worker = Worker(side, vocab=vocab, compiled=False, document=document)
    peak = max(worker.step()["peak_bytes"] for _ in range(2))
    worker.close()
    print(f"vocabulary {vocab:>7,} peak memory of a step, {side}: {peak / 1e9:.2f} GB", flush=True)
    return peak


def matmul_limit() -> float:
    """Return the FLOP/s of the fastest fp32 product: 512 rows by [8192, 2048] weights."""
    import torch

    x, w = torch.randn(512, 2048), torch.randn(8192, 2048)
    return 2 * 512 * 2048 * 8192 / best_of(lambda: x @ w.t())


def best_of(work: Callable[[], object], times: int = 20) -> float:
    """Return the least seconds that `work` took."""
    seconds = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return min(seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--document", type=int, default=WINDOW, help="mean tokens of our documents")
    parser.add_argument("--steps", type=int, default=8, help="timed steps of each side")
    parser.add_argument("--only", choices=("eager", "compiled", "32k", "memory"), help="run one part")
    parser.add_argument("--side", choices=("transformers", "puna"), help=argparse.SUPPRESS)
    parser.add_argument("--vocab", type=int, default=4096, help=argparse.SUPPRESS)
    parser.add_argument("--compiled", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.side == "transformers":
        run_transformers(Gate(), vocab=args.vocab, compiled=args.compiled)
    elif args.side == "puna":
        run_puna(Gate(), vocab=args.vocab, compiled=args.compiled, document=args.document)
    else:
        report(args.document, args.steps, args.only)


def report(document: int, steps: int, only: str | None) -> None:
    """Measure and print; the last line is the JSON."""
    from puna.model.config import LlamaConfig

    found: dict[str, float] = {}
    if only in (None, "eager"):
        limit = matmul_limit()
        found["train_vs_transformers_eager"], speed = compare(vocab=4096, compiled=False, document=document, steps=steps, warm_up=2)
        flops = LlamaConfig.model_validate({"vocab_size": 4096, **SHAPE}).train_flops_per_token(document)
        found["train_of_limit"] = speed * flops / max(limit, matmul_limit())
    if only in (None, "compiled"):
        found["train_vs_transformers_compiled"], _ = compare(vocab=4096, compiled=True, document=document, steps=steps, warm_up=3)
    if only in (None, "32k"):
        found["train_32k_vs_transformers_eager"], _ = compare(vocab=32_768, compiled=False, document=document, steps=steps, warm_up=1)
    if only in (None, "memory"):
        ours, peer = (peak_memory(side, vocab=128_256, document=document) for side in ("puna", "transformers"))
        found["memory_128k_vs_transformers"] = ours / peer
    print(json.dumps({name: round(value, 3) for name, value in found.items()}))


if __name__ == "__main__":
    main()
