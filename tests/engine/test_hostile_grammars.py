"""Grammars of people who mean no good: each is refused in one line within seconds, or harmless; the process lives."""

from __future__ import annotations

import re
import time

import pytest
from tiny_engine import tokenizer

from puna.engine import grammar_trial
from puna.engine.grammar import Grammar
from puna.errors import ConfigError
from puna.records import Tool


def chained(count: int, *, name: str = "r") -> str:
    return "\n".join([f"start: {name}0", *(f'{name}{i}: "a" {name}{i + 1}' for i in range(count)), f'{name}{count}: "b"'])


def nested(levels: int) -> dict:
    schema: dict = {"type": "string"}
    for _ in range(levels):
        schema = {"type": "object", "properties": {"a": schema}, "required": ["a"]}
    return schema


def calls(tok, schema: dict) -> Grammar:
    return Grammar.calls(tok, [Tool("f", "", schema)])


def ways(keyword: str, count: int) -> dict:
    """A schema of `count` definitions, each of which leads to the next in two ways."""
    defined = {f"n{i}": {keyword: [{"$ref": f"#/$defs/n{i + 1}"}] * 2} for i in range(count)}
    return {"$defs": {**defined, f"n{count}": {"type": "string"}}, "properties": {"a": {"$ref": "#/$defs/n0"}}}


def within(keyword: str, levels: int) -> dict:
    schema: dict = {"type": "sky"}
    for _ in range(levels):
        schema = {keyword: [schema]}
    return schema


def refused(build, given) -> str:
    """The error of a grammar that is refused in time."""
    began = time.monotonic()
    with pytest.raises(ConfigError) as caught:
        build(tokenizer(), given)
    assert time.monotonic() - began < 6
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 600
    return str(caught.value)


