"""A random order that needs no memory: a Feistel network over the numbers below `size`.

Shuffling a list of a billion windows takes eight gigabytes and a rerun to find one's place again. A Feistel network is a cipher on a small domain: eight rounds swap
the halves of a number and mix one with a keyed hash of the other, and every round can be undone, so no two numbers meet. Its domain is a power of four;
a result beyond `size` is enciphered again until it falls below ("cycle walking", Black and Rogaway 2002, which keeps it a permutation; under four steps on average).
"""

from __future__ import annotations

_MASK64 = (1 << 64) - 1
_ROUNDS = 8


class Permutation:
    """A bijection of 0 to `size` - 1, drawn by `seed`; each value costs the same few operations wherever it lies."""

    def __init__(self, size: int, *, seed: int) -> None:
        assert size > 0
        self._size = size
        self._half_bits = ((size - 1).bit_length() + 1) // 2
        self._keys = [_mixed(seed + i) for i in range(1, _ROUNDS + 1)]

    def __call__(self, index: int) -> int:
        """Return where `index` goes."""
        assert 0 <= index < self._size
        index = self._enciphered(index)
        while index >= self._size:
            index = self._enciphered(index)
        return index

    def _enciphered(self, value: int) -> int:
        bits = self._half_bits
        mask = (1 << bits) - 1
        left, right = value >> bits, value & mask
        for key in self._keys:
            left, right = right, left ^ (_mixed(right ^ key) & mask)
        return left << bits | right


def _mixed(value: int) -> int:
    """Return 64 well-mixed bits of `value` (the finaliser of splitmix64)."""
    value = (value + 0x9E3779B97F4A7C15) & _MASK64
    value = ((value ^ value >> 30) * 0xBF58476D1CE4E5B9) & _MASK64
    value = ((value ^ value >> 27) * 0x94D049BB133111EB) & _MASK64
    return value ^ value >> 31
