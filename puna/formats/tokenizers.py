"""A model directory's tokenizer, which may be absent, or of a kind that Puna does not read, without any harm to the weights."""

from __future__ import annotations

from pathlib import Path

from puna.errors import FormatError, TokenizerError
from puna.tokens import tokenizer_files
from puna.tokens.tokenizer import Tokenizer


def find_tokenizer(path: Path, *, vocab_size: int) -> tuple[Tokenizer | None, str]:
    """Return the directory's tokenizer, or None and why: there is none, or it is of a kind that Puna does not read, which is no fault of the model.

    Raises `FormatError` where the file is damaged, or holds more tokens than the model has.
    """
    file = tokenizer_files.find(path)
    if not file.exists():
        return None, f"the directory holds neither {tokenizer_files.JSON_NAME} nor {tokenizer_files.MODEL_NAME}"
    try:
        tokenizer = Tokenizer.load(file)
    except TokenizerError as error:
        return None, f"its tokenizer cannot be used ({error})"
    if tokenizer.vocab_size > vocab_size:
        raise FormatError(f"{file}: has {tokenizer.vocab_size} tokens, the model only {vocab_size}; one of them is another model's")
    return tokenizer, ""
