"""Controls: what a figure has to beat before it means anything.

A model that answers a third of the questions has learnt nothing where one answer is right a third of the time. Each control here could win: the commonest
answer, blind chance, and an n-gram model of the same tokens.

Shapes: N tokens.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from puna.errors import DataError
from puna.evals.likelihood import DocumentBits
from puna.evals.questions import normalise
from puna.records import Document, Question, Score
from puna.tokens.tokenizer import Tokenizer


def kind_of(question: Question) -> str:
    """Return the group of a question: its id up to the last slash (`facts/town` of `facts/town/Mia`)."""
    return question.id.rpartition("/")[0]


def commonest_answer(questions: Sequence[Question], *, kind: Callable[[Question], str] = kind_of) -> list[Score]:
    """Score the best constant: to all questions of a kind, the answer that is right most often among these very questions.

    It knows the benchmark's own answers, so no guess at frequencies from training could do better; of equals, the first asked.
    """
    answers: dict[str, Counter[str]] = defaultdict(Counter)
    for question in questions:
        answers[kind(question)][normalise(question.answer)] += 1
    constant = {name: counted.most_common(1)[0][0] for name, counted in answers.items()}
    return [
        Score(float(constant[kind(question)] == normalise(question.answer)), constant[kind(question)], f"commonest of '{kind(question)}'")
        for question in questions
    ]


def chance(questions: Sequence[Question]) -> float:
    """Return the expected share of right answers of blind choosing. Raises `DataError` where a question has no choices."""
    without = next((question.id for question in questions if not question.choices), None)
    if without is not None or not questions:
        raise DataError(f"chance: {'question ' + str(without) + ' has no choices' if questions else 'there are no questions'}")
    return sum(1 / len(question.choices) for question in questions) / len(questions)


class NGram:
    """An n-gram model of token ids with Witten-Bell's interpolation (Chen and Goodman 1996, section 2.4).

    The longer a history's list of different successors, the more it listens to the shorter history:
    P(w | h) = (count(h w) + successors(h) * P(w | shorter h)) / (count(h) + successors(h)), down to the uniform distribution over the vocabulary.
    """

    def __init__(self, documents: Iterable[Sequence[int]], *, vocab_size: int, order: int = 3) -> None:
        """Count the n-grams of `documents`, which each begin with their beginning-of-text token. Raises `DataError` where there are none."""
        assert order >= 1
        assert order * np.log2(vocab_size + 1) < 63, "an n-gram is kept in one 64-bit number"
        self.order, self._base = order, vocab_size + 1
        keys = [_keys(ids, order, self._base) for ids in documents if len(ids) > 1]
        if not keys:
            raise DataError("n-gram control: the training documents hold no tokens")
        self._vocab_size = vocab_size
        self._tables = [_Table(np.concatenate([document[n] for document in keys]), self._base) for n in range(order)]

    def logprobs(self, token_ids: Sequence[int]) -> NDArray[np.float64]:
        """Return the log-probabilities (nats) of all tokens but the first, `[N - 1]`."""
        p_N = np.full(max(len(token_ids) - 1, 0), 1 / self._vocab_size)
        for table, keys_N in zip(self._tables, _keys(token_ids, self.order, self._base), strict=True):
            p_N = table.interpolated(keys_N, p_N)
        logprobs_N: NDArray[np.float64] = np.log(p_N)
        return logprobs_N


class _Table:
    """Counts of the n-grams of one order, and of their histories."""

    def __init__(self, keys: NDArray[np.int64], base: int) -> None:
        self._base = base
        self._grams, self._counts = np.unique(keys, return_counts=True)
        self._histories, first, self._successors = np.unique(self._grams // base, return_index=True, return_counts=True)
        self._totals = np.add.reduceat(self._counts, first)

    def interpolated(self, keys_N: NDArray[np.int64], shorter_N: NDArray[np.float64]) -> NDArray[np.float64]:
        count_N = _look_up(self._grams, self._counts, keys_N)
        total_N = _look_up(self._histories, self._totals, keys_N // self._base)
        successors_N = _look_up(self._histories, self._successors, keys_N // self._base)
        unseen_N = total_N == 0
        return np.where(unseen_N, shorter_N, (count_N + successors_N * shorter_N) / np.where(unseen_N, 1, total_N + successors_N))


def _keys(token_ids: Sequence[int], order: int, base: int) -> list[NDArray[np.int64]]:
    """Return, for n = 1 to `order`, the n-gram that ends at each token but the first, as one number; places before the document count as no token."""
    shifted = np.asarray(token_ids, np.int64) + 1
    keys, total = [], np.zeros(max(len(shifted) - 1, 0), np.int64)
    for n in range(order):
        back = np.concatenate([np.zeros(max(n - 1, 0), np.int64), shifted])[: len(shifted) - 1] if n else shifted[1:]
        total = total + back * base**n
        keys.append(total)
    return keys


def _look_up(sorted_keys: NDArray[np.int64], values: NDArray[np.int64], wanted_N: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the value beside each wanted key, 0 where it is absent."""
    place_N = np.searchsorted(sorted_keys, wanted_N).clip(max=len(sorted_keys) - 1)
    return np.where(sorted_keys[place_N] == wanted_N, values[place_N], 0)


def ngram_bits(tokenizer: Tokenizer, train: Sequence[Document], heldout: Sequence[Document], *, order: int = 3) -> DocumentBits:
    """Return the bits that an n-gram model of `train`'s tokens needs for each held-out document: the same tokens, text and bytes as the model's."""
    encoded = ([tokenizer.bos_id, *ids] for ids in tokenizer.encode_batch([document.text for document in train]))
    model = NGram(encoded, vocab_size=tokenizer.vocab_size, order=order)
    held = tokenizer.encode_batch([document.text for document in heldout])
    bits = np.array([-model.logprobs([tokenizer.bos_id, *ids]).sum() / np.log(2) for ids in held])
    return DocumentBits(bits, np.array([len(document.text.encode()) for document in heldout], np.float64))
