"""What an answer has to be, as a grammar: a JSON schema, a pattern, or calls in the form that the model was trained on.

`tool_choice` "required", and a function by name, cannot be left to the model's good will, so its answer is held to a grammar of calls (`puna/engine/call_grammars.py`). Where a function is `strict`
and the model may choose, it may also answer in words, but wherever it calls, it calls what was offered as it was told.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

from puna.engine.grammar import Grammar
from puna.errors import ConfigError
from puna.records import CallForm
from puna.serve import protocol
from puna.serve.errors import ApiError
from puna.serve.messages import tools_of
from puna.tokens.chat.calls import CODE
from puna.tokens.tokenizer import Tokenizer

MOST_KEPT = 64
ANY_OBJECT: dict[str, Any] = {"type": "object"}


@dataclass(frozen=True)
class Wanted:
    """A grammar that a request asks for in the field `param`, not compiled yet; those of equal keys are the same."""

    key: tuple[str, str]
    param: str
    make: Callable[[], Grammar] = field(compare=False)


class Grammars:
    """Reads what requests ask for, compiles it, and keeps the latest, for most requests of a program ask for the same. What cannot be compiled is kept too: trying takes longest. Any thread may use it."""

    def __init__(self, tokenizer: Tokenizer, *, form: CallForm) -> None:
        self._tokenizer, self._form, self._lock = tokenizer, form, threading.Lock()
        self._kept: OrderedDict[tuple[str, str], Grammar | str] = OrderedDict()

    def find(self, wanted: Wanted) -> Grammar | None:
        """Return a grammar that was compiled before. Raises `ApiError` 400 where that failed."""
        with self._lock:
            found = self._kept.get(wanted.key)
            if found is not None:
                self._kept.move_to_end(wanted.key)
        return _raised(wanted, found) if isinstance(found, str) else found

    def compile(self, wanted: Wanted) -> Grammar:
        """Return a grammar, compiled now unless it was before: seconds, where somebody asks for the worst. Raises `ApiError` 400 where it cannot be."""
        found: Grammar | str | None = self.find(wanted)
        if found is None:
            try:
                found = wanted.make()
            except ConfigError as error:
                found = str(error)
            with self._lock:
                self._kept[wanted.key] = found
                while len(self._kept) > MOST_KEPT:
                    self._kept.popitem(last=False)
        return found if isinstance(found, Grammar) else _raised(wanted, found)

    def of_chat(self, asked: protocol.ChatRequest) -> Wanted | None:
        """Return what a chat's answer is held to, None where it is free. Raises `ApiError` 400."""
        form = self.of(asked, asked.response_format)
        choice = asked.tool_choice or protocol.Choice("auto")
        if not asked.tools or choice.mode == "none":
            return form
        offered = [tool for tool in asked.tools if choice.mode != "named" or tool.function.name == choice.name]
        if not offered:
            raise ApiError(400, f"'tool_choice' names {choice.name[:80]!r}, which is not among 'tools'", param="tool_choice")
        if form is not None:
            raise ApiError(
                400,
                "a format for the answer and tools that may be called cannot be had at once; set 'tool_choice' to none or leave the format out",
                param="tools",
            )
        is_free = choice.mode == "auto"
        if is_free and not any(tool.function.strict for tool in offered):
            return None
        _ending(asked, "tools")
        return self._calls(offered, parallel=asked.parallel_tool_calls is not False, words=is_free)

    def of(self, asked: protocol.Generation, wanted: protocol.ResponseFormat | None = None) -> Wanted | None:
        """Return the grammar of the format that a request asks for. Raises `ApiError` 400 where two are asked for."""
        given = {
            "response_format": None if wanted is None or wanted.type == "text" else ("schema", _schema_of(wanted)),
            "guided_json": None if asked.guided_json is None else ("schema", _read(asked.guided_json)),
            "guided_regex": None if asked.guided_regex is None else ("regex", asked.guided_regex),
            "guided_grammar": None if asked.guided_grammar is None else ("lark", asked.guided_grammar),
            "guided_choice": None if asked.guided_choice is None else ("lark", _one_of(asked.guided_choice)),
        }
        said = [(param, *what) for param, what in given.items() if what is not None]
        if len(said) > 1:
            raise ApiError(400, f"'{said[0][0]}' and '{said[1][0]}' both say what the answer has to be; give one", param=said[1][0])
        return self._wanted(said[0][1], said[0][2], param=_ending(asked, said[0][0])) if said else None

    def _wanted(self, kind: str, text: str, *, param: str) -> Wanted:
        make: dict[str, Callable[[], Grammar]] = {
            "schema": lambda: Grammar.json_schema(self._tokenizer, json.loads(text)),
            "regex": lambda: Grammar.regex(self._tokenizer, text),
            "lark": lambda: Grammar.lark(self._tokenizer, text),
        }
        return Wanted((kind, text), param, make[kind])

    def _calls(self, offered: Sequence[protocol.Tool], *, parallel: bool, words: bool) -> Wanted:
        """Return the grammar of calls; with `words`, of words and calls."""
        tools, builtin = tools_of(offered)
        key = json.dumps([[tool.to_json() for tool in tools], builtin, parallel, words])
        return Wanted(
            ("calls", key),
            "tools",
            lambda: Grammar.calls(self._tokenizer, tools, builtin=builtin, form=self._form, words=words, parallel=parallel),
        )


def _raised(wanted: Wanted, problem: str) -> NoReturn:
    raise ApiError(400, f"'{wanted.param}': {problem}", param=wanted.param, code="invalid_grammar")


def _ending(asked: protocol.Generation, param: str) -> str:
    """Return the field that asks for a grammar. Raises `ApiError` 400 where nothing could end what follows one."""
    if asked.ignore_eos and not asked.stop_token_ids:
        raise ApiError(
            400,
            f"what follows '{param}' ends with a token, and 'ignore_eos' ends with none; leave it out, or give 'stop_token_ids'",
            param="ignore_eos",
        )
    return param


def _literal(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _one_of(choices: Sequence[str]) -> str:
    return f"start: CHOICE\nCHOICE: {' | '.join(_literal(choice) for choice in choices)}"


def _schema_of(wanted: protocol.ResponseFormat) -> str:
    return json.dumps(ANY_OBJECT if wanted.json_schema is None else wanted.json_schema.schema_)


def _read(given: Mapping[str, Any] | str) -> str:
    """Return a schema as JSON text, which vLLM's clients may send as text."""
    if not isinstance(given, str):
        return json.dumps(given)
    try:
        schema = json.loads(given)
    except (ValueError, RecursionError):
        schema = None
    if not isinstance(schema, dict):
        raise ApiError(400, "'guided_json' is a JSON schema, an object or its text", param="guided_json")
    return json.dumps(schema)


def offers_code(asked: protocol.ChatRequest) -> bool:
    """Return whether the model may run code."""
    return any(tool.function.name == CODE for tool in asked.tools or ())
