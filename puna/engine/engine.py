"""The engine: prompts in, text out, one sequence or hundreds at a time.

A prompt is read in a few large steps (prefill, bound by arithmetic), then each step writes one token of every sequence (decode, bound by reading the
weights, which is why a batch is nearly free). Sequences that end leave the batch at once. One prompt is a batch of one, so there is one path; greedy
batches give what single prompts give, up to the rounding of sums taken in another order.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Self

import torch
from torch import Tensor

from puna import machine
from puna.engine.cache import KVCache, Piece
from puna.engine.sampler import SamplingSettings, choose
from puna.engine.sequence import SequenceState
from puna.errors import DataError, TokenizerError
from puna.formats.directory import ModelDirectory, load
from puna.formats.generation import GenerationDefaults
from puna.model.llama import Llama
from puna.records import CallForm, Dialog, Message, Sample
from puna.tokens.chat import codec_for
from puna.tokens.tokenizer import Tokenizer

# Enough to keep the chip busy, few enough that a step's activations stay small beside the weights.
PREFILL_TOKENS = 2048
BATCH_ROWS, BATCH_CACHE_BYTES = 128, 2 * 2**30


class Stream(Iterator[str]):
    """Text as it is written, in whole characters. `sample` holds the result once the text has ended."""

    def __init__(self, steps: Iterator[tuple[SequenceState, str]]) -> None:
        self._steps = steps
        self.sample: Sample | None = None

    def __next__(self) -> str:
        for sequence, text in self._steps:
            if sequence.stop_reason is not None:
                self.sample = sequence.sample()
            if text:
                return text
        raise StopIteration


class Engine:
    """Generates with one model and its tokenizer. `defaults` are the sampling settings that the model's makers recommend."""

    def __init__(self, model: Llama, tokenizer: Tokenizer, *, end_ids: Collection[int] | None = None, calls: CallForm = "json") -> None:
        """Use `model` as it is, on its device and in its dtype; `end_ids` None takes the tokenizer's end tokens, `calls` is the form of tool calls."""
        self.model, self.tokenizer, self.codec = model, tokenizer, codec_for(tokenizer, calls=calls)
        self.defaults = SamplingSettings()
        self._end_ids = frozenset(tokenizer.stop_ids if end_ids is None else end_ids)
        self._vocab_size = min(tokenizer.vocab_size, model.config.vocab_size)

    @classmethod
    def load(cls, path: Path | str, *, dtype: str = "auto", device: str | None = None) -> Self:
        """Load a model directory; `device` None takes the best there is. Raises what `formats.load` does, and `TokenizerError` where none is usable."""
        return cls.of(load(Path(path), dtype=dtype, device=device or machine.device()), name=str(path))

    @classmethod
    def of(cls, directory: ModelDirectory, *, name: str) -> Self:
        """Return an engine for a loaded directory; `name` opens the error where its tokenizer cannot be used."""
        if directory.tokenizer is None:
            raise TokenizerError(f"{name}: {directory.tokenizer_problem}; text needs a tokenizer")
        engine = cls(directory.model, directory.tokenizer, end_ids=directory.generation.end_ids or None, calls=directory.calls)
        engine.defaults = recommended(directory.generation)
        return engine

    def generate(self, prompt_ids: Sequence[int], settings: SamplingSettings) -> Sample:
        """Continue one prompt. Raises `DataError` for a prompt that is empty, too long, or holds ids outside of the vocabulary."""
        return self.generate_batch([prompt_ids], settings)[0]

    def generate_batch(self, prompts: Sequence[Sequence[int]], settings: SamplingSettings) -> list[Sample]:
        """Continue many prompts; the result is in their order. Prompt `i` draws from seeds of its own, so equal prompts give different samples."""
        sequences = [self._sequence(prompt, settings, item=item, end_ids=self._end_ids) for item, prompt in enumerate(prompts)]
        for group in self._groups(sequences, settings):
            for _ in self._run(group, settings):
                pass
        return [sequence.sample() for sequence in sequences]

    def stream(self, prompt_ids: Sequence[int], settings: SamplingSettings) -> Stream:
        """Continue one prompt and let the text be read while it is written; equal to `generate`. Raises the same."""
        return self._stream(prompt_ids, settings, self._end_ids)

    def complete(self, text: str, settings: SamplingSettings) -> Sample:
        """Continue `text`, taken as the beginning of a document."""
        return self.generate(self.prompt_of(text), settings)

    def chat(self, dialog: Dialog | Sequence[Message], settings: SamplingSettings) -> Sample:
        """Return the assistant's next turn; a `Dialog` may offer tools. `reply` reads the message in it."""
        stream = self.stream_chat(dialog, settings)
        for _ in stream:
            pass
        assert stream.sample is not None
        return stream.sample

    def reply(self, sample: Sample, *, offered: bool = False) -> Message:
        """Return the message that a chat's sample is, its calls read; `offered` says that tools were. What a stop string ended is text alone."""
        if sample.stop_reason == "stop_string":
            return Message("assistant", sample.text)
        return self.codec.reply(sample.token_ids, offered=offered)

    def stream_chat(self, dialog: Dialog | Sequence[Message], settings: SamplingSettings) -> Stream:
        """Stream the assistant's next turn. The chat format ends it, whatever end tokens the directory lists."""
        dialog = dialog if isinstance(dialog, Dialog) else Dialog(tuple(dialog))
        return self._stream(self.codec.prompt(dialog), settings, self._end_ids | self.tokenizer.stop_ids, continues=False)

    def prompt_of(self, text: str) -> list[int]:
        """Return the ids of a document that begins with `text`."""
        return [self.tokenizer.bos_id, *self.tokenizer.encode(text)]

    def _stream(self, prompt_ids: Sequence[int], settings: SamplingSettings, end_ids: Collection[int], *, continues: bool = True) -> Stream:
        sequence = self._sequence(prompt_ids, settings, item=0, end_ids=end_ids, continues=continues)
        stream = Stream(self._run([sequence], settings))
        if sequence.stop_reason is not None:
            stream.sample = sequence.sample()
        return stream

    def _sequence(
        self, prompt_ids: Sequence[int], settings: SamplingSettings, *, item: int, end_ids: Collection[int], continues: bool = True
    ) -> SequenceState:
        config = self.model.config
        if not prompt_ids:
            raise DataError("the prompt is empty: give at least one token, such as <|begin_of_text|>")
        outside = next((i for i in prompt_ids if not 0 <= i < config.vocab_size), None)
        if outside is not None:
            raise DataError(f"the prompt holds token id {outside}, outside of the model's vocabulary of {config.vocab_size}")
        if len(prompt_ids) > config.max_positions:
            raise DataError(f"the prompt has {len(prompt_ids)} tokens, the model's context has {config.max_positions}; shorten it")
        context = config.max_positions
        return SequenceState(prompt_ids, settings, self.tokenizer, item=item, end_ids=end_ids, context=context, continues=continues)

    def _groups(self, sequences: Sequence[SequenceState], settings: SamplingSettings) -> Iterator[list[SequenceState]]:
        """Cut a large batch into groups whose cache stays within `BATCH_CACHE_BYTES`; like lengths come together."""
        weight = self.model.embed.weight
        waiting = sorted((s for s in sequences if s.stop_reason is None), key=lambda s: -len(s.prompt_ids))
        while waiting:
            longest = min(len(waiting[0].prompt_ids) + settings.max_tokens, self.model.config.max_positions)
            # Twice, because the cache grows by doubling.
            row_bytes = 2 * longest * self.model.config.kv_bytes_per_token(weight.element_size())
            count = max(1, min(BATCH_ROWS, BATCH_CACHE_BYTES // row_bytes))
            yield waiting[:count]
            waiting = waiting[count:]

    def _run(self, sequences: Sequence[SequenceState], settings: SamplingSettings) -> Iterator[tuple[SequenceState, str]]:
        """Write until every sequence is over; yield each sequence with what each of its tokens lets be shown."""
        live = [sequence for sequence in sequences if sequence.stop_reason is None]
        if not live:
            return
        weight = self.model.embed.weight
        cache = KVCache(self.model.config, max_rows=len(live), dtype=weight.dtype, device=weight.device)
        logits_RV = self._prefill(cache, live)
        while True:
            draws = [(sequence.item, len(sequence.token_ids)) for sequence in live]
            for sequence, token_id, logprob in zip(tuple(live), *choose(logits_RV, settings, draws=draws), strict=True):
                yield sequence, sequence.accept(token_id, logprob)
            for row in reversed(range(len(live))):
                if live[row].stop_reason is not None:
                    cache.drop_row(row)
                    live[row] = live[-1]
                    live.pop()
            if not live:
                return
            logits_RV = self._forward(cache, [Piece(row, 1) for row in range(len(live))], [s.token_ids[-1] for s in live])

    def _prefill(self, cache: KVCache, live: Sequence[SequenceState]) -> Tensor:
        """Read all prompts, at most `PREFILL_TOKENS` a step, and return the logits after each, `[R, V]`."""
        after: list[Tensor] = []
        pieces: list[Piece] = []
        tokens: list[int] = []
        for sequence in live:
            row, read = cache.add_row(), 0
            while read < len(sequence.prompt_ids):
                count = min(PREFILL_TOKENS - len(tokens), len(sequence.prompt_ids) - read)
                pieces.append(Piece(row, count))
                tokens += sequence.prompt_ids[read : read + count]
                read += count
                if len(tokens) == PREFILL_TOKENS or (row == len(live) - 1 and read == len(sequence.prompt_ids)):
                    ends = self._forward(cache, pieces, tokens)
                    # A row whose prompt goes on has no use for what follows its first part.
                    unfinished = pieces[-1].row == row and read < len(sequence.prompt_ids)
                    after.append(ends[:-1] if unfinished else ends)
                    pieces, tokens = [], []
        return torch.cat(after)

    @torch.no_grad()
    def _forward(self, cache: KVCache, pieces: Sequence[Piece], tokens: Sequence[int]) -> Tensor:
        """Read `tokens` and return the logits after each piece, over the tokens that the tokenizer has: `[pieces, V]`."""
        tokens_T = torch.tensor(tokens, device=cache.device)
        hidden_TD = self.model(tokens_T, cache.step(pieces))
        last_P = torch.tensor([piece.count for piece in pieces], device=cache.device).cumsum(0) - 1
        return self.model.logits(hidden_TD[last_P])[:, : self._vocab_size]


def recommended(generation: GenerationDefaults) -> SamplingSettings:
    """Return a directory's own sampling defaults; Llama's where it is silent."""
    said = {"temperature": generation.temperature, "top_p": generation.top_p, "top_k": generation.top_k}
    return SamplingSettings.model_validate({key: value for key, value in said.items() if value is not None})
