"""Alpaca: one instruction, perhaps with an input that it speaks of, and the output; earlier rounds under `history`.

Instruction and input become one user's message, with a blank line between them, as LLaMA-Factory joins them; Stanford's own prompt ("Below
is an instruction…") is a template for models without a chat format, and a Llama that chats has one. `history` is a list of [question,
answer] pairs, oldest first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from puna.errors import DataError
from puna.records import Dialog, Message

_TEXTS = ("instruction", "input", "output", "system")


def read(record: Mapping[str, Any], where: str) -> Dialog:
    """Return the dialog of an `alpaca` record. Raises `DataError`."""
    for key in _TEXTS:
        if not isinstance(record.get(key, ""), str):
            raise DataError(f"{where}: '{key}' is a string where given")
    if record.get("tools") or record.get("builtin_tools"):
        raise DataError(f"{where}: an Alpaca record offers no tools; write it as 'messages'")
    question = "\n\n".join(filter(None, (record["instruction"], record.get("input"))))
    rounds = [*_history(record, where), (question, record["output"])]
    learnt = record.get("train", [True] * len(rounds))
    if not isinstance(learnt, list) or len(learnt) != len(rounds):
        raise DataError(f"{where}: 'train' is a list of true or false, one for each of the {len(rounds)} answers, where given")
    messages = [{"role": "system", "content": record["system"]}] if record.get("system") else []
    for (asked, answered), train in zip(rounds, learnt, strict=True):
        messages += [{"role": "user", "content": asked}, {"role": "assistant", "content": answered, "train": train}]
    return Dialog.from_json({"id": record.get("id"), "messages": messages}, where=where)


def write(dialog: Dialog) -> dict[str, Any]:
    """Return the record of `dialog`; `instruction` holds the whole last question. Raises `DataError`."""
    _refuse_what_has_no_words(dialog)
    system, turns = _parted(dialog.messages)
    rounds = [[asked.content, answered.content] for asked, answered in zip(turns[::2], turns[1::2], strict=True)]
    learnt = [message.train for message in turns[1::2]]
    return {
        "id": dialog.id,
        **({"system": system.content} if system else {}),
        "instruction": rounds[-1][0],
        "input": "",
        "output": rounds[-1][1],
        **({"history": rounds[:-1]} if rounds[:-1] else {}),
        **({} if all(learnt) else {"train": learnt}),
    }


def _history(record: Mapping[str, Any], where: str) -> list[tuple[str, str]]:
    history = record.get("history", ())
    if not isinstance(history, Sequence) or isinstance(history, str) or not all(_is_pair(item) for item in history):
        raise DataError(f"{where}: 'history' is a list of pairs of strings, question and answer, where given")
    return [(asked, answered) for asked, answered in history]


def _is_pair(item: object) -> bool:
    return isinstance(item, Sequence) and not isinstance(item, str) and len(item) == 2 and all(isinstance(text, str) for text in item)


def _parted(messages: Sequence[Message]) -> tuple[Message | None, Sequence[Message]]:
    """Return the system message, if any, and the turns after it, which take turns. Raises `DataError`."""
    system = messages[0] if messages and messages[0].role == "system" else None
    turns = messages[1:] if system else messages
    if not turns or len(turns) % 2 or any(turn.role != ("user", "assistant")[i % 2] for i, turn in enumerate(turns)):
        raise DataError("its messages are not questions and answers in turn, after at most one system message")
    if system and not system.content:
        raise DataError("its system message is empty, which the shape takes for none")
    return system, turns


def _refuse_what_has_no_words(dialog: Dialog) -> None:
    if dialog.tools or dialog.builtin_tools:
        raise DataError("it offers tools")
    for number, message in enumerate(dialog.messages, 1):
        if message.calls or message.rest or message.role == "ipython":
            raise DataError(f"message {number} {'is a result' if message.role == 'ipython' else 'holds a call'} of a tool")
        if message.end is not None or message.tagged is not None:
            raise DataError(f"message {number} says how it ends or marks its calls ('end', 'tagged')")
