"""How large the world is, and what its documents are made of."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from puna.corpus.world.vocabulary import BOYS, GIRLS, PETS
from puna.settings import Settings


class Mix(Settings):
    """How often each kind of good document is written, as weights that need not add up to one."""

    stories: float = Field(default=1.0, ge=0)
    entries: float = Field(default=5.0, ge=0)
    sums: float = Field(default=1.0, ge=0)
    passages: float = Field(default=3.0, ge=0)


class WorldSettings(Settings):
    """The world's size. More people, more values and larger numbers need a larger model and more tokens to learn.

    `values` is how many values each attribute takes; `junk` the share of documents that are junk; `largest_number` the largest operand of a sum. Of
    the (person, attribute) pairs and of the pairs of operands, the shares `heldout_facts` and `heldout_sums` are asked about in the benchmarks alone.
    """

    people: int = Field(default=12, ge=4, le=len(GIRLS) + len(BOYS))
    values: int = Field(default=6, ge=4, le=len(PETS))
    largest_number: int = Field(default=20, ge=12, le=999)
    junk: float = Field(default=0.1, ge=0, le=0.9)
    mix: Mix = Mix()
    heldout_facts: float = Field(default=0.5, gt=0, lt=1)
    heldout_sums: float = Field(default=0.2, gt=0, lt=1)
    num_dialogs: int = Field(default=4000, ge=1)
    num_sum_questions: int = Field(default=100, ge=1)

    @model_validator(mode="after")
    def _values_are_shared(self) -> Self:
        if self.people < 2 * self.values:
            raise ValueError(
                f"{self.people} people are too few for {self.values} values: each needs a taught and a held-out person; give twice as many people"
            )
        return self
