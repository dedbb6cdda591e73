"""POST /v1/completions: texts that go on, as base models do it, with the prompt's own log-probabilities where `echo` asks for them."""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from puna.engine import Request
from puna.engine.request import Token
from puna.serve import protocol
from puna.serve.errors import ApiError
from puna.serve.sampling import settings_of
from puna.serve.service import Service
from puna.serve.shown import Shown
from puna.serve.streaming import DONE, event
from puna.serve.writing import FINISH, Writing
from puna.tokens.tokenizer import TextStream

DEFAULT_MAX_TOKENS = 16  # OpenAI's, for this endpoint


@dataclass(frozen=True)
class Prompt:
    """A text to go on from: its ids, and how it is shown."""

    ids: list[int]
    text: str


@dataclass
class Told:
    """One answer on its way: tokens with their log-probabilities and places in the text, as far as they were not told yet."""

    text: str = ""
    tokens: list[str] = field(default_factory=list)
    logprobs: list[float | None] = field(default_factory=list)
    top: list[dict[str, float] | None] = field(default_factory=list)
    offsets: list[int] = field(default_factory=list)
    finish: str | None = None


def prompts_of(service: Service, given: Any) -> list[Prompt]:
    """Return the prompts that a request holds: a text, a list of texts, token ids, or a list of these. Raises `ApiError` 400."""
    if isinstance(given, str):
        return [_of_text(service, given)]
    if isinstance(given, list) and given:
        if all(isinstance(one, str) for one in given):
            return [_of_text(service, one) for one in given]
        if _are_ids(given):
            return [_of_ids(service, given)]
        if all(isinstance(one, list) and one and _are_ids(one) for one in given):
            return [_of_ids(service, one) for one in given]
    raise ApiError(
        400, "'prompt' is a text, a list of texts, a list of token ids, or a list of such lists, and none of them empty", param="prompt"
    )


def count_prompts(given: Any) -> int:
    """Return how many prompts a request holds, without a look at what they are."""
    return len(given) if isinstance(given, list) and given and isinstance(given[0], str | list) else 1


def _are_ids(given: list[Any]) -> bool:
    return all(type(one) is int for one in given)


def _of_text(service: Service, text: str) -> Prompt:
    return Prompt(service.engine.prompt_of(text), text)


def _of_ids(service: Service, ids: list[int]) -> Prompt:
    size = service.engine.tokenizer.vocab_size
    outside = next((one for one in ids if not 0 <= one < size), None)
    if outside is not None:
        raise ApiError(400, f"'prompt' holds token id {str(outside)[:20]}, outside of the vocabulary of {size}", param="prompt")
    bos = ids[0] == service.engine.tokenizer.bos_id
    return Prompt(ids, service.engine.tokenizer.decode(ids[1:] if bos else ids))


def requests_of(service: Service, asked: protocol.CompletionRequest, prompts: Sequence[Prompt]) -> list[Request]:
    """Return what the engine is asked for: all answers to the first prompt, then those to the next. Raises `ApiError`."""
    scored_from = 1 if asked.echo and asked.logprobs is not None else None
    most = service.most_tokens(DEFAULT_MAX_TOKENS if asked.max_tokens is None else asked.max_tokens, prompt=0)
    settings = settings_of(asked, service.engine.defaults, max_tokens=most, top_logprobs=asked.logprobs or 0)
    return [Request(prompt.ids, settings, item=item, scored_from=scored_from) for prompt in prompts for item in range(asked.n or 1)]


