"""The model's own chat template against the codec: the same dialog, other ids, and whose doing it is.

Puna trains on what its codec puts down, which is what Meta's encoder puts down. Other software serves the model by the `chat_template`
among its files. Where the two differ, the served model reads what it was not trained on. Some differences are known (docs/chat.md): Hugging
Face's template for Llama 3.1 strips contents, adds dates, words tools in its own way, quotes tools' results and refuses a second call. Of
those the data's share is named, for the data can be mended.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from puna.errors import DataError
from puna.records import Dialog
from puna.tokens.chat import Codec, EncodedDialog, encode_rendered, render_template

_SHOWN = 48  # characters of each side
_DATES = ("Cutting Knowledge Date", "Today Date")


@dataclass(frozen=True, slots=True)
class Difference:
    """What a template does otherwise than the codec, for one dialog: which kind of difference it is, whether the data could avoid it, and where it shows."""

    kind: str
    in_data: bool
    shows: str

    def __str__(self) -> str:
        return f"{self.kind} (the {'data' if self.in_data else 'template'}'s doing)"


def compare(dialog: Dialog, encoded: EncodedDialog, *, codec: Codec, template: str, specials: Mapping[str, str]) -> Difference | None:
    """Return how `template`, with its variables `specials`, writes `dialog` otherwise than the codec did; None where the ids are equal."""
    try:
        rendered = render_template(template, dialog, specials=specials)
        ids = encode_rendered(codec.tokenizer, rendered)
    except DataError as error:
        return _refused(dialog, str(error))
    if ids == encoded.token_ids:
        return None
    if ids == encoded.token_ids[1:]:
        return Difference(
            "the template leaves out begin-of-text", False, "every prompt made with it lacks one unless the tokenizer adds it"
        )
    kind, in_data = _kind(dialog, ids, rendered=rendered, codec=codec)
    return Difference(kind, in_data, _place_and_texts(dialog, encoded.token_ids, ids, codec=codec))


def _refused(dialog: Dialog, why: str) -> Difference:
    several = next((number for number, message in enumerate(dialog.messages, 1) if len(message.calls) > 1), None)
    if several:
        return Difference(f"message {several} holds more than one call, and Llama 3.1 was trained on one a message", True, why)
    return Difference("the template refuses the dialog", False, why)


def _kind(dialog: Dialog, ids: list[int], *, rendered: str, codec: Codec) -> tuple[str, bool]:
    """Name the difference, and say whether the data could avoid it."""
    if any(date in rendered and not any(date in message.content for message in dialog.messages) for date in _DATES):
        return "the template adds dates to the system's words", False
    stripped = replace(dialog, messages=tuple(replace(message, content=message.content.strip()) for message in dialog.messages))
    number = next((n for n, (a, b) in enumerate(zip(dialog.messages, stripped.messages, strict=True), 1) if a != b), None)
    if number and codec.encode(stripped).token_ids == ids:
        return f"the template strips the white space at an end of message {number}", True
    if dialog.tools or dialog.builtin_tools or any(message.calls or message.role == "ipython" for message in dialog.messages):
        return "the template words tools, calls or their results in its own way", False
    return "the template differs in a way that is not a known one", False


def _place_and_texts(dialog: Dialog, ours: list[int], theirs: list[int], *, codec: Codec) -> str:
    """Say where the two begin to differ, and what each has there."""
    at = next((i for i, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b), min(len(ours), len(theirs)))
    decode = codec.tokenizer.decode
    return f"{_place(dialog, ours, at, codec=codec)} it writes {_shown(decode(theirs[at : at + 24]))}, the codec {_shown(decode(ours[at : at + 24]))}"


def _place(dialog: Dialog, ids: list[int], at: int, *, codec: Codec) -> str:
    """Return which message of the encoded dialog token `at` is in, and how many characters after its header."""
    chat = codec.tokenizer.chat_ids
    if chat is None:
        return f"in exchange {ids[: at + 1].count(codec.tokenizer.bos_id)}"
    number = ids[: at + 1].count(chat.start_header)
    if not number:
        return "at the beginning"
    begin = max(i for i in range(min(at + 1, len(ids))) if ids[i] == chat.start_header)
    header = next((i for i in range(begin, at) if ids[i] == chat.end_header), None)
    told = "turn" if dialog.tools or dialog.builtin_tools else "message"
    if header is None:
        return f"where {told} {number} begins"
    characters = len(codec.tokenizer.decode(ids[header + 1 : at]).removeprefix("\n\n"))
    return f"{characters:,} characters into {told} {number}" if characters else f"at the beginning of {told} {number}"


def _shown(text: str) -> str:
    return repr(text[:_SHOWN]) if text else "nothing"
