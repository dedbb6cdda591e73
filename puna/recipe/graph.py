"""The stage graph: who feeds whom, in which order, and the key under which each stage's result is kept.

A key is a hash over everything that decides a stage's bytes: its name (the seeds of its draws hang on it), its kind and settings, the recipe's seed, the content of
the files it reads, and the keys of its inputs. Equal keys mean equal results, so a finished stage is reused; any change upstream changes every key below it and
nothing else. Machines and the code's version are recorded beside the result, not keyed: a new release must not throw a month of training away.

What only makes sense for the embedded world (dialogs, questions) is not made from real text. A stage that needs it is then *left out*, with the reason, and
whoever follows it gets its inputs instead.

A parent is a graph of its own. Its final model is the thing `parent` to the child's stages, and its key (of a model directory, the hash of its files) goes into
the key of each stage that uses it, so a child is as reproducible as the line that it comes from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from puna.errors import ConfigError
from puna.files import hash_json, sha256_of
from puna.recipe.kind import PARENT, Maker
from puna.recipe.schema import ParentRecipe, Recipe, Stage
from puna.recipe.training import MODEL
from puna.seeds import seed_of
from puna.settings import nearest

# The files of a model directory whose content makes the model: weights, shape, tokenizer.
MODEL_FILES = frozenset({".safetensors", ".json", ".model", ".pth"})


@dataclass(frozen=True)
class Parent:
    """The generation before: `graph` and the `stage` of it whose model is used, or a model directory at `path` where there is no graph."""

    path: Path
    key: str
    graph: Graph | None
    stage: str | None

    def run(self, child: Path) -> Path | None:
        """Return the parent's own run directory, beside that of its `child`; `None` for a model directory."""
        return None if self.graph is None else beside(child, self.graph.recipe.name)

    def model(self, child: Path) -> Path:
        """Return the model directory, when it is finished."""
        run = self.run(child)
        return self.path if run is None or self.stage is None else run / self.stage / MODEL


def beside(directory: Path, name: str) -> Path:
    """Return the sibling called `name` of a directory; `.` and `..` have no parent to read off."""
    plain = directory if directory.name not in ("", "..") else directory.resolve()
    return plain.parent / name


@dataclass(frozen=True)
class Node:
    """One stage in its place: the inputs it really gets, its key, the hashes of the outside files it reads, and the parent that it or its inputs used."""

    stage: Stage
    inputs: tuple[str, ...]
    key: str
    files: Mapping[str, str]
    left_out: str | None = None
    parent: Parent | None = None

    @property
    def name(self) -> str:
        return self.stage.name


@dataclass(frozen=True)
class Graph:
    """A recipe's stages in an order in which each comes after its inputs."""

    recipe: Recipe
    nodes: Mapping[str, Node]
    parent: Parent | None = None

    def makers(self, name: str, thing: str, run: Path) -> list[Maker]:
        """Return the stages before `name` that make `thing`, nearest first; of equally near ones, the first listed. `run` is the run directory."""
        if thing == PARENT:
            return [Maker(PARENT, PARENT, None, self.parent.model(run), in_line=False)] if self.parent else []
        inputs = self.nodes[name].inputs
        before = [self.nodes[other].stage for other in _before(inputs, self.nodes)]
        line = set(_before(inputs[:1], self.nodes))
        return [
            Maker(stage.name, stage.kind.name, stage.settings, run / stage.name, stage.name in line, self.nodes[stage.name].inputs)
            for stage in before
            if thing in stage.kind.made(stage.settings)
        ]

    def seed(self, name: str) -> int:
        """Return the seed of a stage's draws. Stages of a kind that trains share theirs, so that twins start from the same weights and read in the same order."""
        kind = self.nodes[name].stage.kind
        return seed_of(self.recipe.seed, kind.name if kind.twins else name)


def build(recipe: Recipe) -> Graph:
    """Order the stages, resolve what each gets and needs, key them, and let each check its settings against those before it.

    Reads (to hash) the files that stages name. Raises `ConfigError`.
    """
    parent = _parent(recipe.parent, recipe.where) if recipe.parent else None
    nodes: dict[str, Node] = {}
    for stage in _ordered(recipe):
        inputs = _present(stage.inputs, nodes)
        used = parent if PARENT in stage.kind.needs | stage.kind.uses else None
        left_out = _missing(stage, [nodes[name].stage for name in _before(inputs, nodes)], recipe)
        files = {} if left_out else {str(path): _hash(path, recipe.where, stage.name) for path in stage.kind.reads(stage.settings)}
        key = hash_json({
            "stage": stage.name, "kind": stage.kind.name, "settings": dict(stage.kind.keyed(stage.settings)), "seed": recipe.seed, "files": files,
            "inputs": [nodes[name].key for name in inputs], **({PARENT: used.key} if used else {}),
        })  # fmt: skip
        nodes[stage.name] = Node(
            stage, inputs, key, files, left_out, used or (parent if any(nodes[name].parent for name in inputs) else None)
        )
    graph = Graph(recipe, nodes, parent)
    for name, node in nodes.items():
        if node.left_out is None:
            _check(graph, name)
    return graph


