"""ShareGPT: turns of `from` and `value`, with LLaMA-Factory's words for tools.

A turn from `function_call` holds JSON text of one `{"name", "arguments"}` or a list of them, one from `observation` or `tool` a result;
`tools` is JSON text of the functions offered. A call has a turn of its own, so words beside it have no place. A system text stands in
`system` or in the first turn; in both, the record contradicts itself and is refused.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from puna.errors import DataError
from puna.records import Dialog, Message, Role, shown

_ROLES: Mapping[str, Role] = {
    "system": "system",
    **dict.fromkeys(("human", "user"), "user"),
    **dict.fromkeys(("gpt", "assistant", "chatgpt", "bing", "bard", "function_call"), "assistant"),
    **dict.fromkeys(("observation", "tool"), "ipython"),
}
_SPEAKERS: Mapping[Role, str] = {"system": "system", "user": "human", "assistant": "gpt", "ipython": "observation"}
_OURS = ("train", "end", "tagged")


def read(record: Mapping[str, Any], where: str) -> Dialog:
    """Return the dialog of a `sharegpt` record. Raises `DataError`."""
    turns, system = record["conversations"], record.get("system", "")
    if not isinstance(turns, Sequence) or isinstance(turns, str) or not turns:
        raise DataError(f"{where}: 'conversations' is a non-empty list of turns")
    if not isinstance(system, str):
        raise DataError(f"{where}: 'system' is a string where given")
    messages = [_message(turn, f"{where}, turn {i}") for i, turn in enumerate(turns, 1)]
    if system and messages[0]["role"] == "system":
        raise DataError(f"{where}: gives system instructions twice, under 'system' and in the first turn; keep one")
    if system:
        messages.insert(0, {"role": "system", "content": system})
    return Dialog.from_json({**record, "messages": messages}, where=where)


def write(dialog: Dialog) -> dict[str, Any]:
    """Return the record of `dialog`, a system message as its own turn. Raises `DataError`."""
    turns = [_turn(message, i) for i, message in enumerate(dialog.messages, 1)]
    tools = [tool.to_json()["function"] for tool in dialog.tools]
    return {
        "id": dialog.id,
        "conversations": turns,
        **({"tools": json.dumps(tools, ensure_ascii=False)} if tools else {}),
        **({"builtin_tools": list(dialog.builtin_tools)} if dialog.builtin_tools else {}),
    }


def _message(turn: object, where: str) -> dict[str, Any]:
    """Return a turn as a message in Hugging Face's shape."""
    if not isinstance(turn, Mapping) or not isinstance(turn.get("value"), str):
        raise DataError(f"{where}: a turn needs 'from' and a string under 'value'")
    speaker, value = turn.get("from"), turn["value"]
    role = _ROLES.get(speaker) if isinstance(speaker, str) else None
    if role is None:
        raise DataError(f"{where}: 'from' is {shown(speaker)}; known: {', '.join(_ROLES)}")
    said = {"content": "", "tool_calls": _calls(value, where)} if speaker == "function_call" else {"content": value}
    return {"role": role, **said, **{key: turn[key] for key in _OURS if key in turn}}


def _calls(value: str, where: str) -> list[Any]:
    try:
        calls = json.loads(value)
    except (ValueError, RecursionError) as error:
        raise DataError(
            f"{where}: a function_call's value is JSON of 'name' and 'arguments', and this is not valid JSON ({error})"
        ) from None
    calls = calls if isinstance(calls, list) else [calls]
    if not calls:
        raise DataError(f"{where}: a function_call names no function")
    return calls


def _turn(message: Message, number: int) -> dict[str, Any]:
    """Return a message as a turn; flags that say no more than the default are left out."""
    if message.rest or (message.calls and message.content):
        raise DataError(f"message {number} has words beside a call, and a call is a turn of its own")
    calls = [call.to_json()["function"] for call in message.calls]
    said = message.to_json()
    ours = {key: said[key] for key in _OURS if key in said and (key != "train" or message.train != (message.role == "assistant"))}
    if calls:
        value = json.dumps(calls[0] if len(calls) == 1 else calls, ensure_ascii=False)
        return {"from": "function_call", "value": value, **ours}
    return {"from": _SPEAKERS[message.role], "value": message.content, **ours}
