"""`puna plan predict`: a benchmark's accuracy before the run, or the compute that an accuracy takes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

    from puna.plan.prediction import Benchmark


def predict(
    points: Annotated[Path, typer.Argument(help="CSV of models: compute, loss (NLL of the right answer), accuracy.", metavar="POINTS.csv")],
    *,
    compute: Annotated[float | None, typer.Option("--compute", "-c", help="FLOPs of the model to predict.")] = None,
    accuracy: Annotated[
        float | None, typer.Option("--accuracy", "-a", help="A wanted accuracy between 0 and 1; gives the compute.")
    ] = None,
    columns: Annotated[
        str, typer.Option("--columns", help="Heads that are not found by themselves: compute=NAME,loss=NAME,accuracy=NAME.")
    ] = "",
    chance: Annotated[
        float | None, typer.Option("--chance", help="What guessing gets (0.25 of four choices): the sigmoid's floor.")
    ] = None,
    questions: Annotated[
        int | None, typer.Option("--questions", help="Questions that the benchmark has: how far a score of it may be off by luck alone.")
    ] = None,
    bootstrap: Annotated[int, typer.Option("--bootstrap", min=0, max=100_000, help="Resamples for the intervals.")] = 200,
    law: Annotated[str, typer.Option("--law", help="The law that turns compute into a size.")] = "llama3",
    gpu: Annotated[str, typer.Option("--gpu", help="The device to count hours of.")] = "h100",
    mfu: Annotated[
        float | None, typer.Option("--mfu", help="Share of its bf16 peak that training reaches; without it, Llama 3's 38 to 43 %.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the resamples.")] = 0,
    html: Annotated[Path | None, typer.Option("--html", help="Write a page there too.", show_default=False)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Predict a benchmark in two stages, compute to likelihood and likelihood to accuracy; or read them backwards, from a wanted accuracy to compute, size and cost."""
    from puna.commands.plan.showing import print_json, write_page
    from puna.errors import ConfigError
    from puna.plan import laws
    from puna.plan.devices import device
    from puna.plan.prediction import fit_two_stages, read_scores
    from puna.plan.prediction_page import page
    from puna.plan.spending import size_and_cost

    if mfu is not None and not 0 < mfu <= 1:
        raise ConfigError(f"--mfu is {mfu:g}; give a share above 0, at most 1")
    ask, (chosen, hardware) = _asked(compute, accuracy, questions), (laws.law(law), device(gpu))
    benchmark = fit_two_stages(read_scores(points, columns=columns), chance=chance, bootstrap=bootstrap, seed=seed)
    found = ask(benchmark)
    found |= size_and_cost(found["compute"], law=chosen, device=hardware, mfu=mfu)
    found["sources"] = [*found["sources"], f"size by law '{law}': {chosen.about.source}", f"{hardware.name}: {hardware.source}"]
    write_page(html, lambda: page(benchmark, found, wanted=accuracy))
    if as_json:
        print_json(found)
    else:
        _show(found)


def _asked(compute: float | None, accuracy: float | None, questions: int | None) -> Callable[[Benchmark], dict[str, Any]]:
    """Return what is asked of a benchmark: an accuracy by its compute, or the way back. Raises `ConfigError` for both and for neither."""
    from puna.errors import ConfigError
    from puna.plan.estimate import point
    from puna.plan.prediction import half_width

    if (compute is None) == (accuracy is None):
        raise ConfigError("give --compute to predict an accuracy, or --accuracy for the compute that it takes: one of the two")

    def ask(benchmark: Benchmark) -> dict[str, Any]:
        found = benchmark.predict(compute) if compute is not None else benchmark.compute_for(accuracy or 0.0)
        luck = {} if questions is None else {"questions": questions, "half_width": half_width(point(found["accuracy"]), questions)}
        return found | luck

    return ask


def _show(found: dict[str, Any]) -> None:
    from puna.commands.plan.figures import count, power, print_facts, print_notes, share, with_interval

    facts = {
        "compute": f"{with_interval(found['compute'], power)} FLOPs", "NLL of the answer": with_interval(found["loss"]), "accuracy": with_interval(found["accuracy"]),
        "size by the law": f"{with_interval(found['params'], count)} parameters on {with_interval(found['tokens'], count)} tokens",
        "hours": f"{with_interval(found['gpu_hours'], count)} of {found['gpu']} at {with_interval(found['mfu'], share)} of its peak",
        "dollars": f"{with_interval(found['dollars'], count)} at {found['price']}" if "dollars" in found else f"no price of {found['gpu']} in the table",
    }  # fmt: skip
    if "questions" in found:
        facts["measured"] = (
            f"to ±{100 * found['half_width']:.2g} % by luck of {found['questions']:,} questions (95 %, 1.96 sqrt(S (1 - S) / N))"
        )
    print_facts(facts | _stages(found) | _intervals(found))
    print_notes(found["warnings"], found["sources"])


def _stages(found: dict[str, Any]) -> dict[str, str]:
    from puna.commands.plan.figures import figure

    one = found["stages"]
    return {
        "first stage": f"NLL = {one['level']:.4g} {one['slope']:+.4g} log10 C",
        "second stage": f"accuracy from {figure(one['floor'])} to {figure(one['ceiling'])}, half way at NLL {figure(one['middle'])}, width {figure(one['width'])}",
    }


def _intervals(found: dict[str, Any]) -> dict[str, str]:
    """Return what the intervals are: of the prediction, of the size, and of what it costs."""
    return {
        "intervals": found["interval_means"],
        "of the size": found["size_interval_means"],
        "of the cost": found["cost_interval_means"],
        "hours are": found["hours_mean"],
    }
