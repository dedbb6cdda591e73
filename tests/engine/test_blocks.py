"""Blocks are never lost, never held twice by mistake, and found again exactly when they hold what is looked for."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from puna.engine.blocks import ROOT, BlockManager

SIZE = 2


class Blocks(RuleBasedStateMachine):
    """Sequences over two letters come and go; a model of the cache, all prefixes that were ever registered and the blocks' own content, is kept beside it."""

    @initialize(num_blocks=st.integers(4, 12))
    def begin(self, num_blocks: int) -> None:
        self.manager = BlockManager(num_blocks, SIZE)
        self.tables: list[list[int]] = []
        self.content: dict[int, tuple[int, ...]] = {}

    @rule(ids=st.lists(st.integers(0, 1), min_size=2, max_size=10))
    def come(self, ids: list[int]) -> None:
        manager = self.manager
        found = manager.match(ids, limit=len(ids) - 1)
        for number, block in enumerate(found):
            # What is found is what is looked for, with its whole past, whoever else has used the block since.
            assert self.content[block] == tuple(ids[: (number + 1) * SIZE])
        missing = manager.blocks_for(len(ids)) - len(found)
        if manager.num_held(found) + manager.num_free < len(found) + missing:
            return
        manager.hold(found)
        table = [*found, *manager.allocate(missing)]
        number = manager.number_of(found[-1]) if found else ROOT
        for place in range(len(found), len(ids) // SIZE):
            self.content[table[place]] = tuple(ids[: (place + 1) * SIZE])
            number = manager.register(table[place], after=number, token_ids=ids[place * SIZE : (place + 1) * SIZE])
        for block in table[len(ids) // SIZE :]:
            self.content.pop(block, None)
        self.tables.append(table)

    @rule(which=st.integers(0, 20))
    def go(self, which: int) -> None:
        if self.tables:
            self.manager.release(self.tables.pop(which % len(self.tables)))

    @rule()
    def forget(self) -> None:
        if not self.tables:
            self.manager.forget_all()
            assert self.manager.match([0] * 10, limit=10) == []

    @invariant()
    def nothing_is_lost(self) -> None:
        if hasattr(self, "manager"):
            self.manager.check(self.tables)


Blocks.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestBlocks = Blocks.TestCase


def _filled(manager: BlockManager, ids: list[int]) -> list[int]:
    table, number = manager.allocate(len(ids) // SIZE), ROOT
    for place, block in enumerate(table):
        number = manager.register(block, after=number, token_ids=ids[place * SIZE : (place + 1) * SIZE])
    return table


def test_the_longest_unused_goes_first_and_the_end_of_a_sequence_before_its_beginning() -> None:
    manager = BlockManager(6, SIZE)
    old, new = _filled(manager, [1, 1, 2, 2, 3, 3]), _filled(manager, [4, 4, 5, 5, 6, 6])
    manager.release(old)
    manager.release(new)
    assert manager.allocate(1) == [old[2]]
    assert manager.match([1, 1, 2, 2, 3, 3], limit=6) == old[:2]
    assert manager.allocate(3) == [old[1], old[0], new[2]]
    assert manager.match([4, 4, 5, 5, 6, 6], limit=6) == new[:2]


def test_the_same_tokens_after_another_beginning_are_another_content() -> None:
    manager = BlockManager(6, SIZE)
    table = _filled(manager, [1, 1, 2, 2])
    assert manager.match([1, 1, 2, 2], limit=4) == table
    assert manager.match([3, 3, 2, 2], limit=4) == []
    assert manager.match([2, 2], limit=2) == []
    assert manager.match([1, 1, 2, 2], limit=3) == table[:1]


def test_what_two_filled_at_once_is_found_once() -> None:
    manager = BlockManager(6, SIZE)
    one, two = _filled(manager, [1, 1, 2, 2]), _filled(manager, [1, 1, 2, 2])
    assert manager.match([1, 1, 2, 2], limit=4) == one
    manager.release(one)
    manager.release(two)
    manager.check([])
    # The copies that nobody can find are used before what can be found.
    assert set(manager.allocate(4)) == {*two, 4, 5}
