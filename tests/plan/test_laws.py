"""Laws by name say what their papers say, where they contradict themselves, and come back whole from a file."""

import json
import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from puna.errors import ConfigError, FormatError
from puna.plan.estimate import Estimate
from puna.plan.fits import fit_isoflop, fit_parametric
from puna.plan.laws import catalogue, estimate, far, law, names, read_law, said, write_law
from puna.plan.laws.allocation import Allocation
from puna.plan.laws.catalogue import experts, table
from puna.plan.optimal import optimal
from puna.plan.points import read_points
from puna.plan.valley import CURVATURE, Valley


@pytest.mark.parametrize(
    ("name", "compute", "params", "tokens"),
    [
        ("chinchilla-printed", 5.76e23, 32.2e9, 2.98e12),
        ("chinchilla", 5.76e23, 40.4e9, 2.38e12),
        ("besiroglu", 5.76e23, 72.3e9, 1.33e12),
        ("chinchilla-printed", 3.8e25, 213.5e9, 29.7e12),
        ("chinchilla", 3.8e25, 273e9, 23.2e12),
        ("besiroglu", 3.8e25, 619e9, 10.2e12),
        ("llama3", 4.0e25, 402.78e9, 16.5515e12),
        ("llama3", 3.8e25, 393.3e9, 16.102e12),
        ("llama3-surface", 3.8e25, 621.6e9, 10.19e12),
    ],
)
def test_published_optima(name, compute, params, tokens):
    best = law(name).optimum(compute)
    assert (best.params, best.tokens) == (pytest.approx(params, rel=4e-3), pytest.approx(tokens, rel=4e-3))


def test_llama_3s_printed_constants_are_truncated_and_give_another_model():
    assert law("llama3-printed").optimum(3.8e25).tokens == pytest.approx(10.46e12, rel=1e-3)


@pytest.mark.parametrize(("name", "exponent"), [("chinchilla-1", 0.50), ("chinchilla-2", 0.51), ("nanochat", 0.49)])
def test_lines_through_published_tables_have_the_published_exponents(name, exponent):
    line = law(name)
    assert line.alpha == pytest.approx(exponent, abs=0.012)
    for compute, _, tokens in table(name):
        assert line.optimum(compute).tokens == pytest.approx(tokens, rel=0.06)


def test_kaplan_grows_models_faster_than_data():
    one, ten = (law("kaplan").optimum(compute) for compute in (8.64e19, 8.64e20))
    assert one.params == pytest.approx(1.3e9)
    assert math.log10(ten.params / one.params) == pytest.approx(0.73)
    assert math.log10(ten.tokens / one.tokens) == pytest.approx(0.27)


def test_gadre_s_form_of_tokens_per_parameter_is_the_surface():
    E, a, b, eta = 1.508, 141.3, 189.5, 0.1212
    for params, tokens in ((1e8, 2e9), (1.4e9, 9e11)):
        ratio, compute = tokens / params, 6 * params * tokens
        assert law("gadre-c4").loss(params, tokens) == pytest.approx(E + (a * ratio**eta + b * ratio**-eta) * compute**-eta)


@pytest.mark.parametrize(
    ("dense", "tokens", "granularity", "compute", "printed", "computed"),
    [
        (1e8, 4.37e9, 8, 2.95e18, 3.133, 3.044),
        (1e9, 28.94e9, 16, 1.93e20, 2.491, 2.422),
        (7e9, 137.6e9, 32, 6.46e21, 2.076, 2.020),
        (70e9, 941e9, 32, 4.16e23, 1.694, 1.650),
        (1e12, 7.94e12, 64, 4.97e25, 1.367, 1.334),
    ],
)
def test_the_mixture_law_gives_its_table_with_all_parameters(dense, tokens, granularity, compute, printed, computed):
    mixture = law("krajewski")
    assert mixture.loss(64 * dense, tokens, granularity) == pytest.approx(computed, abs=6e-4)
    assert mixture.loss(64 * dense, tokens, granularity) == pytest.approx(printed, rel=0.031)
    assert mixture.flops(64 * dense, tokens, granularity) == pytest.approx(compute, rel=5e-3)
    assert mixture.best(compute)[0] == granularity


def test_experts_help_with_the_signs_that_behave():
    assert experts("ludziejewski", 1).loss(1e9, 1e11) == pytest.approx(2.44, abs=0.01)
    assert experts("ludziejewski", 32).loss(1e9, 1e11) == pytest.approx(2.30, abs=0.01)
    with pytest.raises(ConfigError, match="no number of experts"):
        experts("llama3", 8)
    with pytest.raises(ConfigError, match="1 or more"):
        experts("ludziejewski", 0)


@pytest.mark.parametrize("name", names())
def test_every_law_splits_all_of_its_compute_and_says_what_it_counts(name):
    one = law(name)
    assert one.about.counting
    assert one.about.source
    small, large = one.optimum(1e21), one.optimum(1e24)
    assert small.params < large.params
    assert small.tokens < large.tokens
    if name != "krajewski":
        assert 6 * large.params * large.tokens == pytest.approx(1e24)
    if large.loss is not None:
        assert large.loss < small.loss


