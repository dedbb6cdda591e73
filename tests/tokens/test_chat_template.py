"""The template that Puna writes renders Puna's ids; the templates of others cannot do harm."""

from __future__ import annotations

import pytest
from chat_dialogs import FORMS, dialogs
from hypothesis import given, settings
from hypothesis import strategies as st

from puna.errors import DataError
from puna.records import Call, Dialog, Message, Tool
from puna.tokens import Tokenizer, codec_for
from puna.tokens.chat import encode_rendered, render_template

BOS = {"bos_token": "<|begin_of_text|>"}
DIALOG = Dialog((Message("user", "Hi"), Message("assistant", "Hello")))


@settings(max_examples=300, deadline=None)
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


@pytest.fixture(scope="module")
def llama3(shared_data):
    return Tokenizer.load(shared_data / "llama3_tokenizer.model")


PLAIN = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(lambda text: text[0] not in "\r\n" and "<|" not in text)


@settings(deadline=None)
@given(turns=st.lists(st.tuples(st.sampled_from(["system", "user", "assistant", "ipython"]), PLAIN), min_size=1, max_size=4))
def test_served_by_the_template_a_dialog_has_the_codecs_ids(llama3, turns):
    codec, dialog = codec_for(llama3), Dialog(tuple(Message(role, content) for role, content in turns))
    assert encode_rendered(llama3, render_template(codec.template, dialog, specials=BOS)) == codec.encode(dialog).token_ids


@pytest.mark.parametrize("form", FORMS)
def test_a_call_has_the_codecs_ids_too(llama3, form):
    codec = codec_for(llama3, calls=form)
    call = Message("assistant", "", calls=(Call("get_weather", {"city": "Zürich 'x' \"y\"\n", "n": [1, None, True, 2.5]}),))
    dialog = Dialog((Message("user", "How is it?"), call, Message("ipython", "25 C")), tools=(Tool("get_weather", "Get weather"),))
    assert encode_rendered(llama3, render_template(codec.template, dialog, specials=BOS)) == codec.encode(dialog).token_ids


@pytest.mark.parametrize("message", [Message("user", "\nHi"), Message("assistant", "I look. ", calls=(Call("f", {}),))])
def test_a_template_joins_tokens_that_the_codec_keeps_apart(llama3, message):
    """The exceptions that docs/chat.md names: a content that begins with a line end, text before a call without a tag."""
    codec, dialog = codec_for(llama3), Dialog((Message("user", "a"), message))
    assert encode_rendered(llama3, render_template(codec.template, dialog, specials=BOS)) != codec.encode(dialog).token_ids


@pytest.mark.parametrize(
    "template",
    [
        "{{ messages",
        "{{ ''.__class__.__mro__ }}",
        "{{ messages.append(1) }}",
        "{{ raise_exception('no') }}",
        "{{ 'a' * 10**9 }}",
        "{{ 10 ** (10 ** 10) }}",
        "{%- set ns = namespace(x='aaaaaaaa') -%}{%- for i in range(40) -%}{%- set ns.x = ns.x ~ ns.x -%}{%- endfor -%}{{ ns.x | length }}",
        "{{ 'a'.ljust(1500000000) | length }}",
        "{{ 'a' | center(1500000000) | length }}",
        "{{ '{:1500000000}'.format('a') | length }}",
        "{{ '%1500000000s' | format('a') | length }}",
        "{{ (['a' * 100000] * 100000) | join | length }}",
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


@settings(deadline=None)
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
