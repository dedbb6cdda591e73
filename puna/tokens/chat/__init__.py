"""Llama's chat formats: dialogs to token ids with what each token is, and token ids to messages with their calls."""

from __future__ import annotations

from puna.records import CallForm
from puna.tokens.chat.classes import COUNTED, EncodedDialog, Objective, TokenClass
from puna.tokens.chat.codec import Codec
from puna.tokens.chat.llama2 import Llama2Codec
from puna.tokens.chat.llama3 import Llama3Codec
from puna.tokens.chat.template import encode_rendered, render_template
from puna.tokens.tokenizer import Tokenizer

__all__ = [
    "COUNTED",
    "Codec",
    "EncodedDialog",
    "Objective",
    "TokenClass",
    "codec_for",
    "encode_rendered",
    "render_template",
]


def codec_for(tokenizer: Tokenizer, *, calls: CallForm = "json") -> Codec:
    """Return the codec of the tokenizer's family. `calls` is the form of calls that Llama 3 writes: `json` and `tag` are 3.1's, `pythonic` is 3.2's."""
    return Llama2Codec(tokenizer, calls=calls) if tokenizer.chat_ids is None else Llama3Codec(tokenizer, calls=calls)
