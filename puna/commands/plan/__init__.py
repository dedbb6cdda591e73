"""`puna plan`: how large a model, how long, on what, and what it costs to serve. One file a question."""

from __future__ import annotations

import typer

from puna.commands.plan import faults, fit, fits, ladder, optimal, oracles, overtrain, predict, recipe, serve, size, train

app = typer.Typer(name="plan", help="Size a model: scaling laws, training time, memory, serving, faults, costs.", no_args_is_help=True)
app.command("size")(size.size)
app.command("fit")(fit.fit)
app.command("optimal")(optimal.optimal)
app.command("overtrain")(overtrain.overtrain)
app.command("predict")(predict.predict)
app.command("train")(train.train)
app.command("serve")(serve.serve)
app.command("fits")(fits.fits)
app.command("faults")(faults.faults)
app.command("recipe")(recipe.recipe)
app.command("ladder")(ladder.ladder)
app.command("oracles")(oracles.oracles)
