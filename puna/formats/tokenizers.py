"""A model directory's tokenizer, which may be absent, or of a kind that Puna does not read, without any harm to the weights."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import cast, get_args

from puna.errors import FormatError, TokenizerError
from puna.files import read_json, write_json
from puna.records import CallForm, shown
from puna.tokens import tokenizer_files
from puna.tokens.chat import codec_for
from puna.tokens.tokenizer import CONFIG_NAME, Tokenizer

CALL_FORM = "call_form"
"""The key of tokenizer_config.json under which Puna keeps the form of calls that a model was tuned with; other programs see it in the template alone."""


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


def save_tokenizer(tokenizer: Tokenizer, directory: Path, *, calls: CallForm = "json") -> None:
    """Write the tokenizer's files with the chat template of calls in this form, and note the form beside it. Raises `WorkError`."""
    tokenizer.save(directory, chat_template=codec_for(tokenizer, calls=calls).template)
    write_json(directory / CONFIG_NAME, read_json(directory / CONFIG_NAME) | {CALL_FORM: calls})


def read_call_form(path: Path) -> CallForm:
    """Return the form of calls that a model directory says; JSON, Llama 3.1's, where it is silent. Raises `FormatError`."""
    file = path / CONFIG_NAME
    values = read_json(file) if file.exists() else {}
    form = values.get(CALL_FORM, "json") if isinstance(values, Mapping) else None
    if form not in get_args(CallForm):
        raise FormatError(f"{file}: {CALL_FORM!r} should be one of {', '.join(get_args(CallForm))}, and is {shown(form)}")
    return cast(CallForm, form)
