"""Whether an answer is whole, and ends as it should.

A generator that runs into its limit of tokens leaves half a sentence, an open code fence, half a call. Trained on with an end token behind
it, such an answer teaches exactly one thing: to stop there. Signs are looked for in answers that are learnt; the rest is context.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from puna.align.lint import rules
from puna.align.lint.findings import Finding
from puna.records import Dialog, Message

_FENCE = re.compile(r"^[ \t]*```", re.MULTILINE)
_REASON_KEYS, _CUT_REASONS = ("finish_reason", "stop_reason"), ("length", "max_tokens")
_BRACKETS = {"}": "{", "]": "["}
# Characters from which on a text, and its last line, are long enough to be prose that should have an end.
_LONG, _LONG_LINE = 400, 40
_OPEN_END = re.compile(r"[\w,;:(\[{–—-]\Z")
_NO_PROSE = re.compile(r"[ \t]*([-*+•#>|`]|\d+[.)]|\t| {4})")


def check_endings(dialog: Dialog, record: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield answers that are empty, cut off or left open; `record` is what the dialog was read from, for what generators note there."""
    for number, message in enumerate(dialog.messages, 1):
        if message.role == "assistant" and message.train:
            for rule, what in _signs(message):
                yield Finding(rule, f"message {number}{what}")
    yield from _noted(record)


def _signs(message: Message) -> Iterator[tuple[rules.Rule, str]]:
    text = message.content
    if not (text.strip() or message.calls or message.rest.strip()):
        yield rules.EMPTY_ANSWER, " is an answer without a word"
        return
    if message.rest:
        yield rules.CUT_ANSWER, f": what follows its calls is no whole call: {_tail(message.rest)}"
    if message.end == "cut":
        yield rules.NO_END, " says that it was cut off ('end': 'cut')"
    elif not (message.calls or message.rest) and (opened := _opened(text)):
        yield rules.UNCLOSED, f" {opened}"
    elif not (message.calls or message.rest) and _stops_short(text):
        yield rules.NO_FINAL_MARK, f": {len(text):,} characters that end in {_tail(text)}"


def _opened(text: str) -> str:
    """Say what `text` opens and does not close; nothing where it closes all."""
    if len(_FENCE.findall(text)) % 2:
        return "opens a code fence (```) and does not close it"
    begin = text.lstrip()[:2]
    if begin in ('{"', "[{", '["') and _open_json(text):
        return f"begins as JSON and ends before it is closed: {_tail(text)}"
    if "<function=" in text and text.count("<function=") > text.count("</function>"):
        return "opens a <function=…> tag and does not close it"
    return ""


def _open_json(text: str) -> bool:
    """Return whether brackets or a string of `text`, which begins as JSON, are open at its end."""
    opened: list[str] = []
    inside = escaped = False
    for character in text:
        if inside:
            inside, escaped = escaped or character != '"', character == "\\" and not escaped
        elif character == '"':
            inside = True
        elif character in "{[":
            opened.append(character)
        elif character in "}]":
            if not opened or opened.pop() != _BRACKETS[character]:
                return False
            if not opened:
                return False
    return True


def _stops_short(text: str) -> bool:
    """Return whether a long text ends like prose that was cut off: in a letter or a comma, in a line that is no heading, list, table or code."""
    text = text.rstrip()
    line = text[text.rfind("\n") + 1 :]
    return len(text) >= _LONG and len(line) >= _LONG_LINE and bool(_OPEN_END.search(text)) and not _NO_PROSE.match(line) and " " in line


def _noted(record: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield what the generator noted: that it ran into its limit."""
    turns: list[Any] = next((record[key] for key in ("messages", "completion", "conversations") if isinstance(record.get(key), list)), [])
    places = [("the record", record), *((f"message {number}", turn) for number, turn in enumerate(turns, 1) if isinstance(turn, Mapping))]
    for place, said in places:
        for key in _REASON_KEYS:
            if said.get(key) in _CUT_REASONS and said.get("end") != "cut":
                yield Finding(rules.CUT_ANSWER, f"{place} says '{key}': '{said[key]}': the generator ran into its limit")


def _tail(text: str) -> str:
    return f"…{' '.join(text[-60:].split())[-30:]!r}"
