"""Text to token ids and back, with special tokens that no text can write.

Someone who types `<|eot_id|>` must not end his turn. `tokenizers` looks for added tokens in the text before anything else, and its switch against this,
`encode_special_tokens`, spares those marked special and still makes the others. So the encoder here has no added tokens at all: it is built from the text
tokens and merges alone, whatever the file declares, and special ids exist only as numbers that the chat codec puts down.

**Other libraries reading our directory keep their own habits.** transformers finds special tokens in text unless it is called with `split_special_tokens=True`, and puts
`<|begin_of_text|>` first unless told `add_special_tokens=False`; with both its ids equal `Tokenizer.encode`'s for every text. Its `apply_chat_template`
writes the dialog as one string and then looks for special tokens in it, so a server that faces strangers should use `puna.tokens.chat`.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import tokenizers
from numpy.typing import NDArray

from puna import files
from puna.errors import DataError, TokenizerError
from puna.tokens import definition as definitions
from puna.tokens import specials
from puna.tokens.bytelevel import to_bytes
from puna.tokens.definition import Definition

FILE_NAME, CONFIG_NAME = "tokenizer.json", "tokenizer_config.json"

CHAT_TEMPLATE = (
    "{{- bos_token }}{%- for message in messages %}"
    "{{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n' + message['content'] | trim + '<|eot_id|>' }}"
    "{%- endfor %}{%- if add_generation_prompt %}{{- '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{%- endif %}"
)
"""Llama 3's chat format in Jinja; its ids equal those of `puna.tokens.chat` where no content holds a special token's name."""


class Tokenizer:
    """A byte-level BPE with Llama 3's special tokens at the end of its vocabulary."""

    def __init__(self, definition: Definition) -> None:
        """Build from a checked definition. Raises `TokenizerError` where the library refuses it, as it does a pattern that is no regular expression."""
        self._definition = definition
        self._encoder = _encoder(definition)
        base = len(definition.tokens)
        self.vocab_size = base + len(definition.specials)
        self.bos_id = base + specials.BEGIN_OF_TEXT
        self.end_of_text_id = base + specials.END_OF_TEXT
        self.start_header_id = base + specials.START_HEADER
        self.end_header_id = base + specials.END_HEADER
        self.eom_id = base + specials.END_OF_MESSAGE
        self.eot_id = base + specials.END_OF_TURN
        self.stop_ids = frozenset({self.end_of_text_id, self.eom_id, self.eot_id})
        self._text_bytes = [*map(to_bytes, definition.tokens)]
        self._shown_bytes = self._text_bytes + [name.encode() for name in definition.specials]

    @classmethod
    def load(cls, path: Path | str) -> Tokenizer:
        """Read a `tokenizer.json`, or the one in a directory. Raises `FormatError` or `TokenizerError`, which name the file."""
        file = Path(path) / FILE_NAME if Path(path).is_dir() else Path(path)
        definition = definitions.read(file)
        try:
            return cls(definition)
        except TokenizerError as error:
            raise TokenizerError(f"{file}: {error}") from None

    def save(self, directory: Path) -> None:
        """Write `tokenizer.json` and `tokenizer_config.json`, which transformers' `AutoTokenizer` reads. Raises `WorkError`."""
        bos, eos = self.name(self.bos_id), self.name(self.end_of_text_id)
        config = {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "bos_token": bos,
            "eos_token": eos,
            "clean_up_tokenization_spaces": False,
            "model_input_names": ["input_ids", "attention_mask"],
            "chat_template": CHAT_TEMPLATE,
        }
        files.write_json(directory / FILE_NAME, self._definition.to_json())
        files.write_json(directory / CONFIG_NAME, config)

    def encode(self, text: str) -> list[int]:
        """Return the ids of `text`, all of them text tokens; no `<|begin_of_text|>`. Raises `DataError` at half a surrogate pair."""
        return self.encode_batch([text])[0]

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """Return `encode` of each text, computed on all cores."""
        try:
            return [encoding.ids for encoding in self._encoder.encode_batch_fast(texts, add_special_tokens=False)]
        except TypeError:
            for text in texts:
                refuse_half_characters(text)
            raise
        except BaseException as error:
            raise _translated(error, "text cannot be encoded") from None

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of `ids`, special tokens by name, bytes that are no UTF-8 as U+FFFD. Raises `TokenizerError` at an unknown id."""
        return b"".join([self._shown(token_id) for token_id in ids]).decode("utf-8", errors="replace")

    def decode_bytes(self, ids: Iterable[int]) -> bytes:
        """Return the bytes of the text in `ids`; special tokens have none. Raises `TokenizerError` at an unknown id."""
        base = len(self._text_bytes)
        return b"".join([self._shown(token_id) for token_id in ids if not base <= token_id < self.vocab_size])

    def name(self, special_id: int) -> str:
        """Return what the file calls a special token."""
        return self._definition.specials[special_id - len(self._text_bytes)]

    @cached_property
    def token_bytes(self) -> NDArray[np.int64]:
        """Return how many bytes of text each token is, `[V]`; special tokens are 0, so that bits per byte count text alone."""
        return np.array([len(token) for token in self._text_bytes] + [0] * len(self._definition.specials), dtype=np.int64)

    @cached_property
    def hash(self) -> str:
        """Return a hex SHA-256 over tokens, merges, special tokens and the cutting rule; shards and checkpoints carry it."""
        return files.hash_json(self._definition.identity())

    def _shown(self, token_id: int) -> bytes:
        if not 0 <= token_id < self.vocab_size:
            raise TokenizerError(f"token id {token_id} is outside this tokenizer's vocabulary of {self.vocab_size}")
        return self._shown_bytes[token_id]


class TextStream:
    """Decodes ids one at a time and lets go of whole characters only: an emoji may take four tokens.

    All that `push` and the closing `flush` return is, joined, what `decode` makes of the same ids.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")

    def push(self, token_id: int) -> str:
        """Return the characters that `token_id` completes, perhaps none. Raises `TokenizerError` at an unknown id."""
        return self._decoder.decode(self._tokenizer._shown(token_id))

    def flush(self) -> str:
        """Return U+FFFD for a character that was begun and never ended, and be ready for another text."""
        rest = self._decoder.decode(b"", final=True)
        self._decoder.reset()
        return rest


