"""From tokens to what a client hears: words, and calls piece by piece as they are written.

OpenAI streams a call as its name first and then its arguments in pieces, long before the model has ended it. So a call has to be recognised by its beginning: `{"name": "f", "parameters": {` or
`<function=f>{`, behind the tag or, where tools were offered, anywhere in the text. Text that may become such a beginning is held back; once it is one, the arguments go out byte for byte as they
come. Everything else (code, searches, lists, of which the first words do not say what they are) is held until the end and read there by the codec.

Answers that are not streamed go through the same reader, so both say the same. It agrees with the codec wherever that finds whole calls. Where a call is cut off, or its arguments are no JSON after
all, the client gets what was written of them, as it does from OpenAI, where the codec, which must not guess, calls it a rest.

Where nothing was offered, everything is words.
"""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import dataclass

from puna.engine.request import Token
from puna.serve.messages import GivenCall, arguments_of
from puna.tokens.chat.calls import CODE, begins_call, find_calls, read_following, read_tagged
from puna.tokens.tokenizer import TextStream, Tokenizer


@dataclass(frozen=True, slots=True)
class Words:
    """A piece of the answer's text."""

    text: str


@dataclass(frozen=True, slots=True)
class CallBegins:
    """A call, whose arguments follow."""

    index: int
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Arguments:
    """A piece of the arguments of a call."""

    index: int
    text: str


Piece = Words | CallBegins | Arguments

_JSON_CALL = re.compile(
    r'\{\s*(?:"type"\s*:\s*"function"\s*,\s*)?"name"\s*:\s*(?P<name>"(?:[^"\\]|\\.)+")\s*,\s*"(?:parameters|arguments)"\s*:\s*(?=\{)',
    re.DOTALL,
)
_TAG_CALL = re.compile(r"<function=(?P<name>[^>\s]+)>\s*(?=\{)")
_TAG_END = "</function>"
_BETWEEN = re.compile(r"[\s;,]*")
_NESTING = re.compile(r'["{}\[\]]')
_STRING_PART = re.compile(r'(?:[^"\\]|\\.)*', re.DOTALL)


class Speech:
    """One answer as a client hears it. `content` and `calls` are what was said so far."""

    def __init__(self) -> None:
        self.content = ""
        self.calls: list[GivenCall] = []

    @property
    def is_done(self) -> bool:
        """Return whether nothing more may be said, whatever else the model would write."""
        return False

    def push(self, token: Token) -> list[Piece]:
        """Take the next token and return what it lets be said."""
        return self._said([Words(token.text)] if token.text else [])

    def end(self, *, cut: bool, stopped: bool = False) -> list[Piece]:
        """Return what was held back. `cut` says that the answer did not come to its end, `stopped` that the client's own stop ended it."""
        return []

    def _said(self, pieces: list[Piece]) -> list[Piece]:
        for piece in pieces:
            if isinstance(piece, Words):
                self.content += piece.text
            elif isinstance(piece, CallBegins):
                self.calls.append(GivenCall(piece.id, piece.name, ""))
            else:
                call = self.calls[piece.index]
                self.calls[piece.index] = GivenCall(call.id, call.name, call.arguments + piece.text)
        return pieces


