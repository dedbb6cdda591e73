"""Questions: choices by likelihood, answers by exact match."""

from __future__ import annotations

import pytest
import torch

from puna.engine import Engine
from puna.errors import DataError
from puna.evals.questions import answer_questions, choose, exact_match, normalise, prompt_ids, stop_rate, write_answers
from puna.model.llama import Llama
from puna.records import Question, Sample

TOWN = Question("town/Mia", "Where does Mia live?", "Elton", ("Pip", "Elton", "blue boat", "34"))


@pytest.mark.parametrize(
    ("written", "answer", "right"),
    [
        ("Elton", "Elton", True), (" elton.\n", "Elton", True), ("“Elton”", "Elton", True), ("'Elton'.", "Elton", True), ("Elton!", "Elton", True),
        ("the  baker", "baker", True), ("A baker.", "baker", True), ("An", "an", True), ("the", "the", True), ("Theo", "o", False),
        ("1,000", "1000", True), ("12,345,678", "12345678", True), ("1,00", "100", False), ("3.5", "35", False), ("-3", "3", False), ("−3", "-3", True),
        ("22", "22.", True), ("022", "22", False), ("ＡＢＣ", "abc", True), ("Straße", "STRASSE", True), ("Elton Elton", "Elton", False),
        ("Elton or Holm", "Elton", False), ("", "Elton", False), ("It is Elton", "Elton", False), ("7 8", "78", False), ("é", "e\u0301", True),
    ],
)  # fmt: skip
def test_exact_match_of_hard_cases(written, answer, right):
    sample = Sample((1,), (2,), (0.0,), "end_token", written)
    (score,) = exact_match([Question("q", "?", answer)], [sample])
    assert score.value == right
    assert score.answer == written


def test_normalising_twice_changes_nothing():
    for text in ["The “a  cat”.", "1,000,000!", "a an the", " 'x' ", "..."]:
        assert normalise(normalise(text)) == normalise(text)


@pytest.mark.parametrize("as_dialog", [False, True])
@pytest.mark.parametrize("per_byte", [False, True])
def test_the_choice_with_the_largest_direct_log_likelihood_wins(model, tokenizer, as_dialog, per_byte):
    from test_likelihood import direct

    given = prompt_ids(tokenizer, TOWN, as_dialog=as_dialog)
    wanted = []
    for choice in TOWN.choices:
        ending = [*tokenizer.encode(choice), tokenizer.chat_ids.eot] if as_dialog else tokenizer.encode(" " + choice)
        wanted.append(sum(direct(model, given + ending)[-len(ending) :]) / (len(choice.encode()) if per_byte else 1))
    (score,) = choose(Engine(model, tokenizer), [TOWN], as_dialog=as_dialog, per_byte=per_byte)
    assert score.answer == TOWN.choices[wanted.index(max(wanted))]
    assert score.value == (score.answer == "Elton")
    assert f"Elton: {wanted[1]:.2f}" in score.explanation


def test_a_question_does_not_depend_on_those_beside_it(model, tokenizer):
    questions = [Question(str(i), f"What is {i} + {i}?", str(2 * i), (str(2 * i), str(i), "many")) for i in range(40)]
    engine = Engine(model, tokenizer)
    together, alone = choose(engine, questions), [choose(engine, [question])[0] for question in questions]
    assert [score.answer for score in together] == [score.answer for score in alone]


def taught(config, tokenizer, questions: list[Question]) -> Llama:
    """A model that has overfitted the dialogs of `questions`."""
    model = Llama(config)
    model.init_weights(1)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    from puna.model.attention import packed

    rows = [(prompt_ids(tokenizer, q, as_dialog=True), [*tokenizer.encode(q.answer), tokenizer.chat_ids.eot]) for q in questions]
    for _ in range(60):
        loss = torch.zeros(())
        for given, ending in rows:
            ids = torch.tensor(given + ending)
            logits = model.logits(model(ids, packed([0], len(ids))))
            loss = loss + torch.nn.functional.cross_entropy(logits[len(given) - 1 : -1], ids[len(given) :])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model.eval()


def test_planted_knowledge_is_recovered_and_its_absence_too(config, tokenizer):
    taught_questions = [TOWN, Question("age/Tom", "How old is Tom?", "34", ("17", "34", "5", "22"))]
    wrong = [Question("w", TOWN.prompt, "blue boat", TOWN.choices)]
    model = taught(config, tokenizer, taught_questions)
    engine = Engine(model, tokenizer)
    assert [s.value for s in choose(engine, taught_questions + wrong, as_dialog=True)] == [1, 1, 0]
    assert [s.value for s in answer_questions(engine, taught_questions + wrong, as_dialog=True)] == [1, 1, 0]
    samples = write_answers(engine, taught_questions, as_dialog=True)
    assert stop_rate(samples).value == 1


def test_answers_in_plain_text_end_with_their_line_and_no_longer_than_asked(model, tokenizer):
    samples = write_answers(Engine(model, tokenizer), [TOWN] * 3, as_dialog=False, max_tokens=5)
    assert all(len(sample.token_ids) <= 5 and "\n" not in sample.text for sample in samples)
    assert len({sample.text for sample in samples}) == 1


def test_the_stop_rate_counts_ends_of_ones_own():
    samples = [Sample((1,), (2,), (0.0,), reason, "") for reason in ("end_token", "stop_string", "max_tokens", "context_full")]
    found = stop_rate(samples)
    assert found.value == 0.5
    assert found.over == "4 answers"


def test_questions_that_cannot_be_scored_are_refused_with_their_name(model, tokenizer):
    with pytest.raises(DataError, match=r"question open: .*choices"):
        choose(Engine(model, tokenizer), [Question("open", "Why?", "because")])
    with pytest.raises(DataError, match=r"question long: .* context has 64"):
        choose(Engine(model, tokenizer), [Question("long", "Why? " * 100, "a", ("a", "b"))])
