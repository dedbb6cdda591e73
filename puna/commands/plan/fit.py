"""`puna plan fit`: a scaling law from anyone's runs."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from puna.plan.fits import IsoflopFit, ParametricFit
    from puna.plan.optimal import Recommendation


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
    from puna.errors import ConfigError
    from puna.plan.fits import fit_isoflop, fit_parametric
    from puna.plan.points import read_points

    if method is Method.ISOFLOP and (drop_highest or drop_outliers is not None or objective is not Objective.HUBER):
        raise ConfigError("--objective, --drop-highest and --drop-outliers are for --method parametric; an isoflop fit has no use for them")
    if out is not None:
        files.check_absent(out)
    runs, name = read_points(points, columns=columns), out.stem if out else points.stem
    found: IsoflopFit | ParametricFit
    if method is Method.ISOFLOP:
        found = fit_isoflop(runs, bootstrap=bootstrap, seed=seed, name=name, counting=counting)
    else:
        found = fit_parametric(
            runs,
            objective=objective.value,
            bootstrap=bootstrap,
            drop_highest=drop_highest,
            drop_outliers=drop_outliers,
            seed=seed,
            name=name,
            counting=counting,
        )
    _tell(found, compute=compute, out=out, html=html, as_json=as_json)


def _tell(found: IsoflopFit | ParametricFit, *, compute: float | None, out: Path | None, html: Path | None, as_json: bool) -> None:
    """Write the law and the page where they are asked for, and print the fit."""
    from puna.commands.plan.showing import print_json, write_page
    from puna.plan.fits.page import page
    from puna.plan.laws import write_law
    from puna.plan.optimal import optimal

    if out is not None:
        write_law(out, found.law)
    split = None if compute is None else optimal(found.law, compute)
    write_page(html, lambda: page(found, carried=split))
    if as_json:
        print_json(_figures(found, split))
    else:
        _show(_figures(found, split), out)


def _figures(found: IsoflopFit | ParametricFit, split: Recommendation | None) -> dict[str, Any]:
    """Return the fit's figures, and under `at` what it says of the asked compute."""
    figures = found.figures()
    if split is not None:
        carried = split.figures()
        figures["at"] = {key: carried[key] for key in ("compute", "params", "tokens", "loss")}
        figures["warnings"] += carried["warnings"]
    return figures


def _show(figures: dict[str, Any], out: Path | None) -> None:
    from puna.commands.plan.figures import count, power, print_facts, print_notes, with_interval

    facts = {"method": figures["method"], "points used": str(figures["points_used"])}
    facts |= _isoflop(figures) if figures["method"] == "isoflop" else _parametric(figures)
    facts |= {"counting": figures["counting"], "intervals": figures["interval_means"]}
    at = figures.get("at")
    if at:
        told = f"{with_interval(at['params'], count)} params on {with_interval(at['tokens'], count)} tokens"
        facts[f"at {power(at['compute'])} FLOPs"] = told + ("" if at["loss"] is None else f", loss {with_interval(at['loss'])}")
    print_facts(facts)
    if "budgets" in figures:
        _show_budgets(figures["budgets"])
    if figures.get("without") and at:
        _show_without(figures["without"], at["compute"])
    for one in figures["dropped"]:
        print(f"dropped {one['points']} at {one['where']}: {one['reason']}")
    print_notes(figures["warnings"], figures["sources"])
    if out is not None:
        print(f"{out}: written; use it with --law {out}")


def _isoflop(figures: dict[str, Any]) -> dict[str, str]:
    from puna.commands.plan.figures import figure, point, with_interval

    surface = ", ".join(f"{key} {with_interval(value)}" for key, value in figures["loss_surface"].items())
    return {
        **{key: with_interval(figures[key], _digits) for key in ("alpha", "A")},
        "law": f"tokens = {figure(point(figures['A']))} C^{point(figures['alpha']):.4g}, params = C / 6 tokens", "loss surface": surface or "–",
    }  # fmt: skip


def _parametric(figures: dict[str, Any]) -> dict[str, str]:
    from puna.commands.plan.figures import figure, with_interval

    return {
        **{key: with_interval(figures[key], _digits) for key in ("E", "A", "B", "alpha", "beta")},
        "law": "loss = E + A / params^alpha + B / tokens^beta", "objective": f"{figures['objective']:.7g}", "rmse": figure(figures["rmse"]),
    }  # fmt: skip


def _show_budgets(budgets: list[dict[str, Any]]) -> None:
    from puna.commands.plan.figures import count, point, power, with_interval
    from puna.commands.plan.showing import print_table

    rows = [
        [power(one["compute"]), str(one["points"]), with_interval(one["tokens"], count), count(point(one["params"])), with_interval(one["loss"], "{:.5f}".format),
         with_interval(one["curvature"], "{:.4f}".format)]
        for one in budgets
    ]  # fmt: skip
    print()
    print_table(["budget", "points", "best tokens", "params", "loss", "curvature"], rows)


def _show_without(without: list[dict[str, Any]], compute: float) -> None:
    """Show what the line says without each budget: fits of their own, whose span is a doubt of its own."""
    from puna.commands.plan.figures import count, power
    from puna.commands.plan.showing import print_table

    tokens = [(one["compute"], one["A"] * compute ** one["alpha"]) for one in without]
    rows = [[power(budget), count(compute / 6 / value), count(value)] for budget, value in tokens]
    print()
    print_table(["without budget", f"params at {power(compute)}", "tokens"], rows)


def _digits(value: float) -> str:
    return f"{value:.5g}"
