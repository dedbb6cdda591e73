"""The model's template against the codec: which difference it is, whose doing, and where it shows."""

from __future__ import annotations

import json

import pytest
from lint_models import DATES, TURNS, llama3_tokenizer, write_model

from puna.align.lint import lint, open_model

ASK, TELL = {"role": "user", "content": "Where does Anna live?"}, {"role": "assistant", "content": "In Elton."}
CALL = {"function": {"name": "weather", "arguments": {"city": "Elton"}}}
CALLING = {"role": "assistant", "content": "", "tool_calls": [CALL]}
RESULT = {"role": "tool", "content": "sunny"}
TOOLS = [{"type": "function", "function": {"name": "weather", "parameters": {}}}]
STRIPPING = "{{ bos_token }}" + TURNS
ONE_CALL = (
    "{{ bos_token }}{% for m in messages %}{% if m['tool_calls'] is defined and m['tool_calls'] | length > 1 %}"
    "{{ raise_exception('one call at once') }}{% endif %}{% endfor %}" + TURNS
)


@pytest.fixture(scope="module")
def tokenizer():
    return llama3_tokenizer()


def mismatches(records, template, tokenizer, folder):
    (folder / "d.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    report = lint(folder / "d.jsonl", open_model(write_model(folder / "model", tokenizer, template=template)))
    return [
        (item.where.rpartition(":")[2], item.finding.message) for item in report.listed if item.finding.rule.name == "template-mismatch"
    ]


def test_a_template_that_strips_is_the_datas_doing_and_said_of_each_line(tokenizer, tmp_path):
    loose = {"messages": [ASK, {**TELL, "content": "In Elton.\n"}]}
    told = mismatches([{"messages": [ASK, TELL]}, loose, {"messages": [{**ASK, "content": " x"}, TELL]}], STRIPPING, tokenizer, tmp_path)
    assert [line for line, _ in told] == ["2", "3"]
    assert "end of message 2 (the data's doing); 9 characters into message 2" in told[0][1]
    assert "at the beginning of message 1" in told[1][1]


def test_a_template_that_adds_dates_is_said_once_with_how_many_dialogs_it_concerns(tokenizer, tmp_path):
    system = {"role": "system", "content": "Be brief."}
    records = [{"messages": [system, ASK, TELL]}, *({"messages": [{**ASK, "content": f"x{i}"}, TELL]} for i in range(5))]
    ((line, message),) = mismatches(records, DATES + TURNS, tokenizer, tmp_path)
    assert line == "2"
    assert "dates" in message
    assert "(the template's doing), in 5 of 6 dialogs compared; where message 1 begins it writes 'system" in message


def test_a_template_without_begin_of_text_is_said_once(tokenizer, tmp_path):
    ((line, message),) = mismatches([{"messages": [ASK, TELL]}], TURNS, tokenizer, tmp_path)
    assert (line, "begin-of-text" in message, "template's doing" in message) == ("1", True, True)


def test_more_than_one_call_is_the_datas_doing_where_the_template_refuses_it(tokenizer, tmp_path):
    two = {"messages": [ASK, {**CALLING, "tool_calls": [CALL, CALL]}, RESULT, RESULT, TELL], "tools": TOOLS}
    ((_, message),) = mismatches([two], ONE_CALL, tokenizer, tmp_path)
    assert message.startswith("message 2 holds more than one call")
    assert "data's doing" in message


def test_tools_worded_otherwise_are_the_templates_doing(tokenizer, tmp_path):
    records = [{"messages": [ASK, TELL]}, {"messages": [ASK, CALLING, RESULT, TELL], "tools": TOOLS}]
    ((line, message),) = mismatches(records, STRIPPING, tokenizer, tmp_path)
    assert line == "2"
    assert "words tools" in message
    assert "template's doing" in message


@pytest.mark.parametrize(
    ("template", "part"),
    [
        (STRIPPING.replace("assistant", "x") + "!", "not a known one"),
        ("{{ raise_exception('never') }}", "never"),
        ("{% for", "refuses"),
        ("{{ ().__class__.__bases__ }}", "template"),
        ("{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}", "refuses"),
    ],
)
def test_a_template_that_is_wrong_hostile_or_endless_is_a_finding(template, part, tokenizer, tmp_path):
    ((_, message),) = mismatches([{"messages": [ASK, TELL]}], template, tokenizer, tmp_path)
    assert part in message
    assert "\n" not in message


def test_the_codecs_own_template_is_never_a_mismatch(tokenizer, tmp_path):
    records = [{"messages": [ASK, CALLING, RESULT, {**TELL, "content": " \n"}], "tools": TOOLS}]
    assert mismatches(records, "", tokenizer, tmp_path) == []
