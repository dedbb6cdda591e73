"""The engine: prompts in, text out, one sequence or hundreds at a time.

A prompt is read in a few large steps (bound by arithmetic), then each step writes one token of every sequence (bound by reading the weights, which is why company is nearly free). Sequences come
and go between any two steps. One prompt is a batch of one, so there is one path, whoever asks: a chat, an evaluation, a server.

`submit` puts a request into the queue, `step` gets everybody on by a token, and `generate`, `stream`, `chat` and `score` are short loops around the two.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Self

import torch
from torch import Tensor

from puna import machine
from puna.engine.blocks import BlockManager
from puna.engine.cache import BLOCK_SIZE, PagedCache
from puna.engine.drawing import next_tokens
from puna.engine.request import Request, Token
from puna.engine.runner import Runner, logprobs_of
from puna.engine.sampler import NOT_FINITE, SamplingSettings, is_logprob, recommended
from puna.engine.scheduler import Piece, Scheduler
from puna.engine.sequence import SequenceState
from puna.engine.settings import EngineSettings, num_blocks
from puna.engine.speculation import Drafter, ModelDrafter, NGramDrafter, kept_guesses
from puna.engine.stats import Stats
from puna.engine.stream import Stream
from puna.errors import ConfigError, DataError, TokenizerError
from puna.formats.directory import ModelDirectory, load
from puna.model.llama import Llama
from puna.records import CallForm, Dialog, Message, Sample
from puna.tokens.chat import codec_for
from puna.tokens.tokenizer import Tokenizer


class Engine:
    """Generates with one model and its tokenizer. `defaults` are the sampling settings that the model's makers recommend. One thread may use it (`AsyncEngine` serves many)."""

    def __init__(
        self,
        model: Llama,
        tokenizer: Tokenizer,
        *,
        end_ids: Collection[int] | None = None,
        calls: CallForm = "json",
        settings: EngineSettings | None = None,
        draft: Llama | None = None,
    ) -> None:
        """Use `model` as it is, on its device and in its dtype; `end_ids` None takes the tokenizer's end tokens, `calls` is the form of tool calls, `draft` a smaller model that guesses."""
        self.model, self.tokenizer, self.codec = model, tokenizer, codec_for(tokenizer, calls=calls)
        self.defaults, self.settings = SamplingSettings(), settings or EngineSettings()
        self.end_ids = frozenset(tokenizer.stop_ids if end_ids is None else end_ids)
        self.vocab_size = min(tokenizer.vocab_size, model.config.vocab_size)
        self._draft, self._stats = draft, Stats()
        self._is_busy, self._leaving = False, deque[SequenceState]()
        most = model.config.max_positions
        if (self.settings.context or 0) > most:
            raise ConfigError(f"a context of {self.settings.context} tokens is more than the {most} that the model was made for")
        if draft is not None and draft.config.vocab_size < self.vocab_size:
            raise ConfigError(
                f"the model that guesses has {draft.config.vocab_size} tokens and the model {self.vocab_size}; they need one tokenizer"
            )

    @classmethod
    def load(
        cls,
        path: Path | str,
        *,
        dtype: str = "auto",
        device: str | None = None,
        settings: EngineSettings | None = None,
        draft: Path | str | None = None,
    ) -> Self:
        """Load a model directory, and one of a model that guesses; `device` None takes the best there is.

        Raises what `formats.load` does, `TokenizerError` where no tokenizer is usable, and `ConfigError` where the two have different ones.
        """
        device = device or machine.device()
        directory = load(Path(path), dtype=dtype, device=device)
        if draft is None:
            return cls.of(directory, name=str(path), settings=settings)
        guessing = load(Path(draft), dtype=dtype, device=device)
        theirs, ours = guessing.tokenizer, directory.tokenizer
        if theirs is None or ours is None or theirs.hash != ours.hash:
            raise ConfigError(f"{draft}: a model that guesses needs the tokenizer of {path}, and has another")
        return cls.of(directory, name=str(path), settings=settings, draft=guessing.model)

    @classmethod
    def of(cls, directory: ModelDirectory, *, name: str, settings: EngineSettings | None = None, draft: Llama | None = None) -> Self:
        """Return an engine for a loaded directory; `name` opens the error where its tokenizer cannot be used."""
        if directory.tokenizer is None:
            raise TokenizerError(f"{name}: {directory.tokenizer_problem}; text needs a tokenizer")
        end_ids = directory.generation.end_ids or None
        engine = cls(directory.model, directory.tokenizer, end_ids=end_ids, calls=directory.calls, settings=settings, draft=draft)
        engine.defaults = recommended(directory.generation)
        return engine

    @property
    def context(self) -> int:
        """Return how many tokens a prompt and its answer may have together: what the model was made for, or less where the cache is smaller."""
        return min(
            self.model.config.max_positions, self._blocks.num_blocks * BLOCK_SIZE, self.settings.context or self.model.config.max_positions
        )

    @property
    def chat_end_ids(self) -> frozenset[int]:
        """Return the tokens that end an answer: the chat format's, whatever end tokens the directory lists, and these."""
        return self.end_ids | self.tokenizer.stop_ids

    @property
    def has_work(self) -> bool:
        return self._scheduler.has_work

    def submit(self, request: Request) -> SequenceState:
        """Put a request into the queue; `step` writes it. Raises `DataError` for a prompt that is empty, too long, or holds ids outside of the vocabulary."""
        sequence = self.prepare(request)
        self.enqueue(sequence)
        return sequence

    def prepare(self, request: Request) -> SequenceState:
        """Return the sequence of a request that may be written, and is not in the queue yet. Raises as `submit`; any thread may call it."""
        self._check(request)
        end_ids = self.end_ids if request.end_ids is None else request.end_ids
        return SequenceState(request, self.tokenizer, end_ids=end_ids, context=self.context)

    def enqueue(self, sequence: SequenceState) -> None:
        """Put a prepared sequence into the queue, unless it is over: asked for nothing, or without room, or cancelled."""
        if sequence.stop_reason is None:
            self._scheduler.add(sequence)

    def step(self) -> list[SequenceState]:
        """Get everybody on by one step and return who got on; what was written lies in their inboxes. Where it fails, nobody goes on and nothing is kept."""
        self._is_busy = True
        try:
            pieces = self._scheduler.schedule()
            return self._advance(self._with_guesses(pieces)) if pieces else []
        except BaseException:
            self._give_up()
            raise
        finally:
            self._is_busy = False
            self._let_go()

    def cancel(self, sequence: SequenceState) -> None:
        """End a sequence where it is; its blocks are free at once, or after the step in whose midst this is called. One that is over stays as it is."""
        self._leaving.append(sequence)
        self._let_go()

    def _let_go(self) -> None:
        """End who leaves, unless somebody is at work: streams may be forgotten, and collected, at any moment."""
        while self._leaving and not self._is_busy:
            self._is_busy = True
            sequence = self._leaving.popleft()
            sequence.cancel()
            self._scheduler.remove(sequence)
            self._is_busy = False

    def stats(self) -> Stats:
        """Return what the engine does now and has done since it was made."""
        blocks, scheduler = self._blocks, self._scheduler
        return replace(
            self._stats, waiting=len(scheduler.waiting), running=len(scheduler.running), blocks_used=blocks.num_blocks - blocks.num_free,
            blocks_total=blocks.num_blocks, prompt_tokens=scheduler.num_prompt_tokens, cached_tokens=scheduler.num_cached_tokens,
            preemptions=scheduler.num_preempted,
        )  # fmt: skip

    def check(self) -> None:
        """Assert that exactly the running sequences hold blocks: none is lost, none is held twice."""
        self._blocks.check([sequence.blocks for sequence in self._scheduler.running])

    def generate(self, prompt_ids: Sequence[int], settings: SamplingSettings) -> Sample:
        """Continue one prompt. Raises as `submit`."""
        return self.generate_batch([prompt_ids], settings)[0]

    def generate_batch(self, prompts: Sequence[Sequence[int]], settings: SamplingSettings) -> list[Sample]:
        """Continue many prompts; the result is in their order. Prompt `i` draws from seeds of its own, so equal prompts give different samples."""
        return self.run([Request(prompt, settings, item=item) for item, prompt in enumerate(prompts)])

    def run(self, requests: Iterable[Request]) -> list[Sample]:
        """Write all requests to their ends and return their samples in order. Raises as `submit`, and `ConfigError` where a grammar cannot be followed; then nothing of them is left running."""
        sequences: list[SequenceState] = []
        try:
            sequences.extend(self.submit(request) for request in requests)
            while any(sequence.stop_reason is None for sequence in sequences):
                self.step()
                for sequence in sequences:
                    sequence.raise_problem()
        except BaseException:
            for sequence in sequences:
                self.cancel(sequence)
            raise
        return [sequence.sample() for sequence in sequences]

    def score(self, token_ids: Sequence[Sequence[int]], *, num_scored: Sequence[int]) -> list[tuple[float, ...]]:
        """Return the log-probabilities (nats) of the last `num_scored` tokens of each of `token_ids`, each given all before it; what they share is read once.

        Raises `DataError` where more are asked for than have a token before them, and as `submit`.
        """
        for ids, count in zip(token_ids, num_scored, strict=True):
            if not 0 <= count <= max(len(ids) - 1, 0):
                raise DataError(
                    f"{count} tokens cannot be scored in a text of {len(ids)}: each needs one before it, so {max(len(ids) - 1, 0)} can be at most"
                )
        nothing = SamplingSettings(max_tokens=0)
        requests = [Request(ids, nothing, scored_from=len(ids) - count) for ids, count in zip(token_ids, num_scored, strict=True)]
        return [sample.prompt_logprobs for sample in self.run(requests)]

    def stream(self, prompt_ids: Sequence[int], settings: SamplingSettings) -> Stream:
        """Continue one prompt and let the text be read while it is written; equal to `generate`. Raises the same."""
        return self.stream_request(Request(prompt_ids, settings))

    def stream_request(self, request: Request) -> Stream:
        """Write a request and let its text be read while it is written. Raises as `submit`."""
        return Stream(self, self.submit(request))

    def complete(self, text: str, settings: SamplingSettings) -> Sample:
        """Continue `text`, taken as the beginning of a document."""
        return self.generate(self.prompt_of(text), settings)

    def chat(self, dialog: Dialog | Sequence[Message], settings: SamplingSettings) -> Sample:
        """Return the assistant's next turn; a `Dialog` may offer tools. `reply` reads the message in it."""
        return self.run([self.chat_request(dialog, settings)])[0]

    def reply(self, sample: Sample, *, offered: bool = False) -> Message:
        """Return the message that a chat's sample is, its calls read; `offered` says that tools were. What a stop string ended is text alone."""
        if sample.stop_reason == "stop_string":
            return Message("assistant", sample.text)
        return self.codec.reply(sample.token_ids, offered=offered)

    def stream_chat(self, dialog: Dialog | Sequence[Message], settings: SamplingSettings) -> Stream:
        """Stream the assistant's next turn."""
        return self.stream_request(self.chat_request(dialog, settings))

    def chat_request(self, dialog: Dialog | Sequence[Message], settings: SamplingSettings) -> Request:
        """Return the request for the assistant's next turn. The chat format ends it, whatever end tokens the directory lists."""
        return Request(self.chat_prompt(dialog), settings, end_ids=self.chat_end_ids, continues=False)

    def chat_prompt(self, dialog: Dialog | Sequence[Message]) -> list[int]:
        """Return the ids of a dialog, up to where the assistant begins to write."""
        return self.codec.prompt(dialog if isinstance(dialog, Dialog) else Dialog(tuple(dialog)))

    def prompt_of(self, text: str) -> list[int]:
        """Return the ids of a document that begins with `text`."""
        return [self.tokenizer.bos_id, *self.tokenizer.encode(text)]

    def _check(self, request: Request) -> None:
        ids, size = request.prompt_ids, self.vocab_size
        if not ids:
            raise DataError("the prompt is empty: give at least one token, such as <|begin_of_text|>")
        outside = next((token_id for token_id in ids if not 0 <= token_id < size), None)
        if outside is not None:
            raise DataError(f"the prompt holds token id {outside}, outside of the vocabulary of {size}")
        if not 0 <= (request.scored_from or 0) <= len(ids):
            raise DataError(f"log-probabilities are asked for from token {request.scored_from} of a prompt that has {len(ids)}")
        if len(ids) > self.context:
            less = "" if self.context == self.model.config.max_positions else f" (the model itself has {self.model.config.max_positions})"
            raise DataError(f"the prompt has {len(ids)} tokens, the model's context has {self.context}{less}; shorten it")
        unknown = next((token_id for token_id in request.settings.logit_bias if not 0 <= token_id < self.vocab_size), None)
        if unknown is not None:
            raise DataError(f"'logit_bias' names token id {unknown}, outside of the vocabulary of {self.vocab_size}")

    # What only a request needs is made at the first one: an engine that is used for its model alone takes no memory for a cache.
    @cached_property
    def _blocks(self) -> BlockManager:
        models = [model for model in (self.model, self._draft if self.settings.guesses else None) if model is not None]
        token_bytes = sum(model.config.kv_bytes_per_token(model.embed.weight.element_size()) for model in models)
        device = self.model.embed.weight.device.type
        return BlockManager(num_blocks(self.model.config, self.settings, token_bytes=token_bytes, device=device), BLOCK_SIZE)

    @cached_property
    def _scheduler(self) -> Scheduler:
        return Scheduler(
            self._blocks, step_tokens=self.settings.resolved_step_tokens(self.model.embed.weight.device.type), max_running=self.settings.max_running,
            lookahead=self.settings.guesses,
        )  # fmt: skip

    @cached_property
    def _runner(self) -> Runner:
        return self._runner_of(self.model)

    @cached_property
    def _drafter(self) -> Drafter:
        return NGramDrafter() if self._draft is None else ModelDrafter(self._runner_of(self._draft))

    def _runner_of(self, model: Llama) -> Runner:
        weight = model.embed.weight
        cache = PagedCache(model.config, num_blocks=self._blocks.num_blocks, dtype=weight.dtype, device=weight.device)
        return Runner(model, cache, vocab_size=self.vocab_size)

    def _with_guesses(self, pieces: list[Piece]) -> list[Piece]:
        """Fill the room for guesses with guesses, those that a grammar allows; where there are fewer, the pieces are shorter."""
        if not self.settings.guesses:
            return pieces
        self._drafter.read(pieces)
        guessing = [number for number, piece in enumerate(pieces) if piece.sequence.is_writing and piece.count > 1]
        for number, draft in zip(guessing, self._drafter.propose([pieces[number] for number in guessing]), strict=True):
            sequence = pieces[number].sequence
            allowed = len(draft) if sequence.grammar is None else sequence.grammar.accepts(draft)
            sequence.draft = draft[:allowed]
            pieces[number] = replace(pieces[number], count=1 + allowed)
        return pieces

    def _advance(self, pieces: Sequence[Piece]) -> list[SequenceState]:
        hidden_TD = self._runner.hidden(pieces, [piece.sequence.next_ids[: piece.count] for piece in pieces])
        self._break_off(pieces, hidden_TD)
        ends = torch.tensor([piece.count for piece in pieces]).cumsum(0).tolist()
        self._score(pieces, ends, hidden_TD)
        writing = [(piece, end) for piece, end in zip(pieces, ends, strict=True) if piece.writes and piece.sequence.num_left_to_write > 0]
        writing = [(piece, end) for piece, end in writing if piece.sequence.problem is None]
        for piece in pieces:
            piece.sequence.num_computed = piece.start + piece.count - len(piece.sequence.draft)
        chosen = self._choose([piece.sequence for piece, _ in writing], [end for _, end in writing], hidden_TD)
        for (piece, _), tokens in zip(writing, chosen, strict=True):
            self._take(piece.sequence, tokens)
        for piece in pieces:
            self._settle(piece)
        self._stats.steps += 1
        return [piece.sequence for piece in pieces]

    def _break_off(self, pieces: Sequence[Piece], hidden_TD: Tensor) -> None:
        """Give who read something that is no number a problem, and make numbers of it before his blocks are another's."""
        finite_T = hidden_TD.isfinite().all(-1)
        if bool(finite_T.all()):
            return
        for piece, part_T in zip(pieces, torch.split(finite_T, [piece.count for piece in pieces]), strict=True):
            sequence = piece.sequence
            if not bool(part_T.all()):
                self._runner.cache.mend(sequence.blocks)
                self._blocks.forget(sequence.blocks)
            # What only a guess led to has not happened, unless the guess is kept, and then its logits tell.
            if not bool(part_T[: piece.count - len(sequence.draft)].all()):
                sequence.report(NOT_FINITE)

    def _score(self, pieces: Sequence[Piece], ends: Sequence[int], hidden_TD: Tensor) -> None:
        """Give the prompt's tokens that were asked about, and that this step was the first to read up to, their log-probabilities."""
        for piece, end in zip(pieces, ends, strict=True):
            sequence = piece.sequence
            if not sequence.num_left_to_score or sequence.problem is not None:
                continue
            first = sequence.num_prompt - sequence.num_left_to_score
            targets = sequence.ids[max(first, piece.start + 1) : min(piece.start + piece.count + 1, sequence.num_prompt)]
            if targets:
                row = end - piece.count + max(first, piece.start + 1) - 1 - piece.start
                targets_R = torch.tensor(targets, device=hidden_TD.device)
                scored = logprobs_of(self.model, hidden_TD[row : row + len(targets)], targets_R, vocab_size=self.vocab_size)
                sequence.prompt_logprobs += scored.tolist()
                if not scored.isfinite().all():
                    sequence.report(NOT_FINITE)

    def _choose(self, sequences: Sequence[SequenceState], ends: Sequence[int], hidden_TD: Tensor) -> list[list[Token]]:
        """Return each sequence's next token and, as far as its guesses were right, those after it; nothing is accepted yet."""
        if not sequences:
            return []
        rows = [row for end, sequence in zip(ends, sequences, strict=True) for row in range(end - 1 - len(sequence.draft), end)]
        return next_tokens(self._runner.logits(hidden_TD[rows]), sequences)

    def _take(self, sequence: SequenceState, tokens: Sequence[Token]) -> None:
        """Let a sequence accept its next token, and those after it whose guesses were right."""
        draft, sequence.draft = sequence.draft, []
        if sequence.problem is not None:
            return
        kept = kept_guesses([token.id for token in tokens], draft)
        self._stats.guessed, self._stats.kept = self._stats.guessed + len(draft), self._stats.kept + kept
        for token in tokens[: kept + 1]:
            if sequence.stop_reason is not None:
                break
            if not is_logprob(token.logprob):
                sequence.report(NOT_FINITE)
                break
            sequence.accept(token.id, token.logprob, token.top)
            self._stats.generated_tokens += 1
        # Guesses that were right are in the cache; the last token never is.
        sequence.num_computed = min(sequence.num_computed + kept, len(sequence.ids) - 1)

    def _settle(self, piece: Piece) -> None:
        """Take a sequence that is over out of the queue."""
        sequence = piece.sequence
        if sequence.problem is not None and sequence.stop_reason is None:
            sequence.fail()
        if piece.writes and sequence.stop_reason is None and sequence.num_left_to_write <= 0:
            sequence.finish_scoring()
        if sequence.stop_reason is not None:
            self._scheduler.remove(sequence)

    def _give_up(self) -> None:
        """Cancel everybody and forget what the cache holds: a step that failed may have left half of its keys behind."""
        for sequence in [*self._scheduler.running, *self._scheduler.waiting]:
            self.cancel(sequence)
        self._blocks.forget_all()
