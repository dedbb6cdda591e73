"""Tool calls as Llama writes them: four forms in, one noun out, and back.

    built-in   brave_search.call(query="llamas")                         after <|python_tag|>, ends with <|eom_id|>
    code       print(2 ** 10)                                            after <|python_tag|>, ends with <|eom_id|>
    json       {"type": "function", "name": "f", "parameters": {…}}      after <|python_tag|> where the system says `Environment: ipython`
    tag        <function=f>{…}</function>                                no tag before it, ends with <|eot_id|>
    pythonic   [f(a=1), g(b="x")]                                        no tag before it, ends with <|eot_id|>

(llama-models, `llama3_1/prompt_format.md` and `llama3_2/text_prompt_format.md`.) Models mix them, so reading accepts any; writing takes the form one asks for, and
built-in tools always have their own. Where the form leaves a choice, Puna writes what Meta's encoder writes: JSON with non-ASCII characters escaped, several calls one
behind the other, queries in double quotes. It departs where Meta's text could not be read back: quotes inside a query are escaped.

Arguments that a model wrote as JSON are kept as text too (`Call.written`), and written again byte for byte: what a model said stays what it said.

After the tag everything is a call, or else code; code that is nothing but a list of calls reads as these. Without the tag a call is looked for only where tools were
offered: any text may hold JSON.
"""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from puna.errors import DataError
from puna.records import Call, CallForm, check_json, shown
from puna.tokens.chat import pythonic

SEARCH_TOOLS = ("brave_search", "wolfram_alpha")
CODE = "code_interpreter"

_BUILTIN = re.compile(rf"({'|'.join(SEARCH_TOOLS)})\.call\(\s*query\s*=\s*")
_TAG = re.compile(r"<function=([^>\s]+)>\s*")
_TAG_END = re.compile(r"\s*</function>")
_JSON_BEGIN = re.compile(r'(?:\[\s*)?\{\s*"(?:type|name|function|parameters|arguments)"\s*:')
# A call may begin here: what is looked for in text without a tag, and behind one.
BEGIN = re.compile(f"(?:<function=[^>\\s]+>|{_JSON_BEGIN.pattern}|{pythonic.BEGIN.pattern})", re.ASCII)
BEGIN_ANY = re.compile(f"(?:{BEGIN.pattern}|{_BUILTIN.pattern})", re.ASCII)


def _begun(word: str) -> str:
    """Return a pattern of what `word` may have begun with when the text ends."""
    return "".join(f"(?:{re.escape(letter)}" for letter in word) + ")?" * len(word)


# The end of a text that may become the beginning of a call.
_KEY_BEGUN = "|".join(rf'"{_begun(key)}(?:(?<={key})"\s*)?' for key in ("type", "name", "function", "parameters", "arguments"))
_MAY = rf"<(?:{_begun('function=')})(?:(?<=<function=)[^>\s]+)?|(?:\[\s*)?\{{\s*(?:{_KEY_BEGUN})?|\[\s*(?:[A-Za-z_][\w.-]*)?"
_MAY_BEGIN = re.compile(rf"(?:{_MAY})\Z", re.ASCII)
_CALLED = "|".join(rf"{tool[0]}{_begun(tool[1:] + '.call(query=')}" for tool in SEARCH_TOOLS)
_MAY_BEGIN_ANY = re.compile(rf"(?:{_MAY}|{_CALLED})\Z", re.ASCII)
# A call is meant here, readable or not: Python has other uses for braces and brackets.
_MEANT = re.compile(r'<function=[^>\s]+>|\{\s*"(?:type"\s*:\s*"function"|name"\s*:\s*"[^"]*"\s*,\s*"(?:parameters|arguments)")')
_BETWEEN = re.compile(r"[\s;,]*")
_CLOSING = re.compile(r"\s*\)")
_SEPARATOR = re.compile(r"[\s,:]*")  # between the parts of a list or an object
# How many places that look like a call's beginning are tried; real answers have one or two, and each failure costs a look at the text.
MAX_TRIES = 16
MAX_CODE = 100_000  # characters in which a look is taken whether they are Python


class Read(NamedTuple):
    """Text before calls, the calls, and what follows them and is no whole call."""

    content: str
    calls: tuple[Call, ...]
    rest: str


def is_code(call: Call) -> bool:
    """Return whether `call` runs code: `code_interpreter` with nothing but `code`."""
    return call.name == CODE and call.arguments.keys() == {"code"} and isinstance(call.arguments["code"], str)


