"""English put together: its grammar, its words, its small talk."""

from __future__ import annotations

from puna.corpus.world.english.howtos import HOWTOS
from puna.corpus.world.english.letters import LETTERS
from puna.corpus.world.english.lexicon import forms_of, friends
from puna.corpus.world.english.reckoning import CODE, PUZZLES, SUMS
from puna.corpus.world.english.statements import STATEMENTS
from puna.corpus.world.english.stories import STORIES
from puna.corpus.world.english.web import AND, ENTRIES, GROUP_VERBS, JUNK, SMALL_TALK, SYSTEM
from puna.corpus.world.grammar import Grammar
from puna.corpus.world.languages import Language

ENGLISH = Language(
    name="english", code="en", grammar=Grammar(STATEMENTS, STORIES, LETTERS, HOWTOS, SUMS, CODE, PUZZLES, JUNK, ENTRIES), forms_of=forms_of, friends=friends,
    group_verbs=GROUP_VERBS, conjunction=AND, system=SYSTEM, small_talk=SMALL_TALK,
)  # fmt: skip
