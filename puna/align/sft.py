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
from puna.files import read_jsonl
from puna.records import Dialog
from puna.tokens.chat import EncodedDialog, encode_dialog
from puna.tokens.shards import ShardFigures, write_shard
from puna.tokens.tokenizer import Tokenizer


def write_dialog_shard(dialogs: Path, tokenizer: Tokenizer, out: Path) -> ShardFigures:
    """Write the dialogs of a JSONL file (Hugging Face's `messages`) as one shard with trained bits, in the file's order, each dialog a document.

    Raises `DataError` naming file and line for what is no dialog or has nothing to learn, and where there is no dialog; `FormatError` for what is no JSON.
    """
    return write_shard(out, encode_dialogs(dialogs, tokenizer), tokenizer=tokenizer)


def encode_dialogs(dialogs: Path, tokenizer: Tokenizer) -> Iterator[EncodedDialog]:
    """Yield each dialog of a JSONL file as ids in Llama 3's chat format, with what is learnt. Raises as `write_dialog_shard`."""
    empty = True
    for where, value in read_jsonl(dialogs):
        dialog = Dialog.from_json(value, where=where)
        try:
            encoded = encode_dialog(tokenizer, dialog)
        except DataError as error:
            raise DataError(f"{where}: {error}") from None
        empty = False
        yield encoded
    if empty:
        raise DataError(f"{dialogs}: holds no dialog")
