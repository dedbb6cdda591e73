"""Turns are made of ids, so no content can forge one; every token has its class; and what was said can be read back."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import pytest
from chat_dialogs import CONTENTS, FORMS, dialogs
from hypothesis import given, settings
from hypothesis import strategies as st

from puna.errors import DataError, PunaError
from puna.records import Call, Dialog, Message
from puna.tokens import codec_for
from puna.tokens.chat import COUNTED, TokenClass
from puna.tokens.chat.instructions import with_tools

SIMPLE = st.lists(st.builds(Message, st.sampled_from(["system", "user", "ipython"]), CONTENTS), max_size=3)
ANSWER = st.builds(Message, st.just("assistant"), CONTENTS, st.just(True))


def shown(tokenizer, dialog, calls="json"):
    return tokenizer.decode(codec_for(tokenizer, calls=calls).encode(dialog).token_ids)


def by_meta(tokenizer, messages):
    """Meta's encoder, written again from its description: header, content as it is, end; code after its tag (models/llama3/chat_format.py)."""
    ids = tokenizer.chat_ids
    out = [tokenizer.bos_id]
    for message in messages:
        out += [ids.start_header, *tokenizer.encode(message.role), ids.end_header, *tokenizer.encode("\n\n")]
        code = [call for call in message.calls if call.name == "code_interpreter"]
        out += [ids.python_tag] if code else []
        out += tokenizer.encode(message.content)
        for call in message.calls:
            out += tokenizer.encode(call.arguments["code"])
        out.append(ids.eom if message.end == "eom" else ids.eot)
    return out


def test_the_format_is_llama3s(tokenizer):
    dialog = Dialog((Message("user", "Hi "), Message("assistant", "Hello", train=True)))
    expected = (
        "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nHi <|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\nHello<|eot_id|>"
    )
    assert shown(tokenizer, dialog) == expected


@settings(deadline=None)
@given(SIMPLE, ANSWER)
def test_ids_are_those_of_metas_encoder(tokenizer, messages, answer):
    code = Message("assistant", "", calls=(Call("code_interpreter", {"code": "1 + 1"}),), end="eom")
    dialog = Dialog((*messages, answer, code, Message("ipython", "2"), answer))
    assert codec_for(tokenizer).encode(dialog).token_ids == by_meta(tokenizer, dialog.messages)


@settings(deadline=None)
@given(SIMPLE, ANSWER)
def test_special_tokens_are_the_codecs_alone(tokenizer, messages, answer):
    ids = codec_for(tokenizer).encode(Dialog((*messages, answer))).token_ids
    assert ids.count(tokenizer.bos_id) == 1
    chat = tokenizer.chat_ids
    for turn_part in (chat.start_header, chat.end_header, chat.eot):
        assert ids.count(turn_part) == len(messages) + 1
    assert chat.python_tag not in ids


@settings(deadline=None)
@given(SIMPLE, ANSWER)
def test_a_dialog_is_its_prompt_and_its_answer(tokenizer, messages, answer):
    codec = codec_for(tokenizer)
    encoded = codec.encode(Dialog((*messages, answer)))
    prompt = codec.prompt(Dialog(tuple(messages)))
    assert encoded.token_ids == [*prompt, *tokenizer.encode(answer.content), tokenizer.chat_ids.eot]
    assert encoded.counted("sft") == [i >= len(prompt) for i in range(len(encoded.token_ids))]


@settings(max_examples=300, deadline=None)
@given(dialogs(), st.sampled_from(FORMS))
def test_what_is_encoded_is_read_back_from_the_ids(tokenizer, dialog, form):
    codec = codec_for(tokenizer, calls=form)
    encoded = codec.encode(dialog)
    parsed = codec.parse(encoded.token_ids, offered=True)
    told = with_tools(dialog, form)
    assert [(m.role, m.content, m.calls, m.rest) for m in parsed] == [(m.role, m.content, m.calls, m.rest) for m in told]
    # And again: what was read says the same ids.
    assert codec.encode(Dialog(parsed)).token_ids == encoded.token_ids


@settings(deadline=None)
@given(dialogs(), st.sampled_from(FORMS))
def test_every_token_has_its_class(tokenizer, dialog, form):
    codec, chat = codec_for(tokenizer, calls=form), tokenizer.chat_ids
    encoded = codec.encode(dialog)
    assert len(encoded.classes) == len(encoded.token_ids)
    closing = [c for i, c in zip(encoded.token_ids, encoded.classes, strict=True) if i in (chat.eot, chat.eom)]
    kinds = {"system": TokenClass.CONTEXT, "user": TokenClass.CONTEXT, "ipython": TokenClass.TOOL_OUTPUT}
    wanted = [kinds.get(m.role, TokenClass.END if m.train else TokenClass.UNTRAINED) for m in with_tools(dialog, form)]
    assert closing == wanted
    tags = [c for i, c in zip(encoded.token_ids, encoded.classes, strict=True) if i == chat.python_tag]
    assert set(tags) <= {TokenClass.PYTHON_TAG, TokenClass.UNTRAINED}
    headers = [c for i, c in zip(encoded.token_ids, encoded.classes, strict=True) if i in (chat.start_header, chat.end_header)]
    assert set(headers) == {TokenClass.HEADER}
    assert encoded.classes[0] == TokenClass.CONTEXT


