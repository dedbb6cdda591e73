"""Calls: what Meta's documents show, byte-exact arguments in every form, and what a model cut off or wrote wrong."""

from __future__ import annotations

import random
import time

import pytest
from chat_dialogs import CUSTOM, FORMS
from hypothesis import given, settings
from hypothesis import strategies as st

from puna.errors import DataError
from puna.records import Call, Dialog, Message, Tool
from puna.tokens import codec_for
from puna.tokens.chat.calls import find_calls, read_arguments, read_tagged, write_calls

CITY = Tool(
    "get_weather",
    "Get weather info for places",
    {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
)
ASK = Message("user", "What is the weather in SF?")
WEATHER = Call("get_weather", {"city": "San Francisco", "metric": "celsius"})


def answer_of(tokenizer, dialog, form):
    """Return the assistant's last turn as it is written, special tokens by name."""
    return tokenizer.decode(codec_for(tokenizer, calls=form).encode(dialog).token_ids).rsplit("<|end_header_id|>\n\n", 1)[1]


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        (
            "json",
            '<|python_tag|>{"type": "function", "name": "get_weather", "parameters": {"city": "San Francisco", "metric": "celsius"}}<|eom_id|>',
        ),
        ("tag", '<function=get_weather>{"city": "San Francisco", "metric": "celsius"}</function><|eot_id|>'),
        ("pythonic", '[get_weather(city="San Francisco", metric="celsius")]<|eot_id|>'),
    ],
)
def test_calls_look_as_metas_documents_show_them(tokenizer, form, expected):
    dialog = Dialog((ASK, Message("assistant", "", calls=(WEATHER,))), tools=(CITY,))
    assert answer_of(tokenizer, dialog, form) == expected


@pytest.mark.parametrize("form", FORMS)
def test_builtin_tools_have_their_own_form_everywhere(tokenizer, form):
    system = Message("system", "Environment: ipython\nTools: brave_search, wolfram_alpha\n")
    search = Call("brave_search", {"query": "latest price of 1oz gold"})
    written = answer_of(tokenizer, Dialog((system, ASK, Message("assistant", "", calls=(search,)))), form)
    assert written == '<|python_tag|>brave_search.call(query="latest price of 1oz gold")<|eom_id|>'
    code = Call("code_interpreter", {"code": 'print(7)  # it\'s "prime"'})
    written = answer_of(tokenizer, Dialog((system, ASK, Message("assistant", "", calls=(code,)))), form)
    assert written == '<|python_tag|>print(7)  # it\'s "prime"<|eom_id|>'


def test_json_without_the_environment_has_no_tag(tokenizer):
    written = answer_of(tokenizer, Dialog((ASK, Message("assistant", "", calls=(WEATHER,)))), "json")
    assert written.startswith('{"type": "function"')
    assert written.endswith("}<|eot_id|>")


def test_system_prompts_are_those_of_metas_documents(tokenizer):
    def head(dialog, form="json"):
        return tokenizer.decode(codec_for(tokenizer, calls=form).prompt(dialog)).split("<|eot_id|>")[0].split("\n\n", 1)[1]

    search = ("brave_search", "wolfram_alpha", "code_interpreter")
    dated = "Cutting Knowledge Date: December 2023\nToday Date: 21 September 2024\n\nYou are a helpful assistant.\n"
    assert head(Dialog((ASK,), builtin_tools=search)) == "Environment: ipython\nTools: brave_search, wolfram_alpha\n"
    assert head(Dialog((ASK,), builtin_tools=("code_interpreter",))) == "Environment: ipython"
    assert (
        head(Dialog((Message("system", dated), ASK), builtin_tools=search))
        == f"Environment: ipython\nTools: brave_search, wolfram_alpha\n{dated}"
    )
    assert head(Dialog((Message("system", dated), ASK), tools=(CITY,))) == f"Environment: ipython\n\n{dated}"
    assert head(Dialog((ASK,), tools=(CITY,)), "pythonic").startswith("You are an expert in composing functions.")


@settings(max_examples=400, deadline=None)
@given(st.lists(CUSTOM, min_size=1, max_size=3).map(tuple), st.sampled_from(FORMS))
def test_arguments_come_back_byte_exact(calls, form):
    text = "".join(write_calls(calls, form))
    assert find_calls(text, cut=False) == ("", calls, "")
    assert read_tagged(text, cut=False) == ("", calls, "")


