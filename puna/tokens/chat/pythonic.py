"""Calls as Python writes them: `[get_weather(city="San Francisco", metric="celsius"), now()]`, the form of Llama 3.2 and later.

Models write it, so it is read as text, never evaluated, by a parser that knows literals alone: strings, numbers, `True`, `False`, `None` (and JSON's spelling of
these), lists, tuples, dictionaries. Python's own parser would refuse `send(from="Ann")`, because `from` is a keyword; a tool may have such an argument all the same.

What Puna writes itself is narrower: strings in double quotes with JSON's escapes, which Python reads alike. (Meta's encoder puts strings between quotes as they
are and writes dictionaries as `{k=v}`; neither can be read back where a value holds a quote.)
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from puna.errors import DataError
from puna.records import MAX_DEPTH, Call

_NAME = re.compile(r"[A-Za-z_][\w.-]*", re.ASCII)
_ARGUMENT = re.compile(r"[^\W\d]\w*")
_NUMBER = re.compile(r"[-+]?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][-+]?\d+)?", re.ASCII)
_SPACE = re.compile(r"\s*")
_PLAIN = re.compile(r"[^\\\"'\n]+")
_WORDS: dict[str, Any] = {"True": True, "False": False, "None": None, "true": True, "false": False, "null": None}
_WORD = re.compile(r"[A-Za-z]+", re.ASCII)
_ESCAPES = {
    "n": "\n",
    "t": "\t",
    "r": "\r",
    "b": "\b",
    "f": "\f",
    "a": "\a",
    "v": "\v",
    "0": "\0",
    "\\": "\\",
    "'": "'",
    '"': '"',
    "/": "/",
    "\n": "",
}
_HEX = {"x": 2, "u": 4, "U": 8}
BEGIN = re.compile(r"\[\s*[A-Za-z_][\w.-]*\(", re.ASCII)


def write_list(calls: Sequence[Call]) -> str:
    """Return `calls`, whose arguments are JSON, as one list. Raises `DataError` at a name or an argument's name that cannot be written."""
    return f"[{', '.join(map(_written_call, calls))}]"


def can_name(name: str, *, argument: bool = False) -> bool:
    """Return whether a tool, or an argument, may have this name in a pythonic call."""
    return bool((_ARGUMENT if argument else _NAME).fullmatch(name))


def read_list(text: str, start: int) -> tuple[list[Call], int]:
    """Return the calls of the list that begins at `start`, and where it ends. Raises `ValueError` where it is none, or no whole one."""
    reader = _Reader(text, start)
    calls = reader.calls()
    return calls, reader.at


def _written_call(call: Call) -> str:
    if not can_name(call.name):
        raise DataError(f"the tool's name {call.name!r} cannot be written in a pythonic call; use letters, digits, '_', '-' and '.'")
    strange = next((name for name in call.arguments if not can_name(name, argument=True)), None)
    if strange is not None:
        raise DataError(f"the argument {strange!r} of {call.name!r} cannot be written in a pythonic call; use JSON calls for such a tool")
    return f"{call.name}({', '.join(f'{name}={_written(value)}' for name, value in call.arguments.items())})"


