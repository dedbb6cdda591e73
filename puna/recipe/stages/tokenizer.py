"""The tokenizer stage: byte pair encoding learnt on the training documents, never on the held-out ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import Field, model_validator

from puna.files import read_jsonl
from puna.recipe.kind import StageKind, Work
from puna.records import Document
from puna.settings import Settings
from puna.tokens.chat import codec_for
from puna.tokens.specials import MIN_SLOTS


class TokenizerSettings(Settings):
    """Sizes in tokens. Llama 3 has 128,256 with 256 special slots; toys need fewer."""

    vocab_size: int = Field(default=1024, ge=256, description="text and special tokens together")
    num_special: int = Field(default=16, ge=MIN_SLOTS, description="slots for special tokens at the end of the vocabulary")

    @model_validator(mode="after")
    def _bytes_fit(self) -> Self:
        if self.vocab_size < 256 + self.num_special:
            raise ValueError(
                f"'vocab_size' ({self.vocab_size}) is too small: 256 bytes and {self.num_special} special tokens need {256 + self.num_special}"
            )
        return self


class TokenizerStage(StageKind[TokenizerSettings]):
    """Makes tokenizer.json and tokenizer_config.json."""

    name = "tokenizer"
    settings = TokenizerSettings
    needs = frozenset({"documents"})
    makes = frozenset({"tokenizer"})

    def told(self, figures: Mapping[str, Any]) -> str:
        return f"{figures['vocab_size']:,} tokens, {figures['bytes_per_token']} bytes each in held-out text"

    def run(self, settings: TokenizerSettings, work: Work) -> Mapping[str, Any]:
        from puna.tokens import train_bpe

        texts = texts_of(work.find("documents") / "train.jsonl")
        tokenizer = train_bpe(texts, vocab_size=settings.vocab_size, num_special=settings.num_special, progress=work.progress)
        tokenizer.save(work.directory, chat_template=codec_for(tokenizer).template)
        heldout = "\n".join(texts_of(work.find("documents") / "heldout.jsonl"))
        num_tokens = len(tokenizer.encode(heldout))
        return {
            "vocab_size": tokenizer.vocab_size,
            "bytes_per_token": round(len(heldout.encode()) / max(num_tokens, 1), 3),
            "hash": tokenizer.hash,
        }


def texts_of(path: Path) -> Iterator[str]:
    """Yield the text of each document in a JSONL file."""
    return (Document.from_json(value, where=where).text for where, value in read_jsonl(path))
