"""Which tokens stand in the text that a client sees, and where.

A token is told with its log-probability when its first character is shown, not when it is written: text is held back while it may be the beginning of a stop string, and of what turns out to be one
neither text nor tokens are shown. A token that holds a part of a character only stands where that character does.
"""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

from puna.tokens.tokenizer import TextStream, Tokenizer

T = TypeVar("T")


class Shown(Generic[T]):
    """Holds back what is said of tokens until they are shown. `length` are the characters shown so far, `begin` those that the text had before the first token."""

    def __init__(self, tokenizer: Tokenizer, *, begin: int = 0, continues: bool = False) -> None:
        self._stream, self._waiting = TextStream(tokenizer, continues=continues), deque[tuple[int, T]]()
        self._written = self.length = begin

    def push(self, token_id: int, text: str, account: T | None) -> list[tuple[int, T]]:
        """Take a token and the text that it lets be shown; return each token's (place in the text, account) that is shown from now on. None: nothing is to be said of this one."""
        if account is not None:
            self._waiting.append((self._written, account))
        self._written += len(self._stream.push(token_id))
        self.length += len(text)
        told = []
        while self._waiting and self._waiting[0][0] < self.length:
            told.append(self._waiting.popleft())
        return told

    def end(self, *, stopped: bool) -> list[tuple[int, T]]:
        """Return the rest when no token comes any more; what a stop string hid (`stopped`) stays hidden."""
        told = [] if stopped else list(self._waiting)
        self._waiting.clear()
        return told