def _written(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return str(value)
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{_written(key)}: {_written(item)}' for key, item in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_written, value))}]"
    return json.dumps(value, ensure_ascii=False)


class _Reader:
    """Reads calls and literals from `text`, `at` moving on; every failure is a `ValueError`."""

    def __init__(self, text: str, start: int) -> None:
        self.text, self.at = text, start

    def calls(self) -> list[Call]:
        self._expect("[")
        found = [self._call()]
        while not self._take("]"):
            self._expect(",")
            if self._take("]"):
                break
            found.append(self._call())
        return found

    def _call(self) -> Call:
        name = self._match(_NAME)
        self._expect("(")
        arguments: dict[str, Any] = {}
        while not self._take(")"):
            if arguments:
                self._expect(",")
            argument = self._match(_ARGUMENT)
            if argument in arguments:
                raise ValueError(f"{argument} is given twice")
            self._expect("=")
            arguments[argument] = self._value(MAX_DEPTH)
        return Call(name, arguments)

    def _value(self, depth: int) -> Any:
        self._skip()
        first = self.text[self.at : self.at + 1]
        if first in ("'", '"') and first:
            return self._string(first)
        if first in ("[", "(", "{") and first:
            if not depth:
                raise ValueError("nested too deeply")
            return self._dictionary(depth) if first == "{" else self._items(first, depth)
        if first.isalpha():
            word = self._match(_WORD)
            if word not in _WORDS:
                raise ValueError(f"{word} is no literal")
            return _WORDS[word]
        return _number(self._match(_NUMBER))

    def _items(self, opening: str, depth: int) -> list[Any]:
        closing = "]" if opening == "[" else ")"
        self._expect(opening)
        items: list[Any] = []
        while not self._take(closing):
            if items:
                self._expect(",")
                if self._take(closing):
                    break
            items.append(self._value(depth - 1))
        return items

    def _dictionary(self, depth: int) -> dict[str, Any]:
        self._expect("{")
        items: dict[str, Any] = {}
        while not self._take("}"):
            if items:
                self._expect(",")
            key = self._value(depth - 1)
            if not isinstance(key, str):
                raise ValueError("a dictionary's key is a string")
            self._expect(":")
            items[key] = self._value(depth - 1)
        return items

    def _string(self, quote: str) -> str:
        self.at += 1
        parts: list[str] = []
        while True:
            if plain := _PLAIN.match(self.text, self.at):
                parts.append(plain.group())
                self.at = plain.end()
            char = self.text[self.at : self.at + 1]
            if not char:
                raise ValueError("the string does not end")
            self.at += 1
            if char == quote:
                return "".join(parts)
            parts.append(self._escaped() if char == "\\" else char)

    def _escaped(self) -> str:
        kind = self.text[self.at : self.at + 1]
        self.at += 1
        if kind in _HEX:
            digits = self.text[self.at : self.at + _HEX[kind]]
            self.at += _HEX[kind]
            if len(digits) < _HEX[kind] or not all(digit in "0123456789abcdefABCDEF" for digit in digits):
                raise ValueError("an escape is cut off")
            return self._joined(int(digits, 16))
        if not kind:
            raise ValueError("an escape is cut off")
        # Python keeps the backslash of an escape that it does not know.
        return _ESCAPES.get(kind, f"\\{kind}")

    def _joined(self, code: int) -> str:
        """Return the character, having read the other half where JSON's escapes write one as a surrogate pair."""
        low = re.compile(r"\\u([dD][c-fC-F][0-9a-fA-F]{2})").match(self.text, self.at) if 0xD800 <= code < 0xDC00 else None
        if low:
            self.at = low.end()
            return chr(0x10000 + ((code - 0xD800) << 10) + int(low.group(1), 16) - 0xDC00)
        if code > 0x10FFFF:
            raise ValueError("an escape names no character")
        return chr(code)

    def _skip(self) -> None:
        if space := _SPACE.match(self.text, self.at):
            self.at = space.end()

    def _match(self, pattern: re.Pattern[str]) -> str:
        self._skip()
        found = pattern.match(self.text, self.at)
        if not found:
            raise ValueError(f"unexpected text at {self.at}")
        self.at = found.end()
        return found.group()

    def _take(self, char: str) -> bool:
        self._skip()
        taken = self.text.startswith(char, self.at)
        self.at += taken
        return taken

    def _expect(self, char: str) -> None:
        if not self._take(char):
            raise ValueError(f"expected {char} at {self.at}")


def _number(text: str) -> int | float:
    try:
        return int(text)
    except ValueError:
        value = float(text)
    if not math.isfinite(value):
        raise ValueError("a number is too large")
    return value
