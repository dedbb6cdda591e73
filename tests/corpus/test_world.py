"""The world: seeded, endless, and of one mind; a reader with eyes of its own finds in every text what the table says."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import sys
from collections import Counter

import pytest
import zstandard
from world_reader import STATING, Reader

from puna.corpus.world import code, howtos, sums
from puna.corpus.world.concepts import ATTRIBUTES, PERSON, SCHEMA, VALUES
from puna.corpus.world.draws import generator
from puna.corpus.world.facts import World
from puna.corpus.world.generate import GENRES, LANGUAGES, Library
from puna.corpus.world.german.lexicon import declined
from puna.corpus.world.grammar import Tally
from puna.corpus.world.settings import Languages, Mix, WorldSettings
from puna.corpus.world.sums import Sum
from puna.corpus.world.writer import Writer
from puna.errors import PunaError
from puna.settings import parse

NUM_DOCUMENTS = 2500


def settings_of(language: str, **changes) -> WorldSettings:
    return WorldSettings(languages=Languages(**(dict.fromkeys(LANGUAGES, 0) | {language: 1})), **changes)


@pytest.fixture(scope="module")
def library() -> Library:
    return Library(7, WorldSettings())


@pytest.fixture(scope="module")
def drafts(library):
    return [library.draft(index) for index in range(NUM_DOCUMENTS)]


@pytest.fixture(scope="module")
def good(drafts):
    return [made for made in drafts if made.quality == "good"]


def test_same_seed_same_bytes_other_seed_other_world(library, drafts):
    again, other = Library(7, WorldSettings()), Library(8, WorldSettings())
    assert [again.draft(index) for index in range(200)] == drafts[:200]
    assert [again.dialog(index) for index in range(50)] == [library.dialog(index) for index in range(50)]
    assert again.benchmarks == library.benchmarks
    assert {name: entity.values for name, entity in other.world.entities.items()} != {
        n: e.values for n, e in library.world.entities.items()
    }
    assert other.draft(0).document.text != drafts[0].document.text


def test_a_document_does_not_depend_on_those_before_it(drafts):
    fresh = Library(7, WorldSettings())
    for index in (NUM_DOCUMENTS - 1, 17, 1300):
        assert fresh.draft(index) == drafts[index]
    assert fresh.draft(10**9).document.text


def test_the_table_is_complete_and_evenly_dealt(library):
    world = library.world
    assert len(world.people) == world.settings.people
    for kind, entities in world.kinds.items():
        assert all(set(entity.values) == set(SCHEMA[kind]) for entity in entities)
        for attribute in set(SCHEMA[kind]) - {"friend"}:
            counts = Counter(entity.values[attribute] for entity in entities)
            assert set(counts) <= set(VALUES[attribute])
            assert max(counts.values()) - min(counts.values()) <= 1
    assert all(world.entities[person.values["friend"]] is not person for person in world.people)
    assert len({person.values["friend"] for person in world.people}) == len(world.people)


def test_facts_noted_by_the_writer_are_in_the_table_and_their_words_in_the_text(library, good):
    words = library.voice("english").words
    checked = 0
    for made in good:
        for fact in made.facts:
            assert library.world.holds(fact)
            forms = words(library.world.entities[fact.subject]).forms
            said = [form for key, form in forms.items() if key.partition(".")[0] == fact.attribute]
            assert any(form.casefold() in made.document.text.casefold() for form in said), (fact, made.document.text)
            checked += 1
    assert checked > NUM_DOCUMENTS


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_statement_that_a_reader_finds_agrees_with_the_table(language, library, good):
    if language == "english":
        told, texts = library, [made.document.text for made in good[:1200]]
    else:
        told = Library(7, settings_of(language))
        texts = [made.document.text for made in map(told.draft, range(700)) if made.quality == "good"]
    reader, found = Reader(told.voice(language)), Counter()
    for symbol, fact in reader.read("\n\n".join(texts)):
        assert told.world.holds(fact), (symbol, fact)
        found[symbol] += 1
    assert {symbol for symbol in STATING if symbol not in found} <= {"vp.place", "vp.day", "vp.sight", "vp.price", "vp.bed"}
    assert found.total() > 1000


def test_a_reader_finds_what_is_wrong_on_pages_of_wrong_facts_and_the_truth_says_so(library, drafts):
    reader, wrong = Reader(library.voice("english")), [made for made in drafts if made.kind == "wrong"]
    found = 0
    for made in wrong:
        assert made.quality == "junk"
        assert made.wrong
        assert not any(library.world.holds(fact) for fact in made.wrong)
        for _, fact in reader.read(made.document.text):
            if not library.world.holds(fact):
                assert fact in made.wrong, (fact, made.document.text)
                found += 1
    assert found > len(wrong) / 2


def test_who_writes_of_themselves_tells_the_truth(library, good):
    """Letters are signed at their end; what "I" says there holds for who signed."""
    voice, found = library.voice("english"), 0
    people = {person.name: person for person in library.world.people}
    claims = {"town": r"\bI (?:live in|belong to|come from) ([A-Z]\w+)", "age": r"\bI am (\d+)\b", "food": r"\bI (?:love|could live on|dream of) (?!it\b)(\w+)(?: at night)?[.,;!]", "pet": r"\bI play with (\w+) the"}  # fmt: skip
    for made in good:
        if made.kind == "letters":
            signer = people[re.findall(r"\w+", made.document.text)[-1]]
            for attribute, pattern in claims.items():
                for value in re.findall(pattern, made.document.text):
                    assert voice.words(signer).forms[attribute] == value, made.document.text
                    found += 1
    assert found > 10


def test_every_sum_and_every_count_that_a_reader_finds_is_right(drafts):
    equations, counts = 0, 0
    for made in drafts:
        for a, sign, b, result in re.findall(r"\b(\d+) ([+-]) (\d+) (?:=|is|makes|gives) (\d+)\b(?! \()", made.document.text):
            assert int(result) == Sum(int(a), sign, int(b)).result
            equations += 1
        for chain in re.findall(r"\d+ \(\d+\)(?:, \d+ \(\d+\))+", made.document.text) if made.kind != "scrambled" else ():
            states = [tuple(map(int, state)) for state in re.findall(r"(\d+) \((\d+)\)", chain)]
            steps = {(b[0] - a[0], b[1] - a[1]) for a, b in itertools.pairwise(states)}
            assert steps in ({(1, -1)}, {(-1, -1)}), chain
            assert states[-1][1] == 0 or made.kind == "near duplicate"
            counts += 1
    assert equations > 300
    assert counts > 300


@pytest.mark.parametrize(
    ("left", "sign", "right", "expected"),
    [
        (17, "+", 5, "17 (5), 18 (4), 19 (3), 20 (2), 21 (1), 22 (0)"),
        (7, "-", 2, "7 (2), 6 (1), 5 (0)"),
        (7, "-", 0, "7 (0)"),
        (17, "+", 15, "ones: 7 + 5 = 12, write 2 and carry 1; tens: 1 + 1 = 2 and 1 is 3"),
        (95, "+", 17, "ones: 5 + 7 = 12, write 2 and carry 1; tens: 9 + 1 = 10 and 1 is 11, write 1 and carry 1; hundreds: 0 + 0 = 0 and 1 is 1"),
        (33, "-", 17, "ones: borrow 1, 13 - 7 = 6; tens: 3 less 1 is 2, 2 - 1 = 1"),
        (100, "-", 11, "ones: borrow 1, 10 - 1 = 9; tens: 0 less 1 is 9, borrow 1, 9 - 1 = 8; hundreds: 1 less 1 is 0, 0 - 0 = 0"),
    ],
)  # fmt: skip
def test_worked_steps_are_those_of_counting_and_of_columns(library, left, sign, right, expected):
    assert sums.steps(Writer(library.voice("english"), generator(0)), Sum(left, sign, right)) == expected


def test_worked_columns_never_hold_a_sum_that_could_be_held_out():
    library = Library(1, WorldSettings(largest_number=400, largest_step=400))
    writer = Writer(library.voice("english"), generator(0))
    for left in range(0, 400, 7):
        for right in range(10, 400, 9):
            for item in (Sum(left, "+", right), Sum(max(left, right), "-", min(left, right))):
                for a, sign, b in re.findall(r"(?=\b(\d+) ([+-]) (\d+)\b)", sums.steps(writer, item)):
                    assert not sums.is_heldout(library.world, Sum(int(a), sign, int(b)))


def test_python_agrees_with_every_function_that_is_shown(library):
    """The generator never runs what it writes; here an interpreter of its own does, without the user's environment."""
    writer = Writer(library.voice("english"), generator(1))
    calls = [code.candidate(writer) for _ in range(600)]
    assert {made.family for made in calls} == set(code.FAMILIES)
    program = "\n".join(f"{made.source}\nprint(repr({made.call}))" for made in calls)
    done = subprocess.run([sys.executable, "-I", "-"], input=program, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [made.value for made in calls]


def test_pages_of_code_show_what_their_calls_return(good):
    checks = []
    for made in good:
        if made.kind == "code":
            for source, rest in re.findall(r"((?:prices = .*\n)?def .*\n(?:    .*\n)+)((?:(?!def |prices).*\n?)*)", made.document.text):
                found = re.findall(
                    r"^(?:>>> |assert |print\(|result = )?(\w+\(.*?\))(?:\n|  # | == | gives | returns |\)  # )(.+?)\.?$",
                    rest,
                    re.MULTILINE,
                )
                checks += [(source, call, value) for call, value in found if call.count("(") == 1 and " " not in value.replace(", ", "")]
    assert len(checks) > 60
    program = (
        "import json\nout = []\n"
        + "\n".join(f"{source}\nout.append(repr({call}))" for source, call, _ in checks)
        + "\nprint(json.dumps(out))"
    )
    done = subprocess.run([sys.executable, "-I", "-"], input=program, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [value for *_, value in checks]


def test_how_tos_use_the_quantities_that_they_ask_for(good):
    found = 0
    for made in good:
        if made.kind == "howtos":
            for noun in ("minutes", "cups", "spoons", "eggs", "nails"):
                said = {int(number) for number in re.findall(rf"\b(\d+) {noun}\b", made.document.text)}
                assert len(said) <= 1, made.document.text
                found += len(said)
    assert found > 30


def test_coins_are_left_as_the_prices_leave_them(library, good):
    found = 0
    for made in good:
        if made.kind == "stories" and " coins" in made.document.text:
            numbers = [int(number) for number in re.findall(r"\b(\d+)\b", made.document.text)]
            prices = {int(good.values["price"]) for good in library.world.kinds["good"]}
            if bought := re.search(r"(\d+) coins (?:left|were left|lay in)|kept (\d+) coins|and (\d+) coins(?=[.!])", made.document.text):
                left = int(next(filter(None, bought.groups())))
                assert any(have - price == left for have in numbers for price in prices)
                found += 1
    assert found > 5


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_genre_is_written_in_every_language_in_all_its_ways(language):
    """Every production of the grammar can be filled: no hole asks for a form that the lexicon lacks, no symbol is missing."""
    library = Library(3, settings_of(language, people=24, values=12))
    for genre, write in GENRES.items():
        for number in range(300):
            text = write(Writer(library.voice(language), generator(number, genre)))
            assert text.strip()
            assert not re.search(r"\{[a-z.:|]+\}|(?<=\S)  +[A-Z]|(?<!\.)\.\.(?!\.)", text), text
    assert all(library.draft(index).language == LANGUAGES[language].code for index in range(300))


def test_german_articles_fit_gender_and_case():
    words = Library(3, settings_of("german", people=24, values=12)).voice("german")
    dog, cat, sheep = (next((e for e in words.world.people if e.values["animal"] == animal), None) for animal in ("dog", "cat", "sheep"))
    assert [words.words(dog).forms[f"animal.{form}"] for form in ("a", "a_acc", "a_dat", "the_acc")] == [
        "ein Hund",
        "einen Hund",
        "einem Hund",
        "den Hund",
    ]
    assert [words.words(cat).forms[f"animal.{form}"] for form in ("a", "a_acc", "a_dat")] == ["eine Katze", "eine Katze", "einer Katze"]
    assert [words.words(sheep).forms[f"animal.{form}"] for form in ("the", "the_acc", "the_dat")] == ["das Schaf", "das Schaf", "dem Schaf"]
    assert words.words(dog, first=True).forms["animal.their_acc"] == "meinen Hund"
    assert words.words(dog).forms["animal.their_dat"] == ("ihrem Hund" if dog.female else "seinem Hund")
    apples = next(e for e in words.world.people if e.values["food"] == "apples")
    farmer = dict(declined("job", "Bauer", 0))
    assert [farmer[f"job.{form}"] for form in ("a", "a_acc", "the_dat", "a_gen")] == [
        "ein Bauer",
        "einen Bauern",
        "dem Bauern",
        "eines Bauern",
    ]
    assert [words.words(apples).forms[f"food{form}"] for form in ("", ".dat", ".are")] == ["Äpfel", "Äpfeln", "sind Äpfel"]


def test_spanish_articles_fit_gender_and_contract():
    words = Library(3, settings_of("spanish", people=24, values=12)).voice("spanish")
    dog, goat = (next(e for e in words.world.people if e.values["animal"] == animal) for animal in ("dog", "goat"))
    assert [words.words(dog).forms[f"animal.{form}"] for form in ("a", "the", "de")] == ["un perro", "el perro", "del perro"]
    assert [words.words(goat).forms[f"animal.{form}"] for form in ("a", "the", "de")] == ["una cabra", "la cabra", "de la cabra"]
    assert [words.words(dog).forms["animal.al"], words.words(goat).forms["animal.al"]] == ["al perro", "a la cabra"]
    goods = {good.name: words.words(good).forms for good in words.world.kinds["good"]}
    assert [goods["plums"][form] for form in ("a", "the", "de")] == ["ciruelas", "las ciruelas", "de las ciruelas"]
    assert [goods["bread"][form] for form in ("the", "de", "al")] == ["el pan", "del pan", "al pan"]
    assert words.language.listed(["Mia", "Tom", "Ivan"]) == "Mia, Tom e Ivan"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Vive en Elton", "¡Vive en Elton!"),
        ("- 3 + 4 = 7", "- ¡3 + 4 = 7!"),
        ("¿Cuánto es 3 + 4? 3 (4), 7 (0). Es 7", "¿Cuánto es 3 + 4? 3 (4), 7 (0). ¡Es 7!"),
        ("«Se llama Mia»", "«Se llama Mia»."),
    ],
)
def test_spanish_opens_the_sentence_that_it_exclaims(text, expected):
    assert LANGUAGES["spanish"].exclaimed(text) == expected


