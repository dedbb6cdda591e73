"""Strict configuration: one pydantic model beside the code it configures, and unknown keys refused with the nearest known one.

A setting that is accepted and ignored costs its user a training run, so nothing is: `Settings` forbids unknown keys at every depth, and `parse` turns
pydantic's report into one line that names the place and the likely spelling. A key given twice in a file is one of the two ignored, so it is refused too.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from puna.errors import ConfigError

S = TypeVar("S", bound=BaseModel)
# What PyYAML raises for text that is not YAML, and for values that their type cannot hold: the day 2026-99-99, `!!bool x`.
_YAML_ERRORS = (yaml.YAMLError, ValueError, LookupError, AttributeError, TypeError, OverflowError, RecursionError)


if TYPE_CHECKING:  # where a call is checked against the fields, which a metaclass of our own would hide
    from pydantic._internal._model_construction import ModelMetaclass as _OneLine
else:

    class _OneLine(type(BaseModel)):
        """Makes what is wrong in `Kind(key=value)` a user's mistake of one line, as it is in a file. What pydantic builds within other models does not come here, so places stay whole."""

        def __call__(cls, *args: Any, **values: Any) -> Any:
            try:
                return super().__call__(*args, **values)
            except ValidationError as error:
                raise ConfigError(f"{cls.__name__}: {_one_line(cls, error)}") from None


class Settings(BaseModel, metaclass=_OneLine):
    """Base of every configuration: immutable, no unknown keys, only finite numbers, defaults checked too. To make one of values that do not fit raises `ConfigError`."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True, allow_inf_nan=False)


def parse(kind: type[S], values: object, *, where: str) -> S:
    """Check `values` against `kind`. Raises `ConfigError`, one line that starts with `where` (a file or an option)."""
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise ConfigError(f"{where}: {_one_line(kind, error)}") from None


def read_yaml(path: Path) -> Any:
    """Return the YAML document in `path` as plain data. Raises `ConfigError` where it is absent or not YAML."""
    try:
        return _load_yaml(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise ConfigError(f"{path}: is a directory; give a YAML file") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror or error})") from None
    except _YAML_ERRORS as error:
        raise ConfigError(f"{path}: not valid YAML ({' '.join(str(error).split())})") from None


def apply_override(values: Mapping[str, Any], assignment: str, *, below: Sequence[str] = ()) -> dict[str, Any]:
    """Return `values` with one `--set a.b=value` applied, its keys starting at the place `below`; the value is read as YAML. Raises `ConfigError`."""
    dotted, equals, text = assignment.partition("=")
    if not equals or not all(dotted.split(".")):
        raise ConfigError(f"--set {assignment}: write it as key=value, where a key inside another is key.subkey")
    try:
        value = _load_yaml(text)
    except _YAML_ERRORS as error:
        given_twice = f": {error.problem}" if isinstance(error, _KeyGivenTwice) else ""
        raise ConfigError(f"--set {assignment}: the value is not valid YAML{given_twice}") from None
    return _assign(values, [*below, *dotted.split(".")], value, whole=assignment)


def nearest(key: str, known: Sequence[str]) -> str:
    """Return `; did you mean 'x'?` for the known key most like `key`, or the list of known keys."""
    close = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    return f"; did you mean '{close[0]}'?" if close else f"; known: {', '.join(sorted(known))}"


class _KeyGivenTwice(yaml.MarkedYAMLError):
    """A mapping names one key twice. YAML forbids it, and PyYAML keeps the last."""


class _StrictLoader(yaml.SafeLoader):
    """PyYAML's safe loader, which also refuses a key given twice. It looks before `<<` merges, which may name a key again."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node: yaml.MappingNode = super().compose_mapping_node(anchor)
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if (key.tag, key.value) in seen:
                    raise _KeyGivenTwice(problem=f"the key '{key.value}' is given twice", problem_mark=key.start_mark)
                seen.add((key.tag, key.value))
        return node


def _load_yaml(text: str) -> Any:
    return yaml.load(text, Loader=_StrictLoader)  # noqa: S506 (a safe loader)


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
    place = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        owner = _settings_at(kind, first["loc"][:-1])
        return f"unknown key '{place}'{nearest(str(first['loc'][-1]), list(owner.model_fields))}"
    if first["type"] == "missing":
        return f"'{place}' is missing"
    given = "" if isinstance(first.get("input"), (dict, list, BaseModel)) else f" (got {first.get('input')!r})"
    text = f"{_words(first)}{given}"
    return f"'{place}': {text}" if place else text


def _words(item: Mapping[str, Any]) -> str:
    """Say what is wrong in the words of a recipe's reader: pydantic speaks of dictionaries and of classes."""
    if item["type"] in ("dict_type", "model_type", "model_attributes_type"):
        return "should be keys with their values"
    if item["type"] == "too_short":
        least = item["ctx"]["min_length"]
        return f"needs at least {least} {'entry' if least == 1 else 'entries'}"
    return str(item["msg"]).removeprefix("Value error, ").removeprefix("Input ")


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
