"""Text as it is written, for whoever iterates: each look ahead gets the whole engine on by a step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from puna.engine.request import Token
from puna.engine.sequence import SequenceState
from puna.records import Sample


class Steps(Protocol):
    """What a stream needs of an engine."""

    def step(self) -> object:
        """Get everybody on by one step."""
        ...

    def cancel(self, sequence: SequenceState) -> None:
        """End a sequence where it is."""
        ...


class Stream(Iterator[str]):
    """Text as it is written, in whole characters. `sample` holds the result once the text has ended; a stream that is closed, or forgotten, stops writing."""

    def __init__(self, engine: Steps, sequence: SequenceState) -> None:
        self._engine, self._sequence = engine, sequence

    @property
    def sample(self) -> Sample | None:
        """Return what was written, None while the text goes on."""
        return None if self._sequence.stop_reason is None or self._sequence.inbox else self._sequence.sample()

    def __next__(self) -> str:
        for token in self.tokens():
            if token.text:
                return token.text
        raise StopIteration

    def tokens(self) -> Iterator[Token]:
        """Yield the tokens themselves, with their ids and log-probabilities. Raises `ConfigError` where a grammar cannot be followed any further."""
        while True:
            while self._sequence.inbox:
                yield self._sequence.inbox.popleft()
            self._sequence.raise_problem()
            if self._sequence.stop_reason is not None:
                return
            self._engine.step()

    def close(self) -> None:
        """Stop writing; what the sequence held of the cache is free at once."""
        self._engine.cancel(self._sequence)

    def __del__(self) -> None:
        self.close()
