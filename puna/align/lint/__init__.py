"""What a file of dialogs would do to training, told before it is trained on.

Fine-tuning fails in silence. The loss of a run whose masks are empty, whose answers end in the wrong token, or whose model will be shown
another format than it learnt, looks like any other; what is wrong shows in the first conversation, days later. Nearly all of it can be read
off the data and the model's small files:

- each dialog by itself: its turns (`turns`), whether its answers are whole (`endings`), its text (`text`), its calls (`calls`), its ids (`encoding`);
- dialogs against each other (`repeats`) and against the model's context (`lengths`);
- the codec against the model's own chat template (`template`);
- the model's files (`model`): end tokens, padding, rows of the embedding that nothing ever trained.

Every rule says in one sentence what it does to training (`rules`). Checks are pure: a dialog in, findings out; `linter` streams a file
through them.
"""

from puna.align.lint.findings import Finding, Report
from puna.align.lint.linter import check_dialog, lint
from puna.align.lint.model import LintModel, check_model, open_model
from puna.align.lint.rules import RULES, Rule

__all__ = ["RULES", "Finding", "LintModel", "Report", "Rule", "check_dialog", "check_model", "lint", "open_model"]
