"""The nouns that travel between rooms, each defined once.

They are plain frozen dataclasses, because millions of them are made: checking happens where a record enters Puna (`from_json`, which names file and
line), not each time it moves.
"""

from __future__ import annotations

import json
import math
import reprlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast, get_args

from puna.errors import DataError

Role = Literal["system", "user", "assistant", "ipython"]
End = Literal["eot", "eom", "cut"]
CallForm = Literal["json", "tag", "pythonic"]
BUILTIN_TOOLS = frozenset({"brave_search", "wolfram_alpha", "code_interpreter"})
MAX_DEPTH = 100  # levels of objects and lists within a call's arguments or a tool's parameters
MAX_BITS = 14_000  # of a whole number: Python reads and writes no more than 4,300 digits
_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 60

StopReason = Literal["end_token", "stop_string", "max_tokens", "context_full", "cancelled", "failed"]


@dataclass(frozen=True, slots=True)
class Document:
    """One text with where it came from. `scores` holds what each rule or model said of it, by name."""

    id: str
    text: str
    source: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    scores: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def from_json(cls, value: object, *, where: str) -> Document:
        """Build from one JSON object; only `text` is required. Raises `DataError` naming `where` (file and line)."""
        record = _mapping(value, where)
        text = record.get("text")
        if not isinstance(text, str):
            raise DataError(f"{where}: a document needs a string under 'text'")
        metadata, scores = record.get("metadata", {}), record.get("scores", {})
        if not isinstance(metadata, Mapping) or not isinstance(scores, Mapping):
            raise DataError(f"{where}: 'metadata' and 'scores' are objects where given")
        return cls(str(record.get("id", where)), text, str(record.get("source", "")), metadata, scores)

    def to_json(self) -> dict[str, Any]:
        return {"id": self.id, "text": self.text, "source": self.source, "metadata": dict(self.metadata), "scores": dict(self.scores)}


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that the assistant may call. `parameters` is a JSON schema of its arguments, as in Hugging Face's and OpenAI's `tools`."""

    name: str
    description: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_json(cls, value: object, *, where: str) -> Tool:
        """Build from `{"type": "function", "function": {"name", "description"?, "parameters"?}}`, or the inner object alone. Raises `DataError`."""
        record = _mapping(value, where)
        inner = _mapping(record.get("function") or record, where)
        name, description, parameters = inner.get("name"), inner.get("description") or "", inner.get("parameters") or {}
        if not isinstance(name, str) or not name:
            raise DataError(f"{where}: a tool needs a string under 'name'")
        if not isinstance(description, str) or not isinstance(parameters, Mapping):
            raise DataError(f"{where}: tool {shown(name)}: 'description' is a string and 'parameters' an object where given")
        check_json(parameters, f"{where}: the parameters of tool {shown(name)}")
        return cls(name, description, parameters)

    def to_json(self) -> dict[str, Any]:
        return {
            "type": "function",
            "function": {"name": self.name, "description": self.description, "parameters": dict(self.parameters)},
        }


@dataclass(frozen=True, slots=True)
class Call:
    """A tool that the assistant asks for, with arguments by name. Built-in tools take one: `query`, or `code` for `code_interpreter`.

    `written` are the arguments as JSON text, byte for byte as somebody wrote them, where that is known; calls that say the same are equal however they were written.
    """

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    written: str | None = field(default=None, compare=False, repr=False)

    @classmethod
    def from_json(cls, value: object, *, where: str) -> Call:
        """Build from `{"type": "function", "function": {"name", "arguments"}}`, or the inner object; arguments as an object or as JSON text."""
        record = _mapping(value, where)
        inner = _mapping(record.get("function") or record, where)
        name, arguments = inner.get("name"), inner.get("arguments", inner.get("parameters", {}))
        if not isinstance(name, str) or not name:
            raise DataError(f"{where}: a tool call needs a string under 'name'")
        if isinstance(arguments, str):
            arguments = _parsed(arguments, f"{where}: the arguments of {shown(name)}")
        if not isinstance(arguments, Mapping):
            raise DataError(f"{where}: the arguments of {shown(name)} are an object, or JSON text of one")
        check_json(arguments, f"{where}: the arguments of {shown(name)}")
        return cls(name, arguments)

    def to_json(self) -> dict[str, Any]:
        return {"type": "function", "function": {"name": self.name, "arguments": dict(self.arguments)}}


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a dialog: text, then calls where the assistant asks for tools.

    `train` says whether its tokens are learnt from; it may be true for the assistant's turns only. `rest` is what follows the calls and is no whole call: more
    words, or a call that was cut off or that no rule can read. `end` is how the turn ends: `"eot"` (done), `"eom"` (waiting for a tool), `"cut"`
    (not at all), None: as its calls ask. `tagged` says that a tag marks the calls off from the text, None: as the form of the calls asks.
    `token_ids` are those that a model wrote this turn in, its end included, where they are to be put down again as they are; they belong to what the other fields say,
    so who changes these leaves them out.
    """

    role: Role
    content: str
    train: bool = False
    calls: tuple[Call, ...] = ()
    rest: str = ""
    end: End | None = None
    tagged: bool | None = None
    token_ids: tuple[int, ...] | None = field(default=None, compare=False, repr=False)

    @classmethod
    def from_json(cls, value: object, *, where: str) -> Message:
        """Build from Hugging Face's `{"role", "content", "tool_calls"?}` with ours, `"train"`, `"end"`, `"rest"` and `"tagged"`, where given.

        Assistant turns are trained on unless told otherwise; role `tool` is Llama's `ipython`. OpenAI's older `function_call` and role `function` are read too.
        Raises `DataError`.
        """
        record = _mapping(value, where)
        role = "ipython" if record.get("role") in ("tool", "function") else record.get("role")
        if role not in get_args(Role):
            raise DataError(f"{where}: role {shown(role)} is none of {', '.join(get_args(Role))}, tool")
        older = [record["function_call"]] if record.get("function_call") else ()
        calls = _sequence(record.get("tool_calls") or older, f"{where}: 'tool_calls'")
        content = _text(record.get("content"), where, may_lack=bool(calls))
        # A column of nulls, which tables put where a record says nothing, is silence.
        train, end, rest, tagged = (record.get(key) for key in ("train", "end", "rest", "tagged"))
        # OpenAI's `weight` 0 says what `train` false says.
        train = (role == "assistant" and record.get("weight") != 0) if train is None else train
        rest = "" if rest is None else rest
        if not isinstance(train, bool) or (role != "assistant" and (train or calls)):
            raise DataError(f"{where}: 'train' is true or false; true, and 'tool_calls', for the assistant's messages only")
        if end not in (None, *get_args(End)) or not isinstance(rest, str) or not isinstance(tagged, bool | None):
            raise DataError(
                f"{where}: 'end' is one of {', '.join(get_args(End))}, 'rest' is a string and 'tagged' true or false, where they are given"
            )
        if role != "assistant" and (rest or tagged or end in ("eom", "cut")):
            raise DataError(f"{where}: 'rest', 'tagged' and 'end' are for the assistant's messages; a turn of {role} is whole")
        parsed = tuple(Call.from_json(call, where=f"{where}, call {i}") for i, call in enumerate(calls, 1))
        return cls(cast(Role, role), content, train, parsed, rest, end, tagged)

    def to_json(self) -> dict[str, Any]:
        """Return what `from_json` reads; what is at its default, and no reader of Hugging Face's shape would know, is left out."""
        ours = {"rest": self.rest or None, "end": self.end, "tagged": self.tagged}
        calls = {"tool_calls": [call.to_json() for call in self.calls]} if self.calls else {}
        return {
            "role": self.role,
            "content": self.content,
            "train": self.train,
            **calls,
            **{k: v for k, v in ours.items() if v is not None},
        }


