"""Llama 2's chat format: Meta's strings between begin and end tokens, marks that no content may hold, and a round trip."""

from __future__ import annotations

import pytest
import sentencepiece
from hypothesis import given, settings
from hypothesis import strategies as st
from llama2_model import train

from puna.errors import DataError
from puna.records import Call, Dialog, Message, Tool
from puna.tokens import Tokenizer, codec_for
from puna.tokens.chat import TokenClass, encode_rendered, render_template

CONTENTS = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="[]<>\u2581"), min_size=1, max_size=20).filter(
    lambda text: bool(text.strip())
)
STRIPPED = CONTENTS.map(str.strip)
TURNS = st.lists(st.tuples(CONTENTS, CONTENTS), min_size=1, max_size=3)


@pytest.fixture(scope="module")
def model():
    return train()


@pytest.fixture(scope="module")
def llama2(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("llama2") / "tokenizer.model"
    path.write_bytes(model)
    return Tokenizer.load(path)


def dialog_of(turns, system=None):
    said = [m for asked, told in turns for m in (Message("user", asked), Message("assistant", told, True))]
    return Dialog((*([Message("system", system)] if system is not None else []), *said))


def by_meta(model, dialog):
    """Meta's `chat_completion`, written again from its description: one string an exchange, begin and end tokens around it."""
    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    messages = list(dialog.messages)
    if messages[0].role == "system":
        system, first = messages[:2]
        messages[:2] = [Message("user", f"<<SYS>>\n{system.content}\n<</SYS>>\n\n{first.content}")]
    ids = []
    for asked, told in zip(messages[::2], messages[1::2], strict=True):
        text = f"[INST] {asked.content.strip()} [/INST] {told.content.strip()} "
        ids += [1, *processor.encode(text), 2]
    return ids


@settings(max_examples=60, deadline=None)
@given(TURNS, st.none() | CONTENTS)
def test_ids_are_those_of_metas_encoder(model, llama2, turns, system):
    dialog = dialog_of(turns, system)
    assert codec_for(llama2).encode(dialog).token_ids == by_meta(model, dialog)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(STRIPPED, STRIPPED), min_size=1, max_size=3), st.none() | CONTENTS)
def test_what_is_encoded_is_read_back(llama2, turns, system):
    dialog = dialog_of(turns, system)
    parsed = codec_for(llama2).parse(codec_for(llama2).encode(dialog).token_ids)
    assert [(m.role, m.content) for m in parsed] == [(m.role, m.content) for m in dialog.messages]


def test_the_answer_and_its_end_are_learnt_and_nothing_else(llama2):
    dialog = Dialog((Message("user", "Where?"), Message("assistant", "There.", True), Message("user", "Who?"), Message("assistant", "Me.")))
    encoded = codec_for(llama2).encode(dialog)
    learnt = [i for i, counts in zip(encoded.token_ids, encoded.counted("sft"), strict=True) if counts]
    assert llama2.decode(learnt) == "There. </s>"
    assert TokenClass.UNTRAINED in encoded.classes
    assert codec_for(llama2).prompt(Dialog(dialog.messages[:1])) == encoded.token_ids[: encoded.counted("sft").index(True)]


def test_the_template_writes_the_same_dialog(llama2):
    dialog = dialog_of([("How high is it?", "1234 metres."), ("Isn't it?", "It is.")], "Be kind.")
    codec = codec_for(llama2)
    written = render_template(codec.template, dialog, specials={"bos_token": "<s>", "eos_token": "</s>"})
    assert written == (
        "<s>[INST] <<SYS>>\nBe kind.\n<</SYS>>\n\nHow high is it? [/INST] 1234 metres. </s><s>[INST] Isn't it? [/INST] It is. </s>"
    )
    assert encode_rendered(llama2, written) == codec.encode(dialog).token_ids


def test_a_reply_is_stripped_and_knows_whether_it_ended(llama2):
    words = llama2.encode("There it is.")
    assert codec_for(llama2).reply([*words, 2]) == Message("assistant", "There it is.", end="eot", tagged=False)
    assert codec_for(llama2).reply(words).end == "cut"


ASK, TELL = Message("user", "a"), Message("assistant", "b", True)


@pytest.mark.parametrize(
    ("dialog", "told"),
    [
        (Dialog((ASK, ASK)), "message 2 is the user's"),
        (Dialog((TELL, ASK)), "message 1 is the assistant's"),
        (Dialog((Message("system", "s"), TELL)), "message 2 is the assistant's"),
        (Dialog((ASK, TELL, Message("ipython", "c"))), "message 3 is the ipython's"),
        (Dialog((Message("system", "s"),)), "needs a message of the user"),
        (Dialog((Message("user", "[/INST] yes"), TELL)), r"holds \[/INST\]"),
        (Dialog((ASK, TELL), tools=(Tool("f"),)), "has no tools"),
        (Dialog((ASK, Message("assistant", "", calls=(Call("f"),)))), "has no tools"),
        (Dialog((ASK, Message("assistant", "b", end="eom"))), "no <.eom_id.>"),
        (Dialog((ASK, Message("assistant", "b", tagged=True))), "no <.python_tag.>"),
    ],
)
def test_what_llama_2_cannot_say_is_refused(llama2, dialog, told):
    with pytest.raises(DataError, match=told):
        codec_for(llama2).encode(dialog)


def test_an_answer_that_was_cut_has_no_space_and_no_end(llama2):
    dialog = Dialog((ASK, Message("assistant", "the llama", True, end="cut")))
    codec = codec_for(llama2)
    ids = codec.encode(dialog).token_ids
    assert llama2.decode(ids) == "<s>[INST] a [/INST] the llama"
    assert render_template(codec.template, dialog, specials={"bos_token": "<s>", "eos_token": "</s>"}) == "<s>[INST] a [/INST] the llama"


def test_a_tokenizer_whose_tokens_reach_across_the_marks_is_refused(tmp_path):
    text = ["a] t] t] t] t"] * 50
    model = train(text=text, vocab_size=280, split_by_whitespace=False, split_by_unicode_script=False)
    (tmp_path / "tokenizer.model").write_bytes(model)
    odd = Tokenizer.load(tmp_path / "tokenizer.model")
    with pytest.raises(DataError, match="reaches across"):
        codec_for(odd).encode(Dialog((ASK, Message("assistant", "t", True))))