def is_builtin(call: Call) -> bool:
    """Return whether `call` has a form of its own: code, or a search with nothing but `query`."""
    searches = call.name in SEARCH_TOOLS and call.arguments.keys() == {"query"} and isinstance(call.arguments["query"], str)
    return searches or is_code(call)


def write_calls(calls: Sequence[Call], form: CallForm) -> list[str]:
    """Return the texts of `calls`, which follow each other without anything between. Raises `DataError` for what `form` cannot say."""
    if any(map(is_code, calls)) and len(calls) > 1:
        raise DataError("code is everything that follows its tag, so a message with code can hold no other call; use two messages")
    texts = [_written(call, form) for call in calls]
    return [pythonic.write_list(calls)] if form == "pythonic" and calls and not any(map(is_builtin, calls)) else texts


def _written(call: Call, form: CallForm) -> str:
    if not call.name:
        raise DataError("a call has no name")
    check_json(call.arguments, f"the arguments of {shown(call.name)}")
    if is_code(call):
        return str(call.arguments["code"])
    if is_builtin(call):
        return f"{call.name}.call(query={json.dumps(call.arguments['query'], ensure_ascii=False)})"
    if form == "pythonic":
        return pythonic.write_list([call])
    arguments = json.dumps(dict(call.arguments)) if call.written is None else call.written
    if form == "json":
        return f'{{"type": "function", "name": {json.dumps(call.name)}, "parameters": {arguments}}}'
    if not can_name(call.name, "tag"):
        raise DataError(f"the tool's name {shown(call.name)} cannot stand in a <function=…> tag; it holds '>' or spaces")
    return f"<function={call.name}>{arguments}</function>"


def can_name(name: str, form: CallForm) -> bool:
    """Return whether a call of a tool of this name can be written in `form`."""
    fits = {"json": bool(name), "tag": bool(_TAG.fullmatch(f"<function={name}>")), "pythonic": pythonic.can_name(name)}
    return fits[form]


def read_arguments(text: str) -> dict[str, Any]:
    """Return arguments from JSON text as models write it, line ends inside strings included. Raises `ValueError` or `RecursionError` where it is no JSON object."""
    value = _DECODER.decode(text)
    if not isinstance(value, dict):
        raise ValueError("no JSON object")
    return value


def read_tagged(text: str, *, cut: bool) -> Read:
    """Read what follows `<|python_tag|>`; `cut` says that the message never ended, so that code may not be whole."""
    calls, end = _calls_at(text, 0, cut=cut)
    rest = _rest(text[end:])
    # Python may begin with a list of calls, and go on.
    if calls and not (rest and text.lstrip().startswith("[")):
        return Read("", tuple(calls), rest)
    begun = text.lstrip()
    if cut or not begun or _MEANT.match(begun) or (not calls and pythonic.BEGIN.match(begun) and not _is_python(begun)):
        return Read("", (), text)
    return Read("", (Call(CODE, {"code": text}),), "")


def read_following(text: str, *, cut: bool) -> Read:
    """Read what follows calls that were read already: more of them, or a rest."""
    calls, end = _calls_at(text, 0, cut=cut)
    return Read("", tuple(calls), _rest(text[end:]) if calls else text)


def find_calls(text: str, *, cut: bool) -> Read:
    """Look for calls in text without a tag. A call that was begun and cannot be read is `rest` where the message was cut off or is nothing else."""
    begins = [match.start() for _, match in zip(range(MAX_TRIES), BEGIN.finditer(text), strict=False)]
    for begin in begins:
        calls, end = _calls_at(text, begin, cut=cut)
        if calls:
            return Read(text[:begin], tuple(calls), _rest(text[end:]))
    if begins and (cut or not text[: begins[0]].strip()):
        return Read(text[: begins[0]], (), text[begins[0] :])
    return Read(text, (), "")


def begins_call(text: str, *, builtin: bool = False) -> tuple[int, bool]:
    """Return where a call begins in `text` and True, or where one may begin, should more text come, and False; the end of the text where there is no sign of one.

    For who reads text while it is written. `builtin` looks for the calls of built-in tools too, which follow a tag or another call.
    """
    whole, partial = (BEGIN_ANY, _MAY_BEGIN_ANY) if builtin else (BEGIN, _MAY_BEGIN)
    if found := whole.search(text):
        return found.start(), True
    found = partial.search(text)
    return (found.start() if found else len(text)), False