@settings(max_examples=300, deadline=None)
@given(st.lists(CUSTOM, min_size=1, max_size=3).map(tuple), st.sampled_from(FORMS), st.data())
def test_a_cut_never_invents_a_call(calls, form, data):
    text = "".join(write_calls(calls, form))
    at = data.draw(st.integers(1, len(text) - 1))
    for read in (read_tagged(text[:at], cut=True), find_calls(text[:at], cut=True)):
        assert read.calls == calls[: len(read.calls)]
        # Nothing is lost: what is no whole call is kept as it was written.
        if not read.calls:
            assert read.content + read.rest == text[:at]
        elif read.rest:
            assert text[:at].endswith(read.rest)


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        ('{"type": "function", "name": "f", "parameters": {"a": "it\'s"}}', [Call("f", {"a": "it's"})]),
        ('{\n  "name": "f",\n  "parameters": {}\n}', [Call("f", {})]),
        (
            '{"name": "f", "arguments": {"x": 1}}; {"name": "g", "parameters": {"y": "a\nb"}}',
            [Call("f", {"x": 1}), Call("g", {"y": "a\nb"})],
        ),
        ('<function=f>{"a": "{}<b>"}</function>\n<function=g>{}</function>', [Call("f", {"a": "{}<b>"}), Call("g", {})]),
        ("[get_user(user_id=7890, special='black')]", [Call("get_user", {"user_id": 7890, "special": "black"})]),
        ("[send(from='it\\'s', to=\"a\\u00e9\\n\"), now()]", [Call("send", {"from": "it's", "to": "aé\n"}), Call("now", {})]),
        (
            "[f(a=[1, 2.5, -3e2], b={'k': None, \"l\": true}, c=(1,))]",
            [Call("f", {"a": [1, 2.5, -300.0], "b": {"k": None, "l": True}, "c": [1]})],
        ),
        ('[api.search(q="x")]', [Call("api.search", {"q": "x"})]),
        ("[f(a=1),]", [Call("f", {"a": 1})]),
        ('{"type": "function", "function": {"name": "f", "arguments": "{\\"a\\": 1}"}}', [Call("f", {"a": 1})]),
        ('[{"name": "f", "parameters": {}}, {"name": "g", "arguments": {"b": 2}}]', [Call("f", {}), Call("g", {"b": 2})]),
    ],
)
def test_what_models_write_is_read(text, calls):
    assert find_calls(text, cut=False).calls == tuple(calls)
    assert read_tagged(text, cut=False).calls == tuple(calls)


def test_text_around_calls_is_kept():
    assert find_calls('Let me look.\n{"name": "f", "parameters": {}} I hope it works', cut=False) == (
        "Let me look.\n",
        (Call("f", {}),),
        " I hope it works",
    )
    assert find_calls("I know [1] and {a} and this.", cut=False) == ("I know [1] and {a} and this.", (), "")


def test_quotes_that_meta_never_escaped_are_kept():
    assert read_tagged('brave_search.call(query="what is "puna" in Quechua")', cut=False).calls == (
        Call("brave_search", {"query": 'what is "puna" in Quechua'}),
    )


@pytest.mark.parametrize(
    "text",
    [
        'brave_search.call(query="what is f("x") in',
        'brave_search.call(query="a',
        'brave_search.call(query="a "x" y") wolfram_alpha.call(query="b',
    ],
)
def test_a_query_that_was_cut_is_not_guessed_at(text):
    assert read_tagged(text, cut=True) == ("", (), text)


@pytest.mark.parametrize(
    "text", ['{"name": "f", "parameters": {"x": 1e999}}', "[f(x=1e999)]", '{"name": "f", "parameters": ' + '{"a": ' * 101 + "1" + "}" * 102]
)
def test_what_could_not_be_written_again_is_no_call(text):
    assert not find_calls(text, cut=False).calls


@pytest.mark.parametrize(
    "code", ["[print(i) for i in range(3)]", "[int(x) for x in s.split()]\nprint(1)", '{"name": 1}', 'requests.call(query="a")\nprint(1)']
)
def test_code_that_begins_as_a_call_does_is_code(code):
    assert read_tagged(code, cut=False).calls == (Call("code_interpreter", {"code": code}),)


def test_nothing_after_the_tag_is_no_call():
    assert read_tagged("", cut=False) == ("", (), "")


def test_code_needs_its_tag_and_only_the_assistant_calls(tokenizer):
    code = Call("code_interpreter", {"code": "1"})
    with pytest.raises(DataError, match="python_tag"):
        codec_for(tokenizer).encode(Dialog((ASK, Message("assistant", "", calls=(code,), tagged=False))))
    with pytest.raises(DataError, match="only the assistant's"):
        codec_for(tokenizer).encode(Dialog((Message("user", "a", rest="b"),)))


def test_after_the_tag_what_is_no_call_is_code_and_a_broken_call_is_neither():
    code = "import os\nprint({'name': 1})"
    assert read_tagged(code, cut=False).calls == (Call("code_interpreter", {"code": code}),)
    assert read_tagged(code, cut=True) == ("", (), code)
    broken = '{"type": "function", "name": "f", "parameters": {oops}}'
    assert read_tagged(broken, cut=False) == ("", (), broken)
    assert find_calls(broken, cut=False) == ("", (), broken)
    assert read_tagged("[f(a=1)]\nprint(2)", cut=False).calls == (Call("code_interpreter", {"code": "[f(a=1)]\nprint(2)"}),)


