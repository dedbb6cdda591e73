"""A trial for grammars of strangers: compiled in a child process first, with little time and memory, and in ours only if the child lived.

The library's compiler is fast and bounded in most ways, and recursive in some: a chain of 8,000 rules overflows its stack, which no error handling catches and which ends the process; a schema's
`multipleOf` may cost seconds and the memory for a table of as many states. A child costs a tenth of a second, once for each grammar that is kept.

No child is needed for a small schema of the plainest keywords: what the library makes of these is no larger than a few times their text, and no deeper.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from puna.engine import grammar_child
from puna.errors import WorkError
from puna.tokens.tokenizer import Tokenizer

SECONDS = 5
MEMORY = 1 << 30  # bytes of address space
MOST_PARTS = 200
MOST_STACK, UNLIMITED = 4 << 20, 1 << 40
CHEAP_CHARS, CHEAP_DEPTH = 2_000, 20
# Keywords of a schema that make neither a table nor a repetition nor an intersection.
_CHEAP = frozenset({"type", "properties", "required", "additionalProperties", "items", "enum", "const", "title", "description", "default"})


@dataclass(frozen=True, slots=True)
class Part:
    """A part of what was asked for, compiled by itself to find out where a mistake is: its place, and its grammar as the library writes it."""

    where: str
    text: str


def problem(text: str, parts: Sequence[Part], tokenizer: Tokenizer, limits: Mapping[str, int | bool]) -> tuple[str, str] | None:
    """Return where a grammar is wrong (empty where that is not known) and what the library says of it, None where it compiles.

    Raises `WorkError` where no child can be started.
    """
    import llguidance

    asked = {
        "path": str(Path(llguidance.__file__).parents[1]),
        "memory": MEMORY,
        "stack": _stack_bytes(),
        "seconds": SECONDS,
        "limits": dict(limits),
        "vocab_size": tokenizer.vocab_size,
        "specials": [tokenizer.name(token_id) for token_id in tokenizer.special_ids],
        "first_special": tokenizer.special_ids.start,
        "grammars": [text, *(part.text for part in parts[:MOST_PARTS])],
    }
    command = [sys.executable, "-I", "-S", grammar_child.__file__]
    try:
        done = subprocess.run(command, input=json.dumps(asked), capture_output=True, text=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return "", f"it takes more than {SECONDS} seconds to compile; make it smaller"
    except OSError as error:
        raise WorkError(f"no process can be started to compile a grammar in: {error}") from None
    try:
        told = json.loads(done.stdout)
    except ValueError:
        return "", "it is nested too deeply or too large to be compiled; make it smaller"
    if told["failed"] is None:
        return None
    return parts[told["failed"] - 1].where if told["failed"] else "", told["error"]


def _stack_bytes() -> int:
    """Return half of what a thread of ours has, so that what is not too deep there is not too deep here."""
    soft = sys.maxsize
    if sys.platform != "win32":
        import resource

        soft = resource.getrlimit(resource.RLIMIT_STACK)[0]
    # Without a limit glibc gives a thread 2 MiB.
    ours = threading.stack_size() or (soft if 0 < soft < UNLIMITED else 2 << 20)
    return max(min(ours // 2, MOST_STACK) & -4096, 1 << 18)


def is_cheap(schema: Any, text: str) -> bool:
    """Return whether a schema, of which `text` is the JSON, may be compiled here at once."""
    level, depth = [schema], 0
    while level and depth < CHEAP_DEPTH:
        if not all(isinstance(one, bool) or (isinstance(one, dict) and one.keys() <= _CHEAP) for one in level):
            return False
        level = [inner for one in level if isinstance(one, dict) for inner in _inner(one)]
        depth += 1
    return not level and len(text) <= CHEAP_CHARS


def _inner(schema: dict[str, Any]) -> list[Any]:
    properties = schema.get("properties", {})
    held = list(properties.values()) if isinstance(properties, dict) else [None]
    return held + [schema[key] for key in ("items", "additionalProperties") if key in schema]


def pointer(name: str) -> str:
    """Return a key as a JSON pointer spells it."""
    return name.replace("~", "~0").replace("/", "~1")