class Completion:
    """One request being answered, in OpenAI's shapes."""

    def __init__(self, service: Service, asked: protocol.CompletionRequest, prompts: Sequence[Prompt], writing: Writing) -> None:
        self._service, self._asked, self._prompts, self._writing = service, asked, prompts, writing
        self._id, self._created = f"cmpl-{secrets.token_hex(12)}", int(time.time())
        self._told = [Told() for _ in writing.answers]
        self._shown_of = [self._new_shown(index) for index in range(len(writing.answers))]
        self._has_echoed = [not asked.echo] * len(writing.answers)
        ends = frozenset() if asked.ignore_eos else service.engine.end_ids
        self._silent_ids = ends | frozenset(asked.stop_token_ids or ())

    async def whole(self) -> dict[str, Any]:
        """Return the answers when they are written. Raises `ApiError`."""
        async for index, tokens in self._writing.batches():
            self._take(index, tokens)
        choices = [self._choice(index) for index in range(len(self._told))]
        return {**self._head(), "choices": choices, "usage": self._writing.usage(self._firsts)}

    async def events(self) -> AsyncIterator[bytes]:
        """Yield the answers' pieces as server-sent events. Raises `ApiError`."""
        async for index, tokens in self._writing.batches():
            self._take(index, tokens)
            if self._told[index].text or self._told[index].tokens or not tokens:
                yield event({**self._head(), "choices": [self._choice(index)], **({"usage": None} if self._asked.includes_usage else {})})
        if self._asked.includes_usage:
            yield event({**self._head(), "choices": [], "usage": self._writing.usage(self._firsts)})
        yield DONE

    @property
    def _firsts(self) -> list[int]:
        """Return the first answer to each prompt."""
        return [place * (self._asked.n or 1) for place in range(len(self._prompts))]

    def _take(self, index: int, tokens: Sequence[Token]) -> None:
        told = self._told[index]
        if not self._has_echoed[index]:
            self._has_echoed[index] = True
            self._echo(index, told)
        shown = self._shown_of[index]
        for token in tokens:
            account = None if self._asked.logprobs is None or token.id in self._silent_ids else token
            self._note(told, shown.push(token.id, token.text, account))
            told.text += token.text
        if not tokens:
            reason = self._writing.sample(index).stop_reason
            self._note(told, shown.end(stopped=reason == "stop_string"))
            told.finish = FINISH[reason]

    def _new_shown(self, index: int) -> Shown[Token]:
        begin = len(self._prompts[index // (self._asked.n or 1)].text) if self._asked.echo else 0
        return Shown(self._service.engine.tokenizer, begin=begin, continues=True)

    def _echo(self, index: int, told: Told) -> None:
        """Begin with the prompt. Its first token, which nothing stands before, has no log-probability, and the token that begins a text has no text."""
        prompt, sequence = self._prompts[index // (self._asked.n or 1)], self._writing.answers[index].sequence
        told.text = prompt.text
        if self._asked.logprobs is None:
            return
        at, stream, tokenizer = 0, TextStream(self._service.engine.tokenizer), self._service.engine.tokenizer
        for place, (token_id, logprob) in enumerate(zip(prompt.ids, [None, *sequence.prompt_logprobs], strict=True)):
            told.tokens.append(self._shown(token_id))
            told.logprobs.append(logprob)
            told.top.append(None)
            told.offsets.append(at)
            if place or token_id != tokenizer.bos_id:
                at += len(stream.push(token_id))

    def _note(self, told: Told, tokens: Sequence[tuple[int, Token]]) -> None:
        """Write down tokens that are shown from now on."""
        for offset, token in tokens:
            top = {self._shown(token.id): token.logprob} | {self._shown(one): logprob for one, logprob in token.top}
            told.tokens.append(self._shown(token.id))
            told.logprobs.append(token.logprob)
            told.top.append(top if self._asked.logprobs else None)
            told.offsets.append(offset)

    def _shown(self, token_id: int) -> str:
        """Return a token's text; bytes that are no whole character are written as OpenAI does it."""
        data = self._service.engine.tokenizer.token_text(token_id)
        try:
            return data.decode()
        except UnicodeDecodeError:
            return "bytes:" + "".join(f"\\x{byte:02x}" for byte in data)

    def _head(self) -> dict[str, Any]:
        service = self._service
        return {
            "id": self._id,
            "object": "text_completion",
            "created": self._created,
            "model": service.settings.name,
            "system_fingerprint": service.fingerprint,
        }

    def _choice(self, index: int) -> dict[str, Any]:
        """Return what was not told yet of an answer."""
        told = self._told[index]
        self._told[index] = Told(finish=told.finish)
        logprobs = {
            "tokens": told.tokens,
            "token_logprobs": told.logprobs,
            "top_logprobs": told.top if self._asked.logprobs else None,
            "text_offset": told.offsets,
        }
        return {
            "index": index,
            "text": told.text,
            "logprobs": None if self._asked.logprobs is None else logprobs,
            "finish_reason": told.finish,
        }
