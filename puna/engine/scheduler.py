"""The scheduler: which sequences read and write in the next step, and who holds the cache.

Every step mixes writing (one token of each sequence) with reading prompts, in parts of what is left of the step's tokens, so that a long prompt delays those who write by one bounded step
and never by its length (arXiv 2403.02310). What is left then, after who was admitted, is shared among guesses: a guess saves its own sequence a step, and must cost no other one a token.

Sequences are admitted in the order in which they came, as soon as the blocks of their prompt are free with a few to spare; what they will write is not reserved. Where a block
is missing after all, the newest gives back its own and waits, first in the queue, to be read again, mostly from the prefix cache. The oldest is never set back, so somebody always gets on,
and as no one overtakes, everybody becomes the oldest in the end.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

from puna.engine.blocks import BlockManager
from puna.engine.cache import Span
from puna.engine.sequence import SequenceState, blocks_missing, full_blocks

# The share of blocks that stays free when a sequence is admitted beside others, for what those will write.
WATERMARK = 0.01


@dataclass(frozen=True, slots=True)
class Piece:
    """What a step reads of one sequence: `count` tokens from `start`, of which those beyond the sequence's own are guesses."""

    sequence: SequenceState
    start: int
    count: int

    @property
    def span(self) -> Span:
        return Span(self.sequence.blocks, self.start, self.count)

    @property
    def writes(self) -> bool:
        """Return whether logits follow that the sequence's next token is drawn from."""
        return self.start + self.count >= len(self.sequence.ids)


