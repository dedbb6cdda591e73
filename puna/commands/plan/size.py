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
    print_table(
        ("", "params", "layers", "width", "ffn", "tokens", "per param", "excess loss", "constraints"), [_row(decision, row) for row in decision.rows],
        words=("", "constraints"),
    )  # fmt: skip
    best = decision.recommended.candidate
    print(f"\nRecommended: {best.params / 1e9:,.2f}B on {best.tokens / 1e12:,.3g}T tokens.")
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
            f"  from {decision.flip.tokens / 1e12:,.3g}T served tokens on, {smaller.params / 1e9:,.1f}B on {smaller.tokens / 1e12:,.3g}T, as good, would be cheaper in all"
        )
    elif best.loss is not None:
        print("  no served demand makes a model smaller by a tenth cheaper in all: none is as good")
    for line in decision.warnings:
        print(f"  note: {line}")
    print(f"  sources: {'; '.join(decision.sources)}")


def _row(decision: Decision, row: Row) -> tuple[str, ...]:
    one = row.candidate
    broken = [check.name for check in row.checks if not check.holds]
    return (
        "→" if row.candidate.shape == decision.recommended.candidate.shape else "", f"{one.params / 1e9:,.1f}B", str(one.shape.num_layers), f"{one.shape.dim:,}",
        f"{one.shape.ffn_dim:,}", f"{one.tokens / 1e12:,.3g}T", f"{one.tokens / one.params:,.1f}", f"{one.excess:.1e}", f"breaks {', '.join(broken)}" if broken else "met",
    )  # fmt: skip


def _quantity(value: float, unit: str) -> str:
    if unit == "bytes":
        return f"{value / 1e9:,.1f} GB"
    return f"{value / 1e12:,.3g}T tokens" if unit == "tokens" else f"{value:,.4g} {unit}"
