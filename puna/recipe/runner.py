"""The runner: stages in order, into a run directory, each finished or not there.

    runs/smoke/corpus/            finished: manifest.json, written last, says what went in and what came out
    runs/smoke/tokenizer/
    runs/smoke/pretrain-3fa2c1d0.partial/   at work, or killed; the same command goes on inside it
    runs/smoke/earlier/corpus-91b0e7aa/     the same stage under another key, from before the recipe changed

A stage always works in a `.partial` directory named by its key, and is finished by writing the manifest and renaming: one atomic step, so a kill at any moment
leaves a result or none. A result under another key is moved to `earlier/`, never overwritten, and moved back when the recipe asks for it again. Training
resumes because its checkpoints lie in the partial directory; whatever else a stage writes there must be whole or absent, and is reused if whole.
"""

from __future__ import annotations

import contextlib
import datetime
import fcntl
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from puna import machine
from puna.errors import ConfigError, FormatError, WorkError
from puna.files import PARTIAL, disk_errors, read_json, sync, write_json
from puna.progress import Progress
from puna.recipe import manifest as manifests
from puna.recipe.graph import Graph, Node, Parent
from puna.recipe.kind import Maker, Work
from puna.recipe.manifest import Ancestor, Input, Manifest
from puna.recipe.predicting import predicted
from puna.recipe.schema import EARLIER, Recipe

RECIPE = "recipe.json"
ATTEMPTS = "attempts.json"

Status = Literal["built", "reused", "left out", "to do"]


@dataclass(frozen=True)
class Result:
    """What became of a stage. A left-out one has a `reason`, a finished one a manifest and a directory."""

    name: str
    kind: str
    status: Status
    directory: Path
    manifest: Manifest | None = None
    reason: str | None = None


def run(
    graph: Graph,
    directory: Path,
    progress: Progress,
    *,
    closing: Callable[[dict[str, Result]], None] | None = None,
    patient: bool = False,
) -> dict[str, Result]:
    """Bring every stage of `graph` to a finished state in `directory`, reusing what is finished. Raises `PunaError`; the same call resumes.

    `closing` writes what belongs to the run as a whole, before anybody else may enter it. A `patient` run waits for another process in the directory, as
    children of one parent do; others are refused.
    """
    with _locked(directory, progress, patient=patient):
        _claim(graph, directory)
        results: dict[str, Result] = {}
        for node in graph.nodes.values():
            results[node.name] = _bring(graph, node, directory, results, progress)
        if closing:
            closing(results)
        return results


def look(graph: Graph, directory: Path) -> dict[str, Result]:
    """Return what `run` would find: which stages are finished and which are to do. Changes nothing."""
    results = {}
    for node in graph.nodes.values():
        found = None if node.left_out else _finished(directory, node)
        status: Status = "left out" if node.left_out else "reused" if found else "to do"
        place = found or directory / node.name
        results[node.name] = Result(node.name, node.stage.kind.name, status, place, manifests.read(found) if found else None, node.left_out)
    return results


def _bring(graph: Graph, node: Node, directory: Path, before: Mapping[str, Result], progress: Progress) -> Result:
    kind, final = node.stage.kind.name, directory / node.name
    if node.left_out:
        progress.say(f"{node.name}: left out: it {node.left_out}")
        return Result(node.name, kind, "left out", final, reason=node.left_out)
    found = _finished(directory, node)
    if found:
        manifest = manifests.read(found)
        manifests.check(found, manifest)
        _install(found, final)
        progress.say(f"{node.name}: reused ({_short(node.key)})")
        return Result(node.name, kind, "reused", final, manifest)
    manifest = _build(graph, node, directory, before, progress)
    _install(_partial(directory, node), final)
    return Result(node.name, kind, "built", final, manifest)


def _build(graph: Graph, node: Node, directory: Path, before: Mapping[str, Result], progress: Progress) -> Manifest:
    """Do a stage's work in its partial directory and close it with the manifest."""
    partial, stage = _partial(directory, node), node.stage
    with disk_errors(partial):
        partial.mkdir(exist_ok=True)
    attempts = _begin(partial)
    _check_parent(node, directory)

    def makers(thing: str) -> Sequence[Maker]:
        return graph.makers(node.name, thing, directory)

    foreseen = predicted(stage.kind.cost(stage.settings, makers))
    began, peak = time.monotonic(), machine.PeakMemory()
    work = Work(node.name, partial, graph.seed(node.name), makers, progress)
    figures = dict(stage.kind.run(stage.settings, work))
    attempts[-1]["seconds"] = time.monotonic() - began
    write_json(partial / ATTEMPTS, attempts)
    inputs = {name: Input(kind=before[name].kind, key=graph.nodes[name].key) for name in node.inputs}
    manifest = Manifest(
        stage=node.name, kind=stage.kind.name, key=node.key, recipe=graph.recipe.name, seed=graph.recipe.seed, inputs=inputs,
        parent=_ancestor(node.parent) if node.parent else None, files=dict(node.files),
        config=stage.settings.model_dump(mode="json"), code=manifests.code(), machine=manifests.machine(), started=attempts[0]["started"],
        seconds=round(sum(attempt["seconds"] for attempt in attempts), 3), attempts=len(attempts),
        peak_memory_bytes=peak.bytes, predicted=foreseen, figures=figures, outputs=manifests.outputs_of(partial, but=ATTEMPTS),
    )  # fmt: skip
    with disk_errors(partial):
        for path in partial.rglob("*"):
            sync(path)
    manifests.write(partial, manifest)
    return manifest


