"""`puna tokenizer`: train on files, show the tokens of a text, and back."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys

import pytest
from transformers import AutoTokenizer

from puna.tokens import Tokenizer, train_bpe

TEXT = "The llama looked at the puna. It's 1234 metres up, said the llama; the grass isn't green!\n\n  Ünïcode and 日本語 too. 🦙🦙\n" * 20


def puna(*words, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "puna", "tokenizer", *map(str, words)]
    return subprocess.run(command, input=stdin, capture_output=True, check=False, timeout=120, env={**os.environ, "HF_HUB_OFFLINE": "1"})


def said(*words, stdin: bytes = b"") -> str:
    done = puna(*words, stdin=stdin)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("texts")
    (folder / "a.txt").write_text(TEXT)
    with gzip.open(folder / "b.jsonl.gz", "wt") as file:
        file.writelines(json.dumps({"text": text}) + "\n" for text in TEXT.split("\n\n"))
    return folder


@pytest.fixture(scope="module")
def made(texts, tmp_path_factory):
    out = tmp_path_factory.mktemp("made") / "tokenizer"
    shown = said("train", texts / "a.txt", texts / "b.jsonl.gz", "--vocab-size", 340, "--special", 16, "--out", out)
    assert "324 text and 16 special tokens" in shown
    return out


def test_train_writes_a_tokenizer_that_everyone_reads(made):
    tokenizer = Tokenizer.load(made)
    assert tokenizer.vocab_size == 340
    assert AutoTokenizer.from_pretrained(made)("The llama", add_special_tokens=False)["input_ids"] == tokenizer.encode("The llama")
    assert AutoTokenizer.from_pretrained(made).chat_template


def test_train_learns_the_same_from_files_in_any_order_and_from_a_directory(made, texts, tmp_path):
    for number, paths in enumerate(([texts / "b.jsonl.gz", texts / "a.txt"], [texts])):
        out = tmp_path / str(number)
        facts = json.loads(said("train", *paths, "--vocab-size", 340, "--special", 16, "--out", out, "--json"))
        assert facts["hash"] == Tokenizer.load(made).hash == Tokenizer.load(out).hash


def test_train_shows_how_far_it_is(texts, tmp_path):
    shown = puna("train", texts, "--vocab-size", 340, "--special", 16, "--out", tmp_path / "out").stderr.decode()
    size = sum(file.stat().st_size for file in texts.iterdir())
    assert f"reading: {size:,} of {size:,} bytes" in shown
    assert "learning merges: 324 of 324 tokens" in shown


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["train", "absent.txt", "--vocab-size", "600", "--out", "new"], "absent.txt: no such file"),
        (["train", "TEXTS", "--vocab-size", "300", "--out", "new"], "too small"),
        (["train", "TEXTS", "--vocab-size", "100000", "--out", "new"], "too small for 100000 tokens"),
        (["train", "TEXTS", "--vocab-size", "100000000000", "--out", "new"], "cannot yield more than"),
        (["train", "TEXTS", "--vocab-size", "340", "--out", "TEXTS"], "is there already"),
        (["train", "TEXTS", "--vocab-size", "270", "--special", "3", "--out", "new"], "at least 10"),
        (["encode", "a", "--tokenizer", "absent"], "absent: no such file"),
        (["encode", "a", "--tokenizer", "TEXTS"], "tokenizer.json: no such file"),
        (["encode", "a", "--tokenizer", "MADE", "--file", "TEXTS"], "not both"),
        (["encode", "--tokenizer", "MADE", "--file", "absent"], "absent: cannot be read"),
        (["decode", "340", "--tokenizer", "MADE"], "outside this tokenizer's vocabulary of 340"),
        (["decode", "-3", "--tokenizer", "MADE"], "-3"),
        (["decode", "x", "--tokenizer", "MADE"], "'x' is no token id"),
    ],
)
def test_what_is_wrong_is_one_line_and_leaves_nothing(words, part, texts, made, tmp_path):
    done = puna(*[{"TEXTS": texts, "MADE": made, "new": tmp_path / "new"}.get(word, word) for word in words])
    assert done.returncode == 2
    error = [line for line in done.stderr.decode().splitlines() if line.startswith("puna:")]
    assert len(error) == 1
    assert part in error[0]
    assert b"Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_size_beyond_any_that_the_text_can_yield_is_refused_before_learning(texts, tmp_path):
    done = puna("train", texts, "--vocab-size", "100000000000", "--special", 16, "--out", tmp_path / "new")
    assert b"learning merges" not in done.stderr


def test_train_fills_an_empty_directory_and_leaves_links_alone(texts, tmp_path):
    (tmp_path / "empty").mkdir()
    said("train", texts, "--vocab-size", 340, "--special", 16, "--out", tmp_path / "empty")
    assert Tokenizer.load(tmp_path / "empty").vocab_size == 340
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    done = puna("train", texts, "--vocab-size", 340, "--special", 16, "--out", tmp_path / "link")
    assert (done.returncode, b"is there already" in done.stderr, b"reading" in done.stderr) == (2, True, False)


def test_without_a_verb_it_shows_its_help():
    done = puna()
    assert (done.returncode, done.stderr) == (0, b"")
    assert all(verb in done.stdout for verb in (b"train", b"encode", b"decode"))


@pytest.mark.parametrize("verb", ["encode", "decode"])
def test_a_name_in_the_hub_cache_is_looked_up(verb):
    pytest.importorskip("huggingface_hub")
    done = puna(verb, "1", "-t", "hf://puna-test/never-fetched")
    assert done.returncode == 2
    assert done.stderr.startswith(b"puna: hf://puna-test/never-fetched: not in the cache")


def test_what_encode_shows_cannot_move_the_cursor(texts, tmp_path):
    train_bpe(["\x9b\x9b\x1b \u202e the llama" * 99], vocab_size=276, num_special=16).save(tmp_path)
    shown = said("encode", "\x9b\x1b \u202e", "-t", tmp_path)
    assert all(character.isprintable() or character == "\n" for character in shown)
    assert "\\x9b" in shown


def test_encode_shows_ids_and_pieces_and_bytes_per_token(made):
    tokenizer = Tokenizer.load(made)
    ids = tokenizer.encode("The llama <|eot_id|> \u00ff")
    lines = said("encode", "The llama <|eot_id|> \u00ff", "--tokenizer", made, "--bos").splitlines()
    assert [int(line.split()[0]) for line in lines[:-1]] == [tokenizer.bos_id, *ids]
    assert lines[0].split() == [str(tokenizer.bos_id), "<|begin_of_text|>"]
    assert lines[-1].startswith(f"{len(ids) + 1} tokens, 23 bytes, ")
    assert any("<C3>" in line for line in lines)


@pytest.mark.parametrize("data", [TEXT.encode(), b"", b"broken \xff\xfe \xf0\x9f end", "🦙\n".encode()])
def test_encode_reads_standard_input_and_files_byte_for_byte(made, tmp_path, data):
    file = tmp_path / "text"
    file.write_bytes(data)
    answers = [
        json.loads(said("encode", "-t", made, "--json", stdin=data)),
        json.loads(said("encode", "-t", made, "--json", "--file", file)),
    ]
    assert answers[0] == answers[1]
    assert Tokenizer.load(made).decode_bytes(answers[0]["ids"]) == data
    assert b"".join(bytes.fromhex(token["bytes"]) for token in answers[0]["tokens"]) == data


def test_decode_undoes_encode(made):
    ids = Tokenizer.load(made).encode("the 日本 llama")
    assert said("decode", *ids, "-t", made) == "the 日本 llama\n"
    assert json.loads(said("decode", "-t", made, "--json", stdin=str(ids).encode())) == {"text": "the 日本 llama"}
    piped = said("encode", "the 日本 llama", "-t", made, "--json").encode()
    assert said("decode", "-t", made, stdin=piped) == "the 日本 llama\n"


def test_a_large_text_is_read_as_a_stream(tmp_path):
    """The trainer holds distinct pieces, not the text."""
    line = "the llama looked at the puna and went on " * 20 + "\n\n"
    code = (
        "import resource, sys; from puna.commands import main\n"
        "try: main()\n"
        "finally: print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, file=sys.stderr)"
    )

    def peak(lines: int) -> int:
        text, out = tmp_path / f"{lines}.txt", tmp_path / f"out{lines}"
        text.write_text(line * lines)
        words = ["tokenizer", "train", str(text), "--vocab-size", "290", "--special", "16", "--out", str(out)]
        done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True, timeout=300)
        assert train_bpe([line], vocab_size=290, num_special=16).hash == Tokenizer.load(out).hash
        return int(done.stderr.splitlines()[-1])

    assert peak(30_000) - peak(100) < 10  # MB, for 25 MB of text
