"""Every rule finds the mistake that it is for, and its clean twin raises nothing at all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from lint_models import CONTEXT, DATES, TURNS, llama2_tokenizer, llama3_tokenizer, write_model

from puna.align.lint import RULES, lint, open_model

ASK, TELL = {"role": "user", "content": "Where does Anna live?"}, {"role": "assistant", "content": "In Elton."}
SYSTEM = {"role": "system", "content": "Be brief."}
RESULT = {"role": "tool", "content": "sunny"}
PROPERTIES = {"type": "object", "properties": {"city": {"type": "string"}, "unit": {"type": "string"}}, "required": ["city"]}
TOOLS = [{"type": "function", "function": {"name": "weather", "description": "", "parameters": PROPERTIES}}]
PROSE = "Anna has lived in Elton for many years, in a small house beside the river, and she is not the only one. " * 6


def said(text, **more):
    return {**TELL, "content": text, **more}


def asked(text):
    return {**ASK, "content": text}


def call(name="weather", **arguments):
    return {"role": "assistant", "content": "", "tool_calls": [{"function": {"name": name, "arguments": arguments}}]}


def dialog(*messages, **more):
    return {"messages": list(messages), **more}


OPEN_TOOLS = [{"type": "function", "function": {"name": "weather", "parameters": {}}}]
CALLED = dialog(ASK, call(city="Elton"), RESULT, TELL, tools=TOOLS)

# What is planted, what is sound, by rule. A case is one record, or several in a list.
CASES = [
    ("not-a-dialog", [dialog(ASK, TELL), {"text": "x"}], dialog(ASK, TELL)),
    ("not-a-dialog", [dialog(ASK, TELL), {"prompt": "x", "chosen": "y", "rejected": "z"}], {"prompt": "x", "completion": "y"}),
    ("inexpressible", dialog(ASK, {**call("code_interpreter", code="1"), "tool_calls": call("code_interpreter", code="1")["tool_calls"] * 2},
                             RESULT, TELL, builtin_tools=["code_interpreter"]),
     dialog(ASK, call("code_interpreter", code="1"), RESULT, TELL, builtin_tools=["code_interpreter"])),
    ("half-character", dialog(asked("a\ud83e"), TELL), dialog(asked("a\U0001f999"), TELL)),
    ("half-character", dialog(ASK, call(city="\udc00"), RESULT, TELL, tools=TOOLS), dialog(ASK, call(city="\U0001f999"), RESULT, TELL, tools=TOOLS)),
    ("half-character", dialog(ASK, call(**{"\ud800": "x"}, city="x"), RESULT, TELL, tools=OPEN_TOOLS), dialog(ASK, call(é="x", city="x"), RESULT, TELL, tools=OPEN_TOOLS)),
    ("half-character", dialog(ASK, TELL, tools=[{"name": "x", "description": "\ud800"}]), dialog(ASK, TELL, tools=[{"name": "x", "description": "é"}])),
    ("nothing-trained", dialog(ASK, said("In Elton.", train=False)), dialog(ASK, said("In Elton.", train=True))),
    ("nothing-trained", [dialog(SYSTEM, ASK, said("A.", train=False))], dialog(SYSTEM, ASK, said("A."))),
    ("too-long", dialog(ASK, said("é" * CONTEXT)), dialog(ASK, said("é" * (CONTEXT // 8)))),
    ("roles", dialog(ASK, asked("Well?"), TELL), dialog(ASK, TELL, asked("Well?"), said("Yes."))),
    ("roles", dialog(ASK, TELL, said("Yes.")), dialog(ASK, TELL)),
    ("roles", dialog(TELL, ASK, said("Yes.")), dialog(ASK, said("Yes."))),
    ("roles", dialog(ASK, TELL, SYSTEM, asked("Well?"), said("Yes.")), dialog(SYSTEM, ASK, TELL)),
    ("roles", dialog(SYSTEM, SYSTEM, ASK, TELL), dialog(SYSTEM, ASK, TELL)),
    ("result-without-call", dialog(ASK, RESULT, TELL), CALLED),
    ("result-without-call", dialog(ASK, call(city="Elton"), RESULT, RESULT, TELL, tools=TOOLS), CALLED),
    ("call-without-result", dialog(ASK, call(city="Elton"), TELL, tools=TOOLS), CALLED),
    ("call-without-result", dialog(ASK, call(city="Elton"), ASK, TELL, tools=TOOLS), dialog(ASK, call(city="Elton"), tools=TOOLS)),
    ("unanswered", dialog(ASK, TELL, ASK), dialog(ASK, TELL)),
    ("unanswered", dialog(ASK, call(city="Elton"), RESULT, tools=TOOLS), CALLED),
    ("empty-answer", dialog(ASK, said(" ")), dialog(ASK, said("."))),
    ("empty-answer", {"instruction": "x", "output": ""}, {"instruction": "x", "output": "y"}),
    ("cut-answer", dialog(ASK, said("In", rest='{"name": "weath'), tools=TOOLS), dialog(ASK, said("In"), tools=TOOLS)),
    ("cut-answer", dialog(ASK, TELL, finish_reason="length"), dialog(ASK, TELL, finish_reason="stop")),
    ("cut-answer", dialog(ASK, said("In", stop_reason="max_tokens")), dialog(ASK, said("In", stop_reason="end_turn"))),
    ("wrong-end", dialog(ASK, said("In Elton.", end="eom")), dialog(ASK, said("In Elton.", end="eot"))),
    ("wrong-end", dialog(ASK, {**call(city="Elton"), "end": "eot"}, RESULT, TELL, tools=TOOLS),
     dialog(ASK, {**call(city="Elton"), "end": "eom"}, RESULT, TELL, tools=TOOLS)),
    ("no-end", dialog(ASK, said("In", end="cut")), dialog(ASK, said("In"))),
    ("unclosed", dialog(ASK, said("```python\nprint(1)")), dialog(ASK, said("```python\nprint(1)\n```"))),
    ("unclosed", dialog(ASK, said('{"name": "a}", "x": [1, {"y": 2}')), dialog(ASK, said('{"name": "a", "x": [1, {"y": "}"}]}'))),
    ("unclosed", dialog(ASK, said('<function=f>{"a": 1}')), dialog(ASK, said('<function=f>{"a": 1}</function>'))),
    ("no-final-mark", dialog(ASK, said(PROSE + "She went out of the")), dialog(ASK, said(PROSE + "She went out of the house."))),
    ("no-final-mark", dialog(ASK, said(PROSE + "She went out, and then the others came,")),
     dialog(ASK, said(PROSE + "\n- a house beside the river, which is not hers alone"))),
    ("double-bos", dialog(asked("<|begin_of_text|>Where?"), TELL), dialog(asked("Where?"), TELL)),
    ("foreign-marks", dialog(asked(" <s>Where?"), TELL), dialog(asked("<s>Who</s> is <s>this</s> and where is <s>that</s>"), TELL)),
    ("end-spelled-out", dialog(ASK, said("In Elton.<|eot_id|>")), dialog(ASK, said("In Elton."))),
    ("foreign-marks", dialog(ASK, said("In Elton.</s>")), dialog(ASK, said("<s>In Elmton.</s>"))),
    ("end-spelled-out", dialog(ASK, said("In Elton.<|end_of_text|>")), dialog(ASK, said("In Elton."))),
    ("special-text", dialog(asked("a<|eot_id|>b"), TELL), dialog(asked("a<|eot|>b"), TELL)),
    ("special-text", dialog(ASK, said("<|start_header_id|>user<|end_header_id|> hi")), dialog(ASK, said("<start_header_id>"))),
    ("foreign-marks", dialog(asked("<|im_start|>user\nHi"), TELL), dialog(asked("im_start user"), TELL)),
    ("foreign-marks", dialog(asked("[INST] Hi [/INST] there"), TELL), dialog(asked("[INSTALL] Hi"), TELL)),
    ("foreign-marks", dialog(asked("### Instruction: Hi"), TELL), dialog(asked("### Instructions"), TELL)),
    ("edge-space", dialog(ASK, said("In Elton.\n")), dialog(ASK, said("In\nElton."))),
    ("edge-space", dialog(asked(" Where?"), TELL), dialog(asked("Where ?"), TELL)),
    ("invisible", dialog(ASK, said("In\u200bElton.")), dialog(ASK, said("\u0645\u06cc\u200c\u062e \U0001f468\u200d\U0001f469\u200d\U0001f467."))),
    ("invisible", dialog(asked("a\x07b"), TELL), dialog(asked("a\tb\r\nc"), TELL)),
    ("mojibake", dialog(ASK, said("CafÃ©.")), dialog(ASK, said("Café. São João, NÃO."))),
    ("mojibake", dialog(ASK, said("Itâ€™s.")), dialog(ASK, said("It’s 5 €."))),
    ("mojibake", dialog(ASK, said("a\ufffdb.")), dialog(ASK, said("a?b."))),
    ("tool-not-offered", dialog(ASK, call("news"), RESULT, TELL, tools=TOOLS), CALLED),
    ("tool-not-offered", dialog(asked("How is the weather?"), call(city="Elton"), RESULT, TELL), dialog(asked('{"name": "weather"}'), call(city="Elton"), RESULT, TELL)),
    ("tool-not-offered", dialog(asked('{"name": "weather_of"}'), call(city="Elton"), RESULT, TELL),
     dialog(asked("Use the function 'weather' to ask."), call(city="Elton"), RESULT, TELL)),
    ("tool-not-offered", dialog(ASK, call("brave_search", query="x"), RESULT, TELL, builtin_tools=["wolfram_alpha"]),
     dialog(ASK, call("brave_search", query="x"), RESULT, TELL, builtin_tools=["brave_search"])),
    ("arguments", dialog(ASK, call(city="Elton", town="x"), RESULT, TELL, tools=TOOLS), CALLED),
    ("arguments", dialog(ASK, call(unit="C"), RESULT, TELL, tools=TOOLS), dialog(ASK, call(city="E", unit="C"), RESULT, TELL, tools=TOOLS)),
    ("duplicate", [dialog(ASK, TELL), {"prompt": ASK["content"], "completion": TELL["content"]}], [dialog(ASK, TELL), dialog(SYSTEM, ASK, TELL)]),
    ("repeated-prompt", [dialog(ASK, TELL), dialog(ASK, said("Nowhere."))], [dialog(ASK, TELL), dialog(asked("Who?"), TELL)]),
]  # fmt: skip

MODELS = [
    ("no-template", {"template": None}, {}),
    ("pad-is-end", {"tokenizer_config": {"pad_token": "<|end_of_text|>"}}, {"tokenizer_config": {"pad_token": "<|finetune_right_pad_id|>"}}),
    ("pad-is-end", {"tokenizer_config": {"pad_token": {"content": "<|eot_id|>"}}}, {"tokenizer_config": {"pad_token": None}}),
    ("pad-is-end", {"config": {"pad_token_id": 280 - 16 + 9}}, {"config": {"pad_token_id": 280 - 16 + 4}}),
    ("not-an-end", {"generation_config": {"eos_token_id": 280 - 16 + 1}}, {"generation_config": {"eos_token_id": [265, 273]}}),
    ("not-an-end", {"generation_config": {"eos_token_id": None}, "config": {"eos_token_id": [265]}}, {"generation_config": {"eos_token_id": None}}),
    ("vocabulary", {"config": {"vocab_size": 279}}, {"config": {"vocab_size": 320}}),
    ("vocabulary", {"config": {"bos_token_id": 1}}, {"config": {"bos_token_id": 264}}),
    ("template-mismatch", {"template": DATES + TURNS}, {"template": "{{ bos_token }}" + TURNS}),
    ("template-mismatch", {"template": TURNS}, {"template": "{{ bos_token }}" + TURNS}),
    ("template-mismatch", {"template": "{{ raise_exception('no') }}"}, {"template": "{{ bos_token }}" + TURNS}),
]  # fmt: skip


@pytest.fixture(scope="module")
def tokenizer():
    return llama3_tokenizer()


@pytest.fixture(scope="module")
def model(tokenizer, tmp_path_factory):
    return open_model(write_model(tmp_path_factory.mktemp("models") / "sound", tokenizer))


def found(records, model, folder):
    (folder / "d.jsonl").write_text("".join(json.dumps(record) + "\n" for record in (records if isinstance(records, list) else [records])))
    return lint(folder / "d.jsonl", model)


def names(report):
    return {rule.name for rule, _ in report.tallies}


@pytest.mark.parametrize(("name", "planted", "clean"), CASES)
def test_a_planted_mistake_is_found_and_its_clean_twin_is_clean(name, planted, clean, model, tmp_path):
    report = found(planted, model, tmp_path)
    assert name in names(report)
    place = f"{tmp_path / 'd.jsonl'}:{len(planted) if isinstance(planted, list) else 1}"
    assert any(item.finding.rule.name == name and item.where == place for item in report.listed)
    twin = found(clean, model, tmp_path)
    assert names(twin) == set(), [str(item) for item in twin.listed]


@pytest.mark.parametrize(("name", "ill", "sound"), MODELS)
def test_a_fault_of_the_model_is_found_and_its_sound_twin_is_sound(name, ill, sound, tokenizer, tmp_path):
    report = found(dialog(ASK, TELL), open_model(write_model(tmp_path / "ill", tokenizer, **ill)), tmp_path)
    assert names(report) == {name}
    report = found(dialog(ASK, TELL), open_model(write_model(tmp_path / "sound", tokenizer, **sound)), tmp_path)
    assert names(report) == set(), [str(item) for item in report.listed]


def test_every_rule_has_a_planted_mistake():
    elsewhere = {"unreadable", "untrained-rows"}  # test_lint_files.py, test_lint_model.py
    assert {name for name, *_ in CASES} | {name for name, *_ in MODELS} | elsewhere == {rule.name for rule in RULES}


def test_every_rule_says_what_it_does_to_training_in_one_sentence():
    for rule in RULES:
        assert rule.effect.endswith(".")
        assert rule.effect.count(". ") == 0
        assert len(rule.effect) < 120


def test_the_docs_list_every_rule_and_what_it_does_to_training():
    page = (Path(__file__).parents[2] / "docs" / "lint-data.md").read_text()
    assert [rule.name for rule in RULES if f"| `{rule.name}` | {rule.severity} |" not in page or f"| {rule.effect} |" not in page] == []


@pytest.mark.parametrize("tools", [{}, {"tools": TOOLS}, {"builtin_tools": ["brave_search"]}])
def test_a_wrong_end_is_named_by_its_message_whatever_is_told_of_tools_before(tools, model, tmp_path):
    record = dialog(SYSTEM, ASK, said("Yes.", end="eot"), ASK, said("In Elton.", end="eom"), ASK, TELL, **tools)
    (item,) = found(record, model, tmp_path).listed
    assert item.finding.message.startswith("message 5 ends with 'eom'")


@pytest.mark.parametrize("form", ["json", "tag", "pythonic"])
def test_sound_calls_are_sound_in_every_form(form, tokenizer, tmp_path):
    model = open_model(write_model(tmp_path / "model", tokenizer), calls=form)
    if form != "json":
        model = open_model(write_model(tmp_path / "model", tokenizer, template=model.codec.template), calls=form)
    report = found([CALLED, dialog(SYSTEM, asked("Hi"), TELL)], model, tmp_path)
    assert names(report) == set(), [str(item) for item in report.listed]


def test_what_a_form_of_calls_has_no_way_to_say_is_found(tokenizer, tmp_path):
    record = dialog(asked("Call 'a b>'."), call("a b>", x=1), RESULT, TELL)
    model = open_model(write_model(tmp_path / "model", tokenizer), calls="tag")
    assert "inexpressible" in names(found(record, model, tmp_path))
    assert "inexpressible" not in names(found(record, open_model(tmp_path / "model", calls="json"), tmp_path))


@pytest.fixture(scope="module")
def llama2(tmp_path_factory):
    return open_model(write_model(tmp_path_factory.mktemp("models") / "llama2", llama2_tokenizer()))


def test_in_llama_2_a_sound_dialog_is_sound_and_white_space_at_its_ends_is_nothing(llama2, tmp_path):
    report = found(dialog(SYSTEM, asked("Where? "), said(" In Elton.\n")), llama2, tmp_path)
    assert names(report) == set(), [str(item) for item in report.listed]


@pytest.mark.parametrize(
    ("name", "record"),
    [
        ("inexpressible", CALLED),
        ("inexpressible", dialog(TELL, ASK)),
        ("inexpressible", dialog(asked("a [INST] b"), TELL)),
        ("double-bos", dialog(asked("<s>Where?"), TELL)),
        ("end-spelled-out", dialog(ASK, said("In Elton.</s>"))),
        ("special-text", dialog(asked("a</s>b"), TELL)),
        ("foreign-marks", dialog(asked("a<|eot_id|>b"), TELL)),
    ],
)
def test_in_llama_2_planted_mistakes_are_found(name, record, llama2, tmp_path):
    assert name in names(found(record, llama2, tmp_path))


def test_in_llama_2_generation_that_does_not_stop_is_found(tmp_path):
    model = write_model(tmp_path / "model", llama2_tokenizer(), generation_config={"eos_token_id": 0})
    assert names(found(dialog(ASK, TELL), open_model(model), tmp_path)) == {"not-an-end"}
