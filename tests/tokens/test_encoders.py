"""Both libraries give tiktoken's ids, from any text, of any length."""

from __future__ import annotations

import base64
import json
import random
import re
import time
import unicodedata

import gigatoken
import pytest
import tiktoken
from hypothesis import example, given, settings
from hypothesis import strategies as st

from puna.errors import DataError, TokenizerError
from puna.tokens import Tokenizer, encoders, long_text
from puna.tokens.bytelevel import LLAMA3_PATTERN, LLAMA3_PRE_TOKENIZER
from puna.tokens.definition import ByteLevelDefinition

LIBRARIES = ("gigatoken", "tokenizers")

HOSTILE = st.text(
    st.sampled_from("aAsStTdDlLmMrReEvVſé'’ \t\n\r\x00\x1c\x1f\x85\xa0\u2028\u3000019½٣日🦙!?.-_\u0301\u200d\ufeff\U00011de3\U00016ff5")
)
"""Whatever the cutting rule tells apart, close together."""


@pytest.fixture(scope="module")
def reference(shared_data) -> tiktoken.Encoding:
    lines = (shared_data / "llama3_tokenizer.model").read_bytes().splitlines()
    ranks = {base64.b64decode(token): int(rank) for token, rank in (line.split() for line in lines)}
    return tiktoken.Encoding("llama3", pat_str=LLAMA3_PATTERN, mergeable_ranks=ranks, special_tokens={})


@pytest.fixture(scope="module")
def both(shared_data) -> dict[str, Tokenizer]:
    return {library: Tokenizer.load(shared_data / "llama3_tokenizer.model", library=library) for library in LIBRARIES}


def ids_of_all(both: dict[str, Tokenizer], text: str) -> list[list[int]]:
    return [ids for tokenizer in both.values() for ids in (tokenizer.encode(text), tokenizer.encode_batch(["x", text])[1])]


def assert_equal_ids(both, text, expected) -> None:
    for ids in ids_of_all(both, text):
        assert ids == expected


def test_the_library_asked_for_works(both):
    assert [tokenizer.library for tokenizer in both.values()] == list(LIBRARIES)


def test_the_golden_ids(both):
    for tokenizer in both.values():
        assert tokenizer.vocab_size == 128_256
        assert tokenizer.stop_ids == {128_001, 128_008, 128_009}
        assert tokenizer.encode("This is a test sentence.") == [2028, 374, 264, 1296, 11914, 13]
        assert [tokenizer.encode(word) for word in ("\n\n", "user", "system", "assistant")] == [[271], [882], [9125], [78191]]
        assert max(tokenizer.encode("a<|begin_of_text|>b<|eot_id|>")) < tokenizer.num_text


@pytest.mark.parametrize("name", ["tinyshakespeare.txt", "wikitext2_test.txt", "gsm8k_test.jsonl", "articles_truth.jsonl"])
def test_real_text_gives_tiktokens_ids(both, reference, shared_data, name):
    text = (shared_data / name).read_text()
    assert_equal_ids(both, text, reference.encode_ordinary(text))


@settings(deadline=None)
@given(st.text())
def test_any_text_gives_tiktokens_ids(both, reference, text):
    assert_equal_ids(both, text, reference.encode_ordinary(text))


@settings(deadline=None)
@given(HOSTILE)
@example("'ſ'S'Ll'LLx 'rE\u00a0\n \n\U00011de3\U00011de412345")
def test_hostile_text_gives_tiktokens_ids(both, reference, text):
    assert_equal_ids(both, text, reference.encode_ordinary(text))


@pytest.mark.slow
def test_every_character_there_is_gives_tiktokens_ids(both, reference):
    characters = [chr(code) for code in range(0x110000) if not 0xD800 <= code <= 0xDFFF]
    texts = ["".join(f"a{char}1{char} {char}!" for char in characters[i : i + 2048]) for i in range(0, len(characters), 2048)]
    expected = [reference.encode_ordinary(text) for text in texts]
    for tokenizer in both.values():
        assert tokenizer.encode_batch(texts) == expected


def test_tokens_that_can_be_cut_in_two_ways_side_by_side_give_tiktokens_ids(both, reference):
    """Where one token has several merges, libraries might disagree on which comes first."""
    draw = random.Random(0)
    tokens = [token.decode(errors="ignore") for token in reference.token_byte_values()]
    by_kind = [[token for token in tokens if token.isalpha()], [token for token in tokens if token and token.isspace()],
               [token for token in tokens if token and not token.isalnum() and not token.isspace()]]  # fmt: skip
    texts = ["".join(draw.choices(kind, k=40)) for _ in range(2_000) for kind in by_kind]
    expected = [reference.encode_ordinary(text) for text in texts]
    for tokenizer in both.values():
        assert tokenizer.encode_batch(texts) == expected


