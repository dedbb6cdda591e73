"""POST /v1/chat/completions."""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from puna.engine import Request
from puna.engine.request import Token
from puna.records import Sample
from puna.serve import protocol
from puna.serve.errors import ApiError
from puna.serve.grammars import offers_code
from puna.serve.messages import dialog_of
from puna.serve.sampling import settings_of
from puna.serve.service import Service
from puna.serve.shown import Shown
from puna.serve.speaking import Arguments, CallBegins, CallingSpeech, Piece, Speech, Words
from puna.serve.streaming import DONE, event
from puna.serve.writing import FINISH, Writing
from puna.tokens.tokenizer import Tokenizer


@dataclass
class Telling:
    """One answer on its way: what it says, how many tokens were taken for that, log-probabilities that were not told yet, and why it ended."""

    speech: Speech
    shown: Shown[dict[str, Any]]
    num_tokens: int = 0
    logprobs: list[dict[str, Any]] = field(default_factory=list)
    finish: str | None = None


def requests_of(service: Service, asked: protocol.ChatRequest) -> list[Request]:
    """Return what the engine is asked for, one request for each answer. Raises `ApiError` and what the chat format refuses."""
    dialog = dialog_of(asked, service.memory)
    if (dialog.tools or dialog.builtin_tools) and service.engine.tokenizer.chat_ids is None:
        raise ApiError(400, "this model's chat format (Llama 2's) has no tools", param="tools")
    prompt = service.engine.chat_prompt(dialog)
    most = service.most_tokens(asked.max_completion_tokens or asked.max_tokens, prompt=len(prompt))
    settings = settings_of(asked, service.engine.defaults, max_tokens=most, top_logprobs=asked.top_logprobs or 0)
    end_ids = service.engine.chat_end_ids
    return [Request(prompt, settings, item=item, end_ids=end_ids, continues=False) for item in range(asked.n or 1)]


