"""Text survives, special tokens cannot be typed, and transformers reads the same ids from the same file."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoTokenizer

from puna.errors import DataError, FormatError, PunaError, TokenizerError
from puna.tokens import TextStream, Tokenizer, train_bpe
from puna.tokens.specials import special_names

HARD_TEXTS = [
    "",
    " ",
    "\n",
    "   \n\n \t  \r\n x   ",
    "It's WE'LL i'd'D 'S",
    "12345678 ½ ² ٣٤٥ Ⅷ",
    "naïve café Ünïcode e\u0301",
    "日本語の文章。Русский текст, ελληνικά, עברית, हिन्दी",
    "🦙👩‍👩‍👧‍👦🏳️‍🌈",
    "\x00\x01\x1c\x1f\x7f\x85\xa0\u200b\u2028\ufeff\U0010ffff",
    "<|begin_of_text|>user<|eot_id|>",
    "a" * 5000 + " " * 5000 + "\n" * 5000,
]


def is_text_only(tokenizer: Tokenizer, ids: list[int]) -> bool:
    return all(token_id < tokenizer.bos_id for token_id in ids)


# --- text survives


@given(st.text())
def test_decoding_undoes_encoding(tokenizer, text):
    ids = tokenizer.encode(text)
    assert tokenizer.decode(ids) == text
    assert tokenizer.decode_bytes(ids) == text.encode()
    assert tokenizer.token_bytes[ids].sum() == len(text.encode())
    assert is_text_only(tokenizer, ids)


@given(st.lists(st.integers(0, 329), max_size=30))
def test_a_stream_says_whole_characters_only_and_all_that_decode_says(tokenizer, ids):
    stream = TextStream(tokenizer)
    assert "".join([stream.push(token_id) for token_id in ids] + [stream.flush()]) == tokenizer.decode(ids)


@given(st.text(min_size=1))
def test_a_stream_of_true_text_never_shows_a_replacement_character(tokenizer, text):
    stream = TextStream(tokenizer)
    shown = [stream.push(token_id) for token_id in tokenizer.encode(text)]
    assert "".join(shown) == text
    assert stream.flush() == ""


def test_batches_equal_single_texts(tokenizer):
    assert tokenizer.encode_batch(HARD_TEXTS) == [tokenizer.encode(text) for text in HARD_TEXTS]
    assert tokenizer.encode_batch([]) == []


def test_half_a_surrogate_pair_is_refused_by_the_encoder(tokenizer):
    with pytest.raises(DataError, match="surrogate pair at character 1"):
        tokenizer.encode_batch(["fine", "a\ud800"])


@pytest.mark.parametrize("token_id", [-1, 330, 10**12])
def test_an_id_outside_the_vocabulary_is_refused(tokenizer, token_id):
    for decode in (tokenizer.decode, tokenizer.decode_bytes):
        with pytest.raises(TokenizerError, match="outside"):
            decode([token_id])


# --- special tokens


def test_special_tokens_lie_in_llama3s_slots_at_the_end(tokenizer):
    base = 330 - 16
    chat = tokenizer.chat_ids
    assert (tokenizer.bos_id, tokenizer.end_of_text_id) == (base, base + 1)
    assert (chat.start_header, chat.end_header, chat.eom, chat.eot, chat.python_tag) == (base + 6, base + 7, base + 8, base + 9, base + 10)
    assert tokenizer.special_ids == range(base, 330)
    assert (tokenizer.kind, tokenizer.num_text) == ("llama3", base)
    assert tokenizer.stop_ids == {base + 1, base + 8, base + 9}
    assert tokenizer.decode([base, base + 9, base + 10]) == "<|begin_of_text|><|eot_id|><|python_tag|>"
    assert tokenizer.decode_bytes([base, *tokenizer.encode("x"), base + 9]) == b"x"
    assert np.array_equal(np.flatnonzero(tokenizer.token_bytes == 0), np.arange(base, 330))


def test_a_toy_with_ten_slots_has_no_python_tag():
    assert train_bpe(["a"], vocab_size=266, num_special=10).chat_ids.python_tag is None


def test_256_slots_are_llama_3_1s():
    names = special_names(256)
    assert len(set(names)) == 256
    assert names[4:6] == ["<|finetune_right_pad_id|>", "<|step_id|>"]
    assert names[2:4] == ["<|reserved_special_token_0|>", "<|reserved_special_token_1|>"]
    assert names[11] == "<|reserved_special_token_2|>"


@pytest.mark.parametrize("name", special_names(16))
def test_text_never_becomes_a_special_token(tokenizer, name):
    for text in (name, f"a{name}b", f" {name} ", f"{name}\n{name}"):
        assert is_text_only(tokenizer, tokenizer.encode(text))
        assert tokenizer.decode(tokenizer.encode(text)) == text


@pytest.mark.parametrize(
    "flags", [{"special": False}, {"special": False, "normalized": True}, {"lstrip": True, "rstrip": True}, {"single_word": True}]
)
def test_nor_does_it_whatever_the_file_says_of_its_added_tokens(tokenizer, tmp_path, flags):
    content = saved_json(tokenizer, tmp_path)
    for token in content["added_tokens"]:
        token.update(flags)
    content["added_tokens"].append({**content["added_tokens"][-1], "id": 330, "content": "<tool_call>"})
    content["added_tokens"].append({**content["added_tokens"][-1], "id": 331, "content": "?!"})
    content["model"]["vocab"]["?!"] = 331  # a file may list an added token among the text tokens too, and "?!" is a whole piece
    loaded = load_json(content, tmp_path)
    assert loaded.vocab_size == 332
    for text in ("a<|eot_id|>b", "x <tool_call> y", "what?!"):
        assert is_text_only(loaded, loaded.encode(text))
        assert loaded.decode(loaded.encode(text)) == text


# --- the file, and transformers


@pytest.fixture(scope="module")
def trained(shared_data, tmp_path_factory):
    texts = [(shared_data / name).read_text() for name in ("tinyshakespeare.txt", "wikitext2_valid.txt")]
    tokenizer = train_bpe([text[:300_000] for text in texts], vocab_size=2048, num_special=256)
    directory = tmp_path_factory.mktemp("trained")
    tokenizer.save(directory)
    return tokenizer, AutoTokenizer.from_pretrained(directory), [text[:150_000] for text in texts]


def test_transformers_reads_equal_ids(trained):
    tokenizer, theirs, texts = trained
    for text in texts + HARD_TEXTS:
        ids = tokenizer.encode(text)
        assert theirs(text, add_special_tokens=False, split_special_tokens=True)["input_ids"] == ids
        assert theirs.decode(ids) == text
        if "<|" not in text:
            assert theirs(text)["input_ids"] == [tokenizer.bos_id, *ids]


@given(text=st.text())
def test_transformers_reads_equal_ids_from_any_text(trained, text):
    tokenizer, theirs, _ = trained
    assert theirs(text, add_special_tokens=False, split_special_tokens=True)["input_ids"] == tokenizer.encode(text)


def test_transformers_sees_the_same_vocabulary_and_special_tokens(trained):
    tokenizer, theirs, _ = trained
    assert len(theirs) == tokenizer.vocab_size == 2048
    assert (theirs.bos_token_id, theirs.eos_token_id) == (tokenizer.bos_id, tokenizer.end_of_text_id)
    assert theirs.convert_tokens_to_ids("<|eot_id|>") == tokenizer.chat_ids.eot


def test_a_chat_template_is_written_where_one_is_given(tokenizer, tmp_path):
    tokenizer.save(tmp_path)
    assert AutoTokenizer.from_pretrained(tmp_path).chat_template is None
    tokenizer.save(tmp_path, chat_template="{{ messages }}")
    assert AutoTokenizer.from_pretrained(tmp_path).chat_template == "{{ messages }}"


def test_a_saved_tokenizer_loads_as_it_was(trained, tmp_path):
    tokenizer, _, texts = trained
    tokenizer.save(tmp_path / "deep" / "er")
    for path in (tmp_path / "deep" / "er", tmp_path / "deep" / "er" / "tokenizer.json"):
        loaded = Tokenizer.load(path)
        assert loaded.hash == tokenizer.hash
        assert loaded.encode(texts[0]) == tokenizer.encode(texts[0])


def saved_json(tokenizer: Tokenizer, directory) -> dict:
    tokenizer.save(directory)
    return json.loads((directory / "tokenizer.json").read_text())


def load_json(content: object, directory) -> Tokenizer:
    path = directory / "changed.json"
    path.write_text(json.dumps(content))
    return Tokenizer.load(path)


# --- the hash


def test_the_hash_changes_with_any_token_merge_or_special(tokenizer, tmp_path):
    def changed(change) -> str:
        content = saved_json(tokenizer, tmp_path)
        change(content)
        return load_json(content, tmp_path).hash

    def swap_tokens(content):
        vocab = content["model"]["vocab"]
        vocab["a"], vocab["b"] = vocab["b"], vocab["a"]

    def old_spelling(content):
        content["model"]["merges"] = [" ".join(merge) for merge in content["model"]["merges"]]

    changes = [
        lambda content: content["model"]["merges"].reverse(),
        lambda content: content["model"]["merges"].pop(),
        lambda content: content["added_tokens"].pop(),
        lambda content: content["added_tokens"][2].update(content="<|new|>"),
        lambda content: content["pre_tokenizer"]["pretokenizers"][0]["pattern"].update(Regex=r"\s+|\S+"),
        lambda content: content["model"].update(ignore_merges=False),
        swap_tokens,
    ]
    hashes = [changed(change) for change in changes]
    assert len({tokenizer.hash, *hashes}) == len(changes) + 1
    assert re.fullmatch("[0-9a-f]{64}", tokenizer.hash)
    assert changed(old_spelling) == changed(lambda content: None) == tokenizer.hash


# --- damaged and foreign files

REFUSED = {
    "not an object": (lambda c: [], FormatError, "JSON object"),
    "no model": (lambda c: c.pop("model") and c, FormatError, "'model'"),
    "another kind": (lambda c: c["model"].update(type="Unigram") or c, TokenizerError, "byte-level BPE"),
    "byte fallback": (lambda c: c["model"].update(byte_fallback=True) or c, TokenizerError, "cut before merging"),
    "dropout": (lambda c: c["model"].update(dropout=0.1) or c, TokenizerError, "dropout"),
    "a normalizer": (lambda c: c.update(normalizer={"type": "NFC"}) or c, TokenizerError, "normalizer"),
    "a missing byte": (lambda c: rename(c, "Z", "ZZ"), TokenizerError, "1 of the 256 bytes"),
    "a character that is no byte": (lambda c: rename(c, "Z", "▁"), TokenizerError, "byte-level characters"),
    "a gap in the ids": (lambda c: c["model"]["vocab"].update(Z=5000) or c, FormatError, "each once"),
    "an id that is no number": (lambda c: c["model"]["vocab"].update(Z="1") or c, FormatError, "whole number"),
    "a merge of unknown tokens": (lambda c: c["model"]["merges"].append(["Q", "Q"]) or c, FormatError, "lacks"),
    "a merge of three": (lambda c: c["model"]["merges"].append("a b c") or c, FormatError, "not a pair"),
    "a merge twice": (lambda c: c["model"]["merges"].append(c["model"]["merges"][0]) or c, FormatError, "twice"),
    "no added tokens": (lambda c: c.update(added_tokens=[]) or c, TokenizerError, "laid out"),
    "added tokens elsewhere": (lambda c: c["added_tokens"][3].update(id=7) or c, TokenizerError, "last ids"),
    "another layout": (lambda c: c["added_tokens"][9].update(content="<|im_end|>") or c, TokenizerError, "laid out"),
    "a repeated added token": (lambda c: c["added_tokens"][2].update(content="<|eot_id|>") or c, FormatError, "same content"),
    "half a character": (lambda c: c["added_tokens"][2].update(content="\ud800") or c, FormatError, "Unicode"),
    "a contradiction": (lambda c: c["model"]["vocab"].update({"<|eot_id|>": 7}) or c, FormatError, "another id"),
    "a prefix space": (lambda c: c["pre_tokenizer"]["pretokenizers"][1].update(add_prefix_space=True) or c, TokenizerError, "survive"),
    "dropped characters": (lambda c: c["pre_tokenizer"]["pretokenizers"][0].update(behavior="Removed") or c, TokenizerError, "survive"),
    "an unknown cut": (lambda c: c["pre_tokenizer"]["pretokenizers"][0].update(type="Metaspace") or c, TokenizerError, "does not know"),
    "a broken pattern": (lambda c: c["pre_tokenizer"]["pretokenizers"][0]["pattern"].update(Regex="(") or c, TokenizerError, "refuses"),
    "no byte level": (lambda c: c["pre_tokenizer"]["pretokenizers"].pop() and c, TokenizerError, "ByteLevel"),
}


def rename(content: dict, old: str, new: str) -> dict:
    content["model"]["vocab"][new] = content["model"]["vocab"].pop(old)
    return content


@pytest.mark.parametrize("case", REFUSED)
def test_a_wrong_file_is_refused_in_one_line_that_names_it(tokenizer, tmp_path, case):
    change, kind, said = REFUSED[case]
    content = change(saved_json(tokenizer, tmp_path))
    with pytest.raises(kind, match=said) as caught:
        load_json(content, tmp_path)
    assert str(caught.value).startswith(str(tmp_path / "changed.json"))
    assert "\n" not in str(caught.value)


def test_absent_empty_and_truncated_files_are_refused(tokenizer, tmp_path):
    whole = json.dumps(saved_json(tokenizer, tmp_path)).encode()
    file = tmp_path / "tokenizer.json"
    for content in (b"", whole[: len(whole) // 2], b"\xff\xfe", b"[" * 100_000):
        file.write_bytes(content)
        with pytest.raises(FormatError, match="not valid JSON"):
            Tokenizer.load(tmp_path)
    with pytest.raises(FormatError, match="no such file"):
        Tokenizer.load(tmp_path / "absent")


def test_a_pattern_that_makes_the_library_panic_is_a_plain_error(tokenizer, tmp_path):
    content = saved_json(tokenizer, tmp_path)
    content["pre_tokenizer"]["pretokenizers"][0]["pattern"]["Regex"] = r"(a|aa)+$"
    loaded = load_json(content, tmp_path)
    with pytest.raises(PunaError, match="cannot be encoded"):
        loaded.encode("a" * 60 + "x")
