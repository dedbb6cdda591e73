"""Grammars: what a sequence may write, token by token.

A grammar (JSON schema, regular expression, or a context-free grammar in Lark's notation) is compiled once. Each sequence then walks through it on its own and says in every step which tokens may come next;
all others are masked out of its row of logits, so that what is written is right by construction and still the model's own choice among what is right. llguidance does the parsing, in Rust, on bytes: no text
has to be cut into tokens in one way to be allowed.

Guesses are walked through before they are known to be right, and walked back (`speculation.py`). The model's end tokens are allowed where the grammar may end, other special tokens only where it names them.

Shapes: R rows of logits, V the tokens that may be written, W words of 32 bits.
"""

from __future__ import annotations

import json
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from puna.errors import ConfigError
from puna.tokens.tokenizer import Tokenizer

# Of a schema or grammar as text: what takes seconds to compile is no format for an answer.
MAX_CHARS = 200_000
# Work within one step and while compiling, a fifth of the library's own limits and less: a hostile grammar is refused instead of holding everybody up.
LIMITS = {
    "initial_lexer_fuel": 200_000,
    "step_lexer_fuel": 100_000,
    "step_max_items": 20_000,
    "max_items_in_row": 2_000,
    "max_grammar_size": 200_000,
}

# Between tokens of JSON: enough to lay it out, too little to write nothing else for ever.
JSON_OPTIONS = {"whitespace_pattern": r" ?(\n {0,20})?"}

_tokenizers: weakref.WeakKeyDictionary[Tokenizer, Any] = weakref.WeakKeyDictionary()


@dataclass(frozen=True)
class Grammar:
    """A compiled grammar for one tokenizer. Two of the same text are equal."""

    text: str
    vocab_size: int
    _matcher: Any = field(repr=False, compare=False)

    @classmethod
    def json_schema(cls, tokenizer: Tokenizer, schema: Mapping[str, Any] | bool) -> Self:
        """Compile a JSON schema; `{}` and True are any JSON value. Raises `ConfigError` naming what cannot be followed."""
        try:
            text = json.dumps(schema, allow_nan=False)
        except (ValueError, TypeError, RecursionError) as error:
            raise ConfigError(f"the JSON schema is no JSON: {error}") from None
        return cls._compiled(
            tokenizer, "JSON schema", lambda library: library.grammar_from_json_schema(text, overrides=JSON_OPTIONS), size=len(text)
        )

    @classmethod
    def regex(cls, tokenizer: Tokenizer, pattern: str) -> Self:
        """Compile a regular expression, which the whole text has to match (Rust's syntax: no references back, no looking around). Raises `ConfigError`."""
        return cls._compiled(tokenizer, "regular expression", lambda library: library.grammar_from_regex(pattern), size=len(pattern))

    @classmethod
    def lark(cls, tokenizer: Tokenizer, grammar: str) -> Self:
        """Compile a grammar in Lark's notation, whose rule `start` is the whole text. Raises `ConfigError` with the line."""
        return cls._compiled(tokenizer, "grammar", lambda library: library.grammar_from_lark(grammar), size=len(grammar))

    @classmethod
    def _compiled(cls, tokenizer: Tokenizer, what: str, written: Callable[[Any], str], *, size: int) -> Self:
        from llguidance import LLMatcher, LLParserLimits

        if size > MAX_CHARS:
            raise ConfigError(f"the {what} has {size:,} characters, more than the {MAX_CHARS:,} that are compiled; make it shorter")
        try:
            text = written(LLMatcher)
        except ValueError as error:
            raise ConfigError(f"the {what} cannot be compiled: {_one_line(str(error))}") from None
        library = _library_tokenizer(tokenizer)
        matcher = LLMatcher(library, text, log_level=0, limits=LLParserLimits(**LIMITS))  # type: ignore[arg-type]
        if matcher.is_error():
            raise ConfigError(f"the {what} cannot be compiled: {_one_line(matcher.get_error())}")
        return cls(text, library.vocab_size, matcher)

    def start(self) -> GrammarState:
        """Return the state of a sequence that has written nothing."""
        return GrammarState(self._matcher.deep_copy(), self.vocab_size)


class GrammarState:
    """Where one sequence is in its grammar."""

    def __init__(self, matcher: Any, vocab_size: int) -> None:
        self._matcher, self._num_words = matcher, -(-vocab_size // 32)

    @property
    def is_finished(self) -> bool:
        """Return whether nothing but an end may come."""
        return bool(self._matcher.is_stopped())

    @property
    def may_end(self) -> bool:
        """Return whether the text is whole as it is."""
        return bool(self._matcher.is_accepting())

    def accept(self, token_id: int) -> None:
        """Go on by a token that `mask` left. Raises `ConfigError` where the grammar has become too large to follow."""
        if not self._matcher.consume_token(token_id):
            raise ConfigError(f"the grammar cannot be followed any further: {_one_line(self._matcher.get_error())}")

    def accepts(self, token_ids: Sequence[int]) -> int:
        """Return how many of `token_ids` may follow, one after the other. The state stays where it is."""
        return int(self._matcher.validate_tokens(list(token_ids)))

    def forced(self) -> list[int]:
        """Return tokens that spell the only text which may come next; none where there is a choice."""
        return list(self._matcher.compute_ff_tokens())

    def mask(self, logits_RV: Tensor, guesses: Sequence[int] = ()) -> None:
        """Take, in place, every token out of the rows of logits that may not come: in the first next, in each further one after a guess more."""
        bits_RW = torch.zeros(len(logits_RV), self._num_words, dtype=torch.int32)
        for row in range(len(logits_RV)):
            if row:
                self.accept(guesses[row - 1])
            self._matcher.unsafe_compute_mask_ptr(bits_RW[row].data_ptr(), 4 * self._num_words)
        if len(logits_RV) > 1:
            self._matcher.rollback(len(logits_RV) - 1)
        apply_bits(logits_RV, bits_RW)
        if self._matcher.is_error():
            raise ConfigError(f"the grammar cannot be followed any further: {_one_line(self._matcher.get_error())}")


def apply_bits(logits_RV: Tensor, bits_RW: Tensor) -> None:
    """Set logits whose bit is 0, or that have none, to minus infinity, in place."""
    # NumPy unpacks bits 20 times faster than shifts and comparisons of tensors do.
    allowed_RV = np.unpackbits(bits_RW.numpy().view(np.uint8), axis=1, count=logits_RV.shape[1], bitorder="little")
    logits_RV.masked_fill_(torch.from_numpy(allowed_RV == 0).to(logits_RV.device), -torch.inf)


class _Vocabulary:
    """A tokenizer as the library wants to see it: bytes by id, and how text is cut."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.special_token_ids = sorted(tokenizer.special_ids)
        self.eos_token_id, self.bos_token_id = tokenizer.end_of_text_id, tokenizer.bos_id
        self.tokens = [tokenizer.token_text(token_id) for token_id in range(tokenizer.vocab_size)]
        self._tokenizer = tokenizer

    def __call__(self, text: bytes) -> list[int]:
        return self._tokenizer.encode_bytes(text)


def _library_tokenizer(tokenizer: Tokenizer) -> Any:
    from llguidance import LLTokenizer, TokenizerWrapper

    found = _tokenizers.get(tokenizer)
    if found is None:
        ends = sorted(tokenizer.stop_ids)
        found = _tokenizers[tokenizer] = LLTokenizer(TokenizerWrapper(_Vocabulary(tokenizer)), eos_token=ends)
    return found


def _one_line(text: str) -> str:
    """Return a message of the library's, which may draw the place in several lines, as one."""
    return " ".join(text.split())[:400]
