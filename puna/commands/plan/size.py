"""`puna plan size`: which real shape a plan comes to, why, and what would change that."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from puna.plan.sizing.decision import Decision, Row


def size(
    plan: Annotated[Path, typer.Argument(help="The plan, a YAML file such as recipes/plans/llama3-405b.yaml.", show_default=False)],
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="Change one setting, such as budget.days=40; may be given again.", show_default=False
        ),
    ] = None,
    html: Annotated[Path | None, typer.Option(help="Write a page there too.", show_default=False)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of tables.")] = False,
) -> None:
    """Decide how large a model to train: from the budget, the data, where it must run and what it must reach, to a shape with its reasons."""
    from puna.commands.plan.showing import print_json, write_page
    from puna.plan.sizing.decision import decide
    from puna.plan.sizing.page import page
    from puna.plan.sizing.plan_file import PlanFile

    decision = decide(PlanFile.read(plan, settings or []))
    write_page(html, lambda: page(decision))
    if as_json:
        print_json(decision.figures())
    else:
        _show(decision)


def _show(decision: Decision) -> None:
    from puna.commands.plan.showing import print_table
    from puna.plan.estimate import Estimate

    alone = decision.optimum
    span = decision.params
    around = f" ({span.low / 1e9:,.0f}B to {span.high / 1e9:,.0f}B)" if isinstance(span, Estimate) else ""
    print(f"{decision.plan.name}: {decision.compute:.3g} FLOPs for training")
    print(f"The law alone ({decision.plan.law}): {alone.params / 1e9:,.1f}B{around} on {alone.tokens / 1e12:,.3g}T tokens")
    print()
    best = decision.recommended.candidate
    costs = ("excess loss",) if best.serve_cost is None else ("train", "serve", "life")
    print_table(
        ("", "params", "layers", "width", "ffn", "tokens", "per param", *costs, "constraints"), [_row(decision, row) for row in decision.rows],
        words=("", "constraints"),
    )  # fmt: skip
    if best.serve_cost is not None:
        print(f"Train, serve and life in {decision.living.unit}.")
    print(f"\nRecommended: {best.params / 1e9:,.2f}B on {best.tokens / 1e12:,.3g}T tokens.")
    for line in _costs(decision):
        print(f"  {line}")
    for check in decision.recommended.checks:
        state = "binds" if check.name in decision.binding else f"slack {check.slack:.1%}"
        print(f"  {check.name}: {state}; {_quantity(check.used, check.unit)} of {_quantity(check.limit, check.unit)}")
    for one in decision.against:
        print(
            f"  by {one.law}, whose optimum is {one.optimum.params / 1e9:,.0f}B on {one.optimum.tokens / 1e12:,.3g}T, the choice costs {one.excess:.1g} of loss, "
            f"{one.compute_wasted:.1%} of the compute"
        )
    if decision.flip:
        smaller = decision.flip.candidate
        print(
            f"  from {decision.flip.tokens / 1e12:,.3g}T served tokens on, {smaller.params / 1e9:,.1f}B on {smaller.tokens / 1e12:,.3g}T, as good, is the answer"
        )
    elif best.loss is not None:
        print("  no served demand makes a model smaller by a tenth the answer")
    for line in decision.warnings:
        print(f"  note: {line}")
    print(f"  sources: {'; '.join(decision.sources)}")


def _costs(decision: Decision) -> list[str]:
    """Return what the recommended model costs and how far it lies above the law's optimum, a line each."""
    from puna.plan.estimate import Estimate

    best, excess = decision.recommended.candidate, decision.excess
    told = [f"{_short(best.gpu_hours)} {decision.plan.budget.gpu} hours of training"] if best.gpu_hours is not None else []
    told += [f"{best.days:,.1f} days on {decision.plan.budget.gpus:,}"] if best.days is not None else []
    told += [f"${_short(best.train_dollars)}"] if best.train_dollars is not None else []
    lines = [", ".join(told)] if told else []
    if best.lifetime_dollars is not None:
        lines.append(
            f"over its life ${_short(best.lifetime_dollars)}, of which serving is {(best.serve_cost or 0.0) / best.lifetime_cost:.0%}"
        )
    within = f" ({excess.low:.1g} to {excess.high:.1g} by what else its runs allow)" if isinstance(excess, Estimate) else ""
    return [*lines, f"loss above the law's optimum: {best.excess:.1g}{within}"]


def _short(value: float) -> str:
    """Return a large number in thousands, millions or billions."""
    size, letter = next(((size, letter) for size, letter in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "K")) if value >= size), (1.0, ""))
    return f"{value / size:,.3g}{letter}" if value < 1e15 else f"{value:.3g}"


def _row(decision: Decision, row: Row) -> tuple[str, ...]:
    one = row.candidate
    costs = (
        (f"{one.excess:.1e}",) if one.serve_cost is None else (_short(one.train_cost), _short(one.serve_cost), _short(one.lifetime_cost))
    )
    broken = [check.name for check in row.checks if not check.holds]
    return (
        "→" if row.candidate.shape == decision.recommended.candidate.shape else "", f"{one.params / 1e9:,.1f}B", str(one.shape.num_layers), f"{one.shape.dim:,}",
        f"{one.shape.ffn_dim:,}", f"{one.tokens / 1e12:,.3g}T", f"{one.tokens / one.params:,.1f}", *costs, f"breaks {', '.join(broken)}" if broken else "met",
    )  # fmt: skip


def _quantity(value: float, unit: str) -> str:
    if unit == "bytes":
        return f"{value / 1e9:,.1f} GB"
    return f"{value / 1e12:,.3g}T tokens" if unit == "tokens" else f"{value:,.4g} {unit}"
