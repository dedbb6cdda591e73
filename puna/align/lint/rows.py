"""Were the format's tokens ever trained? Their rows of the embedding say so.

Llama 3's base models never met the chat format, and the rows of its tokens are nearly zero (torchtune#2429: after tuning, `<|eot_id|>`
comes with a probability of 5% where it must come). Trained rows have about the length of their neighbours', so a row far shorter than the
median of the text's is one that nothing ever trained. Only the rows in question and a sample of text are read, by slices, so an 8B model
costs what a toy does.

Shapes: V vocabulary, D width.
"""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

from puna.align.lint import rules
from puna.align.lint.findings import Finding
from puna.errors import FormatError
from puna.files import read_json
from puna.tokens.tokenizer import Tokenizer

INDEX = "model.safetensors.index.json"
MATRICES = {"model.embed_tokens.weight": "the embedding", "lm_head.weight": "the output matrix"}
SAMPLE, SHORT = 512, 0.1  # rows of text that are read; a row shorter than this part of their median was never trained


def untrained_rows(directory: Path, tokenizer: Tokenizer, used: set[int]) -> list[Finding]:
    """Return a finding for each matrix whose rows of the special ids `used` are far shorter than those of text. Raises `FormatError`."""
    found = []
    for name, called in MATRICES.items():
        file = _file_of(directory, name)
        if file is None:
            continue
        norms, median = _norms(file, name, tokenizer, used)
        short = [token_id for token_id, norm in norms.items() if norm < SHORT * median]
        if short:
            names = ", ".join(tokenizer.name(token_id) for token_id in short)
            longest = max(norms[token_id] for token_id in short)
            found.append(
                Finding(
                    rules.UNTRAINED_ROWS,
                    f"in {called} the rows of {names} have a norm of at most {longest:.2g}, those of text {median:.2g}",
                )
            )
    return found


def _norms(file: Path, name: str, tokenizer: Tokenizer, used: set[int]) -> tuple[dict[int, float], float]:
    """Return the norms of the rows `used`, and the median of a sample of text's, taken evenly from the vocabulary."""
    from safetensors import SafetensorError, safe_open

    text_ids = [token_id for token_id in range(tokenizer.vocab_size) if token_id not in tokenizer.special_ids]
    try:
        with safe_open(file, framework="pt") as handle:
            matrix_VD = handle.get_slice(name)
            num_rows = matrix_VD.get_shape()[0]
            sampled = [token_id for token_id in text_ids[:: max(1, len(text_ids) // SAMPLE)] if token_id < num_rows]
            special = {token_id: _norm(matrix_VD, token_id) for token_id in sorted(used) if token_id < num_rows}
            return special, statistics.median(_norm(matrix_VD, token_id) for token_id in sampled)
    except (SafetensorError, OSError, ValueError, IndexError, TypeError) as error:
        raise FormatError(f"{file}: '{name}' cannot be read ({' '.join(str(error).split())[:200]})") from None


def _norm(matrix_VD: Any, row: int) -> float:
    return float(matrix_VD[row : row + 1].float().norm())


def _file_of(directory: Path, name: str) -> Path | None:
    """Return the file that holds a tensor; None where the directory does not say, or the model has no such tensor."""
    from safetensors import SafetensorError, safe_open

    if (directory / INDEX).exists():
        values = read_json(directory / INDEX)
        weight_map = values.get("weight_map") if isinstance(values, dict) else None
        file = weight_map.get(name) if isinstance(weight_map, dict) else None
        if file is not None and (not isinstance(file, str) or Path(file).name != file):
            raise FormatError(f"{directory / INDEX}: '{name}' is said to be in {ascii(file)[:60]}, which is no name of a file")
        return directory / file if file else None
    for file in sorted(directory.glob("*.safetensors")):
        try:
            with safe_open(file, framework="pt") as handle:
                if name in handle.keys():  # noqa: SIM118 - a safetensors handle is no mapping
                    return file
        except (SafetensorError, OSError) as error:
            raise FormatError(f"{file}: truncated or damaged ({' '.join(str(error).split())[:200]})") from None
    return None
