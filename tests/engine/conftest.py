"""Every test of the engine ends with a look at the caches that it used."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from puna.engine import Engine


@pytest.fixture(autouse=True)
def _caches_are_whole(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Assert, of every engine that a test made, that exactly its running sequences hold blocks."""
    made: list[Engine] = []
    init = Engine.__init__

    def remembered(engine: Engine, *given: Any, **options: Any) -> None:
        init(engine, *given, **options)
        made.append(engine)

    monkeypatch.setattr(Engine, "__init__", remembered)
    yield
    for engine in made:
        if "_blocks" in vars(engine):  # it served somebody
            Engine.check(engine)
