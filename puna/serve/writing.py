"""One request's answers while the engine writes them.

Tokens are taken in batches of what is there, so a reader who is slow gets fewer and larger pieces. A deadline is a bound on everything, the queue included.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from time import monotonic
from typing import Any

from puna.engine import Request
from puna.engine.async_engine import Answer
from puna.engine.request import Token
from puna.errors import PunaError
from puna.records import Sample
from puna.serve.errors import ApiError, refusal
from puna.serve.service import Place, Service

# An answer that was cancelled is not here: nobody is told that it is finished.
FINISH = {"end_token": "stop", "stop_string": "stop", "max_tokens": "length", "context_full": "length"}


class Writing:
    """The answers to `requests`, in their order. Who makes one has to `cancel` it in the end."""

    def __init__(self, service: Service, requests: Sequence[Request], *, deadline: float, begun: float) -> None:
        """Begin. `deadline` is a time of the event loop's, `begun` when the request came (`monotonic`)."""
        self._service, self._deadline, self._begun = service, deadline, begun
        self.answers: list[Answer] = []
        try:
            self.answers.extend(service.running.submit(request) for request in requests)
        except PunaError as error:
            self.cancel()
            raise _prompt_refusal(error) from None

    def is_behind(self) -> bool:
        """Return whether more waits for the reader than may."""
        return sum(answer.num_waiting for answer in self.answers) > self._service.settings.max_unread

    def cancel(self) -> None:
        """Stop writing; for answers that are over this changes nothing."""
        for answer in self.answers:
            answer.cancel()

    def sample(self, index: int) -> Sample:
        """Return what an answer is, after its last batch."""
        sample = self.answers[index].sample
        assert sample is not None
        return sample

    async def batches(self) -> AsyncIterator[tuple[int, list[Token]]]:
        """Yield (answer's index, its next tokens); no tokens: this answer is over. Raises `ApiError`: 504 at the deadline, 500 where the engine fails, 503 where it was closed."""
        waiting = {asyncio.ensure_future(_batch(answer)): index for index, answer in enumerate(self.answers)}
        last = [0.0] * len(self.answers)
        try:
            while waiting:
                left = self._deadline - asyncio.get_running_loop().time()
                done, _ = await asyncio.wait(waiting, timeout=max(left, 0), return_when=asyncio.FIRST_COMPLETED)
                if not done:
                    raise self._service.too_late()
                for task in done:
                    index = waiting.pop(task)
                    tokens = _result(task)
                    last[index] = self._measure(len(tokens), last[index])
                    yield index, tokens
                    if tokens:
                        waiting[asyncio.ensure_future(_batch(self.answers[index]))] = index
        finally:
            for task in waiting:
                task.cancel()

    def _measure(self, count: int, last: float) -> float:
        now, metrics = monotonic(), self._service.metrics
        if count and not last:
            metrics.first_token.observe(now - self._begun)
            # What came together with the first token came no later than it.
            last, count = now, count - 1
        for _ in range(count):
            metrics.between_tokens.observe((now - last) / count)
        return now

    def usage(self, prompts: Sequence[int], *, written: Mapping[int, int] | None = None) -> dict[str, Any]:
        """Return OpenAI's account of tokens. `prompts` are the indices of answers whose prompts count, one for each prompt; `written` the tokens of answers that were ended by us."""
        prompt = sum(self.answers[index].sequence.num_prompt for index in prompts)
        cached = sum(self.answers[index].sequence.num_cached or 0 for index in prompts)
        known = written or {}
        total = sum(known.get(index, answer.sequence.num_written) for index, answer in enumerate(self.answers))
        return {
            "prompt_tokens": prompt,
            "completion_tokens": total,
            "total_tokens": prompt + total,
            "prompt_tokens_details": {"cached_tokens": cached},
        }


class Ending:
    """What is done at the end of a request, whichever comes first: its work is stopped, its place is given back, and the figures hear of it."""

    def __init__(self, service: Service, place: Place, *, endpoint: str, begun: float) -> None:
        self._service, self._place, self._endpoint, self._begun = service, place, endpoint, begun
        self.writing: Writing | None = None

    def close(self, reason: str) -> None:
        """End: `done` where the whole answer was taken, `left` or `stalled` by its reader, `failed` where an error was the answer or the end of it."""
        if self.writing is not None:
            self.writing.cancel()
        self._place.give_back()
        metrics = self._service.metrics
        if reason == "done":
            metrics.whole.labels(self._endpoint).observe(monotonic() - self._begun)
        elif reason != "failed":
            metrics.dropped.labels(reason).inc()


async def _batch(answer: Answer) -> list[Token]:
    tokens: list[Token] = []
    try:
        tokens.append(await anext(answer))
        while answer.num_waiting:
            tokens.append(await anext(answer))
    except StopAsyncIteration:
        pass
    return tokens


def _result(task: asyncio.Future[list[Token]]) -> list[Token]:
    try:
        return task.result()
    except PunaError as error:
        raise refusal(error) from None


def _prompt_refusal(error: PunaError) -> ApiError:
    text = str(error)
    if "logit_bias" in text:
        return refusal(error, param="logit_bias")
    return refusal(error, code="context_length_exceeded" if "context" in text else None)
