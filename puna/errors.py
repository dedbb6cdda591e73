"""The errors a user can cause, each with the exit code it ends the command with.

A `PunaError` is somebody's mistake or a damaged file: one line that says what is wrong, where, and what to do. Our own invariants are `assert`s, so
a traceback always means a defect in Puna and never a bad input.
"""

from __future__ import annotations


class PunaError(Exception):
    """A mistake the user can mend. Its text is one line: what, where, what to do. Commands print it and exit with `exit_code`."""

    exit_code = 2


class ConfigError(PunaError):
    """A recipe, a setting or a model's configuration is not valid."""


class FormatError(PunaError):
    """A file is damaged, incomplete, of an unknown format, or contradicts another file."""


class TokenizerError(PunaError):
    """A tokenizer is unusable, or not the one that the tokens were made with."""


class DataError(PunaError):
    """Training or evaluation data is empty or malformed."""


class FitError(PunaError):
    """The work does not fit into this machine's memory or disk."""

    exit_code = 1


class WorkError(PunaError):
    """The input was fine and the work itself failed: a full disk, a loss that is not finite."""

    exit_code = 1
