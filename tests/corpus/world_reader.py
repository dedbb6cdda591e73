"""A reader of the world's texts with eyes of its own: it turns every production that states a fact into a pattern, and reads texts with it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from puna.corpus.world.concepts import SCHEMA
from puna.corpus.world.facts import Fact
from puna.corpus.world.languages import Voice

HOLE = re.compile(r"\{([^}]*)\}")
STATING = tuple(f"{form}.{attribute}" for form in ("vp", "s") for attributes in SCHEMA.values() for attribute in attributes)


class Reader:
    """Finds the statements of a text, whatever text it is; `voice` says how values look."""

    def __init__(self, voice: Voice) -> None:
        self.voice = voice
        self.patterns = [pattern for symbol in STATING for pattern in self._patterns(symbol)]

    def read(self, text: str) -> Iterator[tuple[str, Fact]]:
        """Yield (symbol, fact) for each statement found, the subject by its name in the table."""
        for symbol, groups, compiled, names, values in self.patterns:
            for match in compiled.finditer(text):
                subject = names[match["name"].casefold()]
                for group, attribute in groups:
                    yield symbol, Fact(subject, attribute, values[group][match[group].casefold()])

    def _patterns(self, symbol: str):
        kind = next(kind for kind, attributes in SCHEMA.items() if symbol.partition(".")[2] in attributes)
        tables = self.voice.language.grammar.tables
        found = next((table[symbol] for table in tables if symbol in table), ())
        subject = "{x.name} " if symbol.startswith("vp.") else ""
        for production in found:
            if compiled := self._compile(subject + production, kind):
                yield symbol, *compiled

    def _compile(self, production: str, kind: str):
        groups, values, named, parts, names = [], {}, False, [], {}
        for i, piece in enumerate(HOLE.split(production)):
            if i % 2 == 0:
                parts.append(re.escape(piece))
            elif "|" in piece:
                parts.append(f"(?:{'|'.join(map(re.escape, piece.split('|')))})")
            elif ":" in piece:
                parts.append(f"(?:{'|'.join(map(re.escape, piece.partition(':')[2].split('/')))})")
            elif (key := piece.partition(".")[2]).partition(".")[0] in SCHEMA[kind]:
                group = f"v{len(groups)}"
                forms = self._forms(kind, key, values_of=key.partition(".")[0])
                groups.append((group, key.partition(".")[0]))
                values[group] = forms
                parts.append(_one_of(forms, group))
            elif (kind == "person" and key in ("name", "dat", "acc", "de")) or (
                kind != "person" and key in ("name", "a", "the", "a_acc", "a_dat", "the_acc", "de")
            ):
                if named:
                    return None
                names, named = self._forms(kind, key, values_of=None), True
                parts.append(_one_of(names, "name"))
            else:
                parts.append(r"\w+")
        # Attributes that a production leaves without a group (the value is in a form that many share) tell nothing.
        pattern = r"(?<![\w-])" + "".join(parts) + r"(?![\w-])"
        return (groups, re.compile(pattern, re.IGNORECASE), names, values) if named else None

    def _forms(self, kind: str, key: str, *, values_of: str | None) -> dict[str, str]:
        """Return how each value of an attribute, or each name, is written under `key`, with what it means."""
        forms = {}
        for entity in self.voice.world.kinds[kind]:
            written = self.voice.words(entity).forms[key].casefold()
            forms[written] = entity.values[values_of] if values_of else entity.name
        return forms


def _one_of(forms: dict[str, str], group: str) -> str:
    return f"(?P<{group}>{'|'.join(map(re.escape, sorted(forms, key=len, reverse=True)))})"
