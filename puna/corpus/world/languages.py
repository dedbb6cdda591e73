"""What a language is to the genres: a grammar, the words of every entity, and a few words of its own.

Genres ask for symbols by name and know nothing of articles, cases and genders: a production asks for a form by key (`{x.animal.a}`), and the lexicon of its
language has made that form. A language may lack the symbols of a genre; then that genre is not written in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from puna.corpus.world.facts import Entity, World
from puna.corpus.world.grammar import Grammar, Words


class FormsOf(Protocol):
    """Makes every word of an entity by key; of somebody who tells of themselves where `first`."""

    def __call__(self, entity: Entity, *, first: bool = False) -> Mapping[str, str]: ...


@dataclass(frozen=True)
class Language:
    """A language with its grammar. `code` is that of ISO 639-1; `group_verbs` are verbs in the singular and the plural; `friends` names
    the last of somebody's friend, friend's friend, …: "the friend of Mia", in each form that questions use."""

    name: str
    code: str
    grammar: Grammar
    forms_of: FormsOf
    friends: Callable[[Entity, Sequence[Entity]], Mapping[str, str]]
    group_verbs: Mapping[str, tuple[str, str]]
    conjunction: str
    system: tuple[str, ...]
    small_talk: tuple[tuple[str, str], ...]

    def listed(self, names: list[str]) -> str:
        """Return names in a row: "a, b and c"."""
        return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {self.conjunction} {names[-1]}"

    def exclaimed(self, text: str) -> str:
        """Return `text`, which lacks an end, as somebody excited writes it."""
        return f"{text}!"


class Voice:
    """A world as one language tells it."""

    def __init__(self, world: World, language: Language, grammar: Grammar | None = None) -> None:
        self.world, self.language = world, language
        self.grammar = grammar or language.grammar.with_most(world.settings.repertoire)
        self._words: dict[tuple[str, bool], Words] = {}

    def told_by(self, rumour: World) -> Voice:
        """Return another world in the same language."""
        return Voice(rumour, self.language, self.grammar)

    def words(self, entity: Entity, *, first: bool = False) -> Words:
        """Return the words of `entity`, made once."""
        key = entity.name, first
        if key not in self._words:
            forms = self.language.forms_of(entity, first=first)
            self._words[key] = Words(entity, forms, int(first or entity.plural))
        return self._words[key]