@pytest.mark.parametrize("language", ["english", "german", "spanish"])
def test_no_language_is_templates_with_holes(language):
    """As the benchmark measures it, on a smaller sample: compression, and the share of the largest production."""
    tally = Tally()
    library = Library(2, settings_of(language), tally=tally)
    good = [made.document.text for made in map(library.draft, range(4000)) if made.quality == "good"]
    text = "\n".join(good).encode()
    assert len(text) / len(zstandard.compress(text, 3)) < 5
    name, most = tally.tokens.most_common(1)[0]
    assert most / tally.total < 0.005, name
    assert len(tally.tokens) > 1000


def test_languages_have_their_shares_and_a_language_switched_off_is_nowhere():
    library = Library(5, WorldSettings(languages=Languages(english=2, german=1, spanish=1)))
    counts = Counter(library.draft(index).language for index in range(1500))
    assert counts["en"] / 1500 == pytest.approx(0.5, abs=0.05)
    assert counts["de"] / 1500 == pytest.approx(0.25, abs=0.05)
    assert {"facts", "facts_de", "facts_es", "sums_de"} <= set(library.benchmarks)
    ids = [item.id for items in library.benchmarks.values() for item in items]
    assert len(set(ids)) == len(ids)
    assert set(Library(5, settings_of("german")).benchmarks) == {"facts", "sums", "code", "puzzles"}


