r"""How the values of a JSON schema are spelled: as JSON, or as Python's literals. Everything here is a regular expression in the library's (Rust's) syntax.

Both spell strings with JSON's escapes, of which a grammar has to know every one: `{"\u0061": 1}` has the key `a`, whatever it looks like. Half of a surrogate pair is no character and cannot be
written. Numbers are kept to what Python reads as a finite number.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

# Between two marks: enough to lay a value out, too little to write nothing else for ever.
SPACE = r" ?(\n {0,20})?"
_HEX = "[0-9a-fA-F]"
_SHORT = {'"': '"', "'": "'", "\\": "\\", "/": "/", "\b": "b", "\f": "f", "\n": "n", "\r": "r", "\t": "t"}
_UNICODE = rf"u([0-9a-cA-CefEF]{_HEX}{{3}}|[dD][0-7]{_HEX}{{2}}|[dD][89abAB]{_HEX}{{2}}\\u[dD][c-fC-F]{_HEX}{{2}})"

# An integer of Python's has 4,300 digits at most, a float 308 before the point.
INTEGER = "-?(0|[1-9][0-9]{0,299})"
NUMBER = (
    r"-?((0|[1-9][0-9]{0,199})(\.[0-9]{1,200})?([eE][+\-]?[0-9]{1,2})?"
    r"|[1-9](\.[0-9]{1,40})?[eE](-[0-9]{3}|\+?([12][0-9]{2}|30[0-7])))"
)


def exactly(text: str) -> str:
    """Return the expression of this very text."""
    return "".join(char if char.isascii() and char.isalnum() else f"\\x{{{ord(char):X}}}" for char in text)


def one_of(expressions: Iterable[str]) -> str:
    """Return the expression of whatever one of `expressions` matches."""
    return f"({'|'.join(dict.fromkeys(expressions))})"


@dataclass(frozen=True)
class Spelling:
    """One way to spell values: the marks that strings stand in, and the words for true, false and null."""

    quotes: str
    true: str
    false: str
    null: str

    def string(self, least: int = 0, most: int | None = None) -> str:
        """Return the expression of strings of `least` to `most` characters."""
        count = "*" if least == 0 and most is None else f"{{{least},{'' if most is None else most}}}"
        return one_of(f"{quote}{self._character(quote)}{count}{quote}" for quote in self.quotes)

    def text(self, value: str) -> str:
        """Return the expression of this one string: what can stand for itself does, and beyond ASCII it may be escaped."""
        return one_of(f"{quote}{''.join(self._plainly(char, quote) for char in value)}{quote}" for quote in self.quotes)

    def any_text(self, value: str) -> str:
        """Return the expression of every way to spell this one string."""
        return one_of(f"{quote}{''.join(self._spelled(char, quote) for char in value)}{quote}" for quote in self.quotes)

    def literal(self, value: Any) -> str:
        """Return the expression of a value of JSON, laid out in one line."""
        if value is None or isinstance(value, bool):
            return self.null if value is None else self.true if value else self.false
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return rf"\[{', ?'.join(map(self.literal, value))}\]"
        if isinstance(value, dict):
            return rf"\{{{', ?'.join(f'{self.text(key)}: ?{self.literal(item)}' for key, item in value.items())}\}}"
        return exactly(json.dumps(value))

    def _character(self, quote: str) -> str:
        escapes = "".join(exactly(char) for char in dict.fromkeys(f'"\\/bfnrt{self.quotes}'))
        return rf"([^{exactly(quote)}\\\x00-\x1F]|\\([{escapes}]|{_UNICODE}))"

    def _plainly(self, char: str, quote: str) -> str:
        is_plain = char.isascii() and char.isprintable() and char not in (quote, "\\")
        return exactly(char) if is_plain else self._spelled(char, quote)

    def _spelled(self, char: str, quote: str) -> str:
        ways = [rf"\\u{''.join(_any_case(digit) for digit in f'{half:04x}')}" for half in _halves(char)]
        spelled = ["".join(ways)]
        if char in _SHORT and (char != "'" or "'" in self.quotes):
            spelled.append(rf"\\{exactly(_SHORT[char])}")
        if char not in (quote, "\\") and ord(char) > 0x1F:
            spelled.append(exactly(char))
        return one_of(spelled)


JSON = Spelling('"', "true", "false", "null")
PYTHON = Spelling("\"'", "True", "False", "None")


def _any_case(digit: str) -> str:
    return digit if digit.isdigit() else f"[{digit}{digit.upper()}]"


def _halves(char: str) -> list[int]:
    code = ord(char) - 0x10000
    return [ord(char)] if code < 0 else [0xD800 + (code >> 10), 0xDC00 + (code & 0x3FF)]
