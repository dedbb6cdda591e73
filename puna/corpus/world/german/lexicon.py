"""How German says the keys of the table: nouns with their gender, and articles, adjectives, pronouns and possessives by gender and case.

Only the singular is declined; foods stand without an article, as plurals or as names of what is not counted. Keys that begin with an attribute and a dot
(`animal.a_acc`: "einen Hund") state its value; those with an underscore (`animal_they`: "er") only agree with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from puna.corpus.world.concepts import GIRLS
from puna.corpus.world.facts import Entity

M, F, N, PLURAL = 0, 1, 2, 3
# By case, for masculine, feminine and neuter.
THE = {"": ("der", "die", "das"), "_acc": ("den", "die", "das"), "_dat": ("dem", "der", "dem"), "_gen": ("des", "der", "des")}
ENDINGS = {"": ("", "e", ""), "_acc": ("en", "e", ""), "_dat": ("em", "er", "em"), "_gen": ("es", "er", "es")}
# An adjective's ending after "ein" and "mein".
ADJECTIVE = {"": ("er", "e", "es"), "_acc": ("en", "e", "es"), "_dat": ("en", "en", "en")}
PRONOUNS = (("er", "ihn", "ihm"), ("sie", "sie", "ihr"), ("es", "es", "ihm"), ("sie", "sie", "ihnen"))

JOBS = {  # of a man, of a woman, of several
    "baker": ("Bäcker", "Bäckerin", "Bäcker"), "farmer": ("Bauer", "Bäuerin", "Bauern"), "teacher": ("Lehrer", "Lehrerin", "Lehrer"), "doctor": ("Arzt", "Ärztin", "Ärzte"), "painter": ("Maler", "Malerin", "Maler"), "fisher": ("Fischer", "Fischerin", "Fischer"),
    "tailor": ("Schneider", "Schneiderin", "Schneider"), "carpenter": ("Tischler", "Tischlerin", "Tischler"), "gardener": ("Gärtner", "Gärtnerin", "Gärtner"), "smith": ("Schmied", "Schmiedin", "Schmiede"), "miller": ("Müller", "Müllerin", "Müller"), "singer": ("Sänger", "Sängerin", "Sänger"),
}  # fmt: skip
NOUNS = {
    "dog": ("Hund", M), "cat": ("Katze", F), "horse": ("Pferd", N), "goat": ("Ziege", F), "duck": ("Ente", F), "rabbit": ("Kaninchen", N), "sheep": ("Schaf", N), "hen": ("Henne", F), "pig": ("Schwein", N), "donkey": ("Esel", M),
    "parrot": ("Papagei", M), "goose": ("Gans", F), "ladder": ("Leiter", F), "boat": ("Boot", N), "drum": ("Trommel", F), "lamp": ("Lampe", F), "clock": ("Uhr", F), "cart": ("Karren", M), "bell": ("Glocke", F), "kite": ("Drachen", M),
    "spade": ("Spaten", M), "rope": ("Seil", N), "basket": ("Korb", M), "flute": ("Flöte", F), "bridge": ("Brücke", F), "mill": ("Mühle", F), "tower": ("Turm", M), "castle": ("Schloss", N), "well": ("Brunnen", M), "harbour": ("Hafen", M),
}  # fmt: skip
# The few masculine nouns whose other cases are not those of all others.
OBLIQUE = {"Bauer": "Bauern"}
FOODS = {  # in the nominative, in the dative
    "plums": ("Pflaumen", "Pflaumen", PLURAL), "bread": ("Brot", "Brot", N), "cheese": ("Käse", "Käse", M), "soup": ("Suppe", "Suppe", F), "honey": ("Honig", "Honig", M), "pears": ("Birnen", "Birnen", PLURAL), "fish": ("Fisch", "Fisch", M),
    "cake": ("Kuchen", "Kuchen", M), "apples": ("Äpfel", "Äpfeln", PLURAL), "nuts": ("Nüsse", "Nüssen", PLURAL), "beans": ("Bohnen", "Bohnen", PLURAL), "rice": ("Reis", "Reis", M),
}  # fmt: skip
COLOURS = {  # the noun, and the adjective; what ends in -a takes no endings
    "red": ("Rot", "rot"), "blue": ("Blau", "blau"), "green": ("Grün", "grün"), "yellow": ("Gelb", "gelb"), "white": ("Weiß", "weiß"), "black": ("Schwarz", "schwarz"), "brown": ("Braun", "braun"), "pink": ("Rosa", "rosa"),
    "grey": ("Grau", "grau"), "purple": ("Lila", "lila"), "silver": ("Silber", "silbern"), "gold": ("Gold", "golden"),
}  # fmt: skip
WORDS = {
    "Monday": "Montag", "Tuesday": "Dienstag", "Wednesday": "Mittwoch", "Thursday": "Donnerstag", "Friday": "Freitag", "Saturday": "Samstag",
    "sea": "am Meer", "river": "an einem Fluss", "lake": "an einem See", "hills": "in den Hügeln", "valley": "in einem Tal", "forest": "im Wald",
    "barn": "in der Scheune", "kitchen": "in der Küche", "shed": "im Schuppen", "garden": "im Garten", "yard": "im Hof", "hall": "in der Halle",
}  # fmt: skip
ORIGINS = {  # how, what one has done, what one did, and the same in the passive
    "bought": ("auf dem Markt", "gekauft", "kaufte", "auf dem Markt gekauft"), "given": ("von Nachbarn", "bekommen", "bekam", "von Nachbarn geschenkt"), "found": ("am Wegrand", "gefunden", "fand", "am Wegrand gefunden"),
    "made": ("mit eigenen Händen", "gemacht", "machte", "mit eigenen Händen gemacht"), "won": ("auf dem Fest", "gewonnen", "gewann", "auf dem Fest gewonnen"), "inherited": ("von einem Onkel", "geerbt", "erbte", "von einem Onkel vererbt"),
}  # fmt: skip


def forms_of(entity: Entity, *, first: bool = False) -> Mapping[str, str]:
    """Return every word of `entity` by key; of somebody who tells of themselves where `first`."""
    stem = "mein" if first else "ihr" if entity.female else "sein"
    return dict(_person(entity, stem, first) if entity.kind == "person" else _names(entity)) | dict(_values(entity, stem))


def friends(person: Entity, chain: Sequence[Entity]) -> Mapping[str, str]:
    """Return "der Freund von Mia" in the cases that questions use; of a longer chain "die Freundin des Freundes von Mia"."""
    tail = f"von {person.name}"
    for friend in chain[:-1]:
        tail = f"{_friend(friend, '_gen')} {tail}"
    return {form: f"{_friend(chain[-1], case)} {tail}" for form, case in {"name": "", "dat": "_dat", "acc": "_acc", "of": "_gen"}.items()}


def _friend(person: Entity, case: str) -> str:
    noun, gender = ("Freundin", F) if person.female else ("Freund", M)
    return f"{THE[case][gender]} {noun}{'es' if (gender, case) == (M, '_gen') else ''}"


def declined(key: str, noun: str, gender: int, stem: str = "") -> Iterator[tuple[str, str]]:
    """Yield a noun with each article, and with the possessives "dein" and `stem`, in each case."""
    yield key, noun
    for case, endings in ENDINGS.items():
        word = _in_case(noun, gender, case)
        yield from ((f"{key}.a{case}", f"ein{endings[gender]} {word}"), (f"{key}.the{case}", f"{THE[case][gender]} {word}"))
        yield f"{key}.your{case}", f"dein{endings[gender]} {word}"
        if stem:
            yield f"{key}.their{case}", f"{stem}{endings[gender]} {word}"


def agreeing(key: str, gender: int) -> Iterator[tuple[str, str]]:
    """Yield what agrees with a noun without naming it: the article, an adjective's ending, the pronoun of a relative clause, and "er", "ihn"."""
    for case, adjective in ADJECTIVE.items():
        yield from (
            (f"{key}_ein{case}", f"ein{ENDINGS[case][gender]}"),
            (f"{key}_adj{case}", adjective[gender]),
            (f"{key}_who{case}", THE[case][gender]),
        )
    yield from ((f"{key}_they", PRONOUNS[gender][0]), (f"{key}_them", PRONOUNS[gender][1]))


