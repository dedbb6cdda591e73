"""A JSON schema as rules of a grammar, in JSON's spelling or in Python's: an answer's form, and the arguments of calls.

The library compiles JSON schemas by itself, but not for Python's literals, and of JSON it lets through what would be read as something else than was asked for: a key spelled with an escape
(`{"\\u0061": "x"}` where `a` is an integer), numbers that are infinite in Python. So structure and strings are written out here, and only patterns, formats and bounds of numbers are left to it.

A grammar has no memory: keys come in the schema's order, and what is free to nest does so for `DEPTH` levels, as many rules deep. What cannot be said in rules is refused, with its place, and so is a keyword that does not exist: `maxItem` would be a bound that holds nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from puna.engine.grammar_trial import Part, pointer
from puna.engine.schema_joining import Schema, are_disjoint, is_annotation, joined, types_of
from puna.engine.schema_spelling import INTEGER, NUMBER, SPACE, Spelling, exactly, one_of
from puna.errors import ConfigError
from puna.records import shown
from puna.settings import nearest
from puna.tokens.chat import pythonic

DEPTH = 40  # levels of lists and objects
MOST_RULES = 20_000
MOST_REFERENCES = 64  # from one to the next, before a value comes
MOST_STEPS = 20_000  # through a document: references may lead to as many schemas as there are ways through them
# The other bound of a number that has one on one side only; the library would let it be of any length, and Python does not read every length.
FAR = 10**18

_REFUSED = frozenset(
    {"not", "if", "then", "else", "patternProperties", "propertyNames", "minProperties", "maxProperties", "dependentRequired", "dependentSchemas", "dependencies",
     "uniqueItems", "contains", "minContains", "maxContains", "unevaluatedProperties", "unevaluatedItems", "additionalItems", "$dynamicRef", "$recursiveRef"}
)  # fmt: skip
_FOLLOWED = (
    "type", "enum", "const", "properties", "required", "additionalProperties", "items", "prefixItems", "minItems", "maxItems", "minLength", "maxLength", "pattern",
    "format", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "anyOf", "oneOf", "allOf", "$ref",
)  # fmt: skip
_BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
_OPEN, _CLOSE, _OPEN_LIST, _CLOSE_LIST = r"\{", r"\}", r"\[", r"\]"
_KINDS = {"null": type(None), "boolean": bool, "string": str, "array": list, "object": dict}


class Rules:
    """Rules and terminals in Lark's notation; what has the same body has one name. `parts` are pieces that the library compiles from a schema, with their places."""

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self._names: dict[str, str] = {}

    def rule(self, body: str) -> str:
        """Return the name of a rule."""
        return self._named(body, "r")

    def terminal(self, expression: str, *, but: str = "") -> str:
        """Return the name of a terminal that matches a regular expression, and not `but` another."""
        return self._named(f"/{expression}/" + (f" & ~/{but}/" if but else ""), "T")

    def lines(self) -> list[str]:
        return [f"{name}: {body}" for body, name in self._names.items()]

    def _named(self, body: str, kind: str) -> str:
        if len(self._names) > MOST_RULES:
            raise ConfigError("the schemas are too large to be followed; offer less")
        return self._names.setdefault(body, f"{kind}{len(self._names)}")


