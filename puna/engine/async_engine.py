"""The engine for many at once: one thread steps it, any number of coroutines wait for their tokens.

Everything that touches the engine happens in its thread, between two steps, in the order in which it was asked for; what comes back crosses to the event loop once a step and not once a token.
So neither a slow reader nor a long prompt of somebody else's holds up the loop, and there is nothing to lock but a queue.

An answer that is cut, because the engine was closed under it or its thread broke, ends with an error and never as if it were whole; only whoever cancels his own sees it end quietly.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable
from functools import partial

from puna.engine.engine import Engine
from puna.engine.request import Request, Token
from puna.engine.sequence import SequenceState
from puna.engine.stats import Stats
from puna.errors import PunaError, WorkError
from puna.records import Sample

log = logging.getLogger("puna.engine")


class EngineClosedError(WorkError):
    """Raised to who asks an engine that was closed or has broken down, and to who waits for an answer that was cut by that."""


class Answer(AsyncIterator[Token]):
    """Tokens as they are written. `sample` holds the result once the last was read."""

    def __init__(self, engine: AsyncEngine, sequence: SequenceState) -> None:
        self._engine, self.sequence = engine, sequence
        self._tokens: deque[Token] = deque()
        self._arrived = asyncio.Event()
        self._is_over = False
        self._error: PunaError | None = None

    @property
    def sample(self) -> Sample | None:
        """Return what was written, None while it goes on."""
        return self.sequence.sample() if self._is_over and not self._tokens else None

    @property
    def num_waiting(self) -> int:
        """Return how many tokens nobody has read yet."""
        return len(self._tokens)

    async def __anext__(self) -> Token:
        """Return the next token; the answer ends with `StopAsyncIteration`, or with the `PunaError` that ended the work."""
        while not self._tokens:
            if self._error is not None:
                raise self._error
            if self._is_over:
                raise StopAsyncIteration
            self._arrived.clear()
            await self._arrived.wait()
        return self._tokens.popleft()

    def cancel(self) -> None:
        """Stop writing. The blocks are free before the next step."""
        self._engine._cancel(self)

    def _receive(self, tokens: list[Token], *, is_over: bool, error: PunaError | None = None) -> None:
        self._tokens.extend(tokens)
        self._is_over, self._error = is_over, error
        self._arrived.set()


# Of an answer: its next tokens, whether it is over, and what went wrong with it.
News = tuple[Answer, list[Token], bool, PunaError | None]


class AsyncEngine:
    """Runs an `Engine` in a thread of its own, from `start` to `close`, for the coroutines of one event loop."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._jobs: deque[Callable[[], None]] = deque()
        self._wake = threading.Condition()
        self._answers: dict[int, Answer] = {}
        self._is_closing = self._drains = False
        self._thread: threading.Thread | None = None
        self._stats = Stats()
        self.failure: EngineClosedError | None = None

    def start(self) -> None:
        """Start the thread. Call it in the event loop that will read the answers."""
        assert self._thread is None
        self._loop = asyncio.get_running_loop()
        self._stats = self.engine.stats()
        self._thread = threading.Thread(target=self._work, name="puna-engine", daemon=True)
        self._thread.start()

    def submit(self, request: Request) -> Answer:
        """Queue a request and return its answer. Raises as `Engine.submit`, and `EngineClosedError` once the engine closes or has broken down (`failure`)."""
        if self.failure is not None:
            raise EngineClosedError(str(self.failure))
        if self._is_closing:
            raise EngineClosedError("the engine is closing and takes no more requests")
        sequence = self.engine.prepare(request)
        answer = Answer(self, sequence)
        if sequence.stop_reason is not None:
            answer._receive([], is_over=True)
            return answer
        self._answers[id(sequence)] = answer
        self._ask(partial(self.engine.enqueue, sequence))
        return answer

    def stats(self) -> Stats:
        """Return the figures after the last step."""
        return self._stats

    @property
    def num_open(self) -> int:
        """Return how many answers are not over."""
        return len(self._answers)

    async def close(self, *, drain: bool = True) -> None:
        """Stop: with `drain` once everything that was asked for is written, else at once, and whoever still waits gets `EngineClosedError`."""
        self._is_closing, self._drains = True, drain
        self._ask(lambda: None)
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join)

    def _cancel(self, answer: Answer) -> None:
        if id(answer.sequence) in self._answers:
            self._ask(partial(self._end, answer.sequence))

    def _cut(self, error: EngineClosedError, *, has_failed: bool) -> None:
        """Tell everybody who still waits that nothing more will come. It runs in the event loop as `submit` does, so nobody comes in between unheard."""
        if has_failed:
            self.failure = error
        for answer in self._answers.values():
            answer.sequence.cancel()
            answer._receive([], is_over=True, error=error)
        self._answers = {}

    def _ask(self, job: Callable[[], None]) -> None:
        with self._wake:
            self._jobs.append(job)
            self._wake.notify()

    # From here on everything runs in the engine's thread.

    def _work(self) -> None:
        """Step until it is time to go. A step that fails costs those who were in it their answers; whatever else fails is the end of this engine."""
        try:
            while self._next_jobs():
                try:
                    moved = self.engine.step()
                except Exception as error:  # whatever it is, everybody who waits has to hear of it
                    log.error("a step failed", exc_info=error)
                    self._fail(error if isinstance(error, PunaError) else WorkError(_told(error)))
                    continue
                self._deliver(moved)
            for answer in list(self._answers.values()):
                self.engine.cancel(answer.sequence)
            self._stats = self.engine.stats()
        except BaseException as error:
            log.critical("the engine has broken down", exc_info=error)
            self._tell(partial(self._cut, EngineClosedError(_told(error)), has_failed=True))
        else:
            self._tell(partial(self._cut, EngineClosedError("the engine was closed before the answer was finished"), has_failed=False))

    def _next_jobs(self) -> bool:
        """Do what was asked for; without work, wait until something is. Return False once it is time to go."""
        with self._wake:
            while not (self._jobs or self.engine.has_work or self._is_closing):
                self.engine.check()
                self._wake.wait()
            jobs = list(self._jobs)
            self._jobs.clear()
        for job in jobs:
            job()
        return not self._is_closing or (self._drains and self.engine.has_work)

    def _end(self, sequence: SequenceState) -> None:
        if sequence.stop_reason is None:
            self.engine.cancel(sequence)
        self._stats = self.engine.stats()
        self._deliver([sequence])

    def _deliver(self, moved: list[SequenceState]) -> None:
        """Hand over what a step wrote, in one visit to the event loop."""
        self._stats = self.engine.stats()
        batch: list[News] = []
        for sequence in moved:
            is_over = sequence.stop_reason is not None
            answer = self._answers.pop(id(sequence), None) if is_over else self._answers.get(id(sequence))
            if answer is not None and (sequence.inbox or is_over):
                batch.append((answer, list(sequence.inbox), is_over, sequence.error))
                sequence.inbox.clear()
        if batch:
            self._tell(partial(_hand_over, batch))

    def _fail(self, error: PunaError) -> None:
        # The list is made in one go: the event loop may add to the answers at any moment.
        failed = [self._answers.pop(key) for key, answer in list(self._answers.items()) if answer.sequence.stop_reason is not None]
        self._stats = self.engine.stats()
        self._tell(partial(_hand_over, [(answer, [], True, error) for answer in failed]))

    def _tell(self, news: Callable[[], object]) -> None:
        """Run `news` in the event loop; where that has closed, nobody is left to hear them."""
        try:
            self._loop.call_soon_threadsafe(news)
        except RuntimeError:
            assert self._loop.is_closed()


def _told(error: BaseException) -> str:
    return f"the engine failed: {type(error).__name__}: {error}"


def _hand_over(batch: list[News]) -> None:
    for answer, tokens, is_over, error in batch:
        answer._receive(tokens, is_over=is_over, error=error)