class Scheduler:
    """Decides. `step_tokens` bounds what a step reads, `max_running` how many sequences share it, `lookahead` how many guesses a sequence may bring."""

    def __init__(self, blocks: BlockManager, *, step_tokens: int, max_running: int, lookahead: int = 0) -> None:
        self.blocks, self.step_tokens, self.max_running, self.lookahead = blocks, step_tokens, max_running, lookahead
        self.waiting: deque[SequenceState] = deque()
        self.running: list[SequenceState] = []
        self._turn = 0
        self.num_preempted = self.num_prompt_tokens = self.num_cached_tokens = 0

    @property
    def has_work(self) -> bool:
        return bool(self.waiting or self.running)

    def add(self, sequence: SequenceState) -> None:
        self.waiting.append(sequence)

    def remove(self, sequence: SequenceState) -> None:
        """Forget a sequence that is over; its blocks are free at once."""
        if sequence in self.running:
            self.running.remove(sequence)
            self._release(sequence)
        elif sequence in self.waiting:
            self.waiting.remove(sequence)

    def schedule(self) -> list[Piece]:
        """Return the next step's pieces, at least one where there is work. Blocks are theirs already, and full ones can be found by others in the same step."""
        pieces, preempted = self._going_on()
        for piece in pieces:
            self._register(piece)
        room = self.step_tokens - sum(piece.count for piece in pieces)
        admitted = [] if preempted else self._admitted(room)
        return [*self._with_guesses(pieces, room - sum(piece.count for piece in admitted)), *admitted]

    def _going_on(self) -> tuple[list[Piece], bool]:
        """Return a piece of each running sequence, those that write first, as far as the step's tokens reach; and whether anyone had to give way."""
        before, room = self.num_preempted, self.step_tokens
        pieces: dict[int, Piece] = {}
        for sequence in sorted(self.running, key=lambda one: not one.is_writing):
            count = min(sequence.num_pending, room)
            if sequence not in self.running or not count:
                continue
            if not self._make_room(sequence, sequence.num_computed + count, pieces):
                continue
            pieces[id(sequence)] = Piece(sequence, sequence.num_computed, count)
            room -= count
        return list(pieces.values()), self.num_preempted > before

    def _make_room(self, sequence: SequenceState, tokens: int, pieces: dict[int, Piece]) -> bool:
        """Get the blocks for `tokens` tokens, from newer sequences if need be; return False where `sequence` itself was the newest and gave way."""
        missing = blocks_missing(sequence, tokens, self.blocks.block_size)
        while missing > self.blocks.num_free:
            victim = self.running[-1]
            self._preempt(victim)
            pieces.pop(id(victim), None)
            if victim is sequence:
                return False
        sequence.blocks += self.blocks.allocate(missing)
        return True

    def _with_guesses(self, pieces: list[Piece], room: int) -> list[Piece]:
        """Return the pieces, those that write longer by guesses: equal shares of `room`, of which another sequence has the first of what cannot be parted at every step."""
        writing = [number for number, piece in enumerate(pieces) if piece.sequence.is_writing] if self.lookahead else []
        self._turn += 1
        first = self._turn % max(len(writing), 1)
        for place, number in enumerate([*writing[first:], *writing[:first]]):
            piece = pieces[number]
            guesses = self._guesses(piece.sequence, -(-room // (len(writing) - place)))
            pieces[number] = replace(piece, count=piece.count + guesses)
            room -= guesses
        return pieces

    def _guesses(self, sequence: SequenceState, room: int) -> int:
        """Return how many guesses a sequence may bring, `room` at most. Nobody gives way for a guess."""
        size, tokens = self.blocks.block_size, len(sequence.ids)
        most = max(0, min(self.lookahead, room, sequence.num_left_to_write - 1))
        missing = min(blocks_missing(sequence, tokens + most, size), self.blocks.num_free)
        sequence.blocks += self.blocks.allocate(missing)
        return min(most, len(sequence.blocks) * size - tokens)

    def _admitted(self, room: int) -> list[Piece]:
        """Admit from the head of the queue while the step and the cache have room."""
        pieces = []
        while self.waiting and room > 0 and len(self.running) < self.max_running:
            sequence = self.waiting[0]
            found = self.blocks.match(sequence.ids, limit=sequence.num_matchable)
            needed = self.blocks.blocks_for(len(sequence.ids)) - self.blocks.num_held(found)
            spare = int(WATERMARK * self.blocks.num_blocks) if self.running else 0
            if needed + spare > self.blocks.num_free:
                break
            self.waiting.popleft()
            self.running.append(sequence)
            pieces.append(self._begin(sequence, found, room))
            room -= pieces[-1].count
        return pieces

    def _begin(self, sequence: SequenceState, found: list[int], room: int) -> Piece:
        """Give a sequence the blocks that hold its beginning already, and those for as much of the rest as there is room for in the step."""
        self.blocks.hold(found)
        size = self.blocks.block_size
        sequence.blocks = list(found)
        sequence.num_computed = len(found) * size
        if sequence.num_cached is None:
            sequence.num_cached = sequence.num_computed
            self.num_prompt_tokens += sequence.num_prompt
            self.num_cached_tokens += sequence.num_cached
        sequence.num_registered = len(found)
        sequence.chain = self.blocks.number_of(found[-1]) if found else 0
        count = min(sequence.num_pending, room)
        sequence.blocks += self.blocks.allocate(blocks_missing(sequence, sequence.num_computed + count, size))
        piece = Piece(sequence, sequence.num_computed, count)
        self._register(piece)
        return piece

    def _register(self, piece: Piece) -> None:
        """Let others find the blocks that this step fills. Guesses are no content yet."""
        sequence = piece.sequence
        for block, ids in full_blocks(sequence, end=piece.start + piece.count, block_size=self.blocks.block_size):
            sequence.chain = self.blocks.register(block, after=sequence.chain, token_ids=ids)
            sequence.num_registered += 1

    def _preempt(self, sequence: SequenceState) -> None:
        self.running.remove(sequence)
        self._release(sequence)
        self.waiting.appendleft(sequence)
        self.num_preempted += 1

    def _release(self, sequence: SequenceState) -> None:
        self.blocks.release(sequence.blocks)
        sequence.blocks = []
        sequence.num_computed = 0
        sequence.draft = []
