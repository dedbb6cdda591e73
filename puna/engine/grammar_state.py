"""Where one sequence is in its grammar, and which tokens may come there.

Which tokens end a text is the request's matter and not the tokenizer's: an answer in a chat ends otherwise than a document. So the library is told of an end that no model can write, one id
beyond the vocabulary, and wherever it allows that one, exactly the sequence's own end tokens are allowed. Other special tokens may come only where a grammar names them.

A grammar that becomes too large to follow is its own sequence's trouble: the state says so in `problem` and raises nothing, so that a step goes on for everybody else.

Shapes: R rows of logits, V the tokens that may be written, W words of 32 bits, B the bits of R rows.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from puna.engine.grammar_errors import one_line


class Matchers:
    """The library's matchers of one grammar. Copies cost two microseconds and share their lexer, which learns as it goes; one that has reached its limits fails all who share it."""

    def __init__(self, build: Callable[[], Any]) -> None:
        self.fresh = build
        self._first = build()

    def copy(self) -> Any:
        """Return a matcher that has read nothing."""
        matcher = self._first.deep_copy()
        if not matcher.is_error():
            matcher.compute_bitmask()
        if has_lexer_failed(matcher):
            self._first = self.fresh()
            matcher = self._first.deep_copy()
            matcher.compute_bitmask()
        return matcher


def has_lexer_failed(matcher: Any) -> bool:
    """Return whether a matcher cannot go on because of its lexer, which others may have brought to its limits."""
    return bool(matcher.is_error()) and str(matcher.get_error()).startswith("lexer error")


class GrammarState:
    """Walks through one grammar. `end_id` is the library's own end, `end_ids` are those of the sequence; `problem` says why it cannot go on, None while it can."""

    def __init__(self, matchers: Matchers, *, end_id: int, end_ids: Collection[int]) -> None:
        self.problem: str | None = None
        self._matchers, self._end_id, self._end_ids = matchers, end_id, frozenset(end_ids)
        self._matcher, self._accepted, self._is_renewed = matchers.copy(), list[int](), False
        self._num_words = -(-(end_id + 1) // 32)

    def accept(self, token_id: int) -> None:
        """Go on by a token that `mask` left and that ends nothing. Where that makes the grammar too large to follow, `problem` says so."""
        if not self._matcher.consume_token(token_id) and not (self._renew() and self._matcher.consume_token(token_id)):
            self._fail(self._matcher.get_error())
        self._accepted.append(token_id)

    def accepts(self, token_ids: Sequence[int]) -> int:
        """Return how many of `token_ids` may follow, one after the other; an end is none of them. The state stays where it is."""
        words = next((place for place, token_id in enumerate(token_ids) if token_id in self._end_ids), len(token_ids))
        # Who has reached the lexer's limits once does so without guesses at least.
        return 0 if self._is_renewed else int(self._matcher.deep_copy().validate_tokens(list(token_ids[:words])))

    def mask(self, logits_RV: Tensor, guesses: Sequence[int] = ()) -> int:
        """Take, in place, every token out of the rows of logits that may not come: in the first next, in each further one after a guess more.

        Returns in how many rows that was possible; the others are left as they are. Where not even the first was, `problem` says why.
        """
        bits_RW = torch.zeros(len(logits_RV), self._num_words, dtype=torch.int32)
        self._fill(self._matcher, bits_RW[0])
        if self._matcher.is_error() and self._renew():
            self._fill(self._matcher, bits_RW[0])
        # Guesses are tried on a copy: what may go wrong there has not happened yet.
        matcher = self._matcher.deep_copy()
        for row in range(len(logits_RV)):
            if row:
                matcher.consume_token(guesses[row - 1])
                self._fill(matcher, bits_RW[row])
            if matcher.is_error():
                return self._masked(logits_RV[:row], bits_RW[:row], matcher.get_error())
        return self._masked(logits_RV, bits_RW, "no token of this model may follow what was written")

    def _fill(self, matcher: Any, bits_W: Tensor) -> None:
        matcher.unsafe_compute_mask_ptr(bits_W.data_ptr(), 4 * self._num_words)

    def _renew(self) -> bool:
        """Where a lexer's limits were reached, perhaps by others who share it, walk the same way with one of one's own; return whether that was possible."""
        if self._is_renewed or not has_lexer_failed(self._matcher):
            return False
        self._is_renewed, matcher = True, self._matchers.fresh()
        for token_id in self._accepted:
            matcher.compute_bitmask()
            matcher.consume_token(token_id)
        matcher.compute_bitmask()
        self._matcher = matcher
        return not matcher.is_error()

    def _masked(self, logits_RV: Tensor, bits_RW: Tensor, error: str) -> int:
        """Mask rows up to the first that would have no token left, and return how many these are."""
        allowed_RV = self._allowed(bits_RW, logits_RV.shape[1])
        count = len(allowed_RV) if (some_R := allowed_RV.any(1)).all() else int(some_R.argmin())
        logits_RV[:count].masked_fill_(torch.from_numpy(~allowed_RV[:count]).to(logits_RV.device), -torch.inf)
        if not count:
            self._fail(error)
        return count

    def _allowed(self, bits_RW: Tensor, size: int) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Return which of `size` tokens may come, `[R, V]`."""
        # NumPy unpacks bits 20 times faster than shifts and comparisons of tensors do.
        allowed_RB = np.unpackbits(bits_RW.numpy().view(np.uint8), axis=1, bitorder="little").view(np.bool_)
        ends = [token_id for token_id in self._end_ids if token_id < self._end_id]
        allowed_RB[:, ends] = allowed_RB[:, [self._end_id]]
        return allowed_RB[:, : min(size, self._end_id)]

    def _fail(self, error: str) -> None:
        self.problem = f"the grammar cannot be followed any further: {one_line(error)}"
