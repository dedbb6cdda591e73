"""What the engine itself does with a model's time and memory: users that a cache holds, company that is nearly free, and the scheduler's share of a step.

    python benchmarks/engine.py [--part users|batch|contexts|scheduler]

Each part prints its figures beside the limit that bounds them; the last line is one JSON object. Weights are random: speed does not depend on them.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from puna.engine import Engine, EngineSettings, Request, SamplingSettings, drawing
from puna.engine.cache import BLOCK_SIZE
from puna.engine.stats import Stats
from puna.model.config import LlamaConfig
from puna.model.llama import Llama
from puna.tokens.bpe import train_bpe
from puna.tokens.tokenizer import Tokenizer

CONTEXT = 4096
# Of the shape of a small model whose heads are Llama 3 8B's in number: 32 of queries, 8 or 32 of keys and values.
HEADS = {"vocab_size": 512, "dim": 512, "num_layers": 4, "num_heads": 32, "head_dim": 16, "ffn_dim": 1024, "max_positions": CONTEXT}
# Llama 3.2 1B but for its vocabulary, whose matrix a random tokenizer cannot fill.
ONE_B = {
    "vocab_size": 512,
    "dim": 2048,
    "num_layers": 16,
    "num_heads": 32,
    "num_kv_heads": 8,
    "head_dim": 64,
    "ffn_dim": 8192,
    "max_positions": CONTEXT,
}
ROUNDS = 3
GREEDY = SamplingSettings(temperature=0, ignore_end=True)


def tokenizer() -> Tokenizer:
    return train_bpe(["the llama and the puna, the grass and the sky. " * 20], vocab_size=256 + 20 + 16, num_special=16)


def model(**shape: Any) -> Llama:
    """Return a model with random weights."""
    config = LlamaConfig.model_validate(shape)
    with torch.device("meta"):
        empty = Llama(config)
    built = empty.to_empty(device="cpu")
    built.init_weights(0)
    return built.eval()


def engine(llama: Llama, **settings: Any) -> Engine:
    return Engine(llama, tokenizer(), settings=EngineSettings(**settings))


@dataclass(frozen=True)
class Run:
    """What a load took: seconds in all, tokens written, and for each request the times of its tokens since it came."""

    seconds: float
    tokens: int
    times: list[list[float]]

    @property
    def tokens_per_second(self) -> float:
        return self.tokens / self.seconds

    def first(self, share: float) -> float:
        """Return a percentile of the time to the first token, in seconds."""
        return float(np.quantile([times[0] for times in self.times], share))

    def between(self, share: float) -> float:
        """Return a percentile of the time between a request's tokens, in seconds."""
        return float(np.quantile(np.concatenate([np.diff(times) for times in self.times]), share))


def load(serving: Engine, requests: list[Request]) -> Run:
    """Put all requests in at once and write them to their ends."""
    began = time.perf_counter()
    sequences = [serving.submit(request) for request in requests]
    times: list[list[float]] = [[] for _ in requests]
    while serving.has_work:
        serving.step()
        now = time.perf_counter() - began
        for sequence, its in zip(sequences, times, strict=True):
            its.extend([now] * len(sequence.inbox))
            sequence.inbox.clear()
    return Run(time.perf_counter() - began, sum(map(len, times)), times)


def prompt(length: int, seed: int, *, shared: int = 0) -> list[int]:
    """Return `length` random ids, of which the first `shared` are everybody's."""
    common, own = np.random.default_rng(0), np.random.default_rng(seed + 1)
    return [int(token_id) for token_id in (*common.integers(0, 256, shared), *own.integers(0, 256, length - shared))]


def users() -> dict[str, float]:
    """How many users of 4,096 tokens the same cache holds, with 8 heads of keys and values and with 32."""
    cache_bytes = 2 * CONTEXT * LlamaConfig.model_validate({**HEADS, "num_kv_heads": 32}).kv_bytes_per_token(4)
    found = {}
    for heads in (8, 32):
        serving = engine(model(**HEADS, num_kv_heads=heads), cache_bytes=cache_bytes, step_tokens=2048)
        held = serving.stats().blocks_total // (CONTEXT // BLOCK_SIZE)
        run = load(
            serving, [Request(prompt(CONTEXT - 32, item), GREEDY.model_copy(update={"max_tokens": 32}), item=item) for item in range(held)]
        )
        found[heads] = held
        print(
            f"{heads} heads of keys and values: {held} users of {CONTEXT:,} tokens in {cache_bytes / 1e6:,.0f} MB, {serving.stats().preemptions} set back; {run.tokens_per_second:,.1f} tokens/s, "
            f"between tokens {run.between(0.5) * 1e3:,.1f} ms (99 %: {run.between(0.99) * 1e3:,.1f})"
        )
    return {"gqa_users_vs_mha": found[8] / found[32]}


