"""`puna plan optimal`: what compute should become, by a law."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer


def optimal(
    *,
    compute: Annotated[float, typer.Option("--compute", "-c", help="FLOPs of training, such as 3.8e25.")],
    law: Annotated[str, typer.Option("--law", help="A law by name, a file of `puna plan fit --out`, or 'all'.")] = "llama3",
    unique: Annotated[
        str | None, typer.Option("--unique", help="Unique tokens at hand (2T): what repeating costs, what synthetic data it takes.")
    ] = None,
    experts: Annotated[int | None, typer.Option("--experts", help="Number of experts, for a law that has one to choose.")] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Write a page there too.", show_default=False)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Split compute into parameters and tokens by a scaling law, with the interval that its evidence allows."""
    from puna.commands.plan.figures import number
    from puna.commands.plan.showing import print_json, write_page
    from puna.errors import ConfigError
    from puna.plan import laws
    from puna.plan import optimal as planning
    from puna.plan.laws import catalogue
    from puna.plan.optimal_page import page, page_of_all

    unique_tokens = None if unique is None else number(unique, what="--unique")
    if law == "all":
        if unique is not None or experts is not None:
            raise ConfigError("--unique and --experts are for one law; name it with --law")
        every = [planning.optimal(laws.law(name), compute) for name in laws.names()]
        write_page(html, lambda: page_of_all(every))
        if as_json:
            print_json({"compute": compute, "laws": [one.figures() for one in every]})
        else:
            _show_all([one.figures() for one in every])
        return
    chosen = laws.law(law) if experts is None else catalogue.experts(law, experts)
    split = planning.optimal(chosen, compute, unique_tokens=unique_tokens)
    write_page(html, lambda: page(chosen, split))
    found = split.figures()
    if as_json:
        print_json(found)
    else:
        _show(found)


def _show(found: dict[str, Any]) -> None:
    from puna.commands.plan.figures import count, point, power, print_facts, print_notes, share, with_interval
    from puna.commands.plan.showing import print_table

    print_facts({
        "law": found["law"], "compute": f"{power(found['compute'])} FLOPs", "parameters": with_interval(found["params"], count),
        "tokens": with_interval(found["tokens"], count), "loss": with_interval(found["loss"]), "tokens a parameter": with_interval(found["tokens_per_param"]),
        "counting": found["counting"], **({"intervals": found["interval_means"]} if found["interval_kind"] else {}),
    })  # fmt: skip
    repeated = found.get("repeated")
    if repeated and point(repeated["epochs"]) <= 1:
        print()
        print_facts({"unique tokens": f"{count(found['unique_tokens'])}, which are enough: nothing is repeated"})
    elif repeated:
        print()
        print_facts({
            "unique tokens": count(found["unique_tokens"]), "best by repeating": f"{with_interval(repeated['params'], count)} parameters on {with_interval(repeated['tokens'], count)} tokens",
            "epochs": with_interval(repeated["epochs"]), "worth": f"{with_interval(repeated['worth_tokens'], count)} fresh tokens",
            "loss": f"{with_interval(repeated['loss'])}, with data enough {with_interval(repeated['loss_unconstrained'])}",
        })  # fmt: skip
    if found.get("synthetic"):
        print()
        rows = [
            [
                str(one["epochs"]),
                with_interval(one["worth_tokens"], count),
                with_interval(one["synthetic_tokens"], count),
                with_interval(one["share"], share),
            ]
            for one in found["synthetic"]
        ]
        print_table(["epochs", "worth", "synthetic tokens", "share"], rows)
    print_notes(found["warnings"], found["sources"])


def _show_all(every: list[dict[str, Any]]) -> None:
    from puna.commands.plan.figures import count, with_interval
    from puna.commands.plan.showing import print_table

    rows = [[one["law"], with_interval(one["params"], count), with_interval(one["tokens"], count), with_interval(one["tokens_per_param"], _ratio), one["interval_kind"] or "none"]
            for one in every]  # fmt: skip
    print_table(
        ["law", "parameters", "tokens", "a parameter", "interval by"], rows, words=["law", "interval by"], whole=["law", "interval by"]
    )
    for kind, means in dict.fromkeys((one["interval_kind"], one["interval_means"]) for one in every):
        print(f"Interval by {kind or 'none'}: {means}")
    for counting in dict.fromkeys(one["counting"] for one in every):
        print(f"{', '.join(one['law'] for one in every if one['counting'] == counting)}: {counting}")


def _ratio(value: float) -> str:
    return f"{value:,.3g}"
