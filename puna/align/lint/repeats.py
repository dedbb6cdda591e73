"""Dialogs that were seen before, and prompts that were answered otherwise before.

Only 64 bits of a hash stay of each dialog, and the number of its record: a million dialogs cost some 200 MB, whatever their length, and two
different ones of a million meet in a hash with a probability of 3 in 100 million.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from hashlib import blake2b

from puna.align.lint import rules
from puna.align.lint.findings import Finding
from puna.records import Dialog, Message


class Repeats:
    """Remembers the dialogs of a file."""

    def __init__(self) -> None:
        self._dialogs: dict[int, str] = {}
        self._prompts: dict[int, str] = {}

    def __call__(self, dialog: Dialog, line: str) -> Iterator[Finding]:
        """Yield that `dialog`, or its prompt, was there before; `line` is what later findings will call its place."""
        prompt = dialog.messages[: _last_answer(dialog.messages)]
        whole, asked = _hash(dialog, dialog.messages), _hash(dialog, prompt)
        first = self._dialogs.setdefault(whole, line)
        if first is not line:
            yield Finding(rules.DUPLICATE, f"the same dialog as {first}")
            return
        first = self._prompts.setdefault(asked, line)
        if prompt and first is not line:
            yield Finding(rules.REPEATED_PROMPT, f"the same prompt as {first}, answered otherwise")


def _last_answer(messages: Sequence[Message]) -> int:
    """Return the place of the last message of the assistant; all messages are the prompt where there is none."""
    return max((i for i, message in enumerate(messages) if message.role == "assistant"), default=len(messages))


def _hash(dialog: Dialog, messages: Sequence[Message]) -> int:
    said = [(message.role, message.content, [(call.name, call.arguments) for call in message.calls], message.rest) for message in messages]
    offered = [tool.to_json() for tool in dialog.tools] + list(dialog.builtin_tools)
    return int.from_bytes(blake2b(json.dumps([said, offered], sort_keys=True).encode(), digest_size=8).digest())
