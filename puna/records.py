"""The nouns that travel between rooms, each defined once.

They are plain frozen dataclasses, because millions of them are made: checking happens where a record enters Puna (`from_json`, which names file and
line), not each time it moves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast, get_args

from puna.errors import DataError

Role = Literal["system", "user", "assistant", "ipython"]
StopReason = Literal["end_token", "stop_string", "max_tokens", "context_full"]


@dataclass(frozen=True, slots=True)
class Document:
    """One text with where it came from. `scores` holds what each rule or model said of it, by name."""

    id: str
    text: str
    source: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    scores: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def from_json(cls, value: object, *, where: str) -> Document:
        """Build from one JSON object; only `text` is required. Raises `DataError` naming `where` (file and line)."""
        record = _mapping(value, where)
        text = record.get("text")
        if not isinstance(text, str):
            raise DataError(f"{where}: a document needs a string under 'text'")
        metadata, scores = record.get("metadata", {}), record.get("scores", {})
        if not isinstance(metadata, Mapping) or not isinstance(scores, Mapping):
            raise DataError(f"{where}: 'metadata' and 'scores' are objects where given")
        return cls(str(record.get("id", where)), text, str(record.get("source", "")), metadata, scores)

    def to_json(self) -> dict[str, Any]:
        return {"id": self.id, "text": self.text, "source": self.source, "metadata": dict(self.metadata), "scores": dict(self.scores)}


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a dialog. `train` says whether its tokens are learnt from; it may be true for the assistant's turns only."""

    role: Role
    content: str
    train: bool = False

    @classmethod
    def from_json(cls, value: object, *, where: str) -> Message:
        """Build from `{"role", "content", "train"?}`; assistant turns are trained on unless told otherwise. Raises `DataError`."""
        record = _mapping(value, where)
        role, content = record.get("role"), record.get("content")
        if role not in get_args(Role):
            raise DataError(f"{where}: role {role!r} is none of {', '.join(get_args(Role))}")
        if not isinstance(content, str):
            raise DataError(f"{where}: a message needs a string under 'content'")
        train = record.get("train", role == "assistant")
        if not isinstance(train, bool) or (train and role != "assistant"):
            raise DataError(f"{where}: 'train' is true or false, and true for the assistant's messages only")
        return cls(cast(Role, role), content, train)

    def to_json(self) -> dict[str, Any]:
        return {"role": self.role, "content": self.content, "train": self.train}


@dataclass(frozen=True, slots=True)
class Dialog:
    """A conversation, oldest message first."""

    messages: tuple[Message, ...]
    id: str = ""

    @classmethod
    def from_json(cls, value: object, *, where: str) -> Dialog:
        """Build from Hugging Face's `{"messages": [...]}`. Raises `DataError` naming `where` (file and line)."""
        record = _mapping(value, where)
        messages = record.get("messages")
        if not isinstance(messages, Sequence) or isinstance(messages, str) or not messages:
            raise DataError(f"{where}: a dialog needs a non-empty list under 'messages'")
        turns = tuple(Message.from_json(item, where=f"{where}, message {i}") for i, item in enumerate(messages, 1))
        return cls(turns, str(record.get("id", where)))

    def to_json(self) -> dict[str, Any]:
        return {"id": self.id, "messages": [message.to_json() for message in self.messages]}


@dataclass(frozen=True, slots=True)
class Question:
    """One item of a benchmark: what is asked, the right answer, and, for multiple choice, all choices (the answer among them)."""

    id: str
    prompt: str
    answer: str
    choices: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, value: object, *, where: str) -> Question:
        """Build from `{"prompt", "answer", "choices"?, "id"?}`. Raises `DataError` naming `where` (file and line)."""
        record = _mapping(value, where)
        prompt, answer, choices = record.get("prompt"), record.get("answer"), record.get("choices", [])
        if not isinstance(prompt, str) or not isinstance(answer, str):
            raise DataError(f"{where}: a question needs strings under 'prompt' and 'answer'")
        if not isinstance(choices, Sequence) or isinstance(choices, str) or not all(isinstance(choice, str) for choice in choices):
            raise DataError(f"{where}: 'choices' is a list of strings where given")
        if choices and answer not in choices:
            raise DataError(f"{where}: the answer {answer!r} is not among the choices")
        return cls(str(record.get("id", where)), prompt, answer, tuple(choices))

    def to_json(self) -> dict[str, Any]:
        return {"id": self.id, "prompt": self.prompt, "answer": self.answer, "choices": list(self.choices)}


@dataclass(frozen=True, slots=True)
class Sample:
    """What a model wrote: ids, the log-probability (nats) of each id that it chose, and why it stopped."""

    prompt_ids: tuple[int, ...]
    token_ids: tuple[int, ...]
    logprobs: tuple[float, ...]
    stop_reason: StopReason
    text: str = ""


@dataclass(frozen=True, slots=True)
class Score:
    """One item's result: `value` in [0, 1], the answer it was given for, and why."""

    value: float
    answer: str = ""
    explanation: str = ""


def _mapping(value: object, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise DataError(f"{where}: expected a JSON object, got {type(value).__name__}")
    return value
