"""Text to tokens and back: the tokenizer, the chat codec, token shards, and the loader that packs them into batches."""

from puna.tokens.batch import Batch
from puna.tokens.bpe import train_bpe
from puna.tokens.chat import EncodedDialog, encode_dialog, encode_prompt
from puna.tokens.loader import Loader, LoaderState
from puna.tokens.shards import Shard, ShardFigures, write_shard
from puna.tokens.tokenizer import TextStream, Tokenizer

__all__ = [
    "Batch",
    "EncodedDialog",
    "Loader",
    "LoaderState",
    "Shard",
    "ShardFigures",
    "TextStream",
    "Tokenizer",
    "encode_dialog",
    "encode_prompt",
    "train_bpe",
    "write_shard",
]
