"""Text to token ids and back, with special tokens that no text can write.

Someone who types `<|eot_id|>` must not end his turn. `tokenizers` looks for added tokens in the text before anything else, and its switch against this,
`encode_special_tokens`, spares those marked special and still makes the others. So the encoder here has no added tokens at all: it is built from the text
tokens and merges alone, whatever the file declares, and special ids exist only as numbers that the chat codec puts down.

**Other libraries reading our directory keep their own habits.** transformers finds special tokens in text unless it is called with `split_special_tokens=True`, and puts
`<|begin_of_text|>` (or `<s>`) first unless told `add_special_tokens=False`; with both its ids equal `Tokenizer.encode`'s for every text. Its `apply_chat_template`
writes the dialog as one string and then looks for special tokens in it, so a server that faces strangers should use `puna.tokens.chat`.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from puna import files
from puna.errors import TokenizerError
from puna.tokens import specials, tokenizer_files
from puna.tokens.bytelevel import BYTE_PIECES, CHAR_BY_BYTE
from puna.tokens.definition import Definition
from puna.tokens.encoders import Encoder, Library, refuse_half_characters
from puna.tokens.sentencepiece import SPACE

CONFIG_NAME = "tokenizer_config.json"

_BROKEN = re.compile("([\udc80-\udcff])")
"""A byte that is no UTF-8, as Python's `surrogateescape` writes it."""

codecs.register_error("puna.each_byte", lambda error: ("\ufffd" * (error.end - error.start), error.end))  # type: ignore[attr-defined]


class Tokenizer:
    """Llama 3's byte-level BPE or Llama 2's SentencePiece BPE, which `kind` tells apart.

    `special_ids` are the ids of all special tokens, `num_text` counts the others, `stop_ids` end a text or turn. `chat_ids` is None for Llama 2, whose chat format has
    no tokens of its own.
    """

    def __init__(self, definition: Definition, *, library: Library = "auto") -> None:
        """Build from a checked definition. Raises `TokenizerError` where the library refuses it, as it does a pattern that is no regular expression."""
        self._definition = definition
        self._encoder = Encoder(definition.rules(), library=library)
        self.kind: Literal["llama2", "llama3"] = definition.kind
        self.vocab_size, self.special_ids = definition.vocab_size, definition.special_ids
        self.num_text = self.vocab_size - len(self.special_ids)
        self.chat_ids: specials.ChatIds | None = None
        first = self.special_ids.start
        if self.kind == "llama3":
            self.bos_id, self.end_of_text_id = first + specials.BEGIN_OF_TEXT, first + specials.END_OF_TEXT
            self.chat_ids = specials.chat_ids(first=first, num_slots=len(self.special_ids))
            self.stop_ids = frozenset({self.end_of_text_id, self.chat_ids.eom, self.chat_ids.eot})
        else:
            self.bos_id, self.end_of_text_id = first + 1, first + 2
            self.stop_ids = frozenset({self.end_of_text_id})
        self._text_bytes = definition.text_bytes()

    @classmethod
    def load(cls, path: Path | str, *, library: Library = "auto") -> Tokenizer:
        """Read a tokenizer's file (`tokenizer.json`, Llama 2's or Llama 3's `tokenizer.model`), or the one in a directory, which prefers `tokenizer.json`.

        `library` chooses who encodes: gigatoken where it is installed, else tokenizers; the ids are equal. Raises `FormatError` or `TokenizerError`, which name the file.
        """
        file = tokenizer_files.find(Path(path))
        definition = tokenizer_files.read(file)
        try:
            return cls(definition, library=library)
        except TokenizerError as error:
            raise TokenizerError(f"{file}: {error}") from None

    def save(self, directory: Path, *, chat_template: str | None = None) -> None:
        """Write `tokenizer.json` and `tokenizer_config.json`, which transformers' `AutoTokenizer` reads. Raises `WorkError`."""
        config = {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "bos_token": self.name(self.bos_id),
            "eos_token": self.name(self.end_of_text_id),
            "clean_up_tokenization_spaces": False,
            "model_input_names": ["input_ids", "attention_mask"],
        }
        if self.kind == "llama2":
            config["unk_token"] = self.name(self.special_ids.start)
        if chat_template is not None:
            config["chat_template"] = chat_template
        files.write_json(directory / tokenizer_files.JSON_NAME, self._definition.to_json())
        files.write_json(directory / CONFIG_NAME, config)

    @property
    def library(self) -> str:
        """Return which library encodes."""
        return self._encoder.library

    def encode(self, text: str) -> list[int]:
        """Return the ids of `text`, all of them text tokens; no `<|begin_of_text|>`. Raises `DataError` at half a surrogate pair."""
        return self._encoder.encode(self._prepared(text))

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """Return `encode` of each text, computed on all cores."""
        return self._encoder.encode_batch([self._prepared(text) for text in texts] if self.kind == "llama2" else texts)

    def encode_bytes(self, data: bytes) -> list[int]:
        """Return ids whose `decode_bytes` is `data`, which need not be UTF-8: each byte that is none becomes the token of that byte, and the text between is encoded by itself."""
        text = data.decode(errors="surrogateescape")
        if text.isascii():
            return self.encode(text)
        stretches = _BROKEN.split(text)
        stretches[0] = self._prepared(stretches[0]) or (SPACE if self.kind == "llama2" and data else "")
        stretches[2::2] = [stretch.replace(" ", SPACE) if self.kind == "llama2" else stretch for stretch in stretches[2::2]]
        # Between broken bytes in a row the stretches are empty, and there may be millions.
        texts = iter(self._encoder.encode_batch([stretch for stretch in stretches[::2] if stretch]))
        token_ids: list[int] = []
        for i, stretch in enumerate(stretches):
            if i % 2:
                token_ids.append(self._byte_ids[ord(stretch) - 0xDC00])
            elif stretch:
                token_ids += next(texts)
        return token_ids

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of `ids`, special tokens by name, bytes that are no UTF-8 as U+FFFD. Raises `TokenizerError` at an unknown id."""
        stream = TextStream(self)
        return stream.text(b"".join([stream.piece(token_id) for token_id in ids])) + stream.flush()

    def decode_bytes(self, ids: Iterable[int]) -> bytes:
        """Return the bytes of the text in `ids`; special tokens have none. Raises `TokenizerError` at an unknown id."""
        stream = TextStream(self)
        return b"".join([stream.piece(token_id) for token_id in ids if token_id not in self.special_ids])

    def name(self, special_id: int) -> str:
        """Return what the file calls a special token."""
        return self._definition.specials[special_id - self.special_ids.start]

    def token_text(self, token_id: int) -> bytes:
        """Return the bytes that a token stands for inside a text, a special one's name. Raises `TokenizerError` at an unknown id."""
        if not 0 <= token_id < self.vocab_size:
            raise TokenizerError(f"token id {token_id} is outside this tokenizer's vocabulary of {self.vocab_size}")
        return self._text_bytes[token_id] or self.name(token_id).encode()

    @cached_property
    def token_bytes(self) -> NDArray[np.int64]:
        """Return how many bytes of text each token is, `[V]`; special tokens are 0, so that bits per byte count text alone.

        Over the ids of a text they add up to its UTF-8 bytes; with Llama 2's tokenizer to one more, the space that it puts before every text.
        """
        return np.array([len(text) for text in self._text_bytes], dtype=np.int64)

    @cached_property
    def hash(self) -> str:
        """Return a hex SHA-256 over tokens, merges, special tokens and the cutting rule; shards and checkpoints carry it."""
        return files.hash_json(self._definition.identity())

    def _prepared(self, text: str) -> str:
        """Return `text` as the encoder wants it: Llama 2's puts a space before a text and spells spaces as U+2581."""
        if self.kind == "llama3" or not text:
            return text
        refuse_half_characters(text)
        return SPACE + text.replace(" ", SPACE)

    @cached_property
    def _byte_ids(self) -> list[int]:
        """Return the ids of the 256 single bytes."""
        ids = self._definition.rules().ids
        return [ids[name] for name in (BYTE_PIECES if self.kind == "llama2" else map(CHAR_BY_BYTE.__getitem__, range(256)))]

    @cached_property
    def _begin_with_dummy(self) -> frozenset[int]:
        """Return the ids whose leading space decoding takes away where they begin a text: Llama 2's, but not the byte of a space."""
        if self.kind == "llama3":
            return frozenset()
        return frozenset(token_id for name, token_id in self._definition.rules().ids.items() if name.startswith(SPACE))


