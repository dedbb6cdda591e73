"""Controls: worked by hand, and strong enough to win where there is nothing to learn."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest

from puna.errors import DataError
from puna.evals.controls import NGram, chance, commonest_answer, kind_of, ngram_bits
from puna.records import Document, Question


def test_the_commonest_answer_is_the_best_constant_of_its_kind():
    questions = [Question(f"facts/town/{i}", "?", answer) for i, answer in enumerate(["Holm", "Elton", "holm.", "Oakham"])]
    questions += [Question(f"facts/job/{i}", "?", answer) for i, answer in enumerate(["Elton", "smith", "smith"])]
    scores = commonest_answer(questions)
    assert [score.value for score in scores] == [1, 0, 1, 0, 0, 1, 1]
    assert sum(score.value for score in commonest_answer(questions, kind=lambda _: "")) == 2
    assert kind_of(questions[0]) == "facts/town"


def test_chance_is_the_mean_of_one_in_the_number_of_choices():
    questions = [Question("a", "?", "x", ("x", "y")), Question("b", "?", "x", ("x", "y", "z", "w"))]
    assert chance(questions) == pytest.approx(0.375)
    for bad in ([], [Question("open", "?", "x")]):
        with pytest.raises(DataError):
            chance(bad)


def test_witten_bell_equals_a_hand_worked_value():
    # Tokens 1 2 1 2 1 3 after the beginning (0), vocabulary of 4: three 1s, two 2s, one 3; after 1 comes 2 twice and 3 once.
    model = NGram([[0, 1, 2, 1, 2, 1, 3]], vocab_size=4, order=2)
    unigram = {token: (count + 3 / 4) / (6 + 3) for token, count in {0: 0, 1: 3, 2: 2, 3: 1}.items()}
    after_1 = {token: (count + 2 * unigram[token]) / (3 + 2) for token, count in {0: 0, 1: 0, 2: 2, 3: 1}.items()}
    after_0 = {token: (count + 1 * unigram[token]) / (1 + 1) for token, count in {0: 0, 1: 1, 2: 0, 3: 0}.items()}
    assert np.exp(model.logprobs([0, 1, 2])) == pytest.approx([after_0[1], after_1[2]])
    # A history never seen leaves the word to the shorter one.
    assert np.exp(model.logprobs([3, 2])) == pytest.approx([unigram[2]])


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_probabilities_add_up_to_one_after_any_history(order):
    rng = random.Random(1)
    model = NGram([[0, *rng.choices(range(1, 9), k=200)] for _ in range(5)], vocab_size=10, order=order)
    for history in ([0], [0, 3], [0, 9, 9], [0, 1, 2, 3, 4]):
        total = sum(math.exp(model.logprobs([*history, token])[-1]) for token in range(10))
        assert total == pytest.approx(1)


def test_higher_orders_find_more_where_there_is_more_to_find():
    # The next token is the sum of the two before it: nothing for a unigram or a bigram, all for a trigram.
    def sequence(seed: int) -> list[int]:
        rng = random.Random(seed)
        ids = [rng.randrange(7), rng.randrange(7)]
        while len(ids) < 60:
            ids.append((ids[-1] + ids[-2]) % 7)
        return [7, *ids]

    costs = []
    for order in (1, 2, 3):
        model = NGram((sequence(i) for i in range(200)), vocab_size=8, order=order)
        costs.append(-np.mean([model.logprobs(sequence(i))[2:].mean() for i in range(1000, 1050)]))
    assert costs[2] < 0.1 < 1.7 < costs[1]
    assert abs(costs[0] - costs[1]) < 0.2


def test_ngram_bits_use_the_tokens_and_bytes_of_the_text(tokenizer):
    train = [Document(str(i), "Mia lives in Elton and has a small blue boat. ") for i in range(30)]
    seen = ngram_bits(tokenizer, train, [Document("h", train[0].text)]).per_byte(seed=0)
    unseen = ngram_bits(tokenizer, train, [Document("h", "☃☃ 9&7 Zq!")]).per_byte(seed=0)
    assert seen.value < 0.3
    assert unseen.value > 3
    ids = [tokenizer.bos_id, *tokenizer.encode(train[0].text)]
    model = NGram([ids] * 30, vocab_size=tokenizer.vocab_size, order=3)
    assert seen.value == pytest.approx(-model.logprobs(ids).sum() / math.log(2) / len(train[0].text.encode()))


def test_a_large_vocabulary_fits_and_empty_documents_do_not_matter():
    model = NGram([[128_000, 5, 128_255, 7], [128_000], []], vocab_size=128_256)
    assert np.isfinite(model.logprobs([128_000, 5, 128_255, 7])).all()
    assert len(model.logprobs([128_000])) == len(model.logprobs([])) == 0
    with pytest.raises(DataError):
        NGram([[0], []], vocab_size=10)
