"""`puna plan fit`: a scaling law from anyone's runs."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from puna.plan.fits import IsoflopFit, ParametricFit


class Method(StrEnum):
    """Ways to fit a law."""

    ISOFLOP = "isoflop"
    PARAMETRIC = "parametric"


class Objective(StrEnum):
    """What a parametric fit minimises."""

    HUBER = "huber"
    SQUARES = "squares"


def fit(
    points: Annotated[Path, typer.Argument(help="CSV of runs: a loss, and two of compute, params and tokens.", metavar="POINTS.csv")],
    *,
    method: Annotated[Method, typer.Option("--method", help="A parabola a budget and a line, or a surface of losses.")] = Method.ISOFLOP,
    columns: Annotated[
        str, typer.Option("--columns", help="Heads that are not found by themselves: compute=NAME,tokens=NAME,loss=NAME.")
    ] = "",
    bootstrap: Annotated[int, typer.Option("--bootstrap", min=0, max=100_000, help="Resamples for the intervals.")] = 200,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write the law here, for --law of the other commands.", metavar="LAW.json")
    ] = None,
    compute: Annotated[float | None, typer.Option("--compute", help="Carry the law on to so many FLOPs.")] = None,
    objective: Annotated[
        Objective, typer.Option("--objective", help="Parametric: Huber on log loss, or least squares on loss.")
    ] = Objective.HUBER,
    drop_highest: Annotated[int, typer.Option("--drop-highest", min=0, help="Parametric: leave out the N highest losses.")] = 0,
    drop_outliers: Annotated[
        float | None,
        typer.Option(
            "--drop-outliers",
            help="Parametric: leave out runs that miss by more than K robust standard deviations (usual: 3.5).",
            metavar="K",
        ),
    ] = None,
    counting: Annotated[
        str, typer.Option("--counting", help="Which parameters the points count; said by the law.")
    ] = "as the points count them",
    seed: Annotated[int, typer.Option("--seed", help="Seed of the resamples.")] = 0,
    html: Annotated[Path | None, typer.Option("--html", help="Write a page there too.", show_default=False)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Fit a scaling law to runs: which tokens and parameters are best for a budget, and how sure that is."""
    from puna import files
    from puna.commands.plan.showing import print_json, write_page
    from puna.errors import ConfigError
    from puna.plan.fits import fit_isoflop, fit_parametric
    from puna.plan.fits.page import page
    from puna.plan.laws import write_law
    from puna.plan.optimal import optimal
    from puna.plan.points import read_points

    parametric = method is Method.PARAMETRIC
    if not parametric and (drop_highest or drop_outliers is not None or objective is not Objective.HUBER):
        raise ConfigError("--objective, --drop-highest and --drop-outliers are for --method parametric; an isoflop fit has no use for them")
    if out is not None:
        files.check_absent(out)
    runs, name = read_points(points, columns=columns), out.stem if out else points.stem
    found: IsoflopFit | ParametricFit
    if parametric:
        found = fit_parametric(runs, objective=objective.value, bootstrap=bootstrap, drop_highest=drop_highest, drop_outliers=drop_outliers,
                               seed=seed, name=name, counting=counting)  # fmt: skip
    else:
        found = fit_isoflop(runs, bootstrap=bootstrap, seed=seed, name=name, counting=counting)
    if out is not None:
        write_law(out, found.law)
    figures, split = found.figures(), None
    if compute is not None:
        split = optimal(found.law, compute)
        carried = split.figures()
        figures["at"] = {key: carried[key] for key in ("compute", "params", "tokens", "loss")}
        figures["warnings"] += carried["warnings"]
    write_page(html, lambda: page(found, carried=split))
    if as_json:
        print_json(figures)
    else:
        _show(figures, out)


def _show(figures: dict[str, Any], out: Path | None) -> None:
    from puna.commands.plan.figures import count, figure, point, power, print_facts, print_notes, with_interval
    from puna.commands.plan.showing import print_table

    facts = {"method": figures["method"], "points used": str(figures["points_used"])}
    for key in ("alpha", "A") if figures["method"] == "isoflop" else ("E", "A", "B", "alpha", "beta"):
        facts[key] = with_interval(figures[key], lambda value: f"{value:.5g}")
    if figures["method"] == "isoflop":
        facts["law"] = f"tokens = {figure(point(figures['A']))} C^{point(figures['alpha']):.4g}, params = C / 6 tokens"
        facts["loss surface"] = ", ".join(f"{key} {figure(point(value))}" for key, value in figures["loss_surface"].items()) or "–"
    else:
        facts["law"] = "loss = E + A / params^alpha + B / tokens^beta"
        facts["objective"], facts["rmse"] = f"{figures['objective']:.7g}", figure(figures["rmse"])
    facts["counting"], facts["intervals"] = figures["counting"], figures["interval_means"]
    if "at" in figures:
        at = figures["at"]
        facts[f"at {power(at['compute'])} FLOPs"] = (
            f"{with_interval(at['params'], count)} params on {with_interval(at['tokens'], count)} tokens"
        )
    print_facts(facts)
    if "budgets" in figures:
        print()
        rows = [
            [
                power(one["compute"]),
                str(one["points"]),
                with_interval(one["tokens"], count),
                count(point(one["params"])),
                f"{one['loss']:.5f}",
                f"{one['curvature']:.4f}",
            ]
            for one in figures["budgets"]
        ]
        print_table(["budget", "points", "best tokens", "params", "loss", "curvature"], rows)
    if figures.get("without") and "at" in figures:
        print()
        at = figures["at"]["compute"]
        tokens = [(one["compute"], one["A"] * at ** one["alpha"]) for one in figures["without"]]
        rows = [[power(budget), count(at / 6 / value), count(value)] for budget, value in tokens]
        print_table(["without budget", f"params at {power(at)}", "tokens"], rows)
    for one in figures["dropped"]:
        print(f"dropped {one['points']} at {one['where']}: {one['reason']}")
    print_notes(figures["warnings"], figures["sources"])
    if out is not None:
        print(f"{out}: written; use it with --law {out}")
