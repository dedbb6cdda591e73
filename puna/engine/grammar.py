"""Grammars: what a sequence may write, token by token.

A grammar (JSON schema, regular expression, or a context-free grammar in Lark's notation) is compiled once. Each sequence then walks through it on its own and says in every step which tokens may come next;
all others are masked out of its row of logits, so that what is written is right by construction and still the model's own choice among what is right. llguidance does the parsing, in Rust, on bytes: no text
has to be cut into tokens in one way to be allowed.

How a sequence walks, and how it ends, is in `grammar_state.py`.
"""

from __future__ import annotations

import json
import weakref
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from puna.engine.grammar_errors import in_lark, in_pattern, one_line
from puna.engine.grammar_state import GrammarState
from puna.errors import ConfigError
from puna.tokens.tokenizer import Tokenizer

# Of a schema or grammar as text: what takes seconds to compile is no format for an answer.
MAX_CHARS = 200_000
# Work within one step and while compiling, a fifth of the library's own limits and less: a hostile grammar is refused instead of holding everybody up.
LIMITS = {
    "initial_lexer_fuel": 200_000,
    "step_lexer_fuel": 100_000,
    "step_max_items": 20_000,
    "max_items_in_row": 1_000,
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
            tokenizer,
            "JSON schema",
            lambda library: library.grammar_from_json_schema(text, overrides=JSON_OPTIONS),
            size=len(text),
            told=one_line,
        )

    @classmethod
    def regex(cls, tokenizer: Tokenizer, pattern: str) -> Self:
        """Compile a regular expression, which the whole text has to match (Rust's syntax: no references back, no looking around). Raises `ConfigError`."""
        return cls._compiled(
            tokenizer, "regular expression", lambda library: library.grammar_from_regex(pattern), size=len(pattern), told=in_pattern
        )

    @classmethod
    def lark(cls, tokenizer: Tokenizer, grammar: str) -> Self:
        """Compile a grammar in Lark's notation, whose rule `start` is the whole text. Raises `ConfigError` with the line."""
        return cls._compiled(tokenizer, "grammar", lambda library: library.grammar_from_lark(grammar), size=len(grammar), told=in_lark)

    @classmethod
    def _compiled(cls, tokenizer: Tokenizer, what: str, written: Callable[[Any], str], *, size: int, told: Callable[[str], str]) -> Self:
        from llguidance import LLMatcher, LLParserLimits

        if size > MAX_CHARS:
            raise ConfigError(f"the {what} has {size:,} characters, more than the {MAX_CHARS:,} that are compiled; make it shorter")
        try:
            text = written(LLMatcher)
        except ValueError as error:
            raise ConfigError(f"the {what} cannot be compiled: {told(str(error))}") from None
        library = _library_tokenizer(tokenizer)
        matcher = LLMatcher(library, text, log_level=0, limits=LLParserLimits(**LIMITS))  # type: ignore[arg-type]
        if matcher.is_error():
            raise ConfigError(f"the {what} cannot be compiled: {told(matcher.get_error())}")
        return cls(text, tokenizer.vocab_size, matcher)

    def start(self, end_ids: Collection[int]) -> GrammarState:
        """Return the state of a sequence that has written nothing and is ended by `end_ids`. Raises `ConfigError` where nothing ends it."""
        if not end_ids:
            raise ConfigError(
                "what follows a grammar ends with a token, and no token ends this text; leave 'ignore_end' out, or give 'stop_ids'"
            )
        return GrammarState(self._matcher.deep_copy(), end_id=self.vocab_size, end_ids=end_ids)


class _Vocabulary:
    """A tokenizer as the library wants to see it: bytes by id, and how text is cut. Its end is one id beyond, which no model writes."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.special_token_ids = [*sorted(tokenizer.special_ids), tokenizer.vocab_size]
        self.eos_token_id, self.bos_token_id = tokenizer.vocab_size, tokenizer.bos_id
        self.tokens = [*(tokenizer.token_text(token_id) for token_id in range(tokenizer.vocab_size)), b"<end>"]
        self._tokenizer = tokenizer

    def __call__(self, text: bytes) -> list[int]:
        return self._tokenizer.encode_bytes(text)


def _library_tokenizer(tokenizer: Tokenizer) -> Any:
    from llguidance import LLTokenizer, TokenizerWrapper

    found = _tokenizers.get(tokenizer)
    if found is None:
        found = _tokenizers[tokenizer] = LLTokenizer(TokenizerWrapper(_Vocabulary(tokenizer)), eos_token=[tokenizer.vocab_size])
    return found
