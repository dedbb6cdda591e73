"""The recipe file: a name, a seed, and stages by name, each with its kind, its inputs and its settings.

    name: smoke
    seed: 1
    stages:
      corpus: {kind: corpus, documents: 1500}
      pretrain: {kind: pretrain, inputs: [corpus, tokenizer], lr: 3.0e-3}

A stage without `kind` has the kind of its own name, and one without `inputs` follows the stage above it. `--set pretrain.lr=3e-4` reaches a stage by its
name. Everything is checked before anything runs, and nothing given is silently ignored.

`parent: parent.yaml` names the generation before: a recipe, relative to the file that names it, or a model directory. Llama 2 picked what Llama 3 read
(arXiv 2407.21783, section 3.1.1). `--set parent.pretrain.lr=3e-4` reaches into the parent's recipe. Nothing else does but `--set seed=2`, for the seed makes the
world in which both live; `parent.seed` says otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field

from puna.errors import ConfigError
from puna.recipe.kind import PARENT, StageKind
from puna.settings import Settings, apply_override, nearest, parse, read_yaml

Kinds = Mapping[str, StageKind[Any]]
NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
EARLIER = "earlier"


class ParentFile(Settings):
    """The parent as a recipe names it: where it lies, and which of its stages made the model (by default the last that makes one)."""

    path: str = Field(min_length=1)
    stage: str | None = None


class RecipeFile(Settings):
    """What stands at the top of a recipe file."""

    name: str = Field(pattern=f"^{NAME.pattern}$")
    description: str = ""
    seed: int = Field(default=0, ge=0)
    parent: str | ParentFile | None = None
    stages: dict[str, dict[str, Any] | None] = Field(min_length=1)


@dataclass(frozen=True)
class Stage:
    """One stage as the recipe gives it: checked settings, and inputs by name."""

    name: str
    kind: StageKind[Any]
    inputs: tuple[str, ...]
    settings: Settings


@dataclass(frozen=True)
class ParentRecipe:
    """The generation before, as read: a `recipe` of its own, or a model directory where that is `None`. `given` is what the child's file says."""

    given: ParentFile
    path: Path
    recipe: Recipe | None


@dataclass(frozen=True)
class Recipe:
    """A whole recipe, checked. `stages` keeps the file's order; `where` is the file it came from."""

    name: str
    description: str
    seed: int
    stages: tuple[Stage, ...]
    where: str
    parent: ParentRecipe | None = None

    @classmethod
    def read(cls, path: Path | str, overrides: Iterable[str] = (), *, kinds: Kinds | None = None) -> Recipe:
        """Return the recipe in the YAML file `path` with `--set` assignments applied in order; `kinds` None takes Puna's. Raises `ConfigError`."""
        from puna.recipe import stages

        return _read(Path(path), list(overrides), stages.KINDS if kinds is None else kinds, children=())

    def to_json(self) -> dict[str, Any]:
        """Return the recipe with every default filled in: reading this again gives the same recipe."""
        stages = {
            stage.name: {"kind": stage.kind.name, "inputs": list(stage.inputs), **stage.settings.model_dump(mode="json")}
            for stage in self.stages
        }
        parent = {"parent": self.parent.given.model_dump()} if self.parent else {}
        return {"name": self.name, "description": self.description, "seed": self.seed, **parent, "stages": stages}


def parse_recipe(
    values: object, kinds: Kinds, *, where: str, parent_overrides: Sequence[str] = (), children: Sequence[Path] = ()
) -> Recipe:
    """Return `values` as a checked recipe, with the parent that it names. Raises `ConfigError`, one line that starts with `where`.

    `parent_overrides` are `--set` assignments for the parent's recipe; `children` are the recipe files that this one is the parent of.
    """
    file = parse(RecipeFile, values, where=where)
    names = list(file.stages)
    stages = tuple(_stage(name, file.stages, kinds, where=f"{where}: stage '{name}'") for name in names)
    parent = _parent(file, kinds, where=where, overrides=parent_overrides, children=children)
    return Recipe(file.name, file.description, file.seed, stages, where, parent)


