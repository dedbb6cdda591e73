"""Whole files: what is counted, what is listed, where reading ends, and that nothing that a file may hold breaks a check."""

from __future__ import annotations

import json
import random
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lint_models import CONTEXT, llama3_tokenizer, write_model

from puna.align.lint import check_dialog, lint, open_model
from puna.errors import DataError, FormatError, PunaError
from puna.formats.dialogs import SHAPES, to_shape
from puna.records import Call, Dialog, Message, Tool
from puna.seeds import seed_of

ASK, TELL = {"role": "user", "content": "Where does Anna live?"}, {"role": "assistant", "content": "In Elton."}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return open_model(write_model(tmp_path_factory.mktemp("models") / "sound", llama3_tokenizer()))


def jsonl(folder, *records):
    (folder / "d.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    return folder / "d.jsonl"


def asked(content, answer="In Elton.", **more):
    return {"messages": [{**ASK, "content": content}, {**TELL, "content": answer}], **more}


def counts(report):
    return {rule.name: tally.count for rule, tally in report.tallies}


def test_what_becomes_unreadable_in_the_middle_ends_with_a_finding(model, tmp_path):
    path = jsonl(tmp_path, asked("a"), asked("b"))
    path.write_bytes(path.read_bytes() + b'{"messages": [')
    report = lint(path, model)
    assert (counts(report), report.num_dialogs) == ({"unreadable": 1}, 2)
    assert str(report.listed[0]).startswith(f"{path}:3: unreadable: not valid JSON")


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", DataError),
        (b"\n\n", DataError),
        (b"[]", DataError),
        (b"{", FormatError),
        (b"\xff\xfe", FormatError),
        (b'{"chosen": "x", "rejected": "y"}\n', DataError),
        (b"3\n4\n", DataError),
    ],
)
def test_a_file_without_any_dialog_is_wrong_input(content, error, model, tmp_path):
    (tmp_path / "d.jsonl").write_bytes(content)
    with pytest.raises(error, match=r"d\.jsonl"):
        lint(tmp_path / "d.jsonl", model)


def test_all_shapes_are_checked_in_one_file(model, tmp_path):
    shapes = [
        asked("a", ""),
        {"prompt": "b", "completion": ""},
        {"instruction": "c", "output": ""},
        {"conversations": [{"from": "human", "value": "d"}, {"from": "gpt", "value": ""}]},
    ]
    assert counts(lint(jsonl(tmp_path, *shapes), model)) == {"empty-answer": 4}


def test_a_rare_finding_is_listed_among_a_thousand_of_another_kind(model, tmp_path):
    records = [asked(f"{i}", f"a{i} ") for i in range(1000)] + [asked("last", "")]
    report = lint(jsonl(tmp_path, *records), model, max_findings=10)
    assert counts(report) == {"edge-space": 1000, "empty-answer": 1}
    assert len(report.listed) == 10
    assert [item.finding.rule.name for item in report.listed][-1] == "empty-answer"
    assert report.to_json()["num_findings_left_out"] == 991
    assert lint(tmp_path / "d.jsonl", model, max_findings=0).listed == []
    assert len(lint(tmp_path / "d.jsonl", model, max_findings=5000).listed) == 1001


def test_findings_are_listed_in_the_order_of_the_file(model, tmp_path):
    report = lint(jsonl(tmp_path, asked("a "), asked("b", ""), asked("c ", ""), asked("d ")), model)
    assert [item.where.rpartition(":")[2] for item in report.listed] == ["1", "2", "3", "3", "4"]


def test_lengths_and_what_the_context_cuts_off_are_counted(model, tmp_path):
    path = jsonl(tmp_path, asked("a", "é"), asked("b", "é" * CONTEXT))
    lengths = lint(path, model).lengths
    encoded = [model.codec.encode(Dialog.from_json(json.loads(line), where="x")) for line in path.read_text().splitlines()]
    assert lengths.total == sorted(lengths.total)
    assert (lengths.total[0], lengths.total[-1]) == tuple(len(item.token_ids) for item in encoded)
    assert lengths.sum_trained == sum(sum(item.counted("sft")) for item in encoded)
    assert lengths.num_beyond == 1
    assert lengths.trained_beyond == sum(encoded[1].counted("sft")[CONTEXT:])


