"""What the pickle of a `.pth` file may say, checked before anything runs it.

A pickle is a program for a machine with a stack and a memory. Which functions it calls says little: tuples made of the same tuple twice, forty-five times over,
take a few hundred bytes and as good as for ever to hash, once one of them is a key. So the program is walked through with kinds in place of values, and only
what `torch.save` writes for tensors by name passes: text as keys, short tuples of numbers as shapes and strides, storages by number, three functions that
rebuild a tensor. Nothing is built, so a walk costs as many steps as there are opcodes.
"""

from __future__ import annotations

import pickletools
from pathlib import Path
from typing import Any

from puna.errors import FormatError
from puna.records import shown

_REBUILD, _PARAMETER, _ORDERED = "torch._utils _rebuild_tensor_v2", "torch._utils _rebuild_parameter", "collections OrderedDict"
_TEXT, _INT, _INTS, _FLAG, _DICT = "text", "int", "ints", "flag", "dict"
_STORAGE, _STORAGE_CLASS, _TENSOR, _MARK = "storage", "storage class", "tensor", "mark"
_PUSHED = {
    "BINUNICODE": _TEXT, "BININT": _INT, "BININT1": _INT, "BININT2": _INT, "LONG1": _INT, "BINFLOAT": _FLAG, "NONE": _FLAG, "NEWTRUE": _FLAG,
    "NEWFALSE": _FLAG, "EMPTY_DICT": _DICT, "EMPTY_TUPLE": _INTS, "MARK": _MARK,
}  # fmt: skip
# (function, arguments): what the call makes. Hooks, the dicts here, are empty in every checkpoint.
_CALLS = {
    (_ORDERED, _INTS): _DICT,
    (_REBUILD, (_STORAGE, _INT, _INTS, _INTS, _FLAG, _DICT)): _TENSOR,
    (_PARAMETER, (_TENSOR, _FLAG, _DICT)): _TENSOR,
}
_PERSISTENT_ID = (_TEXT, _STORAGE_CLASS, _TEXT, _TEXT, _INT)
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_MOST_AXES = 8
Kind = str | tuple[str, ...]


def check_pickle(content: bytes, file: Path) -> None:
    """Raise `FormatError` where the pickle would make anything but tensors by name, or call anything but what rebuilds one. Runs nothing."""
    walk = _Walk(file)
    for opcode, argument, place in pickletools.genops(content):
        try:
            fits = walk.step(opcode.name, argument)
        except (IndexError, KeyError, ValueError):
            fits = False
        if not fits:
            raise FormatError(
                f"{file}: its pickle holds more than tensors by name ({opcode.name} at byte {place}); save the tensors alone: torch.save(model.state_dict(), …)"
            )


class _Walk:
    """The machine: kinds on a stack and in a memory. A tuple of kinds stands for the arguments of a call, and never goes into the memory."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._stack: list[Kind] = []
        self._memory: dict[int, Kind] = {}

    def step(self, name: str, argument: Any) -> bool:
        """Take one opcode and return whether it is one that a checkpoint needs here; where the stack or memory lacks what it wants, `IndexError` and the like."""
        stack = self._stack
        if name in _PUSHED:
            stack.append(_PUSHED[name])
        elif name == "GLOBAL":
            stack.append(self._function(str(argument)))
        elif name in ("BINPUT", "LONG_BINPUT"):
            self._memory[argument] = stack[-1]
        elif name in ("BINGET", "LONG_BINGET"):
            stack.append(self._memory[argument])
            return isinstance(stack[-1], str) and stack[-1] not in (_DICT, _MARK)
        elif name in ("PROTO", "STOP"):
            return argument in (2, 3) if name == "PROTO" else len(stack) == 1
        else:
            return self._make(name)
        return True

    def _make(self, name: str) -> bool:
        """Take an opcode that makes one thing out of those on the stack."""
        stack = self._stack
        if name in _TUPLES:
            return self._push_tuple(self._popped(_TUPLES[name]))
        if name == "TUPLE":
            return self._push_tuple(self._since_mark())
        if name == "BINPERSID":
            stack[-1], fits = _STORAGE, stack[-1] == _PERSISTENT_ID
            return fits
        if name == "REDUCE":
            function, arguments = self._popped(2)
            stack.append(_CALLS[str(function), arguments])
            return True
        if name in ("SETITEM", "SETITEMS"):
            items = self._popped(2) if name == "SETITEM" else self._since_mark()
            return stack[-1] == _DICT and len(items) % 2 == 0 and set(items[::2]) <= {_TEXT}
        return name == "BUILD" and self._popped(1) == [_DICT] and stack[-1] == _DICT

    def _function(self, called: str) -> str:
        if called in (_REBUILD, _PARAMETER, _ORDERED):
            return called
        if called.startswith("torch ") and called.endswith("Storage"):
            return _STORAGE_CLASS
        raise FormatError(f"{self._file}: its pickle would call {shown(called)}, which no checkpoint needs; Puna does not run it")

    def _push_tuple(self, items: list[Kind]) -> bool:
        is_shape = len(items) <= _MOST_AXES and all(item == _INT for item in items)
        self._stack.append(_INTS if is_shape else tuple(map(str, items)))
        return all(isinstance(item, str) for item in items) and len(items) <= _MOST_AXES

    def _popped(self, count: int) -> list[Kind]:
        if len(self._stack) < count or _MARK in self._stack[-count:]:
            raise IndexError
        items = self._stack[-count:]
        del self._stack[-count:]
        return items

    def _since_mark(self) -> list[Kind]:
        items: list[Kind] = []
        while (kind := self._stack.pop()) != _MARK:
            items.append(kind)
        return items[::-1]
