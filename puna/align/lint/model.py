"""A model's small files, as far as they decide what training makes of the data, and the traps in them.

Llama 3 has more of these than Llama 2 had: three end tokens instead of one, a chat format of special tokens that only the instruct models
were trained on, and 256 special tokens of which most were never trained at all. So the files are asked: does padding share the end token,
does generation stop where a turn ends, were the rows of the format's tokens ever trained, does every id fit into the embedding?
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from puna.align.lint import rules
from puna.align.lint.findings import Finding
from puna.align.lint.text import TextCheck
from puna.errors import ConfigError, FormatError, PunaError
from puna.files import read_json
from puna.formats import read_config
from puna.formats.config_file import CONFIG
from puna.formats.generation import GENERATION_CONFIG
from puna.formats.hub import model_path
from puna.formats.json_values import as_object
from puna.formats.layouts import Layout
from puna.formats.meta_params import PARAMS
from puna.model.config import LlamaConfig
from puna.records import CallForm
from puna.tokens.chat import Codec, codec_for
from puna.tokens.tokenizer import CONFIG_NAME as TOKENIZER_CONFIG
from puna.tokens.tokenizer import Tokenizer

TEMPLATE_FILES = ("chat_template.jinja", "chat_template.json")
_SPECIALS = ("bos_token", "eos_token", "pad_token", "unk_token")


@dataclass(frozen=True, slots=True)
class LintModel:
    """What the checks need of a model. `template` is None where it has none; `left_out` names the checks that its files do not allow, and why.

    `layout` is None for a tokenizer alone, and `config` where there is none that can be read; `ids` and `generation` are what `config.json` and
    `generation_config.json` hold, for the ids in them.
    """

    path: Path
    layout: Layout | None
    codec: Codec
    check_text: TextCheck
    template: str | None
    specials: Mapping[str, str]
    config: LlamaConfig | None
    ids: Mapping[str, Any]
    generation: Mapping[str, Any]
    left_out: list[str] = field(default_factory=list)

    @property
    def tokenizer(self) -> Tokenizer:
        return self.codec.tokenizer

    @property
    def context(self) -> int | None:
        """Return how many positions the model has, in tokens, where its configuration says so."""
        return self.config.max_positions if self.config else None

    @property
    def is_plain(self) -> bool:
        """Return whether the model's template is the codec's own, so that there is nothing to compare."""
        return self.template is None or self.template == self.codec.template


def open_model(given: Path | str, *, calls: CallForm = "json") -> LintModel:
    """Read the small files of a model directory (or `hf://org/name`), or of a directory or file that holds a tokenizer alone.

    Raises `FormatError` or `TokenizerError` where there is no tokenizer that can be used, or a file is damaged.
    """
    path = model_path(given)
    if not path.exists():
        raise FormatError(f"{path}: no such file or directory; give a model directory, or one that holds a tokenizer")
    directory = path if path.is_dir() else path.parent
    tokenizer = Tokenizer.load(path)
    codec = codec_for(tokenizer, calls=calls)
    # What lies beside a tokenizer that was named alone may be anybody's.
    ids, generation, settings = (
        _optional(directory / name) if path.is_dir() else {} for name in (CONFIG, GENERATION_CONFIG, TOKENIZER_CONFIG)
    )
    template = _template(directory, settings) if path.is_dir() else None
    specials = {"bos_token": tokenizer.name(tokenizer.bos_id), "eos_token": tokenizer.name(tokenizer.end_of_text_id)}
    specials |= {name: text for name in _SPECIALS if (text := _token_text(settings.get(name)))}
    layout = _layout(path)
    config, left_out = _config(path, layout)
    if not path.is_dir():
        left_out.append(f"chat template, padding, end tokens and weights ({path} is a tokenizer alone)")
    elif layout is None or (layout == "hf" and not any(directory.glob("*.safetensors"))):
        left_out.append(f"whether the format's tokens were ever trained ({path} has no safetensors files)")
    return LintModel(path, layout, codec, TextCheck(tokenizer), template, specials, config, ids, generation, left_out)


def _layout(path: Path) -> Layout | None:
    if (path / CONFIG).exists():
        return "hf"
    return "meta" if (path / PARAMS).exists() else None


def _config(path: Path, layout: Layout | None) -> tuple[LlamaConfig | None, list[str]]:
    """Return the model's configuration, or None and which checks are left out for want of it."""
    try:
        if layout is not None:
            return read_config(path), []
        why = f"{path} has neither {CONFIG} nor {PARAMS}"
    except PunaError as error:
        why = str(error)
    return None, [f"the length of the context and the size of the vocabulary ({why})"]


