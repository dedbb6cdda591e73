"""The bad web: banners, menus, spam, machine logs, scrambled text, near copies, and good texts inside pages of HTML.

Pages of wrong facts are not here: they are written like any other, of a world in which something else is believed.
"""

from __future__ import annotations

import html

from puna.corpus.world.writer import Writer

SORTS = ("junk.banner", "junk.menu", "junk.spam", "junk.log")
CLASSES = ("main", "post", "wrap", "content", "col", "box", "entry", "article")
INK = "abcdefghijklmnopqrstuvwxyz0123456789"


def junk(writer: Writer, sort: str) -> str:
    """Return a page of nothing: lines of one sort, or of two."""
    sorts = [f"junk.{sort}", *([writer.pick(SORTS)] if writer.chance(0.3) else [])]
    return "\n".join(writer.sentence(writer.write(writer.pick(sorts))) for _ in range(3 + writer.below(8)))


def scrambled(writer: Writer, text: str) -> str:
    """Return the words of `text` in no order."""
    words = text.split()
    writer.rng.shuffle(words)
    return " ".join(words)


def near_copy(writer: Writer, text: str) -> str:
    """Return `text` as another site would have copied it: a sentence less, and a line of its own before or after it."""
    sentences = text.split(". ")
    if len(sentences) > 2:
        del sentences[writer.below(len(sentences) - 1)]
    line = writer.write(writer.pick(("junk.banner", "junk.menu")))
    parts = [". ".join(sentences), line]
    return "\n".join(parts if writer.chance(0.7) else parts[::-1])


def page(writer: Writer, text: str) -> str:
    """Return a page of HTML around `text`: its paragraphs in order, every line of them whole, and boilerplate before, between and after."""
    name = f"{writer.pick(CLASSES)}-{_ink(writer, 4)}"
    title = html.escape(text.split("\n", 1)[0][:40])
    blocks = [block for part in text.split("\n\n") for block in _paragraph(writer, part)]
    head = f'<!DOCTYPE html>\n<html lang="{writer.voice.language.code}">\n<head><meta charset="utf-8"><title>{title}</title>'
    style = f'<link rel="stylesheet" href="/{_ink(writer, 8)}.css"></head>\n<body>' if writer.chance(0.7) else "</head>\n<body>"
    before = [f'<nav class="{_ink(writer, 6)}">{_boiler(writer, "junk.menu")}</nav>', *_maybe(writer, "cookie", "junk.banner")]
    after = [*_maybe(writer, "ad", "junk.spam"), f"<footer>{_boiler(writer, 'junk.menu')}</footer>"]
    if writer.chance(0.5):
        after.append(f'<script>var id="{_ink(writer, 10)}";load(id,{writer.below(1000)});</script>')
    body = [f'<div class="{name}">', *blocks, "</div>"]
    return "\n".join([head + style, *before, *body, *after, "</body>\n</html>"])


def _paragraph(writer: Writer, part: str) -> list[str]:
    lines = [html.escape(line, quote=False) for line in part.split("\n")]
    blocks = [f"<p>{'<br>'.join(lines)}</p>"] if len(lines) < 3 else [f"<pre>{chr(10).join(lines)}</pre>"]
    return [*blocks, *_maybe(writer, "share", "junk.menu")] if writer.chance(0.2) else blocks


def _maybe(writer: Writer, name: str, symbol: str) -> list[str]:
    return [f'<div class="{name}" id="{_ink(writer, 5)}">{_boiler(writer, symbol)}</div>'] if writer.chance(0.6) else []


def _boiler(writer: Writer, symbol: str) -> str:
    return html.escape(writer.write(symbol), quote=False)


def _ink(writer: Writer, length: int) -> str:
    return "".join([writer.pick(INK) for _ in range(length)])
