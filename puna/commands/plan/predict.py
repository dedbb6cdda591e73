"""`puna plan predict`: a benchmark's accuracy before the run, or the compute that an accuracy takes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer


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
    mfu: Annotated[float, typer.Option("--mfu", help="Share of its bf16 peak that training reaches.")] = 0.4,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the resamples.")] = 0,
    html: Annotated[Path | None, typer.Option("--html", help="Write a page there too.", show_default=False)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Predict a benchmark in two stages, compute to likelihood and likelihood to accuracy; or read them backwards, from a wanted accuracy to compute, size and cost."""
    from puna.commands.plan.showing import print_json, write_page
    from puna.errors import ConfigError
    from puna.plan import laws
    from puna.plan.devices import device
    from puna.plan.estimate import point
    from puna.plan.prediction import fit_two_stages, half_width, read_scores, size_and_cost
    from puna.plan.prediction_page import page

    if (compute is None) == (accuracy is None):
        raise ConfigError("give --compute to predict an accuracy, or --accuracy for the compute that it takes: one of the two")
    if not 0 < mfu <= 1:
        raise ConfigError(f"--mfu is {mfu:g}; give a share above 0, at most 1")
    chosen, hardware = laws.law(law), device(gpu)
    benchmark = fit_two_stages(read_scores(points, columns=columns), chance=chance, bootstrap=bootstrap, seed=seed)
    if compute is not None:
        found = benchmark.predict(compute)
    else:
        assert accuracy is not None
        found = benchmark.compute_for(accuracy)
    if questions is not None:
        found |= {"questions": questions, "half_width": half_width(point(found["accuracy"]), questions)}
    found |= size_and_cost(found["compute"], law=chosen, device=hardware, mfu=mfu)
    found["sources"] = [*found["sources"], f"size by law '{law}': {chosen.about.source}", f"{hardware.name}: {hardware.source}"]
    write_page(html, lambda: page(benchmark, found, wanted=accuracy))
    if as_json:
        print_json(found)
    else:
        _show(found)


def _show(found: dict[str, Any]) -> None:
    from puna.commands.plan.figures import count, figure, power, print_facts, print_notes, with_interval

    stages = found["stages"]
    facts = {
        "compute": f"{with_interval(found['compute'], power)} FLOPs", "NLL of the answer": with_interval(found["loss"]), "accuracy": with_interval(found["accuracy"]),
        "size by the law": f"{count(found['params'])} parameters on {count(found['tokens'])} tokens",
        "cost": f"{with_interval(found['gpu_hours'], count)} hours of {found['gpu']} at {100 * found['mfu']:.3g} % of its peak",
        "first stage": f"NLL = {stages['level']:.4g} {stages['slope']:+.4g} log10 C",
        "second stage": f"accuracy from {figure(stages['floor'])} to {figure(stages['ceiling'])}, half way at NLL {figure(stages['middle'])}, width {figure(stages['width'])}",
    }  # fmt: skip
    if "questions" in found:
        facts["measured"] = (
            f"to ±{100 * found['half_width']:.2g} % by luck of {found['questions']:,} questions (95 %, 1.96 sqrt(S (1 - S) / N))"
        )
    facts["intervals"] = found["interval_means"]
    if "dollars" in found:
        facts["dollars"] = f"{with_interval(found['dollars'], count)} at {found['price']}"
    print_facts(facts)
    print_notes(found["warnings"], found["sources"])
