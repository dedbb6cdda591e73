"""Proofs: every figure of the literature that the planner is built on, numbered, and either given by the planner now or listed with the reason why not.

Sections follow the planner's themes: 0 the strongest proofs; 1 Llama 3 (architecture, scaling law, identities, infrastructure, reliability); 2 published laws; 3 over-training;
4 quantization and what fits; 6 FLOPs, utilisation, memory, decoding, torchtitan, hardware. `table` says what an oracle is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from puna.errors import ConfigError
from puna.plan.oracles import (
    architecture,
    best,
    capacity,
    compute,
    decoding,
    hardware,
    infrastructure,
    longer,
    memory,
    published,
    quantized,
    reliability,
    scaling,
)  # fmt: skip
from puna.plan.oracles.digitised import Digitised
from puna.plan.oracles.table import Missing, Oracle, Result, Section
from puna.settings import nearest

_SECTIONS = (
    best.section, architecture.section, scaling.section, scaling.identities, infrastructure.section, reliability.section, published.section, longer.section,
    quantized.costs, quantized.bits, capacity.section, compute.flops, compute.utilisation, memory.section, decoding.decode, decoding.trained, hardware.section,
)  # fmt: skip


def sections(points: Path | None = None, *, only: str | None = None) -> list[Section]:
    """Return every section's figures; `points` is a folder of digitised points. `only` picks a section and those within it: "6" takes 6.1 to 6.6.

    Raises `ConfigError` for an unknown section, and for a folder without points.
    """
    digitised = Digitised(points)
    found = [build(digitised) for build in _SECTIONS]
    if only is None:
        return found
    picked = [one for one in found if one.number == only or one.number.startswith(f"{only}.")]
    if not picked:
        raise ConfigError(f"no section is numbered '{only}'{nearest(only, [one.number for one in found])}")
    return picked


def oracles(points: Path | None = None, *, only: str | None = None) -> list[Oracle]:
    """Return every oracle, in the order of its number."""
    return [oracle for section in sections(points, only=only) for oracle in section.oracles]


def missing(*, only: str | None = None) -> list[Missing]:
    """Return every figure that is not produced."""
    return [figure for section in sections(only=only) for figure in section.missing]


def run(asked: Iterable[Oracle]) -> list[Result]:
    """Return what each oracle gives; those whose points are absent are not run."""
    return [one.run() for one in asked]


def summary(results: Sequence[Result], *, not_produced: int) -> dict[str, int]:
    """Return the counts: computed, arithmetic and data apart, and whatever did not pass by itself."""
    passed = [result.oracle.kind for result in results if result.passed]
    return {
        "computed_pass": passed.count("computed"), "arithmetic_pass": passed.count("arithmetic"), "data_agree": passed.count("data"), "failed": sum(result.status == "failed" for result in results),
        "not_run": sum(result.status == "not run" for result in results), "not_produced": not_produced,
    }  # fmt: skip


__all__ = ["Missing", "Oracle", "Result", "Section", "missing", "oracles", "run", "sections", "summary"]
