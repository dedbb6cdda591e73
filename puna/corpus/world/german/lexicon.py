"""How German says the keys of the table: nouns with their gender, and articles and possessives by gender and case.

Only the singular is declined; foods stand without an article, as plurals or as names of what is not counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from puna.corpus.world.facts import Entity

M, F, N = 0, 1, 2
# By case, for masculine, feminine and neuter.
THE = {"": ("der", "die", "das"), "_acc": ("den", "die", "das"), "_dat": ("dem", "der", "dem")}
ENDINGS = {"": ("", "e", ""), "_acc": ("en", "e", ""), "_dat": ("em", "er", "em")}

JOBS = {  # of a man, of a woman
    "baker": ("Bäcker", "Bäckerin"), "farmer": ("Bauer", "Bäuerin"), "teacher": ("Lehrer", "Lehrerin"), "doctor": ("Arzt", "Ärztin"), "painter": ("Maler", "Malerin"), "fisher": ("Fischer", "Fischerin"),
    "tailor": ("Schneider", "Schneiderin"), "carpenter": ("Tischler", "Tischlerin"), "gardener": ("Gärtner", "Gärtnerin"), "smith": ("Schmied", "Schmiedin"), "miller": ("Müller", "Müllerin"), "singer": ("Sänger", "Sängerin"),
}  # fmt: skip
NOUNS = {
    "dog": ("Hund", M), "cat": ("Katze", F), "horse": ("Pferd", N), "goat": ("Ziege", F), "duck": ("Ente", F), "rabbit": ("Kaninchen", N), "sheep": ("Schaf", N), "hen": ("Henne", F), "pig": ("Schwein", N), "donkey": ("Esel", M),
    "parrot": ("Papagei", M), "goose": ("Gans", F), "ladder": ("Leiter", F), "boat": ("Boot", N), "drum": ("Trommel", F), "lamp": ("Lampe", F), "clock": ("Uhr", F), "cart": ("Karren", M), "bell": ("Glocke", F), "kite": ("Drachen", M),
    "spade": ("Spaten", M), "rope": ("Seil", N), "basket": ("Korb", M), "flute": ("Flöte", F), "bridge": ("Brücke", F), "mill": ("Mühle", F), "tower": ("Turm", M), "castle": ("Schloss", N), "well": ("Brunnen", M), "harbour": ("Hafen", M),
}  # fmt: skip
WORDS = {
    "red": "Rot", "blue": "Blau", "green": "Grün", "yellow": "Gelb", "white": "Weiß", "black": "Schwarz", "brown": "Braun", "pink": "Rosa", "grey": "Grau", "purple": "Lila", "silver": "Silber", "gold": "Gold",
    "plums": "Pflaumen", "bread": "Brot", "cheese": "Käse", "soup": "Suppe", "honey": "Honig", "pears": "Birnen", "fish": "Fisch", "cake": "Kuchen", "apples": "Äpfel", "nuts": "Nüsse", "beans": "Bohnen", "rice": "Reis",
    "Monday": "Montag", "Tuesday": "Dienstag", "Wednesday": "Mittwoch", "Thursday": "Donnerstag", "Friday": "Freitag", "Saturday": "Samstag",
    "sea": "am Meer", "river": "an einem Fluss", "lake": "an einem See", "hills": "in den Hügeln", "valley": "in einem Tal", "forest": "im Wald",
    "barn": "in der Scheune", "kitchen": "in der Küche", "shed": "im Schuppen", "garden": "im Garten", "yard": "im Hof", "hall": "in der Halle",
}  # fmt: skip
ORIGINS = {
    "bought": ("auf dem Markt", "gekauft"), "given": ("von Nachbarn", "bekommen"), "found": ("am Weg", "gefunden"), "made": ("mit eigenen Händen", "gebaut"), "won": ("auf dem Fest", "gewonnen"), "inherited": ("von einem Onkel", "geerbt"),
}  # fmt: skip


def forms_of(entity: Entity, *, first: bool = False) -> Mapping[str, str]:
    """Return every word of `entity` by key; of somebody who tells of themselves where `first`."""
    stem = "mein" if first else "ihr" if entity.female else "sein"
    return dict(_person(entity, first) if entity.kind == "person" else _names(entity)) | dict(_values(entity, stem))


def friends(person: Entity, chain: Sequence[Entity]) -> Mapping[str, str]:
    """Return "der Freund von Mia" in the cases that questions use; of a longer chain "die Freundin von dem Freund von Mia"."""
    cases = {"name": "", "dat": "_dat", "acc": "_acc"}
    tail = person.name
    for friend in chain[:-1]:
        tail = f"{_friend(friend, '_dat')} von {tail}"
    return {form: f"{_friend(chain[-1], case)} von {tail}" for form, case in cases.items()}


def _friend(person: Entity, case: str) -> str:
    return f"{THE[case][F if person.female else M]} {'Freundin' if person.female else 'Freund'}"


def declined(key: str, noun: str, gender: int, stem: str = "") -> Iterator[tuple[str, str]]:
    """Yield a noun with each article, and with the possessive `stem`, in each case."""
    yield key, noun
    for case, endings in ENDINGS.items():
        yield from ((f"{key}.a{case}", f"ein{endings[gender]} {noun}"), (f"{key}.the{case}", f"{THE[case][gender]} {noun}"))
        if stem:
            yield f"{key}.their{case}", f"{stem}{endings[gender]} {noun}"


def _person(entity: Entity, first: bool) -> Iterator[tuple[str, str]]:
    they, them, to = ("ich", "mich", "mir") if first else ("sie", "sie", "ihr") if entity.female else ("er", "ihn", "ihm")
    name = "ich" if first else entity.name
    yield from (
        ("name", name),
        ("acc", them if first else name),
        ("dat", to if first else name),
        ("they", they),
        ("them", them),
        ("to", to),
    )
    yield from (("They", they.title()), ("signed", entity.name))


def _names(entity: Entity) -> Iterator[tuple[str, str]]:
    """Towns have names; things and animals nouns with articles; foods stand bare in every form."""
    if entity.name in NOUNS:
        noun, gender = NOUNS[entity.name]
        for key, form in declined("name", noun, gender):
            yield key.replace("name.", ""), form
        yield "they", ("er", "sie", "es")[gender]
    else:
        word = WORDS.get(entity.name, entity.name)
        for key in ("name", "a", "a_acc", "a_dat", "the", "the_acc", "the_dat"):
            yield key, word


def _values(entity: Entity, stem: str) -> Iterator[tuple[str, str]]:
    for attribute, value in entity.values.items():
        if attribute == "job":
            yield from declined("job", JOBS[value][entity.female], F if entity.female else M)
            yield "job.man", JOBS[value][0]
        elif attribute == "origin":
            how, did = ORIGINS[value]
            yield from (("origin", f"{how} {did}"), ("origin.told", f"{how} {did}"))
        elif value in NOUNS:
            yield from declined(attribute, *NOUNS[value], stem)
        else:
            yield attribute, WORDS.get(value, value)
