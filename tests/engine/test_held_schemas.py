"""JSON that was written under a schema follows it for whoever reads it with `json.loads`, and a schema that could not be held to is refused where it cannot."""

from __future__ import annotations

import json
import re

import pytest
from test_workloads import PREFIX, engine
from tiny_engine import may_end, tokenizer

from puna.engine import Request, SamplingSettings
from puna.engine.grammar import Grammar
from puna.errors import ConfigError

ENDS = tokenizer().stop_ids
OPEN = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
CLOSED = {**OPEN, "additionalProperties": False}


def may_be_written(schema: object, text: str) -> bool:
    state, ids = Grammar.json_schema(tokenizer(), schema).start(ENDS), tokenizer().encode(text)
    if state.accepts(ids) < len(ids):
        return False
    for token_id in ids:
        state.accept(token_id)
    return may_end(state, ENDS)


@pytest.mark.parametrize(
    ("schema", "text", "allowed"),
    [
        (OPEN, '{"a":1}', True),
        (OPEN, '{ "a": 1, "b": [1.5, "x", {"a": "y"}] }', True),
        (OPEN, '{"a":1,"\\u0061":"x"}', False),
        (OPEN, '{"a":1,"a":"x"}', False),
        (CLOSED, '{"a":1,"\\u0061":"x"}', False),
        (OPEN, '{"a":1,"b":1e999}', False),
        (OPEN, '{"a":1,"b":1e300}', True),
        (OPEN, '{"a":1,"b":NaN}', False),
        (OPEN, '{"a":01}', False),
        (OPEN, '{"a":1' + "0" * 5_000 + "}", False),
        (OPEN, '{"a":1,"b":"\\ud800"}', False),
        (OPEN, '{"a":1,"b":"\\ud83e\\udd99 é"}', True),
        ({"enum": ['say "é"/\\\n', 3]}, '"say \\"\\u00e9\\"/\\\\\\n"', True),
        ({"enum": ['say "é"/\\\n', 3]}, '"say \\"é\\"/\\\\\\u000a"', True),
        ({"type": "number", "minimum": 0}, "1e999", False),
        ({"type": "array", "items": {"type": "integer"}, "maxItems": 2}, "[1,2,3]", False),
        (True, '[{"x": null}]', True),
    ],
)
def test_what_is_allowed_is_what_the_schema_means(schema: object, text: str, allowed: bool) -> None:
    assert may_be_written(schema, text) is allowed


@pytest.mark.parametrize(
    ("schema", "where"),
    [
        ({"type": "array", "maxItem": 2}, "/maxItem: 'maxItem' is no keyword that can be followed; did you mean 'maxItems'?"),
        ({"properties": {"a": {"type": "string", "contentEncoding": "base64"}}}, "/properties/a/contentEncoding: "),
        ({"anyOf": [{"type": "string"}, {"foo": 1}]}, "/anyOf/1/foo: "),
        ({"$defs": {"x": {"nullable": True}}, "properties": {"a": {"$ref": "#/$defs/x"}}}, "/properties/a/nullable: "),
        ({"type": "object", "minProperties": 2}, "/minProperties: 'minProperties' cannot be followed"),
        ({"properties": {"a": {"type": "array", "uniqueItems": True}}}, "/properties/a/uniqueItems: "),
        ({"properties": {"a": {}}, "unevaluatedProperties": False}, "/unevaluatedProperties: "),
        ({"patternProperties": {"^x": {"type": "integer"}}}, "/patternProperties: "),
        ({"oneOf": [{"type": "integer"}, {"type": "number"}]}, "/oneOf: a value may follow two"),
        ({"properties": {"a": {"type": "strin"}}}, '/properties/a/type: "strin" is none'),
        ({"properties": {"a": {"type": "strin", "minLength": 3}}}, '/properties/a/type: "strin" is none'),
    ],
)
def test_what_cannot_be_held_to_is_refused_where_it_stands(schema: dict, where: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(f"the JSON schema cannot be compiled: at {where}")):
        Grammar.json_schema(tokenizer(), schema)


def closed(**properties: object) -> dict:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


