"""German put together: its grammar, its words, its small talk."""

from __future__ import annotations

from puna.corpus.world.german.howtos import HOWTOS
from puna.corpus.world.german.letters import LETTERS
from puna.corpus.world.german.lexicon import forms_of, friends
from puna.corpus.world.german.reckoning import CODE, PUZZLES, SUMS
from puna.corpus.world.german.statements import STATEMENTS
from puna.corpus.world.german.stories import STORIES
from puna.corpus.world.german.web import AND, ENTRIES, GROUP_VERBS, JUNK, SMALL_TALK, SYSTEM
from puna.corpus.world.grammar import Grammar
from puna.corpus.world.languages import Language

GERMAN = Language(
    name="german", code="de", grammar=Grammar(STATEMENTS, STORIES, LETTERS, HOWTOS, SUMS, CODE, PUZZLES, JUNK, ENTRIES), forms_of=forms_of, friends=friends,
    group_verbs=GROUP_VERBS, conjunction=AND, system=SYSTEM, small_talk=SMALL_TALK,
)  # fmt: skip