HOSTILE = {
    "a chain of rules": (Grammar.lark, chained(8_000), "nested too deeply or too large"),
    "a chain of terminals": (Grammar.lark, chained(8_000, name="R"), "nested too deeply or too large"),
    "brackets in Lark": (Grammar.lark, f'start: {"(" * 20_000}"a"{")" * 20_000}', "nested"),
    "brackets in a pattern": (Grammar.regex, "(" * 20_000 + "a" + ")" * 20_000, "at"),
    "a schema inside of a schema, 300 times": (Grammar.json_schema, nested(300), "no value follows it (40 levels"),
    "a reference to itself": (Grammar.json_schema, {"$defs": {"a": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"}, "never to a value"),
    "a table of ten million states": (Grammar.json_schema, {"type": "integer", "multipleOf": 10_000_019}, "compile"),
    "a product of choices": (
        Grammar.json_schema,
        {"allOf": [{"anyOf": [{"properties": {f"{side}{i}": {"type": "integer"}}} for side in "ab"]} for i in range(18)]},
        "both say 'anyOf'",
    ),
    "no schema": (Grammar.json_schema, [1], "[1]"),
    "no schema within": (Grammar.json_schema, {"properties": {"a": {"items": 3}}}, "at /properties/a/items: a schema is an object"),
    "properties that are none": (Grammar.json_schema, {"properties": {"b": {"properties": 7}}}, "at /properties/b:"),
    "arguments that nest": (calls, nested(90), "can never be called"),
    "arguments that nest too deeply to be JSON": (calls, nested(3_000), "no JSON that could be written"),
    "choices within choices": (calls, {"properties": {"a": within("anyOf", 450)}}, ""),
    "half of a character": (calls, {"properties": {"\ud83e": {}}}, "no JSON that could be written"),
    "arguments that can be read in 2 to the 40th ways": (calls, ways("anyOf", 40), "too many others"),
    "arguments that are all of each other": (calls, ways("allOf", 70), "never to a value"),
    "arguments without end": (calls, {"$defs": {"a": {"$ref": "#/$defs/a"}}, "properties": {"x": {"$ref": "#/$defs/a"}}}, "/properties/x"),
    "a list of 5,000 places": (calls, {"properties": {"a": {"prefixItems": [{"type": "null"}] * 5_000}}}, "too large"),
    "arguments of a table": (calls, {"properties": {"a": {"type": "integer", "multipleOf": 10_000_019}}}, "seconds to compile"),
    "a pattern within arguments": (calls, {"properties": {"a": {"pattern": "(" * 5_000 + "a" + ")" * 5_000}}}, "at /properties/a: "),
    "no number": (Grammar.json_schema, {"type": "integer", "minimum": float("nan")}, "cannot be read"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_what_is_hostile_is_refused_in_seconds_and_the_process_lives(case: str) -> None:
    build, given, said = HOSTILE[case]
    assert said in refused(build, given)
    assert Grammar.regex(tokenizer(), "a+").start(tokenizer().stop_ids).accepts(tokenizer().encode("a")) == 1


@pytest.mark.parametrize(
    "pattern", ["(a{1,500}){1,500}", "((((a{1,100}){1,100}){1,100}){1,100}){1,100}", ".*a.{1000}", "(x+x+)+y", r"(\w{1000}\W{1000}){5}"]
)
def test_a_pattern_that_explodes_is_refused_or_followed_quickly(pattern: str) -> None:
    began = time.monotonic()
    try:
        state = Grammar.regex(tokenizer(), pattern).start(tokenizer().stop_ids)
    except ConfigError:
        pass
    else:
        for token_id in tokenizer().encode("aaaaaaaaaaaa"):
            if state.problem is None and state.accepts([token_id]):
                state.accept(token_id)
    assert time.monotonic() - began < 6


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"properties": {"a/b": {"items": {"not": {"type": "string"}}}}}, "at /properties/a~1b/items/not: 'not' cannot be followed"),
        (
            {"properties": {"ok": {"type": "string"}, "when": {"type": "string", "format": "llama"}}},
            "at /properties/when: Unknown format: llama",
        ),
        ({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "sky"}}]}, 'at /anyOf/1/items/type: "sky" is none'),
        ({"$defs": {"x": {"type": "grass"}}, "properties": {"a": {"$ref": "#/$defs/x"}}}, 'at /properties/a/type: "grass" is none'),
        ({"properties": {"a": {"type": "string", "pattern": "(ab"}}}, "at /properties/a: "),
        # Small and plain, so that no child looks for the place.
        ({"properties": {"x": {"type": "strin"}}}, 'at /properties/x/type: "strin" is none'),
    ],
)
def test_a_schemas_mistake_is_found_where_it_is(schema: dict, said: str) -> None:
    assert said in refused(Grammar.json_schema, schema)


def test_small_plain_schemas_need_no_child_and_all_others_have_one(monkeypatch) -> None:
    tried: list[str] = []
    real = grammar_trial.problem
    monkeypatch.setattr(grammar_trial, "problem", lambda text, *rest: (tried.append(text), real(text, *rest))[1])
    Grammar.json_schema(tokenizer(), nested(15))
    Grammar.json_schema(tokenizer(), {"properties": {"a": {"enum": ["x", 1]}, "b": {"items": True}}, "additionalProperties": False})
    assert not tried
    for dear in (
        nested(25),
        {"enum": ["x" * 2_100]},
        {"pattern": "a"},
        {"items": {"minItems": 3}},
        {"properties": {"a": {"multipleOf": 3}}},
    ):
        Grammar.json_schema(tokenizer(), dear)
    Grammar.lark(tokenizer(), 'start: "a"')
    Grammar.regex(tokenizer(), "a")
    assert len(tried) == 7


def test_what_a_child_allows_is_what_is_compiled_here() -> None:
    """A chain just short enough for the child's small stack does not overflow ours."""
    low, high = 1, 8_000
    while high - low > 200:
        middle = (low + high) // 2
        try:
            Grammar.lark(tokenizer(), chained(middle))
            low = middle
        except ConfigError:
            high = middle
    assert re.match("the grammar cannot", refused(Grammar.lark, chained(high)))
