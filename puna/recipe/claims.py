"""Claims: what a run sets out to show, the control that could have won, and whether it held.

A claim that cannot fail is no claim. Each here compares the model with a control trained or chosen on the same data, item by item, and holds only where the whole
95 % interval of the difference lies on its side. One that fails is shown as failing; one that this run cannot test is left out with the reason.

What is compared model against model (a larger vocabulary, fewer key-value heads, longer training, filtered text) needs twins that differ in one thing alone: where they
turn out to differ in more, the claim is left out with that reason. The interval of one pair is over held-out documents: it is about these two models, not about
luck in training. Several pairs give an interval over seeds.

Llama 3 has the same habit: every choice of its data and its shape was settled by an experiment with a control (arXiv 2407.21783, sections 3.1 and 3.2).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from puna.evals.statistics import Measured
from puna.recipe.stages.evaluate import CHAT, TEXT

Results = Mapping[str, Any]
Rows = tuple[tuple[str, float | str], ...]
# What counts as equal compute, parameters or tokens: tokens come in whole steps and widths in whole heads.
EQUAL = 0.03
# Tokens a parameter at which a training budget gives the least loss (arXiv 2203.15556, table 3), and what is near and what well past it.
CHINCHILLA, NEAR, PAST = 20, (14.0, 28.0), 30


@dataclass(frozen=True)
class Side:
    """One side of a claim by itself: the model, or a control."""

    name: str
    measured: Measured


@dataclass(frozen=True)
class Claim:
    """`measured` is the difference between the model and the control, positive in the claim's favour, in `unit`; `sides` are what was compared.

    `rows` are further figures to show beside, by name.
    """

    id: str
    claim: str
    control: str
    measured: Measured
    unit: str
    sides: tuple[Side, ...]
    holds: bool
    rows: Rows = ()

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class LeftOut:
    """What this run cannot show, and why."""

    what: str
    reason: str

    def to_json(self) -> dict[str, str]:
        return asdict(self)


def judge(results: Results) -> tuple[list[Claim], list[LeftOut]]:
    """Return every claim that the evaluation's `results` can test, and those that they cannot."""
    compared = results.get("comparisons", {})
    found = [*(rule(results) for rule in RULES), *(COMPARED[name](sides) for name, sides in compared.items()), *_orders_left_out(results)]
    return [item for item in found if isinstance(item, Claim)], [item for item in found if isinstance(item, LeftOut)]


def learns_language(results: Results) -> Claim | LeftOut:
    """Pre-training must beat counting: an n-gram model has seen the same tokens and knows nothing beyond a few words back."""
    text = results["bits_per_byte"]
    gain = Measured(**text["gain"])
    sides = (Side("pre-trained model", Measured(**text["models"][text["base"]])), Side(text["control_name"], Measured(**text["control"])))
    claim = "Pre-training learns more of the language than counting does: fewer bits per byte of held-out text"
    control = f"a {text['control_name']} of the same training text"
    return Claim("pretraining-beats-counting", claim, control, gain, "bits per byte", sides, gain.low > 0)


def tuning_lets_it_answer(results: Results) -> Claim | LeftOut:
    """Tuning teaches to answer in chat; what the answers are was learnt before. So it is asked about facts that no dialog told.

    The untuned model is asked in the same chat. Asked as text to complete, it may well know as much: that side is shown, for it is where the knowledge is from.
    """
    what = "After tuning on dialogs, the model answers in chat what it learnt before"
    claim = f"{what}: exact answers about facts that no dialog told"
    return _tuned(results, "facts", "tuning-lets-it-answer", what=what, claim=claim)


def tuning_lets_it_calculate(results: Results) -> Claim | LeftOut:
    """Whoever has learnt to add beats always giving the commonest answer, on sums that no text and no dialog held."""
    what = "After tuning on dialogs, the model calculates"
    claim = f"{what}: exact answers to sums that neither text nor dialogs held"
    return _tuned(results, "sums", "tuning-lets-it-calculate", what=what, claim=claim)