def check_model(model: LintModel, used: set[int]) -> tuple[list[tuple[str, Finding]], list[str]]:
    """Return what is wrong with the model's files, each with its place, and what could not be checked; `used` are the special ids that the data's encoding holds."""
    if not model.path.is_dir():
        return [], []
    found = [*_template_findings(model), *_padding(model), *_ends(model), *_vocabulary(model)]
    if model.layout == "meta" or (model.layout == "hf" and any(model.path.glob("*.safetensors"))):
        from puna.align.lint.rows import untrained_rows

        try:
            found += [(str(model.path), finding) for finding in untrained_rows(model.path, model.tokenizer, used)]
        except PunaError as error:
            return found, [f"whether the format's tokens were ever trained ({error})"]
    return found, []


def _template_findings(model: LintModel) -> list[tuple[str, Finding]]:
    # Meta's layout has no place for a template: its own software has the format in its code.
    if model.template is not None or model.layout == "meta":
        return []
    told = "there is no 'chat_template', here or in a file of its own"
    return [(str(model.path / TOKENIZER_CONFIG), Finding(rules.NO_TEMPLATE, told))]


def _padding(model: LintModel) -> list[tuple[str, Finding]]:
    tokenizer = model.tokenizer
    ends = {tokenizer.name(token_id): token_id for token_id in tokenizer.stop_ids}
    pad_id = model.ids.get("pad_token_id")
    found = []
    if (name := model.specials.get("pad_token")) in ends:
        found.append(
            (str(model.path / TOKENIZER_CONFIG), Finding(rules.PAD_IS_END, f"'pad_token' is {name}, which also ends turns or texts"))
        )
    elif isinstance(pad_id, int) and pad_id in tokenizer.stop_ids:
        name = tokenizer.name(pad_id)
        found.append(
            (str(model.path / CONFIG), Finding(rules.PAD_IS_END, f"'pad_token_id' is {pad_id} ({name}), which also ends turns or texts"))
        )
    return found


def _ends(model: LintModel) -> list[tuple[str, Finding]]:
    """Return the finding that generation does not stop at the end of a turn; a directory that says nothing leaves it to whoever generates."""
    chat = model.tokenizer.chat_ids
    turn_end = model.tokenizer.end_of_text_id if chat is None else chat.eot
    for file, values in ((GENERATION_CONFIG, model.generation), (CONFIG, model.ids)):
        given = values.get("eos_token_id")
        ids = given if isinstance(given, list) else [] if given is None else [given]
        if ids:
            missing = f"'eos_token_id' lacks {turn_end} ({model.tokenizer.name(turn_end)}), which ends every turn"
            return [] if turn_end in ids else [(str(model.path / file), Finding(rules.NOT_AN_END, missing))]
    return []


def _vocabulary(model: LintModel) -> list[tuple[str, Finding]]:
    size, bos = model.tokenizer.vocab_size, model.ids.get("bos_token_id")
    found = []
    if model.config is not None and model.config.vocab_size < size:
        place = str(model.path / (PARAMS if model.layout == "meta" else CONFIG))
        told = f"'vocab_size' is {model.config.vocab_size:,}, and the tokenizer has {size:,} tokens"
        found.append((place, Finding(rules.VOCABULARY, told)))
    if isinstance(bos, int) and bos != model.tokenizer.bos_id:
        told = f"'bos_token_id' is {bos}, and the tokenizer's is {model.tokenizer.bos_id}"
        found.append((str(model.path / CONFIG), Finding(rules.VOCABULARY, told)))
    return found


def _optional(file: Path) -> Mapping[str, Any]:
    return as_object(read_json(file), str(file)) if file.exists() else {}


def _template(directory: Path, settings: Mapping[str, Any]) -> str | None:
    """Return the chat template: a file of its own wins over `tokenizer_config.json`, as in transformers; of several by name, the default."""
    own, listed = (directory / name for name in TEMPLATE_FILES)
    if own.exists():
        try:
            return own.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise FormatError(f"{own}: cannot be read ({error})") from None
    given = (_optional(listed) or settings).get("chat_template")
    if isinstance(given, list):
        named = {
            item.get("name"): item.get("template") for item in given if isinstance(item, Mapping) and isinstance(item.get("name"), str)
        }
        given = named.get("default")
    if given is not None and not isinstance(given, str):
        raise ConfigError(f"{directory / TOKENIZER_CONFIG}: 'chat_template' is a string, or a list of named ones with a 'default'")
    return given


def _token_text(value: object) -> str | None:
    """Return a special token as `tokenizer_config.json` writes it: its text, or an object that holds it."""
    text = value.get("content") if isinstance(value, Mapping) else value
    return text if isinstance(text, str) else None
