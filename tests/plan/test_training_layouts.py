"""Layouts: what is refused and what would do, and a search that finds what Meta found."""

import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from puna.errors import ConfigError, FitError
from puna.plan.devices import device
from puna.plan.models import model_of
from puna.plan.training.calibration import fitted, table_4
from puna.plan.training.layouts import Layout, cuts, divisors, job, parsed
from puna.plan.training.memory import chunks_held, memory, usable_bytes
from puna.plan.training.planning import train
from puna.plan.training.search import TIE, search
from puna.plan.training.steps import step

BIG = model_of("llama-3.1-405b")


@given(st.integers(1, 5000))
def test_cuts_are_all_ways_to_factor_and_each_once(gpus):
    found = list(cuts(gpus))
    assert all(math.prod(cut) == gpus for cut in found)
    assert len(set(found)) == len(found)
    assert divisors(gpus) == [n for n in range(1, gpus + 1) if gpus % n == 0]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"layout": "8,1,16,64"}, "8 x 1 x 16 x 64 is 8,192 GPUs and not 16,384"),
        ({"layout": "8,1,16"}, "four whole numbers"),
        ({"layout": "256,1,1,64"}, "128 heads do not divide by tp 256; 128 would"),
        ({"layout": "1,1,256,64"}, "fewer than 256 pipeline stages"),
        ({"layout": "1,1,1,16384"}, "a batch of 2,048 sequences does not divide by dp 16384"),
        ({"layout": "8,1,16,128,8"}, "a dense model has no experts"),
        ({"batch_tokens": 16_000_000}, "near it are 15,998,976 and 16,007,168"),
        ({"seq": 0}, "at least 1 token"),
        ({"seq": 262_144}, "262,144 is beyond the 131,072 positions of llama-3.1-405b"),
        ({"gpu": "h101"}, "did you mean 'h100'"),
        ({"gpu": "8xh100"}, "--gpu h100, and --gpus 8"),
        ({"gpu": "rtx-4090"}, "ends at 8"),
        ({"tokens": -1.0}, "above 0"),
        ({"overhead": 0.5}, "at least 1"),
        ({"tune": "lora"}, "give --tokens"),
        ({"gpus": 0}, "at least 1"),
    ],
)
def test_what_cannot_be_is_refused_with_what_would_do(options, said):
    with pytest.raises((ConfigError, FitError), match=said):
        train(BIG, **{"gpus": 16_384, "gpu": "h100", **options})


def test_a_layout_that_does_not_fit_names_one_that_would():
    with pytest.raises(FitError, match=r"1,1,16,1024 does not fit: .* GB a GPU at least, 76\.0 GB usable; --layout 8,1,16,128 would fit"):
        train(BIG, gpus=16_384, gpu="h100", layout="1,1,16,1024")


def test_too_few_gpus_are_told_how_many_would_fit_and_that_is_true():
    with pytest.raises(FitError, match="3 of them would fit"):
        train(model_of("llama-3-8b"), gpus=1, gpu="h100", batch_tokens=2**20)
    assert train(model_of("llama-3-8b"), gpus=3, gpu="h100", batch_tokens=2**20).best.memory.total <= 76e9


def test_the_search_of_16384_gpus_takes_metas_layout_in_under_five_seconds():
    begun = time.process_time()
    found = search(job(BIG, device("h100"), seq=8192, batch_tokens=2**24), gpus=16_384, efficiency=fitted())
    assert time.process_time() - begun < 5
    assert found.tried == 680
    assert found.chosen.layout.text == "8,1,16,128"
    assert found.chosen.mfu > found.fitting[0].mfu - TIE
    assert sum(lost.count for lost in found.lost if not lost.reason.startswith("slower")) + len(found.fitting) == found.tried


@pytest.mark.parametrize("row", [0, 2])
def test_elsewhere_metas_layout_is_the_very_fastest(row):
    reported = table_4()[row]
    found = search(reported.work, gpus=reported.layout.gpus, efficiency=fitted())
    assert found.fitting[0].layout.text == reported.layout.text == found.chosen.layout.text


def test_every_layout_of_table_4_fits_without_recomputing():
    for row in table_4():
        assert memory(row.work, row.layout).total < usable_bytes(row.work)


def test_a_pipeline_holds_as_many_chunks_as_its_schedule_starts():
    # arXiv 2104.04473: at most PP micro-batches without interleaving, and 1 + (PP - 1) / (PP V) of their memory with it.
    plain, interleaved = Layout(8, 1, 16, 64), Layout(8, 1, 16, 64, virtual=8)
    assert chunks_held(plain, 32, 0) == 16
    assert chunks_held(interleaved, 32, 0) / 8 == pytest.approx(16 * (1 + 15 / (16 * 8)))
    assert chunks_held(interleaved, 16, 0) == 128


@given(st.sampled_from([(8, 1, 16, 128), (8, 2, 8, 128), (4, 4, 16, 64)]), st.sampled_from([1, 2, 4]))
def test_larger_micro_batches_hold_more_and_leave_longer_idle_ends(cut, micro):
    work = job(BIG, device("h100"), seq=8192, batch_tokens=2**24)
    one, more = Layout(*cut, virtual=8), Layout(*cut, virtual=8, micro=micro)
    assert memory(work, one).activations <= memory(work, more).activations
    assert step(work, one, fitted()).bubble <= step(work, more, fitted()).bubble


def test_a_mixture_may_spread_its_experts_and_holds_fewer_each():
    work = job(model_of("deepseek-v3"), device("h800"), seq=4096, batch_tokens=4096 * 15_360)
    held = [memory(work, Layout(1, 1, 16, 128, ep=ep, virtual=4)).weights for ep in (1, 8, 64)]
    assert held[0] > 5 * held[1] > 5 * held[2]
    assert parsed("1,1,16,128,64").ep == 64