STRING, NODE = {"type": "string"}, {"$ref": "#/$defs/node"}
# The shapes that clients' libraries make of their classes, and those that guides to structured answers show.
STRICT = {
    "steps": (
        closed(steps={"type": "array", "items": closed(explanation=STRING, output=STRING)}, final_answer=STRING),
        {"steps": [{"explanation": "a", "output": "b"}], "final_answer": "c"},
    ),
    "a tree of itself": (
        closed(kind={"type": "string", "enum": ["div", "form"]}, label={"type": "string", "description": "what it says"}, children={"type": "array", "items": {"$ref": "#"}}),
        {"kind": "div", "label": "", "children": [{"kind": "form", "label": "x", "children": []}]},
    ),
    "a linked list": (
        {**closed(list=NODE), "$defs": {"node": closed(value={"type": "number"}, next={"anyOf": [NODE, {"type": "null"}]})}},
        {"list": {"value": 1.5, "next": {"value": -2, "next": None}}},
    ),
    "null or a value": (closed(category={"type": ["string", "null"], "enum": ["violence", None]}, unit={"type": ["integer", "null"]}), {"category": None, "unit": 3}),
    "one of two objects": (
        closed(item={"anyOf": [closed(name=STRING, age={"type": "number"}), closed(street=STRING, number=STRING)]}),
        {"item": {"street": "Main", "number": "5"}},
    ),
    "bounds": (
        closed(
            code={"type": "string", "pattern": "^[A-Z]{3}$"}, mail={"type": "string", "format": "email"}, day={"type": "string", "format": "date"},
            heat={"type": "number", "minimum": -130, "maximum": 130}, even={"type": "integer", "multipleOf": 2}, few={"type": "array", "items": STRING, "minItems": 1, "maxItems": 2},
        ),
        {"code": "ABC", "mail": "a@b.org", "day": "2024-05-06", "heat": 1.5, "even": 4, "few": ["x"]},
    ),
    "as pydantic writes it": (
        {
            "$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "https://example.org/pet", "$comment": "made by a program", "title": "Pet", "type": "object",
            "description": "A pet.", "examples": [{}], "x-order": 1,
            "$defs": {"Cat": closed(kind={"const": "cat", "default": "cat", "title": "Kind", "type": "string"}), "Dog": closed(kind={"const": "dog", "type": "string"}, age={"anyOf": [{"type": "integer"}, {"type": "null"}], "default": None})},
            "properties": {"pet": {"discriminator": {"mapping": {"cat": "#/$defs/Cat", "dog": "#/$defs/Dog"}, "propertyName": "kind"}, "oneOf": [{"$ref": "#/$defs/Cat"}, {"$ref": "#/$defs/Dog"}], "title": "Pet"},
                           "note": {"allOf": [{"type": "string"}], "default": "", "description": "anything"}},
            "required": ["pet"],
        },
        {"pet": {"kind": "dog", "age": None}, "note": "x"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", STRICT)
def test_the_schemas_that_clients_send_are_held_to(case: str) -> None:
    schema, example = STRICT[case]
    for layout in ({}, {"indent": 1}, {"separators": (",", ":")}):
        assert may_be_written(schema, json.dumps(example, **layout))
    for key in schema["required"]:
        assert not may_be_written(schema, json.dumps({name: value for name, value in example.items() if name != key}))
        assert not may_be_written(schema, json.dumps({**example, key: {"no": "such"}}))


@pytest.mark.parametrize("guesses", [0, 3])
def test_whatever_is_sampled_can_be_read_and_has_no_key_that_means_another(guesses: int) -> None:
    schema = closed(a={"type": "integer"}, rest={"type": "object", "properties": {"b": {"type": "boolean"}}})
    warm = SamplingSettings(temperature=1.5, top_p=1.0, max_tokens=200, seed=2)
    grammar = Grammar.json_schema(tokenizer(), schema)
    samples = engine(guesses=guesses).run([Request([*PREFIX[:9], item], warm, item=item, grammar=grammar) for item in range(24)])
    ended = [json.loads(sample.text, object_pairs_hook=list) for sample in samples if sample.stop_reason == "end_token"]
    assert ended
    for pairs in ended:
        assert [key for key, _ in pairs] == ["a", "rest"]
        assert all(isinstance(value, bool) for key, value in pairs[1][1] if key == "b")