@pytest.mark.parametrize(
    "settings",
    [
        {"people": 8, "values": 4},
        {"people": 9, "values": 4},
        {"people": 48, "values": 12},
        {"repertoire": 1},
        {"largest_step": 60, "largest_number": 99},
    ],
)
def test_worlds_of_all_sizes_can_be_written(settings):
    library = Library(3, WorldSettings(**settings))
    assert all(library.draft(index).document.text for index in range(150))
    assert all(library.dialog(index).messages for index in range(100))
    assert library.benchmarks["facts"]


def test_settings_reach_the_world():
    weights = dict.fromkeys(Mix.model_fields, 0.0) | {"sums": 1}
    library = Library(1, WorldSettings(largest_number=99, largest_step=99, junk=0, html=0, mix=Mix(**weights)))
    drafts = [library.draft(index) for index in range(100)]
    assert {made.kind for made in drafts} == {"sums"}
    numbers = [int(n) for made in drafts for a, b in re.findall(r"\b(\d+) [+-] (\d+)", made.document.text) for n in (a, b)]
    assert 80 < max(numbers) <= 99


def test_a_small_repertoire_says_the_same_facts_in_fewer_words():
    few, all_ways = (Library(1, WorldSettings(repertoire=most)) for most in (3, None))
    forms = [set(), set()]
    for found, library in zip(forms, (few, all_ways), strict=True):
        writer = Writer(library.voice("english"), generator(0))
        writer.play("x", library.world.people[0])
        found |= {writer.write("vp.town") for _ in range(200)}
    assert len(forms[0]) <= 5
    assert len(forms[1]) > 10


@pytest.mark.parametrize("name", ["mix", "talk", "languages"])
def test_weights_of_nothing_are_refused(name):
    nothing = dict.fromkeys(WorldSettings.model_fields[name].annotation.model_fields, 0)
    with pytest.raises(PunaError, match="all weights are 0"):
        parse(WorldSettings, {name: nothing}, where="test")


def test_articles_fit_and_no_word_is_in_two_lists(drafts):
    text = "\n".join(made.document.text for made in drafts if made.kind not in ("scrambled", "code", "near duplicate"))
    assert not re.search(r"\ba [aeio]\w", text)
    words = [word for attribute, values in VALUES.items() if attribute not in ("age", "price") for word in values]
    assert len(set(words)) == len(words)
    assert set(PERSON) < set(ATTRIBUTES)
    assert howtos.FIRM
    assert World(1, WorldSettings()).holds(World(1, WorldSettings()).people[0].fact("town"))
