"""Typed values out of a parsed JSON object that nobody vouches for.

JSON has one kind of number and Python takes `true` for 1, so a shape read without care becomes nonsense later and elsewhere. Each reader names the file
and the key; a key that is null counts as absent.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from puna.errors import FormatError
from puna.records import shown

LARGEST_SIZE = 2**31 - 1


def as_object(values: object, where: str) -> Mapping[str, Any]:
    """Return `values` where it is a JSON object. Raises `FormatError`."""
    if not isinstance(values, Mapping):
        raise FormatError(f"{where}: expected a JSON object, got {type(values).__name__}")
    return values


def size(values: Mapping[str, Any], key: str, where: str, *, default: int | None = None, prefix: str = "") -> int:
    """Return a whole number from 1 to `LARGEST_SIZE`. Raises `FormatError`."""
    value = default if values.get(key) is None else values[key]
    if value is None:
        raise FormatError(f"{where}: '{prefix}{key}' is missing")
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= LARGEST_SIZE:
        raise FormatError(f"{where}: '{prefix}{key}' must be a whole number from 1 to {LARGEST_SIZE:,}, got {shown(value)}")
    return value


def number(values: Mapping[str, Any], key: str, where: str, *, default: float | None = None, prefix: str = "") -> float:
    """Return a positive finite number. Raises `FormatError`."""
    value = default if values.get(key) is None else values[key]
    if value is None:
        raise FormatError(f"{where}: '{prefix}{key}' is missing")
    # A whole number beyond a float's range cannot be converted; comparing it is exact.
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 1e30 or not math.isfinite(value):
        raise FormatError(f"{where}: '{prefix}{key}' must be a positive number, got {shown(value)}")
    return float(value)


def flag(values: Mapping[str, Any], key: str, where: str) -> bool:
    """Return true or false; absent is false. Raises `FormatError`."""
    value = values.get(key)
    if value is not None and not isinstance(value, bool):
        raise FormatError(f"{where}: '{key}' must be true or false, got {shown(value)}")
    return bool(value)
