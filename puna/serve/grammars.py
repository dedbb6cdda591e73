"""What an answer has to be, as a grammar: a JSON schema, a pattern, or calls in the form that the model was trained on.

`tool_choice` "required", and a function by name, cannot be left to the model's good will, so its answer is held to a grammar of calls: the frame of Meta's format, a name that was offered, and
arguments that follow the function's schema. A function with `strict` is held to its schema wherever the model calls it behind `<|python_tag|>`, while its words stay free.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from puna.engine.grammar import JSON_OPTIONS, Grammar
from puna.errors import ConfigError
from puna.records import CallForm
from puna.serve import protocol
from puna.serve.errors import ApiError
from puna.serve.messages import is_builtin
from puna.tokens.chat.calls import CODE
from puna.tokens.tokenizer import Tokenizer

MOST_KEPT = 64
MOST_CALLS = 16  # in one message; without a bound a model could call for ever
ANY_OBJECT: dict[str, Any] = {"type": "object"}


class Grammars:
    """Compiles what requests ask for, and keeps the latest, for most requests of a program ask for the same. One thread may use it."""

    def __init__(self, tokenizer: Tokenizer, *, form: CallForm) -> None:
        self._tokenizer, self._form = tokenizer, form
        self._kept: OrderedDict[tuple[str, str], Grammar] = OrderedDict()

    def of_chat(self, asked: protocol.ChatRequest) -> Grammar | None:
        """Return what a chat's answer is held to, None where it is free. Raises `ApiError` 400."""
        form = self.of(asked, asked.response_format)
        choice = asked.tool_choice or protocol.Choice("auto")
        if not asked.tools or choice.mode == "none":
            return form
        offered = [tool.function for tool in asked.tools if choice.mode != "named" or tool.function.name == choice.name]
        if not offered:
            raise ApiError(400, f"'tool_choice' names {choice.name[:80]!r}, which is not among 'tools'", param="tool_choice")
        is_free = choice.mode == "auto"
        if form is not None:
            raise ApiError(
                400,
                "a format for the answer and tools that may be called cannot be had at once; set 'tool_choice' to none or leave the format out",
                param="tools",
            )
        if is_free and not any(function.strict for function in offered):
            return None
        most = 1 if asked.parallel_tool_calls is False else MOST_CALLS
        return self._compiled("lark", self._calls(offered, most=most, is_free=is_free), param="tools")

    def of(self, asked: protocol.Generation, wanted: protocol.ResponseFormat | None = None) -> Grammar | None:
        """Return the grammar of the format that a request asks for. Raises `ApiError` 400 where it cannot be compiled, or where two are asked for."""
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
        return self._compiled(said[0][1], said[0][2], param=said[0][0]) if said else None

    def _compiled(self, kind: str, text: str, *, param: str) -> Grammar:
        found = self._kept.pop((kind, text), None)
        if found is None:
            make: dict[str, Callable[[], Grammar]] = {
                "schema": lambda: Grammar.json_schema(self._tokenizer, json.loads(text)),
                "regex": lambda: Grammar.regex(self._tokenizer, text),
                "lark": lambda: Grammar.lark(self._tokenizer, text),
            }
            try:
                found = make[kind]()
            except ConfigError as error:
                raise ApiError(400, f"'{param}': {error}", param=param, code="invalid_grammar") from None
        self._kept[kind, text] = found
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return found

    def _calls(self, offered: Sequence[protocol.Function], *, most: int, is_free: bool) -> str:
        """Return the grammar of calls; where words are free, of words and then calls, which only a tag can tell apart."""
        ids = self._tokenizer.chat_ids
        tag = None if ids is None else ids.python_tag
        is_tagged = self._form == "json" and tag is not None
        if is_free and not is_tagged:
            raise ApiError(
                400,
                "'strict' needs 'tool_choice' required or a function by name: this model's calls have no mark that tells them from words",
                param="tools",
            )
        builtin = [function for function in offered if is_builtin(function)]
        if builtin:
            which = builtin[0].name
            raise ApiError(
                400,
                f"{which} is Llama's own tool, called in a form of its own, and neither 'strict' nor 'tool_choice' can hold the model to it",
                param="tools",
            )
        writer = {"json": _json_calls, "tag": _tag_calls, "pythonic": _pythonic_calls}[self._form]
        rules = writer(offered, most)
        if not is_tagged:
            return f"start: calls\n{rules}"
        start = f"start: WORDS? (<[{tag}]> calls)?\nWORDS: /(.|\\n)+/" if is_free else f"start: <[{tag}]> calls"
        return f"{start}\n{rules}"


def _json_calls(offered: Sequence[protocol.Function], most: int) -> str:
    begin = [f'{{"type": "function", "name": {json.dumps(function.name)}, "parameters": ' for function in offered]
    return _framed(offered, begin, end="}", most=most)


def _tag_calls(offered: Sequence[protocol.Function], most: int) -> str:
    return _framed(offered, [f"<function={function.name}>" for function in offered], end="</function>", most=most)


def _framed(offered: Sequence[protocol.Function], begin: Sequence[str], *, end: str, most: int) -> str:
    lines = [f"calls: call{{1,{most}}}", f"call: {' | '.join(f'call_{i}' for i in range(len(offered)))}"]
    for i, function in enumerate(offered):
        lines += [f"call_{i}: {_literal(begin[i])} arguments_{i} {_literal(end)}", f"arguments_{i}: %json {_json(_object(function))}"]
    return "\n".join(lines)


def _pythonic_calls(offered: Sequence[protocol.Function], most: int) -> str:
    """Arguments stand in the order of the schema, those that are required first."""
    more = f'(", " call){{0,{most - 1}}} ' if most > 1 else ""
    lines = [f'calls: "[" call {more}"]"', f"call: {' | '.join(f'call_{i}' for i in range(len(offered)))}"]
    for i, function in enumerate(offered):
        schema = _object(function)
        properties, required = schema.get("properties") or {}, schema.get("required") or []
        names = sorted(properties, key=lambda name: name not in required)
        lines.append(f'call_{i}: {_literal(function.name + "(")} {_listed(names, required, i)} ")"')
        for place, name in enumerate(names):
            defined = {key: schema[key] for key in ("$defs", "definitions") if key in schema}
            value = {**properties[name], **defined} if isinstance(properties[name], dict) else properties[name]
            lines += [f"argument_{i}_{place}: {_literal(name + '=')} value_{i}_{place}", f"value_{i}_{place}: %json {_json(value)}"]
    return "\n".join(lines)


def _listed(names: Sequence[str], required: Sequence[str], call: int) -> str:
    """Return the rule of arguments with commas between them, of which those that are not required may be missing."""
    num_required = sum(name in required for name in names)
    parts = [f"argument_{call}_{place}" for place in range(len(names))]
    rest = [f'(", " {part})?' for part in parts]
    if num_required:
        return " ".join([parts[0], *(f'", " {part}' for part in parts[1:num_required]), *rest[num_required:]])
    firsts = [" ".join([part, *rest[place + 1 :]]) for place, part in enumerate(parts)]
    return f"({' | '.join(firsts)})?" if firsts else '""'


def _object(function: protocol.Function) -> dict[str, Any]:
    return {**ANY_OBJECT, **(function.parameters or {})}


def _json(schema: Any) -> str:
    return json.dumps({**schema, "x-guidance": JSON_OPTIONS} if isinstance(schema, dict) else schema)


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
