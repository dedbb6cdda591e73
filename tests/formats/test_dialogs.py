"""Shapes of dialogs: each is told by its keys, what is written is read again, and what a shape has no words for is refused with what it is."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import sys
import threading

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from puna.errors import DataError, FormatError
from puna.formats.dialogs import SHAPES, Meter, export_dialogs, parse_dialog, read_dialogs, read_records, to_shape
from puna.records import Call, Dialog, Message, Tool

ASK, TELL = Message("user", "Where does Anna live?"), Message("assistant", "In Elton.", train=True)
WEATHER = Tool("weather", "of a city", {"type": "object", "properties": {"city": {"type": "string"}}})
CALLED = Message("assistant", "", train=True, calls=(Call("weather", {"city": "Elton"}),))

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
OBJECTS = st.dictionaries(TEXTS, st.none() | st.booleans() | st.integers() | TEXTS | st.lists(TEXTS, max_size=2), max_size=3)
FLAGS = {"end": st.sampled_from([None, "eot", "eom", "cut"]), "tagged": st.sampled_from([None, True, False])}
CALLS = st.lists(st.builds(Call, NAMES, OBJECTS), max_size=2).map(tuple)
ANSWERS = st.builds(Message, st.just("assistant"), TEXTS, train=st.booleans(), calls=CALLS, rest=TEXTS | st.just(""), **FLAGS)
OTHERS = st.builds(Message, st.sampled_from(["system", "user", "ipython"]), TEXTS)
TOOLS = st.lists(st.builds(Tool, NAMES, TEXTS, OBJECTS), max_size=2).map(tuple)
BUILTIN = st.lists(st.sampled_from(["brave_search", "code_interpreter"]), unique=True).map(tuple)
DIALOGS = st.builds(Dialog, st.lists(ANSWERS | OTHERS, min_size=1, max_size=5).map(tuple), id=TEXTS, tools=TOOLS, builtin_tools=BUILTIN)

PLAIN_ANSWERS = st.builds(Message, st.just("assistant"), TEXTS, train=st.booleans())
ROUNDS = st.lists(st.tuples(st.builds(Message, st.just("user"), TEXTS), PLAIN_ANSWERS), min_size=1, max_size=3)
SYSTEMS = st.builds(Message, st.just("system"), NAMES)
CHATS = st.builds(
    lambda system, rounds, id: Dialog((*system, *(message for pair in rounds for message in pair)), id),
    st.lists(SYSTEMS, max_size=1),
    ROUNDS,
    TEXTS,
)
CALLING = st.builds(Message, st.just("assistant"), st.just(""), train=st.booleans(), calls=CALLS, **FLAGS)
TOOL_CHATS = st.builds(
    lambda chat, more, tools, builtin: Dialog((*chat.messages, *more), chat.id, tools, builtin),
    CHATS,
    st.lists(CALLING | OTHERS, max_size=3),
    TOOLS,
    BUILTIN,
)


def again(dialog, shape):
    return parse_dialog(json.loads(json.dumps(to_shape(dialog, shape))), where="x")


def parsed(record):
    return parse_dialog(record, where="d.jsonl:3")


def refused(record, *parts):
    with pytest.raises(DataError) as caught:
        parsed(record)
    said = str(caught.value)
    assert said.startswith("d.jsonl:3")
    assert "\n" not in said
    assert len(said) < 800
    assert all(part in said for part in parts), said


@given(DIALOGS, st.sampled_from(SHAPES))
def test_a_shape_gives_back_the_dialog_or_says_that_it_cannot(dialog, shape):
    with contextlib.suppress(DataError) if shape != "messages" else contextlib.nullcontext():
        assert again(dialog, shape) == dialog


@given(CHATS, st.sampled_from(SHAPES))
def test_every_shape_can_say_a_chat_without_tools(dialog, shape):
    assert again(dialog, shape) == dialog


@given(TOOL_CHATS)
def test_sharegpt_can_say_calls_and_results(dialog):
    assert again(dialog, "sharegpt") == dialog


@given(TOOL_CHATS)
def test_prompt_and_completion_can_say_tools_where_the_assistant_or_a_tool_speaks_last(dialog):
    if dialog.messages[-1].role not in ("user", "system"):
        assert again(dialog, "prompt-completion") == dialog


@pytest.mark.parametrize(
    "record",
    [
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}]},
        {"prompt": "Hi", "completion": "Ho"},
        {"prompt": [{"role": "user", "content": "Hi"}], "completion": [{"role": "assistant", "content": "Ho"}]},
        {"prompt": [{"role": "user", "content": "Hi"}], "completion": "Ho"},
        {"instruction": "Hi", "output": "Ho"},
        {"instruction": "Hi", "input": "", "output": "Ho", "system": "", "history": []},
        {"instruction": "Hi", "output": "Ho", "messages": None, "prompt": "not of this shape alone", "source": "elsewhere"},
        *(
            {"conversations": [{"from": asks, "value": "Hi"}, {"from": tells, "value": "Ho"}]}
            for asks in ("human", "user")
            for tells in ("gpt", "assistant", "chatgpt", "bing", "bard")
        ),
    ],
)
def test_every_shape_reads_as_the_same_dialog(record):
    assert parsed(record) == Dialog((Message("user", "Hi"), Message("assistant", "Ho", train=True)), "d.jsonl:3")


def test_instruction_and_input_are_joined_by_a_blank_line():
    record = {"instruction": "Add.", "input": "1 2", "output": "3", "system": "Be brief.", "history": [["Hi", "Ho"]]}
    assert [(message.role, message.content) for message in parsed(record).messages] == [
        ("system", "Be brief."),
        ("user", "Hi"),
        ("assistant", "Ho"),
        ("user", "Add.\n\n1 2"),
        ("assistant", "3"),
    ]


def test_what_a_prompt_holds_is_context_unless_it_says_otherwise():
    turns = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"}]
    assert [m.train for m in parsed({"prompt": turns, "completion": "d"}).messages] == [False, False, False, True]
    turns[1]["train"] = True
    assert [m.train for m in parsed({"prompt": turns, "completion": "d"}).messages] == [False, True, False, True]


def test_a_sharegpt_dialog_with_tools():
    record = {
        "system": "Be brief.",
        "tools": json.dumps([WEATHER.to_json()["function"]]),
        "conversations": [
            {"from": "human", "value": "Weather?"},
            {"from": "function_call", "value": '{"name": "weather", "arguments": {"city": "Elton"}}'},
            {"from": "observation", "value": "sunny"},
            {"from": "gpt", "value": "Sunny."},
        ],
    }
    dialog = parsed(record)
    assert dialog.tools == (WEATHER,)
    assert dialog.messages == (
        Message("system", "Be brief."),
        Message("user", "Weather?"),
        CALLED,
        Message("ipython", "sunny"),
        Message("assistant", "Sunny.", train=True),
    )


@pytest.mark.parametrize(
    ("record", "parts"),
    [
        (3, ["object"]),
        ({}, ["no keys", "messages", "conversations", "instruction"]),
        ({"text": "x", "source": "y"}, ["'text', 'source'", "known shapes"]),
        ({"prompt": "x"}, ["'prompt'", "completion"]),
        ({"messages": [], "prompt": "x", "completion": "y"}, ["messages or prompt-completion"]),
        ({"instruction": "x", "output": "y", "conversations": []}, ["sharegpt or alpaca"]),
        ({"chosen": "x", "rejected": "y", "prompt": "z"}, ["preferences", "messages"]),
        ({"rejected": "y", "messages": []}, ["preferences"]),
        ({f"key {i}" * 99: i for i in range(99)}, ["…"]),
        ({"conversations": {}}, ["non-empty list"]),
        ({"conversations": [{"from": "narrator", "value": "x"}]}, ["turn 1", "narrator", "human"]),
        ({"conversations": [{"from": ["x"], "value": "x"}]}, ["turn 1"]),
        ({"conversations": [{"role": "user", "content": "x"}]}, ["turn 1", "'value'"]),
        ({"conversations": [{"from": "function_call", "value": "{"}]}, ["turn 1", "JSON"]),
        ({"conversations": [{"from": "function_call", "value": "[]"}]}, ["turn 1"]),
        ({"conversations": [{"from": "system", "value": "x"}], "system": "y"}, ["twice"]),
        ({"conversations": [{"from": "human", "value": "x"}], "system": 3}, ["'system'"]),
        ({"prompt": [], "completion": "y"}, ["'prompt'"]),
        ({"prompt": "x", "completion": 3}, ["'completion'"]),
        ({"prompt": ["x"], "completion": "y"}, ["message 1"]),
        ({"instruction": 3, "output": "y"}, ["'instruction'"]),
        ({"instruction": "x", "output": ["y"]}, ["'output'"]),
        ({"instruction": "x", "output": "y", "history": ["z"]}, ["'history'"]),
        ({"instruction": "x", "output": "y", "history": [["a"]]}, ["'history'"]),
        ({"instruction": "x", "output": "y", "train": True}, ["'train'"]),
        ({"instruction": "x", "output": "y", "train": ["yes"]}, ["train"]),
        ({"instruction": "x", "output": "y", "tools": "[]"}, ["tools"]),
    ],
)
def test_what_is_no_dialog_or_could_be_two_is_refused_with_its_place(record, parts):
    refused(record, *parts)


@pytest.mark.parametrize(
    ("dialog", "shape", "part"),
    [
        (Dialog((ASK, CALLED)), "alpaca", "message 2 holds a call"),
        (Dialog((ASK, CALLED, Message("ipython", "sunny"), TELL)), "alpaca", "tool"),
        (Dialog((ASK, TELL), tools=(WEATHER,)), "alpaca", "tools"),
        (Dialog((ASK, TELL, ASK)), "alpaca", "in turn"),
        (Dialog((TELL,)), "alpaca", "in turn"),
        (Dialog((Message("system", ""), ASK, TELL)), "alpaca", "empty"),
        (Dialog((ASK, Message("assistant", "x", end="cut"))), "alpaca", "end"),
        (Dialog((ASK, Message("assistant", "x", rest="y"))), "sharegpt", "beside a call"),
        (Dialog((ASK, Message("assistant", "x", calls=CALLED.calls))), "sharegpt", "beside a call"),
        (Dialog((ASK, TELL, ASK)), "prompt-completion", "no completion"),
        (Dialog((TELL,)), "prompt-completion", "no prompt"),
    ],
)
def test_what_a_shape_has_no_words_for_is_said_and_not_dropped(dialog, shape, part):
    with pytest.raises(DataError, match=part):
        to_shape(dialog, shape)


def test_one_question_and_its_answer_are_bare_strings():
    assert to_shape(Dialog((ASK, TELL), "a"), "prompt-completion") == {"id": "a", "prompt": ASK.content, "completion": TELL.content}


RECORDS = [
    {"id": "a", "messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hö"}]},
    {"id": "b", "prompt": "Hi", "completion": "Ho"},
    {"id": "c", "conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Ho"}]},
    {"id": "d", "instruction": "Hi", "output": "Ho"},
]


def lines(records):
    return "".join(json.dumps(record) + "\n" for record in records).encode()


@pytest.mark.parametrize("name", ["d.jsonl", "d.json", "d.jsonl.gz", "d.jsonl.zst"])
def test_shapes_may_be_mixed_in_json_lines_plain_or_compressed(name, tmp_path):
    pack = {".gz": gzip.compress, ".zst": zstandard.compress}.get((tmp_path / name).suffix, bytes)
    (tmp_path / name).write_bytes(pack(lines(RECORDS)))
    read = list(read_dialogs(tmp_path / name))
    assert [where for where, _ in read] == [f"{tmp_path / name}:{i}" for i in (1, 2, 3, 4)]
    assert [dialog.id for _, dialog in read] == ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    "text", [lines(RECORDS).decode(), json.dumps(RECORDS), json.dumps(RECORDS, indent=2), lines(RECORDS * 2000).decode()]
)
def test_a_pipe_is_read_once_and_whole(text, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_text, args=[text])
    writer.start()
    read = [dialog.id for _, dialog in read_dialogs(tmp_path / "pipe")]
    writer.join()
    assert read == ["a", "b", "c", "d"] * (len(read) // 4)
    assert len(read) == text.count('"id"')


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("d.jsonl", lines(RECORDS * 500)),
        ("d.json", json.dumps(RECORDS * 500).encode()),
        ("d.jsonl.gz", gzip.compress(lines(RECORDS * 500))),
    ],
)
def test_a_meter_goes_from_nothing_to_the_whole_file(name, content, tmp_path):
    (tmp_path / name).write_bytes(content)
    meter, seen = Meter(), []
    for _ in read_records(tmp_path / name, meter=meter):
        seen.append(meter.num_bytes)
    assert seen == sorted(seen)
    assert 0 < seen[0] <= seen[-1] <= len(content)
    assert meter.num_bytes > 0.99 * len(content)
    assert name == "d.jsonl.gz" or seen[0] < 0.5 * len(content)


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("name", ["d.json", "d.jsonl"])
def test_a_json_array_is_read_under_either_name_and_knows_its_lines(name, indent, tmp_path):
    text = json.dumps(RECORDS, indent=indent)
    (tmp_path / name).write_text("\n \n" + text + "\n")
    read = list(read_dialogs(tmp_path / name))
    assert [dialog.id for _, dialog in read] == ["a", "b", "c", "d"]
    wanted = [3] * 4 if indent is None else [3 + i for i, line in enumerate(text.split("\n")) if line == "  {"]
    assert [where for where, _ in read] == [f"{tmp_path / name}:{line}" for line in wanted]


@pytest.mark.parametrize("text", ["[]", " [ ] \n"])
def test_an_empty_array_holds_no_dialogs(text, tmp_path):
    (tmp_path / "d.json").write_text(text)
    assert list(read_dialogs(tmp_path / "d.json")) == []


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ('[{"prompt": "a", "completion": "b"}\n{"prompt"', "d.json:1"),
        ('[\n{"prompt": "a", "completion": "b"},\n{"prompt": ', "d.json:3"),
        ('[{"prompt": "a", "completion": "b"}', "missing"),
        ('[{"prompt": "a", "completion": "b"},]', "d.json:1"),
        ('[{"prompt": "a", "completion": "b"}] x', "follows"),
        ("[" * 100_000, "d.json:1"),
        ('{"a"', "d.json:1"),
    ],
)
def test_damaged_json_is_refused_with_its_line(text, part, tmp_path):
    (tmp_path / "d.json").write_text(text)
    with pytest.raises(FormatError, match=part):
        list(read_dialogs(tmp_path / "d.json"))


def test_what_is_not_there_or_no_file_is_refused(tmp_path):
    with pytest.raises(FormatError, match="no such file"):
        list(read_dialogs(tmp_path / "none.jsonl"))
    with pytest.raises(FormatError, match="cannot be read"):
        list(read_dialogs(tmp_path))


def test_without_pyarrow_parquet_is_refused_in_one_line(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    (tmp_path / "d.parquet").write_bytes(b"PAR1")
    with pytest.raises(FormatError, match="pyarrow"):
        list(read_dialogs(tmp_path / "d.parquet"))


def test_parquet_is_read_where_pyarrow_is_there(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    rows = [{"messages": [{"role": "user", "content": "Hi", "train": None}, {"role": "assistant", "content": "Ho", "train": False}]}] * 2
    parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "d.parquet")
    read = list(read_dialogs(tmp_path / "d.parquet"))
    assert [where for where, _ in read] == [f"{tmp_path / 'd.parquet'}: row {i}" for i in (1, 2)]
    assert read[0][1].messages == (Message("user", "Hi"), Message("assistant", "Ho"))
    (tmp_path / "d.parquet").write_bytes((tmp_path / "d.parquet").read_bytes()[:-20])
    with pytest.raises(FormatError, match="cannot be read"):
        list(read_dialogs(tmp_path / "d.parquet"))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", ["out.jsonl", "out.jsonl.gz", "out.jsonl.zst"])
def test_an_exported_file_reads_as_the_same_dialogs(shape, name, tmp_path):
    dialogs = [Dialog((ASK, TELL), str(i)) for i in range(3)]
    assert export_dialogs(dialogs, tmp_path / name, shape) == 3
    assert [dialog for _, dialog in read_dialogs(tmp_path / name)] == dialogs


@pytest.mark.parametrize("content", ["a\ud800b", "\udfff"])
def test_an_export_that_fails_leaves_nothing(content, tmp_path):
    with pytest.raises(DataError, match="surrogate"):
        export_dialogs([Dialog((ASK, TELL)), Dialog((Message("user", content), TELL))], tmp_path / "out.jsonl", "messages")
    assert list(tmp_path.iterdir()) == []
