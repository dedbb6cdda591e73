"""Findings, counted without end and kept only as far as they will be shown.

A file of a million dialogs may have a million findings of one rule and one of another. So each rule counts all of its own, keeps the first
few, and what is listed is drawn from the rules in turn: the one that is rare is never crowded out.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from puna.align.lint.lengths import LengthTable
from puna.align.lint.rules import RULES, Rule


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that was broken, and how: the message names message and place within the dialog or file."""

    rule: Rule
    message: str


@dataclass(frozen=True, slots=True)
class Located:
    """A finding and where it is: `"file:line"`, with the number of the record for sorting (0: the model's files)."""

    number: int
    where: str
    finding: Finding

    def __str__(self) -> str:
        return f"{self.where}: {self.finding.rule.name}: {self.finding.message}"


@dataclass(slots=True)
class Tally:
    """How often a rule was broken, where first, and the first findings."""

    count: int = 0
    kept: list[Located] = field(default_factory=list)


class Findings:
    """Collects findings; at most `keep` of each rule stay in memory."""

    def __init__(self, keep: int) -> None:
        self._keep = max(keep, 1)
        self._tallies: dict[str, Tally] = {}

    def add(self, number: int, where: str, found: list[Finding]) -> None:
        for finding in found:
            tally = self._tallies.setdefault(finding.rule.name, Tally())
            tally.count += 1
            if len(tally.kept) < self._keep:
                tally.kept.append(Located(number, where, finding))

    def tallies(self) -> list[tuple[Rule, Tally]]:
        """Return the rules that were broken, errors first, in the order of `RULES`."""
        broken = [(rule, self._tallies[rule.name]) for rule in RULES if rule.name in self._tallies]
        return sorted(broken, key=lambda item: item[0].severity != "error")

    def listed(self, most: int) -> list[Located]:
        """Return at most `most` findings, from the rules in turn, in the order of the file."""
        queues = [deque(tally.kept) for _, tally in self.tallies()]
        chosen: list[Located] = []
        while len(chosen) < most and any(queues):
            for queue in queues:
                if queue and len(chosen) < most:
                    chosen.append(queue.popleft())
        return sorted(chosen, key=lambda located: located.number)


@dataclass(frozen=True, slots=True)
class Report:
    """What was found in a file. `listed` is a part of the findings; `left_out` names checks that could not be made, and why."""

    path: str
    model: str
    num_records: int
    num_dialogs: int
    tallies: list[tuple[Rule, Tally]]
    listed: list[Located]
    lengths: LengthTable
    left_out: list[str]
    seconds: float

    @property
    def num_errors(self) -> int:
        return sum(tally.count for rule, tally in self.tallies if rule.severity == "error")

    @property
    def num_warnings(self) -> int:
        return sum(tally.count for rule, tally in self.tallies if rule.severity == "warning")

    def to_json(self) -> dict[str, Any]:
        rules = [
            {"rule": rule.name, "severity": rule.severity, "count": tally.count, "first": tally.kept[0].where, "effect": rule.effect}
            for rule, tally in self.tallies
        ]
        findings = [
            {"where": item.where, "rule": item.finding.rule.name, "severity": item.finding.rule.severity, "message": item.finding.message}
            for item in self.listed
        ]
        return {
            "file": self.path,
            "model": self.model,
            "num_records": self.num_records,
            "num_dialogs": self.num_dialogs,
            "num_errors": self.num_errors,
            "num_warnings": self.num_warnings,
            "rules": rules,
            "findings": findings,
            "num_findings_left_out": self.num_errors + self.num_warnings - len(self.listed),
            "lengths": self.lengths.to_json(),
            "checks_left_out": self.left_out,
            "seconds": round(self.seconds, 3),
        }