def batch() -> dict[str, float]:
    """16 requests with a shared beginning together, and one after another, by turns."""
    llama = model(**{**ONE_B, "num_layers": 2})
    requests = [Request(prompt(272, item, shared=256), GREEDY.model_copy(update={"max_tokens": 64}), item=item) for item in range(16)]
    turns = [(*_together(llama, requests), _serial(llama, requests)) for _ in range(ROUNDS)]
    ratios = [serial / run.seconds for run, _, serial in turns]
    run, stats, serial = sorted(turns, key=lambda turn: turn[2] / turn[0].seconds)[ROUNDS // 2]
    print(
        f"16 with 256 tokens in common, 64 out: {run.tokens_per_second:,.1f} tokens/s together, {run.tokens / serial:,.1f} one after another, "
        f"{min(ratios):.2f} to {max(ratios):.2f} times in {ROUNDS} turns; first token after {run.first(0.5):.2f} s (99 %: {run.first(0.99):.2f}), "
        f"{run.between(0.5) * 1e3:,.0f} ms between tokens (99 %: {run.between(0.99) * 1e3:,.0f}); {stats.cached_tokens:,} of {stats.prompt_tokens:,} prompt tokens from the cache"
    )
    return {
        "batch16_vs_serial": float(np.median(ratios)),
        "ttft_p50": run.first(0.5),
        "ttft_p99": run.first(0.99),
        "itl_p99": run.between(0.99),
    }


def _together(llama: Llama, requests: list[Request]) -> tuple[Run, Stats]:
    serving = engine(llama)
    run = load(serving, requests)
    assert serving.stats().cached_tokens == 15 * 256, "the beginning was computed more than once"
    return run, serving.stats()


def _serial(llama: Llama, requests: list[Request]) -> float:
    """Return the seconds of all requests, one after another."""
    serving, began = engine(llama), time.perf_counter()
    for request in requests:
        load(serving, [request])
    return time.perf_counter() - began


@contextmanager
def clocked(owner: Any, name: str, spent: list[float]) -> Iterator[None]:
    """Add up the seconds that calls of `owner.name` take."""
    inner: Callable[..., Any] = getattr(owner, name)

    def timed(*args: Any, **kwargs: Any) -> Any:
        began = time.perf_counter()
        try:
            return inner(*args, **kwargs)
        finally:
            spent[0] += time.perf_counter() - began

    setattr(owner, name, timed)
    try:
        yield
    finally:
        setattr(owner, name, inner)


def scheduler() -> dict[str, float]:
    """The share of a step, at 64 sequences of a 1B shape, that is neither the model nor the sampler; and what a step costs by context."""
    serving = engine(model(**ONE_B), step_tokens=2048)
    settings = GREEDY.model_copy(update={"max_tokens": 24})
    for item in range(64):
        serving.submit(Request(prompt(64, item), settings, item=item))
    while serving.stats().generated_tokens < 2 * 64:
        serving.step()
    inside, described, whole = [0.0], [0.0], 0.0
    runner = serving._runner
    clocks = [(runner, "hidden", inside), (runner, "logits", inside), (runner.cache, "step", described), (drawing, "choose", inside)]
    with ExitStack() as stack:
        for clock in (*clocks, (drawing, "log_probabilities", inside)):
            stack.enter_context(clocked(*clock))
        for _ in range(8):
            began = time.perf_counter()
            serving.step()
            whole += time.perf_counter() - began
    own = whole - inside[0] + described[0]
    print(
        f"64 sequences of a 1B shape: a step takes {whole / 8 * 1e3:,.0f} ms, of which {own / 8 * 1e3:,.2f} ms are the scheduler's ({own / whole:.2%})"
    )
    return {"scheduler_share": own / whole}


def contexts() -> dict[str, float]:
    """What a step of 8 sequences costs as their context grows: a straight line, its misses printed."""
    llama = model(**HEADS, num_kv_heads=8)
    found = []
    for length in (512, 1024, 2048, 3584):
        run = load(
            engine(llama, step_tokens=2048),
            [Request(prompt(length, item), GREEDY.model_copy(update={"max_tokens": 24}), item=item) for item in range(8)],
        )
        found.append((length, run.between(0.5)))
    lengths, seconds = (np.array(column) for column in zip(*found, strict=True))
    slope, level = np.polyfit(lengths, seconds, 1)
    told = ", ".join(f"{length:,}: {second * 1e3:.1f} ms (line {(level + slope * length) * 1e3:.1f})" for length, second in found)
    print(f"a step of 8 sequences by context: {told}")
    return {"context_line_miss": float(np.abs(seconds - level - slope * lengths).max() / seconds.max())}


PARTS: dict[str, Callable[[], dict[str, float]]] = {"users": users, "batch": batch, "contexts": contexts, "scheduler": scheduler}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=PARTS, help="one part alone")
    part = parser.parse_args().part
    figures: dict[str, float] = {}
    for name, measure in PARTS.items():
        if part in (None, name):
            figures |= measure()
    print(json.dumps({key: round(value, 5) for key, value in figures.items()}))


if __name__ == "__main__":
    main()
