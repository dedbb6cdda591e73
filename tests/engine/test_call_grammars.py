"""Calls under a grammar are what the codec reads back as calls of tools that were offered; and what the codec writes, the grammar allows."""

from __future__ import annotations

import json
import random

import jsonschema
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from test_grammar_ends import _allowed
from tiny_engine import may_end, tokenizer

from puna.engine.grammar import Grammar
from puna.errors import ConfigError
from puna.records import Call, Dialog, Message, Tool
from puna.tokens.chat.calls import CODE, read_arguments
from puna.tokens.chat.llama3 import Llama3Codec

FORMS = ("json", "tag", "pythonic")
IDS = tokenizer().chat_ids
ENDS = frozenset({IDS.eot, IDS.eom})

# Names that lead astray: a key that escapes can spell otherwise, JSON's marks, letters beyond ASCII.
KEYS = st.sampled_from(["a", "b", "city", "unit", "n_1", "größe"])
ODD_KEYS = st.sampled_from(["a", "b", 'x"y', "🦙", "a b", "o'", "\\"])
TEXTS = st.text(st.characters(codec="utf-8"), max_size=5)
SCALARS = st.one_of(
    st.fixed_dictionaries({"type": st.just("string")}, optional={"minLength": st.integers(0, 2), "maxLength": st.integers(2, 6)}),
    st.just({"type": "integer"}), st.just({"type": "number"}), st.just({"type": "boolean"}), st.just({"type": "null"}),
    st.just({"type": "integer", "minimum": -3, "maximum": 20}), st.just({"type": "number", "exclusiveMinimum": 0}), st.just({"type": ["string", "null"]}),
    st.builds(lambda values: {"enum": values}, st.lists(st.one_of(TEXTS, st.integers(-9, 9), st.booleans(), st.none()), min_size=1, max_size=3)),
    st.builds(lambda value: {"const": value}, TEXTS), st.just({}), st.just({"$ref": "#/$defs/node"}), st.just({"$ref": "#/$defs/side"}),
)  # fmt: skip
DEFINED = {
    "side": {"enum": ["left", "right"]},
    "node": {
        "type": "object",
        "properties": {"value": {"type": "integer"}, "next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]}},
        "required": ["value"],
        "additionalProperties": False,
    },
}


def _objects(inner, keys):
    return st.builds(
        lambda properties, required, others: {
            "type": "object", "properties": properties, "required": [name for name in properties if name in required], "additionalProperties": others,
        },
        st.dictionaries(keys, inner, max_size=3), st.sets(keys), st.one_of(st.just(False), st.just(False), st.booleans(), inner),
    )  # fmt: skip


SCHEMAS = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        _objects(inner, ODD_KEYS),
        st.fixed_dictionaries(
            {"type": st.just("array"), "items": inner}, optional={"minItems": st.integers(0, 2), "maxItems": st.integers(2, 3)}
        ),
        st.builds(
            lambda first, rest: {"type": "array", "prefixItems": first, "items": rest}, st.lists(inner, min_size=1, max_size=2), inner
        ),
        st.builds(lambda branches: {"anyOf": branches}, st.lists(inner, min_size=1, max_size=2)),
        st.builds(lambda one: {"allOf": [one], "description": "x"}, inner),
    ),
    max_leaves=4,
)
PARAMETERS = st.one_of(st.just({}), _objects(SCHEMAS, KEYS).map(lambda schema: {**schema, "$defs": DEFINED}))
TOOLS = st.lists(PARAMETERS, min_size=1, max_size=3).map(
    lambda all_of_them: [Tool(f"tool_{n}", "", one) for n, one in enumerate(all_of_them)]
)


def compiled(tools, **options) -> Grammar:
    """The grammar, where random schemas allow any call at all."""
    try:
        return Grammar.calls(tokenizer(), tools, **options)
    except ConfigError as error:
        assume("can never be called" not in str(error))
        raise


