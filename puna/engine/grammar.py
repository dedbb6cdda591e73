"""Grammars: what a sequence may write, token by token.

A grammar (JSON schema, regular expression, calls of tools, or a context-free grammar in Lark's notation) is compiled once. Each sequence then walks through it on its own and says in every step which tokens may come next;
all others are masked out of its row of logits, so that what is written is right by construction and still the model's own choice among what is right. llguidance does the parsing, in Rust, on bytes: no text
has to be cut into tokens in one way to be allowed.

How a sequence walks, and how it ends, is in `grammar_state.py`; what is done about hostile grammars in `grammar_trial.py`; how calls become a grammar in `call_grammars.py`.
"""

from __future__ import annotations

import json
import weakref
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from puna.engine import grammar_trial
from puna.engine.grammar_errors import in_lark, in_pattern, one_line, short
from puna.engine.grammar_state import GrammarState, Matchers
from puna.engine.grammar_trial import Part
from puna.errors import ConfigError
from puna.records import CallForm, Tool, shown
from puna.tokens.tokenizer import Tokenizer

# Of a schema or grammar as text: what takes seconds to compile is no format for an answer.
MAX_CHARS = 200_000
# Of the rules that a schema becomes: more than its text, for what may nest is written out level by level.
MAX_WRITTEN = 1_000_000
# Work while compiling, and within one step half of the library's own limits and less: a hostile grammar is refused instead of holding everybody up.
LIMITS = {
    "initial_lexer_fuel": 1_000_000,
    "step_max_items": 20_000,
    "max_items_in_row": 1_000,
    "max_grammar_size": 200_000,
    "verbose_errors": False,
}

# Of the library's lexer in one step: some 14,000 a millisecond. Words in which no call may begin need more at their first step, over a vocabulary of 128,256.
STEP_FUEL, CALLS_STEP_FUEL = 100_000, 2_000_000
# Characters of a grammar whose every rule is our own: some 400 rules, of which 40 may stand within each other.
CHEAP_RULES = 20_000

_tokenizers: weakref.WeakKeyDictionary[Tokenizer, Any] = weakref.WeakKeyDictionary()