class SchemaRules:
    """Writes rules for the values of one schema, `document`. A rule that is None can match nothing."""

    def __init__(self, rules: Rules, spelling: Spelling, document: Mapping[str, Any] | bool) -> None:
        try:
            json.dumps(document, ensure_ascii=False, allow_nan=False).encode()
        except (ValueError, TypeError, RecursionError) as error:  # half a surrogate pair is a ValueError too
            raise ConfigError(f"its schema is no JSON that could be written: {type(error).__name__}") from None
        self._rules, self._spelling, self._document = rules, spelling, document
        self._known: dict[tuple[str, int], str | None] = {}
        self._num_steps = 0
        self._comma = rules.terminal(f",{SPACE}")

    def document(self) -> str | None:
        """Return the rule of what follows the document."""
        return self.value(self._document, "", DEPTH)

    def arguments(self) -> str | None:
        """Return the rule of an object that follows the document."""
        return self.value(self._object_schema(), "", DEPTH)

    def named_arguments(self) -> str | None:
        """Return the rule of `name=value` pairs that follow the document; empty where a call can have none. Names are those that the schema tells."""
        found: list[str] = []
        for branch, where in self._branches(self._flat(self._object_schema(), ""), ""):
            if isinstance(branch, bool) or "object" not in types_of(branch, where):
                continue
            if "enum" in branch or "const" in branch:
                raise ConfigError(
                    f"{where}: arguments that are listed whole cannot be followed in a pythonic call; list the values of each"
                )
            _refuse_keys(branch, where)
            body = self._members(branch, where, DEPTH, is_call=True)
            found += [] if body is None else [body or '""']
        return self._rules.rule(" | ".join(dict.fromkeys(found))) if found else None

    def value(self, schema: Any, where: str, depth: int) -> str | None:
        """Return the rule of the values that follow `schema`, which stands at `where` (a JSON pointer), nested `depth` levels at most."""
        if not isinstance(schema, bool | dict):
            raise ConfigError(f"{where}: a schema is an object, true or false, and this is {shown(schema)}")
        key = (json.dumps(schema), depth)
        if key not in self._known:
            branches = [(branch, place) for branch, place in self._branches(self._flat(schema, where), where) if branch is not False]
            found = [rule for branch, place in branches for rule in self._plain(branch, place, depth)]
            self._known[key] = self._rules.rule(" | ".join(dict.fromkeys(found))) if found else None
        return self._known[key]

    def _object_schema(self) -> Any:
        return joined({"type": "object"}, self._checked(self._document, ""), "")

    def _flat(self, schema: Schema | bool, where: str) -> Schema | bool:
        """Return a schema without `$ref` and `allOf`: what these add is joined to it."""
        for _ in range(MOST_REFERENCES):
            self._num_steps += 1
            if self._num_steps > MOST_STEPS:
                raise ConfigError("the schema is too large to be followed: its references lead to too many others")
            if isinstance(schema, bool) or not schema.keys() & {"$ref", "allOf"}:
                return schema
            rest = {key: value for key, value in schema.items() if key not in ("$ref", "allOf")}
            added = schema.get("allOf", [])
            if not isinstance(added, list):
                raise ConfigError(f"{where}/allOf: a list of schemas is wanted, and this is {shown(added)}")
            if "$ref" in schema:
                added = [self._target(schema["$ref"], where), *added]
            schema = rest
            for one in added:
                schema = joined(self._checked(one, where), schema, where)
        raise ConfigError(f"{where}: its references lead to each other and never to a value")

    def _checked(self, schema: Any, where: str) -> Schema | bool:
        if not isinstance(schema, bool | dict):
            raise ConfigError(f"{where}: a schema is an object, true or false, and this is {shown(schema)}")
        return schema

    def _target(self, reference: Any, where: str) -> Any:
        if not isinstance(reference, str) or not (reference == "#" or reference.startswith("#/")):
            raise ConfigError(f"{where}/$ref: {shown(reference)} is no place within the schema, such as '#/$defs/name'")
        found: Any = self._document
        for step in reference.split("/")[1:]:
            name = step.replace("~1", "/").replace("~0", "~")
            if isinstance(found, list) and name.isdecimal() and int(name) < len(found):
                found = found[int(name)]
            elif isinstance(found, Mapping) and name in found:
                found = found[name]
            else:
                raise ConfigError(f"{where}/$ref: there is nothing at {shown(reference)}")
        return found

    def _branches(self, schema: Schema | bool, where: str) -> list[tuple[Schema | bool, str]]:
        """Return the schemas, each with its place, that a schema leaves the choice of; itself where it leaves none."""
        key = "anyOf" if isinstance(schema, dict) and "anyOf" in schema else "oneOf"
        if isinstance(schema, bool) or key not in schema:
            return [(schema, where)]
        rest = {name: value for name, value in schema.items() if name != key}
        if not isinstance(schema[key], list):
            raise ConfigError(f"{where}/{key}: a list of schemas is wanted, and this is {shown(schema[key])}")
        found: list[tuple[Schema | bool, str]] = []
        for place, branch in enumerate(schema[key]):
            at = f"{where}/{key}/{place}"
            found += self._branches(self._flat(joined(self._flat(self._checked(branch, at), at), rest, at), at), at)
        if key == "oneOf":
            self._check_disjoint([branch for branch, _ in found if branch is not False], where)
        return found

    def _check_disjoint(self, branches: list[Any], where: str) -> None:
        flat = [{} if branch is True else branch for branch in branches]
        if not all(are_disjoint(one, other, where) for place, one in enumerate(flat) for other in flat[:place]):
            raise ConfigError(f"{where}/oneOf: a value may follow two of its branches at once, which no grammar can exclude; use 'anyOf'")

    def _plain(self, schema: Schema | bool, where: str, depth: int) -> list[str]:
        """Return the rules of a schema without choices, one for each type."""
        schema = {} if isinstance(schema, bool) else schema
        _refuse_keys(schema, where)
        types = types_of(schema, where)
        if "enum" in schema or "const" in schema:
            return self._listed(schema, types, where)
        found = [self._of_type(name, schema, where, depth) for name in types]
        return [rule for rule in found if rule is not None]

    def _listed(self, schema: Schema, types: list[str], where: str) -> list[str]:
        """Return the rule of values that a schema lists, those of its types."""
        values = schema["enum"] if "enum" in schema else [schema["const"]]
        beside = next((key for key in schema if key not in ("enum", "const", "type") and not is_annotation(key)), None)
        if not isinstance(values, list) or ("enum" in schema and "const" in schema):
            raise ConfigError(f"{where}/enum: a list of values is wanted, and no 'const' beside it")
        if beside is not None:
            raise ConfigError(f"{where}/{pointer(beside)}: {beside!r} beside values that are listed cannot be followed; leave it out")
        kept = [value for value in values if any(_is_of(value, name) for name in types)]
        return [self._rules.terminal(one_of(map(self._spelling.literal, kept)))] if kept else []

    def _of_type(self, name: str, schema: Schema, where: str, depth: int) -> str | None:
        """Return the rule of the values of one type."""
        if name == "object":
            members = self._members(schema, where, depth, is_call=False)
            opening, closing = self._rules.terminal(_OPEN + SPACE), self._rules.terminal(SPACE + _CLOSE)
            return None if members is None else self._rules.rule(f"{opening} {members} {closing}")
        if name == "array":
            return self._array(schema, where, depth)
        if name == "string":
            return self._string(schema, where)
        if name in ("number", "integer"):
            return self._number(name, schema, where)
        return self._rules.terminal(self._spelling.null if name == "null" else one_of((self._spelling.true, self._spelling.false)))

    def _string(self, schema: Schema, where: str) -> str | None:
        if "pattern" in schema or "format" in schema:
            return self._by_library(schema, ("pattern", "format", "minLength", "maxLength"), where, type="string")
        least, most = _count(schema, "minLength", where) or 0, _count(schema, "maxLength", where)
        return None if most is not None and most < least else self._rules.terminal(self._spelling.string(least, most))

    def _number(self, name: str, schema: Schema, where: str) -> str:
        if not any(key in schema for key in _BOUNDS):
            return self._rules.terminal(INTEGER if name == "integer" else NUMBER)
        far = {key: side for key, side in (("minimum", -FAR), ("maximum", FAR)) if not {key, f"exclusive{key.title()}"} & schema.keys()}
        return self._by_library({**schema, **far}, _BOUNDS, where, type=name)

    def _by_library(self, schema: Schema, keys: tuple[str, ...], where: str, **more: str) -> str:
        """Return the rule of a string or number that the library spells, which is the same in JSON and in Python."""
        text = json.dumps({**more, **{key: schema[key] for key in keys if key in schema}})
        self._rules.parts.append(Part(where, json.dumps({"grammars": [{"json_schema": json.loads(text)}]})))
        return self._rules.rule(f"%json {text}")

    def _array(self, schema: Schema, where: str, depth: int) -> str | None:
        """Return the rule of lists: items that have a place of their own, each of which may be the last, then any number that are alike."""
        least, most = _count(schema, "minItems", where) or 0, _count(schema, "maxItems", where)
        placed = schema.get("prefixItems", [])
        if not isinstance(placed, list):
            raise ConfigError(f"{where}/prefixItems: a list of schemas is wanted, and this is {shown(placed)}")
        first = [self._inner(item, f"{where}/prefixItems/{place}", depth) for place, item in enumerate(placed[:most])]
        other = self._inner(schema.get("items", True), f"{where}/items", depth) if most is None or most > len(first) else None
        after = self._repeated(other, least - max(len(first), 1), None if most is None else most - max(len(first), 1))
        for place in reversed(range(len(first) or 1)):
            item = first[place] if first else other
            this = None if item is None or after is None else f"{self._comma if place else ''} {item} {after}".strip()
            after = this if place < least else f"({self._rules.rule(this)})?" if this else ""
        if after is None or (most is not None and most < least):
            return None
        return self._rules.rule(f"{self._rules.terminal(_OPEN_LIST + SPACE)} {after} {self._rules.terminal(SPACE + _CLOSE_LIST)}")

    def _repeated(self, item: str | None, least: int, most: int | None) -> str | None:
        """Return the body of `least` to `most` more items, each behind a comma; None where that cannot be."""
        if item is None or most == 0:
            return "" if least <= 0 else None
        times = "*" if least <= 0 and most is None else f"{{{max(least, 0)},{'' if most is None else most}}}"
        return f"({self._comma} {item}){times}"

    def _members(self, schema: Schema, where: str, depth: int, *, is_call: bool) -> str | None:
        """Return the body of an object's pairs, or of a call's, with commas between them: those of the schema in its order, then others; empty where there are none."""
        properties, required = schema.get("properties", {}), schema.get("required", [])
        if not isinstance(properties, dict) or not isinstance(required, list):
            raise ConfigError(f"{where}: 'properties' is an object, and 'required' a list of their names")
        others = schema.get("additionalProperties", True)
        told = {**properties, **{str(name): others for name in required if name not in properties}}
        pairs: list[tuple[str, bool]] = []
        for name, inner in told.items():
            at = f"{where}/properties/{pointer(name)}"
            value = self._inner(inner, at, depth)
            if value is not None:
                pairs.append((self._rules.rule(f"{self._key(name, at, is_call=is_call)} {value}"), name in required))
            elif name in required:
                return None
        other = None if is_call else self._inner(others, f"{where}/additionalProperties", depth)
        return self._in_order(pairs, None if other is None else self._rules.rule(f"{self._other_key(list(told))} {other}"))

    def _in_order(self, pairs: list[tuple[str, bool]], other: str | None) -> str:
        """Return the body of pairs, each with whether it has to be there, and of any number of `other` ones behind them."""
        first, rest = "", "" if other is None else f"({self._comma} {other})*"
        if other is not None:
            first = self._rules.rule(f"({other} {rest})?")
        for pair, is_required in reversed(pairs):
            this = f"{pair} {rest}".strip()
            first = self._rules.rule(this if is_required else f"{this} | {first}" if first else f"({this})?")
            behind = f"{self._comma} {pair}"
            rest = self._rules.rule(f"{behind if is_required else f'({behind})?'} {rest}".strip())
        return first

    def _inner(self, schema: Any, where: str, depth: int) -> str | None:
        return self.value(schema, where, depth - 1) if depth > 0 else None

    def _key(self, name: str, where: str, *, is_call: bool) -> str:
        if not is_call:
            return self._rules.terminal(f"{self._spelling.text(name)}: ?")
        if not pythonic.can_name(name, argument=True):
            raise ConfigError(f"{where}: the argument {shown(name)} cannot be written in a pythonic call; use JSON calls for such a tool")
        return self._rules.terminal(f"{exactly(name)}=")

    def _other_key(self, names: list[str]) -> str:
        """Return the terminal of keys that are none of `names`, however they are spelled."""
        but = f"{one_of(map(self._spelling.any_text, names))}: ?" if names else ""
        return self._rules.terminal(f"{self._spelling.string()}: ?", but=but)


def _refuse_keys(schema: Schema, where: str) -> None:
    refused = next((key for key in schema if key in _REFUSED and not (key in ("uniqueItems", "not") and schema[key] is False)), None)
    if refused is not None:
        raise ConfigError(f"{where}/{pointer(refused)}: {refused!r} cannot be followed; leave it out")
    unknown = next((key for key in schema if key not in _REFUSED and key not in _FOLLOWED and not is_annotation(key)), None)
    if unknown is not None:
        raise ConfigError(
            f"{where}/{pointer(unknown)}: {shown(unknown)} is no keyword that can be followed{nearest(unknown[:60], _FOLLOWED)}"
        )


def _count(schema: Schema, key: str, where: str) -> int | None:
    value = schema.get(key)
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 0):
        raise ConfigError(f"{where}/{key}: a whole number is wanted, and this is {shown(value)}")
    return value


def _is_of(value: Any, name: str) -> bool:
    """Return whether a value is of a type of JSON's."""
    if name in _KINDS:
        return isinstance(value, _KINDS[name])
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and (name == "number" or float(value).is_integer())
