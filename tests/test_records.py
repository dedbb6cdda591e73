"""The nouns: what is written is read again, what is wrong is refused in one line that names the place, and silence has one meaning."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from puna.errors import DataError
from puna.records import MAX_DEPTH, Call, Dialog, Document, Message, Question, Tool

ASK = {"role": "user", "content": "Where does Anna live?"}
TELL = {"role": "assistant", "content": "In Elton."}

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=6)
OBJECTS = st.dictionaries(TEXTS, VALUES, max_size=3)
CALLS = st.builds(Call, NAMES, OBJECTS)
ANSWERS = st.builds(
    Message,
    st.just("assistant"),
    TEXTS,
    train=st.booleans(),
    calls=st.lists(CALLS, max_size=2).map(tuple),
    rest=TEXTS,
    end=st.sampled_from([None, "eot", "eom", "cut"]),
    tagged=st.sampled_from([None, True, False]),
)
OTHERS = st.builds(Message, st.sampled_from(["system", "user", "ipython"]), TEXTS)
DIALOGS = st.builds(
    Dialog,
    st.lists(ANSWERS | OTHERS, min_size=1, max_size=5).map(tuple),
    id=TEXTS,
    tools=st.lists(st.builds(Tool, NAMES, TEXTS, OBJECTS), max_size=2).map(tuple),
    builtin_tools=st.lists(st.sampled_from(["brave_search", "wolfram_alpha", "code_interpreter"]), unique=True).map(tuple),
)


def dialog(*messages, **more):
    return Dialog.from_json({"messages": list(messages), **more}, where="d.jsonl:3")


def refused(value, *parts, noun=Dialog):
    with pytest.raises(DataError) as caught:
        noun.from_json(value, where="d.jsonl:3")
    said = str(caught.value)
    assert said.startswith("d.jsonl:3")
    assert "\n" not in said
    assert len(said) < 500
    assert all(part in said for part in parts), said


@given(DIALOGS)
def test_a_dialog_is_what_is_read_of_what_was_written(dialog):
    assert Dialog.from_json(json.loads(json.dumps(dialog.to_json())), where="x") == dialog


@given(st.builds(Document, TEXTS, TEXTS, TEXTS, OBJECTS, st.dictionaries(TEXTS, st.floats(allow_nan=False), max_size=2)))
def test_a_document_is_what_is_read_of_what_was_written(document):
    assert Document.from_json(json.loads(json.dumps(document.to_json())), where="x") == document


def test_a_question_is_what_is_read_of_what_was_written():
    question = Question("q", "Who?", "Anna", ("Anna", "Otto"))
    assert Question.from_json(question.to_json(), where="x") == question


def test_the_assistant_is_learnt_from_unless_told_otherwise_and_others_never():
    assert [message.train for message in dialog({"role": "system", "content": ""}, ASK, TELL, {**TELL, "train": False}).messages] == [
        False,
        False,
        True,
        False,
    ]
    refused({"messages": [{**ASK, "train": True}]}, "train")


def test_nulls_say_nothing():
    nulls = dict.fromkeys(("tool_calls", "train", "end", "rest", "tagged"))
    assert dialog({**ASK, **nulls}, {**TELL, **nulls}, tools=None, builtin_tools=None, id=None) == dialog(ASK, TELL)


def test_a_record_without_an_id_is_named_by_its_place():
    assert dialog(ASK).id == "d.jsonl:3"
    assert dialog(ASK, id=7).id == "7"
    refused({"messages": [ASK], "id": {"a": 1}}, "'id'")


def test_role_tool_is_llamas_ipython():
    assert dialog(ASK, {"role": "tool", "content": "4"}).messages[1] == Message("ipython", "4")


def test_the_older_words_for_calls_and_results_are_read_and_never_dropped():
    asked = {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": '{"a": 1}'}}
    assert dialog(ASK, asked, {"role": "function", "name": "f", "content": "4"}).messages[1:] == (
        Message("assistant", "", train=True, calls=(Call("f", {"a": 1}),)),
        Message("ipython", "4"),
    )


def test_text_comes_as_a_string_or_in_parts():
    parts = [{"type": "text", "text": "In "}, {"type": "text", "text": "Elton."}]
    assert dialog({**TELL, "content": parts}).messages[0].content == "In Elton."
    refused({"messages": [{**ASK, "content": [{"type": "image"}]}]}, "message 1", "text parts")
    refused({"messages": [ASK, {**TELL, "content": None}]}, "message 2", "'content'")


def test_arguments_come_as_an_object_or_as_its_json_text():
    plain, quoted = ({"function": {"name": "f", "arguments": arguments}} for arguments in ({"a": "é"}, '{"a": "é"}'))
    one, other = (dialog({"role": "assistant", "content": None, "tool_calls": [call]}).messages[0] for call in (plain, quoted))
    assert one == other == Message("assistant", "", train=True, calls=(Call("f", {"a": "é"}),))


def test_tools_come_as_a_list_or_as_its_json_text_wrapped_or_bare():
    inner = {"name": "f", "description": "d", "parameters": {"type": "object"}}
    wrapped = [{"type": "function", "function": inner}]
    assert dialog(ASK, tools=wrapped).tools == dialog(ASK, tools=[inner]).tools == dialog(ASK, tools=json.dumps(wrapped)).tools


@pytest.mark.parametrize(
    ("message", "part"),
    [
        ({"role": "narrator", "content": "x"}, "narrator"),
        ({"role": ["deep"] * 1000, "content": "x"}, "role"),
        ({**TELL, "train": 1}, "train"),
        ({**TELL, "end": "stop"}, "'end'"),
        ({**TELL, "rest": 3}, "'rest'"),
        ({**TELL, "tagged": 0}, "'tagged'"),
        ({**ASK, "tool_calls": [{"name": "f"}]}, "tool_calls"),
        ({**TELL, "tool_calls": "f"}, "tool_calls"),
        ({**TELL, "tool_calls": [{"name": ""}]}, "call 1"),
        ({**TELL, "tool_calls": [{"name": "f", "arguments": "{"}]}, "JSON"),
        ({**TELL, "tool_calls": [{"name": "f" * 9999, "arguments": [1]}]}, "object"),
    ],
)
def test_a_message_that_is_none_is_refused_in_one_short_line(message, part):
    refused({"messages": [message]}, "message 1", part)


@pytest.mark.parametrize(
    ("record", "part"),
    [
        (3, "object"),
        ({}, "messages"),
        ({"messages": []}, "messages"),
        ({"messages": "hello"}, "messages"),
        ({"messages": [ASK], "tools": {"name": "f"}}, "tools"),
        ({"messages": [ASK], "tools": [{"name": 3}]}, "tool 1"),
        ({"messages": [ASK], "tools": "["}, "JSON"),
        ({"messages": [ASK], "builtin_tools": ["google"]}, "brave_search"),
        ({"messages": [ASK], "builtin_tools": [["brave_search"]]}, "brave_search"),
    ],
)
def test_a_record_that_is_no_dialog_is_refused_in_one_short_line(record, part):
    refused(record, part)


def test_what_is_nested_too_deep_to_be_written_again_is_refused():
    deep: object = {}
    for _ in range(MAX_DEPTH - 1):
        deep = {"a": deep}
    call = {"name": "f", "arguments": deep}
    assert dialog({**TELL, "tool_calls": [call]}).messages[0].calls[0].arguments == deep
    refused({"messages": [{**TELL, "tool_calls": [{"name": "f", "arguments": {"a": deep}}]}]}, "levels")
    refused({"messages": [ASK], "tools": [{"name": "f", "parameters": {"a": [deep]}}]}, "levels")


def test_a_question_whose_answer_is_no_choice_is_refused():
    refused({"prompt": "Who?", "answer": "Ida", "choices": ["Anna"]}, "choices", noun=Question)
    refused({"prompt": "Who?"}, "answer", noun=Question)


def test_openais_weight_zero_is_not_trained_on():
    record = {"role": "assistant", "content": "no", "weight": 0}
    assert not Message.from_json(record, where="f:1").train
    assert Message.from_json(record | {"weight": 1}, where="f:1").train
