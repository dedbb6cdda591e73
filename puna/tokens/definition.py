"""What `tokenizer.json` must say before Puna believes it, and the same file written again.

The file (Hugging Face's `tokenizers`) holds the text tokens with their merges, the added tokens, and how text is cut into pieces. It comes from strangers, so it is
checked here, in Python: the Rust library behind `tokenizers` drops text that no token covers, takes a repeated id in silence, and panics on some files.
Puna reads byte-level BPE whose special tokens lie at the end of the vocabulary in Llama 3's slots, which is every Llama from 3 on but Llama 4.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from puna import files
from puna.errors import FormatError, TokenizerError
from puna.tokens.bytelevel import BYTE_BY_CHAR
from puna.tokens.specials import BEGIN_OF_TEXT, follows_llama3


@dataclass(frozen=True)
class Definition:
    """A tokenizer as data: text tokens by id (spelled as in `tokenizer.json`), merges best first, special names by slot, the cutting rule.

    With `ignore_merges` a piece that is a token as a whole is taken at once: 678 of Llama 3's tokens cannot be reached by merges.
    """

    tokens: Sequence[str]
    merges: Sequence[tuple[str, str]]
    specials: Sequence[str]
    pre_tokenizer: Mapping[str, Any]
    ignore_merges: bool

    def identity(self) -> list[Any]:
        """Return everything that decides ids, as JSON; equal identities encode and decode alike."""
        return [list(self.tokens), [list(merge) for merge in self.merges], list(self.specials), self.pre_tokenizer, self.ignore_merges]

    def to_json(self) -> dict[str, Any]:
        """Return the content of `tokenizer.json`, with the post-processor of Llama 3's own: transformers puts `<|begin_of_text|>` before a text."""
        first = self.specials[BEGIN_OF_TEXT]
        first_ids = {"id": first, "ids": [len(self.tokens) + BEGIN_OF_TEXT], "tokens": [first]}
        return {
            "version": "1.0",
            "truncation": None,
            "padding": None,
            "added_tokens": [_added_token(name, len(self.tokens) + slot) for slot, name in enumerate(self.specials)],
            "normalizer": None,
            "pre_tokenizer": self.pre_tokenizer,
            "post_processor": {
                "type": "TemplateProcessing",
                "single": [*_begun(first, "A", 0)],
                "pair": [*_begun(first, "A", 0), *_begun(first, "B", 1)],
                "special_tokens": {first: first_ids},
            },
            "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
            "model": {
                "type": "BPE",
                "dropout": None,
                "unk_token": None,
                "continuing_subword_prefix": None,
                "end_of_word_suffix": None,
                "fuse_unk": False,
                "byte_fallback": False,
                "ignore_merges": self.ignore_merges,
                "vocab": {token: i for i, token in enumerate(self.tokens)},
                "merges": [list(merge) for merge in self.merges],
            },
        }


def _begun(first: str, sequence: str, type_id: int) -> list[dict[str, Any]]:
    return [{"SpecialToken": {"id": first, "type_id": type_id}}, {"Sequence": {"id": sequence, "type_id": type_id}}]


def _added_token(name: str, token_id: int) -> dict[str, Any]:
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    return {"id": token_id, "content": name, **flags}


def read(path: Path) -> Definition:
    """Read and check a `tokenizer.json`.

    Raises `FormatError` where the file is absent, no JSON, or not shaped as `tokenizers` writes it, and `TokenizerError` where it is whole but not a
    byte-level BPE with Llama 3's special tokens.
    """
    content = _object(files.read_json(path), path, "the file")
    model = _object(content.get("model"), path, "'model'")
    _refuse_other_kinds(content, model, path)
    ids = _checked_ids(model.get("vocab"), path)
    added = _added_ids(content.get("added_tokens", []), path)
    specials = _specials(ids, added, path)
    tokens = _by_id({token: i for token, i in ids.items() if token not in added}, path)
    merges = _merges(model.get("merges"), set(tokens), path)
    return Definition(tokens, merges, specials, _pre_tokenizer(content.get("pre_tokenizer"), path), model.get("ignore_merges") is True)


def _refuse_other_kinds(content: Mapping[str, Any], model: Mapping[str, Any], path: Path) -> None:
    if model.get("type") != "BPE" or model.get("byte_fallback"):
        raise TokenizerError(f"{path}: not a byte-level BPE tokenizer as Llama 3's; Puna reads no other kind")
    for name in ("dropout", "continuing_subword_prefix", "end_of_word_suffix"):
        if model.get(name):
            raise TokenizerError(f"{path}: 'model.{name}' is set, which no Llama tokenizer has and Puna does not follow")
    if content.get("normalizer") is not None:
        raise TokenizerError(f"{path}: it has a normalizer, so text would not survive encoding; Puna reads tokenizers without one")


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
    if [ids[token] for token in tokens] != list(range(len(tokens))):
        raise FormatError(f"{path}: the ids of the text tokens are not 0 to {len(tokens) - 1}, each once")
    strange = next((token for token in tokens if not token or not BYTE_BY_CHAR.keys() >= set(token)), None)
    if strange is not None:
        raise TokenizerError(f"{path}: the token {strange!r} is not spelled in byte-level characters; Puna reads byte-level BPE only")
    if missing := len(BYTE_BY_CHAR.keys() - ids.keys()):
        raise TokenizerError(f"{path}: {missing} of the 256 bytes have no token, so some text could not be encoded")
    return tokens


def _merges(merges: Any, tokens: set[str], path: Path) -> list[tuple[str, str]]:
    """Return merges as pairs; files hold them as `["a", "b"]` or, before tokenizers 0.20, as `"a b"`."""
    pairs = [tuple(merge.split(" ")) if isinstance(merge, str) else merge for merge in _array(merges, path, "'model.merges'")]
    for number, pair in enumerate(pairs, 1):
        if not isinstance(pair, (list, tuple)) or len(pair) != 2 or not all(isinstance(part, str) for part in pair):
            raise FormatError(f"{path}: merge {number} is not a pair of tokens")
        if pair[0] not in tokens or pair[1] not in tokens or pair[0] + pair[1] not in tokens:
            raise FormatError(f"{path}: merge {number} names or makes a token that the vocabulary's text part lacks")
    if len({tuple(pair) for pair in pairs}) != len(pairs):
        raise FormatError(f"{path}: a merge is listed twice")
    return [(left, right) for left, right in pairs]


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
