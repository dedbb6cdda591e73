"""What a kind of stage is: a few facts for the graph, a cost for the plan, and the work itself.

Stages pass *things* to each other, by name: a corpus makes documents (and, in the embedded world, dialogs and questions), a tokenizer stage makes a
tokenizer, training makes a model. A stage says what it needs; the graph finds the nearest stage before it that makes it. So a recipe is short where it is a
line, and can be any graph where a stage lists its inputs.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Generic, Literal, TypeVar

from puna.progress import Progress
from puna.settings import Settings

S = TypeVar("S", bound=Settings)
# The thing that no stage makes: the model of the generation before. Its maker's directory is the model directory itself.
PARENT = "parent"


@dataclass(frozen=True)
class Maker:
    """A stage before this one that makes a thing: its name, kind, settings and inputs, and, when it is finished, its directory.

    `in_line` says whether it is the stage's first input or one that that was made from; other inputs stand beside the line, to compare with.
    """

    stage: str
    kind: str
    settings: Any
    directory: Path
    in_line: bool = True
    inputs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Work:
    """What a running stage gets: a directory of its own that survives a kill, a seed, its inputs, and where to show progress."""

    stage: str
    directory: Path
    seed: int
    makers: Callable[[str], Sequence[Maker]]
    progress: Progress

    def find(self, thing: str) -> Path:
        """Return the directory of the nearest stage that makes `thing`; the graph has made sure that there is one."""
        return self.makers(thing)[0].directory

    @property
    def parent(self) -> Path | None:
        """Return the model directory of the generation before, where the recipe names one."""
        return next((maker.directory for maker in self.makers(PARENT)), None)


@dataclass(frozen=True)
class Cost:
    """What a stage will take, as far as it can be known beforehand; `None` is unknown.

    `memory_bytes` is what it adds to its process at most. The `flops` are those of a model of `width`, in `dtype`.
    """

    tokens: int | None = None
    parameters: int | None = None
    flops: float | None = None
    disk_bytes: int | None = None
    memory_bytes: int | None = None
    width: int | None = None
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"


class StageKind(ABC, Generic[S]):
    """One kind of stage. `makes` is everything that it can make; `made` says what it makes with these settings. `uses` is what it takes if there is any."""

    name: ClassVar[str]
    settings: type[S]
    needs: ClassVar[frozenset[str]] = frozenset()
    makes: ClassVar[frozenset[str]] = frozenset()
    uses: ClassVar[frozenset[str]] = frozenset()
    twins: ClassVar[bool] = False
    """Whether stages of this kind draw alike; a `seed` among their settings tells them apart."""

    def made(self, settings: S) -> frozenset[str]:
        return self.makes

    def why_not(self, settings: S, thing: str) -> str:
        """Return why `thing`, which this kind can make, is not made with these settings."""
        return f"its {self.name} stage makes no {thing}"

    def keyed(self, settings: S) -> Mapping[str, Any]:
        """Return what of the settings decides the stage's bytes; the rest may change without building it again."""
        return settings.model_dump(mode="json")

    def reads(self, settings: S) -> Sequence[Path]:
        """Return the files from outside the run that the stage reads; their content is part of its key. Raises `ConfigError`."""
        return ()

    def check(self, settings: S, makers: Callable[[str], Sequence[Maker]]) -> None:
        """Raise `ValueError`, saying what is wrong, where these settings do not go with those of the stages before. Called before anything runs."""
        return

    def cost(self, settings: S, makers: Callable[[str], Sequence[Maker]]) -> Cost:
        return Cost()

    def told(self, figures: Mapping[str, Any]) -> str:
        """Return the stage's figures in a few words for people."""
        return ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in figures.items() if not isinstance(value, (dict, list)))

    @abstractmethod
    def run(self, settings: S, work: Work) -> Mapping[str, Any]:
        """Do the work inside `work.directory`, going on where a killed attempt stopped, and return figures (plain JSON)."""