def _check(graph: Graph, name: str) -> None:
    stage = graph.nodes[name].stage
    try:
        # Nothing is finished yet, so no directory is asked for.
        stage.kind.check(stage.settings, lambda thing: graph.makers(name, thing, Path()))
    except ValueError as error:
        raise ConfigError(f"{graph.recipe.where}: stage '{name}': {error}") from None


def _ordered(recipe: Recipe) -> list[Stage]:
    """Return the stages, inputs first and otherwise in the file's order. Raises `ConfigError` naming a circle."""
    stages = {stage.name: stage for stage in recipe.stages}
    done: dict[str, Stage] = {}

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            circle = [*path[path.index(name) :], name]
            raise ConfigError(f"{recipe.where}: stages feed each other in a circle ({' <- '.join(circle)}); remove one of these inputs")
        if name not in done:
            for item in stages[name].inputs:
                visit(item, (*path, name))
            done[name] = stages[name]

    for name in stages:
        visit(name, ())
    return list(done.values())


def _present(inputs: Sequence[str], nodes: Mapping[str, Node]) -> tuple[str, ...]:
    """Return `inputs` with every left-out stage replaced by what it would have got."""
    found = [name for item in inputs for name in ((item,) if nodes[item].left_out is None else nodes[item].inputs)]
    return tuple(dict.fromkeys(found))


def _before(inputs: Sequence[str], nodes: Mapping[str, Node]) -> Iterator[str]:
    """Yield every stage that `inputs` reach, breadth first."""
    seen: dict[str, None] = dict.fromkeys(inputs)
    level = list(inputs)
    while level:
        yield from level
        level = [name for item in level for name in nodes[item].inputs if name not in seen and not seen.update({name: None})]


def _parent(parent: ParentRecipe, where: str) -> Parent:
    """Return the parent with its own graph built and its model chosen. Raises `ConfigError`."""
    if parent.recipe is None:
        weights = sorted(path for path in parent.path.iterdir() if path.suffix in MODEL_FILES)
        if not weights:
            raise ConfigError(f"{where}: the parent {parent.path} holds no model; give a model directory or a recipe")
        return Parent(parent.path, hash_json({path.name: _hash(path, where, PARENT) for path in weights}), None, None)
    graph = build(parent.recipe)
    made = [name for name, node in graph.nodes.items() if node.left_out is None and "model" in node.stage.kind.made(node.stage.settings)]
    stage = parent.given.stage or next(reversed(made), None)
    if stage not in made:
        which = (
            f"stage '{stage}' of the parent {parent.path} makes no model{nearest(stage, made)}"
            if stage and made
            else f"no stage of the parent {parent.path} makes a model"
        )
        raise ConfigError(f"{where}: {which}")
    return Parent(parent.path, graph.nodes[stage].key, graph, stage)


def _missing(stage: Stage, before: Sequence[Stage], recipe: Recipe) -> str | None:
    """Return why the stage cannot run with these inputs, or `None` where it can. Raises `ConfigError` where no settings could mend it."""
    if PARENT in stage.kind.needs and recipe.parent is None:
        raise ConfigError(f"{recipe.where}: stage '{stage.name}' needs a parent, and the recipe names none; add 'parent: FILE' at its top")
    for thing in sorted(stage.kind.needs - {PARENT}):
        if any(thing in other.kind.made(other.settings) for other in before):
            continue
        could = next((other for other in before if thing in other.kind.makes), None)
        if could is None:
            names = ", ".join(other.name for other in before) or "none"
            raise ConfigError(
                f"{recipe.where}: stage '{stage.name}' needs {thing}, and no stage before it ({names}) makes any; name one under 'inputs'"
            )
        return f"needs {thing}, but {could.kind.why_not(could.settings, thing)}"
    return None


def _hash(path: Path, where: str, stage: str) -> str:
    try:
        return sha256_of(path)
    except OSError as error:
        raise ConfigError(f"{where}: stage '{stage}' reads {path}, which cannot be read ({error.strerror}); correct the path") from None
