"""The 405B plan lands where Meta did, for reasons that can be moved one at a time."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from puna.commands import app
from puna.errors import ConfigError
from puna.model.config import LlamaConfig
from puna.plan.laws import catalogue
from puna.plan.repetition import repeated_optimum
from puna.plan.shapes import Cut, shapes
from puna.plan.sizing import decision as decision_room
from puna.plan.sizing import flip as flip_room
from puna.plan.sizing.candidates import reaching
from puna.plan.sizing.decision import decide
from puna.plan.sizing.living import Living
from puna.plan.sizing.page import page
from puna.plan.sizing.plan_file import PlanFile
from puna.plan.valley import Valley, reached

PLANS = Path(__file__).parents[2] / "recipes" / "plans"


def decision(*overrides, plan="llama3-405b"):
    return decide(PlanFile.read(PLANS / f"{plan}.yaml", overrides))


def size_of(found):
    return found.recommended.candidate.params


def test_what_meta_had_lands_on_405b():
    found = decision()
    best = found.recommended.candidate
    assert best.params == pytest.approx(405e9, rel=0.05)
    assert best.tokens == pytest.approx(15.6e12, rel=0.05)
    assert (best.shape.num_layers, best.shape.dim, best.shape.ffn_dim) == (126, 16_384, 53_248)
    assert found.binding == ()
    assert found.compute == pytest.approx(3.8e25, rel=0.01)


def test_the_law_alone_says_393b_with_a_wide_interval_and_the_round_shape_costs_two_ten_thousandths():
    found = decision()
    assert found.optimum.params == pytest.approx(393e9, rel=0.01)
    assert found.optimum.tokens == pytest.approx(16.1e12, rel=0.01)
    assert found.params.low < 350e9
    assert found.params.high > 600e9
    surface = next(one for one in found.against if one.law == "llama3-surface")
    assert surface.excess.value == pytest.approx(0.0002, abs=0.00006)
    assert all(
        one.excess.low <= one.excess.value <= one.excess.high and one.compute_wasted.low < one.compute_wasted.high for one in found.against
    )


def test_half_of_the_budget_buys_about_285b():
    assert size_of(decision("budget.days=39.2")) == pytest.approx(285e9, rel=0.03)


def test_serving_in_bf16_on_that_node_binds_below_288b():
    found = decision("serving.format=bf16")
    assert 0.9 * 288e9 < size_of(found) <= 288e9
    assert found.binding == ("serving memory",)
    assert found.recommended.checks[0].slack < 0.02


def test_a_larger_node_changes_nothing():
    assert size_of(decision("serving.device=16xh100")) == size_of(decision()) == size_of(decision("serving.device=8xh200"))


def test_beyond_the_printed_demand_the_answer_is_a_smaller_model_and_below_it_is_not():
    free = decision()
    flip = free.flip
    assert flip is not None
    demand = flip.tokens.value
    assert flip.candidate.params <= 0.9 * size_of(free)
    # One served token moves nothing, the answer falls as the demand rises, and at the flip it is the printed one.
    sizes = [size_of(decision(f"serving.tokens={tokens!r}")) for tokens in (1, 0.9 * demand, 1.01 * demand, 4 * demand, 40 * demand)]
    assert sizes[0] == size_of(free)
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[1] > 0.9 * size_of(free)
    assert sizes[2] == flip.candidate.params
    mine, other = free.recommended.candidate, flip.candidate
    # As good, and cheaper in all.
    assert other.loss == pytest.approx(mine.loss)
    lives = [one.train_cost + free.living.serving(one.shape) * 1.01 * demand for one in (mine, other)]
    assert lives[0] > lives[1]
    # Hours of the training GPU, which is the serving one: a served token of the smaller model costs less, and none is free.
    assert free.living.unit == "h100 hours"
    assert 0 < free.living.serving(other.shape) < free.living.serving(mine.shape)


def test_a_format_and_a_device_change_what_a_life_costs():
    fp8, bf16 = decision("serving.tokens=1e12"), decision("serving.tokens=1e12", "serving.format=bf16", "serving.device=16xh100")
    shape = fp8.recommended.candidate.shape
    assert bf16.living.serving(shape) > 1.3 * fp8.living.serving(shape)
    dear = decision("serving.tokens=1e12", "serving.device=8xb200")
    assert dear.living.unit == fp8.living.unit
    best = fp8.recommended.candidate
    assert best.lifetime_dollars == pytest.approx(2.5 * (best.gpu_hours + 1e12 * fp8.living.serving(best.shape)))
    assert best.days == pytest.approx(best.gpu_hours / 24 / 16_384)


def test_the_flip_and_the_answer_are_where_the_issue_has_them():
    found, larger = decision(), decision("serving.device=16xh100")
    assert found.flip.tokens.value == pytest.approx(4.5e12, rel=0.05)
    # Sixteen GPUs hold two copies, so a served token costs what it costs on eight.
    assert larger.flip.tokens.value == pytest.approx(found.flip.tokens.value)


def test_a_model_is_served_on_as_many_of_the_chips_as_make_a_token_cheapest():
    living = decision().living
    small, large = (LlamaConfig(vocab_size=128_256, dim=dim, num_layers=layers, num_heads=dim // 128, num_kv_heads=8, head_dim=128, ffn_dim=ffn, max_positions=131_072)
                    for dim, layers, ffn in ((4096, 32, 14_336), (16_384, 126, 53_248)))  # fmt: skip
    assert [place.name for place, _ in living.places(small)] == ["h100", "2xh100", "4xh100", "8xh100"]
    assert [place.name for place, _ in living.places(large)] == ["8xh100"]
    # Eight GPUs that share a small model wait for one another: on one, a token costs less.
    alone = Living(living.budget, living.demand.model_copy(update={"device": "h100"}))
    assert living.serving(small) == alone.serving(small)
    assert alone.serving(large) == math.inf
    found = living.serving_estimate(large)
    assert found.low < found.value < found.high


def test_no_offer_of_a_place_is_cheaper_than_what_is_counted():
    living = decision("serving.device=8xrtx-4090", "serving.format=int4", "wanted={loss: 0.7}", "budget.days=1").living
    for shape in shapes(low=1e10, high=2e11, cut=Cut())[::40]:
        prices = [
            Living(living.budget, living.demand.model_copy(update={"device": place.name})).serving(shape)
            for place, _ in living.places(shape)
        ]
        assert living.serving(shape) <= min(prices, default=math.inf)


def test_what_the_choice_costs_has_intervals_and_says_what_is_known():
    free = decision()
    assert free.cost.gpu_hours.low == free.cost.gpu_hours.high == pytest.approx(16_384 * 78.4 * 24)
    assert free.cost.train_dollars.high == pytest.approx(1.4 * free.cost.train_dollars.value)
    assert any("known" in line for line in free.cost.means)
    asked = decision("serving.tokens=1e13").cost
    # How much longer a smaller model trains for the same loss is the law's to say.
    assert asked.gpu_hours.low < 0.97 * asked.gpu_hours.value < 1.03 * asked.gpu_hours.value < asked.gpu_hours.high
    assert asked.serve_cost.low < asked.serve_cost.value < asked.serve_cost.high
    assert asked.lifetime_dollars.low < 0.7 * asked.lifetime_dollars.value
    assert asked.lifetime_dollars.value == pytest.approx(2.5 * asked.lifetime_cost.value)


def test_a_budget_in_flops_leaves_its_hours_in_doubt_as_far_as_the_plan_says_nothing_of_its_shares():
    unsaid = decision("budget={flops: 3.8e25, gpu: h100}").cost.gpu_hours
    assert unsaid.low / unsaid.value == pytest.approx(0.4 / 0.43 * 0.9 / 0.949, rel=0.01)
    assert unsaid.high > 1.05 * unsaid.value
    said = decision("budget={flops: 3.8e25, gpu: h100, mfu: 0.4, effective: 0.9}").cost.gpu_hours
    assert said.low == said.high == unsaid.value


def test_the_flips_interval_is_that_of_flips_by_what_else_the_runs_allow():
    found = decision()
    mine, living, plain_valley = found.recommended.candidate, found.living, Valley(catalogue.law("llama3"))
    near = [row.candidate for row in found.rows] + [found.flip.candidate]
    assert 0 <= found.flip.tokens.low < found.flip.tokens.value < found.flip.tokens.high
    for law in plain_valley.law.alternatives[:5]:
        valley = Valley(law)
        loss = valley.loss(mine.params, mine.tokens)
        again = reaching(valley, loss, living, like=near, served=1.0)
        assert [valley.loss(one.params, one.tokens) for one in again] == pytest.approx([loss] * len(again))


@given(st.floats(2e10, 2e12), st.integers(0, 199), st.sampled_from(["llama3", "besiroglu"]), st.sampled_from([None, 4e12, 1e12]))
@settings(max_examples=60, deadline=None)
def test_many_valleys_at_once_find_the_fewest_tokens_by_each(params, index, name, unique):
    law = catalogue.law(name)
    valleys = [Valley(law, unique), *Valley(replace(law, alternatives=[law.alternatives[index % len(law.alternatives)]]), unique).others]
    losses = [valley.loss(4e11, 15.6e12) for valley in valleys]
    for valley, loss, tokens in zip(valleys, losses, reached(valleys, np.array([params, 4e11]), losses), strict=True):
        # The first place with that loss; by a wild resample of the line it may rise again before the tokens that it was taken at.
        assert tokens[1] <= 15.6e12 * (1 + 1e-6)
        for size, found in zip((params, 4e11), tokens, strict=True):
            fewer = np.geomspace(size / 100, found if math.isfinite(found) else size * 1e9, 400)[:-1]
            assert math.isnan(found) or valley.loss(size, found) == pytest.approx(loss)
            assert all(valley.loss(size, less) > loss for less in fewer if less < found * (1 - 1e-6) or math.isnan(found))


def test_a_law_by_which_no_shape_is_as_good_has_no_flip():
    offers = flip_room._Offers(
        np.array([[1.0, 3.0], [np.nan, np.nan]]), np.array([1e-12, 3e-12]), np.array([1e9, 3e9]), np.array([10.0, 10.0])
    )
    assert list(flip_room._first_demands(offers, 1.5e9)) == [0.0, math.inf]


def test_without_a_gpu_or_a_device_a_life_is_counted_in_flops():
    found = decision("serving.tokens=1e13", plan="llama3-8b")
    best = found.recommended.candidate
    assert found.living.unit == "FLOPs"
    assert best.serve_cost == pytest.approx(2 * best.params * 1e13)
    assert (best.gpu_hours, best.days, best.train_dollars, best.lifetime_dollars) == (None, None, None, None)


def test_the_choice_has_an_interval():
    found = decision()
    assert found.excess.low <= found.excess.value <= found.excess.high
    assert found.excess.value == pytest.approx(found.recommended.candidate.excess)


def test_every_candidate_keeps_the_budget_and_the_recommended_one_keeps_every_constraint():
    for plan in ("llama3-405b", "llama3-70b", "llama3-8b"):
        found = decision(plan=plan)
        assert found.recommended.holds
        assert all(row.candidate.train_flops == pytest.approx(found.compute) for row in found.rows)
        law = catalogue.law(found.plan.law)
        assert all(row.candidate.excess >= 0 for row in found.rows)
        assert law.optimum(found.compute).params == found.optimum.params


@pytest.mark.parametrize(("plan", "params", "tokens"), [("llama3-8b", 8.03e9, 15e12), ("llama3-70b", 70.6e9, 15e12)])
def test_the_smaller_llamas_are_bound_by_what_has_to_hold_them(plan, params, tokens):
    found = decision(plan=plan)
    assert size_of(found) == pytest.approx(params, rel=0.1)
    assert found.recommended.candidate.tokens == pytest.approx(tokens, rel=0.1)
    assert "serving memory" in found.binding
    # Without the card the same compute would have bought a far larger model.
    assert found.optimum.params > 2 * params


def test_budgets_in_days_money_and_flops_are_one_thing():
    days = decision()
    hours = 16_384 * 78.4 * 24
    price = PlanFile.read(PLANS / "llama3-405b.yaml").budget.dollars_per_hour
    money = "{gpu: h100, dollars: %r, mfu: 0.404, effective: 0.9, overhead: 1.05}" % (hours * price)
    assert decision(f"budget={money}").compute == pytest.approx(days.compute)
    assert size_of(decision(f"budget={{flops: {days.compute!r}}}")) == size_of(days)


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (("wanted.loss=0.5",), "'wanted loss' cannot be met: .* off"),
        (("wanted.loss=0.631", "serving.device=rtx-4090"), "'wanted loss' contradicts 'serving memory'"),
        (("serving.device=iphone-15-pro",), "'serving memory' cannot be met"),
        (("law=lama3",), "did you mean 'llama3'"),
        (("serving.device=h10",), "did you mean"),
        (("serving.format=fp9",), "no format is called 'fp9'"),
        (("budget.dollars=5",), "give one of 'flops', 'days' and 'dollars'"),
        (("budget={days: 4}",), "needs 'gpu'"),
        (("budget.mfu=40",), "'budget.mfu'"),
        (("budget.gpu=mi300x", "budget.gpus=null", "budget.days=null", "budget.dollars=1e6"), "no price"),
        (("budget.days=null", "budget.dollars=1e6"), "'gpus' says nothing beside 'dollars'"),
        (("budget.gpu=8xh100",), "8xh100 is a node"),
        (("budget.gpu=iphone-15-pro",), "is a phone"),
        (("budget.days=1e9",), "real shapes here have"),
        (("serving.context=200000",), "200,000 tokens is beyond the 131,072 positions"),
        (("law=krajewski",), "counted whole"),
        (("law=kaplan",), "without embeddings"),
        (("data={unique_tokens: 5e12, epochs: 1}",), "'unique data' contradicts 'serving memory'"),
        (("split.tensor=7",), "'split'"),
        (("law=llama3-printed", "wanted.loss=1"), "how to split compute"),
        (("law=llama3-printed", "serving.tokens=1e12"), "no loss to hold fixed"),
        (("bugdet.days=3",), "did you mean 'budget'"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_in_one_line(overrides, words):
    with pytest.raises(ConfigError, match=words) as caught:
        decision(*overrides)
    assert "\n" not in str(caught.value)


def test_the_command_prints_the_documented_keys_and_writes_an_offline_page(tmp_path):
    out = tmp_path / "plan.html"
    done = CliRunner().invoke(app, ["plan", "size", str(PLANS / "llama3-405b.yaml"), "--json", "--html", str(out)])
    assert done.exit_code == 0, done.exception
    printed = json.loads(done.stdout)
    # Both losses are on one scale: nothing is better than the law's own split.
    best, mine = printed["law_alone"], printed["recommended"]
    assert mine["loss"] - best["loss"] == pytest.approx(mine["excess_loss"], abs=1e-12)
    assert mine["loss"] > best["loss"]
    assert {"params", "tokens", "binding"} <= printed["recommended"].keys()
    assert printed["candidates"][0]["params"] == printed["recommended"]["params"]
    assert len(printed["law_alone"]["params_interval"]) == 2
    assert {"gpu_hours_interval", "train_dollars_interval", "excess_loss_interval"} <= printed["recommended"].keys()
    assert printed["flip"]["served_tokens_interval"][0] < printed["flip"]["served_tokens"] < printed["flip"]["served_tokens_interval"][1]
    assert all({"params_interval", "excess_loss_interval", "compute_wasted_interval"} <= one.keys() for one in printed["against"])
    assert printed["cost_interval_means"]
    text = out.read_text()
    assert text == page(decision())
    assert "<script" not in text
    assert "406B" in text


def test_a_wanted_accuracy_asks_for_the_compute_that_reaches_it(tmp_path):
    scores = tmp_path / "scores.csv"
    # NLL falls by 0.1 a power of ten; accuracy is a logistic curve in it from 0.25 to 1.
    rows = [(10.0**power, 3.0 - 0.1 * power + 0.004 * (-1) ** power) for power in range(18, 26)]
    lines = [f"{compute!r},{nll!r},{0.25 + 0.75 / (1 + 2.718281828 ** (12 * (nll - 0.6)))!r}" for compute, nll in rows]
    scores.write_text("compute,nll,accuracy\n" + "\n".join(lines) + "\n")
    wanted = f"wanted={{accuracy: 0.8, scores: {scores}}}"
    enough, short = decision(wanted), "budget.days=0.05"
    check = next(check for check in enough.recommended.checks if check.name == "wanted accuracy")
    assert check.holds
    assert check.used == pytest.approx(enough.compute, rel=1e-3)
    assert check.limit_interval[0] < check.limit < check.limit_interval[1]
    with pytest.raises(ConfigError, match=r"'wanted accuracy' cannot be met.*FLOPs"):
        decision(wanted, short)
    # A small model is worth the compute of the best split that is as good, however much is spent on it.
    small = ("serving.device=rtx-4090", "serving.format=q4_k_m", wanted)
    with pytest.raises(ConfigError, match="'wanted accuracy' contradicts 'serving memory'"):
        decision("budget={flops: %r}" % (1.05 * check.limit), *small)
    held = decision("budget={flops: %r}" % (40 * check.limit), *small).recommended
    worth = next(check for check in held.checks if check.name == "wanted accuracy").used
    assert worth < 0.5 * held.candidate.train_flops
    assert catalogue.law("llama3").optimum(worth).loss == pytest.approx(held.candidate.loss)
    with pytest.raises(ConfigError, match="what loss follows"):
        decision("law=llama3-printed", wanted)
    with pytest.raises(ConfigError, match="go together"):
        decision("wanted={accuracy: 0.8}")


def _unworn(mine):
    """Return what a choice would cost by each law if its data were enough."""
    return decision_room._against(mine, None)


def test_data_that_has_to_be_repeated_costs_loss_and_calls_for_a_smaller_model():
    for law, unique in (("llama3", 4e12), ("llama3-surface", 4e12), ("llama3-surface", 1e12)):
        node = (f"law={law}", "serving.device=16xh100")
        plenty, scarce = decision(*node), decision(*node, f"data={{unique_tokens: {unique!r}, epochs: 40}}")
        mine, free = scarce.recommended.candidate, plenty.recommended.candidate
        assert mine.loss > free.loss + 1e-4
        assert mine.params < 0.95 * free.params
        assert any("reads its data" in note for note in scarce.warnings)
        assert all(dear.excess.value > cheap.excess.value for dear, cheap in zip(scarce.against, _unworn(mine), strict=True))
        # One way in: `optimal --unique` says the same, as nearly as real shapes can.
        best = repeated_optimum(catalogue.law(law), scarce.compute, unique_tokens=unique)
        assert mine.params == pytest.approx(best.params, rel=0.1)
        assert mine.loss == pytest.approx(best.loss, abs=3e-5)


@pytest.mark.parametrize(
    ("budget", "unit"),
    [("gpu: h100, gpus: 16384, days: 78.4, mfu: 0.404, effective: 0.9, overhead: 1.05", "days"), ("gpu: h100, dollars: 7.7e7", "dollars"), ("gpu: h100, flops: 3.8e25", "FLOPs")],
)  # fmt: skip
def test_a_hard_budget_is_a_constraint_and_a_soft_one_gives_way_to_serving(budget, unit):
    soft, hard = (decision("serving.tokens=1e14", f"budget={{{budget}, hard: {held}}}") for held in ("false", "true"))
    assert soft.recommended.candidate.train_flops > 1.01 * soft.compute
    assert any("budget.hard" in note for note in soft.warnings)
    assert "budget" not in {check.name for check in soft.recommended.checks}
    check = next(check for check in hard.recommended.checks if check.name == "budget")
    assert (check.used <= check.limit, check.unit, check.limit) == (True, unit, hard.plan.budget.stated[0])
    assert hard.recommended.candidate.train_flops <= hard.compute * (1 + 1e-9)
    assert "budget" in hard.binding
    # Without a demand nothing wants more than the budget, so nothing changes.
    assert size_of(decision(f"budget={{{budget}, hard: true}}")) == size_of(decision(f"budget={{{budget}}}"))


def test_data_enough_moves_nothing():
    plenty, told = decision(), decision("data.unique_tokens=16e12")
    assert told.recommended.candidate == plenty.recommended.candidate


@given(st.floats(1e22, 1e27), st.floats(0.3, 3.0), st.sampled_from(["llama3", "besiroglu", "chinchilla"]))
@settings(max_examples=40)
def test_the_valley_is_lowest_at_the_laws_own_split_and_its_tokens_undo_its_losses(compute, off, name):
    valley = Valley(catalogue.law(name))
    best = valley.optimum(compute)
    assert valley.excess(best.params, best.tokens) == pytest.approx(0, abs=1e-9)
    assert valley.excess(best.params * off, best.tokens / off) >= -1e-12
    loss = valley.loss(best.params, best.tokens)
    assert reached([valley], np.array([best.params]), [loss])[0, 0] == pytest.approx(best.tokens, rel=1e-4)
