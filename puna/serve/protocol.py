"""OpenAI's requests, field by field, and nothing else.

A field is one of three: it is done; it only labels the request (`user`, `metadata`), which asks for nothing; or it is known and cannot be done, and then any value but one that asks for nothing
is refused with the reason. An unknown field is refused with the nearest known one: `max_token` silently ignored would cost its sender a bill and an hour.

Beside OpenAI's fields stand those of vLLM that its users send as `extra_body`: `top_k`, `min_p`, `repetition_penalty`, `stop_token_ids`, `ignore_eos`, `guided_json`, `guided_regex`,
`guided_grammar`, `guided_choice`; and one of our own, `timeout`, seconds after which the answer is of no use any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from puna.engine.sampler import MOST_TOP_LOGPROBS
from puna.records import shown
from puna.serve.errors import ApiError
from puna.settings import nearest

B = TypeVar("B", bound="Body")
MAX_STOPS = 4
MAX_BIASES = 1024
# No count is larger, and what is computed with one stays a number that every type holds. JSON's own integers have no end.
MAX_COUNT = 2**31 - 1
MAX_TIMEOUT = 1e9  # seconds
# Beyond these a temperature is a coin or a choice of the likeliest, and a penalty leaves nothing of a logit; far beyond, logits are divided to infinity.
MIN_TEMPERATURE, MAX_TEMPERATURE = 1e-6, 1e6
MIN_PENALTY, MAX_PENALTY = 1e-3, 1e3
# Fields that are known and not done: why, and which values ask for nothing beside null.
UNDONE: dict[str, tuple[object, ...]] = {
    "name": ("Llama's chat format has no place for a speaker's name; write it into the content",),
    "audio": ("this model writes text only",),
    "refusal": ("this server's answers hold no refusals of their own; write it into the content",),
    "annotations": ("annotations cannot be told to the model", []),
    "function_call": ("use 'tool_choice', which took its place",),
    "include_obfuscation": ("chunks are not padded", False),
    "service_tier": ("this server has no tiers; leave it out", "auto", "default"),
    "modalities": ("this model writes text only", ["text"]),
    "store": ("answers are not stored", False),
    "prediction": ("the server guesses ahead by itself where it was told to; a prediction cannot be given",),
    "reasoning_effort": ("the model has no setting for its effort", "none"),
    "verbosity": ("the model has no setting for its length; ask for it in words",),
    "web_search_options": ("this server searches nothing; offer a tool",),
    "prompt_cache_retention": ("prompts are cached while there is room, and no longer can be promised",),
    "functions": ("use 'tools', which took its place",),
    "description": ("a description of the format cannot be told to the model; write it into a message", ""),
    "suffix": ("this model only goes on from a prompt and cannot fill in before a suffix", ""),
}


class Body(BaseModel):
    """Base of what is read from a request: unknown fields refused, "1" is no number, null is as if the field were not there."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _is_done(cls, values: object) -> object:
        """Refuse what is not done (such fields are declared to be None), and take away what asks for nothing."""
        if not isinstance(values, dict):
            return values
        undone = [
            name for name in values if name in UNDONE and name in cls.model_fields and cls.model_fields[name].annotation is type(None)
        ]
        for name in undone:
            reason, *neutral = UNDONE[name]
            if values[name] is not None and not any(values[name] == one and type(values[name]) is type(one) for one in neutral):
                raise PydanticCustomError("undone", "{reason}", {"field": name, "reason": reason})
        return {name: value for name, value in values.items() if name not in undone}


def _joined(value: object) -> object:
    """Return a message's text: a string, or a list of text parts."""
    if not isinstance(value, list):
        return value
    texts = []
    for part in value:
        if not isinstance(part, Mapping) or part.get("type") != "text" or not isinstance(part.get("text"), str) or len(part) != 2:
            kind = part.get("type") if isinstance(part, Mapping) else part
            raise ValueError(
                f'a part of a content is {{"type": "text", "text": …}}, and this one is {shown(kind)}; this model reads text only'
            )
        texts.append(part["text"])
    return "".join(texts)


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _biases(value: object) -> object:
    if not isinstance(value, dict):
        return value
    if not all(key.isascii() and key.isdecimal() and len(key) < 10 for key in value):
        raise ValueError("its keys are token ids, whole numbers in quotes")
    return {int(key): bias for key, bias in value.items()}


class Choice(NamedTuple):
    """Whether tools may, must or must not be called, and which."""

    mode: Literal["none", "auto", "required", "named"]
    name: str = ""


def _choice(value: object) -> object:
    if value is None or value in ("none", "auto", "required"):
        return None if value is None else Choice(value)
    inner = (
        value.get("function") if isinstance(value, dict) and value.keys() == {"type", "function"} and value["type"] == "function" else None
    )
    if isinstance(inner, dict) and inner.keys() == {"name"} and isinstance(inner["name"], str):
        return Choice("named", inner["name"])
    raise ValueError('should be "none", "auto", "required" or {"type": "function", "function": {"name": …}}')