def _check_parent(node: Node, directory: Path) -> None:
    """Raise `WorkError` where the parent's run was raised anew, with other settings, since this run began: its model is no longer the one that the key names."""
    parent = node.parent
    run = parent.run(directory) if parent else None
    if parent is None or run is None or parent.stage is None:
        return
    found = manifests.read(run / parent.stage)
    if found.key != parent.key:
        raise WorkError(
            f"{run}: was raised with other settings meanwhile; run the same command again, or give its other child a directory of its own with --out"
        )


def _ancestor(parent: Parent) -> Ancestor:
    recipe = parent.graph.recipe.name if parent.graph else None
    return Ancestor(recipe=recipe, stage=parent.stage, path=str(parent.path), key=parent.key)


def _begin(partial: Path) -> list[dict[str, Any]]:
    """Clear away what a killed attempt left half written, note that an attempt starts now, and return all so far, the new one last, its seconds still 0.

    Nobody tells how long a killed attempt worked, but the files do: from its note, which was written at its start, to the last thing it wrote.
    """
    note = partial / ATTEMPTS
    attempts: list[dict[str, Any]] = read_json(note) if note.exists() else []
    if attempts:
        attempts[-1]["seconds"] = max(path.stat().st_mtime for path in partial.rglob("*")) - note.stat().st_mtime
    for left in list(partial.rglob(f"*{PARTIAL}")):
        shutil.rmtree(left, ignore_errors=True) if left.is_dir() else left.unlink(missing_ok=True)
    attempts.append({"started": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"), "seconds": 0.0})
    write_json(note, attempts)
    return attempts


def _finished(directory: Path, node: Node) -> Path | None:
    """Return where the result under the node's key lies: in place, kept among the earlier ones, or closed but not yet renamed."""
    for place in (directory / node.name, _kept(directory, node.name, node.key), _partial(directory, node)):
        if (place / manifests.NAME).exists():
            if manifests.read(place).key == node.key:
                return place
        elif place.exists() and place.suffix != PARTIAL:
            raise FormatError(f"{place}: has no {manifests.NAME}, so it is no finished stage; move it away and run the same command again")
    return None


def _install(found: Path, final: Path) -> None:
    """Rename a finished directory into its place; what lies there goes to `earlier/` under its own key."""
    if found == final:
        return
    with disk_errors(final):
        (found / ATTEMPTS).unlink(missing_ok=True)
        if final.exists():
            kept = _kept(final.parent, final.name, manifests.read(final).key)
            kept.parent.mkdir(exist_ok=True)
            final.rename(kept)
        found.rename(final)
        sync(final.parent)


def _claim(graph: Graph, directory: Path) -> None:
    """Write down which recipe the directory belongs to. Raises `ConfigError` where it is another's."""
    path = directory / RECIPE
    found = read_json(path) if path.exists() else {"name": graph.recipe.name}
    owner = found.get("name") if isinstance(found, dict) else None
    if not isinstance(owner, str):
        raise FormatError(f"{path}: is not the recipe of a run; choose another directory with --out")
    if owner != graph.recipe.name:
        raise ConfigError(
            f"{directory}: holds the run of recipe '{owner}', not of '{graph.recipe.name}'; choose another directory with --out"
        )
    strangers = (
        [] if path.exists() else [item.name for item in directory.iterdir() if not item.name.startswith(".") and item.suffix != PARTIAL]
    )
    if strangers:
        raise ConfigError(
            f"{directory}: is not empty and holds no run ('{min(strangers)}' lies there); choose another directory with --out"
        )
    write_json(path, recorded(graph.recipe))


def recorded(recipe: Recipe) -> dict[str, Any]:
    """Return a recipe as recipe.json has it: every default filled in, and under `parent` the stages of the recipe that is its parent."""
    found = recipe.to_json()
    if recipe.parent and recipe.parent.recipe:
        older = recorded(recipe.parent.recipe)
        found["parent"] |= {key: older[key] for key in ("stages", "parent") if key in older}
    return found


@contextlib.contextmanager
def _locked(directory: Path, progress: Progress, *, patient: bool) -> Iterator[None]:
    """Hold the run directory for this process alone, waiting for it where `patient`. The lock goes with the process, however it ends. Raises `WorkError`."""
    with disk_errors(directory):
        directory.mkdir(parents=True, exist_ok=True)
        handle = os.open(directory / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.pread(handle, 32, 0).decode(errors="replace").strip() or "unknown"
            if not patient:
                raise WorkError(
                    f"{directory}: is being raised by another process (pid {holder}); wait for it, or choose another directory with --out"
                ) from None
            progress.say(f"{directory}: waiting for another process (pid {holder})")
            fcntl.flock(handle, fcntl.LOCK_EX)
        os.truncate(handle, 0)
        os.pwrite(handle, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(handle)


def _partial(directory: Path, node: Node) -> Path:
    return directory / f"{node.name}-{_short(node.key)}{PARTIAL}"


def _kept(directory: Path, name: str, key: str) -> Path:
    return directory / EARLIER / f"{name}-{_short(key)}"


def _short(key: str) -> str:
    return key[:8]
