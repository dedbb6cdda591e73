"""How the learning rate moves over a run: three shapes, each a pure function of the step.

All warm up linearly, because Adam's second moments mean little in the first steps. Then cosine falls along half a wave (Llama 3: to a hundredth of the peak,
arXiv 2407.21783, section 3.4.1); WSD stays at its peak and falls only at the end, along 1 - sqrt, so that one run can be stopped and annealed at many
lengths (arXiv 2404.06395, section 4; the shape from 2405.18392); linear goes straight to zero, which 2502.15938 found best at long durations.

Each function returns a fraction of the peak for the step that begins after `step` others, 0 to `steps` - 1. The final fraction belongs to step number
`steps`, which is never taken: a step at rate zero would be wasted.
"""

from __future__ import annotations

import math


def warm_up(step: int, *, warmup: int) -> float:
    """Return a line that reaches 1 in the last of `warmup` steps and stays there; its first step is not zero."""
    return min(1.0, (step + 1) / warmup) if warmup else 1.0


def cosine(step: int, *, steps: int, warmup: int, final: float) -> float:
    """Return warm-up, then half a cosine wave from 1 to `final`."""
    wave = (1 + math.cos(math.pi * _progress(step, begin=warmup, end=steps))) / 2
    return warm_up(step, warmup=warmup) * (final + (1 - final) * wave)


def wsd(step: int, *, steps: int, warmup: int, decay: int, final: float) -> float:
    """Return warm-up, a plateau at 1, and `decay` steps that fall to `final` along 1 - sqrt."""
    fall = 1 - math.sqrt(_progress(step, begin=steps - decay, end=steps))
    return warm_up(step, warmup=warmup) * (final + (1 - final) * fall)


def linear(step: int, *, steps: int, warmup: int) -> float:
    """Return warm-up, then a line from 1 to 0."""
    return warm_up(step, warmup=warmup) * (1 - _progress(step, begin=warmup, end=steps))


def _progress(step: int, *, begin: int, end: int) -> float:
    """Return how far `step` is from `begin` (0, also before it) to `end` (1, also after it)."""
    if step <= begin:
        return 0.0
    return min(1.0, (step - begin) / (end - begin))
