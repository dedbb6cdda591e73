"""Claims: what a run sets out to show, the control that could have won, and whether it held.

A claim that cannot fail is no claim. Each here compares the model with a control trained or chosen on the same data, item by item, and holds only where the whole
95 % interval of the difference lies on its side. One that fails is shown as failing; one that this run cannot test is left out with the reason.

Llama 3 has the same habit: every choice of its data and its shape was settled by an experiment with a control (arXiv 2407.21783, sections 3.1 and 3.2).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from puna.evals.statistics import Measured
from puna.recipe.stages.evaluate import CHAT, COMMONEST, TEXT

Results = Mapping[str, Any]


@dataclass(frozen=True)
class Side:
    """One side of a claim by itself: the model, or a control."""

    name: str
    measured: Measured


@dataclass(frozen=True)
class Claim:
    """`measured` is the difference between the model and the control, positive in the claim's favour, in `unit`; `sides` are what was compared."""

    id: str
    claim: str
    control: str
    measured: Measured
    unit: str
    sides: tuple[Side, ...]
    holds: bool

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
    found = [*(rule(results) for rule in RULES), *_orders_left_out(results)]
    return [item for item in found if isinstance(item, Claim)], [item for item in found if isinstance(item, LeftOut)]


def learns_language(results: Results) -> Claim | LeftOut:
    """Pre-training must beat counting: an n-gram model has seen the same tokens and knows nothing beyond a few words back."""
    text = results["bits_per_byte"]
    gain = Measured(**text["gain"])
    sides = (Side("pre-trained model", Measured(**text["models"][text["base"]])), Side(text["control_name"], Measured(**text["control"])))
    claim = "Pre-training learns more of the language than counting does: fewer bits per byte of held-out text"
    control = f"a {text['control_name']} of the same training tokens"
    return Claim("pretraining-beats-counting", claim, control, gain, "bits per byte", sides, gain.low > 0)


def tuning_lets_it_answer(results: Results) -> Claim | LeftOut:
    """Tuning teaches to answer in chat; what the answers are was learnt before. So it is asked about facts that no dialog told.

    The untuned model is asked in the same chat. Asked as text to complete, it may well know as much: that side is shown, for it is where the knowledge is from.
    """
    what = "After tuning on dialogs, the model answers in chat what it learnt before"
    facts = _answered(results, "facts", what)
    if isinstance(facts, LeftOut):
        return facts
    gains = {name: Measured(**gain) for name, gain in facts["gains"].items()}
    hardest = min(gains, key=lambda name: gains[name].low)
    models, tuned, base = facts["models"], facts["tuned"], facts["base"]
    sides = {"tuned model, in chat": models[f"{tuned}, {CHAT}"], **facts["controls"]}
    if base != tuned:
        sides["untuned model, as text"] = models[f"{base}, {TEXT}"]
    claim = f"{what}: exact answers about facts that no dialog told"
    control = f"the {' and the '.join(gains)}; the difference is to the {hardest}"
    shown = tuple(Side(name, Measured(**value)) for name, value in sides.items())
    return Claim("tuning-lets-it-answer", claim, control, gains[hardest], "share of exact answers", shown, _all_positive(gains.values()))


def tuning_lets_it_calculate(results: Results) -> Claim | LeftOut:
    """Whoever has learnt to add beats always giving the commonest answer, on sums that no text and no dialog held."""
    what = "After tuning on dialogs, the model calculates"
    sums = _answered(results, "sums", what)
    if isinstance(sums, LeftOut):
        return sums
    gain = Measured(**sums["gains"][COMMONEST])
    mine = Side("tuned model, in chat", Measured(**sums["models"][f"{sums['tuned']}, {CHAT}"]))
    sides = (mine, Side(COMMONEST, Measured(**sums["controls"][COMMONEST])))
    claim = f"{what}: exact answers to sums that neither text nor dialogs held"
    return Claim("tuning-lets-it-calculate", claim, f"the {COMMONEST}", gain, "share of exact answers", sides, gain.low > 0)


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