def _in_case(noun: str, gender: int, case: str) -> str:
    if noun in OBLIQUE and case:
        return OBLIQUE[noun]
    if case != "_gen" or gender == F:
        return noun
    return noun + ("es" if noun.endswith(("s", "d", "b", "t")) else "s")


def _person(entity: Entity, stem: str, first: bool) -> Iterator[tuple[str, str]]:
    gender = F if entity.female else M
    they, them, to = ("ich", "mich", "mir") if first else PRONOUNS[gender]
    name = entity.name
    yield from (("name", "ich" if first else name), ("acc", them if first else name), ("dat", to if first else name))
    yield from (("they", they), ("them", them), ("to", to), ("They", they.title()), ("signed", name))
    # "Mias Haus", but "Max' Haus"; and what is hers in questions, which ask for "the friend of Mia" in the same words.
    yield from (("gen", f"{name}'" if name[-1] in "sxz" else f"{name}s"), ("of", f"von {name}"))
    yield "who", THE[""][gender]
    yield from ((f"their_{ending}" if ending else "their", stem + ending) for ending in ("", "e", "en", "em", "er"))
    noun = "Freundin" if entity.female else "Freund"
    yield from (
        ("dear", ("Lieber", "Liebe")[gender]),
        ("my_dear", ("Mein lieber", "Meine liebe")[gender]),
        ("a_friend", f"ein{ENDINGS[''][gender]} {noun}"),
    )


