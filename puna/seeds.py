"""Every draw has a seed of its own: a hash of what it is for.

A shared generator makes each draw depend on all draws before it, and with them on workers, order and resumes. Hashing (recipe seed, stage, item) makes
the same recipe give the same bytes however it is run.
"""

from __future__ import annotations

import hashlib


def seed_of(*parts: int | str) -> int:
    """Return a 63-bit seed that depends on every part and on their order; `("a", "bc")` and `("ab", "c")` differ, as do `1` and `"1"`."""
    text = "\x1f".join(f"{type(part).__name__}:{part}" for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1
