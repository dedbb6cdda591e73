"""The functions that docs/plan.md shows answer what is pasted below them, and the ladder takes as long everywhere as it is said to."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from puna.commands.plan import ladder as command
from puna.recipe import ladder

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "plan.md").read_text(encoding="utf-8")


def test_the_functions_of_the_page_answer_as_pasted(capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    found = re.search(r"```python\n(.*?)```\n\n((?:    [^\n]*\n)+)", PAGE, re.DOTALL)
    assert found
    exec(compile(found[1], "docs/plan.md", "exec"), {"__name__": "page"})
    assert capsys.readouterr().out == re.sub("(?m)^    ", "", found[2])


@pytest.mark.parametrize(
    "said", [PAGE, inspect.getdoc(ladder), inspect.getdoc(command), inspect.getdoc(command.ladder)], ids=["page", "room", "command", "help"]
)
def test_the_ladder_takes_as_long_everywhere(said):
    assert "about eleven minutes" in said.replace("\n", " ")
    assert "few minutes" not in said


def test_the_ladder_is_shown_as_a_function():
    assert set(re.findall(r"climbed\.(\w+)", PAGE)) <= {"foretold", "measured", "error"}
    assert all(hasattr(ladder.Climbed, name) or name in ladder.Climbed.__dataclass_fields__ for name in re.findall(r"climbed\.(\w+)", PAGE))
    assert list(inspect.signature(ladder.climb).parameters)[:2] == ["out", "seed"]
    assert "from puna.recipe.ladder import climb\n" in PAGE