def _is_python(text: str) -> bool:
    """Say whether `text` is Python, which is parsed and not run."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text[:MAX_CODE])
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return len(text) <= MAX_CODE


def _calls_at(text: str, start: int, *, cut: bool) -> tuple[list[Call], int]:
    """Return the calls that follow each other from `start`, and where the last one ends."""
    calls: list[Call] = []
    at = end = _after(_BETWEEN, text, start)
    while True:
        try:
            found, end_of_found = _read(text, at, cut=cut)
            for call in found:
                check_json(call.arguments, call.name)
        except (ValueError, RecursionError, DataError):
            return calls, end
        calls += found
        end = end_of_found
        at = _after(_BETWEEN, text, end)


def _after(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    return match.end() if match else at


def _rest(text: str) -> str:
    return text if text.strip(" \t\r\n;,") else ""


def _read(text: str, at: int, *, cut: bool) -> tuple[list[Call], int]:
    """Return the call or calls of one expression at `at`, and its end. Raises `ValueError` or `RecursionError` where there is none."""
    if _JSON_BEGIN.match(text, at):
        value, end = _DECODER.raw_decode(text, at)
        return [_named(item, text, begin) for item, begin in _items(value, text, at)], end
    if text.startswith("[", at):
        return pythonic.read_list(text, at)
    if tag := _TAG.match(text, at):
        arguments, end = _DECODER.raw_decode(text, tag.end())
        closing = _TAG_END.match(text, end)
        if not closing or not isinstance(arguments, dict):
            raise ValueError("the tag is not closed")
        return [Call(tag.group(1), arguments, text[tag.end() : end])], closing.end()
    if builtin := _BUILTIN.match(text, at):
        value, end = _quoted(text, builtin.end(), cut=cut)
        return [Call(builtin.group(1), {"query": value})], end
    raise ValueError("no call begins here")


def _items(value: Any, text: str, at: int) -> list[tuple[Any, int]]:
    """Return a list's items, or a value that is none, each with the place where it begins."""
    if not isinstance(value, list):
        return [(value, at)]
    begins: list[int] = []
    at += 1
    for _ in value:
        begins.append(_after(_SEPARATOR, text, at))
        at = _DECODER.raw_decode(text, begins[-1])[1]
    return list(zip(value, begins, strict=True))


def _members(text: str, at: int) -> dict[str, tuple[int, int]]:
    """Return where the value of each key begins and ends in the JSON object at `at`, which is whole."""
    found: dict[str, tuple[int, int]] = {}
    at += 1
    while True:
        at = _after(_SEPARATOR, text, at)
        if text.startswith("}", at):
            return found
        key, end = _DECODER.raw_decode(text, at)
        begin = _after(_SEPARATOR, text, end)
        at = _DECODER.raw_decode(text, begin)[1]
        found[key] = (begin, at)


def _named(value: Any, text: str, at: int) -> Call:
    """Return the call that the JSON object at `at` is: a name, and an object of arguments under `parameters`; or OpenAI's shape, which other models write."""
    if not isinstance(value, dict) or value.get("type", "function") != "function":
        raise ValueError("not a call")
    inner = value.get("function", value)
    if not isinstance(inner, dict):
        raise ValueError("not a call")
    key = "parameters" if "parameters" in inner else "arguments"
    name, arguments = inner.get("name"), inner.get(key)
    if not isinstance(name, str) or not name or not isinstance(arguments, str | Mapping):
        raise ValueError("not a call")
    if isinstance(arguments, str):
        return Call(name, read_arguments(arguments), arguments)
    begin, end = _members(text, _members(text, at)["function"][0] if inner is not value else at)[key]
    return Call(name, arguments, text[begin:end])


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


# Not strict: models write line ends inside strings as they are.
_DECODER = json.JSONDecoder(parse_constant=_no_constant, strict=False)


def _quoted(text: str, at: int, *, cut: bool) -> tuple[str, int]:
    """Return the string at `at` and where the call that holds it ends. Quotes that nobody escaped, as Meta's encoder leaves them, are kept where the call is all there is."""
    if not text.startswith('"', at):
        raise ValueError("no string")
    try:
        value, end = _DECODER.raw_decode(text, at)
        if closing := _CLOSING.match(text, end):
            return str(value), closing.end()
    except ValueError:
        pass
    end = text.rfind('")')
    if cut or end <= at or text[end + 2 :].strip() or ".call(query=" in text[at:]:
        raise ValueError("the string does not end")
    return text[at + 1 : end], end + 2