def test_a_dialog_as_long_as_the_context_fits(model, tmp_path):
    room = CONTEXT - len(model.codec.encode(Dialog.from_json(asked("a", ""), where="x")).token_ids)
    assert counts(lint(jsonl(tmp_path, asked("a", "§" * (room // 2))), model)) == {}
    assert counts(lint(jsonl(tmp_path, asked("a", "§" * (room // 2 + 1))), model)) == {"too-long": 1}


def test_memory_does_not_grow_with_the_text(model, tmp_path):
    path = jsonl(tmp_path, *(asked(f"{i}", f"{i} " * 20 + ".") for i in range(50)))
    lint(path, model)
    path.write_text("".join(json.dumps(asked(f"{i}", f"{i} " * 2000 + ".")) + "\n" for i in range(500)))
    tracemalloc.start()
    lint(path, model, max_findings=3)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert path.stat().st_size > 3_500_000
    assert peak < 1_500_000


def test_the_report_is_json(model, tmp_path):
    report = lint(jsonl(tmp_path, asked("a\ud800"), asked("b", "")), model).to_json()
    assert json.loads(json.dumps(report)) == report
    assert [rule["rule"] for rule in report["rules"]] == ["half-character", "empty-answer"]
    assert (report["num_errors"], report["num_warnings"], report["num_dialogs"]) == (2, 0, 2)


def test_progress_counts_every_byte(model, tmp_path):
    shown = []

    class Recorder:
        def bar(self, label, total, unit, done=0):
            shown.append(total)
            return self

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def advance(self, amount, note=""):
            shown.append(-amount)

        def say(self, text):
            pass

    path = jsonl(tmp_path, *(asked(f"{i}") for i in range(200)))
    lint(path, model, progress=Recorder())
    assert shown[0] == path.stat().st_size / 1e6
    assert abs(sum(shown)) < 1e-9


TEXTS = st.text(max_size=30) | st.sampled_from(["<|eot_id|>", "<s>", "```", '{"a": [', "Ã©", "\u200b", " ", "<function=f>"])
OBJECTS = st.dictionaries(TEXTS, st.none() | st.integers() | TEXTS | st.lists(TEXTS, max_size=2), max_size=2)
SCHEMAS = st.fixed_dictionaries(
    {}, optional={"properties": OBJECTS | TEXTS, "required": st.lists(TEXTS | st.integers(), max_size=2) | TEXTS}
)
CALLS = st.lists(st.builds(Call, st.text(min_size=1, max_size=5) | st.just("code_interpreter"), OBJECTS), max_size=2).map(tuple)
ANSWERS = st.builds(
    Message, st.just("assistant"), TEXTS, train=st.booleans(), calls=CALLS, rest=TEXTS, end=st.sampled_from([None, "eot", "eom", "cut"])
)
MESSAGES = ANSWERS | st.builds(Message, st.sampled_from(["system", "user", "ipython"]), TEXTS)
TOOLS = st.lists(st.builds(Tool, st.text(min_size=1, max_size=5), TEXTS, SCHEMAS), max_size=2).map(tuple)
DIALOGS = st.builds(Dialog, st.lists(MESSAGES, min_size=1, max_size=5).map(tuple), tools=TOOLS)


@settings(deadline=None, max_examples=200)
@given(DIALOGS)
def test_no_dialog_breaks_a_check_and_the_same_dialog_gives_the_same_findings(model, dialog):
    try:
        encoded = model.codec.encode(dialog)
    except DataError:
        encoded = None
    found = check_dialog(dialog, encoded, model=model)
    assert found == check_dialog(dialog, encoded, model=model)
    assert all("\n" not in finding.message for finding in found)
    if encoded is not None:
        assert ("nothing-trained" in {finding.rule.name for finding in found}) == (not any(encoded.counted("sft")))


@settings(deadline=None, max_examples=50)
@given(st.lists(DIALOGS, min_size=1, max_size=5), st.randoms())
def test_every_repeat_is_found_once_and_whatever_stands_between(model, tmp_path_factory, dialogs, draw):
    records = [dialog.to_json() for dialog in (*dialogs, *dialogs)]
    draw.shuffle(records)
    report = lint(jsonl(tmp_path_factory.mktemp("repeats"), *records), model)
    different = {json.dumps([{k: v for k, v in m.items() if k in ("role", "content", "tool_calls", "rest")} for m in r["messages"]]
                            + r.get("tools", []), sort_keys=True) for r in records}  # fmt: skip
    assert counts(report).get("duplicate", 0) == len(records) - len(different)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_damaged_file_is_checked_or_refused_in_one_line(shape, model, tmp_path):
    records = [to_shape(Dialog.from_json(asked(f"{i}"), where=str(i)), shape) for i in range(3)]
    content, checked = jsonl(tmp_path, *records).read_bytes(), 0
    for number in range(250):
        draw = random.Random(seed_of(0, "lint", shape, number))
        damaged = bytearray(content)
        at = draw.randrange(len(damaged))
        damaged[at : at + draw.choice((0, 1, 9))] = draw.choice([b"", b"0", b'"', b"{", b"null", b"\\ud800", b"\xff", draw.randbytes(3)])
        (tmp_path / "d.jsonl").write_bytes(damaged)
        told = lines_of(tmp_path / "d.jsonl", model)
        checked += not told[0].startswith("refused")
        assert all("\n" not in line and len(line) < 1000 for line in told)
    assert checked > 100


def lines_of(path, model):
    try:
        report = lint(path, model)
    except PunaError as error:
        return [f"refused: {error}"]
    json.dumps(report.to_json())
    return ["checked", *map(str, report.listed)]
