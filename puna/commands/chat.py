"""`puna chat`: talk with a model."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from puna.commands import sampling

if TYPE_CHECKING:
    from puna.engine import Engine, SamplingSettings
    from puna.records import Message

HELP = "/reset forgets the dialog, /system TEXT sets the instructions and begins anew, /exit (or Ctrl-D) ends, Ctrl-C stops an answer"


def chat(
    model: Annotated[Path, typer.Argument(help="The model directory, or hf://org/name.")],
    *,
    system: Annotated[str, typer.Option("--system", help="Instructions that stand before the dialog.")] = "",
    temperature: sampling.Temperature = None,
    top_p: sampling.TopP = None,
    top_k: sampling.TopK = None,
    min_p: sampling.MinP = None,
    repetition_penalty: sampling.RepetitionPenalty = None,
    max_tokens: sampling.MaxTokens = None,
    seed: sampling.Seed = None,
    stop: sampling.Stop = None,
    draft: sampling.Draft = None,
    guesses: sampling.Guesses = None,
) -> None:
    """Talk with a model; its answers are shown while they are written. Lines may also come from a pipe."""
    engine = sampling.load(model, draft=draft, guesses=guesses)
    settings = sampling.settings(
        engine, temperature=temperature, top_p=top_p, top_k=top_k, min_p=min_p, repetition_penalty=repetition_penalty, max_tokens=max_tokens,
        seed=seed, stop=stop,
    )  # fmt: skip
    interactive = sys.stdin.isatty()
    if interactive:
        _tell(HELP)
    _Dialog(engine, settings, system, interactive=interactive).run()


class _Dialog:
    """The loop: a line in, an answer out, until the lines end."""

    def __init__(self, engine: Engine, settings: SamplingSettings, system: str, *, interactive: bool) -> None:
        self._engine, self._settings, self._system, self._interactive = engine, settings, system, interactive
        self._turns = 0
        self._messages = self._beginning()

    def run(self) -> None:
        while (line := self._read()) is not None:
            if line.startswith("/"):
                if not self._command(line):
                    return
            elif line:
                self._answer(line)

    def _beginning(self) -> list[Message]:
        from puna.records import Message

        return [Message("system", self._system)] if self._system else []

    def _read(self) -> str | None:
        """Return the next line, stripped; None at the end. Ctrl-C clears the line that was begun."""
        if not self._interactive:
            line = sys.stdin.readline()
            return line.strip() if line else None
        with contextlib.suppress(ImportError):
            import readline  # noqa: F401 - gives input() line editing and history
        try:
            return input("> ").strip()
        except KeyboardInterrupt:
            print()
            return ""
        except EOFError:
            print()
            return None

    def _command(self, line: str) -> bool:
        """Do what a line with a slash says; return whether the dialog goes on."""
        verb, _, rest = line.partition(" ")
        if verb == "/exit":
            return False
        if verb == "/system":
            self._system = rest.strip()
        if verb in ("/system", "/reset"):
            self._messages = self._beginning()
            _tell("the dialog begins anew")
        else:
            _tell(HELP)
        return True

    def _answer(self, line: str) -> None:
        """Add the user's message and the answer; where the dialog has no room for them, it stays as it was."""
        from puna.errors import DataError
        from puna.records import Message
        from puna.seeds import seed_of

        asked = [*self._messages, Message("user", line)]
        # Every turn draws anew; the same seed still gives the same dialog.
        settings = self._settings.model_copy(update={"seed": seed_of(self._settings.seed, "turn", self._turns)})
        try:
            stream = self._engine.stream_chat(asked, settings)
        except DataError as error:
            if not self._interactive:
                raise
            _tell(f"{error} (/reset begins anew)")
            return
        self._turns += 1
        written = []
        try:
            for text in stream:
                print(text, end="", flush=True)
                written.append(text)
        except KeyboardInterrupt:
            if not self._interactive:
                raise
        print()
        if stream.sample is not None and stream.sample.stop_reason == "context_full":
            _tell("the context is full; /reset begins anew")
        ended = stream.sample is not None and stream.sample.stop_reason == "end_token"
        # What ended by itself is read, calls and all; what was stopped is closed as it stands.
        reply = self._engine.reply(stream.sample) if stream.sample and ended else Message("assistant", "".join(written))
        self._messages = [*asked, reply]


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