@dataclass(frozen=True, slots=True)
class Dialog:
    """A conversation, oldest message first, with the tools that the assistant was offered: functions, and Llama's built-in ones by name."""

    messages: tuple[Message, ...]
    id: str = ""
    tools: tuple[Tool, ...] = ()
    builtin_tools: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, value: object, *, where: str) -> Dialog:
        """Build from Hugging Face's `{"messages": [...], "tools"?: [...]}`; `tools` may be JSON text. Raises `DataError` naming `where` (file and line)."""
        record = _mapping(value, where)
        messages = record.get("messages")
        if not isinstance(messages, Sequence) or isinstance(messages, str) or not messages:
            raise DataError(f"{where}: a dialog needs a non-empty list under 'messages'")
        turns = tuple(Message.from_json(item, where=f"{where}, message {i}") for i, item in enumerate(messages, 1))
        offered = record.get("tools") or ()
        offered = _parsed(offered, f"{where}: 'tools'") if isinstance(offered, str) else offered
        tools = tuple(Tool.from_json(tool, where=f"{where}, tool {i}") for i, tool in enumerate(_sequence(offered, f"{where}: 'tools'"), 1))
        builtin = tuple(_sequence(record.get("builtin_tools") or (), f"{where}: 'builtin_tools'"))
        if not all(isinstance(name, str) and name in BUILTIN_TOOLS for name in builtin):
            raise DataError(f"{where}: 'builtin_tools' are names among {', '.join(sorted(BUILTIN_TOOLS))}")
        return cls(turns, _id(record, where), tools, builtin)

    def to_json(self) -> dict[str, Any]:
        tools = {"tools": [tool.to_json() for tool in self.tools]} if self.tools else {}
        builtin = {"builtin_tools": list(self.builtin_tools)} if self.builtin_tools else {}
        return {"id": self.id, "messages": [message.to_json() for message in self.messages], **tools, **builtin}