@settings(max_examples=50, deadline=None)
@given(compute=st.floats(18, 27), tilt=st.floats(-0.5, 0.5))
@pytest.mark.parametrize("name", ["llama3-surface", "besiroglu", "chinchilla", "gadre-c4"])
def test_no_other_split_of_the_same_compute_is_better(name, compute, tilt):
    one = law(name)
    best = one.optimum(10.0**compute)
    assert one.loss(best.params * 10.0**tilt, best.tokens / 10.0**tilt) >= best.loss * (1 - 1e-12)


@pytest.mark.parametrize("name", ["llama3", "llama3-surface", "besiroglu"])
def test_an_optimum_is_found_by_each_of_its_figures(name):
    one = law(name)
    best = one.optimum(1e23)
    for again in (one.optimum_of_params(best.params), one.optimum_of_tokens(best.tokens), one.optimum_of_loss(best.loss)):
        assert again.compute == pytest.approx(1e23, rel=1e-6)
    assert one.tokens_for(best.params, best.loss) == pytest.approx(best.tokens, rel=1e-6)


def test_llama_3_models_were_trained_far_beyond_their_optimum():
    small, middle = law("llama3").optimum_of_params(8.03e9), law("llama3").optimum_of_params(70e9)
    assert (small.compute, small.tokens, 15e12 / small.tokens) == (
        pytest.approx(8.54e21, rel=1e-3),
        pytest.approx(177e9, rel=3e-3),
        pytest.approx(85, abs=0.5),
    )
    assert (middle.tokens, 15e12 / middle.tokens) == (pytest.approx(2.2e12, rel=0.02), pytest.approx(6.8, abs=0.1))


def test_an_unknown_law_names_the_nearest():
    with pytest.raises(ConfigError, match=r"no law is called 'chinchila'.*did you mean 'chinchilla'"):
        law("chinchila")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("llama3", ["number of training tokens", "10.46T", "16.1T", "4.0e+25", "393B on 16.1T", "622B on 10.2T"]),
        ("chinchilla", ["139", "84.8", "79", "16.5"]),
        ("besiroglu", ["482", "2085", "478", "2143"]),
        ("krajewski", ["counts all experts", "3 %"]),
        ("ludziejewski", ["signs"]),
    ],
)
def test_the_papers_errata_are_said(name, words):
    told = " ".join(optimal(law(name), 3.8e25).warnings)
    assert [word for word in words if word not in told] == []


def test_extrapolation_over_three_orders_is_flagged():
    assert far(law("llama3"), 3.8e25) == pytest.approx(3.58, abs=0.01)
    assert far(law("llama3"), 9e24) is None
    assert any("orders of magnitude" in line for line in optimal(law("llama3"), 3.8e25).warnings)
    assert not any("orders of magnitude" in line for line in optimal(law("llama3"), 1e22).warnings)


def test_every_law_has_an_interval_and_says_of_what_kind():
    kinds = {}
    for name in names():
        found = optimal(law(name), 1e22)
        kinds.setdefault(found.interval_kind, set()).add(name)
        assert isinstance(found.params, Estimate), name
        assert found.params.low <= found.params.value <= found.params.high, name
        assert found.params.low < found.params.high, name
        assert found.interval_means != "none"
    assert {"llama3", "besiroglu-huber"} <= kinds["draws"]
    assert kinds["published"] == {"chinchilla-1", "chinchilla-2"}
    assert kinds["left out"] == {"nanochat"}
    assert {"kaplan", "deepseek", "krajewski", "llama3-printed"} <= kinds["rounding"]
    assert kinds["refit"] == {"chinchilla", "chinchilla-printed", "chinchilla-sardana"}
    assert kinds.keys() == {"draws", "refit", "published", "left out", "rounding"}
    assert isinstance(optimal(experts("ludziejewski", 8), 1e22).params, Estimate)


def test_laws_that_round_to_the_printed_constants_do():
    for one in law("deepseek").alternatives:
        assert (f"{one.alpha:.4f}", f"{one.A:.4f}") == ("0.4757", "5.8316")
    assert len({one.alpha for one in law("deepseek").alternatives}) > 50
    assert [catalogue.half_digit(text) for text in ("1.3e9", "0.53", "64")] == pytest.approx([5e7, 0.005, 0.5])


def test_digits_that_were_cut_off_leave_only_more_open_and_tied_constants_stay_tied():
    assert all(0.53 <= one.alpha < 0.54 and 0.29 <= one.A < 0.30 for one in law("llama3-printed").alternatives)
    assert max(one.alpha for one in law("llama3-printed").alternatives) > 0.5368
    assert all(one.alpha == one.beta for one in law("muennighoff").alternatives)


def test_the_interval_of_constants_that_do_not_fit_their_points_holds_what_the_points_say():
    refit = optimal(law("besiroglu-huber"), 5.76e23).params
    for name in ("chinchilla", "chinchilla-printed", "chinchilla-sardana"):
        found = optimal(law(name), 5.76e23).params
        assert found.low < 0.9 * found.value
        assert found.high > refit.value
    assert optimal(law("besiroglu"), 5.76e23).params.low > 40.4e9


