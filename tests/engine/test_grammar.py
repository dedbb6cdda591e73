"""What is written under a grammar is right by construction, and still the model's own choice; in company, from the cache, and with guesses."""

from __future__ import annotations

import json
import re
import time

import pytest
import torch
from test_workloads import DRAFT, PREFIX, engine
from tiny_engine import may_end, tokenizer

from puna.engine import Request, SamplingSettings
from puna.engine.grammar import Grammar
from puna.errors import ConfigError

PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 6},
        "age": {"type": "integer", "minimum": 0, "maximum": 120},
        "of": {"enum": ["grass", "sky"]},
        "tags": {"type": "array", "items": {"type": "boolean"}, "maxItems": 3},
    },
    "required": ["name", "age", "of", "tags"],
    "additionalProperties": False,
}
ENDS = tokenizer().stop_ids
WARM = SamplingSettings(temperature=1.0, top_p=1.0, max_tokens=230, seed=8)


def _requests(grammar: Grammar, count: int = 8) -> list[Request]:
    return [Request([*PREFIX[:17], item], WARM, item=item, grammar=grammar) for item in range(count)]


@pytest.mark.parametrize("guesses", [0, 3])
def test_json_follows_its_schema(guesses: int) -> None:
    writing = engine(guesses=guesses, draft=DRAFT, blocks=60)
    for sample in writing.run(_requests(Grammar.json_schema(tokenizer(), PERSON))):
        assert sample.stop_reason == "end_token"
        found = json.loads(sample.text)
        assert found.keys() == PERSON["properties"].keys()
        assert isinstance(found["name"], str)
        assert len(found["name"]) <= 6
        assert found["age"] in range(121)
        assert found["of"] in ("grass", "sky")
        assert all(isinstance(tag, bool) for tag in found["tags"])
        assert len(found["tags"]) <= 3
    writing.check()


def test_guesses_change_nothing_under_a_grammar() -> None:
    grammar = Grammar.json_schema(tokenizer(), PERSON)
    plain = [sample.token_ids for sample in engine().run(_requests(grammar))]
    for draft in (None, DRAFT):
        guessing = engine(guesses=4, draft=draft)
        assert [sample.token_ids for sample in guessing.run(_requests(grammar))] == plain
        assert guessing.stats().guessed > 0


def test_who_has_no_grammar_is_not_touched_by_his_neighbours() -> None:
    free = [Request([*PREFIX[:5], item], SamplingSettings(temperature=0, max_tokens=30)) for item in range(4)]
    alone = [sample.token_ids for sample in engine().run(free)]
    mixed = engine().run([*free, *_requests(Grammar.regex(tokenizer(), "[a-c]{4,9}"))])
    assert [sample.token_ids for sample in mixed[:4]] == alone
    assert all(re.fullmatch("[a-c]{4,9}", sample.text) for sample in mixed[4:])


def test_a_lark_grammar_is_followed() -> None:
    grammar = Grammar.lark(tokenizer(), 'start: pair ("," pair)*\npair: /[a-z]{1,3}/ "=" /[0-9]/')
    for sample in engine().run(_requests(grammar)):
        if sample.stop_reason == "end_token":
            assert re.fullmatch(r"[a-z]{1,3}=[0-9](,[a-z]{1,3}=[0-9])*", sample.text)


def _mask(state, guesses=(), rows: int = 1) -> torch.Tensor:
    logits_RV = torch.zeros(rows, tokenizer().vocab_size)
    state.mask(logits_RV, guesses)
    return logits_RV == 0


def test_whatever_way_text_is_cut_it_is_allowed() -> None:
    grammar = Grammar.regex(tokenizer(), "the llama é🦙")
    for ids in (
        tokenizer().encode("the llama é🦙"),
        tokenizer().encode_bytes(b"the llama ") + [i for b in "é🦙".encode() for i in tokenizer().encode_bytes(bytes([b]))],
    ):
        state = grammar.start(ENDS)
        for token_id in ids:
            assert _mask(state)[0, token_id]
            assert not may_end(state, ENDS)
            state.accept(token_id)
        assert set(_mask(state)[0].nonzero().flatten().tolist()) == set(tokenizer().stop_ids)


def test_masks_after_guesses_are_those_of_a_text_that_has_them() -> None:
    grammar, ids = Grammar.json_schema(tokenizer(), PERSON), tokenizer().encode('{"name": "a')
    ahead = _mask(grammar.start(ENDS), ids, rows=len(ids) + 1)
    state = grammar.start(ENDS)
    for row, token_id in enumerate(ids):
        assert torch.equal(_mask(state)[0], ahead[row])
        state.accept(token_id)
    assert torch.equal(_mask(state)[0], ahead[-1])


def test_it_is_told_how_much_of_a_guess_may_follow() -> None:
    state = Grammar.regex(tokenizer(), "[0-9]{3}").start(ENDS)
    assert state.accepts(tokenizer().encode("12")) == 2
    assert state.accepts(tokenizer().encode("1x")) == 1
    assert state.accepts(tokenizer().encode("x1")) == 0
    assert not _mask(state)[0, tokenizer().encode("x")[0]]
    state.accept(tokenizer().encode("1")[0])
    assert state.accepts(tokenizer().encode("23")) == 2


@pytest.mark.parametrize(
    ("build", "given", "said"),
    [
        (Grammar.regex, "a(b", "at character 2: unclosed group"),
        (Grammar.regex, r"(?=a)b", "look"),
        (Grammar.lark, "start: foo", 'line 1, column 8: unknown name: "foo"'),
        (Grammar.lark, 'start: a\na: "a" )', "line 2, column 8"),
        (Grammar.lark, "start: a\na: /x[/", "line 2, column 4: in the regular expression, at character 2: unclosed"),
        (Grammar.json_schema, {"type": "llama"}, 'at /type: "llama" is none'),
        (Grammar.json_schema, {"type": "string", "minLength": 5, "maxLength": 2}, "no value follows it"),
        (Grammar.json_schema, {"$ref": "#/$defs/nowhere"}, "nowhere"),
        (Grammar.json_schema, {"enum": ["x" * 300_000]}, "300,0"),
    ],
)
def test_what_cannot_be_compiled_is_refused_in_one_line_that_says_where(build, given, said: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(said)) as caught:
        build(tokenizer(), given)
    assert "\n" not in str(caught.value)


def test_a_hostile_schema_is_refused_or_compiled_in_seconds() -> None:
    deep: dict = {"type": "string"}
    for _ in range(300):
        deep = {"type": "object", "properties": {"a": deep}, "required": ["a"]}
    wide = {"type": "object", "properties": {f"k{n}": {"type": "string"} for n in range(2000)}}
    loop = {"$defs": {"a": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"}
    long = {"type": "string", "pattern": "^(a{1,500}){1,500}$"}
    began = time.monotonic()
    for schema in (deep, wide, loop, long, {"type": "array", "minItems": 10**9, "items": {"type": "null"}}):
        try:
            state = Grammar.json_schema(tokenizer(), schema).start(ENDS)
            _mask(state)
        except ConfigError:
            continue
    assert time.monotonic() - began < 20


def test_two_grammars_of_the_same_text_are_equal() -> None:
    one, other = (Grammar.json_schema(tokenizer(), PERSON) for _ in range(2))
    assert one == other
    assert hash(one) == hash(other)
    assert one != Grammar.json_schema(tokenizer(), {"type": "string"})
