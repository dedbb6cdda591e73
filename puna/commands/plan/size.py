"""`puna plan size`: which real shape a plan comes to, why, and what would change that."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

    from puna.plan.estimate import Estimate
    from puna.plan.sizing.decision import Decision
    from puna.plan.sizing.ranking import Row


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
    print(f"{decision.plan.name}: {decision.compute:.3g} FLOPs for training")
    print(f"The law alone ({decision.plan.law}): {_span(decision.params, _params)} on {_span(decision.tokens, _tokens)} tokens")
    print()
    _show_candidates(decision)
    best = decision.recommended.candidate
    print(f"\nRecommended: {_params(best.params, 2)} on {_tokens(best.tokens)} tokens, {best.tokens / best.params:,.3g} a parameter.")
    for line in (*_costs(decision), *_checks(decision), *_by_others(decision), *_flip(decision)):
        print(f"  {line}")
    for line in decision.warnings:
        print(f"  note: {line}")
    print(f"  sources: {'; '.join(decision.sources)}")


def _show_candidates(decision: Decision) -> None:
    from puna.commands.plan.showing import print_table

    served = decision.recommended.candidate.serve_cost is not None
    head = ("", "params", "layers", "width", "ffn", "tokens", "excess", "train", *(("serve", "life") if served else ("serve 1T",)), "plan")
    print_table(head, [_row(decision, row) for row in decision.rows], words=("", "plan"), whole=head[:-1])
    asked = "Train, serve and life" if served else "Training, and serving 10^12 tokens (no demand is given),"
    print(f"Excess: loss above the law's optimum. {asked} in {decision.living.unit}.")


def _costs(decision: Decision) -> list[str]:
    """Return what the recommended model costs and how far it lies above the law's optimum, a line each."""
    cost, budget = decision.cost, decision.plan.budget
    told = [f"{_span(cost.gpu_hours, _short)} {budget.gpu} hours of training"] if cost.gpu_hours is not None else []
    told += [f"{_span(cost.days, _days)} days on {budget.gpus:,}"] if cost.days is not None else []
    told += [f"${_span(cost.train_dollars, _short)}"] if cost.train_dollars is not None else []
    lines = [", ".join(told)] if told else []
    if cost.serve_cost is not None:
        dollars = (
            f"${_span(cost.lifetime_dollars, _short)}"
            if cost.lifetime_dollars
            else f"{_span(cost.lifetime_cost, _short)} {decision.living.unit}"
        )
        lines.append(f"over its life {dollars}, of which serving is {cost.serve_cost.value / cost.lifetime_cost.value:.0%}")
    excess = _span(decision.excess, _loss, after=" by what else its runs allow")
    return [*lines, *([f"intervals: {'; '.join(cost.means)}"] if cost.means else []), f"loss above the law's optimum: {excess}"]


def _checks(decision: Decision) -> list[str]:
    found = []
    for check in decision.recommended.checks:
        state = "binds" if check.name in decision.binding else f"slack {check.slack:.1%}"
        open_ends = (
            ""
            if check.limit_interval is None
            else " ({} to {})".format(*(_quantity(end, "").rstrip() if end < float("inf") else "no end" for end in check.limit_interval))
        )
        found.append(f"{check.name}: {state}; {_quantity(check.used, check.unit)} of {_quantity(check.limit, check.unit)}{open_ends}")
    return found


def _by_others(decision: Decision) -> list[str]:
    from puna.plan.laws import catalogue
    from puna.plan.laws.law import interval_of

    kinds = {
        (decision.plan.law, interval_of(catalogue.law(decision.plan.law))),
        *((one.law, one.interval_means) for one in decision.against),
    }
    means = {kind: ", ".join(sorted(law for law, of in kinds if of == kind)) for kind in sorted({of for _, of in kinds})}
    lines = [
        f"by {one.law}, whose optimum is {_span(one.params, _params)} on {_span(one.tokens, _tokens)}, the choice costs {_span(one.excess, _loss)} of loss, "
        f"{_span(one.compute_wasted, _percent)} of the compute"
        for one in decision.against
    ]
    return [*lines, *(f"intervals by {laws}: {kind}" for kind, laws in means.items())]


def _flip(decision: Decision) -> list[str]:
    if decision.flip:
        smaller, demand = decision.flip.candidate, _span(decision.flip.tokens, _tokens, after=" by what else its runs allow")
        return [f"from {demand} served tokens on, {_params(smaller.params, 1)} on {_tokens(smaller.tokens)}, as good, is the answer"]
    return ["no served demand makes a model smaller by a tenth the answer"] if decision.recommended.candidate.loss is not None else []


def _span(value: Estimate | float | None, told: Callable[[float], str], *, after: str = "") -> str:
    """Return a figure with the interval that it lies in, where it has one."""
    from puna.plan.estimate import ends, point

    assert value is not None
    low, high = map(told, ends(value))
    return f"{told(point(value))} ({low} to {high}{after})" if low != high else told(point(value))


def _params(value: float, decimals: int | None = None) -> str:
    """Return parameters in billions or millions, with three digits or so many decimals: 405.85B."""
    size, letter = (1e9, "B") if value >= 0.9995e9 else (1e6, "M")
    if decimals is not None:
        return f"{value / size:,.{decimals}f}{letter}"
    return f"{value / size:,.0f}{letter}" if value >= 99.95 * size else f"{value / size:.3g}{letter}"


def _tokens(value: float) -> str:
    return f"{value / 1e12:,.0f}T" if value >= 999.5e12 else _short(value)


def _days(value: float) -> str:
    return f"{value:,.1f}"


def _loss(value: float) -> str:
    return f"{value:.2g}"


def _percent(value: float) -> str:
    return f"{value:.1%}"


def _short(value: float) -> str:
    """Return a large number in thousands, millions or billions, with three digits; what rounds up to the next of them is one of it."""
    size, letter = next(
        ((size, letter) for size, letter in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "K")) if value >= 0.9995 * size), (1.0, "")
    )
    return f"{value / size:,.3g}{letter}" if value < 0.9995e15 else f"{value:.3g}".replace("e+", "e")


def _row(decision: Decision, row: Row) -> tuple[str, ...]:
    one = row.candidate
    spent = (one.token_cost * 1e12,) if one.serve_cost is None else (one.serve_cost, one.lifetime_cost)
    costs = (f"{one.excess:.1e}", *(_short(cost) if math.isfinite(cost) else "–" for cost in (one.train_cost, *spent)))
    broken = [check.name for check in row.checks if not check.holds]
    return (
        "→" if row.candidate.shape == decision.recommended.candidate.shape else "", _params(one.params, 1), str(one.shape.num_layers), f"{one.shape.dim:,}",
        f"{one.shape.ffn_dim:,}", _tokens(one.tokens), *costs, f"breaks {', '.join(broken)}" if broken else "met",
    )  # fmt: skip


def _quantity(value: float, unit: str) -> str:
    if unit == "bytes":
        return f"{value / 1e9:,.1f} GB"
    if unit == "dollars":
        return f"${_short(value)}"
    return f"{_tokens(value)} tokens" if unit == "tokens" else f"{value:,.4g} {unit}"
