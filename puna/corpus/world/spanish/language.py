"""Spanish put together: its grammar, its words, its small talk."""

from __future__ import annotations

import re

from puna.corpus.world.grammar import Grammar
from puna.corpus.world.languages import Language
from puna.corpus.world.spanish.howtos import HOWTOS
from puna.corpus.world.spanish.letters import LETTERS
from puna.corpus.world.spanish.lexicon import and_, forms_of, friends
from puna.corpus.world.spanish.reckoning import CODE, PUZZLES, SUMS
from puna.corpus.world.spanish.statements import QUESTIONS, STATEMENTS
from puna.corpus.world.spanish.stories import STORIES
from puna.corpus.world.spanish.web import AND, ENTRIES, GROUP_VERBS, JUNK, SMALL_TALK, SYSTEM

# Where the last sentence of a text begins: after the end of another, and after the marks of a list.
_LAST = re.compile(r"(?s)(?:.*(?:[.?!]\s|\n))?[\s*>-]*")


class Spanish(Language):
    """Spanish has "e" for "y" before another "i", and opens what it exclaims."""

    def listed(self, names: list[str]) -> str:
        return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {and_(names[-1])}"

    def exclaimed(self, text: str) -> str:
        """Return `text` with its last sentence between "¡" and "!"; one that holds somebody's words ends as any other."""
        found = _LAST.match(text)
        start = found.end() if found else 0
        said = text[start:]
        return f"{text}." if not said or re.search("[«»—¿¡?!]", said) else f"{text[:start]}¡{said}!"


SPANISH = Spanish(
    name="spanish", code="es", grammar=Grammar(STATEMENTS, QUESTIONS, STORIES, LETTERS, HOWTOS, SUMS, CODE, PUZZLES, JUNK, ENTRIES), forms_of=forms_of, friends=friends,
    group_verbs=GROUP_VERBS, conjunction=AND, system=SYSTEM, small_talk=SMALL_TALK,
)  # fmt: skip
