"""Llama 3's chat format, from 3.0 to 3.3, put together from ids as Meta's encoder does (llama-models, `models/llama3/chat_format.py`).

    <|begin_of_text|> then, for every message,  <|start_header_id|>ROLE<|end_header_id|>\\n\\nCONTENT<|eot_id|>

Content is taken as it is: not stripped, no dates added, a tool's result not quoted. (Hugging Face's template does all three; docs/chat.md lists the differences.)
An assistant's message may hold calls: `<|python_tag|>` before them, unless their form has none, and `<|eom_id|>` after them where a tagged call waits for its result.
Header, text and each call are encoded one by one, so no token reaches across their borders.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, cached_property
from typing import cast, get_args

from puna.errors import DataError
from puna.records import CallForm, Dialog, End, Message, Role
from puna.tokens.chat import template
from puna.tokens.chat.calls import Read, find_calls, is_builtin, read_tagged, write_calls
from puna.tokens.chat.classes import EncodedDialog, TokenClass
from puna.tokens.chat.codec import Codec
from puna.tokens.chat.instructions import runs_ipython, with_tools
from puna.tokens.specials import ChatIds
from puna.tokens.tokenizer import Tokenizer

_BREAK = "\n\n"


class Llama3Codec(Codec):
    """The chat format of Llama 3, 3.1, 3.2 and 3.3."""

    def __init__(self, tokenizer: Tokenizer, *, calls: CallForm = "json") -> None:
        super().__init__(tokenizer, calls=calls)
        assert tokenizer.chat_ids is not None
        self._ids: ChatIds = tokenizer.chat_ids
        self._ends: dict[int, End] = {self._ids.eot: "eot", self._ids.eom: "eom", tokenizer.end_of_text_id: "eot"}
        self._header = cache(self._encoded_header)

    def encode(self, dialog: Dialog) -> EncodedDialog:
        encoded = EncodedDialog()
        encoded.add([self.tokenizer.bos_id], TokenClass.CONTEXT)
        messages = with_tools(dialog, self.calls)
        ipython = runs_ipython(messages)
        for message in messages:
            encoded.add(self._header(message.role), TokenClass.HEADER)
            if message.role == "assistant":
                self._add_answer(encoded, message, ipython=ipython)
            else:
                told = TokenClass.TOOL_OUTPUT if message.role == "ipython" else TokenClass.CONTEXT
                encoded.add([*self.tokenizer.encode(_whole(message).content), *self._closing(message.end or "eot")], told)
        return encoded

    def prompt(self, dialog: Dialog) -> list[int]:
        return [*self.encode(dialog).token_ids, *self._header("assistant")]

    def reply(self, token_ids: Sequence[int], *, offered: bool = False) -> Message:
        at = next((i for i, token_id in enumerate(token_ids) if token_id in self._ends), len(token_ids))
        if at + 1 < len(token_ids):
            raise DataError(f"the reply ends at token {at}, and {len(token_ids) - at - 1} more follow; give one reply's ids")
        end: End = self._ends[token_ids[at]] if at < len(token_ids) else "cut"
        return self._answer(token_ids[:at], end, offered=offered)

    def parse(self, token_ids: Sequence[int], *, offered: bool = False) -> tuple[Message, ...]:
        messages: list[Message] = []
        at = int(bool(token_ids) and token_ids[0] == self.tokenizer.bos_id)
        while at < len(token_ids):
            role, begin = self._read_header(token_ids, at)
            stops = (i for i in range(begin, len(token_ids)) if token_ids[i] in self._ends or token_ids[i] == self._ids.start_header)
            stop = next(stops, len(token_ids))
            end: End = self._ends.get(token_ids[stop], "cut") if stop < len(token_ids) else "cut"
            messages.append(self._message(role, token_ids[begin:stop], end, offered=offered))
            at = stop + (stop < len(token_ids) and token_ids[stop] in self._ends)
        return tuple(messages)

    @cached_property
    def template(self) -> str:
        ids, name = self._ids, self.tokenizer.name
        tag = "" if ids.python_tag is None else name(ids.python_tag)
        marks = {"start_header": name(ids.start_header), "end_header": name(ids.end_header), "eot": name(ids.eot), "eom": name(ids.eom)}
        return template.written("llama3", call_form=self.calls, **marks, python_tag=tag)

    def _add_answer(self, encoded: EncodedDialog, message: Message, *, ipython: bool) -> None:
        answer, closing, tag = TokenClass.ANSWER, TokenClass.END, TokenClass.PYTHON_TAG
        if not message.train:
            answer = closing = tag = TokenClass.UNTRAINED
        if message.token_ids is not None:
            kinds: dict[int | None, TokenClass] = {**dict.fromkeys(self._ends, closing), self._ids.python_tag: tag}
            for token_id in message.token_ids:
                encoded.add([token_id], kinds.get(token_id, answer))
            return
        tagged, end = self._framing(message, ipython=ipython)
        encoded.add(self.tokenizer.encode(message.content), answer)
        if tagged:
            encoded.add([self._python_tag()], tag)
        for text in [*write_calls(message.calls, self.calls), message.rest]:
            encoded.add(self.tokenizer.encode(text), answer)
        encoded.add(self._closing(end), closing)

    def _framing(self, message: Message, *, ipython: bool) -> tuple[bool, End]:
        """Return whether a tag stands before the calls and how the message ends, as it says itself or as the form of its calls asks."""
        builtin = any(map(is_builtin, message.calls))
        tagged = message.tagged
        if tagged is None:
            tagged = builtin or (bool(message.calls) and ipython and self.calls == "json")
        if builtin and not tagged:
            raise DataError("code and calls of built-in tools stand behind <|python_tag|>; leave 'tagged' out")
        return tagged, message.end or ("eom" if tagged and message.calls else "eot")

    def _closing(self, end: End) -> list[int]:
        return {"eot": [self._ids.eot], "eom": [self._ids.eom], "cut": []}[end]

    def _python_tag(self) -> int:
        if self._ids.python_tag is None:
            raise DataError("this tokenizer has no <|python_tag|>, which built-in tools and code need; give it at least 11 special tokens")
        return self._ids.python_tag

    def _encoded_header(self, role: Role) -> list[int]:
        return [self._ids.start_header, *self.tokenizer.encode(role), self._ids.end_header, *self.tokenizer.encode(_BREAK)]

    def _read_header(self, token_ids: Sequence[int], at: int) -> tuple[Role, int]:
        """Return the role of the header at `at`, and where its message's body begins."""
        if token_ids[at] != self._ids.start_header:
            raise DataError(f"token {at} should begin a header, and is {self.tokenizer.decode([token_ids[at]])!r}")
        end = next((i for i in range(at + 1, len(token_ids)) if token_ids[i] == self._ids.end_header), None)
        if end is None:
            raise DataError(f"the header that begins at token {at} does not end")
        role = self.tokenizer.decode(token_ids[at + 1 : end])
        if role not in get_args(Role):
            raise DataError(f"the header at token {at} names the role {role[:40]!r}, which is none of {', '.join(get_args(Role))}")
        return cast(Role, role), end + 1

    def _message(self, role: Role, body: Sequence[int], end: End, *, offered: bool) -> Message:
        """Return a message from its body, which begins with the two line ends after the header."""
        if role == "assistant":
            return self._answer(body, end, offered=offered, after_header=True)
        return Message(role, self._text(body).removeprefix(_BREAK), end=end)

    def _answer(self, body: Sequence[int], end: End, *, offered: bool, after_header: bool = False) -> Message:
        tag = next((i for i, token_id in enumerate(body) if token_id == self._ids.python_tag), None)
        text = self._text(body[:tag])
        text = text.removeprefix(_BREAK) if after_header else text
        cut = end == "cut"
        if tag is not None:
            read = read_tagged(self._text(body[tag + 1 :]), cut=cut)
            return Message("assistant", text, calls=read.calls, rest=read.rest, end=end, tagged=True)
        read = find_calls(text, cut=cut) if offered else Read(text, (), "")
        return Message("assistant", read.content, calls=read.calls, rest=read.rest, end=end, tagged=False)

    def _text(self, token_ids: Sequence[int]) -> str:
        return self.tokenizer.decode(token_ids)


def _whole(message: Message) -> Message:
    """Return a message of anyone but the assistant. Raises `DataError` where it holds what only the assistant's can."""
    if message.calls or message.rest or message.tagged:
        raise DataError(f"a message of {message.role} holds calls, or text after them; only the assistant's can")
    return message
