"""Where a function of one number is zero, and where it is lowest.

SciPy finds both, but its optimization package takes a quarter of a second to import, which is half of what most commands of the planner take in all; these two are what they need of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable

# Two neighbouring floats differ by this share of their size.
_STEP = 2.0**-52
_GOLDEN = (3 - math.sqrt(5)) / 2
_MOST_STEPS = 500


def zero(function: Callable[[float], float], low: float, high: float, *, within: float) -> float:
    """Return where `function`, of unlike signs at `low` and `high`, is zero, to `within` or as well as floats tell.

    T. R. Chandrupatla's method (Advances in Engineering Software 28, 1997): a parabola through the last three points where they let it be trusted, else the middle.
    """
    new, old = high, low
    at_new, at_old = function(new), function(old)
    assert (at_new <= 0) != (at_old < 0) or at_new == 0 or at_old == 0, "the function must change its sign"
    oldest, at_oldest, share = new, at_new, 0.5
    for _ in range(_MOST_STEPS):
        best, at_best = (new, at_new) if abs(at_new) < abs(at_old) else (old, at_old)
        least = (within + 4 * _STEP * abs(best)) / abs(old - new) if old != new else 1.0
        if at_best == 0 or least > 0.5:
            return best
        tried = new + min(max(share, least), 1 - least) * (old - new)
        at_tried = function(tried)
        if (at_tried > 0) == (at_new > 0):
            oldest, at_oldest = new, at_new
        else:
            oldest, at_oldest, old, at_old = old, at_old, new, at_new
        new, at_new = tried, at_tried
        share = _share(new, old, oldest, at_new, at_old, at_oldest)
    return best


def _share(a: float, b: float, c: float, at_a: float, at_b: float, at_c: float) -> float:
    """Return how far from `a` to `b` the next point lies: where the inverse parabola through three points is zero, or half way where it would bend too much between them."""
    if at_c in (at_a, at_b) or b == c:
        return 0.5
    across, up = (a - b) / (c - b), (at_a - at_b) / (at_c - at_b)
    if not (up**2 < across and (1 - up) ** 2 < 1 - across):
        return 0.5
    return at_a / (at_b - at_a) * at_c / (at_b - at_c) + (c - a) / (b - a) * at_a / (at_c - at_a) * at_b / (at_c - at_b)


def lowest(function: Callable[[float], float], low: float, high: float, *, within: float) -> float:
    """Return where `function`, which falls and then rises between `low` and `high`, is lowest, to `within`; closer than 1e-8 of its size floats cannot tell.

    R. P. Brent's method (Algorithms for Minimization without Derivatives, 1973): a parabola through the three best points, or a golden section where it would not close in.
    """
    best = second = third = low + _GOLDEN * (high - low)
    at_best = at_second = at_third = function(best)
    step = before = 0.0
    for _ in range(_MOST_STEPS):
        middle, least = (low + high) / 2, max(within, math.sqrt(_STEP) * abs(best)) / 3
        if abs(best - middle) <= 2 * least - (high - low) / 2:
            break
        wanted = _to_vertex(best, second, third, at_best, at_second, at_third)
        if abs(wanted) < abs(before) / 2 and low < best + wanted < high:
            before, step = step, wanted
        else:
            before = (low if best >= middle else high) - best
            step = _GOLDEN * before
        tried = best + math.copysign(max(abs(step), least), step)
        at_tried = function(tried)
        if at_tried <= at_best:
            low, high = (best, high) if tried >= best else (low, best)
            best, second, third, at_best, at_second, at_third = tried, best, second, at_tried, at_best, at_second
            continue
        low, high = (tried, high) if tried < best else (low, tried)
        if at_tried <= at_second or second == best:
            second, third, at_second, at_third = tried, second, at_tried, at_second
        elif at_tried <= at_third or third in (best, second):
            third, at_third = tried, at_tried
    return best


def _to_vertex(a: float, b: float, c: float, at_a: float, at_b: float, at_c: float) -> float:
    """Return the way from `a` to the lowest point of the parabola through three points, infinite where they lie on none."""
    one, other = (a - b) * (at_a - at_c), (a - c) * (at_a - at_b)
    below = 2 * (other - one)
    return math.inf if below == 0 or math.isnan(below) else ((a - b) * one - (a - c) * other) / below