@pytest.mark.parametrize("by_id", [True, False])
def test_small_vocabularies_with_merges_in_any_order_give_both_libraries_equal_ids(by_id):
    letters = [chr(code) for code in [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x144)]]
    for seed in range(100):
        draw = random.Random(seed)
        words = sorted({"".join(draw.choices("abc", k=draw.randint(2, 5))) for _ in range(draw.choice((4, 8, 14)))})
        draw.shuffle(words)
        known = {*words, *"abc"}
        merges = [(word[:i], word[i:]) for word in words for i in range(1, len(word)) if word[:i] in known and word[i:] in known]
        if not by_id:
            draw.shuffle(merges)
        definition = ByteLevelDefinition(letters + words, merges, ["<s>"] * 10, LLAMA3_PRE_TOKENIZER, ignore_merges=draw.random() < 0.7)
        ours = [Tokenizer(definition, library=library) for library in LIBRARIES]
        texts = ["".join(draw.choices("abc", k=length)) for length in (3, 6, 12, 30, 90, 200)]
        assert ours[0].encode_batch(texts) == ours[1].encode_batch(texts)


@settings(deadline=None)
@given(st.lists(HOSTILE, max_size=5))
def test_batches_equal_single_texts(both, texts):
    for tokenizer in both.values():
        assert tokenizer.encode_batch(texts) == [tokenizer.encode(text) for text in texts]


def test_what_gigatoken_remembers_is_forgotten_in_time_and_ids_stay(both, shared_data, monkeypatch):
    text = (shared_data / "tinyshakespeare.txt").read_text()[:100_000]
    monkeypatch.setattr(encoders, "REBUILD", 0)
    tokenizer = Tokenizer.load(shared_data / "llama3_tokenizer.model", library="gigatoken")
    before = tokenizer._encoder._main._inner
    for _ in range(3):
        assert tokenizer.encode(text) == both["tokenizers"].encode(text)
    assert tokenizer._encoder._main._inner is not before


def with_rule(pre_tokenizer, **library) -> Tokenizer:
    letters = [chr(code) for code in [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x144)]]
    return Tokenizer(ByteLevelDefinition(letters, [], ["<s>"] * 10, pre_tokenizer, ignore_merges=True), **library)


def changed_rule(change) -> dict:
    rule = json.loads(json.dumps(LLAMA3_PRE_TOKENIZER))
    change(rule["pretokenizers"])
    return rule


OTHER_RULES = {
    "another expression": lambda parts: parts[0]["pattern"].update(Regex=LLAMA3_PATTERN.replace("{1,3}", "{1,2}")),
    "a rule before": lambda parts: parts.insert(0, {"type": "Digits", "individual_digits": True}),
    "a string": lambda parts: parts.insert(0, {"type": "Split", "pattern": {"String": "a"}, "behavior": "Isolated", "invert": False}),
    "another behaviour": lambda parts: parts[0].update(behavior="MergedWithNext"),
    "inverted": lambda parts: parts[0].update(invert=True),
    "a second cut": lambda parts: parts[1].update(use_regex=True),
}


@pytest.mark.parametrize("name", OTHER_RULES)
def test_a_rule_that_gigatoken_does_not_follow_goes_to_tokenizers(name):
    rule = changed_rule(OTHER_RULES[name])
    assert with_rule(LLAMA3_PRE_TOKENIZER).library == "gigatoken"
    assert with_rule(rule).library == "tokenizers"
    with pytest.raises(TokenizerError, match="does not know"):
        with_rule(rule, library="gigatoken")


def test_gigatoken_itself_refuses_an_expression_that_it_does_not_know():
    rule = changed_rule(OTHER_RULES["another expression"])
    content = {"model": {"type": "BPE", "vocab": {chr(i): i for i in range(0x21, 0x7F)}, "merges": []}, "pre_tokenizer": rule}
    with pytest.raises(Exception, match=r"(?i)regex|byte"):
        gigatoken.Tokenizer.from_json(json.dumps(content))


def test_without_gigatoken_tokenizers_encodes(monkeypatch):
    monkeypatch.setattr(encoders.importlib.util, "find_spec", lambda name: None)
    assert with_rule(LLAMA3_PRE_TOKENIZER).library == "tokenizers"
    with pytest.raises(TokenizerError, match="not installed"):
        with_rule(LLAMA3_PRE_TOKENIZER, library="gigatoken")


