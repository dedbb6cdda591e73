"""Calls of tools as a grammar: exactly what the chat codec reads back as calls of tools that were offered, with arguments that follow their schemas.

    json       <|python_tag|>{"type": "function", "name": "f", "parameters": {…}}      or without `"type"`; the tag, where the tokenizer has one
    tag        <function=f>{…}</function>
    pythonic   [f(a=1), g(b="x")]
    built-in   <|python_tag|>brave_search.call(query="…")    and code, which is all that follows the tag, whatever the form of other calls

Where a model may also answer in words (`words`), these come first or stand alone. Then nothing in them may look like the beginning of a call (`calls.BEGIN`), because the codec would look for one
there. What a lexer calls a word therefore ends exactly where a call begins, and a call that begins in any form but ours cannot be written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

from puna.engine.grammar_errors import short
from puna.engine.grammar_trial import Part
from puna.engine.schema_rules import DEPTH, Rules, SchemaRules
from puna.engine.schema_spelling import JSON, PYTHON, SPACE, exactly, one_of
from puna.errors import ConfigError
from puna.records import BUILTIN_TOOLS, CallForm, Tool, shown
from puna.tokens.chat.calls import BEGIN, BEGIN_ANY, CODE, can_name

MOST_CALLS = 16  # in one message; without a bound a model could call for ever

# Python's spaces, of which the library knows four less.
_SPACE = r"[\s\x1C-\x1F]"
_BETWEEN = r"[;,][ \n]?|[ \n]"
_TAG = exactly("<function=")
_TYPE, _FUNCTION, _NAME, _PARAMETERS = (exactly(f'"{word}"') for word in ("type", "function", "name", "parameters"))


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around a call's arguments: `begin`, by which the codec knows a call, `middle` and `end`, as regular expressions."""

    begin: str
    middle: str
    end: str


def written(
    tools: Sequence[Tool], builtin: Sequence[str], *, form: CallForm, tag: int | None, words: bool, most: int = MOST_CALLS
) -> tuple[str, list[Part]]:
    """Return the grammar in Lark's notation, and its parts that the library compiles from schemas.

    Raises `ConfigError` naming the tool for what cannot be called, or followed, in `form`.
    """
    _check(tools, builtin, form, tag)
    writer = _Writer(form, most)
    arguments = [writer.arguments(tool) for tool in tools]
    frames = [(frame, body) for tool, body in zip(tools, arguments, strict=True) for frame in _frames(tool.name, form)]
    starts: list[str] = []
    if frames and (form != "json" or tag is None or words):
        starts.append(writer.calls(frames, words=words))
    if tag is not None and (form == "json" or builtin):
        starts.append(writer.tagged(frames, builtin, tag=tag, words=words))
    if words:
        starts.append(f"{writer.words()}?")
    return "\n".join([f"start: {' | '.join(starts)}", *writer.rules.lines()]), writer.rules.parts


def _check(tools: Sequence[Tool], builtin: Sequence[str], form: CallForm, tag: int | None) -> None:
    names = [*builtin, *(tool.name for tool in tools)]
    if not names:
        raise ConfigError("no tool is offered, so none can be called")
    twice = next((name for place, name in enumerate(names) if name in names[:place]), None)
    if twice is not None:
        raise ConfigError(f"the tool {shown(twice)} is offered twice")
    unwritable = next((tool.name for tool in tools if not can_name(tool.name, form)), None)
    if unwritable is not None:
        raise ConfigError(f"the tool {shown(unwritable)} cannot be named in a call of the form {form!r}; use letters, digits, '_' and '-'")
    unknown = next((name for name in builtin if name not in BUILTIN_TOOLS), None)
    if unknown is not None:
        raise ConfigError(f"{shown(unknown)} is none of Llama's own tools ({', '.join(sorted(BUILTIN_TOOLS))})")
    if builtin and tag is None:
        raise ConfigError(f"{builtin[0]} is called behind <|python_tag|>, which this tokenizer does not have")


def _frames(name: str, form: CallForm) -> list[Frame]:
    if form == "tag":
        return [Frame(_TAG, exactly(f"{name}>"), exactly("</function>"))]
    if form == "pythonic":
        return [Frame(rf"\[{exactly(name)}\(", "", r"\)")]
    named = f" ?{JSON.text(name)}, ?{_PARAMETERS}: ?"
    return [Frame(rf"\{{{_TYPE}:", f" ?{_FUNCTION}, ?{_NAME}:{named}", r"\}"), Frame(rf"\{{{_NAME}:", named, r"\}")]


