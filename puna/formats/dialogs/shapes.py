"""Which shape a record has, and the way in and out of each; see the package for the rule."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, get_args

from puna.errors import DataError
from puna.files import write_jsonl
from puna.formats.dialogs import alpaca, completion, sharegpt
from puna.records import Dialog, shown

Shape = Literal["messages", "prompt-completion", "sharegpt", "alpaca"]
SHAPES: tuple[Shape, ...] = get_args(Shape)

_TELLING: Mapping[Shape, tuple[str, ...]] = {
    "messages": ("messages",),
    "prompt-completion": ("prompt", "completion"),
    "sharegpt": ("conversations",),
    "alpaca": ("instruction", "output"),
}
_KNOWN = "; ".join(f"{shape} ({', '.join(keys)})" for shape, keys in _TELLING.items())
_PREFERENCE_KEYS = ("chosen", "rejected")
_SHOWN_KEYS = 8


def parse_dialog(value: object, *, where: str) -> Dialog:
    """Return the dialog in one record of any shape. Raises `DataError` naming `where` (file and line), and for what is no dialog the keys found."""
    if not isinstance(value, Mapping):
        raise DataError(f"{where}: expected a JSON object, got {type(value).__name__}")
    record = {key: item for key, item in value.items() if item is not None}
    return _READERS[_shape_of(record, where)](record, where)


def to_shape(dialog: Dialog, shape: Shape) -> dict[str, Any]:
    """Return `dialog` as a record of `shape`. Raises `DataError` that names what the shape has no words for."""
    try:
        return _WRITERS[shape](dialog)
    except DataError as error:
        raise DataError(f"dialog {shown(dialog.id)}: {shape} cannot say it: {error}") from None


def export_dialogs(dialogs: Iterable[Dialog], path: Path, shape: Shape) -> int:
    """Write dialogs as JSONL (`.gz` or `.zst` by the name's end), whole or not at all, and return how many. Raises as `to_shape`, and `WorkError`."""
    return write_jsonl(path, (to_shape(_writable(dialog), shape) for dialog in dialogs))


def _shape_of(record: Mapping[str, Any], where: str) -> Shape:
    if any(key in record for key in _PREFERENCE_KEYS):
        raise DataError(
            f"{where}: holds preferences ({_found(record)}), not a dialog; to fine-tune on the preferred side, write 'chosen' as 'messages'"
        )
    shapes = [shape for shape, keys in _TELLING.items() if all(key in record for key in keys)]
    if len(shapes) == 1:
        return shapes[0]
    what = f"could be {' or '.join(shapes)}, remove the keys of one" if shapes else "is no dialog of a known shape"
    raise DataError(f"{where}: the record {what}: it has {_found(record)}; known shapes: {_KNOWN}")


def _found(record: Mapping[str, Any]) -> str:
    keys = [shown(key) for key in list(record)[:_SHOWN_KEYS]]
    return f"the keys {', '.join(keys)}{', …' if len(record) > _SHOWN_KEYS else ''}" if keys else "no keys"


def _writable(dialog: Dialog) -> Dialog:
    """Return `dialog` where a UTF-8 file can hold all of its text. Raises `DataError`."""
    for text in _texts(dialog.to_json()):
        try:
            text.encode()
        except UnicodeEncodeError:
            raise DataError(f"dialog {shown(dialog.id)}: holds half of a surrogate pair, which is no Unicode; remove it") from None
    return dialog


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from (key, *_texts(item))
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def _from_messages(record: Mapping[str, Any], where: str) -> Dialog:
    return Dialog.from_json(record, where=where)


_READERS: Mapping[Shape, Callable[[Mapping[str, Any], str], Dialog]] = {
    "messages": _from_messages,
    "prompt-completion": completion.read,
    "sharegpt": sharegpt.read,
    "alpaca": alpaca.read,
}
_WRITERS: Mapping[Shape, Callable[[Dialog], dict[str, Any]]] = {
    "messages": Dialog.to_json,
    "prompt-completion": completion.write,
    "sharegpt": sharegpt.write,
    "alpaca": alpaca.write,
}
