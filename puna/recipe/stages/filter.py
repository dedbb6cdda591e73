"""The filter stage: the parent reads the corpus of its child, and what surprises it most is not passed on.

Llama 3's classifiers of quality learnt from what Llama 2 thought of a page (arXiv 2407.21783, section 3.1.1). The plainest such judge is the parent itself: a text in the
language that it knows takes few bits per byte, and a menu, a log or scrambled words take many (perplexity filtering: CCNet, arXiv 1911.00359, section 3.3). Of
what remains without exact duplicates, the best share by characters is kept. The hidden truth of the embedded world says how well that went and never decides.
"""

from __future__ import annotations

import hashlib
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice, repeat
from pathlib import Path
from typing import Any

from pydantic import Field

from puna import files
from puna.errors import DataError
from puna.recipe.kind import PARENT, StageKind, Work
from puna.records import Document
from puna.settings import Settings

SCORES, REJECTS, PARTS, SCORE = "scores.jsonl", "rejects.jsonl", "scores", "parent_bits_per_byte"
# Documents scored between two files on the disk: what a kill can cost.
PIECE = 2048


class FilterSettings(Settings):
    """What is kept, by characters, of the training documents that are no exact duplicates, and how much of each the parent reads.

    With `keep: 1` nothing is scored and only exact duplicates go: the control of what the parent's choice brings.
    """

    keep: float = Field(default=0.7, gt=0, le=1, description="share of characters that is kept, the least surprising ones")
    first_tokens: int = Field(default=192, ge=1, description="tokens of each document that are scored, in the parent's vocabulary")


@dataclass(frozen=True)
class Scored:
    """What decides on one document: nothing else of it is held in memory. `copy_of` is the earlier document with the same text."""

    id: str
    characters: int
    bits_per_byte: float | None
    copy_of: str | None


class Filter(StageKind[FilterSettings]):
    """Makes train.jsonl of what is kept and heldout.jsonl as it came; scores.jsonl and rejects.jsonl say why."""

    name = "filter"
    settings = FilterSettings
    needs = frozenset({"documents", PARENT})
    makes = frozenset({"documents"})

    def told(self, figures: Mapping[str, Any]) -> str:
        documents, characters = figures["documents"], figures["characters"]
        words = [
            f"kept {documents['kept']:,} of {documents['in']:,} documents, {characters['kept']:,} of {characters['in']:,} characters",
            "all but exact duplicates" if figures["threshold"] is None else f"below {figures['threshold']:.2f} bits per byte of the parent",
            *(f"{share:.0%} of the {quality} ones" for quality, share in figures["kept_by_quality"].items()),
        ]
        return ", ".join(words)

    def run(self, settings: FilterSettings, work: Work) -> Mapping[str, Any]:
        source = work.find("documents")
        if not (work.directory / SCORES).exists():
            _score(source / "train.jsonl", settings, work)
        shutil.rmtree(work.directory / PARTS, ignore_errors=True)
        scored = [Scored(**value) for _, value in files.read_jsonl(work.directory / SCORES)]
        threshold, kept = choose(scored, settings.keep)
        _write(source, work.directory, scored, kept=kept, threshold=threshold)
        truth = _truth(work)
        once = {place for place, item in enumerate(scored) if item.copy_of is None}
        steps = {"training documents": set(range(len(scored))), "without exact duplicates": once, "kept by the parent": kept}
        funnel = [_step(name, [scored[place] for place in sorted(places)], truth) for name, places in steps.items()]
        first, last = funnel[0], funnel[-1]
        return {
            "documents": {"in": first["documents"], "duplicates": len(scored) - len(once), "kept": last["documents"]},
            "characters": {"in": first["characters"], "kept": last["characters"]}, "threshold": threshold,
            "kept_by_quality": _shares(scored, kept, {name: line["quality"] for name, line in truth.items()}),
            "kept_by_kind": _shares(scored, kept, {name: line["kind"] for name, line in truth.items()}),
            **({} if threshold is None else {"funnel": funnel}),
        }  # fmt: skip


def choose(scored: Sequence[Scored], keep: float) -> tuple[float | None, set[int]]:
    """Return the highest bits per byte that is kept, and the places of the kept in `scored`: the best share `keep` by characters of what is no duplicate, at least one.

    Of equal scores the document that came first is the better one. With a `keep` of 1 all but duplicates are kept, scored or not, and there is no highest.
    """
    if keep == 1:
        return None, {place for place, item in enumerate(scored) if item.copy_of is None}
    ranked = sorted((item.bits_per_byte, place) for place, item in enumerate(scored) if item.bits_per_byte is not None)
    room = keep * sum(scored[place].characters for _, place in ranked)
    kept: list[tuple[float, int]] = []
    for score, place in ranked:
        room -= scored[place].characters
        if room < 0 and kept:
            break
        kept.append((score, place))
    return kept[-1][0], {place for _, place in kept}


