"""Where the papers of scaling laws contradict themselves, said where a user meets it.

Each is numbered, a row of `data/laws.csv` names those that concern its law, and the figures in them are computed from the laws, at the compute that is asked about.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from puna.plan.laws import catalogue
from puna.plan.laws.law import Law

# What section 3.2.1 of arXiv 2407.21783 prints: "a 402B parameter model on 16.55T tokens", extrapolated to 3.8e25 FLOPs.
_PRINTED_COMPUTE, _PRINTED_TOKENS, _PRINTED_PARAMS = 3.8e25, 16.55e12, 402e9


def said(law: Law, compute: float) -> list[str]:
    """Return what a user of a law should know at a compute, a sentence each."""
    return [_ERRATA[number](compute) for number in catalogue.errata_of(law.about.name)]


def _tokens_not_params(_compute: float) -> str:
    return "Llama 3's paper writes N*(C) for the number of training tokens; many summaries read it as parameters."


def _truncated(compute: float) -> str:
    printed, fitted = (catalogue.law(name).optimum(compute).tokens for name in ("llama3-printed", "llama3"))
    return (
        f"The paper prints its constants (0.53, 0.29) truncated: at {compute:.3g} FLOPs they give {_count(printed)} tokens, "
        f"and unrounded they give {_count(fitted)}."
    )


def _other_compute(_compute: float) -> str:
    law = catalogue.law("llama3")
    point, there = law.optimum_of_tokens(_PRINTED_TOKENS), law.optimum(_PRINTED_COMPUTE)
    return (
        f"The paper's {_PRINTED_PARAMS / 1e9:.0f}B on {_PRINTED_TOKENS / 1e12:.2f}T, printed for {_PRINTED_COMPUTE:.1e} FLOPs, is this law's point at {point.compute:.1e}; "
        f"at {_PRINTED_COMPUTE:.1e} it gives {there.params / 1e9:.0f}B on {there.tokens / 1e12:.1f}T."
    )


def _two_fits(compute: float) -> str:
    line, surface = (catalogue.law(name).optimum(compute) for name in ("llama3", "llama3-surface"))
    return (
        f"Two fits of the same points disagree at {compute:.3g} FLOPs: the line of the minima gives {_count(line.params, 3)} on {_count(line.tokens, 3)}, "
        f"a surface through all points {_count(surface.params, 3)} on {_count(surface.tokens, 3)}."
    )


def _count(value: float, digits: int = 4) -> str:
    size, letter = next(((size, letter) for size, letter in ((1e12, "T"), (1e9, "B"), (1e6, "M")) if value >= size), (1.0, ""))
    return f"{value / size:.{digits}g}{letter}"


def _variants(compute: float) -> str:
    ratios = {
        name: catalogue.law(name).optimum(compute).tokens_per_param
        for name in ("chinchilla-printed", "chinchilla", "chinchilla-sardana", "besiroglu")
    }
    told = ", ".join(f"{name} {ratio:.3g}" for name, ratio in ratios.items())
    return f"Four variants of Chinchilla's constants are in circulation. Tokens per parameter at {compute:.3g} FLOPs: {told}."


def _two_in_one_notebook(_compute: float) -> str:
    first, second = catalogue.law("besiroglu"), catalogue.law("besiroglu-huber")
    return (
        f"The notebook of arXiv 2404.10102 holds two fits: A {first.A:.0f}, B {first.B:.0f} (published; besiroglu) "  # type: ignore[attr-defined]
        f"and A {second.A:.0f}, B {second.B:.0f} (plain Huber sum; besiroglu-huber)."  # type: ignore[attr-defined]
    )


def _total_not_active(_compute: float) -> str:
    return "Krajewski's N counts all experts (copies that call it active are wrong), and the printed constants give the paper's table only to 3 %."


def _signs(_compute: float) -> str:
    return "The signs of Ludziejewski's constants are not verified: as printed in the copies at hand more experts would do harm; these are the ones that behave."


_ERRATA: Mapping[int, Callable[[float], str]] = {
    1: _tokens_not_params,
    2: _truncated,
    3: _other_compute,
    4: _two_fits,
    12: _variants,
    13: _two_in_one_notebook,
    15: _total_not_active,
    16: _signs,
}
