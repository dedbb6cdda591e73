"""Two stages: known constants come back, forwards and backwards agree, the interval is that of a new model, and what cannot be answered is refused."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from puna.errors import ConfigError, DataError
from puna.plan.devices import device
from puna.plan.estimate import plain
from puna.plan.laws import law
from puna.plan.prediction import Scores, Sigmoid, fit_two_stages, read_scores
from puna.plan.prediction_page import page
from puna.plan.spending import size_and_cost

LEVEL, SLOPE = 4.2, -0.15
CURVE = Sigmoid(0.25, 0.97, 0.75, 0.08)


def scores(*, noise=(0.0, 0.0), seed=0):
    """Return fourteen scaling-law models and four older ones whose compute means nothing to the new family."""
    rng = np.random.default_rng(seed)
    compute = np.r_[np.geomspace(6e18, 1e22, 14), [np.nan] * 4]
    nll = np.r_[LEVEL + SLOPE * np.log10(compute[:14]), 0.66, 0.6, 0.54, 0.45] + noise[0] * rng.standard_normal(18)
    accuracy = np.array([CURVE.accuracy(one) for one in nll]) + noise[1] * rng.standard_normal(18)
    return Scores(compute, nll, accuracy.clip(1e-6, 1), "made up")


def test_known_constants_come_back():
    fit = fit_two_stages(scores(), bootstrap=0).fit
    assert (fit.level, fit.slope) == pytest.approx((LEVEL, SLOPE))
    assert vars(fit.sigmoid) == pytest.approx(vars(CURVE), rel=1e-4)


@settings(max_examples=20, deadline=None)
@given(accuracy=st.floats(0.3, 0.95))
def test_backwards_undoes_forwards(accuracy):
    benchmark = fit_two_stages(scores(), bootstrap=0)
    assert benchmark.predict(benchmark.compute_for(accuracy)["compute"])["accuracy"] == pytest.approx(accuracy, abs=1e-6)


def test_the_interval_holds_a_model_yet_to_be_trained():
    covered, far, wanted = 0, 3e23, LEVEL + SLOPE * math.log10(3e23)
    for seed in range(30):
        rng = np.random.default_rng(seed + 1000)
        truth = CURVE.accuracy(wanted + 0.005 * rng.standard_normal()) + 0.01 * rng.standard_normal()
        found = fit_two_stages(scores(noise=(0.005, 0.01), seed=seed), bootstrap=100, seed=seed).predict(far)["accuracy"]
        covered += found.low <= truth <= found.high
    assert covered >= 25


def test_older_models_shape_only_the_second_stage():
    held = scores()
    shifted = Scores(held.compute, held.nll, held.accuracy, "made up")
    shifted.nll[-1], shifted.accuracy[-1] = 0.3, 0.2
    assert fit_two_stages(shifted, bootstrap=0).fit.slope == pytest.approx(SLOPE)


def test_few_models_hold_floor_and_ceiling():
    held = scores()
    few = Scores(held.compute[::3], held.nll[::3], held.accuracy[::3], "few")
    found = fit_two_stages(few, chance=0.25, bootstrap=20)
    assert (found.fit.sigmoid.floor, found.fit.sigmoid.ceiling) == (0.25, 1.0)
    assert any("do not tell a floor" in line for line in found.warnings)


def test_far_extrapolation_is_flagged():
    benchmark = fit_two_stages(scores(), bootstrap=10)
    assert any("3.6 orders" in line for line in benchmark.predict(3.8e25)["warnings"])
    assert not any("orders" in line for line in benchmark.predict(1e23)["warnings"])


@pytest.mark.parametrize("accuracy", [0.99, 0.2, 0.0, 1.5, math.nan])
def test_an_accuracy_that_no_compute_reaches_is_refused(accuracy):
    with pytest.raises(ConfigError, match=r"floor .* and ceiling"):
        fit_two_stages(scores(), bootstrap=0).compute_for(accuracy)


def test_scores_that_tell_nothing_are_refused():
    held = scores()
    with pytest.raises(DataError, match="rows with compute"):
        fit_two_stages(Scores(np.full(18, np.nan), held.nll, held.accuracy, "x"))
    with pytest.raises(DataError, match="rows with accuracy"):
        fit_two_stages(Scores(held.compute, held.nll, np.full(18, np.nan), "x"))
    with pytest.raises(DataError, match="does not fall with compute"):
        fit_two_stages(Scores(held.compute, held.nll[::-1].copy(), held.accuracy, "x"))
    with pytest.raises(ConfigError, match=r"chance is 1\.2"):
        fit_two_stages(held, chance=1.2)
    with pytest.raises(ConfigError, match="compute is -1"):
        fit_two_stages(held, bootstrap=0).predict(-1)


def test_what_guessing_gets_is_less_than_what_models_get():
    held = scores()
    with pytest.raises(ConfigError, match=r"chance is 0\.99, but no model of made up scores more"):
        fit_two_stages(held, chance=0.99, bootstrap=0)
    # 14 scaling-law models score about 0.25, so half is not what guessing gets.
    assert any("below a chance of 0.5" in line for line in fit_two_stages(held, chance=0.5, bootstrap=0).warnings)
    assert not any("below a chance" in line for line in fit_two_stages(held, chance=0.25, bootstrap=0).warnings)


def test_an_accuracy_that_rises_with_the_nll_tells_nothing():
    held = scores()
    with pytest.raises(DataError, match="accuracy does not rise as the NLL falls"):
        fit_two_stages(Scores(held.compute, held.nll, 1 - held.accuracy, "x"), bootstrap=0)


def test_an_interval_of_compute_that_some_resamples_never_reach_has_no_upper_end():
    benchmark = fit_two_stages(scores(noise=(0.005, 0.01)), bootstrap=200)
    ceiling = benchmark.fit.sigmoid.ceiling
    found = benchmark.compute_for(ceiling - 0.005)
    assert math.isinf(found["compute"].high)
    assert any("no upper end" in line for line in found["warnings"])
    assert found["loss"].low == 0
    assert plain(found)["compute_interval"] == [found["compute"].low, None]
    sized = size_and_cost(found["compute"], law=law("llama3"), device=device("h100"))
    assert all(
        math.isinf(sized[key].high) and sized[key].low < sized[key].value < math.inf for key in ("params", "tokens", "gpu_hours", "dollars")
    )
    assert "or more" in page(benchmark, found | sized, wanted=0.9)
    assert math.isfinite(benchmark.compute_for(0.6)["compute"].high)


def test_no_nll_is_below_nought():
    # So wide a sigmoid has its ceiling far below an NLL of 0.
    held = scores()
    wide = np.array([Sigmoid(0.0, 1.0, 0.75, 0.5).accuracy(one) for one in held.nll])
    with pytest.raises(ConfigError, match="no model's is below 0"):
        fit_two_stages(Scores(held.compute, held.nll, wide, "wide"), bootstrap=0).compute_for(0.9)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("compute,loss\n1e19,1\n", "no column for accuracy"),
        ("compute,nll,accuracy\n1e19,1,62\n", "not per cent"),
        ("compute,nll,accuracy\n1e19,nan,0.3\n", "s.csv:2: nll is 'nan'"),
        ("compute,nll,accuracy\n-1,1,0.3\n", "s.csv:2: compute is '-1'"),
    ],
)
def test_a_table_with_a_wrong_cell_is_refused(tmp_path, text, said):
    (tmp_path / "s.csv").write_text(text)
    with pytest.raises(DataError, match=said):
        read_scores(tmp_path / "s.csv")


def test_cells_may_be_empty_where_a_stage_does_not_need_them(tmp_path):
    (tmp_path / "s.csv").write_text("compute,nll,accuracy\n1e19,1.2,\n,0.6,0.7\n")
    found = read_scores(tmp_path / "s.csv")
    assert np.isnan(found.accuracy[0])
    assert np.isnan(found.compute[1])