class Chat:
    """One request being answered, in OpenAI's shapes."""

    def __init__(self, service: Service, asked: protocol.ChatRequest, writing: Writing) -> None:
        self._service, self._asked, self._writing = service, asked, writing
        self._id, self._created = f"chatcmpl-{secrets.token_hex(12)}", int(time.time())
        self._told = [Telling(self._new_speech(), Shown(service.engine.tokenizer)) for _ in writing.answers]
        self._silent_ids = (frozenset() if asked.ignore_eos else service.engine.chat_end_ids) | frozenset(asked.stop_token_ids or ())

    async def whole(self) -> dict[str, Any]:
        """Return the answer when it is written. Raises `ApiError`."""
        async for index, tokens in self._writing.batches():
            self._pieces(index, tokens)
        choices = [self._choice(index, telling) for index, telling in enumerate(self._told)]
        return {**self._head("chat.completion"), "choices": choices, "usage": self._usage()}

    async def events(self) -> AsyncIterator[bytes]:
        """Yield the answer's chunks as server-sent events. Raises `ApiError`."""
        for index in range(len(self._told)):
            yield self._chunk(index, {"role": "assistant", "content": ""})
        async for index, tokens in self._writing.batches():
            for delta in _deltas(self._pieces(index, tokens)):
                yield self._chunk(index, delta)
            if not tokens:
                yield self._chunk(index, {})
        if self._asked.includes_usage:
            yield event({**self._head("chat.completion.chunk"), "choices": [], "usage": self._usage()})
        yield DONE

    def _pieces(self, index: int, tokens: Sequence[Token]) -> list[Piece]:
        """Return what the next tokens let be said; what was held back, and why the answer ended, once there are none."""
        telling, pieces = self._told[index], []
        for token in tokens:
            if telling.speech.is_done:
                self._writing.answers[index].cancel()
                break
            pieces += telling.speech.push(token)
            telling.num_tokens += 1
            if self._asked.logprobs:
                account = None if token.id in self._silent_ids else logprob_of(token, self._service.engine.tokenizer)
                telling.logprobs += [one for _, one in telling.shown.push(token.id, token.text, account)]
        if not tokens:
            sample = self._writing.sample(index)
            telling.logprobs += [one for _, one in telling.shown.end(stopped=sample.stop_reason == "stop_string")]
            finish = "stop" if telling.speech.is_done else FINISH[sample.stop_reason]
            pieces += telling.speech.end(cut=finish == "length", stopped=not telling.speech.is_done and self._was_stopped(sample))
            telling.finish = "tool_calls" if telling.speech.calls and finish == "stop" else finish
            self._remember(telling, sample)
        return pieces

    def _usage(self) -> dict[str, Any]:
        # What the engine wrote after the one call that was allowed, until it heard of that, was asked for by nobody.
        return self._writing.usage([0], written={index: told.num_tokens for index, told in enumerate(self._told) if told.speech.is_done})

    def _was_stopped(self, sample: Sample) -> bool:
        """Return whether a stop of the client's ended an answer, which the model would have gone on with."""
        if sample.stop_reason == "end_token":
            return sample.token_ids[-1] not in self._service.engine.chat_end_ids
        return sample.stop_reason == "stop_string"

    def _remember(self, telling: Telling, sample: Sample) -> None:
        """Keep the tokens of a message with calls for when it comes back. One that was stopped after its call is given the end that it would have had."""
        speech, ids = telling.speech, self._service.engine.tokenizer.chat_ids
        if not speech.calls or not isinstance(speech, CallingSpeech) or speech.is_shortened or ids is None:
            return
        token_ids = sample.token_ids[: telling.num_tokens]
        if speech.is_done:
            token_ids = (*token_ids, ids.eom if speech.is_tagged else ids.eot)
        elif sample.stop_reason != "end_token" or token_ids[-1] not in self._service.engine.chat_end_ids:
            return
        self._service.memory.keep(speech.content, speech.calls, token_ids)

    def _new_speech(self) -> Speech:
        asked = self._asked
        if not asked.tools or (asked.tool_choice is not None and asked.tool_choice.mode == "none"):
            return Speech()
        return CallingSpeech(
            self._service.engine.tokenizer,
            is_single=asked.parallel_tool_calls is False,
            runs_code=offers_code(asked),
            says_whole=bool(asked.stop or asked.stop_token_ids),
        )

    def _head(self, kind: str) -> dict[str, Any]:
        service = self._service
        return {
            "id": self._id,
            "object": kind,
            "created": self._created,
            "model": service.settings.name,
            "system_fingerprint": service.fingerprint,
        }

    def _choice(self, index: int, telling: Telling) -> dict[str, Any]:
        speech = telling.speech
        calls = [{"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}} for call in speech.calls]
        message = {"role": "assistant", "content": speech.content if speech.content or not calls else None, "refusal": None}
        return {
            "index": index,
            "message": {**message, "tool_calls": calls} if calls else message,
            "logprobs": self._logprobs(telling),
            "finish_reason": telling.finish,
        }

    def _chunk(self, index: int, delta: dict[str, Any]) -> bytes:
        telling = self._told[index]
        finish = telling.finish if not delta else None
        choice = {"index": index, "delta": delta, "logprobs": self._logprobs(telling), "finish_reason": finish}
        usage = {"usage": None} if self._asked.includes_usage else {}
        return event({**self._head("chat.completion.chunk"), "choices": [choice], **usage})

    def _logprobs(self, telling: Telling) -> dict[str, Any] | None:
        """Return the log-probabilities of the tokens since those that were told last."""
        told, telling.logprobs = telling.logprobs, []
        return {"content": told, "refusal": None} if self._asked.logprobs else None


def _deltas(pieces: Sequence[Piece]) -> Iterator[dict[str, Any]]:
    """Yield OpenAI's deltas, neighbouring pieces of one kind in one."""
    joined: list[Piece] = []
    for piece in pieces:
        last = joined[-1] if joined else None
        if isinstance(piece, Words) and isinstance(last, Words):
            joined[-1] = Words(last.text + piece.text)
        elif isinstance(piece, Arguments) and isinstance(last, Arguments) and piece.index == last.index:
            joined[-1] = Arguments(piece.index, last.text + piece.text)
        else:
            joined.append(piece)
    for piece in joined:
        if isinstance(piece, Words):
            yield {"content": piece.text}
        elif isinstance(piece, CallBegins):
            yield {
                "tool_calls": [
                    {"index": piece.index, "id": piece.id, "type": "function", "function": {"name": piece.name, "arguments": ""}}
                ]
            }
        else:
            yield {"tool_calls": [{"index": piece.index, "function": {"arguments": piece.text}}]}


def logprob_of(token: Token, tokenizer: Tokenizer) -> dict[str, Any]:
    """Return OpenAI's account of a token: its text (broken characters shown as such), its bytes, its log-probability, and the likeliest in its place."""
    top = [_one(token_id, logprob, tokenizer) for token_id, logprob in token.top]
    return {**_one(token.id, token.logprob, tokenizer), "top_logprobs": top}


def _one(token_id: int, logprob: float, tokenizer: Tokenizer) -> dict[str, Any]:
    data = tokenizer.token_text(token_id)
    return {"token": data.decode(errors="replace"), "logprob": logprob, "bytes": list(data)}