@dataclass(frozen=True)
class Grammar:
    """A compiled grammar for one tokenizer. Two of the same text are equal."""

    text: str
    vocab_size: int
    _matchers: Matchers = field(repr=False, compare=False)

    @classmethod
    def json_schema(cls, tokenizer: Tokenizer, schema: Mapping[str, Any] | bool) -> Self:
        """Compile a JSON schema; `{}` and True are any JSON value. Raises `ConfigError` naming what cannot be followed, and where."""
        from llguidance import LLMatcher

        from puna.engine.schema_rules import DEPTH, Rules, SchemaRules
        from puna.engine.schema_spelling import JSON

        if not isinstance(schema, Mapping | bool):
            raise ConfigError(f"a JSON schema is an object, true or false, and this is {shown(schema)}")
        try:
            text = json.dumps(schema, allow_nan=False)
        except (ValueError, TypeError, RecursionError) as error:
            raise ConfigError(f"the JSON schema cannot be read: {one_line(str(error))}") from None
        _check_size(text, "JSON schema")
        rules = Rules()
        try:
            start = SchemaRules(rules, JSON, json.loads(text)).document()
        except ConfigError as error:
            raise ConfigError(f"the JSON schema cannot be compiled: {_placed(str(error))}") from None
        if start is None:
            raise ConfigError(f"the JSON schema cannot be compiled: no value follows it ({DEPTH} levels deep at most)")
        lark = "\n".join([f"start: {start}", *rules.lines()])
        _check_size(lark, "JSON schema as a grammar", most=MAX_WRITTEN)
        return cls._compiled(
            tokenizer,
            "JSON schema",
            LLMatcher.grammar_from_lark(lark),
            told=in_lark,
            parts=rules.parts,
            is_cheap=not rules.parts and len(lark) <= CHEAP_RULES and grammar_trial.is_cheap(schema, text),
        )

    @classmethod
    def regex(cls, tokenizer: Tokenizer, pattern: str) -> Self:
        """Compile a regular expression, which the whole text has to match (Rust's syntax: no references back, no looking around). Raises `ConfigError` with the place."""
        from llguidance import LLMatcher

        _check_size(pattern, "regular expression")
        return cls._compiled(tokenizer, "regular expression", LLMatcher.grammar_from_regex(pattern), told=in_pattern)

    @classmethod
    def lark(cls, tokenizer: Tokenizer, grammar: str) -> Self:
        """Compile a grammar in Lark's notation, whose rule `start` is the whole text. Raises `ConfigError` with the line."""
        from llguidance import LLMatcher

        _check_size(grammar, "grammar")
        return cls._compiled(tokenizer, "grammar", LLMatcher.grammar_from_lark(grammar), told=in_lark)

    @classmethod
    def calls(
        cls,
        tokenizer: Tokenizer,
        tools: Sequence[Tool],
        *,
        builtin: Sequence[str] = (),
        form: CallForm = "json",
        words: bool = False,
        parallel: bool = True,
    ) -> Self:
        """Compile calls of `tools`, and of Llama's own `builtin` ones, in the form that the model was trained on: one, or several where they may be `parallel`.

        With `words` the model may also say something, before calls or instead of them. Raises `ConfigError` naming the tool, and the place in its schema.
        """
        from llguidance import LLMatcher

        from puna.engine import call_grammars

        tag = None if tokenizer.chat_ids is None else tokenizer.chat_ids.python_tag
        most = call_grammars.MOST_CALLS if parallel else 1
        lark, parts = call_grammars.written(tools, builtin, form=form, tag=tag, words=words, most=most)
        _check_size(lark, "grammar of calls")
        is_cheap = not parts and len(lark) <= CHEAP_RULES
        return cls._compiled(
            tokenizer,
            "grammar of calls",
            LLMatcher.grammar_from_lark(lark),
            told=in_lark,
            parts=parts,
            is_cheap=is_cheap,
            step_fuel=CALLS_STEP_FUEL,
        )

    @classmethod
    def _compiled(
        cls,
        tokenizer: Tokenizer,
        what: str,
        text: str,
        *,
        told: Callable[[str], str] = one_line,
        parts: Sequence[Part] = (),
        is_cheap: bool = False,
        step_fuel: int = STEP_FUEL,
    ) -> Self:
        """Compile the library's own spelling of a grammar, in a child process first unless `is_cheap`; `told` makes one line of what the library says."""
        from llguidance import LLMatcher, LLParserLimits

        if not is_cheap and (found := grammar_trial.problem(text, parts, tokenizer, {**LIMITS, "step_lexer_fuel": step_fuel})):
            where, error = found
            raise ConfigError(f"the {what} cannot be compiled: {f'at {short(where)}: ' if where else ''}{told(error)}")
        library, limits = _library_tokenizer(tokenizer), LLParserLimits(**LIMITS, step_lexer_fuel=step_fuel)  # type: ignore[arg-type]
        matchers = Matchers(lambda: LLMatcher(library, text, log_level=0, limits=limits))
        if error := matchers.copy().get_error():
            raise ConfigError(f"the {what} cannot be compiled: {told(error)}")
        return cls(text, tokenizer.vocab_size, matchers)

    def start(self, end_ids: Collection[int]) -> GrammarState:
        """Return the state of a sequence that has written nothing and is ended by `end_ids`. Raises `ConfigError` where nothing ends it."""
        if not end_ids:
            raise ConfigError(
                "what follows a grammar ends with a token, and no token ends this text; leave 'ignore_end' out, or give 'stop_ids'"
            )
        return GrammarState(self._matchers, end_id=self.vocab_size, end_ids=end_ids)


def _check_size(text: str, what: str, *, most: int = MAX_CHARS) -> None:
    if len(text) > most:
        raise ConfigError(f"the {what} has {len(text):,} characters, more than the {most:,} that are compiled; make it shorter")


def _placed(error: str) -> str:
    """Return an error that may begin with its place, a JSON pointer that is empty for the whole."""
    return short(f"at {error}" if error.startswith("/") else error.removeprefix(": "))


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
