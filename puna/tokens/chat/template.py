"""Chat templates: the one that Puna writes into `tokenizer_config.json`, and those of others, which run in jinja2's sandbox.

A chat template is a program that came with a model. The sandbox keeps it from reaching Python's inside; limits of our own keep it from never ending: seconds, memory, and the
length of what it writes. A template yields one string in which special tokens are spelled by name, so whoever encodes it makes specials of names that a
user typed as well: that is how Hugging Face's tokenizers work, and why Puna itself encodes dialogs with its codec, and uses templates to compare.
"""

from __future__ import annotations

import json
import re
import resource
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache, lru_cache
from importlib import resources
from types import FrameType
from typing import Any

from puna.errors import DataError
from puna.records import Dialog
from puna.tokens.chat import instructions
from puna.tokens.tokenizer import Tokenizer

MAX_SECONDS, MAX_CHARACTERS, MAX_BYTES, MAX_POWER = 5.0, 50_000_000, 1 << 29, 64


@cache
def written(family: str, **values: str) -> str:
    """Return Puna's template of `family` (`"llama3"`, `"llama2"`), with `values` (the form of calls, names of special tokens) set at its beginning."""
    body = resources.files(__package__).joinpath(f"{family}.jinja").read_text(encoding="utf-8")
    words = {
        name.lower(): text
        for name, text in vars(instructions).items()
        if name in ("JSON_BEFORE", "JSON_AFTER", "TAG_BEFORE", "TAG_AFTER", "PYTHONIC_BEFORE")
    }
    used = {name: text for name, text in (values | words).items() if re.search(rf"\b{name}\b", body)}
    return "".join(f"{{%- set {name} = {json.dumps(text, ensure_ascii=False)} -%}}\n" for name, text in used.items()) + body


def render_template(template: str, dialog: Dialog, *, specials: Mapping[str, str], add_generation_prompt: bool = False) -> str:
    """Return `dialog` as the `chat_template` of some model writes it; `specials` are its variables, such as `bos_token`.

    The same variables and filters as in transformers are there. Raises `DataError` where the template is none, refuses the dialog, reaches out of its sandbox,
    or does not come to an end.
    """
    import jinja2

    record = dialog.to_json()
    messages = [{**message, "role": "tool" if message["role"] == "ipython" else message["role"]} for message in record["messages"]]
    given = {"messages": messages, "tools": record.get("tools"), "documents": None}
    builtin = {"builtin_tools": record["builtin_tools"]} if dialog.builtin_tools else {}
    try:
        # Compiling computes constants, so it has to keep the limits too.
        with _deadline(), _memory():
            pieces = _compiled(template).generate(**given, **builtin, **specials, add_generation_prompt=add_generation_prompt)
            return _joined(pieces)
    except (
        jinja2.TemplateError,
        ArithmeticError,
        LookupError,
        TypeError,
        ValueError,
        AttributeError,
        RecursionError,
        MemoryError,
    ) as error:
        raise DataError(f"the chat template cannot write this dialog ({' '.join(str(error).split())[:200]})") from None


def encode_rendered(tokenizer: Tokenizer, text: str) -> list[int]:
    """Return the ids of a rendered dialog: names of special tokens become those tokens, whoever wrote them, and the rest is text."""
    names = {tokenizer.name(token_id): token_id for token_id in tokenizer.special_ids}
    pattern = re.compile("|".join(re.escape(name) for name in sorted(names, key=len, reverse=True)))
    ids: list[int] = []
    at = 0
    for special in pattern.finditer(text):
        ids += [*tokenizer.encode(text[at : special.start()]), names[special.group()]]
        at = special.end()
    return ids + tokenizer.encode(text[at:])


@lru_cache(maxsize=8)
def _compiled(template: str) -> Any:
    """Compile once: it takes two hundred times as long as writing one dialog."""
    return _environment().from_string(template)


def _joined(pieces: Iterator[str]) -> str:
    written: list[str] = []
    size = 0
    for piece in pieces:
        written.append(piece)
        size += len(piece)
        if size > MAX_CHARACTERS:
            raise ValueError(f"it writes more than {MAX_CHARACTERS:,} characters")
    return "".join(written)


@contextmanager
def _deadline() -> Iterator[None]:
    """Stop Python code that runs for longer than `MAX_SECONDS`: a template can nest loops that would outlast anyone, and no limit of jinja2's counts them."""
    stop = time.monotonic() + MAX_SECONDS

    def watch(_frame: FrameType, _event: str, _argument: Any) -> Any:
        if time.monotonic() > stop:
            raise ValueError(f"it ran for {MAX_SECONDS:g} seconds and did not end")
        return watch

    before = sys.gettrace()
    sys.settrace(watch)
    try:
        yield
    finally:
        sys.settrace(before)


@contextmanager
def _memory() -> Iterator[None]:
    """Let the process have at most `MAX_BYTES` more: one step of a template can ask for any number of gigabytes, and gets a `MemoryError` instead."""
    import psutil

    before = resource.getrlimit(resource.RLIMIT_AS)
    most = psutil.Process().memory_info().vms + MAX_BYTES
    # Where the system does not keep this limit, as on macOS, the others remain.
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (most if before[1] == resource.RLIM_INFINITY else min(most, before[1]), before[1]))
    try:
        yield
    finally:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_AS, before)


@cache
def _environment() -> Any:
    from jinja2.exceptions import SecurityError, TemplateError
    from jinja2.ext import Extension
    from jinja2.nodes import Node
    from jinja2.parser import Parser
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Generation(Extension):
        """`{% generation %}` marks in transformers what is trained on; the codec knows that better, so here its body is all that counts."""

        tags = {"generation"}  # noqa: RUF012 (jinja2 declares it so)

        def parse(self, parser: Parser) -> list[Node]:
            next(parser.stream)
            return parser.parse_statements(("name:endgeneration",), drop_needle=True)

    class Environment(ImmutableSandboxedEnvironment):
        """Powers are looked at first: `10 ** (10 ** 10)` is one step that no limit of time or memory ends soon."""

        intercepted_binops = frozenset({"**"})

        def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
            if not isinstance(right, int) or abs(right) > MAX_POWER:
                raise SecurityError(f"a power beyond {MAX_POWER} is not for templates")
            return super().call_binop(context, operator, left, right)

    def tojson(
        value: Any, *, ensure_ascii: bool = False, indent: int | None = None, separators: Any = None, sort_keys: bool = False
    ) -> str:
        if indent is not None and not 0 <= indent <= 16:
            raise ValueError("an indent is 0 to 16")
        return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

    def raise_exception(message: Any) -> None:
        raise TemplateError(str(message))

    environment = Environment(trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols", Generation])
    environment.filters["tojson"] = tojson
    environment.globals["raise_exception"] = raise_exception
    # The day is no part of a dialog: a template that asks for it gets one that every run agrees on.
    environment.globals["strftime_now"] = lambda form: time.strftime(form, (2024, 7, 26, 0, 0, 0, 4, 208, 0))
    return environment
