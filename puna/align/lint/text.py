"""What stands in the text that should not: names of special tokens, marks of other formats, white space at the ends, broken characters.

Puna encodes content as text, whatever it spells, so a name of a special token in it becomes letters to learn. Other trainers render a
template into one string and look for special tokens in it, so the same name becomes the token: a second begin-of-text, an end in the middle
of a turn. Neither is meant.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from puna.align.lint import rules
from puna.align.lint.findings import Finding
from puna.records import Dialog, Message
from puna.tokens.tokenizer import Tokenizer

_BEGINS = ("<|begin_of_text|>",)
_ENDS = ("<|eot_id|>", "<|eom_id|>", "<|end_of_text|>", "<|im_end|>", "<|endoftext|>", "<end_of_turn>")
_LLAMA2_BEGIN, _LLAMA2_END = "<s>", "</s>"
_LLAMA2_MARKS = ("[INST]", "[/INST]", "<<SYS>>", "<</SYS>>")
# `<s>` and `</s>` are also HTML's: to a tokenizer of Llama 3 they are Llama 2's only where one stands at an end of the text without the other.
_FOREIGN = (
    "<|im_start|>", "<|im_end|>", "<|endoftext|>", "<start_of_turn>", "<end_of_turn>", "<|user|>", "<|assistant|>", "<|system|>",
    "### Instruction:", "### Response:", "### Human:", "### Assistant:", "<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>",
    "<|end_header_id|>", "<|eot_id|>", "<|eom_id|>", "<|python_tag|>",
)  # fmt: skip

# Zero-width joiners (200C, 200D) and variation selectors are left out: Persian, Indic scripts and emoji are written with them.
INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
# UTF-8 read as Latin-1 or Windows-1252: Ã and Â before what such a byte becomes, â€ before a quotation mark or dash, and the mark for what had no reading.
MOJIBAKE = re.compile("[ÃÂ][\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]|â€[\x80-\xbf™œ˜“”¦¢]|ï»¿|\ufffd")
HALF = re.compile("[\ud800-\udfff]")


class TextCheck:
    """Looks through a dialog's contents, for one tokenizer's special tokens."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        names = [tokenizer.name(token_id) for token_id in tokenizer.special_ids]
        self._strips = tokenizer.chat_ids is None
        self._special = re.compile("|".join(map(re.escape, sorted(names, key=len, reverse=True))))
        marks = [mark for mark in (*_FOREIGN, *(() if self._strips else _LLAMA2_MARKS)) if mark not in names]
        self._begins = (*_BEGINS, _LLAMA2_BEGIN) if self._strips else _BEGINS
        self._ends = (*_ENDS, _LLAMA2_END) if self._strips else _ENDS
        self._foreign = re.compile("|".join(map(re.escape, marks)))

    def __call__(self, dialog: Dialog) -> Iterator[Finding]:
        for number, message in enumerate(dialog.messages, 1):
            for text in filter(None, (message.content, message.rest)):
                for rule, what in self._of(text):
                    yield Finding(rule, f"message {number} {what}")
            if not self._strips and message.role != "ipython" and (ends := _edges(message)):
                yield Finding(rules.EDGE_SPACE, f"message {number} {ends} with white space")

    def _of(self, text: str) -> Iterator[tuple[rules.Rule, str]]:
        body = text.strip()
        begin = next((mark for mark in self._begins if body.startswith(mark)), "")
        end = next((mark for mark in self._ends if body.endswith(mark)), "")
        if begin:
            yield rules.DOUBLE_BOS, f"begins with {begin} spelled out"
        if end:
            yield rules.END_SPELLED_OUT, f"ends with {end} spelled out"
        middle = body[len(begin) : len(body) - len(end)] if len(begin) + len(end) <= len(body) else ""
        if found := self._special.search(middle):
            yield rules.SPECIAL_TEXT, f"holds the name of the special token {found.group()}"
        if found := self._foreign.search(middle):
            yield rules.FOREIGN_MARKS, f"holds {found.group()!r}, a mark of another chat format"
        elif not self._strips and (mark := _lone_llama2_mark(body)):
            yield rules.FOREIGN_MARKS, f"holds {mark!r} at an end, a mark of another chat format"
        yield from _characters(text)


def half_characters(dialog: Dialog) -> list[Finding]:
    """Return where a dialog holds half of a surrogate pair, which nothing can encode: in words, in calls or in tools."""
    found = []
    for number, message in enumerate(dialog.messages, 1):
        if half := HALF.search(message.content) or HALF.search(message.rest):
            found.append(f"message {number} holds half of a surrogate pair at character {half.start():,}")
        if any(HALF.search(json.dumps(call.to_json(), ensure_ascii=False)) for call in message.calls):
            found.append(f"message {number} holds half of a surrogate pair in a call")
    for number, tool in enumerate(dialog.tools, 1):
        if HALF.search(json.dumps(tool.to_json(), ensure_ascii=False)):
            found.append(f"tool {number} holds half of a surrogate pair")
    return [Finding(rules.HALF_CHARACTER, told) for told in found]


def _lone_llama2_mark(body: str) -> str:
    if body.count(_LLAMA2_BEGIN) == body.count(_LLAMA2_END):
        return ""
    return _LLAMA2_BEGIN if body.startswith(_LLAMA2_BEGIN) else _LLAMA2_END if body.endswith(_LLAMA2_END) else ""


def _characters(text: str) -> Iterator[tuple[rules.Rule, str]]:
    if text.isascii() and text.isprintable():
        return
    if found := INVISIBLE.search(text):
        yield rules.INVISIBLE, f"holds the invisible character U+{ord(found.group()):04X} at character {found.start():,}"
    if found := MOJIBAKE.search(text):
        yield rules.MOJIBAKE, f"holds {found.group()!a} at character {found.start():,}, a sign of text decoded wrongly"


def _edges(message: Message) -> str:
    text = message.content
    begins, ends = text != text.lstrip(), text != text.rstrip()
    return " and ".join(word for word, is_so in (("begins", begins), ("ends", ends)) if is_so)
