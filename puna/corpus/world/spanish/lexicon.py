"""How Spanish says the keys of the table: nouns with their gender and number, articles, what "de" and "a" make of them (del, al), and endings that agree.

Keys with a dot are forms of a value (`thing.a`: una lámpara). Keys with an underscore are words that only agree with one and state nothing (`thing_o`: the
end of an adjective, `thing_lo`: the pronoun).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from puna.corpus.world.concepts import GIRLS
from puna.corpus.world.facts import Entity

M, F = 0, 1
JOBS = {  # of a man, of a woman
    "baker": ("panadero", "panadera"), "farmer": ("granjero", "granjera"), "teacher": ("maestro", "maestra"), "doctor": ("médico", "médica"), "painter": ("pintor", "pintora"), "fisher": ("pescador", "pescadora"),
    "tailor": ("sastre", "sastra"), "carpenter": ("carpintero", "carpintera"), "gardener": ("jardinero", "jardinera"), "smith": ("herrero", "herrera"), "miller": ("molinero", "molinera"), "singer": ("cantor", "cantora"),
}  # fmt: skip
NOUNS = {
    "dog": ("perro", M), "cat": ("gato", M), "horse": ("caballo", M), "goat": ("cabra", F), "duck": ("pato", M), "rabbit": ("conejo", M), "sheep": ("oveja", F), "hen": ("gallina", F), "pig": ("cerdo", M), "donkey": ("burro", M), "parrot": ("loro", M), "goose": ("oca", F),
    "ladder": ("escalera", F), "boat": ("barca", F), "drum": ("tambor", M), "lamp": ("lámpara", F), "clock": ("reloj", M), "cart": ("carro", M), "bell": ("campana", F), "kite": ("cometa", F), "spade": ("pala", F), "rope": ("cuerda", F), "basket": ("cesta", F), "flute": ("flauta", F),
    "bridge": ("puente", M), "mill": ("molino", M), "tower": ("torre", F), "castle": ("castillo", M), "well": ("pozo", M), "harbour": ("puerto", M),
}  # fmt: skip
FOODS = {  # bare, with the article
    "plums": ("ciruelas", "las"), "bread": ("pan", "el"), "cheese": ("queso", "el"), "soup": ("sopa", "la"), "honey": ("miel", "la"), "pears": ("peras", "las"), "fish": ("pescado", "el"), "cake": ("pastel", "el"), "apples": ("manzanas", "las"), "nuts": ("nueces", "las"), "beans": ("judías", "las"), "rice": ("arroz", "el"),
}  # fmt: skip
COLOURS = {  # of one and of several; those in -o have a form for each gender
    "red": ("rojo", "rojos"), "blue": ("azul", "azules"), "green": ("verde", "verdes"), "yellow": ("amarillo", "amarillos"), "white": ("blanco", "blancos"), "black": ("negro", "negros"), "brown": ("marrón", "marrones"), "pink": ("rosa", "rosas"), "grey": ("gris", "grises"), "purple": ("morado", "morados"), "silver": ("plateado", "plateados"), "gold": ("dorado", "dorados"),
}  # fmt: skip
WORDS = {
    "Monday": "lunes", "Tuesday": "martes", "Wednesday": "miércoles", "Thursday": "jueves", "Friday": "viernes", "Saturday": "sábado",
    "sea": "junto al mar", "river": "a orillas de un río", "lake": "junto a un lago", "hills": "en las colinas", "valley": "en un valle", "forest": "en el bosque",
    "barn": "en el granero", "kitchen": "en la cocina", "shed": "en el cobertizo", "garden": "en el jardín", "yard": "en el patio", "hall": "en la sala",
}  # fmt: skip
ORIGINS = {  # participle, "I …", "she …", how
    "bought": ("comprado", "compré", "compró", "en el mercado"), "given": ("recibido", "recibí", "recibió", "como regalo"), "found": ("encontrado", "encontré", "encontró", "en el camino"),
    "made": ("hecho", "hice", "hizo", "a mano"), "won": ("ganado", "gané", "ganó", "en la feria"), "inherited": ("heredado", "heredé", "heredó", "de un tío"),
}  # fmt: skip


def and_(word: str) -> str:
    """Return "y Mia", but "e Ivan"."""
    return f"{'e' if word[0] in 'IiÍí' else 'y'} {word}"


def or_(word: str) -> str:
    """Return "o Mia", but "u Otto"."""
    return f"{'u' if word[0] in 'OoÓó' else 'o'} {word}"


def forms_of(entity: Entity, *, first: bool = False) -> Mapping[str, str]:
    """Return every word of `entity` by key; of somebody who tells of themselves where `first`."""
    return dict(_person(entity, first) if entity.kind == "person" else _names(entity)) | dict(_values(entity, first))


def friends(person: Entity, chain: Sequence[Entity]) -> Mapping[str, str]:
    """Return "el amigo de Mia", and the same after "de" and "a"; of a longer chain "la amiga del amigo de Mia"."""
    tail = f"de {person.name}"
    for friend in chain[:-1]:
        tail = f"{'de la amiga' if friend.female else 'del amigo'} {tail}"
    last = chain[-1].female
    return {
        "name": f"{'la amiga' if last else 'el amigo'} {tail}",
        "de": f"{'de la amiga' if last else 'del amigo'} {tail}",
        "al": f"{'a la amiga' if last else 'al amigo'} {tail}",
    }


def declined(key: str, noun: str, gender: int, their: str) -> Iterator[tuple[str, str]]:
    """Yield a noun bare, with each article, after "de" and "a", and with a possessive."""
    yield from ((key, noun), (f"{key}.a", f"{('un', 'una')[gender]} {noun}"), (f"{key}.the", f"{('el', 'la')[gender]} {noun}"))
    yield from ((f"{key}.de", f"{('del', 'de la')[gender]} {noun}"), (f"{key}.al", f"{('al', 'a la')[gender]} {noun}"))
    yield from ((f"{key}.their", f"{their} {noun}"), (f"{key}.The", f"{('El', 'La')[gender]} {noun}"))


def contracted(preposition: str, article: str) -> str:
    """Return "de" or "a" with an article: "del", "a las"."""
    return {"de": "del", "a": "al"}[preposition] if article == "el" else f"{preposition} {article}"


def _person(entity: Entity, first: bool) -> Iterator[tuple[str, str]]:
    """Subjects that are known are left out, as Spanish does; `amigo` and its like agree with the friend."""
    friend = "a" if entity.values["friend"] in GIRLS else "o"
    the, one, best = ("la", "una", "la mejor") if friend == "a" else ("el", "un", "el mejor")
    yield from (
        ("name", entity.name),
        ("they", ""),
        ("de", f"de {entity.name}"),
        ("al", f"a {entity.name}"),
        ("and", and_(entity.name)),
        ("or", or_(entity.name)),
        ("signed", entity.name),
        ("pro", "ella" if entity.female else "él"),
        ("su", "mi" if first else "su"),
        ("amigo", f"amig{friend}"),
        ("elamigo", f"{the} amig{friend}"),
        ("Elamigo", f"{the.title()} amig{friend}"),
        ("unamigo", f"{one} amig{friend}"),
        ("elmejor", f"{best} amig{friend}"),
    )
    yield from _agreeing("", F if entity.female else M)


def _agreeing(prefix: str, gender: int) -> Iterator[tuple[str, str]]:
    """Yield the end of an adjective, and the pronoun of an object."""
    yield from ((f"{prefix}o", "oa"[gender]), (f"{prefix}lo", ("lo", "la")[gender]))


def _names(entity: Entity) -> Iterator[tuple[str, str]]:
    """Towns have names; things and animals nouns with articles; foods stand bare where something is wanted, and with the article where all of it is meant."""
    if entity.name in NOUNS:
        noun, gender = NOUNS[entity.name]
        for key, form in declined("name", noun, gender, "su"):
            yield key.replace("name.", ""), form
        yield "Name", noun.title()
        yield from _agreeing("", gender)
    elif entity.name in FOODS:
        noun, article = FOODS[entity.name]
        yield from (("name", noun), ("a", noun), ("the", f"{article} {noun}"))
        yield from (("de", f"{contracted('de', article)} {noun}"), ("al", f"{contracted('a', article)} {noun}"))
        yield from (("Name", noun.title()), ("lo", "lo" if article == "el" else article))
    else:
        yield from (
            ("name", entity.name),
            ("a", entity.name),
            ("the", entity.name),
            ("de", f"de {entity.name}"),
            ("al", f"a {entity.name}"),
        )
    yield "they", ""


def _values(entity: Entity, first: bool) -> Iterator[tuple[str, str]]:
    their = "mi" if first else "su"
    for attribute, value in entity.values.items():
        if attribute == "job":
            yield from declined("job", JOBS[value][entity.female], F if entity.female else M, their)
            yield "job.man", JOBS[value][0]
        elif attribute == "origin":
            yield from _origin(value, NOUNS[entity.values["thing"]][1], first)
        elif attribute == "colour":
            one, several = COLOURS[value]
            feminine = (f"{one[:-1]}a", f"{several[:-2]}as") if one.endswith("o") else (one, several)
            yield from (("colour", one), ("colour.f", feminine[0]), ("colour.fpl", feminine[1]), ("colour.pl", several))
        elif attribute == "food":
            noun, article = FOODS[value]
            yield from (("food", noun), ("food.the", f"{article} {noun}"), ("food.al", f"{contracted('a', article)} {noun}"))
            yield from (("food_lo", "lo" if article == "el" else article), ("food_es", "son" if article == "las" else "es"))
            yield "food_n", "n" if article == "las" else ""
        elif value in NOUNS:
            noun, gender = NOUNS[value]
            yield from declined(attribute, noun, gender, their)
            yield from _agreeing(f"{attribute}_", gender)
        else:
            word = WORDS.get(value, value)
            yield attribute, word
            if attribute == "day":
                yield "day.los", f"los {word if word.endswith('s') else word + 's'}"
            if attribute == "friend":
                yield "friend.and", and_(word)


def _origin(value: str, gender: int, first: bool) -> Iterator[tuple[str, str]]:
    """Yield how a thing was come by: `origin` and `origin.told` agree with the thing, `origin.cosa` with "la cosa"."""
    did, mine, theirs, how = ORIGINS[value]
    agreeing = f"{did[:-1]}{'oa'[gender]} {how}"
    yield from (("origin", agreeing), ("origin.told", agreeing), ("origin.cosa", f"{did[:-1]}a {how}"))
    yield from (("origin.did", did), ("origin.past", mine if first else theirs), ("origin.how", how))
