"""The corpus stage: outputs, split, determinism, refusals."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from puna import files
from puna.corpus.build import CorpusSettings, build, side_of
from puna.corpus.world.settings import WorldSettings
from puna.errors import ConfigError, PunaError
from puna.progress import Silent
from puna.records import Dialog, Document, Question
from puna.settings import parse

SMALL = {"characters": 200_000, "world": {"num_dialogs": 50, "num_sum_questions": 20}}


def made(out: Path, *, seed: int = 1, **changes):
    values = SMALL | changes
    if "source" in changes:
        del values["world"]
    return build(parse(CorpusSettings, values, where="test"), seed=seed, out=out, progress=Silent())


def contents(out: Path) -> dict[str, bytes]:
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}


def read(path: Path) -> list:
    return [value for _, value in files.read_jsonl(path)]


def test_the_world_is_written_whole_and_its_records_are_the_nouns(tmp_path):
    figures = made(tmp_path)
    assert set(contents(tmp_path)) == {
        "train.jsonl",
        "heldout.jsonl",
        "truth.jsonl",
        "dialogs.jsonl",
        *(f"questions/{task}.jsonl" for task in ("facts", "sums", "code", "puzzles")),
    }
    for name, kind in {
        "train": Document,
        "heldout": Document,
        "dialogs": Dialog,
        "questions/facts": Question,
        "questions/sums": Question,
    }.items():
        records = [kind.from_json(value, where=where) for where, value in files.read_jsonl(tmp_path / f"{name}.jsonl")]
        assert records
    assert figures.documents["train"] == len(read(tmp_path / "train.jsonl"))
    assert figures.documents["heldout"] == len(read(tmp_path / "heldout.jsonl"))
    assert figures.characters.total() >= 200_000
    assert figures.kinds.total() == figures.documents["train"]
    assert json.loads(json.dumps(figures.to_json()))["questions"] == {"facts": 72, "sums": 20, "code": 100, "puzzles": 100}


def test_same_seed_same_bytes_other_seed_other_bytes(tmp_path):
    for name, seed in {"a": 1, "b": 1, "c": 2}.items():
        made(tmp_path / name, seed=seed)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert contents(tmp_path / "a")["train.jsonl"] != contents(tmp_path / "c")["train.jsonl"]


def test_truth_stays_out_of_the_records_and_covers_every_document(tmp_path):
    made(tmp_path)
    truth = {record["id"]: record for record in read(tmp_path / "truth.jsonl")}
    for side in ("train", "heldout"):
        for record in read(tmp_path / f"{side}.jsonl"):
            assert truth[record["id"]]["side"] == side
            assert set(record) == {"id", "text", "source", "metadata", "scores"}
            assert record["metadata"] == record["scores"] == {}
    heldout = [truth[record["id"]] for record in read(tmp_path / "heldout.jsonl")]
    assert {record["quality"] for record in heldout} == {"good"}
    assert {record["format"] for record in heldout} == {"text"}


def test_no_text_and_no_copy_of_a_text_lies_on_both_sides(tmp_path):
    made(tmp_path, world={"junk": 0.5, "num_dialogs": 1, "people": 8, "values": 4})
    heldout = read(tmp_path / "heldout.jsonl")
    trained = read(tmp_path / "train.jsonl")
    assert not {record["text"] for record in heldout} & {record["text"] for record in trained}
    ids = {record["id"] for record in heldout}
    truth = {record["id"]: record for record in read(tmp_path / "truth.jsonl")}
    assert not any(truth[record["id"]]["duplicate_of"] in ids for record in trained)


def test_planted_items_are_in_the_training_set_and_counted(tmp_path):
    figures = made(tmp_path, world={"leaks": 0.1, "leak_every": 10, "num_dialogs": 1})
    trained = " ".join(record["text"] for record in read(tmp_path / "train.jsonl"))
    planted = {item for record in read(tmp_path / "truth.jsonl") for item in record["leaks"]}
    items = [record for path in (tmp_path / "questions").iterdir() for record in read(path)]
    assert figures.leaked == len(planted) > 20
    assert {record["id"] for record in items if record["prompt"] in trained} == planted


def test_a_larger_corpus_only_adds_to_both_sides(tmp_path):
    made(tmp_path / "small")
    made(tmp_path / "large", characters=400_000)
    for side in ("train", "heldout"):
        small, large = ((tmp_path / size / f"{side}.jsonl").read_bytes() for size in ("small", "large"))
        assert large.startswith(small)
        assert len(large) > len(small)


def test_the_heldout_share_is_about_what_was_asked_for():
    share = sum(side_of(f"text {i}", 0.2) == "heldout" for i in range(4000)) / 4000
    assert share == pytest.approx(0.2, abs=0.03)


def test_documents_can_be_counted_instead(tmp_path):
    figures = made(tmp_path, characters=None, documents=300)
    assert figures.documents.total() == 300


@pytest.mark.parametrize(("name", "at_least"), [("wikitext2_valid.txt", 300), ("tinyshakespeare.txt", 300)])
def test_real_text_is_kept_but_for_blank_lines(shared_data, tmp_path, name, at_least):
    figures = made(tmp_path, source=str(shared_data / name), characters=None)
    assert set(contents(tmp_path)) == {"train.jsonl", "heldout.jsonl"}
    assert figures.documents.total() >= at_least
    assert figures.documents["heldout"] >= 5
    wanted = sorted(line for line in (shared_data / name).read_text(encoding="utf-8").split("\n") if line.strip())
    kept = [line for side in ("train", "heldout") for record in read(tmp_path / f"{side}.jsonl") for line in record["text"].split("\n")]
    assert sorted(line for line in kept if line.strip()) == wanted


def test_the_limit_holds_for_real_text_too_and_empty_documents_are_counted(tmp_path):
    lines = [json.dumps({"text": f"document {i} " * 20}) for i in range(300)] + ['{"text": "  "}']
    (tmp_path / "a.jsonl").write_text("\n".join(["", *reversed(lines)]))
    figures = made(tmp_path / "out", source=str(tmp_path / "a.jsonl"), characters=None, documents=200)
    assert figures.documents.total() == 200
    assert figures.empty == 1


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the corpus is empty"),
        (b" \n\n \n", "the corpus is empty"),
        (b"only one document", "none is (held out|left)"),
        (b"bad \xff", "UTF-8"),
    ],
)
def test_text_that_makes_no_corpus_is_refused_and_leaves_nothing(tmp_path, data, message):
    (tmp_path / "a.txt").write_bytes(data)
    with pytest.raises(PunaError, match=message) as caught:
        made(tmp_path / "out", source=str(tmp_path / "a.txt"))
    assert "\n" not in str(caught.value)
    assert contents(tmp_path / "out") == {}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"sauce": "world"}, "did you mean 'source'"),
        ({"world": {"poeple": 3}}, "did you mean 'people'"),
        ({"heldout": 0}, "heldout"),
        ({"world": {"people": 1000}}, "people"),
        ({"world": {"people": 9, "values": 5}}, "too few for 5 values"),
    ],
)
def test_settings_that_make_no_sense_are_refused(values, message):
    with pytest.raises(PunaError, match=message):
        parse(CorpusSettings, values, where="test")


def test_default_settings_are_valid():
    assert CorpusSettings().world == WorldSettings()


def test_what_shapes_the_world_is_not_written_down_for_real_text():
    settings = parse(CorpusSettings, {"source": "notes.txt", "world": {"people": 12}}, where="test")
    assert "world" not in settings.model_dump(mode="json")
    settings = parse(CorpusSettings, {"source": "notes.txt"}, where="test")
    assert parse(CorpusSettings, settings.model_dump(mode="json"), where="test") == settings
    assert "world" in parse(CorpusSettings, {}, where="test").model_dump()


def test_the_home_of_nobody_is_refused():
    with pytest.raises(ConfigError, match="nobody-of-this-name"):
        parse(CorpusSettings, {"source": "~nobody-of-this-name/text"}, where="test")
