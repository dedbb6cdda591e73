"""Llama 3's `tokenizer.model`: one token a line, its bytes in base64 and its rank (tiktoken's format; llama-models, `models/llama3/tokenizer.py`).

The file holds neither merges nor special tokens nor the rule for cutting; the code around it does. Merges follow from ranks: tiktoken joins the two neighbours whose
joined bytes have the lowest rank, so every way to cut a token into two tokens is a merge of that token's rank. 678 tokens of Llama 3 cannot be made so from lower
ones; they are found only as whole pieces, which is what `ignore_merges` says. The 256 special tokens come behind the last rank.
"""

from __future__ import annotations

import binascii
from collections.abc import Mapping
from pathlib import Path

from puna.errors import FormatError, TokenizerError
from puna.tokens.bytelevel import LLAMA3_PRE_TOKENIZER, spelled
from puna.tokens.definition import ByteLevelDefinition
from puna.tokens.specials import special_names

NUM_SPECIAL = 256
LONGEST_TOKEN = 256
"""In bytes; Llama 3's longest has 128."""

MERGE_CHARACTERS = 64
"""Characters in all merges for each byte of the file, at most: Llama 3 has 2. Long tokens made of one another would have any number."""

_OTHERS = {50_256: "GPT-2's", 100_256: "GPT-4's", 151_643: "Qwen's", 163_584: "Kimi's", 199_998: "GPT-4o's", 200_000: "Llama 4's"}
"""Vocabularies in the same format that are cut by other rules; nothing but the size tells."""


def read(data: bytes, path: Path) -> ByteLevelDefinition:
    """Return the tokenizer in a file's bytes. Raises `FormatError` where they are damaged, and `TokenizerError` where they are another family's."""
    ranks = _ranks(data, path)
    if len(ranks) in _OTHERS:
        raise TokenizerError(f"{path}: {len(ranks):,} tokens are {_OTHERS[len(ranks)]} vocabulary; Puna reads Llama 3's (128,000)")
    tokens = [b""] * len(ranks)
    for token, rank in ranks.items():
        if not 0 <= rank < len(ranks) or tokens[rank]:
            raise FormatError(f"{path}: the ranks are not 0 to {len(ranks) - 1}, each once")
        tokens[rank] = token
    if missing := sum(bytes([byte]) not in ranks for byte in range(256)):
        raise FormatError(f"{path}: {missing} of the 256 bytes have no token; the file is damaged or cut off")
    names = [spelled(token) for token in tokens]
    merges: list[tuple[str, str]] = []
    room = MERGE_CHARACTERS * len(data)
    for token in tokens:
        cuts = _cuts(token, ranks)
        merges += [(names[left], names[right]) for left, right in cuts]
        room -= len(cuts) * len(token)
        if room < 0:
            raise FormatError(f"{path}: its tokens can be made of one another in more ways than any tokenizer's; the file is damaged")
    return ByteLevelDefinition(names, merges, special_names(NUM_SPECIAL), LLAMA3_PRE_TOKENIZER, ignore_merges=True)


def _ranks(data: bytes, path: Path) -> dict[bytes, int]:
    ranks: dict[bytes, int] = {}
    lines = data.split(b"\n")
    for number, line in enumerate(lines, 1):
        if not line and number == len(lines):
            break
        code, _, rank = line.partition(b" ")
        try:
            token = binascii.a2b_base64(code, strict_mode=True)
        except binascii.Error:
            token = b""
        if not token or not rank.isdigit() or len(rank) > 9:
            raise FormatError(f"{path}:{number}: not a token in base64 with its rank; the file is damaged")
        if len(token) > LONGEST_TOKEN:
            raise FormatError(f"{path}:{number}: a token of {len(token):,} bytes, which no tokenizer has; the file is damaged")
        if token in ranks:
            raise FormatError(f"{path}:{number}: the token is listed twice; the file is damaged")
        ranks[token] = int(rank)
    return ranks


def _cuts(token: bytes, ranks: Mapping[bytes, int]) -> list[tuple[int, int]]:
    """Return every way to cut `token` into two tokens, as their ranks in rising order."""
    found = []
    for i in range(1, len(token)):
        left = ranks.get(token[:i])
        if left is not None and (right := ranks.get(token[i:])) is not None:
            found.append((left, right))
    return sorted(found)
