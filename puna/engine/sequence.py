"""One sequence being written: what it has said so far, and whether it is over.

Shared by single and batched generation, so that both stop for the same reasons: an end token, a stop string, the tokens asked for, or a full context.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from puna.engine.sampler import SamplingSettings
from puna.engine.stopping import StopStrings
from puna.records import Sample, StopReason
from puna.tokens.tokenizer import TextStream, Tokenizer


class SequenceState:
    """Takes tokens one by one and turns them into text that may be shown. `item` seeds its draws; `continues` says that the prompt's text goes on."""

    def __init__(
        self,
        prompt_ids: Sequence[int],
        settings: SamplingSettings,
        tokenizer: Tokenizer,
        *,
        item: int,
        end_ids: Collection[int],
        context: int,
        continues: bool = True,
    ) -> None:
        self.prompt_ids = tuple(prompt_ids)
        self.item = item
        self.token_ids: list[int] = []
        self.stop_reason: StopReason | None = None
        self._end_ids = end_ids
        self._max_tokens, self._context = settings.max_tokens, context
        self._logprobs: list[float] = []
        self._shown: list[str] = []
        self._stream, self._stops = TextStream(tokenizer, continues=continues), StopStrings(settings.stop)
        if len(self.prompt_ids) >= context:
            self.stop_reason = "context_full"

    def accept(self, token_id: int, logprob: float) -> str:
        """Take the next token and return the text that it lets be shown; sets `stop_reason` where the sequence is over."""
        assert self.stop_reason is None
        self.token_ids.append(token_id)
        self._logprobs.append(logprob)
        text = ""
        if token_id in self._end_ids:
            self.stop_reason = "end_token"
        else:
            text = self._stops.push(self._stream.push(token_id))
            if self._stops.matched:
                self.stop_reason = "stop_string"
            elif len(self.token_ids) >= self._max_tokens:
                self.stop_reason = "max_tokens"
            elif len(self.prompt_ids) + len(self.token_ids) >= self._context:
                self.stop_reason = "context_full"
        if self.stop_reason is not None:
            # The last piece, a character cut in the middle, may still complete a stop string.
            text += self._stops.push(self._stream.flush()) + self._stops.flush()
        self._shown.append(text)
        return text

    def sample(self) -> Sample:
        """Return what was written. The ids include the end token or the stop string's tokens; the text does not."""
        assert self.stop_reason is not None
        return Sample(self.prompt_ids, tuple(self.token_ids), tuple(self._logprobs), self.stop_reason, "".join(self._shown))
