"""Strict configuration: one pydantic model beside the code it configures, and unknown keys refused with the nearest known one.

A setting that is accepted and ignored costs its user a training run, so nothing is: `Settings` forbids unknown keys at every depth, and `parse` turns
pydantic's report into one line that names the place and the likely spelling.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from puna.errors import ConfigError

S = TypeVar("S", bound=BaseModel)


class Settings(BaseModel):
    """Base of every configuration: immutable, no unknown keys, defaults checked too."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


def parse(kind: type[S], values: object, *, where: str) -> S:
    """Check `values` against `kind`. Raises `ConfigError`, one line that starts with `where` (a file or an option)."""
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise ConfigError(f"{where}: {_one_line(kind, error)}") from None


def read_yaml(path: Path) -> Any:
    """Return the YAML document in `path` as plain data. Raises `ConfigError` where it is absent or not YAML."""
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, IsADirectoryError):
        raise ConfigError(f"{path}: no such file") from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigError(f"{path}: not valid YAML ({' '.join(str(error).split())})") from None


def apply_override(values: Mapping[str, Any], assignment: str) -> dict[str, Any]:
    """Return `values` with one `--set a.b=value` applied; the value is read as YAML. Raises `ConfigError`."""
    dotted, equals, text = assignment.partition("=")
    if not equals or not all(dotted.split(".")):
        raise ConfigError(f"--set {assignment}: write it as key.subkey=value")
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        raise ConfigError(f"--set {assignment}: the value is not valid YAML") from None
    return _assign(values, dotted.split("."), value, whole=assignment)


def nearest(key: str, known: Sequence[str]) -> str:
    """Return `; did you mean 'x'?` for the known key most like `key`, or the list of known keys."""
    close = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    return f"; did you mean '{close[0]}'?" if close else f"; known: {', '.join(sorted(known))}"


def _assign(values: Mapping[str, Any], path: list[str], value: Any, *, whole: str) -> dict[str, Any]:
    key, rest = path[0], path[1:]
    if not rest:
        return {**values, key: value}
    inner = values.get(key) or {}
    if not isinstance(inner, Mapping):
        raise ConfigError(f"--set {whole}: '{key}' is a single value and has no keys of its own")
    return {**values, key: _assign(inner, rest, value, whole=whole)}


def _one_line(kind: type[BaseModel], error: ValidationError) -> str:
    """Say the first thing that is wrong, with its place; unknown keys come first, for they explain the others."""
    found = error.errors(include_url=False)
    first = next((item for item in found if item["type"] == "extra_forbidden"), found[0])
    place = ".".join(str(part) for part in first["loc"]) or kind.__name__
    if first["type"] == "extra_forbidden":
        owner = _settings_at(kind, first["loc"][:-1])
        return f"unknown key '{place}'{nearest(str(first['loc'][-1]), list(owner.model_fields))}"
    if first["type"] == "missing":
        return f"'{place}' is missing"
    given = "" if isinstance(first.get("input"), (dict, list)) else f" (got {first.get('input')!r})"
    return f"'{place}': {first['msg'].removeprefix('Value error, ')}{given}"


def _settings_at(kind: type[BaseModel], loc: Sequence[int | str]) -> type[BaseModel]:
    """Follow an error's location down to the model that refused the key, through optionals, unions and lists."""
    for part in loc:
        field = kind.model_fields.get(str(part))
        inner = _models_in(field.annotation) if field else [m for m in _subclasses(kind) if m.__name__ == part]
        if inner:
            kind = inner[0]
    return kind


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in getattr(annotation, "__args__", ()) for model in _models_in(argument)]


def _subclasses(kind: type[BaseModel]) -> list[type[BaseModel]]:
    return list(kind.__subclasses__())
