"""A file of dialogs, streamed through every check.

Nothing is held but hashes, two lengths for each dialog, and the findings that will be shown. The chat template is compared for the first
`TEMPLATE_DIALOGS` dialogs only, and for `TEMPLATE_SECONDS`: what a template does differently it does to every dialog of a kind, rendering
is the slowest check by far, and what the data contribute (white space at the ends of contents) has a rule that looks at every line.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from puna.align.lint import rules
from puna.align.lint.calls import check_calls
from puna.align.lint.endings import check_endings
from puna.align.lint.findings import Finding, Findings, Report
from puna.align.lint.lengths import Lengths
from puna.align.lint.model import LintModel, check_model
from puna.align.lint.repeats import Repeats
from puna.align.lint.template import Difference, compare
from puna.align.lint.text import half_characters
from puna.align.lint.turns import check_turns
from puna.errors import DataError, FormatError
from puna.formats.dialogs import Meter, parse_dialog, read_records
from puna.progress import Progress, Silent
from puna.records import Dialog
from puna.tokens.chat import COUNTED, Codec, EncodedDialog

TEMPLATE_DIALOGS, TEMPLATE_SECONDS = 2_000, 20.0
_STEP = 64  # dialogs between two movements of the bar


def lint(path: Path, model: LintModel, *, max_findings: int = 50, progress: Progress | None = None) -> Report:
    """Check every dialog of a file against each other and against `model`. Raises `FormatError` where nothing can be read, `DataError` where there is no dialog."""
    started = time.monotonic()
    run, behind = _Run(path, model, keep=max_findings), 0
    # Nobody knows how much a pipe still holds, and it can be read but once.
    num_bytes = path.stat().st_size if path.is_file() else 0
    shown = progress if progress and num_bytes else Silent()
    with shown.bar("lint", num_bytes / 1e6, "MB") as bar:
        for number in run.records():
            if number % _STEP == 0:
                bar.advance((run.meter.num_bytes - behind) / 1e6, f"{run.num_findings} findings")
                behind = run.meter.num_bytes
        bar.advance((num_bytes - behind) / 1e6, f"{run.num_findings} findings")
    return run.report(seconds=time.monotonic() - started, max_findings=max_findings)


def check_dialog(
    dialog: Dialog, encoded: EncodedDialog | None, *, model: LintModel, record: Mapping[str, Any] | None = None
) -> list[Finding]:
    """Return what is wrong with one dialog by itself. `encoded` is the codec's, None where it refused; `record` is what the dialog was read from."""
    found = [*check_turns(dialog), *check_endings(dialog, record or {}), *model.check_text(dialog), *check_calls(dialog)]
    return found if encoded is None else [*found, *_check_encoded(dialog, encoded, model)]


@dataclass(slots=True)
class _Seen:
    """A difference of the template that is the same for many dialogs: the first of them, and how many."""

    number: int
    where: str
    first: Difference
    count: int = 0


