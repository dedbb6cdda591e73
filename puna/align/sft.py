"""Supervised fine-tuning: dialogs become a shard that says, token by token, what is learnt.

The objective is pre-training's own, cross-entropy of the next token (arXiv 2407.21783, section 4.1.3: "a standard cross entropy loss on the target tokens, while masking
loss on prompt tokens"). All that is new is the mask:

- What the assistant says counts, **with** the `<|eot_id|>` that ends it: a model that never learnt to stop runs on.
- What it is told does not: the system's and the user's words, results of tools, and every header, the assistant's own among them, for a prompt supplies
  it. A model trained on those spends its capacity on imitating users, and learns tool results by heart that it should read.
- A dialog of several turns is one document, and each of its assistant's turns counts unless its message says `"train": false`.

The mask is bits beside the tokens, so packing cannot shift it, and the trainer divides by the number of tokens that count in the whole step: a batch of
short answers weighs as much a token as one of long answers. A dialog in which nothing counts would train nothing in silence; it is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from puna.errors import DataError
from puna.formats.dialogs import read_dialogs
from puna.records import CallForm
from puna.tokens.chat import codec_for
from puna.tokens.shards import MarkedDocument, ShardFigures, write_shard
from puna.tokens.tokenizer import Tokenizer


def write_dialog_shard(dialogs: Path, tokenizer: Tokenizer, out: Path, *, calls: CallForm = "json") -> ShardFigures:
    """Write the dialogs of a file, in any shape that `formats.dialogs` reads, as one shard with trained bits, in the file's order, each dialog a document.

    `calls` is the form in which tool calls are written. Raises `DataError` naming file and line for what is no dialog or has nothing to learn, and where there is no
    dialog; `FormatError` for what is no JSON.
    """
    return write_shard(out, training_documents(dialogs, tokenizer, calls=calls), tokenizer=tokenizer)


def training_documents(dialogs: Path, tokenizer: Tokenizer, *, calls: CallForm = "json") -> Iterator[MarkedDocument]:
    """Yield each dialog of a file as ids with what is learnt. Raises as `write_dialog_shard`."""
    codec = codec_for(tokenizer, calls=calls)
    empty = True
    for where, dialog in read_dialogs(dialogs):
        try:
            encoded = codec.encode(dialog)
        except DataError as error:
            raise DataError(f"{where}: {error}") from None
        trained = encoded.counted("sft")
        if not any(trained):
            raise DataError(
                f"{where}: dialog {dialog.id!r}: no token is trained on; mark an assistant's message with 'train', or drop the dialog"
            )
        empty = False
        yield MarkedDocument(encoded.token_ids, trained)
    if empty:
        raise DataError(f"{dialogs}: holds no dialog")
