"""The corpus stage: documents in, a training set and a held-out set out; of the world, also dialogs, questions and the hidden truth.

Whether a document is held out is a hash of its text alone. So the split is the same in every run, recipe and order, a larger corpus only adds to both sides, and
no two equal texts lie on different sides. Of the world only good documents are held out: the measure is of the language, not of cookie banners and tags. A copy goes
where its original goes, and copies of held-out documents are set aside, for training on one would leak it.
"""

from __future__ import annotations

import contextlib
import json
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import IO, Any, Literal, Self

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from puna import files
from puna.corpus.sources import read_documents, text_files
from puna.corpus.world.generate import Draft, Library
from puna.corpus.world.settings import WorldSettings
from puna.errors import DataError
from puna.progress import Progress
from puna.records import Document
from puna.seeds import seed_of
from puna.settings import Settings

WORLD = "world"
WORLD_CHARACTERS = 3_000_000

Side = Literal["train", "heldout", "aside"]
Taken = tuple[Document, Side, Draft | None]


class CorpusSettings(Settings):
    """Where documents come from, and how many of them are taken.

    `source` is "world" (the embedded world) or a path to real text (see `sources.py`). Documents are taken in order until there are `documents` of
    them or they have `characters`; without either, all of a path, or 3,000,000 characters of the endless world, from its document `first` on. `heldout` is the share of documents
    that measures and never trains. `world` shapes the embedded world; for real text it waits unused, is not part of the result, and the stage says so.
    """

    source: str = Field(default=WORLD, min_length=1)
    characters: int | None = Field(default=None, ge=1)
    documents: int | None = Field(default=None, ge=1)
    first: int = Field(default=0, ge=0)
    heldout: float = Field(default=0.05, gt=0, lt=1)
    world: WorldSettings = WorldSettings()

    @property
    def path(self) -> Path:
        """The file or directory of real text."""
        assert self.source != WORLD
        return Path(self.source).expanduser()

    @model_validator(mode="after")
    def _source_is_one(self) -> Self:
        if self.source == WORLD:
            return self
        try:
            _ = self.path
        except RuntimeError:
            raise ValueError(f"'source' ({self.source}) lies in the home of a user who is not known here; write the whole path") from None
        return self

    @model_serializer(mode="wrap")
    def _without_what_is_not_used(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        values: dict[str, Any] = handler(self)
        return values if self.source == WORLD else {name: value for name, value in values.items() if name not in ("world", "first")}


@dataclass
class CorpusFigures:
    """What a corpus holds.

    `kinds` counts the training documents of the world by their hidden kind, `qualities` and `languages` likewise; `leaked` is how many benchmark items are planted in
    them. Documents set `aside`, and `empty` ones, are on neither side.
    """

    source: str
    documents: Counter[str] = field(default_factory=Counter)
    characters: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    qualities: Counter[str] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)
    leaked: int = 0
    empty: int = 0
    dialogs: int = 0
    questions: dict[str, int] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {name: dict(value) if isinstance(value, Counter) else value for name, value in vars(self).items()}


def build(settings: CorpusSettings, *, seed: int, out: Path, progress: Progress) -> CorpusFigures:
    """Write train.jsonl and heldout.jsonl below `out`; of the world also truth.jsonl, dialogs.jsonl and questions/TASK.jsonl for each task.

    The same settings and seed give the same bytes. Raises `DataError` or `FormatError` for text that is missing, not valid, or too little to split.
    """
    if settings.source != WORLD:
        return _write(_from_path(settings.path, settings), settings, out=out, progress=progress, outputs=("train", "heldout"))
    if settings.characters is None and settings.documents is None:
        settings = settings.model_copy(update={"characters": WORLD_CHARACTERS})
    library = Library(seed, settings.world)
    figures = _write(_from_world(library, settings), settings, out=out, progress=progress, outputs=("train", "heldout", "truth"))
    _write_world_extras(library, out, figures)
    return figures


