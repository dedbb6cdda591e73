"""One request's answers while the engine writes them.

Tokens are taken in batches of what is there, so a reader who is slow gets fewer and larger pieces. A deadline is a bound on everything, the queue included.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from time import monotonic
from typing import Any

from puna.engine import Request
from puna.engine.async_engine import Answer
from puna.engine.request import Token
from puna.errors import PunaError
from puna.records import Sample
from puna.serve.errors import ApiError, refusal
from puna.serve.service import Service

# An answer that was cancelled is not here: nobody is told that it is finished.
FINISH = {"end_token": "stop", "stop_string": "stop", "max_tokens": "length", "context_full": "length"}


class Writing:
    """The answers to `requests`, in their order. Who makes one has to `cancel` it in the end."""

    def __init__(self, service: Service, requests: Sequence[Request], *, deadline: float) -> None:
        self._service, self._deadline, self._begun = service, deadline, monotonic()
        self.answers: list[Answer] = []
        try:
            self.answers.extend(service.running.submit(request) for request in requests)
        except PunaError as error:
            self.cancel()
            raise _prompt_refusal(error) from None

    @property
    def num_unread(self) -> int:
        """Return how many tokens wait for their reader."""
        return sum(answer.num_waiting for answer in self.answers)

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
                    self._service.metrics.dropped.labels("deadline").inc()
                    raise ApiError(504, "the answer was not finished within the time that it had", code="deadline_exceeded")
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

    def usage(self, prompts: Sequence[int]) -> dict[str, Any]:
        """Return OpenAI's account of tokens; `prompts` are the indices of answers whose prompts count, one for each prompt."""
        prompt = sum(self.answers[index].sequence.num_prompt for index in prompts)
        cached = sum(self.answers[index].sequence.num_cached or 0 for index in prompts)
        written = sum(answer.sequence.num_written for answer in self.answers)
        return {
            "prompt_tokens": prompt,
            "completion_tokens": written,
            "total_tokens": prompt + written,
            "prompt_tokens_details": {"cached_tokens": cached},
        }


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
