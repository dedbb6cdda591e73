"""One sequence being written: what it has read and said so far, what it holds of the cache, and whether it is over.

Shared by single and batched generation, so that both stop for the same reasons: an end token, a stop string, the tokens asked for, a full context,
a grammar that cannot be followed any further, or because nobody waits for it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING

from puna.engine.request import Request, Token
from puna.engine.stopping import StopStrings
from puna.errors import ConfigError, PunaError, WorkError
from puna.records import Sample, StopReason
from puna.tokens.tokenizer import TextStream, Tokenizer

if TYPE_CHECKING:
    from puna.engine.grammar_state import GrammarState
    from puna.engine.penalties import Adjustments


class SequenceState:
    """Takes tokens one by one and turns them into text that may be shown.

    `ids` are the prompt's and the written ones; of these the first `num_computed` are in the cache, in `blocks`; `num_cached` of the prompt's were found there, None while nobody has looked.
    `draft` are guesses at what comes next, and no part of it yet. `inbox` are tokens that nobody has read.
    """

    def __init__(self, request: Request, tokenizer: Tokenizer, *, end_ids: frozenset[int], context: int) -> None:
        self.request, self.settings = request, request.settings
        self.ids = list(request.prompt_ids)
        self.num_prompt = len(self.ids)
        self.stop_reason: StopReason | None = None
        self.blocks: list[int] = []
        self.num_computed = 0
        self.num_cached: int | None = None
        self.num_registered, self.chain = 0, 0
        self.draft: list[int] = []
        self.inbox: deque[Token] = deque()
        self.adjustments: Adjustments | None = None
        self.prompt_logprobs: list[float] = []
        self._broken: str | None = None
        self._end_ids = frozenset(request.settings.stop_ids) | (frozenset() if request.settings.ignore_end else end_ids)
        self.grammar: GrammarState | None = request.grammar.start(self._end_ids) if request.grammar else None
        self._context = context
        self._written: list[Token] = []
        self._stream, self._stops = TextStream(tokenizer, continues=request.continues), StopStrings(request.settings.stop)
        if self.num_left_to_write <= 0 and not self.num_left_to_score:
            self._stop_for_want_of_room()

    @property
    def num_written(self) -> int:
        return len(self.ids) - self.num_prompt

    @property
    def num_left_to_write(self) -> int:
        """Return how many more tokens may be written."""
        return min(self.num_prompt + self.settings.max_tokens, self._context) - len(self.ids)

    @property
    def num_left_to_score(self) -> int:
        """Return how many of the prompt's tokens were asked about and have no log-probability yet."""
        first = self.request.scored_from
        return 0 if first is None else self.num_prompt - max(first, 1) - len(self.prompt_logprobs)

    @property
    def num_pending(self) -> int:
        """Return how many known tokens are not in the cache yet."""
        return len(self.ids) - self.num_computed

    @property
    def num_matchable(self) -> int:
        """Return how many tokens may be taken from the cache as they are: one has to be computed for logits to exist, and all that are scored."""
        first = self.request.scored_from
        scored = len(self.ids) if first is None or not self.num_left_to_score else max(first, 1)
        return min(scored, len(self.ids)) - 1

    @property
    def is_writing(self) -> bool:
        """Return whether all but the last token has been read, so that a step writes."""
        return self.num_pending == 1 and self.num_computed > 0

    @property
    def next_ids(self) -> list[int]:
        """Return what the model has to read next, guesses included."""
        return [*self.ids[self.num_computed :], *self.draft]

    def accept(self, token_id: int, logprob: float, top: tuple[tuple[int, float], ...] = ()) -> Token:
        """Take the next token and return it with the text that it lets be shown; sets `stop_reason` where the sequence is over."""
        assert self.stop_reason is None
        self.ids.append(token_id)
        text = ""
        if token_id in self._end_ids:
            self.stop_reason = "end_token"
        else:
            if self.grammar is not None:
                self.grammar.accept(token_id)
            text = self._stops.push(self._stream.push(token_id))
            if self.problem is not None:
                self.stop_reason = "failed"
            elif self._stops.matched:
                self.stop_reason = "stop_string"
            elif self.num_left_to_write <= 0:
                self._stop_for_want_of_room()
        if self.stop_reason is not None:
            # The last piece, a character cut in the middle, may still complete a stop string.
            text += self._stops.push(self._stream.flush()) + self._stops.flush()
        token = Token(token_id, logprob, text, top)
        self._written.append(token)
        self.inbox.append(token)
        return token

    @property
    def problem(self) -> str | None:
        """Return why the sequence cannot be written to its end, None where nothing is in the way."""
        return self._broken or (None if self.grammar is None else self.grammar.problem)

    @property
    def error(self) -> PunaError | None:
        """Return the `problem` as what is raised for it: `WorkError` where the work failed, `ConfigError` where a grammar cannot be followed."""
        return WorkError(self._broken) if self._broken else ConfigError(self.problem) if self.problem else None

    def report(self, problem: str) -> None:
        """Say what went wrong with this sequence in the work."""
        self._broken = problem

    def fail(self) -> None:
        """End the sequence for its `problem`."""
        assert self.problem is not None
        self.stop_reason = "failed"

    def raise_problem(self) -> None:
        """Raise the sequence's `error` where it has a `problem`."""
        if self.error is not None:
            raise self.error

    def cancel(self) -> None:
        """End the sequence where it is."""
        if self.stop_reason is None:
            self.stop_reason = "cancelled"

    def finish_scoring(self) -> None:
        """End a sequence that was to be scored and to write nothing."""
        if self.num_left_to_write <= 0 and self.stop_reason is None:
            self._stop_for_want_of_room()

    def sample(self) -> Sample:
        """Return what was written. The ids include the end token or the stop string's tokens; the text does not."""
        assert self.stop_reason is not None
        written = self._written
        top = tuple(token.top for token in written) if self.settings.top_logprobs else ()
        return Sample(
            tuple(self.ids[: self.num_prompt]), tuple(token.id for token in written), tuple(token.logprob for token in written), self.stop_reason,
            "".join(token.text for token in written), tuple(self.prompt_logprobs), top,
        )  # fmt: skip

    def _stop_for_want_of_room(self) -> None:
        """Say which of the two limits came first; where both did, it is the one that was asked for."""
        self.stop_reason = "max_tokens" if self.num_written >= self.settings.max_tokens else "context_full"


def blocks_missing(sequence: SequenceState, tokens: int, block_size: int) -> int:
    """Return how many more blocks `sequence` needs to hold `tokens` tokens."""
    return max(0, -(-tokens // block_size) - len(sequence.blocks))


def full_blocks(sequence: SequenceState, *, end: int, block_size: int) -> Sequence[tuple[int, list[int]]]:
    """Return the blocks, with their tokens, that are full once `end` tokens are in the cache and have not been registered yet."""
    known = min(end, len(sequence.ids)) // block_size
    return [
        (sequence.blocks[number], sequence.ids[number * block_size : (number + 1) * block_size])
        for number in range(sequence.num_registered, known)
    ]