class CallingSpeech(Speech):
    """An answer that may call tools. `is_single` allows one call, `runs_code` says that code after the tag is a call of the interpreter and not words, `says_whole` that no call is said in pieces.

    `is_tagged` says that the tag was written, `is_shortened` that the model wrote more calls than the one that it was allowed.
    """

    def __init__(self, tokenizer: Tokenizer, *, is_single: bool = False, runs_code: bool = False, says_whole: bool = False) -> None:
        super().__init__()
        ids = tokenizer.chat_ids
        assert ids is not None
        self._tag, self._tag_name = ids.python_tag, "" if ids.python_tag is None else tokenizer.name(ids.python_tag)
        self._is_single, self._runs_code, self._says_whole = is_single, runs_code, says_whole
        self._raw, self._num_raw, self._num_shown = TextStream(tokenizer), 0, 0
        self._tag_at: int | None = None
        self.is_tagged = self.is_shortened = False
        self._arrived, self._held, self._gap, self._state = "", "", "", "words"
        self._depth, self._in_string = 0, False
        self._num_begun, self._num_closed, self._frame = 0, 0, ""
        # Of the call that is open, where it is said whole: its pieces, and all its text.
        self._unsaid: list[Piece] = []
        self._written = ""

    @property
    def is_done(self) -> bool:
        return self._is_single and self._num_closed > 0

    def push(self, token: Token) -> list[Piece]:
        text = self._raw.push(token.id)
        self._num_raw += len(text)
        if token.id == self._tag and self._tag_at is None:
            self._tag_at = self._num_raw - len(self._tag_name)
        return self._said(self._shown(token.text))

    def end(self, *, cut: bool, stopped: bool = False) -> list[Piece]:
        pieces: list[Piece] = []
        if self._state == "words":
            pieces = _words(self._held)
        elif self._state == "begun":
            pieces = self._read_at_end(cut=cut or stopped)
        elif self._state in ("arguments", "closing") and stopped:
            pieces = _words(self._gap + self._written + self._held)
        elif self._state in ("arguments", "closing"):
            rest = self._held if self._state == "arguments" else ""
            pieces = [*self._unsaid, *([Arguments(self._num_begun - 1, rest)] if rest else [])]
        self._held, self._state = "", "over"
        return self._said(pieces)

    def _shown(self, text: str) -> list[Piece]:
        """Take text that may be shown. The tag's name within it is no text; a stop string may have held it back beyond its own token."""
        self._arrived += text
        if self._tag_at is None or self.is_tagged:
            return self._feed(self._take(len(self._arrived)))
        pieces = self._feed(self._take(self._tag_at - self._num_shown))
        if len(self._arrived) < len(self._tag_name):
            return pieces
        self._take(len(self._tag_name))
        return [*pieces, *self._tagged(), *self._feed(self._take(len(self._arrived)))]

    def _take(self, count: int) -> str:
        taken, self._arrived = self._arrived[:count], self._arrived[count:]
        self._num_shown += len(taken)
        return taken

    def _tagged(self) -> list[Piece]:
        """Everything from here on is calls, or code."""
        self.is_tagged = True
        if self._state not in ("words", "begun"):
            return []
        held, self._held, self._state = self._held, "", "begun"
        return _words(held)

    def _feed(self, text: str) -> list[Piece]:
        self._held += text
        pieces: list[Piece] = []
        while self._held:
            before = (self._state, len(self._held))
            pieces += getattr(self, f"_in_{self._state}")()
            if (self._state, len(self._held)) == before:
                break
        return pieces

    def _in_words(self) -> list[Piece]:
        """Say text up to where a call may begin."""
        begin, is_whole = begins_call(self._held)
        said, self._held = self._held[:begin], self._held[begin:]
        if is_whole:
            self._state = "begun"
        return _words(said)

    def _in_begun(self) -> list[Piece]:
        """Wait until the beginning of a call is whole; what never becomes one is read at the end."""
        at = _after(_BETWEEN, self._held) if self.is_tagged else 0
        found = _JSON_CALL.match(self._held, at) or _TAG_CALL.match(self._held, at)
        if not found:
            return []
        name = found.group("name")
        try:
            name = json.loads(name, strict=False) if name.startswith('"') else name
        except ValueError:
            return []
        self._frame = "json" if found.re is _JSON_CALL else "tag"
        self._pass(found.end())
        self._state = "arguments"
        self._num_begun += 1
        return self._of_open_call([CallBegins(self._num_begun - 1, new_id(), name)])

    def _in_arguments(self) -> list[Piece]:
        said = self._pass(self._scanned())
        if self._depth == 0:
            self._state = "closing"
            self._depth = 1
        return self._of_open_call([Arguments(self._num_begun - 1, said)] if said else [])

    def _pass(self, end: int) -> str:
        """Take text that belongs to the open call."""
        said, self._held = self._held[:end], self._held[end:]
        if self._says_whole:
            self._written += said
        return said

    def _of_open_call(self, pieces: list[Piece]) -> list[Piece]:
        """Return what may be said now of the open call."""
        if not self._says_whole:
            return pieces
        self._unsaid += pieces
        return []

    def _in_closing(self) -> list[Piece]:
        """Take what closes the call's frame."""
        if self._frame == "json":
            self._pass(self._scanned())
            if self._depth:
                return []
        else:
            begun = self._held.lstrip()
            if len(begun) < len(_TAG_END) and _TAG_END.startswith(begun):
                return []
            self._held = begun.removeprefix(_TAG_END)
        self._num_closed += 1
        said, self._unsaid, self._written = self._unsaid, [], ""
        self._depth, self._state, self._gap = 0, "between", ""
        return said

    def _in_between(self) -> list[Piece]:
        """Another call may follow; anything else is words."""
        if self._is_single:
            self._held = ""
            return []
        end = _after(_BETWEEN, self._held)
        self._gap, self._held = self._gap + self._held[:end], self._held[end:]
        if not self._held:
            return []
        begin, is_whole = begins_call(self._held, builtin=True)
        if begin == 0:
            if is_whole:
                self._state = "begun"
            return []
        said, self._held, self._gap, self._state = self._gap + self._held, "", "", "rest"
        return _words(said)

    def _in_rest(self) -> list[Piece]:
        said, self._held = self._held, ""
        return _words(said)

    def _in_over(self) -> list[Piece]:
        self._held = ""
        return []

    def _scanned(self) -> int:
        """Return how much of what is held belongs to the object that is open: all, or up to its end, where `_depth` is 0."""
        at = 0
        while at < len(self._held):
            if self._in_string:
                at = _after(_STRING_PART, self._held, at)
                if not self._held.startswith('"', at):
                    # Either everything belongs to the string, or the half of an escape waits for its other half.
                    return at
                self._in_string, at = False, at + 1
                continue
            found = _NESTING.search(self._held, at)
            if not found:
                return len(self._held)
            at, mark = found.end(), found.group()
            self._in_string = mark == '"'
            self._depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(mark, 0)
            if self._depth == 0:
                return at
        return at

    def _read_at_end(self, *, cut: bool) -> list[Piece]:
        """Let the codec read what was held."""
        # Alone a list of calls with something behind it is code; behind another call it is calls, and a rest.
        reader = read_following if self._num_begun else read_tagged if self.is_tagged else find_calls
        read = reader(self._held, cut=cut)
        is_code = reader is read_tagged and any(call.name == CODE for call in read.calls)
        if not read.calls or (is_code and not self._runs_code):
            return _words(self._gap + self._held)
        pieces = _words(read.content)
        self.is_shortened = self._is_single and len(read.calls) > 1
        for call in read.calls[:1] if self._is_single else read.calls:
            pieces += [CallBegins(self._num_begun, new_id(), call.name), Arguments(self._num_begun, arguments_of(call))]
            self._num_begun += 1
        return pieces if self._is_single else pieces + _words(read.rest)


def _words(text: str) -> list[Piece]:
    return [Words(text)] if text else []


def _after(pattern: re.Pattern[str], text: str, at: int = 0) -> int:
    found = pattern.match(text, at)
    return found.end() if found else at


def new_id() -> str:
    """Return an id that nobody can guess."""
    return f"call_{secrets.token_hex(12)}"
