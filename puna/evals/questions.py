"""Questions put to a model: by the likelihood it gives each choice, or by what it writes.

Multiple choice asks which continuation the model finds most likely, so that it works for a model that has never seen a question, and chance is known.
Open questions are written out greedily and must equal the right answer after one stated normalisation: nothing is searched for inside a long text,
for then a model that names everything is always right.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from puna.engine import Engine, SamplingSettings
from puna.errors import DataError
from puna.evals.statistics import Measured, wilson
from puna.records import Dialog, Message, Question, Sample, Score
from puna.tokens.chat import codec_for
from puna.tokens.tokenizer import Tokenizer

_QUOTES, _STOPS = "\"'`“”‘’«» ", ".!?,;:"
_ARTICLE = re.compile(r"^(?:a|an|the)\s+(?=\S)")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")


def normalise(text: str) -> str:
    """Return `text` as answers are compared.

    Unicode's compatible form in lower case, one space between words, and, as often as there are any, without quotation marks around it, stops after it, articles
    before it; numbers without commas between thousands, with their sign and point.
    """
    text = " ".join(unicodedata.normalize("NFKC", text).casefold().split()).replace("−", "-")
    while (shorter := _ARTICLE.sub("", text.strip(_QUOTES).rstrip(_STOPS + _QUOTES))) != text:
        text = shorter
    return _THOUSANDS.sub("", text)


def prompt_ids(tokenizer: Tokenizer, question: Question, *, as_dialog: bool) -> list[int]:
    """Return the tokens before the answer: a chat turn, or the plain text of `Question: …` and `Answer:`."""
    if as_dialog:
        return codec_for(tokenizer).prompt(Dialog((Message("user", question.prompt),)))
    return [tokenizer.bos_id, *tokenizer.encode(f"Question: {question.prompt}\nAnswer:")]


def choose(engine: Engine, questions: Sequence[Question], *, as_dialog: bool = False, per_byte: bool = False) -> list[Score]:
    """Score multiple choice: right where the most likely choice is the answer; the first of equals counts. What the choices share is read once.

    In a dialog the end of the turn counts too, so that "cat" has to beat "cats" as a whole answer. `per_byte` divides by the choice's UTF-8 bytes: for choices of
    very different lengths. Raises `DataError` for a question without choices, or one that the engine has no room for.
    """
    endings = [ending for question in questions for ending in _endings(engine, question, as_dialog=as_dialog)]
    scored = iter(engine.score([ids for ids, _ in endings], num_scored=[count for _, count in endings]))
    return [_score(question, [sum(next(scored)) for _ in question.choices], per_byte=per_byte) for question in questions]


def _endings(engine: Engine, question: Question, *, as_dialog: bool) -> list[tuple[list[int], int]]:
    """Return the question with each of its choices, and how many tokens of that are the choice's."""
    if not question.choices:
        raise DataError(f"question {question.id}: it has no choices to choose from; give them, or ask it as an open question")
    given = prompt_ids(engine.tokenizer, question, as_dialog=as_dialog)
    endings = [
        _ending(engine.tokenizer, question, choice, len(given)) if as_dialog else engine.tokenizer.encode(" " + choice)
        for choice in question.choices
    ]
    longest = len(given) + max(map(len, endings))
    if longest > engine.context:
        raise DataError(f"question {question.id}: {longest} tokens with its longest choice, and the context has {engine.context}")
    return [([*given, *ending], len(ending)) for ending in endings]


def _ending(tokenizer: Tokenizer, question: Question, choice: str, num_given: int) -> list[int]:
    """Return the ids of `choice` as the assistant's whole turn, after the `num_given` of the prompt."""
    answered = Dialog((Message("user", question.prompt), Message("assistant", choice)))
    return codec_for(tokenizer).encode(answered).token_ids[num_given:]


def _score(question: Question, logprobs: Sequence[float], *, per_byte: bool) -> Score:
    lengths = [max(1, len(choice.encode())) if per_byte else 1 for choice in question.choices]
    each = [logprob / length for logprob, length in zip(logprobs, lengths, strict=True)]
    chosen = question.choices[each.index(max(each))]
    told = ", ".join(f"{choice}: {value:.2f}" for choice, value in zip(question.choices, each, strict=True))
    return Score(float(chosen == question.answer), chosen, f"log-likelihoods {'per byte ' if per_byte else ''}{told}")


def answer_questions(engine: Engine, questions: Sequence[Question], *, as_dialog: bool, max_tokens: int = 32) -> list[Score]:
    """Score open questions: the model writes greedily, and is right where that equals the answer (`normalise`)."""
    return exact_match(questions, write_answers(engine, questions, as_dialog=as_dialog, max_tokens=max_tokens))


def write_answers(engine: Engine, questions: Sequence[Question], *, as_dialog: bool, max_tokens: int = 32) -> list[Sample]:
    """Return what the model writes greedily for each question; a plain prompt's answer ends with its line."""
    settings = SamplingSettings(temperature=0.0, max_tokens=max_tokens, stop=() if as_dialog else ("\n",))
    return engine.generate_batch([prompt_ids(engine.tokenizer, question, as_dialog=as_dialog) for question in questions], settings)


def exact_match(questions: Sequence[Question], samples: Sequence[Sample]) -> list[Score]:
    """Score samples against the answers of their questions; an answer that did not stop is compared all the same."""
    return [
        Score(
            float(normalise(sample.text) == normalise(question.answer)),
            sample.text,
            f"wanted {question.answer!r}; ended by {sample.stop_reason}",
        )
        for question, sample in zip(questions, samples, strict=True)
    ]


def stop_rate(samples: Sequence[Sample]) -> Measured:
    """Return the share of samples that ended of themselves, by an end token or a stop string, with Wilson's interval."""
    stopped = sum(sample.stop_reason in ("end_token", "stop_string") for sample in samples)
    return wilson(stopped, len(samples), over=f"{len(samples)} answers")
