"""Prompt and completion: what is given, and what is learnt.

TRL's shape for tuning on completions: a string on either side is one message, the user's and the assistant's; a list is messages. The loss
is on the completion alone, so the assistant's turns within a prompt are context, unless they say `"train": true` themselves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from puna.errors import DataError
from puna.records import Dialog, Message, Role


def read(record: Mapping[str, Any], where: str) -> Dialog:
    """Return the dialog of a `prompt-completion` record. Raises `DataError`."""
    messages = [*_side(record, "prompt", "user", where), *_side(record, "completion", "assistant", where)]
    return Dialog.from_json({**record, "messages": messages}, where=where)


def write(dialog: Dialog) -> dict[str, Any]:
    """Return the record of `dialog`: the completion is all that follows the last message of a user or system. Raises `DataError`."""
    messages = dialog.messages
    start = max((i for i, message in enumerate(messages, 1) if message.role in ("user", "system")), default=0)
    if start in (0, len(messages)):
        raise DataError("it has no prompt" if start == 0 else "it has no completion: its last message is not the assistant's or a tool's")
    prompt, completion = messages[:start], messages[start:]
    rest = {key: item for key, item in dialog.to_json().items() if key not in ("id", "messages")}
    if _is_plain(prompt, "user") and _is_plain(completion, "assistant"):
        return {"id": dialog.id, "prompt": prompt[0].content, "completion": completion[0].content, **rest}
    return {"id": dialog.id, **{
        name: [message.to_json() for message in side] for name, side in (("prompt", prompt), ("completion", completion))
    }, **rest}  # fmt: skip


def _side(record: Mapping[str, Any], name: str, role: Role, where: str) -> list[Any]:
    """Return one side as messages in Hugging Face's shape."""
    side = record[name]
    if isinstance(side, str):
        return [{"role": role, "content": side}]
    if not isinstance(side, Sequence) or not side:
        raise DataError(f"{where}: '{name}' is a string or a non-empty list of messages")
    if name == "completion":
        return list(side)
    return [{**item, "train": item.get("train") or False} if isinstance(item, Mapping) else item for item in side]


def _is_plain(messages: Sequence[Message], role: Role) -> bool:
    """Return whether a bare string says all of these messages."""
    return len(messages) == 1 and messages[0] == Message(role, messages[0].content, train=role == "assistant")
