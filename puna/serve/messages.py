"""OpenAI's messages as a dialog of ours, and back to the very tokens that the model wrote.

A client keeps of a call its name, its arguments as text, and an id; the frame around them, and how the model cut them into tokens, are lost on the way. So the server remembers for a while, by
the ids of its calls, what the model wrote. A message that comes back unchanged is put down in those tokens: the model reads what it said, and finds it in its cache. One that was changed, or that
is no longer remembered, is written anew around the arguments' own text.

Llama's format matches results with calls by their order alone, so results are put into the order of the calls.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from puna.errors import DataError
from puna.records import BUILTIN_TOOLS, Call, Dialog, Message, Tool, check_json, shown
from puna.serve import protocol
from puna.serve.errors import ApiError
from puna.tokens.chat.calls import CODE, read_arguments

MOST_REMEMBERED = 4096


@dataclass(frozen=True, slots=True)
class GivenCall:
    """A call as it was given to a client."""

    id: str
    name: str
    arguments: str


class Memory:
    """What the model wrote, by the ids of the calls in it: the latest few thousand messages. Any thread may use it."""

    def __init__(self, most: int = MOST_REMEMBERED) -> None:
        self._most, self._lock = most, threading.Lock()
        self._written: OrderedDict[str, tuple[str, tuple[GivenCall, ...], tuple[int, ...]]] = OrderedDict()

    def keep(self, content: str, calls: Sequence[GivenCall], token_ids: Sequence[int]) -> None:
        """Remember the tokens of a message with calls."""
        with self._lock:
            self._written[calls[0].id] = (content, tuple(calls), tuple(token_ids))
            while len(self._written) > self._most:
                self._written.popitem(last=False)

    def find(self, content: str, calls: Sequence[GivenCall]) -> tuple[int, ...] | None:
        """Return the tokens in which exactly this was written, None where nothing of the kind is remembered."""
        with self._lock:
            found = self._written.get(calls[0].id)
        return found[2] if found and found[:2] == (content, tuple(calls)) else None


def dialog_of(asked: protocol.ChatRequest, memory: Memory) -> Dialog:
    """Return the dialog that a request tells, tools included unless none may be called. Raises `ApiError` 400."""
    messages: list[Message] = []
    at = 0
    while at < len(asked.messages):
        message = asked.messages[at]
        if isinstance(message, protocol.ToolResult):
            raise ApiError(400, f"messages[{at}] is a tool's result, and no call before it waits for one", param=f"messages[{at}]")
        if isinstance(message, protocol.Assistant):
            messages.append(_assistant(message, at, memory))
            results = _results(asked.messages, at)
            messages += [Message("ipython", result.content) for result in results]
            at += len(results)
        else:
            messages.append(Message("user" if message.role == "user" else "system", message.content))
        at += 1
    is_offered = bool(asked.tools) and (asked.tool_choice is None or asked.tool_choice.mode != "none")
    tools, builtin = tools_of(asked.tools or ()) if is_offered else ((), ())
    return Dialog(tuple(messages), tools=tools, builtin_tools=builtin)


def tools_of(offered: Sequence[protocol.Tool]) -> tuple[tuple[Tool, ...], tuple[str, ...]]:
    """Return the functions on offer, and the names of those that are Llama's own, which it was trained to call without being told how. Raises `ApiError` 400."""
    tools: list[Tool] = []
    builtin: list[str] = []
    seen: set[str] = set()
    for place, tool in enumerate(offered):
        where, function = f"tools[{place}].function", tool.function
        if function.name in seen:
            raise ApiError(400, f"{where}: the name {function.name!r} is offered twice", param=f"{where}.name")
        seen.add(function.name)
        if is_builtin(function):
            builtin.append(function.name)
            continue
        try:
            check_json(function.parameters or {}, f"{where}.parameters")
        except DataError as error:
            raise ApiError(400, str(error), param=f"{where}.parameters") from None
        tools.append(Tool(function.name, function.description or "", function.parameters or {}))
    return tuple(tools), tuple(builtin)


def is_builtin(function: protocol.Function) -> bool:
    """Return whether a function is one of Llama's own: their name, and no parameters but theirs."""
    argument = "code" if function.name == CODE else "query"
    properties = (function.parameters or {}).get("properties", {argument: {}})
    return function.name in BUILTIN_TOOLS and isinstance(properties, dict) and properties.keys() == {argument}


def _assistant(message: protocol.Assistant, at: int, memory: Memory) -> Message:
    if message.content is None and not message.tool_calls:
        raise ApiError(400, f"messages[{at}] has neither 'content' nor 'tool_calls'", param=f"messages[{at}].content")
    content, calls = message.content or "", message.tool_calls or []
    given = [GivenCall(call.id, call.function.name, call.function.arguments) for call in calls]
    if len({call.id for call in given}) < len(given):
        raise ApiError(400, f"messages[{at}]: two of its calls have the same id", param=f"messages[{at}].tool_calls")
    token_ids = memory.find(content, given) if given else None
    if token_ids is not None:
        return Message("assistant", content, token_ids=token_ids)
    return Message(
        "assistant", content, calls=tuple(_call(call, f"messages[{at}].tool_calls[{place}]") for place, call in enumerate(given))
    )


def _call(call: GivenCall, where: str) -> Call:
    try:
        arguments = read_arguments(call.arguments)
        check_json(arguments, f"{where}.function.arguments")
        if call.name == CODE and arguments.keys() != {"code"}:
            raise DataError(f"{where}: {CODE} has one argument, 'code'")
    except DataError as error:
        raise ApiError(400, str(error), param=f"{where}.function.arguments") from None
    except (ValueError, RecursionError):
        raise ApiError(
            400, f"{where}: its arguments are no JSON object: {shown(call.arguments)}", param=f"{where}.function.arguments"
        ) from None
    return Call(call.name, arguments, call.arguments)


def _results(messages: Sequence[object], at: int) -> list[protocol.ToolResult]:
    """Return the results that follow the assistant's message at `at`, in the order of its calls. Raises `ApiError` 400 unless there is exactly one for each."""
    asking = messages[at]
    assert isinstance(asking, protocol.Assistant)
    waiting: dict[str, protocol.ToolResult | None] = {call.id: None for call in asking.tool_calls or ()}
    follow = at + 1
    while follow < len(messages) and isinstance(result := messages[follow], protocol.ToolResult):
        where = f"messages[{follow}].tool_call_id"
        if result.tool_call_id not in waiting:
            raise ApiError(400, f"{where}: no call before it has the id {shown(result.tool_call_id)}", param=where)
        if waiting[result.tool_call_id] is not None:
            raise ApiError(400, f"{where}: a second result of the call {shown(result.tool_call_id)}", param=where)
        waiting[result.tool_call_id] = result
        follow += 1
    missing = [name for name, result in waiting.items() if result is None]
    if missing:
        raise ApiError(400, f"messages[{at}]: no result follows of the call {shown(missing[0])}", param=f"messages[{at}].tool_calls")
    return [result for result in waiting.values() if result is not None]


def arguments_of(call: Call) -> str:
    """Return a call's arguments as JSON text: as the model wrote them where that was JSON."""
    return json.dumps(dict(call.arguments), ensure_ascii=False) if call.written is None else call.written