class TextStream:
    """Decodes ids one at a time and lets go of whole characters only: an emoji may take four tokens.

    All that `push` and the closing `flush` return is, joined, what `decode` makes of the same ids. Where they continue a text (`continues`), their first space is a space and no
    dummy, which only Llama 2's tokenizer tells apart.
    """

    def __init__(self, tokenizer: Tokenizer, *, continues: bool = False) -> None:
        self._tokenizer, self._continues = tokenizer, continues
        # SentencePiece shows every broken byte, all others one U+FFFD for the beginning of a character.
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="puna.each_byte" if tokenizer.kind == "llama2" else "replace")
        self._begun = self._continues

    def push(self, token_id: int) -> str:
        """Return the characters that `token_id` completes, perhaps none. Raises `TokenizerError` at an unknown id."""
        return self.text(self.piece(token_id))

    def flush(self) -> str:
        """Return U+FFFD for a character that was begun and never ended, and be ready for another text."""
        rest = self._decoder.decode(b"", final=True)
        self._decoder.reset()
        self._begun = self._continues
        return rest

    def piece(self, token_id: int) -> bytes:
        """Return the next token's bytes, without Llama 2's dummy space where it begins the text; special tokens before it do not count."""
        shown = self._tokenizer.token_text(token_id)
        if self._begun or token_id in self._tokenizer.special_ids:
            return shown
        self._begun = True
        return shown[1:] if token_id in self._tokenizer._begin_with_dummy else shown

    def text(self, data: bytes) -> str:
        """Return the characters that these bytes complete."""
        return self._decoder.decode(data)
