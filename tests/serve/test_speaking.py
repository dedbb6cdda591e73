"""What a client hears, piece by piece, is what the codec reads in the whole, however the model cut it into tokens."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tiny_engine import tokenizer

from puna.engine.request import Token
from puna.serve.speaking import Arguments, CallBegins, CallingSpeech, Words
from puna.tokens import codec_for
from puna.tokens.chat.calls import begins_call
from puna.tokens.tokenizer import TextStream

TAG, EOT, EOM = tokenizer().chat_ids.python_tag, tokenizer().chat_ids.eot, tokenizer().chat_ids.eom
CODEC = codec_for(tokenizer())
JSON_CALL = '{"type": "function", "name": "weather", "parameters": {"city":  "Cuzco \\"{]\\\\", "days" : [1, {"a": 2}]}}'


def cut(text: str, sizes: list[int]) -> list[int]:
    """The ids of a text that a model cut somewhere else than the encoder would."""
    ids, at = [], 0
    data = text.encode()
    for size in sizes:
        ids += tokenizer().encode_bytes(data[at : at + size])
        at += size
    return ids + tokenizer().encode_bytes(data[at:])


def heard(ids: list[int], *, hold: int = 0, whole: bool = True, **options) -> tuple[CallingSpeech, list]:
    """What is heard of `ids`; text arrives `hold` characters late, as stop strings make it do."""
    speech, stream, late = CallingSpeech(tokenizer(), **options), TextStream(tokenizer()), ""
    pieces = []
    for place, token_id in enumerate(ids):
        late += stream.push(token_id) if token_id not in (EOT, EOM) else stream.flush()
        is_last = place == len(ids) - 1
        shown = late if is_last else late[: max(len(late) - hold, 0)]
        late = late[len(shown) :]
        pieces += speech.push(Token(token_id, -1.0, shown))
    return speech, pieces + speech.end(cut=not whole)


def by_codec(ids: list[int]) -> tuple[str, list[tuple[str, object]]]:
    message = CODEC.reply(ids, offered=True)
    return message.content + message.rest, [(call.name, call.arguments if call.written is None else call.written) for call in message.calls]


def by_ear(speech: CallingSpeech) -> tuple[str, list[tuple[str, object]]]:
    return speech.content, [(call.name, call.arguments) for call in speech.calls]


WORDS = st.sampled_from(["", "Let me look.\n", "ä 😀 {a} [1] <b> ", "a < b and [x] ", '{"nam', "see [f", "<func", '{"a": "b"} '])
CALLS = st.sampled_from(
    [
        JSON_CALL,
        '{"name": "f", "parameters": {}}',
        '{ "name" :"f","arguments": {"x": "a\nb"} } ',
        "<function=g>{\"t\": \"</function>\"}</function>",
        "<function=g> { } </function>\n",
        '[{"name": "f", "parameters": {"a": 1}}, {"name": "g", "parameters": {}}]',
        '{"parameters": {"b":2}, "name": "late"}',
        '{"type": "function", "function": {"name": "f", "arguments": "{\\"a\\":  1}"}}',
    ]
)  # fmt: skip
AFTER = st.sampled_from(["", " ", "\n", " Done.", "; and more {"])


@settings(max_examples=500)
@example("", [JSON_CALL, '[{"name": "f", "parameters": {}}, {"name": "g", "parameters": {}}]'], " Done.", True, [], 0, False)
@given(
    WORDS,
    st.lists(CALLS, max_size=3),
    AFTER,
    st.booleans(),
    st.lists(st.integers(1, 7), max_size=60),
    st.sampled_from([0, 0, 3, 20]),
    st.booleans(),
)
def test_what_is_heard_is_what_the_codec_reads(words, calls, after, is_tagged, sizes, hold, says_whole):
    text = "".join(calls) + (after if calls else "")
    ids = [*cut(words, sizes), TAG, *cut(text, sizes), EOM] if is_tagged and calls else [*cut(words + text, sizes), EOT]
    content, expected = by_codec(ids)
    speech, pieces = heard(ids, hold=hold, runs_code=True, says_whole=says_whole)
    said, got = by_ear(speech)
    assert [name for name, _ in got] == [name for name, _ in expected]
    for (_, arguments), (_, wanted) in zip(got, expected, strict=True):
        assert arguments == wanted if isinstance(wanted, str) else json.loads(arguments) == wanted
    assert said.strip(" \n;,") == content.strip(" \n;,")
    assert "".join(piece.text for piece in pieces if isinstance(piece, Words)) == said


@given(st.lists(st.integers(1, 9), max_size=40))
def test_arguments_are_told_while_they_are_written(sizes):
    _, pieces = heard([TAG, *cut(JSON_CALL, sizes), EOM])
    assert isinstance(pieces[0], CallBegins)
    assert pieces[0].name == "weather"
    assert "".join(piece.text for piece in pieces if isinstance(piece, Arguments)) == JSON_CALL[54:-1]


@pytest.mark.parametrize("end", range(55, len(JSON_CALL) - 2))
def test_a_call_that_is_cut_off_gives_what_was_written_of_it(end):
    speech, _ = heard([TAG, *tokenizer().encode(JSON_CALL[:end])], whole=False)
    assert [(call.name, call.arguments) for call in speech.calls] == [("weather", JSON_CALL[54:end])]
    assert speech.content == ""


@given(st.text(max_size=60), st.lists(st.integers(1, 5), max_size=30))
def test_words_are_never_lost(text, sizes):
    speech, _ = heard([*cut(text, sizes), EOT])
    if not speech.calls:
        assert speech.content == text


def test_one_call_is_enough_where_one_is_allowed():
    ids = [TAG, *tokenizer().encode(JSON_CALL * 2), EOM]
    speech, _ = heard(ids, is_single=True)
    assert speech.is_done
    assert len(speech.calls) == 1
    pythonic = [*tokenizer().encode("[f(a=1), g(b=2)]"), EOT]
    assert [call.name for call in heard(pythonic, is_single=True)[0].calls] == ["f"]
    assert [call.arguments for call in heard(pythonic)[0].calls] == ['{"a": 1}', '{"b": 2}']


def test_code_is_a_call_where_the_interpreter_was_offered_and_words_elsewhere():
    ids = [TAG, *tokenizer().encode("print(1)\n"), EOM]
    assert by_ear(heard(ids, runs_code=True)[0]) == ("", [("code_interpreter", '{"code": "print(1)\\n"}')])
    assert by_ear(heard(ids)[0]) == ("print(1)\n", [])


@given(CALLS, st.data())
def test_a_beginning_is_never_missed(call, data):
    at = data.draw(st.integers(1, len(call)))
    assert begins_call("Well, " + call[:at])[0] == 6
