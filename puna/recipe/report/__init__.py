"""The report: one offline page for people, and the same content as JSON for programs.

The page has no script and no asset from outside; its pictures are SVG inside it. Whatever a model or a corpus wrote is escaped. It is a function of the run
directory alone, so it can be written again at any time: the machines and versions that it names are those that the stages were finished with.

`gathering` reads the run directory into report.json's content, `showing` makes of that content what the page's template lays out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from puna.files import write_json, write_text
from puna.recipe.graph import Graph
from puna.recipe.report.gathering import gather
from puna.recipe.report.showing import page
from puna.recipe.runner import Result

JSON, PAGE = "report.json", "report.html"

__all__ = ["JSON", "PAGE", "gather", "page", "write"]


def write(graph: Graph, results: Mapping[str, Result], directory: Path, lineage: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """Write report.json and report.html into the run directory and return the content of the first.

    `lineage` are the model's ancestors, oldest first: recipe, run directory, stage, parameters, tokens trained, vocabulary and bits per byte of each.
    """
    content = gather(graph, results, directory, lineage)
    write_json(directory / JSON, content)
    write_text(directory / PAGE, page(content))
    return content