def _tuned(results: Results, task: str, name: str, *, what: str, claim: str) -> Claim | LeftOut:
    """Judge a claim about the tuned model's answers: it has to beat every control, and the difference shown is to the one it beats least surely."""
    found = _answered(results, task, what)
    if isinstance(found, LeftOut):
        return found
    gains = {control: Measured(**gain) for control, gain in found["gains"].items()}
    hardest = min(gains, key=lambda control: gains[control].low)
    models, tuned, base = found["models"], found["tuned"], found["base"]
    sides = {"tuned model, in chat": models[f"{tuned}, {CHAT}"], **found["controls"]}
    if base != tuned and f"{base}, {TEXT}" in models:
        sides["untuned model, as text"] = models[f"{base}, {TEXT}"]
    control = f"the {' and the '.join(gains)}; the difference is to the {hardest}"
    shown = tuple(Side(side, Measured(**value)) for side, value in sides.items())
    stops = found.get("stops", {}).get(f"{tuned}, {CHAT}")
    rows: Rows = (("answers that end by themselves", stops["value"]),) if stops else ()
    return Claim(name, claim, control, gains[hardest], "share of exact answers", shown, _all_positive(gains.values()), rows)


def _answered(results: Results, task: str, what: str) -> Mapping[str, Any] | LeftOut:
    """Return a task's figures, or why `what` cannot be said of this run."""
    found: Mapping[str, Any] | None = results["questions"].get(task)
    if found is None:
        return LeftOut(what, results["no_questions"])
    return LeftOut(what, "no model of this run was tuned on dialogs") if found["tuned"] is None else found


def _orders_left_out(results: Results) -> list[LeftOut]:
    """Say which n-gram models were asked for as controls and could not be: the control that is shown may not be the best."""
    text = results["bits_per_byte"]
    if not text["orders_left_out"]:
        return []
    names = ", ".join(f"{order}-gram model" for order in text["orders_left_out"])
    return [LeftOut(f"Controls ({names})", f"with this vocabulary an n-gram of at most {text['longest_order']} tokens can be counted")]


def _all_positive(gains: Iterable[Measured]) -> bool:
    return all(gain.low > 0 for gain in gains)


RULES: tuple[Callable[[Results], Claim | LeftOut], ...] = (learns_language, tuning_lets_it_answer, tuning_lets_it_calculate)


def vocabulary_pays(compared: Results) -> Claim | LeftOut:
    """A larger vocabulary costs more a token and needs fewer of them (arXiv 2407.21783, section 3.2): compute decides, not tokens."""
    claim = "With equal training compute a larger vocabulary predicts the same text better: fewer bits per byte"
    mine, other = compared["model"], compared["control"]
    if mine["vocab_size"] <= other["vocab_size"]:
        return LeftOut(
            claim, f"its model has no larger vocabulary than its control ({mine['vocab_size']:,.0f} and {other['vocab_size']:,.0f})"
        )
    unequal = _unequal(compared, "training_flops", "training compute")
    names = [f"vocabulary of {side['vocab_size']:,.0f}" for side in (mine, other)]
    rows = (
        *_both(names, compared, "characters per token", "characters_per_token"),
        *_both(names, compared, "bytes of cache a character", "cache_bytes_per_character"),
        *_both(names, compared, "training tokens", "tokens"),
    )
    control = f"the same layers with a {names[1]}, trained with as much compute"
    if unequal:
        return LeftOut(claim, unequal)
    return _better("vocabulary", claim, control, compared, names, rows)


def grouped_queries_cost_little(compared: Results) -> Claim | LeftOut:
    """Grouped queries share keys and values among heads (arXiv 2305.13245); the parameters that this frees went into the feed-forward layers."""
    margin, mine, other = compared["margin"], compared["model"], compared["control"]
    claim = f"Grouped queries cost less than {margin:.0%} of the bits per byte for the bytes of cache that they save"
    if mine["cache_bytes"] >= other["cache_bytes"]:
        return LeftOut(claim, "its model allocates no less cache than its control")
    unequal = _unequal(compared, "parameters", "parameters") or _unequal(compared, "tokens", "training tokens")
    names = [
        f"{side['kv_heads']:.0f} key-value head{'' if side['kv_heads'] == 1 else 's'} for {side['heads']:.0f}" for side in (mine, other)
    ]
    rows = (
        *_both(names, compared, f"bytes of cache allocated for {mine['cache_tokens']:.0f} tokens", "cache_bytes"),
        ("times less cache", other["cache_bytes"] / mine["cache_bytes"]),
        ("bits per byte lost", -compared["gain"]["value"]),
        *_both(names, compared, "parameters", "parameters"),
    )
    control = "a twin with as many key-value heads as heads, of as many parameters, trained on the same tokens"
    if unequal:
        return LeftOut(claim, unequal)
    return _not_worse("grouped-queries", claim, control, compared, names, rows)


