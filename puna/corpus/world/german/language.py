"""German put together: its grammar, its words, its small talk."""

from __future__ import annotations

from puna.corpus.world.german.lexicon import forms_of, friends
from puna.corpus.world.german.texts import AND, GROUP_VERBS, SMALL_TALK, SYSTEM, TEXTS
from puna.corpus.world.grammar import Grammar
from puna.corpus.world.languages import Language

GERMAN = Language(
    name="german", code="de", grammar=Grammar(TEXTS), forms_of=forms_of, friends=friends,
    group_verbs=GROUP_VERBS, conjunction=AND, system=SYSTEM, small_talk=SMALL_TALK,
)  # fmt: skip