@dataclass(frozen=True, slots=True)
class Question:
    """One item of a benchmark: what is asked, the right answer, and, for multiple choice, all choices (the answer among them)."""

    id: str
    prompt: str
    answer: str
    choices: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, value: object, *, where: str) -> Question:
        """Build from `{"prompt", "answer", "choices"?, "id"?}`. Raises `DataError` naming `where` (file and line)."""
        record = _mapping(value, where)
        prompt, answer, choices = record.get("prompt"), record.get("answer"), record.get("choices", [])
        if not isinstance(prompt, str) or not isinstance(answer, str):
            raise DataError(f"{where}: a question needs strings under 'prompt' and 'answer'")
        if not isinstance(choices, Sequence) or isinstance(choices, str) or not all(isinstance(choice, str) for choice in choices):
            raise DataError(f"{where}: 'choices' is a list of strings where given")
        if choices and answer not in choices:
            raise DataError(f"{where}: the answer {answer!r} is not among the choices")
        return cls(str(record.get("id", where)), prompt, answer, tuple(choices))

    def to_json(self) -> dict[str, Any]:
        return {"id": self.id, "prompt": self.prompt, "answer": self.answer, "choices": list(self.choices)}


@dataclass(frozen=True, slots=True)
class Sample:
    """What a model wrote: ids, the log-probability (nats) of each id that it chose, and why it stopped.

    Where they were asked for: the log-probabilities of the prompt's own tokens, and for each token written the likeliest in its place with theirs.
    """

    prompt_ids: tuple[int, ...]
    token_ids: tuple[int, ...]
    logprobs: tuple[float, ...]
    stop_reason: StopReason
    text: str = ""
    prompt_logprobs: tuple[float, ...] = ()
    top: tuple[tuple[tuple[int, float], ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Score:
    """One item's result: `value` in [0, 1], the answer it was given for, and why."""

    value: float
    answer: str = ""
    explanation: str = ""


def shown(value: object) -> str:
    """Return a value from a file as short text on one line, however long or deep it is."""
    try:
        return _SHORT.repr(value)
    except ValueError:
        # Python does not write whole numbers of more than 4,300 digits.
        return f"a value of type {type(value).__name__}"


def _id(record: Mapping[str, Any], where: str) -> str:
    """Return a record's id: text or a number; the place it was read from where it has none."""
    given = record.get("id")
    if given is None:
        return where
    if not isinstance(given, (str, int)):
        raise DataError(f"{where}: 'id' is a string or a number where given")
    return str(given)


def check_json(value: object, what: str) -> None:
    """Raise `DataError` where `value` is no JSON that could be read again: keys that are no strings, numbers without end, more than `MAX_DEPTH` levels."""
    level = [value]
    for _ in range(MAX_DEPTH):
        strange = next((item for item in level if not _is_json(item)), None)
        if strange is not None:
            raise DataError(f"{what} hold {shown(strange)}, which JSON cannot say")
        level = [item for outer in level for item in _items(outer)]
        if not level:
            return
    raise DataError(f"{what} are nested more than {MAX_DEPTH} levels deep")


def _is_json(value: object) -> bool:
    """Say whether `value` itself, whatever it holds, is of a kind that JSON has."""
    if isinstance(value, Mapping):
        return all(isinstance(key, str) for key in value)
    if isinstance(value, int):
        return value.bit_length() <= MAX_BITS
    return value is None or isinstance(value, str | list | tuple) or (isinstance(value, float) and math.isfinite(value))


def _items(value: object) -> Iterable[object]:
    return value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()


def _mapping(value: object, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise DataError(f"{where}: expected a JSON object, got {type(value).__name__}")
    return value


def _sequence(value: object, what: str) -> Sequence[Any]:
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise DataError(f"{what} is a list where given")
    return value


def _parsed(text: str, what: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{what} are not valid JSON ({error})") from None


def _text(content: object, where: str, *, may_lack: bool) -> str:
    """Return a message's text: a string, a list of text parts, or, beside calls, nothing."""
    if isinstance(content, str):
        return content
    if content is None and may_lack:
        return ""
    if isinstance(content, Sequence) and content:
        parts = [_mapping(part, where) for part in content]
        if all(part.get("type") == "text" and isinstance(part.get("text"), str) for part in parts):
            return "".join(part["text"] for part in parts)
    raise DataError(f"{where}: a message needs a string under 'content'; lists may hold text parts only")