@pytest.fixture
def tiny_blocks(monkeypatch):
    monkeypatch.setattr(long_text, "BLOCK", 16)
    monkeypatch.setattr(long_text, "SPARE", 2)


RUNS = st.lists(
    st.tuples(
        st.sampled_from(["a", "ab", "the", " ", "\n", " \n", "!", "?!", "1", "é", "日", "🦙", "\x00", "क\u093f", "'s", "Qz", "X"]),
        st.integers(1, 60),
    )
)


@pytest.mark.usefixtures("tiny_blocks")
@settings(deadline=None, max_examples=400)
@given(RUNS, HOSTILE, st.text(max_size=80))
@example([("a", 19)], "00000000000 \u2028\x00", "")
def test_a_text_in_blocks_has_the_ids_of_the_whole(both, reference, runs, hostile, anything):
    text = hostile + "".join(part * count for part, count in runs) + anything
    expected = reference.encode_ordinary(text)
    for tokenizer in both.values():
        assert tokenizer.encode(text) == expected


@pytest.mark.parametrize(("block", "spare"), [(3, 1), (16, 2), (40, 8)])
def test_seeded_texts_in_blocks_of_many_sizes_have_the_ids_of_the_whole(both, reference, monkeypatch, block, spare):
    monkeypatch.setattr(long_text, "BLOCK", block)
    monkeypatch.setattr(long_text, "SPARE", spare)
    parts = [
        *"aAsStdlLmrReEvV'’ \t\n\r\x00\x1c\x85\xa0\u2028\u3000019½٣日🦙!?.-_\u0301\u200d",
        "the",
        " the",
        " \n",
        "?!",
        "'s",
        "Qz",
        "क\u093f",
        "  ",
        "\n\n",
    ]
    for seed in range(600):
        draw = random.Random(seed)
        few = draw.sample(parts, draw.randint(1, 4))
        text = "".join(draw.choice(few) * draw.choice((1, 1, 1, 2, 7, 40)) for _ in range(draw.randint(10, 60)))
        assert both[LIBRARIES[seed % 2]].encode(text) == reference.encode_ordinary(text)


@pytest.mark.usefixtures("tiny_blocks")
@settings(deadline=None)
@given(st.text("abcdefghijklmnopqrstuvwxyz", min_size=40, max_size=400))
def test_a_piece_in_parts_has_the_ids_of_the_whole(both, reference, text):
    assert_equal_ids(both, text, reference.encode_ordinary(text))


@pytest.mark.usefixtures("tiny_blocks")
def test_real_text_in_tiny_blocks_has_the_ids_of_the_whole(both, reference, shared_data):
    text = (shared_data / "wikitext2_valid.txt").read_text()[:30_000]
    for cut in (text, text.replace(" ", ""), re.sub(r"[^a-z]", "", text)):
        assert_equal_ids(both, cut, reference.encode_ordinary(cut))


@settings(deadline=None)
@given(HOSTILE, st.text())
def test_python_finds_the_pieces_that_the_library_finds(hostile, anything):
    text = hostile + anything
    library = encoders.tokenizers.pre_tokenizers.Split(encoders.tokenizers.Regex(LLAMA3_PATTERN), "isolated")
    assert long_text.PieceRule(text)._pattern.findall(text) == [piece for piece, _ in library.pre_tokenize_str(text)]


@settings(deadline=None)
@given(HOSTILE)
def test_a_border_is_where_a_piece_ends(hostile):
    library = encoders.tokenizers.pre_tokenizers.Split(encoders.tokenizers.Regex(LLAMA3_PATTERN), "isolated")
    ends = {end for _, (_, end) in library.pre_tokenize_str(hostile)}
    assert {border.end() for border in long_text.LLAMA3_BORDER.finditer(hostile)} <= ends


def test_a_border_never_follows_a_character_that_is_no_letter_or_digit():
    for char in map(chr, range(0x3000)):
        if long_text.LLAMA3_BORDER.search(char + "."):
            assert unicodedata.category(char)[0] in "LN"


LONG = {
    "spaces": " ",
    "letters": "a",
    "NULs": "\x00",
    "line ends": "\n",
    "mixed white space": " \n\t\r ",
    "symbols": "^",
    "digits": "7",
    "CJK": "的",
    "emoji": "🦙",
    "vowel signs": "क\u093f",
}