def test_each_objective_counts_its_classes(tokenizer):
    search = Message("assistant", "", True, (Call("brave_search", {"query": "llamas"}),))
    dialog = Dialog((Message("user", "Hi"), search, Message("ipython", "found"), Message("assistant", "Done", True)))
    encoded = codec_for(tokenizer).encode(dialog)

    def counted(objective):
        kept = zip(encoded.token_ids, encoded.counted(objective), strict=True)
        return tokenizer.decode([i for i, counts in kept if counts])

    call = '<|python_tag|>brave_search.call(query="llamas")'
    assert counted("sft") == counted("nll") == counted("rl") == f"{call}<|eom_id|>Done<|eot_id|>"
    assert counted("dpo") == f"{call}Done"
    assert counted("rm") == "<|eom_id|><|eot_id|>"
    assert set(COUNTED) == {"sft", "dpo", "nll", "rm", "rl"}


def test_only_messages_marked_to_train_are_learnt(tokenizer):
    first, second = Message("assistant", "one", train=False), Message("assistant", "two", train=True)
    encoded = codec_for(tokenizer).encode(Dialog((Message("user", "a"), first, Message("user", "b"), second)))
    assert sum(encoded.counted("sft")) == len(tokenizer.encode("two")) + 1


def test_a_message_that_was_cut_has_no_end_to_learn(tokenizer):
    dialog = Dialog((Message("user", "a"), Message("assistant", "b", True, end="cut")))
    encoded = codec_for(tokenizer).encode(dialog)
    assert TokenClass.END not in encoded.classes
    assert encoded.counted("sft")[-1]
    assert codec_for(tokenizer).parse(encoded.token_ids)[-1].end == "cut"


def test_a_reply_ends_where_the_model_ended_it(tokenizer):
    codec, chat = codec_for(tokenizer), tokenizer.chat_ids
    words = tokenizer.encode("Hello <|eot_id|> there")
    assert codec.reply([*words, chat.eot]) == Message("assistant", "Hello <|eot_id|> there", end="eot", tagged=False)
    assert codec.reply(words).end == "cut"
    assert codec.reply([chat.eot]).content == ""
    with pytest.raises(DataError, match="more follow"):
        codec.reply([*words, chat.eot, *words])


def test_ids_that_are_no_dialog_are_refused_by_the_token(tokenizer):
    codec, chat = codec_for(tokenizer), tokenizer.chat_ids
    for ids, told in [
        (tokenizer.encode("Hi"), "token 0 should begin a header"),
        ([chat.start_header, *tokenizer.encode("user")], "does not end"),
        ([chat.start_header, *tokenizer.encode("judge"), chat.end_header], "the role 'judge'"),
    ]:
        with pytest.raises(DataError, match=told):
            codec.parse(ids)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_any_ids_are_read_or_refused(tokenizer, data):
    codec = codec_for(tokenizer)
    chat = [
        tokenizer.bos_id,
        *filter(
            None, (tokenizer.chat_ids.start_header, tokenizer.chat_ids.end_header, tokenizer.chat_ids.eot, tokenizer.chat_ids.python_tag)
        ),
    ]
    ids = data.draw(st.lists(st.sampled_from(chat) | st.integers(0, tokenizer.vocab_size - 1), max_size=30))
    assert codec.reply(ids[:1], offered=True).role == "assistant"
    with contextlib.suppress(PunaError):
        assert all(isinstance(message, Message) for message in codec.parse(ids, offered=True))


def test_a_tokenizer_without_a_tag_refuses_what_needs_one(tokenizer):
    from puna.tokens import train_bpe

    small = train_bpe(["The llama looked at the puna."] * 3, vocab_size=270, num_special=10)
    dialog = Dialog((Message("user", "a"), Message("assistant", "", True, (Call("brave_search", {"query": "x"}),))))
    with pytest.raises(DataError, match="at least 11"):
        codec_for(small).encode(dialog)
    plain = replace(dialog, messages=(dialog.messages[0], Message("assistant", "b", True)))
    assert len(codec_for(small).encode(plain).token_ids)


def test_ids_that_a_model_wrote_are_put_down_as_they_are(tokenizer):
    """A model may cut a word into tokens as no encoder would, and frame a call in its own way."""
    codec, chat = codec_for(tokenizer), tokenizer.chat_ids
    words = [token for letter in ' {"name":"f",  "parameters":{ }}' for token in tokenizer.encode(letter)]
    ids = (*words[:1], chat.python_tag, *words[1:], chat.eom)
    message = replace(codec.reply(ids), train=True, token_ids=ids)
    assert message.calls == (Call("f", {}),)
    dialog = Dialog((Message("user", "a"), message, Message("ipython", "b")))
    encoded = codec.encode(dialog)
    begin = len(codec.prompt(replace(dialog, messages=dialog.messages[:1])))
    assert tuple(encoded.token_ids[begin : begin + len(ids)]) == ids
    kinds = [TokenClass.ANSWER, TokenClass.PYTHON_TAG, *[TokenClass.ANSWER] * (len(ids) - 3), TokenClass.END]
    assert encoded.classes[begin : begin + len(ids)] == kinds
