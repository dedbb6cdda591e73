"""Compiles grammars that are not trusted, in a process of its own; `grammar_trial.py` runs this file, which therefore imports nothing of Puna's.

Reads one JSON document: `path` (where the library lies), limits, the vocabulary's size and special tokens, and `grammars`: the one in question, then its parts, innermost first. Writes
`{"failed": null}`, or which one failed with the library's words: a part where one fails by itself too, for it says better where the mistake is.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Sequence
from typing import Any

# Less than any thread of ours has, so that what is not too deep here is not too deep there.
STACK_BYTES = 1 << 20


def limit(memory: int, seconds: int) -> None:
    """Bound what this process may take, where the system knows how."""
    try:
        import resource
    except ImportError:
        return
    for what, most in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_CPU, seconds), (resource.RLIMIT_CORE, 0)):
        _, hard = resource.getrlimit(what)
        resource.setrlimit(what, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


class Vocabulary:
    """Bytes, special tokens at their own ids, and one end beyond: all that compiling asks of a tokenizer."""

    def __init__(self, size: int, specials: Sequence[str], first_special: int) -> None:
        self.tokens = [bytes([byte]) for byte in range(256)] + [b""] * (size - 256) + [b"<end>"]
        names = [name.encode() for name in specials]
        self.tokens[first_special : first_special + len(names)] = names
        self.special_token_ids = [*range(first_special, first_special + len(names)), size]
        self.eos_token_id, self.bos_token_id = size, None

    def __call__(self, text: bytes) -> list[int]:
        return list(text)


def problem_of(text: str, tokenizer: Any, limits: dict[str, Any]) -> str:
    """Return what is wrong with a grammar, empty where it compiles and something can be written under it."""
    from llguidance import LLMatcher, LLParserLimits

    matcher = LLMatcher(tokenizer, text, log_level=0, limits=LLParserLimits(**limits))
    if not matcher.is_error():
        matcher.compute_bitmask()
    return matcher.get_error()


def verdict(asked: dict[str, Any]) -> dict[str, Any]:
    """Return which of the grammars failed, and why."""
    from llguidance import LLTokenizer, TokenizerWrapper

    vocabulary = Vocabulary(asked["vocab_size"], asked["specials"], asked["first_special"])
    tokenizer = LLTokenizer(TokenizerWrapper(vocabulary), eos_token=[asked["vocab_size"]])
    whole, *parts = asked["grammars"]
    error = problem_of(whole, tokenizer, asked["limits"])
    if not error:
        return {"failed": None}
    for place, part in enumerate(parts, 1):
        if said := problem_of(part, tokenizer, asked["limits"]):
            return {"failed": place, "error": said}
    return {"failed": 0, "error": error}


def main() -> None:
    asked = json.load(sys.stdin)
    sys.path.append(asked["path"])
    limit(asked["memory"], asked["seconds"])
    threading.stack_size(STACK_BYTES)
    thread = threading.Thread(target=lambda: json.dump(verdict(asked), sys.stdout))
    thread.start()
    thread.join()


if __name__ == "__main__":
    main()
