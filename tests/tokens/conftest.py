"""One tiny tokenizer that most tests here share."""

from __future__ import annotations

import pytest

from puna.tokens import Tokenizer, train_bpe

TEXT = "The llama looked at the puna. It's 1234 metres up, said the llama; the grass isn't green!\n\n  Ünïcode and 日本語 too. 🦙🦙\n" * 3


@pytest.fixture(scope="session")
def tokenizer() -> Tokenizer:
    return train_bpe([TEXT], vocab_size=330, num_special=16)
