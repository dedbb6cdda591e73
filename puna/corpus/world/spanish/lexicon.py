"""How Spanish says the keys of the table: nouns with their gender, articles, and what "de" makes of them (del, de la)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

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
WORDS = {
    "red": "rojo", "blue": "azul", "green": "verde", "yellow": "amarillo", "white": "blanco", "black": "negro", "brown": "marrón", "pink": "rosa", "grey": "gris", "purple": "morado", "silver": "plateado", "gold": "dorado",
    "plums": "ciruelas", "bread": "pan", "cheese": "queso", "soup": "sopa", "honey": "miel", "pears": "peras", "fish": "pescado", "cake": "pastel", "apples": "manzanas", "nuts": "nueces", "beans": "judías", "rice": "arroz",
    "Monday": "lunes", "Tuesday": "martes", "Wednesday": "miércoles", "Thursday": "jueves", "Friday": "viernes", "Saturday": "sábado",
    "sea": "junto al mar", "river": "junto a un río", "lake": "junto a un lago", "hills": "en las colinas", "valley": "en un valle", "forest": "en el bosque",
    "barn": "en el granero", "kitchen": "en la cocina", "shed": "en el cobertizo", "garden": "en el jardín", "yard": "en el patio", "hall": "en la sala",
}  # fmt: skip
ORIGINS = {
    "bought": ("comprado", "en el mercado"), "given": ("recibido", "como regalo"), "found": ("encontrado", "en el camino"), "made": ("hecho", "con sus manos"), "won": ("ganado", "en la feria"), "inherited": ("heredado", "de un tío"),
}  # fmt: skip


def forms_of(entity: Entity, *, first: bool = False) -> Mapping[str, str]:
    """Return every word of `entity` by key; of somebody who tells of themselves where `first`."""
    return dict(_person(entity, first) if entity.kind == "person" else _names(entity)) | dict(_values(entity, "mi" if first else "su"))


def friends(person: Entity, chain: Sequence[Entity]) -> Mapping[str, str]:
    """Return "el amigo de Mia", and "del amigo de Mia"; of a longer chain "la amiga del amigo de Mia"."""
    tail = f"de {person.name}"
    for friend in chain[:-1]:
        tail = f"{'de la amiga' if friend.female else 'del amigo'} {tail}"
    last = chain[-1].female
    return {"name": f"{'la amiga' if last else 'el amigo'} {tail}", "de": f"{'de la amiga' if last else 'del amigo'} {tail}"}


def declined(key: str, noun: str, gender: int, their: str) -> Iterator[tuple[str, str]]:
    """Yield a noun bare, with each article, after "de", and with a possessive."""
    yield from ((key, noun), (f"{key}.a", f"{('un', 'una')[gender]} {noun}"), (f"{key}.the", f"{('el', 'la')[gender]} {noun}"))
    yield from ((f"{key}.de", f"{('del', 'de la')[gender]} {noun}"), (f"{key}.their", f"{their} {noun}"))


def _person(entity: Entity, first: bool) -> Iterator[tuple[str, str]]:
    they = "yo" if first else "ella" if entity.female else "él"
    yield from (
        ("name", "yo" if first else entity.name),
        ("de", f"de {entity.name}"),
        ("they", they),
        ("They", they.title()),
        ("signed", entity.name),
    )


def _names(entity: Entity) -> Iterator[tuple[str, str]]:
    """Towns have names; things and animals nouns with articles; foods stand bare in every form."""
    if entity.name in NOUNS:
        for key, form in declined("name", *NOUNS[entity.name], "su"):
            yield key.replace("name.", ""), form
    else:
        word = WORDS.get(entity.name, entity.name)
        yield from (("name", word), ("a", word), ("the", word), ("de", f"de {word}"))
    yield "they", "esto"


def _values(entity: Entity, their: str) -> Iterator[tuple[str, str]]:
    for attribute, value in entity.values.items():
        if attribute == "job":
            yield from declined("job", JOBS[value][entity.female], F if entity.female else M, their)
            yield "job.man", JOBS[value][0]
        elif attribute == "origin":
            did, how = ORIGINS[value]
            how = how.replace("sus", "mis") if their == "mi" else how
            yield from (("origin.did", did), ("origin.how", how), ("origin", f"{did} {how}"))
        elif value in NOUNS:
            yield from declined(attribute, *NOUNS[value], their)
        else:
            yield attribute, WORDS.get(value, value)