def test_resamples_of_a_line_keep_its_curvature():
    assert {one.curvature for one in law("llama3").alternatives} == {law("llama3").curvature}


@pytest.mark.parametrize("name", ["llama3", "llama3-surface", "besiroglu"])
def test_an_optimum_that_no_compute_has_is_refused(name):
    one = law(name)
    with pytest.raises(ConfigError, match="no compute between"):
        one.optimum_of_loss(0.1)
    for line in (law("llama3").optimum_of_params, law("llama3").optimum_of_tokens):
        with pytest.raises(ConfigError, match="no compute between"):
            line(1e60)


def test_the_best_mixture_is_better_than_its_neighbours():
    mixture = law("krajewski")
    for compute in (1e18, 1e22, 1e26):
        cut, params = mixture.best(compute)
        tokens = compute / mixture.flops(params, 1.0, cut)
        least = mixture.loss(params, tokens, cut)
        for other in (0.97, 1.03):
            assert mixture.loss(other * params, compute / mixture.flops(other * params, 1.0, cut), cut) > least


def test_a_fit_without_resamples_has_no_interval_and_says_so():
    bare = Allocation(0.5, 1.0, about=law("deepseek").about)
    found = optimal(bare, 1e22)
    assert found.interval_kind is None
    assert any("No interval" in line for line in found.warnings)


def test_the_curvature_of_a_fit_travels_with_its_law(tmp_path):
    bent = replace(law("llama3"), curvature=0.125)
    write_law(tmp_path / "law.json", bent)
    assert law(str(tmp_path / "law.json")).curvature == 0.125
    assert Valley(law(str(tmp_path / "law.json"))).curvature == 0.125
    # A file from before fits kept it takes Llama 3's.
    write_law(tmp_path / "law.json", replace(bent, curvature=None))
    assert Valley(law(str(tmp_path / "law.json"))).curvature == CURVATURE


def test_a_law_without_loss_says_so():
    told = " ".join(optimal(law("deepseek"), 1e22).warnings)
    assert "No loss" in told
    with pytest.raises(ConfigError, match="says how to split compute"):
        law("deepseek").loss(1e9, 1e10)


@pytest.mark.parametrize("compute", [0, -1, math.nan, math.inf, 1e300])
def test_compute_that_is_none_is_refused(compute):
    with pytest.raises(ConfigError, match="compute"):
        optimal(law("llama3"), compute)


@pytest.mark.parametrize("name", ["llama3", "besiroglu-huber"])
def test_a_law_in_a_file_answers_as_it_did(tmp_path, name):
    one = law(name)
    write_law(tmp_path / "mine.json", one)
    again = law(str(tmp_path / "mine.json"))
    first, second = (estimate(each, lambda found: found.optimum(3.8e25).params) for each in (one, again))
    assert isinstance(second, Estimate)
    assert (second.value, second.low, second.high) == pytest.approx((first.value, first.low, first.high), rel=1e-5)
    assert said(again, 1e24) == [] or again.about.name == name


@pytest.mark.parametrize("damage", ["{}", "[]", "no", '{"format": "puna-law-1"}', '{"format": "puna-law-2"}'])
def test_a_file_that_is_no_law_is_refused(tmp_path, damage):
    (tmp_path / "law.json").write_text(damage)
    with pytest.raises(FormatError, match=r"law\.json"):
        read_law(tmp_path / "law.json")


def test_a_law_with_a_wrong_constant_is_refused(tmp_path):
    write_law(tmp_path / "law.json", law("besiroglu-huber"))
    held = json.loads((tmp_path / "law.json").read_text())
    for wrong in (-1.0, "x", None):
        held["surface"]["A"] = wrong
        (tmp_path / "law.json").write_text(json.dumps(held))
        with pytest.raises(FormatError, match=r"surface\.A"):
            read_law(tmp_path / "law.json")


def test_the_fitted_laws_are_what_anyone_fits_from_the_same_points(shared_data):
    line = fit_isoflop(read_points(shared_data / "llama3_isoflop_points.csv"), bootstrap=0)
    refit = fit_parametric(read_points(shared_data / "chinchilla_points.csv"), bootstrap=0, drop_highest=5)
    assert (line.alpha, line.A) == pytest.approx((law("llama3").alpha, law("llama3").A), rel=1e-9)
    assert [getattr(refit, name) for name in ("E", "A", "B", "alpha", "beta")] == pytest.approx(
        [getattr(law("besiroglu-huber"), name) for name in ("E", "A", "B", "alpha", "beta")], rel=1e-5
    )


def test_alternatives_that_cannot_answer_take_no_part():
    one = law("besiroglu")
    lonely = replace(one, alternatives=())
    assert estimate(lonely, lambda found: found.E) == one.E
    assert estimate(one, lambda found: None if found is not one else 1.0) == 1.0