def _warm(value: float) -> float:
    if 0 < value < MIN_TEMPERATURE:
        raise ValueError(f"should be 0, which takes the likeliest token, or at least {MIN_TEMPERATURE:g}")
    return value


Text = Annotated[str, BeforeValidator(_joined)]
Count = Annotated[int, Field(ge=1, le=MAX_COUNT)]
Temperature = Annotated[float, Field(ge=0, le=MAX_TEMPERATURE), AfterValidator(_warm)]


class System(Body):
    """Instructions; OpenAI's newer name for the role is `developer`."""

    role: Literal["system", "developer"]
    content: Text
    name: None = None


class User(Body):
    """A turn of the user's."""

    role: Literal["user"]
    content: Text
    name: None = None


class CalledFunction(Body):
    """What is called: arguments are JSON text, byte for byte as the model wrote it."""

    name: str = Field(min_length=1)
    arguments: str


class ToolCall(Body):
    """A call within an assistant's turn."""

    id: str = Field(min_length=1)
    type: Literal["function"] = "function"
    function: CalledFunction


class Assistant(Body):
    """A turn of the assistant's: text, calls, or both."""

    role: Literal["assistant"]
    content: Text | None = None
    tool_calls: list[ToolCall] | None = None
    name: None = None
    refusal: None = None
    audio: None = None
    annotations: None = None
    function_call: None = None


class ToolResult(Body):
    """What a tool answered."""

    role: Literal["tool"]
    content: Text
    tool_call_id: str


ChatMessage = Annotated[System | User | Assistant | ToolResult, Field(discriminator="role")]


class Function(Body):
    """A function that may be called; `strict` holds its arguments to the schema."""

    name: str = Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.-]+$")
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class Tool(Body):
    """A tool that is offered."""

    type: Literal["function"]
    function: Function


class Schema(Body):
    """A JSON schema with a name."""

    name: str | None = None
    description: None = None
    schema_: dict[str, Any] = Field(alias="schema")
    strict: bool | None = None


