"""Blocks: the cache's memory in equal pieces, given out, shared and taken back.

A sequence holds a table of blocks instead of one long stretch of memory, so that nothing has to be reserved for tokens that may never come (arXiv 2309.06180). A full block
whose tokens and whose whole past are known can be held by several sequences at once; it is found again by what it holds. The key of a block is the number of the block before it,
in the order in which contents were ever registered, together with its token ids: a chain, and an exact one, for a dictionary compares keys and does not only hash them.

A block that nobody holds keeps its content until it is needed for another, the longest unused first, so that the list of free blocks is the prefix cache as well. The end of
a sequence is given back before its beginning: more sequences begin alike than go on alike.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence

# The number that stands before the first block of every chain.
ROOT = 0


class BlockManager:
    """Hands out `num_blocks` blocks of `block_size` tokens. It counts who holds what, and knows nothing of tensors."""

    def __init__(self, num_blocks: int, block_size: int) -> None:
        self.num_blocks, self.block_size = num_blocks, block_size
        self._holders = [0] * num_blocks
        self._free: OrderedDict[int, None] = OrderedDict.fromkeys(range(num_blocks))
        self._number: dict[int, int] = {}
        self._key: dict[int, tuple[int, tuple[int, ...]]] = {}
        self._by_key: dict[tuple[int, tuple[int, ...]], int] = {}
        self._last_number = ROOT

    @property
    def num_free(self) -> int:
        """Return how many blocks nobody holds."""
        return len(self._free)

    def blocks_for(self, tokens: int) -> int:
        """Return how many blocks `tokens` tokens need."""
        return -(-tokens // self.block_size)

    def match(self, token_ids: Sequence[int], *, limit: int) -> list[int]:
        """Return the blocks that hold the beginning of `token_ids` already, of its first `limit` tokens at most. They are not taken yet."""
        found: list[int] = []
        number, size = ROOT, self.block_size
        for start in range(0, limit - size + 1, size):
            block = self._by_key.get((number, tuple(token_ids[start : start + size])))
            if block is None:
                break
            found.append(block)
            number = self._number[block]
        return found

    def num_held(self, blocks: Iterable[int]) -> int:
        """Return how many of `blocks` somebody holds, so that to hold them too costs no free block."""
        return sum(self._holders[block] > 0 for block in blocks)

    def number_of(self, block: int) -> int:
        """Return the number of what a block that can be found holds."""
        return self._number[block]

    def hold(self, blocks: Iterable[int]) -> None:
        """Hold blocks that `match` found."""
        for block in blocks:
            if not self._holders[block]:
                del self._free[block]
            self._holders[block] += 1

    def allocate(self, count: int) -> list[int]:
        """Return `count` blocks, those that were free for longest; what they held is forgotten. There must be as many free."""
        assert count <= self.num_free
        taken = [self._free.popitem(last=False)[0] for _ in range(count)]
        for block in taken:
            self._forget(block)
            self._holders[block] = 1
        return taken

    def release(self, blocks: Sequence[int]) -> None:
        """Give blocks back, the last of them to be used again first; one without known content is used before any other."""
        for block in reversed(blocks):
            assert self._holders[block] > 0
            self._holders[block] -= 1
            if not self._holders[block]:
                self._free[block] = None
                if block not in self._key:
                    self._free.move_to_end(block, last=False)

    def register(self, block: int, *, after: int, token_ids: Sequence[int]) -> int:
        """Let others find a full block, which follows the content with number `after`; return the number of its own content.

        Where another block holds the same already, that one stays the one to be found, and its number is returned.
        """
        key = (after, tuple(token_ids))
        assert len(key[1]) == self.block_size
        known = self._by_key.get(key)
        if known is None:
            assert block not in self._key
            self._last_number += 1
            known, self._key[block], self._number[block] = block, key, self._last_number
            self._by_key[key] = block
        return self._number[known]

    def forget(self, blocks: Iterable[int]) -> None:
        """Let nobody find what these blocks hold, nor what was to follow it."""
        for block in blocks:
            self._forget(block)

    def forget_all(self) -> None:
        """Forget every content: what is in the cache can no longer be trusted."""
        self.forget(list(self._key))

    def check(self, tables: Iterable[Sequence[int]]) -> None:
        """Assert that exactly the blocks in `tables` are held, as often as they stand there, and that what can be found is what was registered."""
        holders = [0] * self.num_blocks
        for table in tables:
            for block in table:
                holders[block] += 1
        assert holders == self._holders, "blocks are held that no sequence has, or the other way round"
        assert set(self._free) == {block for block, count in enumerate(holders) if not count}
        assert self._by_key == {key: block for block, key in self._key.items()}
        assert self._key.keys() == self._number.keys()

    def _forget(self, block: int) -> None:
        key = self._key.pop(block, None)
        if key is not None:
            del self._by_key[key], self._number[block]