def walked(grammar: Grammar, chance: random.Random, *, most: int = 150) -> list[int]:
    """Random tokens that the grammar allows; whoever does not come to an end is led there by marks that close something."""
    state, ids = grammar.start(ENDS), []
    closing = [tokenizer().encode(mark)[0] for mark in "\"'}])>,:0"]
    for step in range(20 * most):
        allowed = _allowed(state)
        words = sorted(allowed - ENDS)
        if allowed & ENDS and (step > most or not words or chance.random() < 0.5):
            return [*ids, min(allowed & ENDS)]
        near = [token_id for token_id in closing if token_id in allowed and step > most]
        ids.append(chance.choice(near or words))
        state.accept(ids[-1])
        assert state.problem is None
    return []


def check_calls(message: Message, tools: list[Tool]) -> None:
    assert message.calls, message
    assert not message.rest
    schemas = {tool.name: {"type": "object", **tool.parameters} for tool in tools}
    for call in message.calls:
        jsonschema.validate(call.arguments, schemas[call.name])
        if call.written is not None:
            assert read_arguments(call.written) == call.arguments


@settings(max_examples=40, deadline=None)
@given(tools=TOOLS, form=st.sampled_from(FORMS), seed=st.integers(0, 2**32), parallel=st.booleans())
def test_whatever_a_model_writes_is_read_as_calls_that_follow_their_schemas(tools, form, seed, parallel) -> None:
    ids = walked(compiled(tools, form=form, parallel=parallel), random.Random(seed))
    assume(ids)
    message = Llama3Codec(tokenizer(), calls=form).reply(ids, offered=True)
    check_calls(message, tools)
    assert not message.content
    assert message.tagged is (form == "json")
    assert parallel or len(message.calls) == 1


@settings(max_examples=30, deadline=None)
@given(tools=TOOLS, form=st.sampled_from(FORMS), seed=st.integers(0, 2**32))
def test_words_may_come_first_and_never_look_like_calls(tools, form, seed) -> None:
    chance = random.Random(seed)
    grammar = compiled(tools, form=form, words=True, builtin=["wolfram_alpha"])
    begins = [["", "[", "a [x ", '{"b": 2} ', "<function", "<function=", '[{"nam', "[tool_0", "{ "][chance.randrange(9)] for _ in range(3)]
    state, ids = grammar.start(ENDS), []
    begun = {"json": '{"name":', "tag": "<function=", "pythonic": f"[{tools[0].name}("}[form]
    for text in [*begins, *([begun] if chance.random() < 0.7 else [])]:
        for token_id in tokenizer().encode(text):
            if token_id in _allowed(state):
                state.accept(token_id)
                ids.append(token_id)
    ids += walked_on(state, chance)
    assume(ids[-1] in ENDS)
    message = Llama3Codec(tokenizer(), calls=form).reply(ids, offered=True)
    assert not message.rest
    others = [call for call in message.calls if call.name != "wolfram_alpha"]
    assert all(call.arguments.keys() == {"query"} for call in message.calls if call.name == "wolfram_alpha")
    if others:
        check_calls(Message("assistant", "", calls=tuple(others)), tools)


def walked_on(state, chance: random.Random) -> list[int]:
    class Going:
        def start(self, ends):
            return state

    return walked(Going(), chance, most=60) or [0]


