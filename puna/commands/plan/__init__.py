"""`puna plan`: how large a model, how long, on what, and what it costs to serve. One file a question."""

from __future__ import annotations

import typer

from puna.commands.plan import fits, serve

app = typer.Typer(name="plan", help="Size a model: scaling laws, training time, memory, serving, faults, costs.", no_args_is_help=True)
app.command("serve")(serve.serve)
app.command("fits")(fits.fits)
