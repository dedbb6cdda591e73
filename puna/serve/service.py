"""The one object that all requests share: the engine, its queue's bound, and whether new work is taken.

A place is given out before any work is done for a request, counted in answers, and given back when the last of them is over. Whoever finds none is told when to come again: memory and waiting time
stay bounded whatever is asked. What takes time before the engine is reached happens beside the event loop: prompts are encoded in one thread, one request after the other, and grammars, of which the
worst take seconds, are compiled in a few others, where they hold up nobody but each other. Both are waited for no longer than the answer has time, and only for who is still there.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TypeVar

from torch import Tensor

from puna.engine import AsyncEngine, Engine, Request
from puna.errors import PunaError
from puna.serve.errors import ApiError, refusal
from puna.serve.grammars import Grammars, Wanted
from puna.serve.messages import Memory
from puna.serve.metrics import Metrics
from puna.serve.settings import ServeSettings
from puna.version import VERSION

T = TypeVar("T")
# Grammars that are compiled at the same time. Each has a process of its own for at most a few seconds (`engine/grammar_trial.py`).
COMPILERS = 4
LOOKS = 16  # numbers of each tensor that a model is known by


class Place:
    """Room for some answers; `give_back` may be called more than once."""

    def __init__(self, service: Service, count: int) -> None:
        self._service, self._count, self._since = service, count, time.monotonic()

    def give_back(self) -> None:
        """Make room for others."""
        if self._count:
            self._service.release(self._count, seconds=time.monotonic() - self._since)
            self._count = 0


class Service:
    """An engine with a door. `start` and `close` are called in the event loop that serves."""

    def __init__(self, engine: Engine, settings: ServeSettings) -> None:
        self.engine, self.settings = engine, settings
        self.running = AsyncEngine(engine)
        self.metrics = Metrics(self.running.stats, lambda: self.num_open)
        self.grammars, self.memory = Grammars(engine.tokenizer, form=engine.codec.calls), Memory()
        self.fingerprint = fingerprint(engine)
        self.created = int(time.time())
        self.num_open = 0
        self.is_draining = False
        self._typical_seconds = 1.0
        self._preparing, self._compiling = ThreadPoolExecutor(1, "puna-prepare"), ThreadPoolExecutor(COMPILERS, "puna-grammar")
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def most_open(self) -> int:
        """Return how many answers may be open: those that the engine writes at once, and those that wait."""
        return self.engine.settings.max_running + self.settings.max_waiting

    def start(self) -> None:
        """Begin to answer."""
        self.running.start()

    async def close(self) -> None:
        """End what still runs."""
        await self.running.close(drain=False)
        for pool in (self._preparing, self._compiling):
            pool.shutdown(wait=False, cancel_futures=True)

    def place(self, choices: int, *, prompts: int = 1) -> Place:
        """Return room for `choices` answers to each of `prompts`. Raises `ApiError`: 503 while the server shuts down or where its engine has broken down, 429 where there is none, 400 where there never will be."""
        if self.running.failure is not None:
            raise refusal(self.running.failure)
        if self.is_draining:
            raise ApiError(503, "the server is shutting down", code="shutting_down", headers={"Retry-After": "30", "Connection": "close"})
        most, count = min(self.settings.max_choices, self.most_open), choices * prompts
        if count > most:
            param = "n" if choices > 1 else "prompt"
            raise ApiError(400, f"{count} answers are more than the {most} that one request may ask for", param=param)
        if self.num_open + count > self.most_open:
            wait = min(max(math.ceil(self._typical_seconds * self.num_open / self.engine.settings.max_running), 1), 60)
            message = f"the queue is full ({self.num_open} answers are open); come again in about {wait} seconds"
            raise ApiError(429, message, code="queue_full", headers={"Retry-After": str(wait)})
        self.num_open += count
        self._idle.clear()
        return Place(self, count)

    def release(self, count: int, *, seconds: float) -> None:
        """Take back the room for `count` answers that was held for `seconds`."""
        self.num_open -= count
        self._typical_seconds += 0.1 * (seconds - self._typical_seconds)
        if not self.num_open:
            self._idle.set()

    async def drained(self) -> None:
        """Wait until nothing is open."""
        await self._idle.wait()

    async def held(self, work: Callable[[], tuple[list[Request], Wanted | None]]) -> list[Request]:
        """Return the requests that `work` makes beside the event loop, held to the grammar that it wants. Raises `ApiError` for what the rooms below refuse."""
        loop = asyncio.get_running_loop()
        try:
            requests, wanted = await loop.run_in_executor(self._preparing, work)
        except PunaError as error:
            raise refusal(error) from None
        if wanted is None:
            return requests
        grammar = self.grammars.find(wanted) or await loop.run_in_executor(self._compiling, self.grammars.compile, wanted)
        return [replace(request, grammar=grammar) for request in requests]

    async def in_time(self, work: Awaitable[T], deadline: float) -> T:
        """Return what `work` returns. Raises `ApiError` 504 at the deadline, where it is given up."""
        try:
            async with asyncio.timeout_at(deadline):
                return await work
        except TimeoutError:
            raise self.too_late() from None

    def too_late(self) -> ApiError:
        """Count an answer that its deadline ended, and return what is told."""
        self.metrics.dropped.labels("deadline").inc()
        return ApiError(504, "the answer was not finished within the time that it had", code="deadline_exceeded")

    def check_model(self, name: str) -> None:
        """Raise `ApiError` 404 for another model's name."""
        if name != self.settings.name:
            raise ApiError(
                404,
                f"the model {name[:80]!r} does not exist; this server has {self.settings.name!r}",
                param="model",
                code="model_not_found",
            )

    def most_tokens(self, asked: int | None, *, prompt: int) -> int:
        """Return how many tokens an answer may have: as asked, else what is left of the context, within the server's bound. Raises `ApiError` 400 beyond it."""
        bound = self.settings.max_answer
        if asked is not None and bound is not None and asked > bound:
            raise ApiError(400, f"max_tokens is {asked}, and this server writes {bound} at most", param="max_tokens")
        left = max(self.engine.context - prompt, 0)
        return asked if asked is not None else left if bound is None else min(left, bound)

    def deadline(self, asked: float | None) -> float:
        """Return the time of the event loop until which an answer is of use. Raises `ApiError` 400 beyond the server's own."""
        if asked is not None and asked > self.settings.deadline:
            raise ApiError(
                400, f"timeout is {asked:g} seconds, and this server works {self.settings.deadline:g} at most on a request", param="timeout"
            )
        return asyncio.get_running_loop().time() + (asked or self.settings.deadline)


def fingerprint(engine: Engine) -> str:
    """Return what is equal where the same seed gives the same text: the version, the model's shape and dtype, and a look at each of its tensors."""
    parts = [VERSION, engine.model.config.model_dump_json(), engine.tokenizer.hash, str(engine.model.embed.weight.dtype)]
    parts += [f"{name}:{_looked_at(tensor)}" for name, tensor in engine.model.state_dict().items()]
    return f"fp_{hashlib.sha256('|'.join(parts).encode()).hexdigest()[:12]}"


def _looked_at(tensor: Tensor) -> list[float]:
    """Return a few numbers from all over a tensor."""
    flat = tensor.detach().flatten()
    return flat[:: max(len(flat) // LOOKS, 1)][: LOOKS + 1].double().tolist()