@cache
def _looks_called(pattern: str) -> str:
    """Return a pattern of the codec's in the library's syntax, which has the same spaces and letters, and more."""
    from llguidance import regex_to_lark

    return regex_to_lark(pattern.replace(r"\s", _SPACE), use_ascii="")


class _Writer:
    """Writes the grammar's rules, for one form."""

    def __init__(self, form: CallForm, most: int) -> None:
        self.rules, self._form, self._most = Rules(), form, most
        self._closing = r"\]" if form == "pythonic" else ""  # of a list of calls

    def arguments(self, tool: Tool) -> str:
        """Return the rule of a tool's arguments."""
        try:
            schema = SchemaRules(self.rules, PYTHON if self._form == "pythonic" else JSON, tool.parameters)
            found = schema.named_arguments() if self._form == "pythonic" else schema.arguments()
        except ConfigError as error:
            raise ConfigError(f"the tool {shown(tool.name)}: {short(str(error).removeprefix(': '))}") from None
        if found is None:
            raise ConfigError(
                f"the tool {shown(tool.name)}: no arguments follow its schema ({DEPTH} levels deep at most), so it can never be called"
            )
        return found

    def calls(self, frames: Sequence[tuple[Frame, str]], *, words: bool) -> str:
        """Return the rule of a message of calls, with words before them."""
        first = self.rules.rule(" | ".join(self._call(frame, body, begin=self._begin(frame, words=words)) for frame, body in frames))
        if self._form != "pythonic":
            return self.rules.rule(f"{first} {self._further(frames, self.rules.terminal(_BETWEEN) + '?')}")
        listed = [(replace(frame, begin=frame.begin.removeprefix(r"\[")), body) for frame, body in frames]
        return self.rules.rule(f"{first} {self._further(listed, self.rules.terminal(f',{SPACE}'))} {self.rules.terminal(self._closing)}")

    def tagged(self, frames: Sequence[tuple[Frame, str]], builtin: Sequence[str], *, tag: int, words: bool) -> str:
        """Return the rule of a message with calls behind the tag: functions and searches in any order, or else code."""
        query = rf"\.call\(query={JSON.string()}\)"
        calls = [self.rules.terminal(exactly(name) + query) for name in builtin if name != CODE]
        closed = [(replace(frame, end=frame.end + self._closing), body) for frame, body in frames]
        calls += [self._call(frame, body, begin=self.rules.terminal(frame.begin)) for frame, body in closed]
        choices: list[str] = []
        if calls:
            call = self.rules.rule(" | ".join(calls))
            choices.append(f"{call} {self._times(f'{self.rules.terminal(_BETWEEN)}? {call}')}")
        if CODE in builtin:
            choices.append(self.rules.terminal(r"(?s:.*)[!-~](?s:.*)", but=rf"[\s\x1C-\x1F;,]*{_looks_called(BEGIN_ANY.pattern)}(?s:.*)"))
        before = f"{self.words()}? " if words else ""
        return self.rules.rule(f"{before}<[{tag}]> ({' | '.join(choices)})")

    def words(self) -> str:
        """Return the terminal of words in which no call begins."""
        return self.rules.terminal("(?s:.+)", but=rf"(?s:.*){self._begun}(?s:.*)")

    def _begin(self, frame: Frame, *, words: bool) -> str:
        """Return the terminal of a call's beginning, with words before it in which none begins. A bracket before an object would make both the beginning of a list."""
        if not words:
            return self.rules.terminal(frame.begin)
        earlier = [rf"(?s:.*){self._begun}(?s:.+)", *([rf"(?s:.*)\[{_SPACE}*{frame.begin}"] if self._form == "json" else [])]
        return self.rules.terminal(rf"(?s:.*){frame.begin}", but=one_of(earlier))

    @property
    def _begun(self) -> str:
        """Return what looks like the beginning of a call. `<function=` does so without an end: one that stands within our call's arguments would make a name of all before it."""
        return one_of([_looks_called(BEGIN.pattern), _TAG])

    def _call(self, frame: Frame, arguments: str, *, begin: str) -> str:
        middle = f" {self.rules.terminal(frame.middle)}" if frame.middle else ""
        return self.rules.rule(f"{begin}{middle} {arguments} {self.rules.terminal(frame.end)}")

    def _further(self, frames: Sequence[tuple[Frame, str]], between: str) -> str:
        """Return the body of more calls, each behind what stands between two."""
        call = self.rules.rule(" | ".join(self._call(frame, body, begin=self.rules.terminal(frame.begin)) for frame, body in frames))
        return self._times(f"{between} {call}")

    def _times(self, more: str) -> str:
        return f"({more}){{0,{self._most - 1}}}" if self._most > 1 else ""
