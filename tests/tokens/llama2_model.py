"""Models of Llama 2's kind, trained by SentencePiece itself."""

from __future__ import annotations

import io

import sentencepiece

TEXT = [
    "The llama looked at the puna. It's 1234 metres up, said the llama; the grass isn't green!",
    "  spaces  first, tabs\tand   runs      of spaces    last   ",
    "Ünïcode and 日本語 too. Русский текст, ελληνικά. x = f(a, b) // 2",
    "To be, or not to be, that is the question: whether 'tis nobler in the mind to suffer",
] * 40

LLAMA2 = {
    "model_type": "bpe",
    "byte_fallback": True,
    "split_digits": True,
    "normalization_rule_name": "identity",
    "add_dummy_prefix": True,
    "remove_extra_whitespaces": False,
    "allow_whitespace_only_pieces": True,
    "character_coverage": 0.999,
}


def train(*, text: list[str] = TEXT, vocab_size: int = 600, **settings) -> bytes:
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(text),
        model_writer=model,
        vocab_size=vocab_size,
        hard_vocab_limit=False,
        minloglevel=2,
        **{**LLAMA2, **settings},
    )
    return model.getvalue()
