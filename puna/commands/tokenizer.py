"""`puna tokenizer train`, `encode` and `decode`: make a tokenizer, and see what one does to a text."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from puna.progress import Progress
    from puna.tokens import Tokenizer

app = typer.Typer(help="Train a tokenizer on texts, and look at what one makes of a text.")

Path_ = Annotated[
    Path,
    typer.Option(
        "--tokenizer",
        "-t",
        help="tokenizer.json, a tokenizer.model of Llama 2 or 3, a directory with one, such as a model's, or hf://org/name.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


@app.callback(invoke_without_command=True)
def tokenizer_(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        print(context.get_help())


@app.command()
def train(
    texts: Annotated[list[Path], typer.Argument(help="Text: .txt, .jsonl, .jsonl.gz or .jsonl.zst files, or directories of them.")],
    *,
    vocab_size: Annotated[int, typer.Option("--vocab-size", help="Tokens in all, special ones included. Llama 3 has 128,256.")],
    out: Annotated[Path, typer.Option("--out", help="The directory to write: a new one, or an empty one.")],
    num_special: Annotated[int, typer.Option("--special", help="Slots for special tokens at the end of the vocabulary.")] = 256,
    as_json: AsJson = False,
) -> None:
    """Learn a byte-level BPE with Llama 3's rule for cutting and its special tokens. The order of the texts does not matter."""
    from puna import files, progress
    from puna.tokens import codec_for, train_bpe

    files.check_absent(out)
    shown = progress.Silent() if as_json else progress.for_stderr()
    tokenizer = train_bpe(_read(texts, shown), vocab_size=vocab_size, num_special=num_special, progress=shown)
    with files.atomic_directory(out) as partial:
        tokenizer.save(partial, chat_template=codec_for(tokenizer).template)
    facts = {"out": str(out), "vocab_size": tokenizer.vocab_size, "num_text": tokenizer.num_text, "hash": tokenizer.hash}
    if as_json:
        print(json.dumps(facts, ensure_ascii=False))
    else:
        print(f"{out}: {tokenizer.num_text:,} text and {len(tokenizer.special_ids):,} special tokens, hash {tokenizer.hash[:12]}")


@app.command()
def encode(
    text: Annotated[str | None, typer.Argument(help="The text; without it, standard input is read.")] = None,
    *,
    tokenizer: Path_,
    file: Annotated[Path | None, typer.Option("--file", "-f", help="Encode a file instead.")] = None,
    bos: Annotated[bool, typer.Option("--bos", help="Put the beginning-of-text token first.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show the tokens of a text, one a line: its id and what it stands for. Special tokens in the text stay text."""
    from puna.errors import ConfigError

    if text is not None and file is not None:
        raise ConfigError("give a text or --file, not both")
    data = _bytes_of(file) if file else sys.stdin.buffer.read() if text is None else os.fsencode(text)
    loaded = _load(tokenizer)
    ids = [loaded.bos_id] * bos + loaded.encode_bytes(data)
    if as_json:
        tokens = [{"id": token_id, "text": _text(loaded, token_id), "bytes": loaded.token_text(token_id).hex()} for token_id in ids]
        print(json.dumps({"ids": ids, "tokens": tokens, "num_bytes": len(data)}, ensure_ascii=False))
    else:
        _show(loaded, ids, len(data))


@app.command()
def decode(
    ids: Annotated[
        list[str] | None, typer.Argument(help="Token ids; without them, standard input is read, which may be the JSON of encode.")
    ] = None,
    *,
    tokenizer: Path_,
    as_json: AsJson = False,
) -> None:
    """Show the text of token ids, special tokens by name."""
    numbers = _numbers(" ".join(ids) if ids else sys.stdin.read())
    text = _load(tokenizer).decode(numbers)
    print(json.dumps({"text": text}, ensure_ascii=False) if as_json else text)


def _load(path: Path) -> Tokenizer:
    from puna.formats.hub import model_path
    from puna.tokens import Tokenizer

    return Tokenizer.load(model_path(path))


def _read(paths: Sequence[Path], progress: Progress) -> Iterator[str]:
    """Yield the texts of documents, one after another, and show how many bytes of the files are behind."""
    from puna.corpus.sources import read_documents, text_files

    found = [file for path in paths for file in text_files(path)]
    with progress.bar("reading", sum(file.stat().st_size for file in found), "bytes") as bar:
        for file in found:
            left = file.stat().st_size
            for document in read_documents(file):
                yield document.text
                size = min(left, len(document.text.encode()))
                left -= size
                bar.advance(size)
            bar.advance(left)


def _bytes_of(file: Path) -> bytes:
    from puna.errors import DataError

    try:
        return file.read_bytes()
    except OSError as error:
        raise DataError(f"{file}: cannot be read ({error.strerror})") from None


def _text(tokenizer: Tokenizer, token_id: int) -> str | None:
    """Return a token's text, or None where it is a part of a character."""
    try:
        return tokenizer.token_text(token_id).decode()
    except UnicodeDecodeError:
        return None


def _piece(tokenizer: Tokenizer, token_id: int) -> str:
    """Return what a token stands for: a special one's name, else its text in quotes, or its bytes where they are no whole characters."""
    from puna.commands.terminal import printable

    text = _text(tokenizer, token_id)
    if text is None:
        return " ".join(f"<{byte:02X}>" for byte in tokenizer.token_text(token_id))
    return printable(text if token_id in tokenizer.special_ids else json.dumps(text, ensure_ascii=False))


def _show(tokenizer: Tokenizer, ids: Sequence[int], num_bytes: int) -> None:
    width = max((len(str(token_id)) for token_id in ids), default=0)
    for token_id in ids:
        print(f"{token_id:>{width}}  {_piece(tokenizer, token_id)}")
    each = f", {num_bytes / len(ids):.2f} bytes a token" if ids else ""
    print(f"{len(ids):,} tokens, {num_bytes:,} bytes{each}")


def _numbers(text: str) -> list[int]:
    """Return the ids in `text`: numbers with spaces or commas between, a JSON array, or the JSON document of `encode --json`."""
    from puna.errors import DataError

    if text.lstrip().startswith("{"):
        try:
            text = " ".join(map(str, json.loads(text)["ids"]))
        except (ValueError, KeyError, TypeError, RecursionError):
            raise DataError("the JSON holds no list of ids under 'ids'") from None
    words = re.split(r"[\s,\[\]]+", text.strip(" \t\r\n,[]"))
    wrong = next((word for word in words if word and not re.fullmatch("-?[0-9]{1,18}", word)), None)
    if wrong is not None:
        raise DataError(f"{wrong[:40]!r} is no token id; give whole numbers")
    return [int(word) for word in words if word]