def test_without_offered_tools_text_stays_text(tokenizer):
    codec = codec_for(tokenizer)
    ids = [*tokenizer.encode('{"name": "f", "parameters": {}}'), tokenizer.chat_ids.eot]
    assert codec.reply(ids).content == '{"name": "f", "parameters": {}}'
    assert codec.reply(ids, offered=True).calls == (Call("f", {}),)


@pytest.mark.parametrize(
    ("call", "form", "told"),
    [
        (Call("f", {"a": float("nan")}), "json", "JSON cannot say"),
        (Call("f", {"a": {1, 2}}), "tag", "JSON cannot say"),
        (Call("f", {"a": {1, 2}}), "pythonic", "JSON cannot say"),
        (Call("f", {1: 2}), "json", "JSON cannot say"),
        (Call("f", {"a": 10**4500}), "pythonic", "JSON cannot say"),
        (Call("", {}), "json", "no name"),
        (Call("f", {"a b": 1}), "pythonic", "argument 'a b'"),
        (Call("no name", {}), "pythonic", "'no name'"),
        (Call("a>b", {}), "tag", "'a>b'"),
    ],
)
def test_what_a_form_cannot_say_is_refused(tokenizer, call, form, told):
    with pytest.raises(DataError, match=told):
        codec_for(tokenizer, calls=form).encode(Dialog((ASK, Message("assistant", "", calls=(call,)))))


def test_code_is_the_only_call_of_its_message(tokenizer):
    both = (Call("code_interpreter", {"code": "1"}), WEATHER)
    with pytest.raises(DataError, match="two messages"):
        codec_for(tokenizer).encode(Dialog((ASK, Message("assistant", "", calls=both))))


@pytest.mark.parametrize(
    "unit", ['{"name": ', "[f(a=", "[f(a=[", '<function=f>{"a":', "{", "[", 'x.call(query="', "[f(a='", "<function=f>"]
)
@pytest.mark.parametrize("cut", [True, False])
def test_hostile_repetition_ends_quickly(unit, cut):
    text = unit * (400_000 // len(unit))
    began = time.monotonic()
    for read in (find_calls(text, cut=cut), read_tagged(text, cut=cut)):
        assert read.content + read.rest == text or read.calls
    assert time.monotonic() - began < 5


def test_mutated_calls_are_read_or_kept():
    rng = random.Random(7)
    texts = ["".join(write_calls((WEATHER, Call("f", {"a": [1, {"b": "c"}]})), form)) for form in FORMS]
    texts.append('brave_search.call(query="a \\"b\\"")')
    for _ in range(10_000):
        text = list(rng.choice(texts))
        for _ in range(rng.randint(1, 3)):
            at = rng.randrange(len(text))
            text[at : at + rng.randint(0, 2)] = rng.choice(
                ['"', "{", "}", "[", "]", "(", ")", ",", "\\", "\\u12", "'", "9" * 5, "", "é", "=", "<"]
            )
        mutated = "".join(text)
        for read in (find_calls(mutated, cut=rng.random() < 0.5), read_tagged(mutated, cut=rng.random() < 0.5)):
            assert read.calls or read.content + read.rest == mutated


@pytest.mark.parametrize(
    "arguments",
    ['{"a":1,  "b" : [ 1.0,2e0 ]}', '{"city": "Cañete\\u00f1"}', "{ }", '{"a": {"parameters": {"x": "}"}}, "a": 2}', '{"t": "a\nb"}'],
)
@pytest.mark.parametrize(
    "frame",
    [
        '{"type": "function", "name": "f", "parameters": %s}',
        '{"name":"f","arguments":%s}',
        '{ "parameters": %s , "name": "f" }',
        '[{"name": "f", "parameters": %s}]',
        '{"type": "function", "function": {"name": "f", "arguments": %s}}',
        "<function=f>%s</function>",
    ],
)  # fmt: skip
def test_arguments_are_kept_as_they_were_written_and_written_so_again(arguments, frame):
    (call,) = find_calls(frame % arguments, cut=False).calls
    assert call.written == arguments
    assert call.arguments == read_arguments(arguments)
    assert write_calls([call], "json") == [f'{{"type": "function", "name": "f", "parameters": {arguments}}}']
    assert write_calls([call], "tag") == [f"<function=f>{arguments}</function>"]


def test_each_call_of_a_list_keeps_its_own_arguments():
    text = '[{"name": "f", "parameters": {"a":1}}, {"name": "g", "arguments": "{\\"b\\":  2}"} ,{"parameters": {}, "name": "h"}]'
    assert [call.written for call in read_tagged(text, cut=False).calls] == ['{"a":1}', '{"b":  2}', "{}"]
