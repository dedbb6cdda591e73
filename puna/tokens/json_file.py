"""What `tokenizer.json` must say before Puna believes it.

The file (Hugging Face's `tokenizers`) holds the text tokens with their merges, the added tokens, and how text is cut into pieces. It comes from strangers, so it is
checked here, in Python: the Rust library behind `tokenizers` drops text that no token covers, takes a repeated id in silence, and panics on some files.
Puna reads byte-level BPE whose special tokens lie at the end of the vocabulary in Llama 3's slots, which is every Llama from 3 on but Llama 4, and Llama 2's
BPE with byte fallback.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from puna import files
from puna.errors import FormatError, TokenizerError
from puna.tokens.bytelevel import BYTE_BY_CHAR
from puna.tokens.definition import ByteLevelDefinition, Definition
from puna.tokens.sentencepiece import SPACE, SPECIALS, SentencePieceDefinition
from puna.tokens.specials import follows_llama3


def read(path: Path) -> Definition:
    """Read and check a `tokenizer.json`.

    Raises `FormatError` where the file is absent, no JSON, or not shaped as `tokenizers` writes it, and `TokenizerError` where it is whole but neither a
    byte-level BPE with Llama 3's special tokens nor Llama 2's BPE with byte fallback.
    """
    content = _object(files.read_json(path), path, "the file")
    model = _object(content.get("model"), path, "'model'")
    _refuse_other_kinds(model, path)
    ids = _checked_ids(model.get("vocab"), path)
    added = _added_ids(content.get("added_tokens", []), path)
    if model.get("byte_fallback"):
        return _llama2(content, ids, added, path)
    if content.get("normalizer") is not None:
        raise TokenizerError(f"{path}: it has a normalizer, so text would not survive encoding; Puna reads byte-level BPE without one")
    specials = _specials(ids, added, path)
    tokens = _by_id({token: i for token, i in ids.items() if token not in added}, path)
    merges = _merges(model.get("merges"), set(tokens), path)
    return ByteLevelDefinition(
        tokens, merges, specials, _pre_tokenizer(content.get("pre_tokenizer"), path), model.get("ignore_merges") is True
    )


def _refuse_other_kinds(model: Mapping[str, Any], path: Path) -> None:
    if model.get("type") != "BPE":
        raise TokenizerError(f"{path}: neither Llama 3's byte-level BPE nor Llama 2's BPE; Puna reads no other kind")
    for name in ("dropout", "continuing_subword_prefix", "end_of_word_suffix"):
        if model.get(name):
            raise TokenizerError(f"{path}: 'model.{name}' is set, which no Llama tokenizer has and Puna does not follow")


def _checked_ids(vocab: Any, path: Path) -> dict[str, int]:
    ids = _object(vocab, path, "'model.vocab'")
    if not all(type(i) is int for i in ids.values()):
        raise FormatError(f"{path}: 'model.vocab' must give every token a whole number")
    return dict(ids)


def _added_ids(added: Any, path: Path) -> dict[str, int]:
    entries = [_object(entry, path, "an added token") for entry in _array(added, path, "'added_tokens'")]
    if not all(isinstance(entry.get("content"), str) and type(entry.get("id")) is int for entry in entries):
        raise FormatError(f"{path}: every added token needs a string under 'content' and a whole number under 'id'")
    ids = {entry["content"]: entry["id"] for entry in entries}
    if len(ids) != len(entries):
        raise FormatError(f"{path}: two added tokens have the same content")
    return ids


def _specials(ids: Mapping[str, int], added: Mapping[str, int], path: Path) -> list[str]:
    """Return the added tokens in slot order, having checked that they are the vocabulary's end and laid out as Llama 3's."""
    contradicted = next((name for name, i in added.items() if ids.get(name, i) != i), None)
    if contradicted is not None:
        raise FormatError(f"{path}: the added token {contradicted!r} has another id in 'model.vocab'")
    names = sorted(added, key=lambda name: added[name])
    num_text = len(ids.keys() - added.keys())
    if [added[name] for name in names] != list(range(num_text, num_text + len(names))):
        raise TokenizerError(f"{path}: the added tokens do not have the last ids of the vocabulary, {num_text} and up, each once")
    if not follows_llama3(names):
        raise TokenizerError(
            f"{path}: its special tokens are not laid out as Llama 3's (start of header 6th, end of header 7th, end of turn 9th, from 0)"
        )
    if not all(_is_text(name) for name in names):
        raise FormatError(f"{path}: an added token's content is empty or not valid Unicode")
    return names


def _by_id(ids: Mapping[str, int], path: Path) -> list[str]:
    tokens = sorted(ids, key=lambda token: ids[token])
    _refuse_gaps([ids[token] for token in tokens], path)
    strange = next((token for token in tokens if not token or not BYTE_BY_CHAR.keys() >= set(token)), None)
    if strange is not None:
        raise TokenizerError(f"{path}: the token {strange!r} is not spelled in byte-level characters; Puna reads byte-level BPE only")
    if missing := len(BYTE_BY_CHAR.keys() - ids.keys()):
        raise TokenizerError(f"{path}: {missing} of the 256 bytes have no token, so some text could not be encoded")
    return tokens


def _refuse_gaps(ids: Sequence[int], path: Path) -> None:
    if any(found != wanted for wanted, found in enumerate(ids)):
        raise FormatError(f"{path}: the ids of the text tokens are not 0 to {len(ids) - 1}, each once")


def _merges(merges: Any, tokens: set[str], path: Path) -> list[tuple[str, str]]:
    """Return merges as pairs; files hold them as `["a", "b"]` or, before tokenizers 0.20, as `"a b"`."""
    pairs = _pairs(merges, path)
    for number, (left, right) in enumerate(pairs, 1):
        if left not in tokens or right not in tokens or left + right not in tokens:
            raise FormatError(f"{path}: merge {number} names or makes a token that the vocabulary's text part lacks")
    return pairs


def _pairs(merges: Any, path: Path) -> list[tuple[str, str]]:
    pairs = [tuple(merge.split(" ")) if isinstance(merge, str) else merge for merge in _array(merges, path, "'model.merges'")]
    for number, pair in enumerate(pairs, 1):
        if not isinstance(pair, (list, tuple)) or len(pair) != 2 or not all(isinstance(part, str) for part in pair):
            raise FormatError(f"{path}: merge {number} is not a pair of tokens")
    if len({tuple(pair) for pair in pairs}) != len(pairs):
        raise FormatError(f"{path}: a merge is listed twice")
    return [(left, right) for left, right in pairs]


def _llama2(content: Mapping[str, Any], ids: Mapping[str, int], added: Mapping[str, int], path: Path) -> SentencePieceDefinition:
    """Return Llama 2's tokenizer. Files say in two ways that a space is put before a text; both are read as SentencePiece's own, always."""
    if (content.get("normalizer"), content.get("pre_tokenizer")) not in _DUMMY_SPACES:
        raise TokenizerError(
            f"{path}: text is changed or cut before merging otherwise than in Llama 2's tokenizer; Puna reads no other BPE with byte fallback"
        )
    if dict(added) != {name: i for i, name in enumerate(SPECIALS)} or any(ids.get(name) != i for name, i in added.items()):
        raise TokenizerError(f"{path}: its added tokens are not {', '.join(SPECIALS)} with ids 0 to 2, as Llama 2's are")
    pieces = sorted(ids, key=lambda piece: ids[piece])
    _refuse_gaps([ids[piece] for piece in pieces], path)
    merges = _pairs(_object(content["model"], path, "'model'").get("merges"), path)
    return SentencePieceDefinition.checked(pieces, merges, where=str(path))


_METASPACE = {"type": "Metaspace", "replacement": SPACE, "split": False}
_DUMMY_SPACES = [
    (SentencePieceDefinition.normalizer, None),
    (None, {**_METASPACE, "prepend_scheme": "always"}),
    (None, {**_METASPACE, "prepend_scheme": "first"}),
]

_CUTTERS = ("Split", "Digits", "Punctuation", "ByteLevel")


def _pre_tokenizer(given: Any, path: Path) -> dict[str, Any]:
    """Return the cutting rule, having checked that it only cuts: a rule that drops or adds characters would make decoding lie."""
    rule = _object(given, path, "'pre_tokenizer'")
    parts = [_object(part, path, "a pre-tokenizer") for part in _array(rule.get("pretokenizers", [rule]), path, "'pretokenizers'")]
    if (rule.get("type") != "Sequence" and parts != [rule]) or not all(part.get("type") in _CUTTERS for part in parts):
        raise TokenizerError(
            f"{path}: text is cut by a pre-tokenizer that Puna does not know; known: {', '.join(_CUTTERS)}, and sequences of them"
        )
    if [part["type"] for part in parts].count("ByteLevel") != 1 or parts[-1]["type"] != "ByteLevel":
        raise TokenizerError(f"{path}: the last pre-tokenizer must be ByteLevel, and no other")
    if parts[-1].get("add_prefix_space") is not False or any(part.get("behavior") == "Removed" for part in parts):
        raise TokenizerError(f"{path}: a pre-tokenizer adds or removes characters, so text would not survive encoding")
    return dict(rule)


def _is_text(name: str) -> bool:
    return bool(name) and not any("\ud800" <= char <= "\udfff" for char in name)


def _object(value: Any, path: Path, what: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise FormatError(f"{path}: {what} should be a JSON object; is this a tokenizer.json?")
    return value


def _array(value: Any, path: Path, what: str) -> Sequence[Any]:
    if not isinstance(value, list):
        raise FormatError(f"{path}: {what} should be a JSON array; is this a tokenizer.json?")
    return value
