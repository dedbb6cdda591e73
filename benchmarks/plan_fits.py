"""Do the fits' intervals hold? Runs are drawn from laws that are known, fitted, and the share of intervals that cover the truth is counted.

An interval of 95 % should cover the truth in 95 of 100 such experiments, and one that covers in fewer than 90 promises too much. Three worlds: parabolas whose minima lie on a line, which is
what an IsoFLOP fit assumes; the same with budgets that are each a little off the line; and a surface with unequal exponents (Chinchilla's), whose curves are no parabolas. The parametric fit
sees the surface. The exponent must be covered, and the tokens at a compute 1,000 times that of the largest budget, which is what a law is for.

    python benchmarks/plan_fits.py             # 200 experiments for IsoFLOP, 100 with 100 resamples each for the parametric fit: a few minutes
    python benchmarks/plan_fits.py --quick     # a tenth of it

The last line is one JSON object: a share of intervals that cover, for each world and figure, and whether all lie within 90 to 99 % (`holds`).
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from puna.plan.estimate import Estimate
from puna.plan.fits import fit_isoflop, fit_parametric
from puna.plan.laws.law import About, Law, estimate
from puna.plan.laws.surface import Surface
from puna.plan.points import Points, points
from puna.seeds import seed_of

ALPHA, A = 0.537, 0.2994
BUDGETS = np.geomspace(1e19, 1e22, 7)
FAR = 1e25
KNOWN = Surface(1.69, 406.4, 410.7, 0.34, 0.28, about=About("known", "a printed law", "all"))
NOISE = 0.002


def parabolas(rng: np.random.Generator, *, off_line: float = 0.0) -> Points:
    """Return runs of budgets whose minima lie on a line, or `off_line` (a standard deviation of log10 tokens) beside it."""
    compute, tokens, loss = [], [], []
    for budget in BUDGETS:
        best = math.log10(A * budget**ALPHA) + off_line * rng.standard_normal()
        x = best + rng.uniform(-0.1, 0.1) + np.linspace(-0.6, 0.6, 10)
        compute += [budget] * len(x)
        tokens += list(10.0**x)
        loss += list(0.6 + 12 * budget**-0.08 + 0.085 * (x - best) ** 2 + NOISE * rng.standard_normal(len(x)))
    return points(compute=compute, tokens=tokens, loss=loss)


def surface(rng: np.random.Generator) -> Points:
    """Return runs of the known surface, ten splits a budget, with noise in log loss."""
    compute = np.repeat(BUDGETS, 10)
    best = np.array([KNOWN.optimum(budget).tokens for budget in compute])
    tokens = best * 10.0 ** np.tile(np.linspace(-0.5, 0.5, 10), len(BUDGETS))
    loss = np.array([KNOWN.loss(c / 6 / d, d) for c, d in zip(compute, tokens, strict=True)])
    return points(compute=compute, tokens=tokens, loss=loss * np.exp(NOISE * rng.standard_normal(len(loss))))


def line_of_surface() -> tuple[float, float]:
    """Return the true exponent of tokens and the true tokens at `FAR`."""
    return KNOWN.alpha / (KNOWN.alpha + KNOWN.beta), KNOWN.optimum(FAR).tokens


def covers(found: Any, truth: float) -> bool:
    return isinstance(found, Estimate) and found.low <= truth <= found.high


def tokens_at(law: Law) -> Any:
    return estimate(law, lambda one: one.optimum(FAR).tokens)


def count(world: str, experiments: int, run: Callable[[np.random.Generator, int], Mapping[str, bool]]) -> dict[str, float]:
    """Return the share of experiments that cover, for each figure."""
    found = [run(np.random.default_rng(seed_of(0, world, index)), index) for index in range(experiments)]
    return {key: sum(one[key] for one in found) / experiments for key in found[0]}


def isoflop(
    world: Callable[[np.random.Generator], Points], alpha: float, far: float
) -> Callable[[np.random.Generator, int], Mapping[str, bool]]:
    def run(rng: np.random.Generator, index: int) -> Mapping[str, bool]:
        fit = fit_isoflop(world(rng), bootstrap=200, seed=index, losses=False)
        return {"alpha": covers(fit.alpha, alpha), "tokens": covers(tokens_at(fit.law), far)}

    return run


def parametric(rng: np.random.Generator, index: int) -> Mapping[str, bool]:
    fit = fit_parametric(surface(rng), bootstrap=100, seed=index)
    found = {name: covers(getattr(fit, name), getattr(KNOWN, name)) for name in ("E", "A", "B", "alpha", "beta")}
    return {**found, "tokens": covers(tokens_at(fit.law), KNOWN.optimum(FAR).tokens)}


def main() -> None:
    parser = argparse.ArgumentParser(description="Count how often the fits' intervals cover a known truth.")
    parser.add_argument("--quick", action="store_true", help="a tenth of the experiments")
    tenth = 10 if parser.parse_args().quick else 1
    far = A * FAR**ALPHA
    began = time.perf_counter()
    shares = {
        "isoflop_parabolas": count("parabolas", 200 // tenth, isoflop(parabolas, ALPHA, far)),
        "isoflop_off_line": count("off line", 200 // tenth, isoflop(lambda rng: parabolas(rng, off_line=0.05), ALPHA, far)),
        "isoflop_surface": count("surface", 200 // tenth, isoflop(surface, *line_of_surface())),
        "parametric": count("parametric", 100 // tenth, parametric),
    }
    for world, found in shares.items():
        print(f"{world:18} {'  '.join(f'{key} {share:.1%}' for key, share in found.items())}", file=sys.stderr)
    holds = all(0.9 <= share <= 0.99 for found in shares.values() for share in found.values())
    print(json.dumps({"covered": shares, "holds": holds, "seconds": round(time.perf_counter() - began, 1)}))


if __name__ == "__main__":
    main()
