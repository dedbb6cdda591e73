"""Llama 3's chat format, put together from ids: only the codec writes special tokens, so no content can forge a turn.

    <|begin_of_text|> then, for every message,  <|start_header_id|>ROLE<|end_header_id|>\\n\\nCONTENT<|eot_id|>

Content is stripped at both ends, as in Meta's first encoder and Hugging Face's template, so that what a reader sees decides the ids (llama-models,
`llama3_1/prompt_format.md`). What is learnt are the assistant's words and the token that ends its turn, never the header that a prompt supplies.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from puna.errors import DataError
from puna.records import Dialog, Message, Role
from puna.tokens.tokenizer import Tokenizer


@dataclass(frozen=True, slots=True)
class EncodedDialog:
    """A document of ids that says of each whether it is learnt (predicted with weight 1)."""

    token_ids: list[int]
    trained: list[bool]


def encode_dialog(tokenizer: Tokenizer, dialog: Dialog) -> EncodedDialog:
    """Return the ids of a whole dialog; the content and closing `<|eot_id|>` of messages with `train` are learnt. Raises `DataError` where none is."""
    if not any(message.train for message in dialog.messages):
        raise DataError(f"dialog {dialog.id!r}: no message is trained on; mark an assistant's message with 'train', or drop the dialog")
    encoded = EncodedDialog([tokenizer.bos_id], [False])
    for message in dialog.messages:
        header = _header(tokenizer, message.role)
        content = [*tokenizer.encode(message.content.strip()), tokenizer.eot_id]
        encoded.token_ids.extend(header + content)
        encoded.trained.extend([False] * len(header) + [message.train] * len(content))
    return encoded


def encode_prompt(tokenizer: Tokenizer, messages: Sequence[Message]) -> list[int]:
    """Return the ids of `messages` and the header of the assistant's answer, where generation begins."""
    ids = [tokenizer.bos_id]
    for message in messages:
        ids += [*_header(tokenizer, message.role), *tokenizer.encode(message.content.strip()), tokenizer.eot_id]
    return ids + _header(tokenizer, "assistant")


def _header(tokenizer: Tokenizer, role: Role) -> list[int]:
    return [tokenizer.start_header_id, *tokenizer.encode(role), tokenizer.end_header_id, *tokenizer.encode("\n\n")]
