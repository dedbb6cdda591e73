"""The corpus stage: documents to train on and documents held out; from the embedded world also dialogs, questions and the hidden truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from puna.corpus.build import WORLD, CorpusSettings, build
from puna.corpus.sources import text_files
from puna.recipe.kind import StageKind, Work


class Corpus(StageKind[CorpusSettings]):
    """Makes train.jsonl and heldout.jsonl; of the world also dialogs.jsonl, questions/ and truth.jsonl."""

    name = "corpus"
    settings = CorpusSettings
    makes = frozenset({"documents", "dialogs", "questions"})

    def made(self, settings: CorpusSettings) -> frozenset[str]:
        return self.makes if settings.source == WORLD else frozenset({"documents"})

    def why_not(self, settings: CorpusSettings, thing: str) -> str:
        return f"the corpus is real text ({Path(settings.source).name}), which has no {thing}"

    def reads(self, settings: CorpusSettings) -> Sequence[Path]:
        return [] if settings.source == WORLD else text_files(settings.path)

    def told(self, figures: Mapping[str, Any]) -> str:
        documents, characters = figures["documents"], figures["characters"]
        words = [f"{documents['train']:,} documents of {characters['train']:,} characters to train on, {documents['heldout']:,} held out"]
        if figures["dialogs"]:
            questions = ", ".join(f"{count:,} {name}" for name, count in figures["questions"].items())
            words.append(f"{figures['dialogs']:,} dialogs, questions: {questions}")
        return "; ".join(words)

    def run(self, settings: CorpusSettings, work: Work) -> Mapping[str, Any]:
        if settings.source != WORLD and "world" in settings.model_fields_set:
            work.progress.say(f"{work.stage}: the settings of the embedded world are not used, the source is {settings.source}")
        return build(settings, seed=work.seed, out=work.directory, progress=work.progress).to_json()