def _score(path: Path, settings: FilterSettings, work: Work) -> None:
    """Write scores.jsonl, a finished piece at a time, so that a killed attempt goes on behind the last one."""
    from puna.evals.likelihood import document_bits
    from puna.formats import load

    assert work.parent is not None
    parent = load(work.parent, dtype="float32")
    if parent.tokenizer is None:
        raise DataError(f"{work.parent}: the parent cannot read the corpus ({parent.tokenizer_problem}); give one with its tokenizer")
    judged = settings.keep < 1
    parts, seen = work.directory / PARTS, dict[bytes, Document]()
    total = sum(1 for _ in _documents(path))
    with work.progress.bar("filter", total, "documents") as bar:
        for number, documents in enumerate(_pieces(_documents(path))):
            firsts = [seen.setdefault(hashlib.sha256(document.text.encode()).digest(), document) for document in documents]
            part = parts / f"{number:06}.jsonl"
            if not part.exists():
                new = [document for document, first in zip(documents, firsts, strict=True) if first is document]
                bits = document_bits(parent.model, parent.tokenizer, new, first_tokens=settings.first_tokens) if new and judged else None
                scores: Iterator[float | None] = iter((bits.bits / bits.num_bytes).tolist()) if bits else repeat(None)
                files.write_jsonl(part, (_line(document, first, scores) for document, first in zip(documents, firsts, strict=True)))
            bar.advance(len(documents))
    if not seen:
        raise DataError(f"{path}: holds no documents to filter")
    files.write_jsonl(work.directory / SCORES, (value for part in sorted(parts.iterdir()) for _, value in files.read_jsonl(part)))
    shutil.rmtree(parts)


def _line(document: Document, first: Document, scores: Iterator[float | None]) -> dict[str, Any]:
    copy = first is not document
    score = None if copy else next(scores)
    return {
        "id": document.id,
        "characters": len(document.text),
        "bits_per_byte": None if score is None else round(score, 6),
        "copy_of": first.id if copy else None,
    }


def _write(source: Path, out: Path, scored: Sequence[Scored], *, kept: set[int], threshold: float | None) -> None:
    """Write both sides, and what is not kept with the reason."""
    if not (out / "heldout.jsonl").exists():
        files.write_jsonl(out / "heldout.jsonl", (value for _, value in files.read_jsonl(source / "heldout.jsonl")))
    each = zip(_documents(source / "train.jsonl"), scored, strict=True)
    documents = ((document, item.bits_per_byte) for place, (document, item) in enumerate(each) if place in kept)
    taken = (
        document.to_json() if score is None else replace(document, scores={**document.scores, SCORE: score}).to_json()
        for document, score in documents
    )
    files.write_jsonl(out / "train.jsonl", taken)
    files.write_jsonl(
        out / REJECTS, ({**vars(item), "reason": _reason(item, threshold)} for place, item in enumerate(scored) if place not in kept)
    )


def _reason(item: Scored, threshold: float | None) -> str:
    if item.copy_of is not None:
        return f"exact duplicate of {item.copy_of}"
    return f"takes at least as many of the parent's bits per byte as {threshold:.6g}, the most that was kept"


def _documents(path: Path) -> Iterator[Document]:
    return (Document.from_json(value, where=where) for where, value in files.read_jsonl(path))


def _pieces(documents: Iterator[Document]) -> Iterator[list[Document]]:
    while piece := list(islice(documents, PIECE)):
        yield piece


def _truth(work: Work) -> dict[str, dict[str, str]]:
    """Return quality and kind of each document by its id, where the corpus knows them."""
    for maker in work.makers("documents"):
        path = maker.directory / "truth.jsonl"
        if path.exists():
            return {value["id"]: {"quality": value["quality"], "kind": value["kind"]} for _, value in files.read_jsonl(path)}
    return {}


def _step(name: str, items: Iterable[Scored], truth: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """Return one step of the funnel; `by_quality` counts characters."""
    items, qualities = list(items), Counter[str]()
    for item in items:
        if item.id in truth:
            qualities[truth[item.id]["quality"]] += item.characters
    characters = sum(item.characters for item in items)
    return {"step": name, "documents": len(items), "characters": characters, "by_quality": dict(sorted(qualities.items()))}


def _shares(scored: Sequence[Scored], kept: set[int], groups: Mapping[str, str]) -> dict[str, float]:
    """Return the share of documents that was kept of each group, all copies counted."""
    before = Counter(groups[item.id] for item in scored if item.id in groups)
    after = Counter(groups[item.id] for place, item in enumerate(scored) if item.id in groups and place in kept)
    return {group: round(after[group] / count, 4) for group, count in sorted(before.items())}
