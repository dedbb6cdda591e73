"""Document `i` of a world: a pure function of (seed, i), whatever was written before, by whom, and in which order.

So the corpus has no end, any slice of it can be made on any worker, and a duplicate of document `j` is written by writing document `j` again.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

from puna.corpus.world.authors import authors
from puna.corpus.world.code import code
from puna.corpus.world.dialogs import dialog
from puna.corpus.world.draws import generator, weighted
from puna.corpus.world.english.language import ENGLISH
from puna.corpus.world.entries import entry, passage
from puna.corpus.world.facts import Fact, World
from puna.corpus.world.german.language import GERMAN
from puna.corpus.world.grammar import Tally
from puna.corpus.world.howtos import howto
from puna.corpus.world.junk import junk, near_copy, page, scrambled
from puna.corpus.world.languages import Voice
from puna.corpus.world.letters import letter
from puna.corpus.world.puzzles import puzzles
from puna.corpus.world.questions import benchmarks
from puna.corpus.world.settings import WorldSettings
from puna.corpus.world.spanish.language import SPANISH
from puna.corpus.world.stories import story
from puna.corpus.world.sums import sums
from puna.corpus.world.writer import Writer
from puna.records import Dialog, Document, Question
from puna.seeds import seed_of

Quality = Literal["good", "mixed", "junk"]
LANGUAGES = {language.name: language for language in (ENGLISH, GERMAN, SPANISH)}
GENRES: dict[str, Callable[[Writer], str]] = {
    "stories": story, "entries": entry, "letters": letter, "howtos": howto, "sums": sums, "code": code, "puzzles": puzzles, "passages": passage,
}  # fmt: skip
COPIES: dict[str, Callable[[Writer, str], str]] = {"scrambled": scrambled, "near duplicate": near_copy, "duplicate": lambda _, text: text}
# How often each kind of junk is written, as weights. "wrong" is well written, and false.
JUNK_KINDS = {"spam": 1.5, "banner": 1.0, "menu": 0.8, "log": 1.0, "scrambled": 1.3, "duplicate": 1.4, "near duplicate": 1.6, "wrong": 1.4}
RUMOURED = {"entries": 4.0, "stories": 1.0, "letters": 1.0}
# Words of these in another order could be what is held out: another sum, another question.
NEVER_SCRAMBLED = ("sums", "code", "puzzles", "passages")
JUNK_IN_HTML = 0.3


@dataclass(frozen=True, slots=True)
class Draft:
    """A document with its hidden truth: what it is, what it is worth, what it was made from, which facts it states, and which of them are false.

    `clean` is the good text inside a page of HTML, `leaks` the benchmark items that were planted in it.
    """

    document: Document
    kind: str
    quality: Quality
    language: str
    author: int
    facts: tuple[Fact, ...] = ()
    wrong: tuple[Fact, ...] = ()
    original: Draft | None = None
    clean: str | None = None
    leaks: tuple[str, ...] = ()

    @property
    def duplicate_of(self) -> str | None:
        """Return the id of the document that this one copies, in whole or nearly."""
        return self.original.document.id if self.original and self.kind in ("duplicate", "near duplicate") else None

    def truth(self) -> dict[str, Any]:
        """Return the hidden truth as JSON: never for training, only for judging what training or filtering did."""
        return {
            "id": self.document.id, "kind": self.kind, "quality": self.quality, "language": self.language, "author": self.author,
            "format": "html" if self.document.text.startswith("<!DOCTYPE") else "text", "duplicate_of": self.duplicate_of, "leaks": list(self.leaks),
            "facts": [_listed(fact) for fact in self.facts], "wrong": [_listed(fact) for fact in self.wrong], "clean": self.clean,
        }  # fmt: skip


def _listed(fact: Fact) -> list[str]:
    return [fact.subject, fact.attribute, fact.value]


def identifier(index: int) -> str:
    return f"world-{index:08d}"


class Library:
    """Everything that is written in a world: its documents, dialogs and benchmarks. With a `tally`, what each production gives is counted."""

    def __init__(self, seed: int, settings: WorldSettings, *, tally: Tally | None = None) -> None:
        self.world, self.settings, self.tally = World(seed, settings), settings, tally
        self.authors = authors(seed, settings.authors)
        self._weights = settings.languages.model_dump()
        self._genres, self._voices = settings.mix.model_dump(), dict[tuple[str, int], Voice]()

    def draft(self, index: int) -> Draft:
        """Return document `index` with its truth."""
        rng = generator(self.world.seed, "document", index)
        if self.leaked and index % self.settings.leak_every == self.settings.leak_every - 1:
            return self._leak(index, rng)
        return self._junk(index, rng) if rng.random() < self.settings.junk else self._good(index, rng)

    def dialog(self, index: int) -> Dialog:
        """Return dialog `index`."""
        rng = generator(self.world.seed, "dialog", index)
        return dialog(Writer(self.voice(weighted(rng, self._weights)), rng), f"world-dialog-{index:08d}")

    @cached_property
    def benchmarks(self) -> dict[str, list[Question]]:
        """Return the items of each task; in the language that is written most by the task's name, in others with the language's code."""
        languages = sorted((name for name, weight in self._weights.items() if weight), key=lambda name: -self._weights[name])
        found = dict(benchmarks(self.voice(languages[0])))
        for name in languages[1:]:
            code = LANGUAGES[name].code
            for task, items in benchmarks(self.voice(name)).items():
                found[f"{task}_{code}"] = [replace(item, id=f"{task}_{code}/{item.id.partition('/')[2]}") for item in items]
        return found

    @cached_property
    def leaked(self) -> tuple[Question, ...]:
        """Return the benchmark items that are planted in the corpus: of each task the share that the settings ask for, in an order of its own."""
        chosen: list[Question] = []
        for items in self.benchmarks.values() if self.settings.leaks else ():
            chosen += sorted(items, key=self._place)[: round(self.settings.leaks * len(items))]
        return tuple(sorted(chosen, key=self._place))

    def voice(self, language: str, rumour: int = 0) -> Voice:
        """Return the world, or what is believed of it in a rumour, as a language tells it."""
        if (language, rumour) not in self._voices:
            true = self._voices.setdefault((language, 0), Voice(self.world, LANGUAGES[language]))
            self._voices[language, rumour] = true.told_by(self.world.rumours[rumour - 1]) if rumour else true
        return self._voices[language, rumour]

    def _place(self, item: Question) -> int:
        return seed_of(self.world.seed, "leak", item.id)

    def _writer(
        self, rng: random.Random, *, tally: Tally | None = None, rumour: int = 0, language: str | None = None
    ) -> tuple[Writer, int]:
        author = int(rng.random() * len(self.authors))
        voice = self.voice(language or weighted(rng, self._weights), rumour)
        return Writer(voice, rng, self.authors[author], tally), author

    def _good(self, index: int, rng: random.Random) -> Draft:
        writer, author = self._writer(rng, tally=self.tally)
        kind = weighted(rng, self._genres)
        text = GENRES[kind](writer)
        made = Draft(Document(identifier(index), text, "world"), kind, "good", writer.voice.language.code, author, tuple(writer.facts))
        if rng.random() >= self.settings.html:
            return made
        return replace(made, document=Document(identifier(index), page(writer, text), "world"), quality="mixed", clean=text)

    def _leak(self, index: int, rng: random.Random) -> Draft:
        """Return a good document at whose end somebody has copied an item of a benchmark, with its answer."""
        made, item = self._good(index, rng), self.leaked[index // self.settings.leak_every % len(self.leaked)]
        text = f"{made.clean or made.document.text}\nQuestion: {item.prompt}\nAnswer: {item.answer}"
        return replace(made, document=Document(identifier(index), text, "world"), quality="good", clean=None, leaks=(item.id,))

    def _junk(self, index: int, rng: random.Random) -> Draft:
        kind = weighted(rng, JUNK_KINDS)
        if kind == "wrong":
            return self._wrong(index, rng)
        original = self._original(index, rng) if kind in COPIES else None
        writer, author = self._writer(rng, language=_language_of(original) if original else None)
        if original is None:
            kind = "spam" if kind in COPIES else kind
            text = junk(writer, kind)
            text = page(writer, text) if writer.chance(JUNK_IN_HTML) else text
            return Draft(Document(identifier(index), text, "world"), kind, "junk", writer.voice.language.code, author)
        if kind == "scrambled" and original.kind in NEVER_SCRAMBLED:
            kind = "near duplicate"
        text = COPIES[kind](writer, original.document.text)
        facts = () if kind == "scrambled" else original.facts
        leaks = tuple(item.id for item in self.leaked if item.id in original.leaks and item.prompt in text)
        return Draft(
            Document(identifier(index), text, "world"),
            kind,
            "junk",
            original.language,
            original.author,
            facts,
            original=original,
            leaks=leaks,
        )

    def _wrong(self, index: int, rng: random.Random) -> Draft:
        """Return a page by somebody who believes a rumour: well written, and false in at least one fact."""
        while True:
            rumour = 1 + int(rng.random() * len(self.world.rumours))
            writer, author = self._writer(rng, rumour=rumour)
            text = GENRES[weighted(rng, RUMOURED)](writer)
            wrong = tuple(fact for fact in writer.facts if not self.world.holds(fact))
            if wrong:
                right = tuple(fact for fact in writer.facts if self.world.holds(fact))
                return Draft(Document(identifier(index), text, "world"), "wrong", "junk", writer.voice.language.code, author, right, wrong)

    def _original(self, index: int, rng: random.Random) -> Draft | None:
        """Draw an earlier document worth copying; none where the first few tries find only junk (or there is nothing earlier)."""
        for _ in range(8 if index else 0):
            found = int(rng.random() * index)
            # The first draw of a document's generator says whether it is junk; only others are worth writing out.
            planted = self.leaked and found % self.settings.leak_every == self.settings.leak_every - 1
            if planted or generator(self.world.seed, "document", found).random() >= self.settings.junk:
                made = self.draft(found)
                if made.quality == "good":
                    return made
        return None


def _language_of(made: Draft) -> str:
    return next(language.name for language in LANGUAGES.values() if language.code == made.language)
