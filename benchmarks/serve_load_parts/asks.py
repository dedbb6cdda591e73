"""What is asked of a server under load, and what of an answer has to be the same however it is asked for."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from typing import Any

from serve_load_parts.wire import Reply

NAME = "tiny"
TOOLS = [{"type": "function", "function": {"name": "get_weather", "description": "The weather of a place.", "parameters": {"type": "object", "properties": {
    "city": {"enum": ["Puno", "Cusco", "Lima"]}, "hourly": {"type": "boolean"}}, "required": ["city", "hourly"], "additionalProperties": False}}}]  # fmt: skip
SCHEMA = {"type": "object", "properties": {"kind": {"enum": ["llama", "alpaca"]}, "tame": {"type": "boolean"}}, "required": ["kind", "tame"],
          "additionalProperties": False}  # fmt: skip


@dataclass
class Ask:
    """A request that has one right answer: greedy, or with a seed."""

    path: str
    body: dict[str, Any]
    right: Any = None


def asks() -> list[Ask]:
    """Return every kind of request that the server answers."""
    rng = random.Random(7)
    words = ["the", "llama", "and", "the", "puna", "grass", "sky", "Simon", "Ruth", "warm", "cold", "who", "where", "17", "+", "5"]

    def text(count: int) -> str:
        return " ".join(rng.choice(words) for _ in range(count))

    def chat(content: str, **more: Any) -> Ask:
        said = {"model": NAME, "messages": [{"role": "user", "content": content}], "max_tokens": rng.randint(4, 60), "temperature": 0}
        return Ask("/v1/chat/completions", {**said, **more})

    def complete(prompt: Any, **more: Any) -> Ask:
        return Ask("/v1/completions", {"model": NAME, "prompt": prompt, "max_tokens": rng.randint(4, 60), "temperature": 0, **more})

    long = text(30)
    call = {"id": "c1", "type": "function", "function": {"name": "get_weather", "arguments": '{"city":  "Puno", "hourly": true}'}}
    told = [
        {"role": "user", "content": "Warm?"},
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "11"},
    ]
    several = [
        *(chat(text(rng.randint(1, 20))) for _ in range(12)),
        *(chat(text(5), temperature=1, seed=rng.randrange(2**40)) for _ in range(8)),
        *(chat(f"{long} {text(3)}") for _ in range(6)),
        *(complete(text(8), temperature=0.8, top_p=0.9, seed=seed) for seed in range(4)),
    ]
    return [
        *several, chat(text(4), n=2, temperature=1, seed=5, logprobs=True, top_logprobs=3), chat(text(4), stop=["a", "the"], frequency_penalty=0.5, presence_penalty=0.2),
        chat("Weather?", tools=TOOLS, tool_choice="required", max_tokens=200), chat("Weather?", tools=TOOLS, max_tokens=40),
        chat("Weather?", tools=TOOLS, tool_choice={"type": "function", "function": {"name": "get_weather"}}, parallel_tool_calls=False, max_tokens=200),
        chat("", messages=told, tools=TOOLS), chat("Which?", response_format={"type": "json_schema", "json_schema": {"name": "animal", "schema": SCHEMA}}, max_tokens=200),
        complete("17 + 5 =", guided_regex="[0-9]{2,9}"), complete([text(3), text(9)], n=2, temperature=1, seed=3), complete(text(6), echo=True, logprobs=0),
        chat(text(2), ignore_eos=True, max_tokens=256), chat(text(3), logit_bias={"40": 5, "41": -100}, top_k=5, temperature=1, seed=9),
    ]  # fmt: skip


def essence(reply: Reply, *, streamed: bool) -> Any:
    """Return what of an answer has to be the same however it is asked for: text, calls, log-probabilities, ends and usage; not ids and times."""
    documents = (
        [json.loads(line[6:]) for line in reply.body.decode().splitlines() if line.startswith("data: {")] if streamed else [reply.value]
    )
    if streamed and not reply.body.endswith(b"data: [DONE]\n\n"):
        raise ValueError("a stream without its end")
    choices: dict[int, dict[str, Any]] = {}
    for document in documents:
        if "error" in document:
            raise ValueError(str(document["error"]))
        for choice in document["choices"]:
            its = choices.setdefault(choice["index"], {"text": "", "calls": [], "logprobs": [], "finish": None})
            said = choice.get("delta") or choice.get("message") or {"content": choice.get("text")}
            its["text"] += said.get("content") or ""
            for call in said.get("tool_calls") or ():
                if "name" in call["function"]:
                    its["calls"].append([call["function"]["name"], ""])
                its["calls"][-1][1] += call["function"]["arguments"]
            told = choice["logprobs"] or {}
            its["logprobs"] += [[one["token"], one["logprob"]] for one in told.get("content", ())]
            its["logprobs"] += [list(pair) for pair in zip(told.get("tokens", ()), told.get("token_logprobs", ()), strict=True)]
            its["finish"] = choice["finish_reason"] or its["finish"]
    usage = documents[-1]["usage"]
    return {"choices": [choices[index] for index in sorted(choices)], "tokens": [usage["prompt_tokens"], usage["completion_tokens"]]}


def same(one: Any, other: Any) -> bool:
    """Compare two essences: figures within what company in a batch changes by rounding, everything else exactly."""
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) < 1e-3
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return bool(one == other)
