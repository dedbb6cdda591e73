"""Who speaks when: a chat begins with a user, after at most one system message, and then takes turns.

A call waits for its result: `ipython` messages follow it, one for each call or one for all, and then the assistant speaks. A dialog may end
with a call; data sets that teach when to call often do.
"""

from __future__ import annotations

from collections.abc import Iterator

from puna.align.lint import rules
from puna.align.lint.findings import Finding
from puna.records import Dialog, Message

_NAMES = {"system": "the system", "user": "the user", "assistant": "the assistant", "ipython": "a tool"}


def check_turns(dialog: Dialog) -> Iterator[Finding]:
    """Yield what is wrong with the order of the messages."""
    yield from _order(dialog)
    yield from _calls_and_results(dialog)
    last = dialog.messages[-1]
    if last.role != "assistant":
        yield Finding(rules.UNANSWERED, f"the dialog ends with the words of {_NAMES[last.role]}")


def _order(dialog: Dialog) -> Iterator[Finding]:
    begun = [message for message in dialog.messages if message.role != "system"]
    if begun and begun[0].role == "assistant":
        yield Finding(rules.ROLES, "the dialog begins with the assistant; nobody asked")
    before: Message | None = None
    for number, message in enumerate(dialog.messages, 1):
        if message.role == "system" and before is not None:
            yield Finding(rules.ROLES, f"message {number}: the system speaks after message 1; its instructions stand first, and once")
        elif before is not None and message.role == before.role and _takes_turns(message, before):
            yield Finding(rules.ROLES, f"messages {number - 1} and {number}: {_NAMES[message.role]} speaks twice in a row")
        before = message


def _takes_turns(message: Message, before: Message) -> bool:
    """Return whether two messages of one role in a row are one too many. Results may follow each other; after a call, its missing result is what is wrong."""
    return message.role == "user" or (message.role == "assistant" and not before.calls)


def _calls_and_results(dialog: Dialog) -> Iterator[Finding]:
    called_at = waiting = 0
    answered = False
    for number, message in enumerate(dialog.messages, 1):
        if message.role == "ipython":
            if waiting <= 0:
                yield Finding(rules.RESULT_WITHOUT_CALL, f"message {number} is a tool's result, and no call before it waits for one")
            waiting, answered = waiting - 1, True
            continue
        if waiting > 0 and not answered:
            yield Finding(rules.CALL_WITHOUT_RESULT, f"message {called_at} calls a tool, and message {number} follows without a result")
        called_at, waiting, answered = number, len(message.calls), False
