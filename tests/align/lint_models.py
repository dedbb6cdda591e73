"""Small model directories for the tests of `lint`: healthy ones, and ways to make them ill."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from puna.formats.config_file import hf_config
from puna.model.config import LlamaConfig
from puna.tokens import Tokenizer, train_bpe
from puna.tokens.bytelevel import BYTE_PIECES
from puna.tokens.chat import codec_for
from puna.tokens.sentencepiece import SPACE, SPECIALS, SentencePieceDefinition

CONTEXT = 2048
DATES = (
    "{{ bos_token }}{% if messages[0]['role'] != 'system' %}<|start_header_id|>system<|end_header_id|>\n\n"
    "Cutting Knowledge Date: December 2023\n\n<|eot_id|>{% endif %}"
)
TURNS = "{% for m in messages %}<|start_header_id|>{{ m['role'] }}<|end_header_id|>\n\n{{ m['content'] | trim }}<|eot_id|>{% endfor %}"


def llama3_tokenizer() -> Tokenizer:
    return train_bpe(["Where does Anna live? In Elton. assistant user system ipython\n\n"] * 3, vocab_size=280, num_special=16)


def llama2_tokenizer() -> Tokenizer:
    pieces = [*SPECIALS, *BYTE_PIECES, SPACE, *map(chr, range(33, 127))]
    return Tokenizer(SentencePieceDefinition.checked(pieces, [], where="test"))


def model_config(tokenizer: Tokenizer) -> LlamaConfig:
    shape = {"dim": 16, "num_layers": 2, "num_heads": 4, "num_kv_heads": 2, "head_dim": 4, "ffn_dim": 24}
    return LlamaConfig.model_validate({**shape, "vocab_size": tokenizer.vocab_size, "max_positions": CONTEXT})


def write_model(directory: Path, tokenizer: Tokenizer, *, template: str | None = "", **changes: Any) -> Path:
    """Write the small files of a healthy model; `template` None leaves it out, `""` is the codec's; `changes` are values by file (`config={...}`)."""
    directory.mkdir(parents=True, exist_ok=True)
    tokenizer.save(directory, chat_template=codec_for(tokenizer).template if template == "" else template)
    files: dict[str, dict[str, Any]] = {
        "config": {**hf_config(model_config(tokenizer), dtype="bfloat16"), "bos_token_id": tokenizer.bos_id},
        "generation_config": {"eos_token_id": sorted(tokenizer.stop_ids)},
        "tokenizer_config": json.loads((directory / "tokenizer_config.json").read_text()),
    }
    for name, values in files.items():
        (directory / f"{name}.json").write_text(json.dumps({**values, **changes.get(name, {})}))
    return directory
