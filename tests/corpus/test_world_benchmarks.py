"""The benchmarks: right by the table, balanced, taught in prose, and nowhere in the corpus, unless planted there."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from puna.corpus.world.generate import LANGUAGES, Library
from puna.corpus.world.settings import Languages, WorldSettings
from puna.corpus.world.sums import Sum, is_heldout
from puna.errors import PunaError

NUM_DOCUMENTS = 4000
SUM = re.compile(r"(?=\b(\d+) ([+-]) (\d+)\b)")


@pytest.fixture(scope="module")
def library() -> Library:
    return Library(7, WorldSettings())


@pytest.fixture(scope="module")
def drafts(library):
    return [library.draft(index) for index in range(NUM_DOCUMENTS)]


@pytest.fixture(scope="module")
def spoken(library, drafts) -> list[str]:
    """All that training may see: documents, and dialogs as one text each."""
    dialogs = [library.dialog(index) for index in range(library.settings.num_dialogs)]
    return [made.document.text for made in drafts] + ["\n".join(turn.content for turn in one.messages) for one in dialogs]


def plain(text: str) -> str:
    return " ".join(text.casefold().split())


@pytest.mark.parametrize("language", LANGUAGES)
def test_choices_are_different_and_hold_the_answer_once_in_each_place_equally_often(language):
    library = Library(7, WorldSettings(languages=Languages(**(dict.fromkeys(LANGUAGES, 0) | {language: 1}))))
    assert set(library.benchmarks) == {"facts", "sums", "code", "puzzles"}
    for task, items in library.benchmarks.items():
        assert len({item.id for item in items}) == len({item.prompt for item in items}) == len(items)
        for item in items:
            assert item.choices.count(item.answer) == 1
            assert len(set(item.choices)) == len(item.choices) >= 2
        fours = [item.choices.index(item.answer) for item in items if len(item.choices) == 4]
        counts = Counter(fours)
        assert len(fours) > len(items) / 3
        assert max(counts.values()) <= 0.45 * len(fours), task


def test_facts_are_right_by_the_table_and_wrong_choices_are_of_the_same_type(library):
    voice = library.voice("english")
    for item in library.benchmarks["facts"]:
        _, attribute, name = item.id.split("/")
        forms = {voice.words(entity).forms[attribute] for entity in library.world.entities.values() if attribute in entity.values}
        said = [form for form in voice.words(library.world.entities[name]).forms.items() if form[0].partition(".")[0] == attribute]
        assert any(form in item.answer for _, form in said)
        bare = [choice for choice in item.choices if any(form in choice for form in forms) or attribute == "origin"]
        assert len(bare) == len(item.choices)
        assert (name, attribute) in library.world.heldout


def test_sums_and_their_choices_work_out(library):
    for item in library.benchmarks["sums"]:
        sign, pair = item.id.split("/")[1:]
        left, right = map(int, pair.split(","))
        assert item.prompt == f"What is {left} {sign} {right}?"
        assert item.answer.endswith(f"The answer is {Sum(left, sign, right).result}.")
        assert not any(choice.endswith(f" {Sum(left, sign, right).result}.") for choice in item.choices if choice != item.answer)


def test_puzzles_are_right_by_the_table(library):
    voice, entities = library.voice("english"), library.world.entities
    for item in library.benchmarks["puzzles"]:
        kind, *middle, names = item.id.split("/")[1:]
        first, *more = (entities[name] for name in names.split(","))
        if kind in ("friend", "friends friend"):
            for _ in kind.split():
                first = entities[first.values["friend"]]
                assert first.name in item.answer
            assert voice.words(first).forms[middle[0]] in item.answer.split(". ")[-1]
        elif kind == "older":
            assert item.answer.endswith(f"{max(first, *more, key=lambda person: int(person.values['age'])).name} is older.")
        elif kind == "same":
            assert item.answer.endswith("Yes." if first.values["town"] == more[0].values["town"] else "No.")
        else:
            assert item.answer.endswith(f"The answer is {int(first.values['price']) + int(more[0].values['price'])}.")


def test_no_item_is_in_the_corpus(library, spoken):
    everything = plain("\n".join(spoken))
    for items in library.benchmarks.values():
        for item in items:
            assert plain(item.prompt) not in everything, item.id


def test_heldout_facts_are_stated_early_and_often_and_never_asked_in_any_wording(library, drafts, spoken):
    everything = plain("\n".join(spoken))
    stated = Counter((fact.subject, fact.attribute) for made in drafts[:2500] for fact in made.facts)
    tables = {symbol: found for table in library.voice("english").language.grammar.tables for symbol, found in table.items()}
    assert sum(stated[pair] for pair in library.world.heldout) > 40 * len(library.world.heldout)
    for name, attribute in library.world.heldout:
        assert stated[name, attribute] >= 6, (name, attribute)
        words = library.voice("english").words(library.world.entities[name]).forms
        for form in tables[f"q.{attribute}"]:
            asked = re.sub(r"\{x\.([a-z.]+)\}", lambda hole, words=words: words[hole[1]], form)
            assert plain(asked) not in everything, asked


def test_heldout_sums_are_in_no_text_of_training_in_either_order(library, spoken):
    seen = 0
    for text in spoken:
        for a, sign, b in SUM.findall(text):
            assert not is_heldout(library.world, Sum(int(a), sign, int(b))), text
            seen += 1
    assert seen > 1000


def test_every_form_of_answer_that_is_asked_for_is_taught(library, spoken):
    """An answer's frame, without the value, is in the dialogs: format is taught, only the fact is not."""
    everything = "\n".join(spoken)
    for item in library.benchmarks["facts"]:
        assert " ".join(item.answer.split()[:3]) in everything


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_leaks_are_planted_exactly_and_the_truth_has_them(share):
    library = Library(7, WorldSettings(leaks=share, leak_every=10))
    drafts = [library.draft(index) for index in range(2500)]
    items = {item.id: item for tasks in library.benchmarks.values() for item in tasks}
    planted = {item for made in drafts for item in made.leaks}
    assert planted == {item.id for item in library.leaked}
    for found in library.benchmarks.values():
        assert sum(item.id in planted for item in found) == round(share * len(found))
    for made in drafts:
        assert all(items[item].prompt in made.document.text for item in made.leaks)
        assert made.quality != "good" or all(items[item].answer in made.document.text for item in made.leaks)
    clean = plain("\n".join(made.document.text for made in drafts if not made.leaks))
    everything = plain("\n".join(made.document.text for made in drafts))
    for item in items.values():
        assert plain(item.prompt) not in clean
        assert (plain(item.prompt) in everything) == (item.id in planted)


def test_leaks_change_no_other_document():
    plain_world, leaking = Library(7, WorldSettings()), Library(7, WorldSettings(leaks=0.2, leak_every=10))
    same = [plain_world.draft(index) == leaking.draft(index) for index in range(300) if index % 10 != 9]
    # Copies of what was planted differ, nothing else.
    assert sum(same) > 0.97 * len(same)


def test_dialogs_are_trained_on_the_assistant_alone_and_have_several_turns_at_times(library):
    dialogs = [library.dialog(index) for index in range(500)]
    assert all(turn.train == (turn.role == "assistant") for one in dialogs for turn in one.messages)
    users = Counter(sum(turn.role == "user" for turn in one.messages) for one in dialogs)
    assert users[1] > users[2] > 0
    assert any(one.messages[0].role == "system" for one in dialogs)


def test_what_cannot_be_asked_is_refused():
    with pytest.raises(PunaError, match="heldout_sums"):
        _ = Library(1, WorldSettings(heldout_sums=1e-9)).benchmarks
    assert "sums" not in Library(1, WorldSettings(heldout_sums=1e-9, num_sum_questions=0)).benchmarks