@pytest.mark.parametrize("name", LONG)
@pytest.mark.parametrize("library", LIBRARIES)
def test_a_megabyte_of_one_character_is_no_trap(both, library, name):
    text = LONG[name] * (1_200_000 // len(LONG[name]))
    began = time.process_time()
    ids = both[library].encode(text)
    assert time.process_time() - began < 20  # 1 s on a quiet core
    assert both[library].decode(ids) == text


@pytest.mark.parametrize("part", ["a", "Qz", "^", "的"])
def test_a_long_piece_has_the_ids_of_a_plain_merge(both, reference, part):
    text = part * (1_100_000 // len(part))
    expected = reference._encode_single_piece(text.encode())
    for tokenizer in both.values():
        assert tokenizer.encode(text) == expected


def test_a_long_run_of_spaces_before_a_word_has_tiktokens_ids(both, reference):
    text = " " * 1_100_000 + "x"
    expected = reference._encode_single_piece(b" " * 1_099_999) + reference.encode_ordinary(" x")
    for tokenizer in both.values():
        assert tokenizer.encode(text) == expected


def test_a_long_piece_takes_time_in_proportion(both):
    """Random letters in one piece are the worst there is: nothing to remember, nowhere to cut."""

    def seconds(length: int) -> float:
        text = "".join(random.choices("abcdefghijklmnopqrstuvwxyz", k=length))
        began = time.process_time()
        both["gigatoken"].encode(text)
        return time.process_time() - began

    once = [seconds(1_200_000) for _ in range(4)][1:]
    assert seconds(4_800_000) / sorted(once)[1] < 10


@settings(deadline=None)
@given(st.binary())
def test_any_bytes_survive_and_give_both_libraries_equal_ids(both, data):
    ids = both["gigatoken"].encode_bytes(data)
    assert ids == both["tokenizers"].encode_bytes(data)
    assert both["gigatoken"].decode_bytes(ids) == data


@settings(deadline=None)
@given(HOSTILE)
def test_bytes_that_are_text_are_encoded_as_text(both, text):
    for tokenizer in both.values():
        assert tokenizer.encode_bytes(text.encode()) == tokenizer.encode(text)


def test_broken_bytes_stand_by_themselves(both):
    tokenizer = both["gigatoken"]
    data = "the 日".encode() + b"\xe6\x97" + b"the"
    bytes_alone = [tokenizer.encode_bytes(bytes([byte]))[0] for byte in b"\xe6\x97"]
    assert tokenizer.encode_bytes(data) == [*tokenizer.encode("the 日"), *bytes_alone, *tokenizer.encode("the")]


def test_a_megabyte_of_broken_bytes_takes_little_longer_than_one_of_text(both):
    data = bytes(range(128, 256)) * 8000
    for tokenizer in both.values():
        began = time.perf_counter()
        ids = tokenizer.encode_bytes(data)
        assert time.perf_counter() - began < 3
        assert ids == [tokenizer.encode_bytes(bytes([byte]))[0] for byte in data[:128]] * 8000


@pytest.mark.parametrize("library", LIBRARIES)
def test_half_a_surrogate_pair_is_refused(both, library):
    for text in ("a\ud800", "🦙" + "a" * 2_000_000 + "\udfff"):
        with pytest.raises(DataError, match="surrogate pair at character"):
            both[library].encode(text)
        with pytest.raises(DataError, match="surrogate pair at character"):
            both[library].encode_batch(["fine", text])


def metas_pieces(text: str) -> list[str]:
    """Cut as llama-models does before tiktoken: 400,000 characters, and in those after 25,000 characters in a row that are white space, or are not."""
    found = []
    for start in range(0, len(text), 400_000):
        block = text[start : start + 400_000]
        first = length = 0
        for place, char in enumerate(block):
            length = length + 1 if place and char.isspace() == block[place - 1].isspace() else 1
            if length > 25_000:
                found.append(block[first:place])
                first, length = place, 1
        found.append(block[first:])
    return found


def metas_ids(reference: tiktoken.Encoding, text: str) -> list[int]:
    return [token_id for piece in metas_pieces(text) for token_id in reference.encode_ordinary(piece)]


@pytest.mark.parametrize("text", ["ab" * 15_000, " " * 30_001 + "x", "the llama " * 45_000, "-" * 60_000, "x" * 24_999 + "the llama"])
def test_runs_over_25000_characters_have_tiktokens_ids(both, reference, text):
    assert_equal_ids(both, text, reference.encode_ordinary(text))


def test_metas_cuts_change_ids_where_puna_follows_tiktoken(both, reference):
    text = "x" * 24_999 + "the llama"
    ours, metas = both["gigatoken"].encode(text), metas_ids(reference, text)
    assert ours == reference.encode_ordinary(text) != metas
    assert both["gigatoken"].decode(ours) == both["gigatoken"].decode(metas) == text
    assert metas_ids(reference, "the llama " * 1_000) == both["gigatoken"].encode("the llama " * 1_000)