def _read(path: Path, overrides: Sequence[str], kinds: Kinds, *, children: Sequence[Path]) -> Recipe:
    values = read_yaml(path)
    if not isinstance(values, Mapping):
        raise ConfigError(f"{path}: a recipe is a mapping with 'name' and 'stages'")
    mine = [assignment for assignment in overrides if not assignment.startswith(f"{PARENT}.")]
    theirs = [assignment.removeprefix(f"{PARENT}.") for assignment in overrides if assignment not in mine]
    # Parent and child live in one world, and its seed makes it.
    if values.get(PARENT) is not None and not any(assignment.startswith("seed=") for assignment in theirs):
        theirs = [*(assignment for assignment in mine if assignment.startswith("seed=")), *theirs]
    for assignment in mine:
        values = apply_override(values, assignment, below=_reach(values, assignment))
    return parse_recipe(values, kinds, where=str(path), parent_overrides=theirs, children=children)


def _parent(file: RecipeFile, kinds: Kinds, *, where: str, overrides: Sequence[str], children: Sequence[Path]) -> ParentRecipe | None:
    if file.parent is None:
        if overrides:
            raise ConfigError(f"--set {PARENT}.{overrides[0]}: {where} names no parent; add 'parent: FILE' to it, or leave this out")
        return None
    given = ParentFile(path=file.parent) if isinstance(file.parent, str) else file.parent
    here = Path(where)
    path = here.parent / Path(given.path).expanduser()
    line = [*children, here]
    if path.resolve() in [other.resolve() for other in line]:
        raise ConfigError(
            f"{where}: recipes are each other's parents in a circle ({' <- '.join(map(str, [*line, path]))}); remove one 'parent'"
        )
    if not path.is_dir():
        return ParentRecipe(given, path, _read(path, overrides, kinds, children=line))
    unusable = f"--set {PARENT}.{overrides[0]}" if overrides else f"{where}: 'parent.stage'" if given.stage else None
    if unusable:
        raise ConfigError(f"{unusable}: the parent {path} is a model directory, which has no stages; leave this out")
    return ParentRecipe(given, path, None)


def _reach(values: Mapping[str, Any], assignment: str) -> tuple[str, ...]:
    """Return where the assignment's keys start: `--set NAME.key=value` reaches into the stage called NAME, and the file's own keys are at the top."""
    dotted, equals, _ = assignment.partition("=")
    own, _, rest = dotted.partition(".")
    if not equals:
        raise ConfigError(f"--set {assignment}: write it as key=value, such as pretrain.lr=3e-4")
    if own in RecipeFile.model_fields:
        return ()
    stages = values.get("stages")
    known = [str(name) for name in stages] if isinstance(stages, Mapping) else []
    if own not in known:
        raise ConfigError(
            f"--set {assignment}: '{own}' is neither a stage nor a key of the recipe{nearest(own, [*known, *RecipeFile.model_fields])}"
        )
    if not rest:
        raise ConfigError(f"--set {assignment}: '{own}' is a stage; write {own}.key=value")
    return ("stages",)


def _stage(name: str, stages: Mapping[str, Mapping[str, Any] | None], kinds: Kinds, *, where: str) -> Stage:
    if not NAME.fullmatch(name) or name == EARLIER or name in RecipeFile.model_fields:
        raise ConfigError(
            f"{where}: a stage's name is lower-case letters, digits, '-' and '_', and none of {', '.join((EARLIER, *RecipeFile.model_fields))}"
        )
    values = dict(stages[name] or {})
    kind_name = values.pop("kind", name)
    if not isinstance(kind_name, str) or kind_name not in kinds:
        raise ConfigError(f"{where}: unknown kind '{kind_name}'{nearest(str(kind_name), list(kinds))}")
    kind = kinds[kind_name]
    inputs = _inputs(name, values.pop("inputs", None), list(stages), where=where)
    unknown = [key for key in values if key not in kind.settings.model_fields]
    if unknown:
        raise ConfigError(f"{where}: unknown key '{unknown[0]}'{nearest(str(unknown[0]), [*kind.settings.model_fields, 'kind', 'inputs'])}")
    return Stage(name, kind, inputs, parse(kind.settings, values, where=where))


def _inputs(name: str, given: object, names: Sequence[str], *, where: str) -> tuple[str, ...]:
    if given is None:
        before = names[: names.index(name)]
        return tuple(before[-1:])
    if not isinstance(given, list) or not all(isinstance(item, str) for item in given):
        raise ConfigError(f"{where}: 'inputs' is a list of stage names (got {given!r})")
    for item in given:
        if item not in names:
            raise ConfigError(f"{where}: unknown input '{item}'{nearest(item, [other for other in names if other != name])}")
    if len(set(given)) < len(given):
        raise ConfigError(f"{where}: 'inputs' names a stage twice ({', '.join(given)})")
    return tuple(given)
