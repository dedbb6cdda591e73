"""A tokenizer as data, and the `tokenizer.json` that says the same to Hugging Face's libraries.

There are two kinds of Llama tokenizer: Llama 3's, a byte-level BPE whose special tokens lie at the end of the vocabulary (here), and Llama 2's SentencePiece
model (`sentencepiece`). Readers check a file and make one of these; the encoder is built from it alone, whatever else the file declared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol

from puna.tokens.bytelevel import LLAMA3_PRE_TOKENIZER, to_bytes
from puna.tokens.encoders import Rules
from puna.tokens.long_text import LLAMA3_BORDER
from puna.tokens.specials import BEGIN_OF_TEXT


class Definition(Protocol):
    """A tokenizer as data, of either kind. Special tokens have consecutive ids; all others are text."""

    @property
    def kind(self) -> Literal["llama2", "llama3"]: ...
    @property
    def vocab_size(self) -> int: ...
    @property
    def special_ids(self) -> range: ...
    @property
    def specials(self) -> Sequence[str]: ...
    def rules(self) -> Rules:
        """Return what an encoder needs."""
        ...

    def text_bytes(self) -> list[bytes]:
        """Return the text of every token by id, nothing for special ones."""
        ...

    def identity(self) -> list[Any]:
        """Return everything that decides ids, as JSON; equal identities encode and decode alike."""
        ...

    def to_json(self) -> dict[str, Any]:
        """Return the content of `tokenizer.json`."""
        ...


@dataclass(frozen=True)
class ByteLevelDefinition:
    """Llama 3's kind: text tokens by id (spelled as in `tokenizer.json`), merges best first, special names by slot, the cutting rule.

    With `ignore_merges` a piece that is a token as a whole is taken at once: 678 of Llama 3's tokens cannot be reached by merges.
    """

    tokens: Sequence[str]
    merges: Sequence[tuple[str, str]]
    specials: Sequence[str]
    pre_tokenizer: Mapping[str, Any]
    ignore_merges: bool

    kind: ClassVar[Literal["llama2", "llama3"]] = "llama3"

    @property
    def vocab_size(self) -> int:
        return len(self.tokens) + len(self.specials)

    @property
    def special_ids(self) -> range:
        return range(len(self.tokens), self.vocab_size)

    def rules(self) -> Rules:
        ids = {token: i for i, token in enumerate(self.tokens)}
        border = LLAMA3_BORDER if self.pre_tokenizer == LLAMA3_PRE_TOKENIZER else None
        return Rules(ids, self.merges, self.pre_tokenizer, self.ignore_merges, byte_fallback=False, border=border)

    def text_bytes(self) -> list[bytes]:
        return [*map(to_bytes, self.tokens), *[b""] * len(self.specials)]

    def identity(self) -> list[Any]:
        return [list(self.tokens), [list(merge) for merge in self.merges], list(self.specials), self.pre_tokenizer, self.ignore_merges]

    def to_json(self) -> dict[str, Any]:
        """Return the content of `tokenizer.json`, with the post-processor of Llama 3's own: transformers puts `<|begin_of_text|>` before a text."""
        return whole_json(
            specials={name: len(self.tokens) + slot for slot, name in enumerate(self.specials)},
            first=self.specials[BEGIN_OF_TEXT],
            normalizer=None,
            pre_tokenizer=self.pre_tokenizer,
            decoder={"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
            model={"ignore_merges": self.ignore_merges, "vocab": {token: i for i, token in enumerate(self.tokens)}, "merges": self.merges},
        )


def whole_json(
    *,
    specials: Mapping[str, int],
    first: str,
    normalizer: Any,
    pre_tokenizer: Any,
    decoder: Any,
    model: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the content of a `tokenizer.json` of BPE's kind whose texts begin with the special token `first`."""
    first_ids = {"id": first, "ids": [specials[first]], "tokens": [first]}
    plain = {
        "type": "BPE",
        "dropout": None,
        "unk_token": None,
        "continuing_subword_prefix": None,
        "end_of_word_suffix": None,
        "fuse_unk": False,
        "byte_fallback": False,
        "ignore_merges": False,
    }
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [_added_token(name, token_id) for name, token_id in specials.items()],
        "normalizer": normalizer,
        "pre_tokenizer": pre_tokenizer,
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [*_begun(first, "A", 0)],
            "pair": [*_begun(first, "A", 0), *_begun(first, "B", 1)],
            "special_tokens": {first: first_ids},
        },
        "decoder": decoder,
        "model": {**plain, **model, "merges": [list(merge) for merge in model["merges"]]},
    }


def _begun(first: str, sequence: str, type_id: int) -> list[dict[str, Any]]:
    return [{"SpecialToken": {"id": first, "type_id": type_id}}, {"Sequence": {"id": sequence, "type_id": type_id}}]


def _added_token(name: str, token_id: int) -> dict[str, Any]:
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    return {"id": token_id, "content": name, **flags}
