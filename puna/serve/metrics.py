"""What a server tells of itself to Prometheus, from a registry of its own.

Times are measured where a client feels them: from its request to its first token, and between one token and the next as they are handed to its connection. What the engine counts is read from it
when somebody asks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from puna.engine import Stats

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_FIRST = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 60)
_BETWEEN = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
_WHOLE = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 60, 120, 300, 600)


class Metrics:
    """Counters and histograms of one server. `stats` are the engine's figures, `open_answers` the answers that hold a place."""

    def __init__(self, stats: Callable[[], Stats], open_answers: Callable[[], int]) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter("puna_requests", "Requests by endpoint and status.", ["endpoint", "status"], registry=self.registry)
        self.first_token = Histogram(
            "puna_time_to_first_token_seconds", "From the request to its first token.", buckets=_FIRST, registry=self.registry
        )
        self.between_tokens = Histogram(
            "puna_time_between_tokens_seconds", "From one token to the next.", buckets=_BETWEEN, registry=self.registry
        )
        self.whole = Histogram(
            "puna_request_seconds",
            "From the request to the end of its answer, where all of it was taken.",
            ["endpoint"],
            buckets=_WHOLE,
            registry=self.registry,
        )
        self.dropped = Counter(
            "puna_answers_dropped", "Answers given up, by reason: left, stalled, deadline.", ["reason"], registry=self.registry
        )
        self.registry.register(_EngineFigures(stats, open_answers))

    def text(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self.registry)


class _EngineFigures(Collector):
    def __init__(self, stats: Callable[[], Stats], open_answers: Callable[[], int]) -> None:
        self._stats, self._open_answers = stats, open_answers

    def collect(self) -> Iterator[Metric]:
        stats = self._stats()
        yield GaugeMetricFamily("puna_answers_open", "Answers that hold a place, waiting or being written.", value=self._open_answers())
        yield GaugeMetricFamily("puna_sequences_waiting", "Sequences in the engine's queue.", value=stats.waiting)
        yield GaugeMetricFamily("puna_sequences_running", "Sequences that the engine writes.", value=stats.running)
        yield GaugeMetricFamily("puna_cache_blocks", "Blocks of the cache.", value=stats.blocks_total)
        yield GaugeMetricFamily("puna_cache_blocks_used", "Blocks of the cache that sequences hold.", value=stats.blocks_used)
        yield GaugeMetricFamily(
            "puna_cache_use_ratio", "Share of the cache that sequences hold.", value=stats.blocks_used / max(stats.blocks_total, 1)
        )
        yield GaugeMetricFamily(
            "puna_prefix_hit_ratio",
            "Share of all prompt tokens that were found in the cache.",
            value=stats.cached_tokens / max(stats.prompt_tokens, 1),
        )
        for name, about, value in (
            ("prompt_tokens", "Tokens of prompts.", stats.prompt_tokens),
            ("cached_tokens", "Tokens of prompts that were found in the cache.", stats.cached_tokens),
            ("generated_tokens", "Tokens written; their rate is the tokens per second.", stats.generated_tokens),
            ("engine_steps", "Steps of the engine.", stats.steps),
            ("preemptions", "Sequences that gave way for want of cache.", stats.preemptions),
            ("guessed_tokens", "Tokens that were guessed ahead.", stats.guessed),
            ("kept_guesses", "Guesses that were right.", stats.kept),
        ):
            yield CounterMetricFamily(f"puna_{name}", about, value=value)
