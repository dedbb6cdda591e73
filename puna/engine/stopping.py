"""Stop strings, which come in pieces.

A stop string may begin in the middle of one token and end in the middle of another, so text is held back as long as it could be the beginning of one, and
nothing of a stop string is ever shown. What comes out does not depend on how the text was cut into tokens: the stop string that is complete first wins.
"""

from __future__ import annotations

from collections.abc import Sequence


class StopStrings:
    """Lets text through up to the first stop string. `matched` says that one was found; nothing comes out after that."""

    def __init__(self, strings: Sequence[str]) -> None:
        self._strings = tuple(strings)
        self._held = ""
        self.matched = False

    def push(self, text: str) -> str:
        """Take the next piece of text and return what may be shown now."""
        if self.matched or not text:
            return ""
        self._held += text
        # Where two are complete at the same character, the longer one began first.
        ends = [(start + len(stop), start) for stop in self._strings if (start := self._held.find(stop)) >= 0]
        if ends:
            self.matched = True
            return self._held[: min(ends)[1]]
        held = max((_overlap(self._held, stop) for stop in self._strings), default=0)
        shown = self._held[: len(self._held) - held]
        self._held = self._held[len(shown) :]
        return shown

    def flush(self) -> str:
        """Return what was held back, when no more text will come."""
        held, self._held = ("" if self.matched else self._held), ""
        return held


def _overlap(text: str, stop: str) -> int:
    """Return how many characters at the end of `text` are a proper beginning of `stop`."""
    return next((size for size in range(min(len(text), len(stop) - 1), 0, -1) if text.endswith(stop[:size])), 0)