VALUES = st.recursive(
    st.one_of(TEXTS, st.integers(-(10**6), 10**6), st.floats(allow_nan=False, allow_infinity=False, min_value=-1e300, max_value=1e300), st.booleans(), st.none()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=6,
)  # fmt: skip
NAMED = {
    "type": "object",
    "properties": {"x": {}, "y": {"type": ["string", "integer", "null"]}, "größe": {"type": "array"}},
    "required": ["x"],
}


@settings(max_examples=60, deadline=None)
@given(
    x=VALUES, y=st.one_of(TEXTS, st.integers(), st.none()), sizes=st.one_of(st.none(), st.lists(VALUES, max_size=2)), form=st.sampled_from(FORMS),
    count=st.integers(1, 4), query=st.one_of(st.none(), TEXTS), words=st.booleans(),
)  # fmt: skip
def test_what_the_codec_writes_the_grammar_allows(x, y, sizes, form, count, query, words) -> None:
    arguments = {"x": x, "y": y, **({} if sizes is None else {"größe": sizes})}
    calls = [Call("f", arguments)] * count + [Call("g", {})] + ([] if query is None else [Call("brave_search", {"query": query})])
    tools = [Tool("f", "", NAMED), Tool("g", "", {"type": "object", "properties": {}})]
    codec = Llama3Codec(tokenizer(), calls=form)
    asked = Dialog((Message("user", "hi"),), tools=tuple(tools), builtin_tools=("brave_search",))
    told = Dialog(
        (*asked.messages, Message("assistant", "I will look." if words else "", calls=tuple(calls))),
        tools=asked.tools,
        builtin_tools=asked.builtin_tools,
    )
    ids = codec.encode(told).token_ids[len(codec.prompt(asked)) :]
    state = _both(form, words).start(ENDS)
    assert state.accepts(ids) == len(ids) - 1
    for token_id in ids[:-1]:
        state.accept(token_id)
    assert may_end(state, ENDS)
    assert ids[-1] in _allowed(state)


def _both(form: str, words: bool, kept: dict = {}) -> Grammar:  # noqa: B006
    if (form, words) not in kept:
        tools = [Tool("f", "", NAMED), Tool("g", "", {"type": "object", "properties": {}})]
        kept[form, words] = Grammar.calls(tokenizer(), tools, builtin=["brave_search"], form=form, words=words)
    return kept[form, words]


@pytest.mark.parametrize(
    ("text", "is_code"),
    [("print(2 ** 10)\n", True), ("x = [f(1) for f in fs]", True), ("", False), ("  \n", False), ("[f(a=1)]", False), ('{"name": 1}', False), ("<function=f>", False),
     ('brave_search.call(query="x")', False), ("# {\"name\": 2}", True)],
)  # fmt: skip
def test_code_is_what_the_codec_reads_as_code(text: str, is_code: bool) -> None:
    state = Grammar.calls(tokenizer(), [], builtin=[CODE], form="json").start(ENDS)
    ids = [IDS.python_tag, *tokenizer().encode(text)]
    allowed = state.accepts(ids)
    for token_id in ids[:allowed]:
        state.accept(token_id)
    assert (allowed == len(ids) and may_end(state, ENDS)) is is_code
    if is_code:
        message = Llama3Codec(tokenizer()).reply([*ids, IDS.eom])
        assert message.calls == (Call(CODE, {"code": text}),)


TRICKY = {"type": "object", "properties": {"a": {"type": "integer"}}, "additionalProperties": {"type": "string"}}


@pytest.mark.parametrize(
    ("schema", "arguments", "is_allowed"),
    [
        (TRICKY, '{"a": 1, "b": "x"}', True),
        (TRICKY, '{"\\u0061": "x"}', False),
        (TRICKY, '{"\\u0061": 1}', False),
        (TRICKY, '{"\\u00e9": "\\ud83e\\udd99"}', True),
        (TRICKY, '{"b": "\\ud83e"}', False),
        ({"properties": {"n": {"type": "number"}}}, '{"n": 1e999}', False),
        ({"properties": {"n": {"type": "number"}}}, '{"n": 1.7e-308}', True),
        ({"properties": {"n": {"type": "integer"}}}, '{"n": 1.5}', False),
        ({"properties": {"n": {"type": "integer"}}}, f'{{"n": {"9" * 4_400}}}', False),
        ({"properties": {"s": {"maxLength": 1, "type": "string"}}}, '{"s": "\\ud83e\\udd99"}', True),
        ({"properties": {"s": {"maxLength": 1, "type": "string"}}}, '{"s": "ab"}', False),
        ({"properties": {"s": {"pattern": "^b+$", "type": "string"}}}, '{"s": "bb"}', True),
        ({"properties": {"s": {"pattern": "^b+$", "type": "string"}}}, '{"s": "ab"}', False),
        ({"oneOf": [{"properties": {"k": {"const": 1}, "x": {}}, "required": ["k"]}, {"properties": {"k": {"const": 2}}, "required": ["k"]}]}, '{"k": 2}', True),
        ({"allOf": [{"properties": {"a": {"minimum": 2, "type": "integer"}}}, {"properties": {"a": {"maximum": 4}}}]}, '{"a": 5}', False),
        ({"allOf": [{"properties": {"a": {"minimum": 2, "type": "integer"}}}, {"properties": {"a": {"maximum": 4}}}]}, '{"a": 3}', True),
        ({"allOf": [{"properties": {"a": {}}, "additionalProperties": False}, {"properties": {"b": {}}}]}, '{"b": 3}', False),
        ({"properties": {"a": {"type": "array", "prefixItems": [{"type": "null"}], "minItems": 2}}}, '{"a": [null]}', False),
        ({"properties": {"a": {"type": "array", "prefixItems": [{"type": "null"}], "maxItems": 1}}}, '{"a": [null]}', True),
    ],
)  # fmt: skip
def test_arguments_as_the_schema_means_them(schema: dict, arguments: str, is_allowed: bool) -> None:
    state = Grammar.calls(tokenizer(), [Tool("f", "", schema)], form="tag").start(ENDS)
    ids = tokenizer().encode(f"<function=f>{arguments}</function>")
    assert (state.accepts(ids) == len(ids)) is is_allowed


@pytest.mark.parametrize("text", ["[f(x='it\\'s', y=None)]", '[f(x={"a": [True, False, None]})]', "[f(x=1.5)]"])
def test_pythons_literals_are_pythons(text: str) -> None:
    state = _both("pythonic", False).start(ENDS)
    ids = tokenizer().encode(text)
    assert state.accepts(ids) == len(ids)
    for wrong in ("[f(x=true", "[f(x=null", "[f(x=[false"):
        assert state.accepts(tokenizer().encode(wrong)) < len(tokenizer().encode(wrong))


@pytest.mark.parametrize(
    ("tools", "options", "said"),
    [
        ([], {}, "no tool is offered"),
        ([Tool("f"), Tool("f")], {}, "'f' is offered twice"),
        ([Tool("a b")], {"form": "tag"}, "'a b' cannot be named"),
        ([Tool("1f")], {"form": "pythonic"}, "'1f' cannot be named"),
        ([Tool("f", "", {"properties": {"a b": {}}})], {"form": "pythonic"}, "'f': /properties/a b: the argument 'a b'"),
        ([Tool("f", "", {"properties": {"a/b": {"not": {}}}})], {}, "'f': /properties/a~1b/not: 'not' cannot be followed"),
        ([Tool("f", "", {"properties": {"a": {"$ref": "#/$defs/x"}}})], {}, "/properties/a/$ref: there is nothing at '#/$defs/x'"),
        ([Tool("f", "", {"$defs": {"x": {"$ref": "#/$defs/x"}}, "properties": {"a": {"$ref": "#/$defs/x"}}})], {}, "never to a value"),
        ([Tool("f", "", {"properties": {"a": {"type": "grass"}}})], {}, '/properties/a/type: "grass" is none'),
        ([Tool("f", "", {"properties": {"a": {"oneOf": [{"type": "string"}, {"maxLength": 3}]}}})], {}, "/properties/a/oneOf: a value may follow two"),
        ([Tool("f", "", {"properties": {"a": 3}})], {}, "/properties/a: a schema is an object"),
        ([Tool("f", "", {"properties": {"a": {"type": "string", "pattern": "(x"}}})], {}, "at /properties/a: "),
        ([Tool("f", "", {"properties": {"a": False}, "required": ["a"]})], {}, "can never be called"),
        ([Tool("f", "", {"type": "array"})], {}, "can never be called"),
        ([], {"builtin": ["grep"]}, "'grep' is none of Llama's own tools"),
    ],
)  # fmt: skip
def test_what_cannot_be_called_says_where(tools, options, said) -> None:
    with pytest.raises(ConfigError) as caught:
        Grammar.calls(tokenizer(), tools, **options)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_tree_that_nests_without_end_is_followed_for_forty_levels() -> None:
    deep = json.loads('{"value": 1, "next": ' * 30 + '{"value": 2}' + "}" * 30)
    state = Grammar.calls(
        tokenizer(), [Tool("f", "", {"$defs": DEFINED, "properties": {"a": {"$ref": "#/$defs/node"}}})], form="tag"
    ).start(ENDS)
    ids = tokenizer().encode(f"<function=f>{json.dumps({'a': deep})}</function>")
    assert state.accepts(ids) == len(ids)