class ResponseFormat(Body):
    """What an answer has to be."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: Schema | None = None

    @model_validator(mode="after")
    def _whole(self) -> ResponseFormat:
        if (self.type == "json_schema") != (self.json_schema is not None):
            raise ValueError("'json_schema' is given with the type json_schema, and with no other")
        return self


class StreamOptions(Body):
    """What a stream tells beside the answer."""

    include_usage: bool | None = None
    include_obfuscation: None = None


class Generation(Body):
    """What both kinds of request share."""

    model: str
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    n: Count | None = None
    temperature: Temperature | None = None
    top_p: float | None = Field(default=None, gt=0, le=1)
    presence_penalty: float | None = Field(default=None, ge=-2, le=2)
    frequency_penalty: float | None = Field(default=None, ge=-2, le=2)
    logit_bias: (
        Annotated[dict[int, Annotated[float, Field(ge=-100, le=100)]], Field(max_length=MAX_BIASES), BeforeValidator(_biases)] | None
    ) = None
    seed: int | None = Field(default=None, ge=-(2**63), lt=2**63)
    stop: Annotated[list[Annotated[str, Field(min_length=1)]], Field(max_length=MAX_STOPS), BeforeValidator(_listed)] | None = None
    top_k: int | None = Field(default=None, ge=-1, le=MAX_COUNT)
    min_p: float | None = Field(default=None, ge=0, le=1)
    repetition_penalty: float | None = Field(default=None, ge=MIN_PENALTY, le=MAX_PENALTY)
    stop_token_ids: list[Annotated[int, Field(ge=0, le=MAX_COUNT)]] | None = Field(default=None, max_length=MAX_BIASES)
    ignore_eos: bool | None = None
    guided_json: dict[str, Any] | str | None = None
    guided_regex: str | None = None
    guided_grammar: str | None = None
    guided_choice: list[Annotated[str, Field(min_length=1)]] | None = Field(default=None, min_length=1)
    timeout: float | None = Field(default=None, gt=0, le=MAX_TIMEOUT)
    user: str | None = None
    service_tier: None = None

    @property
    def includes_usage(self) -> bool:
        """Return whether a stream ends with its usage."""
        return self.stream_options is not None and bool(self.stream_options.include_usage)

    @model_validator(mode="after")
    def _options_of_streams(self) -> Generation:
        if self.stream_options is not None and not self.stream:
            raise ValueError("'stream_options' needs 'stream': true")
        return self


class ChatRequest(Generation):
    """POST /v1/chat/completions."""

    messages: list[ChatMessage] = Field(min_length=1)
    max_tokens: Count | None = None
    max_completion_tokens: Count | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = Field(default=None, ge=0, le=MOST_TOP_LOGPROBS)
    response_format: ResponseFormat | None = None
    tools: list[Tool] | None = None
    tool_choice: Annotated[Choice | None, BeforeValidator(_choice)] = None
    parallel_tool_calls: bool | None = None
    metadata: dict[str, str] | None = None
    safety_identifier: str | None = None
    prompt_cache_key: str | None = None
    audio: None = None
    modalities: None = None
    store: None = None
    prediction: None = None
    reasoning_effort: None = None
    verbosity: None = None
    web_search_options: None = None
    prompt_cache_retention: None = None
    functions: None = None
    function_call: None = None

    @model_validator(mode="after")
    def _fits_together(self) -> ChatRequest:
        if None not in (self.max_tokens, self.max_completion_tokens) and self.max_tokens != self.max_completion_tokens:
            raise ValueError("'max_tokens' and 'max_completion_tokens' say the same, and here two different things")
        if self.top_logprobs is not None and not self.logprobs:
            raise ValueError("'top_logprobs' needs 'logprobs': true")
        if not self.tools and self.tool_choice and self.tool_choice.mode in ("required", "named"):
            raise ValueError("'tool_choice' asks for a call and 'tools' offers none")
        return self


class CompletionRequest(Generation):
    """POST /v1/completions."""

    prompt: Annotated[Any, Field()]
    max_tokens: int | None = Field(default=None, ge=0, le=MAX_COUNT)
    echo: bool | None = None
    logprobs: int | None = Field(default=None, ge=0, le=MOST_TOP_LOGPROBS)
    best_of: Count | None = None
    suffix: None = None

    @model_validator(mode="after")
    def _fits_together(self) -> CompletionRequest:
        if self.best_of is not None and self.best_of != (self.n or 1):
            raise ValueError("'best_of' other than 'n' cannot be done: every answer that is written is returned")
        if self.echo and self.logprobs:
            raise ValueError(
                "'logprobs' above 0 with 'echo' cannot be done: the prompt's tokens have log-probabilities here, but no alternatives; use 'logprobs': 0"
            )
        return self


# What pydantic says in the words of Python, said in JSON's.
WORDS = {
    "union_tag_invalid": "its role is none of system, developer, user, assistant, tool",
    "union_tag_not_found": "a message needs a 'role'",
    "dict_type": "should be an object",
    "model_type": "should be an object",
    "model_attributes_type": "should be an object",
}


def read(kind: type[B], values: Mapping[str, Any]) -> B:
    """Check a request's fields. Raises `ApiError` 400 with one line on the first that is wrong, unknown ones before others."""
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        found = error.errors(include_url=False)
        raise _refusal(kind, next((item for item in found if item["type"] == "extra_forbidden"), found[0])) from None


def _refusal(kind: type[Body], item: Mapping[str, Any]) -> ApiError:
    where = (*item["loc"], item["ctx"]["field"]) if item["type"] == "undone" else item["loc"]
    loc = [part for place, part in enumerate(where) if not (place == 2 and where[0] == "messages")]
    # What stands behind an optional or a checked type is no place in the request.
    loc = [part for part in loc if isinstance(part, int) or part.isidentifier()]
    param = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc).removeprefix(".")
    if item["type"] == "extra_forbidden":
        return ApiError(400, f"unknown field {shown(param)}{_nearest(kind, item['loc'])}", param=_short(param), code="unknown_field")
    if item["type"] == "missing":
        return ApiError(400, f"'{param}' is missing", param=param, code="missing_field")
    text = WORDS.get(item["type"], str(item["msg"]).removeprefix("Value error, ").removeprefix("Input "))
    if not param:
        named = text.split("'")[1] if text.startswith("'") else None
        return ApiError(400, text, param=named)
    given = item.get("input")
    shown_input = "" if isinstance(given, dict | list) or item["type"] == "undone" else f" (got {shown(given)})"
    return ApiError(400, f"'{_short(param)}': {text}{shown_input}", param=_short(param), code="invalid_field")


def _short(param: str) -> str:
    return param[:120]


def _nearest(kind: type[BaseModel], loc: tuple[int | str, ...]) -> str:
    """Return the nearest known field at the place of an unknown one."""
    owner = kind
    for part in loc[:-1]:
        inner = _models_in(owner.model_fields[part].annotation) if part in owner.model_fields else []
        inner = (
            inner or [model for model in _MESSAGES if part in str(model.model_fields["role"].annotation)]
            if isinstance(part, str)
            else inner
        )
        owner = inner[0] if inner else owner
    return nearest(
        str(loc[-1])[:60], [field.alias or name for name, field in owner.model_fields.items() if field.annotation is not type(None)]
    )


_MESSAGES: tuple[type[Body], ...] = (System, User, Assistant, ToolResult)


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in getattr(annotation, "__args__", ()) for model in _models_in(argument)]
