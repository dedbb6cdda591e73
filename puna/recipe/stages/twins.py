"""Twins: which stages of a recipe are set against each other for which claim, in what they may differ, and what each side measures.

A comparison says something of one difference only where there is no other, so twins may differ in what their claim is about and in nothing else; that is checked before anything runs.

Both sides meet the same held-out documents. One stage against one gives an interval over documents: it holds for these two models. Three or more a side, each pair with
its seed, give an interval over seeds, which says whether another training would show the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean
from typing import TYPE_CHECKING, Any, Self

from pydantic import Field, model_validator

from puna.recipe import manifest
from puna.recipe.kind import Maker
from puna.seeds import seed_of
from puna.settings import Settings, nearest
from puna.train.settings import FREE

if TYPE_CHECKING:
    from puna.engine.engine import Engine
    from puna.evals.likelihood import DocumentBits
    from puna.records import Document

Names = tuple[str, ...]


class Versus(Settings):
    """The stages whose models are on the claim's side, and those of the control that could win: one each, or as many pairs as seeds."""

    model: str | Names
    control: str | Names

    @model_validator(mode="after")
    def _are_pairs(self) -> Self:
        if len(self.models) != len(self.controls):
            raise ValueError(f"{len(self.models)} models against {len(self.controls)} controls; give as many of each")
        if len(self.models) not in (1, *range(3, 1000)):
            raise ValueError(f"an interval over seeds needs at least 3 of each (got {len(self.models)}); give one or at least three")
        return self

    @property
    def models(self) -> Names:
        return (self.model,) if isinstance(self.model, str) else self.model

    @property
    def controls(self) -> Names:
        return (self.control,) if isinstance(self.control, str) else self.control


class NotWorse(Versus):
    """A claim that something costs next to nothing: the loss may be `margin` of the control's bits per byte."""

    margin: float = Field(default=0.02, gt=0, lt=1, description="share of the control's bits per byte that may be lost")


class TuningControl(Settings):
    """The stage that was tuned like the model, but from random weights."""

    control: str


class ClaimSettings(Settings):
    """The claims that need models of their own, each by what is compared; the others are tested without being asked for."""

    vocabulary: Versus | None = Field(default=None, description="the larger vocabulary against the smaller, with equal training compute")
    grouped_queries: NotWorse | None = Field(default=None, description="grouped queries against as many key-value heads as heads")
    tokens: NotWorse | None = Field(default=None, description="a smaller model, trained longer, against a larger one at Chinchilla's ratio")
    filtering: Versus | None = Field(default=None, description="trained on what the parent kept, against unfiltered text")
    tuning: TuningControl | None = Field(default=None, description="the same tuning from random weights")

    @property
    def pairs(self) -> dict[str, Versus]:
        """Return the claims that compare bits per byte, by their names."""
        found = {name: getattr(self, name) for name in type(self).model_fields}
        return {name: value for name, value in found.items() if isinstance(value, Versus)}

    def check(self, makers: Sequence[Maker], documents: Sequence[Maker]) -> None:
        """Raise `ValueError` where a claim names a stage that makes no model before the evaluation, or stages that are no twins.

        `makers` are the stages before that make models, `documents` those that make documents.
        """
        known = {maker.stage: maker for maker in makers}
        named = {name: (*pair.models, *pair.controls) for name, pair in self.pairs.items()}
        if self.tuning:
            named["tuning"] = (self.tuning.control,)
        for claim, stages in named.items():
            unknown = next((stage for stage in stages if stage not in known), None)
            if unknown is not None:
                raise ValueError(f"'claims.{claim}' names '{unknown}', which is no model before this stage{nearest(unknown, list(known))}")
        for claim, pair in self.pairs.items():
            _check_twins(claim, [known[stage] for stage in pair.models], [known[stage] for stage in pair.controls])
        if self.filtering:
            _check_filtered(self.filtering, known, documents)
        if self.tuning and not getattr(known[self.tuning.control].settings, "random_weights", False):
            raise ValueError(
                f"'claims.tuning' names '{self.tuning.control}', which was not tuned from random weights; set its random_weights"
            )


# What the twins of each claim may differ in: settings, by their keys, and whether also their inputs.
MAY_DIFFER: Mapping[str, tuple[frozenset[str], bool]] = {
    "vocabulary": (frozenset({"tokens", "steps"}), True),
    "grouped_queries": (frozenset({"model.num_kv_heads", "model.ffn_dim"}), False),
    "tokens": (
        frozenset(
            {"tokens", "steps", *(f"model.{key}" for key in ("dim", "num_layers", "num_heads", "num_kv_heads", "head_dim", "ffn_dim"))}
        ),
        False,
    ),
    "filtering": (frozenset(), True),
}


