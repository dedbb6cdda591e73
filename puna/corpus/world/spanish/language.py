"""Spanish put together: its grammar, its words, its small talk."""

from __future__ import annotations

from puna.corpus.world.grammar import Grammar
from puna.corpus.world.languages import Language
from puna.corpus.world.spanish.lexicon import forms_of, friends
from puna.corpus.world.spanish.texts import AND, GROUP_VERBS, SMALL_TALK, SYSTEM, TEXTS

SPANISH = Language(
    name="spanish", code="es", grammar=Grammar(TEXTS), forms_of=forms_of, friends=friends,
    group_verbs=GROUP_VERBS, conjunction=AND, system=SYSTEM, small_talk=SMALL_TALK, exclaims=("¡", "!"),
)  # fmt: skip
