"""What a token of a dialog is, and which kinds of tokens count for which objective of post-training.

A mask of "trained or not" is enough for fine-tuning and too little for everything after it: preference objectives must not count the token that ends a turn, where
fine-tuning must; a reward model reads its score there and learns nowhere else. So the codec says what each token *is*, and the table below says what
each objective makes of it (arXiv 2407.21783, section 4.1.4, masks formatting tokens in DPO, which otherwise repeats tails or stops at once).

| class | sft | dpo | nll | rm | rl |
|---|---|---|---|---|---|
| CONTEXT: begin of text, the system's and the user's words, the ends of their turns | | | | | |
| HEADER: who speaks; a prompt supplies it | | | | | |
| ANSWER: the assistant's words, code, names and arguments of calls | x | x | x | | x |
| PYTHON_TAG: the tag before calls and code; it decides to call, so it counts as content | x | x | x | | x |
| END: `<|eot_id|>` or `<|eom_id|>` of the assistant's turn | x | | x | the score is read here | x |
| TOOL_OUTPUT: a tool's result and the end of its turn | | | | | |
| UNTRAINED: an assistant's turn whose message says `train: false`, its end included | | | | | |
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Literal

Objective = Literal["sft", "dpo", "nll", "rm", "rl"]


class TokenClass(IntEnum):
    """What one token of a dialog is."""

    CONTEXT = 0
    HEADER = 1
    ANSWER = 2
    PYTHON_TAG = 3
    END = 4
    TOOL_OUTPUT = 5
    UNTRAINED = 6


_WORDS = frozenset({TokenClass.ANSWER, TokenClass.PYTHON_TAG})
COUNTED: dict[Objective, frozenset[TokenClass]] = {
    "sft": _WORDS | {TokenClass.END},
    "dpo": _WORDS,
    "nll": _WORDS | {TokenClass.END},
    "rm": frozenset({TokenClass.END}),
    "rl": _WORDS | {TokenClass.END},
}


@dataclass(frozen=True, slots=True)
class EncodedDialog:
    """A dialog as ids, and of each id what it is."""

    token_ids: list[int] = field(default_factory=list)
    classes: list[TokenClass] = field(default_factory=list)

    def add(self, ids: Sequence[int], token_class: TokenClass) -> None:
        """Append `ids`, all of one class."""
        self.token_ids.extend(ids)
        self.classes.extend([token_class] * len(ids))

    def counted(self, objective: Objective) -> list[bool]:
        """Return which tokens count for `objective`; for `"rm"` they are where a score may be read, the last is the dialog's."""
        return _counted(self.classes, COUNTED[objective])


def _counted(classes: Iterable[TokenClass], wanted: frozenset[TokenClass]) -> list[bool]:
    return [token_class in wanted for token_class in classes]
