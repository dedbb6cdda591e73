"""The rules: a name, how bad it is, and what it does to training in one sentence.

An *error* breaks training, or teaches what nobody can want. A *warning* is a sign: it may be meant, and a few are harmless, but a file full
of them is not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that can be wrong. `effect` says what it does to training."""

    name: str
    severity: Severity
    effect: str


def _error(name: str, effect: str) -> Rule:
    return Rule(name, "error", effect)


def _warning(name: str, effect: str) -> Rule:
    return Rule(name, "warning", effect)


# The record and its encoding.
UNREADABLE = _error("unreadable", "Nothing after this place can be read, and training stops here.")
NOT_A_DIALOG = _error("not-a-dialog", "Training stops here, for this record is no dialog of a known shape.")
INEXPRESSIBLE = _error("inexpressible", "Training stops here: the model's chat format has no way to write this dialog.")
HALF_CHARACTER = _error("half-character", "Training stops here: half of a surrogate pair is no Unicode and has no ids.")
NOTHING_TRAINED = _error("nothing-trained", "It takes its time and teaches nothing; a file of these trains nothing at all.")
TOO_LONG = _error("too-long", "What lies beyond the context is cut off, answers and end tokens with it.")
# Turns.
ROLES = _error("roles", "The model learns an order of turns that no chat will show it.")
RESULT_WITHOUT_CALL = _error("result-without-call", "The model learns to believe results of calls that it never made.")
CALL_WITHOUT_RESULT = _error("call-without-result", "The model learns to go on as if it knew what its call would return.")
UNANSWERED = _warning("unanswered", "The last message costs time and teaches nothing, for no answer follows.")
# Whether answers are whole, and end as they should.
EMPTY_ANSWER = _error("empty-answer", "The model learns to say nothing and stop.")
CUT_ANSWER = _error("cut-answer", "The model learns to stop in the middle and to take that for an end.")
WRONG_END = _error("wrong-end", "The model learns to end its turn where it should wait for a tool, or to wait where it is done.")
NO_END = _warning("no-end", "No end token is learnt here; with many of these the model does not stop.")
UNCLOSED = _warning("unclosed", "The model learns to leave code fences and brackets open; the answer may be cut off.")
NO_FINAL_MARK = _warning("no-final-mark", "A long answer without a last full stop was often cut off by a limit, and teaches to stop there.")
# Text.
DOUBLE_BOS = _error("double-bos", "Other trainers make a second begin-of-text of it, which no prompt will have; Puna learns its letters.")
END_SPELLED_OUT = _error("end-spelled-out", "The model learns to spell the end token's name; other trainers end the turn twice.")
SPECIAL_TEXT = _error("special-text", "Other trainers make a special token of it, and so a forged turn; Puna learns its letters.")
FOREIGN_MARKS = _warning("foreign-marks", "The model learns to write another chat format's marks as words.")
EDGE_SPACE = _warning("edge-space", "Chat templates strip it, so a served model reads other ids than it was trained on.")
INVISIBLE = _warning("invisible", "The model learns to write characters that nobody sees.")
MOJIBAKE = _warning("mojibake", "The model learns text that was once decoded wrongly, as it stands.")
# Tools.
TOOL_NOT_OFFERED = _error("tool-not-offered", "The model learns to call tools that it was not given.")
ARGUMENTS = _error("arguments", "The model learns to make calls that the tool will refuse.")
# The file.
DUPLICATE = _warning("duplicate", "It counts twice, and is learnt by heart sooner than the rest.")
REPEATED_PROMPT = _warning("repeated-prompt", "Different answers to one prompt pull against each other; the model learns their mixture.")
# The model.
TEMPLATE = _warning("template-mismatch", "Whoever serves the model by its template shows it other ids than it was trained on.")
NO_TEMPLATE = _warning("no-template", "Other software has to guess the format of the chat, and guesses wrong.")
PAD_IS_END = _warning(
    "pad-is-end", "Trainers that leave padding out of the loss leave the end token out too: the model never learns to stop."
)
NOT_AN_END = _warning("not-an-end", "Generation does not stop where a turn ends; the model goes on with a turn of its own.")
UNTRAINED_ROWS = _warning(
    "untrained-rows", "The format's tokens begin as noise: LoRA without embeddings never mends them, and turns do not end."
)
VOCABULARY = _error("vocabulary", "Ids point outside the embedding, or mean other tokens than the model learnt.")

RULES: tuple[Rule, ...] = tuple(value for value in list(globals().values()) if isinstance(value, Rule))