def tokens_pay(compared: Results) -> Claim | LeftOut:
    """Past Chinchilla's ratio training is no longer the cheapest way to a loss, but each token served is cheaper for ever after (arXiv 2407.21783, section 3.2.1)."""
    margin, mine, other = compared["margin"], compared["model"], compared["control"]
    claim = f"A smaller model trained past Chinchilla's ratio is as good as a larger one at it, within {margin:.0%} of the bits per byte, and cheaper to serve"
    ratios = [side["tokens_per_parameter"] for side in (mine, other)]
    if mine["inference_flops_per_token"] >= other["inference_flops_per_token"]:
        return LeftOut(claim, "its model is no cheaper to serve than its control")
    if ratios[0] < PAST or not NEAR[0] <= ratios[1] <= NEAR[1]:
        wanted = f"it needs more than {PAST} for the smaller and about {CHINCHILLA} for the larger"
        return LeftOut(claim, f"the models were trained on {ratios[0]:.0f} and {ratios[1]:.0f} tokens a parameter; {wanted}")
    names = [f"{side['parameters']:,.0f} parameters, {side['tokens_per_parameter']:.0f} tokens each" for side in (mine, other)]
    rows = (
        *_both(names, compared, "training FLOPs", "training_flops"),
        *_both(names, compared, "inference FLOPs a token", "inference_flops_per_token"),
        ("served tokens from which the smaller is cheaper in all", break_even(mine, other)),
    )
    control = f"a larger model trained at Chinchilla's ratio, about {CHINCHILLA} tokens a parameter"
    return _not_worse("tokens", claim, control, compared, names, rows)


def break_even(mine: Results, other: Results) -> float:
    """Return the served tokens (of the smaller model) after which its training and serving together took fewer FLOPs; 0 where its training did."""
    a_character = [side["inference_flops_per_token"] / side["characters_per_token"] for side in (mine, other)]
    characters = (mine["training_flops"] - other["training_flops"]) / (a_character[1] - a_character[0])
    return float(max(0.0, characters / mine["characters_per_token"]))


def filtering_pays(compared: Results) -> Claim | LeftOut:
    """What the parent found strange was left out (see `stages/filter.py`); the control reads everything, and as many tokens."""
    claim = "Text that the parent filtered teaches more than the same number of unfiltered tokens: fewer bits per byte of good text"
    unequal = _unequal(compared, "tokens", "training tokens")
    names = ["trained on what the parent kept", "trained on everything"]
    control = "the same model trained on as many unfiltered tokens"
    rows = _both(names, compared, "training tokens", "tokens")
    if unequal:
        return LeftOut(claim, unequal)
    return _better("filtering", claim, control, compared, names, rows)


def _better(name: str, claim: str, control: str, compared: Results, names: Sequence[str], rows: Rows) -> Claim:
    gain = Measured(**compared["gain"])
    return Claim(name, claim, control, gain, "bits per byte", _sides(compared, names), gain.low > 0, rows)


def _not_worse(name: str, claim: str, control: str, compared: Results, names: Sequence[str], rows: Rows) -> Claim:
    """Judge by what is left of the allowed loss, so that here too more than nothing is in the claim's favour."""
    allowed, gain = compared["margin"] * compared["control"]["bits_per_byte"]["value"], Measured(**compared["gain"])
    left = Measured(gain.value + allowed, gain.low + allowed, gain.high + allowed, gain.over)
    unit = f"bits per byte left of the {allowed:.3f} that may be lost"
    return Claim(name, claim, control, left, unit, _sides(compared, names), left.low > 0, rows)


def _sides(compared: Results, names: Sequence[str]) -> tuple[Side, ...]:
    return tuple(Side(name, Measured(**compared[side]["bits_per_byte"])) for name, side in zip(names, ("model", "control"), strict=True))


def _both(names: Sequence[str], compared: Results, what: str, key: str) -> Rows:
    return tuple((f"{what}: {name}", compared[side][key]) for name, side in zip(names, ("model", "control"), strict=True))


def _unequal(compared: Results, key: str, what: str) -> str | None:
    """Return why the sides cannot be compared where they differ in what should be equal."""
    mine, other = compared["model"][key], compared["control"][key]
    if abs(mine - other) <= EQUAL * other:
        return None
    return f"its model and its control differ in {what} ({mine:,.4g} and {other:,.4g}, more than {EQUAL:.0%})"


COMPARED: Mapping[str, Callable[[Results], Claim | LeftOut]] = {
    "vocabulary": vocabulary_pays,
    "grouped_queries": grouped_queries_cost_little,
    "tokens": tokens_pay,
    "filtering": filtering_pays,
}
