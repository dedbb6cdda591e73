"""The template that Puna writes renders Puna's ids; the templates of others cannot do harm."""

from __future__ import annotations

import pytest
from chat_dialogs import FORMS, dialogs
from hypothesis import given, settings
from hypothesis import strategies as st

from puna.errors import DataError
from puna.records import Call, Dialog, Message, Tool
from puna.tokens import codec_for
from puna.tokens.chat import encode_rendered, render_template

BOS = {"bos_token": "<|begin_of_text|>"}
DIALOG = Dialog((Message("user", "Hi"), Message("assistant", "Hello")))


@settings(max_examples=300)
@given(dialogs(), st.sampled_from(FORMS), st.booleans())
def test_the_template_writes_what_the_codec_encodes(tokenizer, dialog, form, prompt):
    codec = codec_for(tokenizer, calls=form)
    written = render_template(codec.template, dialog, specials=BOS, add_generation_prompt=prompt)
    assert written == tokenizer.decode(codec.prompt(dialog) if prompt else codec.encode(dialog).token_ids)


@pytest.mark.parametrize("form", FORMS)
def test_transformers_gets_the_codecs_ids_from_the_saved_template(tokenizer, tmp_path, form):
    transformers = pytest.importorskip("transformers")
    codec = codec_for(tokenizer, calls=form)
    tokenizer.save(tmp_path, chat_template=codec.template)
    theirs = transformers.AutoTokenizer.from_pretrained(tmp_path)
    tool = Tool("get_weather", "Get wéather", {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]})
    call = Message("assistant", "Let me see. ", calls=(Call("get_weather", {"city": "Zürich 'x' \"y\"\n", "n": [1, None, True, 2.5]}),))
    dialog = Dialog(
        (
            Message("system", " Be  kind.\n"),
            Message("user", "\n\nHow is it?"),
            call,
            Message("ipython", "25 C"),
            Message("assistant", "Warm."),
        ),
        "",
        (tool,),
    )
    record = dialog.to_json()
    messages = [{**m, "role": {"ipython": "tool"}.get(m["role"], m["role"])} for m in record["messages"]]
    ids = theirs.apply_chat_template(messages, tools=record["tools"], add_generation_prompt=True, return_dict=False)
    assert ids == codec.prompt(dialog)


@given(dialogs(), st.sampled_from(FORMS))
def test_rendered_text_encodes_to_the_codecs_ids_where_no_content_spells_a_special_token(tokenizer, dialog, form):
    codec = codec_for(tokenizer, calls=form)
    if any("<|" in str(message) for message in dialog.messages) or any("<|" in str(tool) for tool in dialog.tools):
        return
    # One by one the codec encodes header, text and calls; in one string a token may reach across, so only the text is compared then.
    written = render_template(codec.template, dialog, specials=BOS)
    assert tokenizer.decode(encode_rendered(tokenizer, written)) == written


@pytest.mark.parametrize(
    "template",
    [
        "{{ messages",
        "{{ ''.__class__.__mro__ }}",
        "{{ messages.append(1) }}",
        "{{ raise_exception('no') }}",
        "{{ 'a' * 10**9 }}",
        "{{ 10 ** 10 ** 10 }}",
        "{{ (10**15) * (10**16) }}",
        "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}",
        "{% for a in range(99999) %}{% for b in range(99999) %}{{ 'x' * 1000 }}{% endfor %}{% endfor %}",
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
        "{{ messages[99]['role'] }}",
        "{{ 1 / 0 }}",
        "{{ messages | nofilter }}",
        "{{ messages | tojson(indent=999999999) }}",
        "{% include 'x' %}",
        "{% import 'os' as os %}",
    ],
)
def test_a_hostile_template_is_refused_in_one_line(template):
    with pytest.raises(DataError, match="the chat template cannot") as caught:
        render_template(template, DIALOG, specials=BOS)
    assert "\n" not in str(caught.value)


def test_a_template_sees_what_transformers_shows_it():
    written = render_template(
        "{{ bos_token }}{% for m in messages %}{{ m.role }}:{{ m['content'] | trim }};{% endfor %}{{ strftime_now('%Y') }}{{ tools is none }}"
        "{% generation %}{{ messages | length }}{% endgeneration %}",
        DIALOG,
        specials=BOS,
    )
    assert written == "<|begin_of_text|>user:Hi;assistant:Hello;2024True2"


# Llama 3's own template in Hugging Face's repositories, from its description: contents stripped, and nothing else done to them.
HUGGING_FACE = "{{ bos_token }}{% for m in messages %}<|start_header_id|>{{ m['role'] }}<|end_header_id|>\n\n{{ m['content'] | trim }}<|eot_id|>{% endfor %}"


@given(
    st.lists(
        st.tuples(st.sampled_from(["system", "user", "assistant"]), st.text(st.characters(exclude_categories=["Cs"]))),
        min_size=1,
        max_size=4,
    )
)
def test_hugging_faces_template_agrees_where_nothing_is_stripped(tokenizer, turns):
    dialog = Dialog(tuple(Message(role, content) for role, content in turns))
    theirs = render_template(HUGGING_FACE, dialog, specials=BOS)
    same = all(content == content.strip() for _, content in turns)
    assert (theirs == tokenizer.decode(codec_for(tokenizer).encode(dialog).token_ids)) == same
