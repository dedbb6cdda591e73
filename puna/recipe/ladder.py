"""A ladder: tiny models at several budgets, the law that they follow, and a larger model that the law has to foretell.

Llama 3's size was read off such a ladder, from 6e18 to 1e22 FLOPs (arXiv 2407.21783, section 3.2.1). This one climbs from 1.5e11 to 1e12 in about eleven minutes on one core, on the embedded world, with loss in
bits per byte of held-out text. The model above the ladder, at four times its highest budget, is trained after the fit is made of the rungs alone, and shows how far such a law carries.

A tiny vocabulary still makes up a good part of so small a model, and its look-up is no product: parameters are counted whole, as Chinchilla counts them, and C = 6 N D.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from puna.files import read_json
from puna.plan.estimate import Estimate
from puna.plan.fits import ParametricFit, fit_parametric
from puna.plan.laws.law import Law, estimate
from puna.plan.points import FLOPS_PER_PARAM_TOKEN, points
from puna.progress import Progress
from puna.recipe.raising import raise_recipe
from puna.recipe.schema import Recipe, parse_recipe
from puna.recipe.stages.evaluate import RESULTS
from puna.recipe.training import ModelShape

BUDGETS = (1.5e11, 4e11, 1e12)
ABOVE = 4.0
VOCABULARY, WINDOW, WINDOWS = 512, 256, 4
# Width and layers of each rung, the larger budgets' models larger.
SHAPES = ((16, 2), (24, 2), (32, 2), (48, 2), (64, 2), (64, 3), (96, 3))
RUNGS = 5
HIGHEST = "above"
# Of `table`.
HEADS = ("stage", "params", "tokens", "per param", "FLOPs", "loss", "by the law")


@dataclass(frozen=True)
class Rung:
    """One model: its stage, shape, and what it is trained on. `compute` is 6 N D."""

    stage: str
    shape: ModelShape
    params: int
    tokens: int

    @property
    def compute(self) -> float:
        return FLOPS_PER_PARAM_TOKEN * self.params * self.tokens


@dataclass(frozen=True)
class Climbed:
    """What a ladder gave: each rung with its loss, the fit of all but the highest, and what it foretold of that one against what was measured.

    `curves` are how each stage's model learnt, as report.json has them.
    """

    rungs: tuple[tuple[Rung, float], ...]
    fit: ParametricFit
    foretold: Estimate | float
    measured: float
    directory: Path
    curves: Mapping[str, Mapping[str, Any]]

    @property
    def highest(self) -> tuple[Rung, float]:
        return self.rungs[-1]

    @property
    def error(self) -> float:
        """Return the share by which the foretold loss is off."""
        value = self.foretold.value if isinstance(self.foretold, Estimate) else self.foretold
        return value / self.measured - 1

    def figures(self) -> dict[str, Any]:
        """Return what `puna plan ladder --json` prints."""
        return {
            "rungs": [
                {"stage": rung.stage, "params": rung.params, "tokens": rung.tokens, "compute": rung.compute, "loss": loss}
                for rung, loss in self.rungs
            ],
            "fit": self.fit.figures(), "foretold_loss": self.foretold, "measured_loss": self.measured, "error": self.error, "directory": str(self.directory),
        }  # fmt: skip


def climb(out: Path, *, seed: int = 1, scale: float = 1.0, progress: Progress | None = None) -> Climbed:
    """Train the ladder into the run directory `out` and fit it. `scale` multiplies every budget. Raises `PunaError`; the same call resumes."""
    ladder = [*rungs(scale), highest(scale)]
    raised = raise_recipe(recipe(ladder, seed=seed), out, progress=progress)
    models = read_json(raised.stages["evaluate"].directory / RESULTS)["bits_per_byte"]["models"]
    measured = [(rung, float(models[rung.stage]["value"])) for rung in ladder]
    below = measured[:-1]
    runs = points(
        params=[rung.params for rung, _ in below], tokens=[rung.tokens for rung, _ in below], loss=[loss for _, loss in below], source="the ladder"
    )  # fmt: skip
    fit = fit_parametric(runs, name="ladder", counting="all parameters, embeddings included", seed=seed)
    return Climbed(tuple(measured), fit, _foretold(fit.law, ladder[-1]), measured[-1][1], out, raised.report["curves"])


def rungs(scale: float = 1.0) -> list[Rung]:
    """Return the ladder's models: at each budget, `RUNGS` neighbouring shapes, the larger budgets' further up."""
    return [
        _rung(f"rung_{i}_{j}", shape, scale * budget) for i, budget in enumerate(BUDGETS) for j, shape in enumerate(SHAPES[i : i + RUNGS])
    ]


def by_budget(climbed: Climbed) -> list[Sequence[tuple[Rung, float]]]:
    """Return the rungs below the highest with their losses, budget by budget."""
    below = climbed.rungs[:-1]
    return [below[start : start + RUNGS] for start in range(0, len(below), RUNGS)]


def highest(scale: float = 1.0) -> Rung:
    """Return the model above the ladder, of the size that is the middle one at its budget."""
    return _rung(HIGHEST, SHAPES[-2], scale * ABOVE * BUDGETS[-1])


def recipe(ladder: list[Rung], *, seed: int) -> Recipe:
    """Return the recipe that trains every model of a ladder on the same text and measures all on the same held-out documents."""
    from puna.recipe import stages

    longest = max(rung.tokens for rung in ladder)
    # About two characters a token with so small a vocabulary: the longest training reads its text less than twice.
    made: dict[str, dict[str, Any]] = {
        "corpus": {
            "characters": max(400_000, int(1.5 * longest)),
            "world": {"people": 16, "values": 6, "repertoire": 6, "junk": 0, "html": 0},
        },
        "tokenizer": {"vocab_size": VOCABULARY, "num_special": 16},
        **dict(_stage(rung) for rung in ladder),
        "evaluate": {"inputs": [rung.stage for rung in ladder], "questions": 1, "ngram_orders": [3]},
    }
    return parse_recipe(
        {"name": "ladder", "description": "Tiny models at rising budgets.", "seed": seed, "stages": made}, stages.KINDS, where="ladder"
    )


def _stage(rung: Rung) -> tuple[str, dict[str, Any]]:
    settings = {
        "kind": "pretrain", "inputs": ["corpus", "tokenizer"], "tokens": rung.tokens, "window": WINDOW, "batch_windows": WINDOWS, "lr": 4.0e-3,
        "schedule": "linear", "model": rung.shape.model_dump(exclude_none=True),
    }  # fmt: skip
    return rung.stage, settings


def _rung(stage: str, size: tuple[int, int], compute: float) -> Rung:
    dim, layers = size
    shape = ModelShape(dim=dim, num_layers=layers, num_heads=2 if dim < 48 else 4, num_kv_heads=2, ffn_dim=5 * dim // 2, tied=True)
    params = shape.config(vocab_size=VOCABULARY, window=WINDOW).num_params
    step = WINDOW * WINDOWS
    return Rung(stage, shape, params, max(1, round(compute / FLOPS_PER_PARAM_TOKEN / params / step)) * step)


def _foretold(law: Law, rung: Rung) -> Estimate | float:
    found = estimate(law, lambda other: other.loss(rung.params, rung.tokens))
    assert found is not None
    return found


def table(climbed: Climbed) -> Iterator[tuple[str, ...]]:
    """Yield a row a model: parameters, tokens, tokens a parameter, FLOPs, the loss that was measured and the law's."""
    for rung, loss in climbed.rungs:
        fitted = climbed.fit.law.loss(rung.params, rung.tokens)
        yield (
            rung.stage,
            f"{rung.params:,}",
            f"{rung.tokens:,}",
            f"{rung.tokens / rung.params:,.0f}",
            f"{rung.compute:.2g}",
            f"{loss:.3f}",
            f"{fitted:.3f}",
        )