def side_of(text: str, share: float) -> Literal["train", "heldout"]:
    """Return the side of a text, of which about `share` are held out."""
    return "heldout" if seed_of("heldout", text) < share * 2**63 else "train"


def _from_path(path: Path, settings: CorpusSettings) -> Iterator[Taken]:
    return ((document, side_of(document.text, settings.heldout), None) for document in read_documents(path))


def _from_world(library: Library, settings: CorpusSettings) -> Iterator[Taken]:
    for made in (library.draft(index) for index in count(settings.first)):
        # What was planted is there to be trained on; copies of it go the same way.
        side: Side = "train" if made.leaks else side_of((made.original or made).document.text, settings.heldout)
        yield made.document, "aside" if made.quality != "good" and side == "heldout" else side, made


def _write(taken: Iterator[Taken], settings: CorpusSettings, *, out: Path, progress: Progress, outputs: tuple[str, ...]) -> CorpusFigures:
    """Write documents to their sides until there are enough of them."""
    figures = CorpusFigures(settings.source)
    leaked: set[str] = set()
    most_documents, most_characters = settings.documents or math.inf, settings.characters or math.inf
    with _Writers(out, outputs) as write, progress.bar("corpus", *_total(settings)) as bar:
        for document, side, made in taken:
            if not document.text.strip():
                figures.empty += 1
                continue
            figures.documents[side] += 1
            figures.characters[side] += len(document.text)
            if side != "aside":
                write(side, document.to_json())
            if made is not None:
                _count(figures, made, side, leaked)
                write("truth", made.truth() | {"side": side})
            bar.advance(1 if settings.documents else len(document.text))
            if figures.documents.total() >= most_documents or figures.characters.total() >= most_characters:
                break
        _refuse_one_sided(figures, settings)
    return figures


def _count(figures: CorpusFigures, made: Draft, side: Side, leaked: set[str]) -> None:
    if side == "train":
        figures.kinds[made.kind] += 1
        figures.qualities[made.quality] += 1
        figures.languages[made.language] += 1
        leaked.update(made.leaks)
        figures.leaked = len(leaked)


def _total(settings: CorpusSettings) -> tuple[float, str]:
    """Return what a progress bar counts to; the bytes of files stand for their characters."""
    if settings.documents:
        return settings.documents, "documents"
    return settings.characters or sum(file.stat().st_size for file in text_files(settings.path)), "characters"


def _write_world_extras(library: Library, out: Path, figures: CorpusFigures) -> None:
    dialogs = (library.dialog(index).to_json() for index in range(library.settings.num_dialogs))
    figures.dialogs = files.write_jsonl(out / "dialogs.jsonl", dialogs)
    for name, questions in library.benchmarks.items():
        figures.questions[name] = files.write_jsonl(out / "questions" / f"{name}.jsonl", (question.to_json() for question in questions))


def _refuse_one_sided(figures: CorpusFigures, settings: CorpusSettings) -> None:
    train, heldout = figures.documents["train"], figures.documents["heldout"]
    if not train + heldout:
        raise DataError(f"{settings.source}: the corpus is empty; give at least a few documents with text")
    if not train or not heldout:
        missing = "held out" if train else "left to train on"
        raise DataError(f"{settings.source}: of {train + heldout} documents none is {missing}; give more text or change corpus.heldout")


class _Writers(contextlib.ExitStack):
    """JSONL files below one directory, written side by side, all whole or all absent."""

    def __init__(self, out: Path, names: tuple[str, ...]) -> None:
        super().__init__()
        self._out, self._names = out, names
        self._files: dict[str, IO[str]] = {}

    def __enter__(self) -> _Writers:
        super().__enter__()
        partials = {name: self.enter_context(files.atomic_file(self._out / f"{name}.jsonl")) for name in self._names}
        for name, partial in partials.items():
            self._files[name] = self.enter_context(partial.open("w", encoding="utf-8", newline="\n"))
        return self

    def __call__(self, name: str, value: dict[str, Any]) -> None:
        self._files[name].write(json.dumps(value, ensure_ascii=False) + "\n")
