"""Llama 3.1's special tokens: which slot at the end of the vocabulary means what.

Llama 3 keeps 256 slots after its 128,000 text tokens, and nothing but the slot is stable: the first release, 3.1 and Hugging Face's copies give several slots
different names. So Puna finds `<|eot_id|>` at slot 9, whatever a file calls it, and asks the names of only three slots, to be sure that the file follows this layout
at all (Llama 4 and others put other tokens there). Names: llama-models, `models/llama3/tokenizer.py`. Toys use fewer slots, never another order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

BEGIN_OF_TEXT, END_OF_TEXT, START_HEADER, END_HEADER, END_OF_MESSAGE, END_OF_TURN, PYTHON_TAG = 0, 1, 6, 7, 8, 9, 10

_NAMED = {
    BEGIN_OF_TEXT: "<|begin_of_text|>",
    END_OF_TEXT: "<|end_of_text|>",
    4: "<|finetune_right_pad_id|>",
    5: "<|step_id|>",
    START_HEADER: "<|start_header_id|>",
    END_HEADER: "<|end_header_id|>",
    END_OF_MESSAGE: "<|eom_id|>",
    END_OF_TURN: "<|eot_id|>",
    PYTHON_TAG: "<|python_tag|>",
}
MIN_SLOTS = END_OF_TURN + 1
_TELLING = (START_HEADER, END_HEADER, END_OF_TURN)


@dataclass(frozen=True, slots=True)
class ChatIds:
    """The ids that Llama 3's chat format is made of. A toy with ten slots has no `python_tag`."""

    start_header: int
    end_header: int
    eom: int
    eot: int
    python_tag: int | None


def chat_ids(*, first: int, num_slots: int) -> ChatIds:
    """Return the ids where slot 0 has the id `first`."""
    assert num_slots >= MIN_SLOTS
    python_tag = first + PYTHON_TAG if num_slots > PYTHON_TAG else None
    return ChatIds(first + START_HEADER, first + END_HEADER, first + END_OF_MESSAGE, first + END_OF_TURN, python_tag)


def special_names(num_slots: int) -> list[str]:
    """Return the names of slots 0 to `num_slots` - 1; slots without a meaning are `<|reserved_special_token_0|>` and on."""
    assert num_slots >= MIN_SLOTS
    named = [_NAMED.get(slot) for slot in range(num_slots)]
    reserved = (f"<|reserved_special_token_{i}|>" for i in range(num_slots))
    return [name or next(reserved) for name in named]


def follows_llama3(names: Sequence[str]) -> bool:
    """Return whether these special tokens, in slot order, are laid out as Llama 3's are."""
    return len(names) >= MIN_SLOTS and all(names[slot] == _NAMED[slot] for slot in _TELLING)