def refuse_half_characters(text: str) -> None:
    """Raise `DataError` where `text` holds half of a surrogate pair: JSON can write one, Unicode text has none."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise DataError(f"the text holds half of a surrogate pair at character {error.start}, which is no Unicode; remove it") from None


def _encoder(definition: Definition) -> Any:
    """Return a `tokenizers.Tokenizer` that knows the text tokens and nothing else."""
    # The library reads a pre-tokenizer from JSON only as part of a whole tokenizer.
    shell = {
        "version": "1.0",
        "added_tokens": [],
        "pre_tokenizer": definition.pre_tokenizer,
        "model": {"type": "BPE", "vocab": {}, "merges": []},
    }
    try:
        encoder = tokenizers.Tokenizer.from_str(json.dumps(shell))
        vocab = {token: i for i, token in enumerate(definition.tokens)}
        encoder.model = tokenizers.models.BPE(vocab=vocab, merges=list(definition.merges), ignore_merges=definition.ignore_merges)
    except BaseException as error:
        raise _translated(error, "the tokenizers library refuses it") from None
    return encoder


def _translated(error: BaseException, what: str) -> BaseException:
    """Return a `TokenizerError` for what Rust raises: plain `Exception`, or a panic, which Python sees as a `BaseException`."""
    if isinstance(error, Exception) or type(error).__name__ == "PanicException":
        return TokenizerError(f"{what} ({' '.join(str(error).split())[:200]})")
    return error
