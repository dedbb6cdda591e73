"""How large the world is, what its documents are made of, and how bad the web around it is."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from puna.corpus.world.concepts import BOYS, GIRLS, VALUES
from puna.settings import Settings


class Mix(Settings):
    """How often each kind of good document is written, as weights that need not add up to one."""

    stories: float = Field(default=0.7, ge=0)
    entries: float = Field(default=4.0, ge=0)
    letters: float = Field(default=0.7, ge=0)
    howtos: float = Field(default=0.3, ge=0)
    sums: float = Field(default=1.3, ge=0)
    code: float = Field(default=0.4, ge=0)
    puzzles: float = Field(default=0.6, ge=0)
    passages: float = Field(default=2.5, ge=0)


class Talk(Settings):
    """What dialogs are about, as weights."""

    facts: float = Field(default=5.0, ge=0)
    sums: float = Field(default=3.0, ge=0)
    code: float = Field(default=0.7, ge=0)
    puzzles: float = Field(default=1.0, ge=0)
    small_talk: float = Field(default=0.8, ge=0)


class Languages(Settings):
    """How often each language is written, as weights; one with weight 0 is switched off, in documents, dialogs and questions alike."""

    english: float = Field(default=1.0, ge=0)
    german: float = Field(default=0.0, ge=0)
    spanish: float = Field(default=0.0, ge=0)


class WorldSettings(Settings):
    """The world's size. More people, more values and larger numbers need a larger model and more tokens to learn.

    `values` is how many values each attribute of people takes; `repertoire` how many ways there are to say one thing (by default all that the
    grammar has; with few, a language that a tiny model learns in a minute), `authors` how many invented writers there are, each with habits. A sum's left operand is at most
    `largest_number`, its right one at most `largest_step`: up to 9 it is worked by counting on, beyond that in columns.

    `junk` is the share of documents that are worth nothing, `html` the share of the others that are pages of HTML with a good text inside. Of what could be
    asked, the shares `heldout_…` are asked about in the benchmarks alone. Of the benchmarks' items, the share `leaks` is planted in the corpus all the
    same, one in each `leak_every`-th document, so that a detector of contamination can be scored.
    """

    people: int = Field(default=12, ge=4, le=len(GIRLS) + len(BOYS))
    values: int = Field(default=6, ge=4, le=len(VALUES["pet"]))
    repertoire: int | None = Field(default=None, ge=1)
    authors: int = Field(default=24, ge=1, le=1000)
    largest_number: int = Field(default=20, ge=5, le=999)
    largest_step: int = Field(default=9, ge=3, le=999)
    junk: float = Field(default=0.1, ge=0, le=0.9)
    html: float = Field(default=0.03, ge=0, le=1)
    mix: Mix = Mix()
    talk: Talk = Talk()
    languages: Languages = Languages()
    heldout_facts: float = Field(default=0.4, gt=0, lt=1)
    heldout_sums: float = Field(default=0.2, gt=0, lt=1)
    heldout_code: float = Field(default=0.2, gt=0, lt=1)
    heldout_puzzles: float = Field(default=0.2, gt=0, lt=1)
    num_dialogs: int = Field(default=4000, ge=1)
    num_sum_questions: int = Field(default=100, ge=0)
    num_code_questions: int = Field(default=100, ge=0)
    num_puzzle_questions: int = Field(default=100, ge=0)
    leaks: float = Field(default=0.0, ge=0, le=1)
    leak_every: int = Field(default=50, ge=1)

    @model_validator(mode="after")
    def _values_are_shared(self) -> Self:
        if self.people < 2 * self.values:
            raise ValueError(
                f"{self.people} people are too few for {self.values} values: each needs a taught and a held-out person; give twice as many people"
            )
        return self

    @model_validator(mode="after")
    def _weights_leave_something(self) -> Self:
        for name in ("mix", "talk", "languages"):
            if not any(getattr(self, name).model_dump().values()):
                raise ValueError(f"'{name}': all weights are 0; give at least one a weight")
        return self