def _check_twins(claim: str, models: Sequence[Maker], controls: Sequence[Maker]) -> None:
    """Refuse sides that differ in more than their claim is about, and several trainings that are not several."""
    stages = [maker.stage for maker in (*models, *controls)]
    if len(set(stages)) < len(stages):
        raise ValueError(f"'claims.{claim}' names a stage twice ({', '.join(stages)}); each side needs trainings of its own")
    for side in (models, controls):
        _check_seeds(claim, side)
    allowed, inputs_may_differ = MAY_DIFFER[claim]
    for model, control in zip(models, controls, strict=True):
        differing = _differing(model, control) - allowed - (frozenset({"inputs"}) if inputs_may_differ else frozenset())
        if differing:
            may = ", ".join(sorted([*allowed, *(["inputs"] if inputs_may_differ else [])]))
            raise ValueError(
                f"'claims.{claim}' sets '{model.stage}' against '{control.stage}', which differ in {', '.join(sorted(differing))}; twins may differ in {may} alone"
            )


def _check_seeds(claim: str, side: Sequence[Maker]) -> None:
    seeds = [maker.settings.seed for maker in side]
    if len(set(seeds)) < len(seeds):
        raise ValueError(
            f"'claims.{claim}' needs another seed for each of {', '.join(maker.stage for maker in side)} (got {', '.join(map(str, seeds))})"
        )
    for other in side[1:]:
        more = _differing(side[0], other) - {"seed"}
        if more:
            raise ValueError(
                f"'claims.{claim}' takes '{side[0].stage}' and '{other.stage}' for seeds of one training, but they differ in {', '.join(sorted(more))}"
            )


def _check_filtered(pair: Versus, known: Mapping[str, Maker], documents: Sequence[Maker]) -> None:
    """Refuse a comparison whose model did not read what a parent chose, or whose control did."""
    chosen = {maker.stage for maker in documents if getattr(maker.settings, "keep", 1) < 1}
    for stages, wanted in ((pair.models, True), (pair.controls, False)):
        wrong = next((stage for stage in stages if bool(chosen & set(known[stage].inputs)) != wanted), None)
        if wrong is not None:
            what = "did not read what a parent chose" if wanted else "read what a parent chose too"
            raise ValueError(
                f"'claims.filtering': '{wrong}' {what}; its model has a filter stage with keep below 1 among its inputs, and its control none"
            )


def _differing(one: Maker, other: Maker) -> set[str]:
    """Return what two trainings differ in: keys of their settings that reach the weights, `inputs`, and `kind`."""
    first, second = (dict(_flat(maker.settings.model_dump(mode="json", exclude=set(FREE)))) for maker in (one, other))
    found = {key for key in first.keys() | second.keys() if first.get(key) != second.get(key)}
    return found | {name for name in ("inputs", "kind") if getattr(one, name) != getattr(other, name)}


def _flat(values: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{key}.")
        else:
            yield before + key, value


def costs(maker: Maker, engine: Engine, documents: Sequence[Document]) -> dict[str, Any]:
    """Return what one trained model is and costs: sizes, training FLOPs, and serving by the character."""
    from puna.evals.serving import cache_bytes, characters_per_token, forward_flops

    config, figures = engine.model.config, manifest.read(maker.directory).figures
    tokens = figures["tokens"]
    window, characters = maker.settings.window, characters_per_token(engine.tokenizer, documents)
    allocated = cache_bytes(config, tokens=window)
    return {
        "parameters": config.num_params, "vocab_size": config.vocab_size, "heads": config.num_heads, "kv_heads": config.num_kv_heads,
        "tokens": tokens, "tokens_per_parameter": tokens / config.num_params, "training_flops": figures["flops"],
        "inference_flops_per_token": forward_flops(config, context=window), "characters_per_token": round(characters, 4),
        "cache_bytes": allocated, "cache_tokens": window, "cache_bytes_per_character": allocated / window / characters,
    }  # fmt: skip


def compare(pair: Versus, bits: Mapping[str, DocumentBits], models: Mapping[str, Mapping[str, Any]], *, seed: int) -> dict[str, Any]:
    """Return both sides' bits per byte and costs (means over seeds), and `gain`, the control's bits per byte less the model's."""
    from puna.evals.statistics import over_seeds, paired_ratio_difference

    each = [(bits[model], bits[control]) for model, control in zip(pair.models, pair.controls, strict=True)]
    if len(each) == 1:
        (mine, other) = each[0]
        over = f"{len(mine.bits)} held-out documents"
        gain = paired_ratio_difference(other.bits, mine.bits, mine.num_bytes, over=over, seed=seed)
    else:
        gain = over_seeds([float((other.bits.sum() - mine.bits.sum()) / mine.num_bytes.sum()) for mine, other in each])
    margin = {"margin": pair.margin} if isinstance(pair, NotWorse) else {}
    sides = {"model": _side(pair.models, bits, models, seed), "control": _side(pair.controls, bits, models, seed)}
    return {**sides, "gain": gain.to_json(), **margin}


def _side(stages: Names, bits: Mapping[str, DocumentBits], models: Mapping[str, Mapping[str, Any]], seed: int) -> dict[str, Any]:
    from puna.evals.statistics import over_seeds

    if len(stages) == 1:
        measured = bits[stages[0]].per_byte(seed=seed_of(seed, "side"))
    else:
        measured = over_seeds([float(bits[stage].bits.sum() / bits[stage].num_bytes.sum()) for stage in stages])
    means = {name: fmean(models[stage][name] for stage in stages) for name in models[stages[0]]}
    return {"stages": list(stages), "bits_per_byte": measured.to_json(), **means}