def _names(entity: Entity) -> Iterator[tuple[str, str]]:
    """Towns have names; things and animals nouns with articles; foods stand bare in every form."""
    if entity.name in NOUNS:
        noun, gender = NOUNS[entity.name]
        yield from ((key.replace("name.", ""), form) for key, form in declined("name", noun, gender))
    else:
        word, dative, gender = FOODS.get(entity.name, (entity.name, entity.name, N))
        yield from ((key, word) for key in ("name", "a", "a_acc", "the", "the_acc"))
        yield from ((key, dative) for key in ("a_dat", "the_dat"))
    yield from zip(("they", "them", "to"), PRONOUNS[gender], strict=True)


def _values(entity: Entity, stem: str) -> Iterator[tuple[str, str]]:
    for attribute, value in entity.values.items():
        if attribute == "job":
            man, woman, many = JOBS[value]
            gender = F if entity.female else M
            yield from declined("job", woman if entity.female else man, gender, stem)
            yield from agreeing("job", gender)
            yield from (("job.man", man), ("job.woman", woman), ("job.many", many))
        elif attribute == "origin":
            how, done, did, told = ORIGINS[value]
            yield from (("origin", f"{how} {done}"), ("origin.how", how), ("origin.done", done), ("origin.did", did), ("origin.told", told))
        elif attribute == "friend":
            yield from _best_friend(value, stem)
        elif attribute == "colour":
            noun, adjective = COLOURS[value]
            yield from (("colour", noun), ("colour.adj", adjective))
            yield from ((f"colour.{ending}", adjective if adjective[-1] == "a" else adjective + ending) for ending in ("e", "en"))
        elif attribute == "food":
            word, dative, gender = FOODS[value]
            yield from (("food", word), ("food.dat", dative), ("food.are", f"{'sind' if gender == PLURAL else 'ist'} {word}"))
        elif value in NOUNS:
            noun, gender = NOUNS[value]
            yield from declined(attribute, noun, gender, stem)
            yield from agreeing(attribute, gender)
        else:
            yield attribute, WORDS.get(value, value)
            if attribute == "day":
                yield "day.s", f"{WORDS[value].lower()}s"


def _best_friend(name: str, stem: str) -> Iterator[tuple[str, str]]:
    """Yield the friend's name, alone and with what a friend is called by gender: "ihr Freund Tom", "die beste Freundin"."""
    noun, gender = ("Freundin", F) if name in GIRLS else ("Freund", M)
    acc = ENDINGS["_acc"][gender]
    yield "friend", name
    yield from ((f"friend.their{case}", f"{stem}{ENDINGS[case][gender]} {noun} {name}") for case in ADJECTIVE)
    yield from (("friend_the", f"{THE[''][gender]} {noun}"), ("friend_best", f"{THE[''][gender]} beste {noun}"))
    yield from (("friend_a_acc", f"ein{acc} {noun}"), ("friend_dearest_acc", f"{stem}{acc} best{ADJECTIVE['_acc'][gender]} {noun}"))
    yield "friend_who_dat", THE["_dat"][gender]
