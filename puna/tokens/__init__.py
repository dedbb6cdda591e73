"""Text to tokens and back: the tokenizer, the chat codec, token shards, and the loader that packs them into batches."""

from puna.tokens.batch import Batch
from puna.tokens.bpe import train_bpe
from puna.tokens.chat import Codec, EncodedDialog, codec_for
from puna.tokens.loader import Loader, LoaderState
from puna.tokens.shards import MarkedDocument, Shard, ShardFigures, write_shard
from puna.tokens.tokenizer import TextStream, Tokenizer

__all__ = [
    "Batch",
    "Codec",
    "EncodedDialog",
    "Loader",
    "LoaderState",
    "MarkedDocument",
    "Shard",
    "ShardFigures",
    "TextStream",
    "Tokenizer",
    "codec_for",
    "train_bpe",
    "write_shard",
]
