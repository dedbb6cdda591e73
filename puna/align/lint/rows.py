"""Were the format's tokens ever trained? Their rows of the embedding say so.

Llama 3's base models never met the chat format, and the rows of its tokens are nearly zero (torchtune#2429: after tuning, `<|eot_id|>`
comes with a probability of 5% where it must come). Trained rows have about the length of their neighbours', so a row far shorter than the
median of the text's is one that nothing ever trained. Only the rows in question and a sample of text are read, by slices, so an 8B model
costs what a toy does.

Shapes: V vocabulary, D width.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path

from puna.align.lint import rules
from puna.align.lint.findings import Finding
from puna.formats import open_weights
from puna.formats.hf_weights import EMBEDDING, OUTPUT
from puna.formats.weights import Weights
from puna.tokens.tokenizer import Tokenizer

MATRICES = {EMBEDDING: "the embedding", OUTPUT: "the output matrix"}
SAMPLE, SHORT = 512, 0.1  # rows of text that are read; a row shorter than this part of their median was never trained


def untrained_rows(directory: Path, tokenizer: Tokenizer, used: set[int]) -> list[Finding]:
    """Return a finding for each matrix whose rows of the special ids `used` are far shorter than those of text. Raises `FormatError`."""
    found = []
    with open_weights(directory) as weights:
        for name, called in MATRICES.items():
            if name not in weights.entries or len(weights.entries[name].shape) != 2:
                continue
            norms, median = _special_norms(weights, name, tokenizer, used)
            short = [token_id for token_id, norm in norms.items() if norm < SHORT * median]
            if short:
                names = ", ".join(tokenizer.name(token_id) for token_id in short)
                longest = max(norms[token_id] for token_id in short)
                told = f"in {called} the rows of {names} have a norm of at most {longest:.2g}, those of text {median:.2g}"
                found.append(Finding(rules.UNTRAINED_ROWS, told))
    return found


def _special_norms(weights: Weights, name: str, tokenizer: Tokenizer, used: set[int]) -> tuple[dict[int, float], float]:
    """Return the norms of the rows `used`, and the median of a sample of text's, taken evenly from the vocabulary."""
    num_rows = weights.entries[name].shape[0]
    text_ids = [token_id for token_id in range(min(num_rows, tokenizer.vocab_size)) if token_id not in tokenizer.special_ids]
    special_ids = [token_id for token_id in sorted(used) if token_id < num_rows]
    if not text_ids or not special_ids:
        return {}, 0.0
    sampled = text_ids[:: max(1, len(text_ids) // SAMPLE)]
    special = dict(zip(special_ids, _norms(weights, name, special_ids), strict=True))
    return special, statistics.median(_norms(weights, name, sampled))


def _norms(weights: Weights, name: str, rows: Sequence[int]) -> list[float]:
    norms: list[float] = weights.read_rows(name, rows).float().norm(dim=1).tolist()
    return norms
