"""What two JSON schemas say together: `allOf`, a `$ref` with more beside it, the branches of an `anyOf`.

A grammar cannot ask for two things at once, so they are joined into one schema that says both, or refused where no single schema would.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from puna.errors import ConfigError

Schema = dict[str, Any]

TYPES = ("object", "array", "string", "number", "boolean", "null")
ANNOTATIONS = frozenset(
    {"title", "description", "default", "examples", "example", "deprecated", "readOnly", "writeOnly", "$comment", "$id", "$schema", "$anchor", "$defs",
     "definitions", "discriminator"}
)  # fmt: skip
_LARGER = frozenset({"minimum", "exclusiveMinimum", "minLength", "minItems"})
_SMALLER = frozenset({"maximum", "exclusiveMaximum", "maxLength", "maxItems"})
_LISTS = ("items", "prefixItems")


def is_annotation(key: str) -> bool:
    """Return whether a keyword says nothing of which values follow a schema; those of programs begin with `x-`."""
    return key in ANNOTATIONS or key.startswith("x-")


def types_of(schema: Mapping[str, Any], where: str) -> list[str]:
    """Return the types that a schema allows, integers only where it allows no other numbers. Raises `ConfigError` at one that does not exist."""
    said = schema.get("type", list(TYPES))
    said = [said] if isinstance(said, str) else said
    if not isinstance(said, list) or not all(one in (*TYPES, "integer") for one in said):
        raise ConfigError(f"{where}/type: {json.dumps(schema['type'])[:80]} is none of JSON's types")
    return [one for one in dict.fromkeys(said) if one != "integer" or "number" not in said]


def joined(one: Schema | bool, other: Schema | bool, where: str) -> Schema | bool:
    """Return the schema of what follows both. Raises `ConfigError` where none says that."""
    if isinstance(one, bool) or isinstance(other, bool):
        return other if one is True else one if other is True else False
    both = {**other, **one}
    for key in (key for key in one if key in other and not is_annotation(key)):
        if one[key] != other[key] and key not in ("properties", "additionalProperties"):
            both[key] = _value(key, one, other, where)
    mine, theirs = ({key: schema[key] for key in _LISTS if key in schema} for schema in (one, other))
    if mine and theirs and mine != theirs:
        raise ConfigError(f"{where}: two schemas about a list's items cannot be joined; write them as one")
    if "properties" in one or "properties" in other or ("additionalProperties" in one and "additionalProperties" in other):
        _join_objects(both, one, other)
    return False if both.get("type") == [] or both.get("enum") == [] else both


def _value(key: str, one: Schema, other: Schema, where: str) -> Any:
    here, there = one[key], other[key]
    if key == "required" and isinstance(here, list) and isinstance(there, list):
        return [*here, *(name for name in there if name not in here)]
    if key == "type":
        allowed, narrowed = types_of(one, where), types_of(other, where)
        kept = [name for name in allowed if name in narrowed or (name == "integer" and "number" in narrowed)]
        return kept + (["integer"] if "number" in allowed and "integer" in narrowed else [])
    if key in _LARGER | _SMALLER and all(isinstance(value, int | float) for value in (here, there)):
        return max(here, there) if key in _LARGER else min(here, there)
    if key == "enum" and isinstance(here, list) and isinstance(there, list):
        known = {json.dumps(value, sort_keys=True) for value in there}
        return [value for value in here if json.dumps(value, sort_keys=True) in known]
    raise ConfigError(f"{where}: two schemas both say {key!r} of one value, and cannot be joined; write them as one")


def _join_objects(both: Schema, one: Schema, other: Schema) -> None:
    """Join properties: one that only one schema names is an additional one to the other."""
    mine, theirs = _map(one.get("properties")), _map(other.get("properties"))
    my_rest, their_rest = one.get("additionalProperties", True), other.get("additionalProperties", True)
    both["properties"] = {name: _all_of(mine.get(name, my_rest), theirs.get(name, their_rest)) for name in {**mine, **theirs}}
    both["additionalProperties"] = _all_of(my_rest, their_rest)


def _all_of(one: Any, other: Any) -> Any:
    if one is True or other is True or one == other:
        return other if one is True else one
    return {"allOf": [one, other]}


def _map(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def are_disjoint(one: Schema, other: Schema, where: str) -> bool:
    """Return whether it is plain that no value follows both: by their types, their fixed values, or a property that both require. False where it may be."""
    mine, theirs = types_of(one, where), types_of(other, where)
    shared = {name for name in mine if name in theirs} | ({"number"} if {"number", "integer"} <= {*mine, *theirs} else set())
    if not shared:
        return True
    values, their_values = _fixed(one), _fixed(other)
    if values is not None and their_values is not None:
        return not values & their_values
    if shared != {"object"}:
        return False
    required = {*_list(one.get("required"))} & {*_list(other.get("required"))}
    pairs = [(_map(one.get("properties")).get(name), _map(other.get("properties")).get(name)) for name in sorted(required)]
    return any(isinstance(first, dict) and isinstance(second, dict) and are_disjoint(first, second, where) for first, second in pairs)


def _fixed(schema: Schema) -> set[str] | None:
    """Return the values that a schema lists, as JSON; None where it lists none. Numbers that are equal are one, however they are written."""
    if "const" in schema:
        return {_spelled(schema["const"])}
    return {_spelled(value) for value in schema["enum"]} if isinstance(schema.get("enum"), list) else None


def _spelled(value: Any) -> str:
    return json.dumps(
        float(value) if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 53 else value, sort_keys=True
    )


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