class _Run:
    """One pass over a file."""

    def __init__(self, path: Path, model: LintModel, *, keep: int) -> None:
        self._path, self._model, self.meter = path, model, Meter()
        self._findings, self._lengths, self._repeats = Findings(keep), Lengths(model.context), Repeats()
        self._special_ids, self._used = frozenset(model.tokenizer.special_ids), set[int]()
        self._templates: dict[str, _Seen] = {}
        self._seconds_comparing = 0.0
        self._refusal: DataError | None = None
        self.num_records = self.num_dialogs = self.num_compared = self.num_findings = 0

    def records(self) -> Iterator[int]:
        """Check each record, yielding its number. A file that becomes unreadable in the middle ends with a finding; one that begins so raises."""
        records = read_records(self._path, meter=self.meter)
        while True:
            try:
                where, value = next(records)
            except StopIteration:
                return
            except FormatError as error:
                if not self.num_dialogs:
                    raise
                place, _, why = str(error).removeprefix(str(self._path)).partition(": ")
                self._add(f"{self._path}{place}", [Finding(rules.UNREADABLE, why)])
                return
            self.num_records += 1
            self._check(where, value)
            yield self.num_records

    def report(self, *, seconds: float, max_findings: int) -> Report:
        """Check the model's files against what the data use, and sum up."""
        if not self.num_dialogs:
            raise self._refusal or DataError(f"{self._path}: holds no dialog")
        for seen in self._templates.values():
            told = f"{seen.first}, in {seen.count:,} of {self.num_compared:,} dialogs compared; {seen.first.shows}"
            self._findings.add(seen.number, seen.where, [Finding(rules.TEMPLATE, told)])
        found, unchecked = check_model(self._model, self._used)
        for where, finding in found:
            self._findings.add(0, where, [finding])
        left_out = [*self._model.left_out, *unchecked]
        if self.num_compared < self.num_dialogs and not self._model.is_plain:
            left_out.append(f"the chat template, beyond the first {self.num_compared:,} dialogs")
        return Report(
            path=str(self._path), model=str(self._model.path), num_records=self.num_records, num_dialogs=self.num_dialogs,
            tallies=self._findings.tallies(), listed=self._findings.listed(max_findings), lengths=self._lengths.table(),
            left_out=left_out, seconds=seconds,
        )  # fmt: skip

    def _check(self, where: str, value: Any) -> None:
        try:
            dialog = parse_dialog(value, where=where)
        except DataError as error:
            self._refusal = self._refusal or error
            self._add(where, [Finding(rules.NOT_A_DIALOG, _without(where, str(error)))])
            return
        self.num_dialogs += 1
        encoded, refused = _encoded(dialog, self._model.codec)
        found = check_dialog(dialog, encoded, model=self._model, record=value)
        self._add(where, [*refused, *found, *self._repeats(dialog, _line(where))])
        if encoded is not None:
            self._measure(encoded)
            self._compare(dialog, encoded, where)

    def _measure(self, encoded: EncodedDialog) -> None:
        self._used.update(self._special_ids.intersection(encoded.token_ids))
        context = self._model.context
        beyond = _num_trained(encoded, after=context) if context else 0
        self._lengths.add(len(encoded.token_ids), _num_trained(encoded), beyond=beyond)

    def _compare(self, dialog: Dialog, encoded: EncodedDialog, where: str) -> None:
        """Compare with the template: what the data could avoid is a finding of this dialog, what the template does anyway one of the file."""
        template = self._model.template
        if template is None or self._model.is_plain or self.num_compared >= TEMPLATE_DIALOGS or self._seconds_comparing > TEMPLATE_SECONDS:
            return
        self.num_compared += 1
        began = time.monotonic()
        difference = compare(dialog, encoded, codec=self._model.codec, template=template, specials=self._model.specials)
        self._seconds_comparing += time.monotonic() - began
        if difference and difference.in_data:
            self._add(where, [Finding(rules.TEMPLATE, f"{difference}; {difference.shows}")])
        elif difference:
            self._templates.setdefault(difference.kind, _Seen(self.num_records, where, difference)).count += 1

    def _add(self, where: str, found: list[Finding]) -> None:
        self.num_findings += len(found)
        self._findings.add(self.num_records, where, found)


def _encoded(dialog: Dialog, codec: Codec) -> tuple[EncodedDialog | None, list[Finding]]:
    """Return the codec's encoding, or None and why there is none."""
    if half := half_characters(dialog):
        return None, half
    try:
        return codec.encode(dialog), []
    except DataError as error:
        return None, [Finding(rules.INEXPRESSIBLE, str(error))]


def _check_encoded(dialog: Dialog, encoded: EncodedDialog, model: LintModel) -> list[Finding]:
    found = list(_wrong_ends(dialog, encoded, model.codec))
    trained, length, context = _num_trained(encoded), len(encoded.token_ids), model.context
    if not trained:
        found.append(Finding(rules.NOTHING_TRAINED, "no message of the assistant is there to be learnt"))
    if context and length > context:
        lost = _num_trained(encoded, after=context)
        told = f"{lost:,} of its {trained:,} learnt tokens are" if trained else "nothing learnt is"
        found.append(Finding(rules.TOO_LONG, f"{length:,} tokens, and the model has {context:,} positions; {told} cut off"))
    return found


def _wrong_ends(dialog: Dialog, encoded: EncodedDialog, codec: Codec) -> Iterator[Finding]:
    """Yield the messages that say themselves how they end, where the codec, left alone, would end them otherwise."""
    if not any(message.end in ("eot", "eom") for message in dialog.messages):
        return
    left = tuple(replace(message, end=None) if message.end != "cut" else message for message in dialog.messages)
    chat, plain = codec.tokenizer.chat_ids, codec.encode(replace(dialog, messages=left)).token_ids
    if chat is None or plain == encoded.token_ids:
        return
    # Nothing but end tokens differs. Messages that tell of tools stand before the first answer, and are counted off.
    number = len(dialog.messages) - plain.count(chat.start_header)
    for ours, theirs in zip(encoded.token_ids, plain, strict=True):
        number += ours == chat.start_header
        if ours != theirs:
            why = "its calls wait for their results" if theirs == chat.eom else "no call of it waits for a result"
            yield Finding(rules.WRONG_END, f"message {number} ends with {'eot' if theirs == chat.eom else 'eom'!r}, and {why}")


def _num_trained(encoded: EncodedDialog, *, after: int = 0) -> int:
    """Return how many tokens fine-tuning learns, of those after the first `after`."""
    classes = encoded.classes[after:] if after else encoded.classes
    return sum(map(classes.count, COUNTED["sft"]))


def _line(where: str) -> str:
    """Return the end of a record's place, which tells it from the others of its file: `line 12`, `row 12`."""
    last = where.rpartition(":")[2].strip()
    return f"line {last}" if last.isdigit() else last


def _without(where: str, text: str) -> str:
    """Return an error's text without the place, which stands before the finding already."""
    return text.removeprefix(where).lstrip(":, ")
