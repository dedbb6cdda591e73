"""Llama 2's chat format (llama, `llama/generation.py`, `chat_completion`): marks that are plain text, between begin and end tokens.

    <s>[INST] <<SYS>>\\nSYSTEM\\n<</SYS>>\\n\\nUSER [/INST] ANSWER </s><s>[INST] USER [/INST]

User and assistant take turns, the user first; the system's words are part of the first user's; contents are stripped, as Meta does. There are no tools. Because the marks are text, a
content that holds one could forge a turn: it is refused, where Meta's code answers with an error of its own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property

from puna.errors import DataError
from puna.records import Dialog, Message
from puna.tokens.chat import template
from puna.tokens.chat.classes import EncodedDialog, TokenClass
from puna.tokens.chat.codec import Codec

_MARKS = ("[INST]", "[/INST]", "<<SYS>>", "<</SYS>>")
_USER = re.compile(
    r"\s*\[INST\] (?:<<SYS>>\n(?P<system>.*?)\n<</SYS>>(?:\n\n|(?= \[/INST\])))?(?P<user>.*?) \[/INST\](?P<answer>.*)", re.DOTALL
)


class Llama2Codec(Codec):
    """The chat format of Llama 2."""

    def encode(self, dialog: Dialog) -> EncodedDialog:
        encoded = EncodedDialog()
        for asked, answer in _exchanges(dialog):
            given = [self.tokenizer.bos_id, *self.tokenizer.encode(asked)]
            encoded.add(given, TokenClass.CONTEXT)
            if answer is None:
                continue
            # An answer that was cut off has no end, and so not the space that stands before it.
            space = "" if answer.end == "cut" else " "
            whole = [self.tokenizer.bos_id, *self.tokenizer.encode(f"{asked} {answer.content.strip()}{space}")]
            if whole[: len(given)] != given:
                raise DataError(
                    "a token of this tokenizer reaches across the space after [/INST], so a prompt cannot be told from its answer; it is not Llama 2's"
                )
            said, ended = (TokenClass.ANSWER, TokenClass.END) if answer.train else (TokenClass.UNTRAINED, TokenClass.UNTRAINED)
            encoded.add(whole[len(given) :], said)
            if answer.end != "cut":
                encoded.add([self.tokenizer.end_of_text_id], ended)
        return encoded

    def prompt(self, dialog: Dialog) -> list[int]:
        if not dialog.messages or dialog.messages[-1].role != "user":
            raise DataError("Llama 2 answers a user: the last message of a prompt is the user's")
        return self.encode(dialog).token_ids

    def reply(self, token_ids: Sequence[int], *, offered: bool = False) -> Message:
        ends = [i for i, token_id in enumerate(token_ids) if token_id == self.tokenizer.end_of_text_id]
        if ends and ends[0] + 1 < len(token_ids):
            raise DataError(f"the reply ends at token {ends[0]}, and more follow; give one reply's ids")
        text = self.tokenizer.decode(token_ids[: ends[0]] if ends else token_ids)
        return Message("assistant", text.strip(), end="eot" if ends else "cut", tagged=False)

    def parse(self, token_ids: Sequence[int], *, offered: bool = False) -> tuple[Message, ...]:
        messages: list[Message] = []
        at = 0
        while at < len(token_ids):
            if token_ids[at] != self.tokenizer.bos_id:
                raise DataError(f"token {at} should be {self.tokenizer.name(self.tokenizer.bos_id)}, which begins an exchange")
            stop = next(
                (i for i in range(at + 1, len(token_ids)) if token_ids[i] in (self.tokenizer.bos_id, *self.tokenizer.stop_ids)), None
            )
            messages += self._exchange(token_ids[at + 1 : stop], at, ended=stop is not None and token_ids[stop] in self.tokenizer.stop_ids)
            at = len(token_ids) if stop is None else stop + (token_ids[stop] in self.tokenizer.stop_ids)
        return tuple(messages)

    @cached_property
    def template(self) -> str:
        return template.written("llama2")

    def _exchange(self, body: Sequence[int], at: int, *, ended: bool) -> list[Message]:
        found = _USER.fullmatch(self.tokenizer.decode(body))
        if not found:
            raise DataError(f"the exchange that begins at token {at} is not [INST] … [/INST] and an answer")
        system = [Message("system", found["system"])] if found["system"] is not None else []
        answer = found["answer"].strip()
        answered = [Message("assistant", answer, end="eot" if ended else "cut", tagged=False)] if answer or ended else []
        return [*system, Message("user", found["user"]), *answered]


def _exchanges(dialog: Dialog) -> list[tuple[str, Message | None]]:
    """Return what is asked, with its marks, and what was answered, None where nothing was yet."""
    messages = list(dialog.messages)
    if dialog.tools or dialog.builtin_tools or any(message.calls or message.rest for message in messages):
        raise DataError("Llama 2's chat format has no tools; use a Llama 3 tokenizer, or leave the tools out")
    if any(message.tagged or message.end == "eom" for message in messages):
        raise DataError("Llama 2's chat format has no <|python_tag|> and no <|eom_id|>; leave 'tagged' and 'end' out")
    forged = next((mark for message in messages for mark in _MARKS if mark in message.content), None)
    if forged:
        raise DataError(f"a message holds {forged}, which in Llama 2's chat format would begin or end a turn; remove it")
    system = f"<<SYS>>\n{messages.pop(0).content}\n<</SYS>>\n\n" if messages and messages[0].role == "system" else ""
    for i, message in enumerate(messages):
        if message.role != ("user", "assistant")[i % 2]:
            raise DataError(
                f"message {len(dialog.messages) - len(messages) + i + 1} is the {message.role}'s; in Llama 2 user and assistant take turns, the user first"
            )
    if not messages:
        raise DataError("Llama 2's chat format needs a message of the user")
    answers: list[Message | None] = [*messages[1::2], *([None] if len(messages) % 2 else [])]
    asked = [f"{system if not i else ''}{message.content}" for i, message in enumerate(messages[::2])]
    return [(f"[INST] {text.strip()} [/INST]", answer) for text, answer in zip(asked, answers, strict=True)]
