"""Training's arithmetic gives the figures of the papers: speed, memory, days, and what reported runs really reached."""

import json

import pytest

from puna.errors import ConfigError
from puna.plan.devices import device
from puna.plan.estimate import plain
from puna.plan.models import model_of
from puna.plan.runs import runs
from puna.plan.training.calibration import fitted, mfu_estimate, predicted, table_4, torchtitan, torchtitan_mfu, torchtitan_rows
from puna.plan.training.flops import attention_share, compute_bound_batch, days, flops_per_token, train_flops
from puna.plan.training.memory import memory, zero_state_bytes
from puna.plan.training.planning import overheads, train
from puna.plan.training.steps import bubble_share, job_flops_per_token
from puna.plan.training.tuning import lora_params

BIG = model_of("llama-3.1-405b")


def test_table_4_adds_up():
    assert [row.layout.gpus for row in table_4()] == [8192, 16_384, 16_384]
    assert [row.work.batch * row.work.seq for row in table_4()] == [16_777_216] * 3


def test_the_first_row_alone_foretells_the_other_two_within_half_a_point():
    first, second, third = (predicted(row, fitted()) for row in table_4())
    assert first == pytest.approx(430 / 989.4, abs=1e-6)
    assert second == pytest.approx(400 / 989.4, abs=0.005)
    assert second == pytest.approx(0.41, abs=0.02)
    assert third == pytest.approx(380 / 989.4, abs=0.005)


@pytest.mark.parametrize("link", [0.7, 0.95])
@pytest.mark.parametrize("network", [0.7, 0.95])
def test_the_prediction_does_not_hang_on_the_assumed_links(link, network):
    efficiency = fitted(link=link, network=network)
    assert [predicted(row, efficiency) for row in table_4()[1:]] == pytest.approx([400 / 989.4, 380 / 989.4], abs=0.01)


def test_kernels_reach_no_more_than_the_peak_and_intervals_hold_what_was_measured():
    assert 0.4 < fitted().kernels < 0.8
    for row in (*table_4(), *(run for run in torchtitan() if run.tuned)):
        interval = mfu_estimate(row.work, row.layout)
        assert interval.low <= row.mfu + 1e-9
        assert row.mfu <= interval.high + 0.002


def test_memory_is_within_a_tenth_of_torchtitans():
    measured = [float(row["gib"]) for row in torchtitan_rows() if not row["float8"] and row["gib"]]
    held = [memory(run.work, run.layout).total / 2**30 for run in torchtitan() if "8B" in run.name]
    assert held == pytest.approx(measured, rel=0.1)


def test_torchtitans_utilisations_by_its_own_convention():
    found = [100 * torchtitan_mfu(row) for row in torchtitan_rows()]
    assert found == pytest.approx([33.7, 39.0, 50.0, 32.8, 38.1, 49.1, 29.1, 31.8, 40.4, 42.6, 26.5, 34.0], abs=0.15)


def test_flops_a_token_by_convention():
    found = {c: flops_per_token(BIG, seq=8192, convention=c) / 1e9 for c in ("6n", "matmul", "full", "causal")}
    assert found["6n"] == pytest.approx(2435, abs=1)
    assert found["matmul"] == pytest.approx(2422, abs=1)
    assert found["full"] == pytest.approx(2625, abs=1)
    assert found["causal"] / found["matmul"] - 1 == pytest.approx(0.042, abs=5e-4)
    assert flops_per_token(BIG, seq=8192) == BIG.llama.train_flops_per_token(8192)


@pytest.mark.parametrize(
    ("name", "short", "long"), [("llama-3.1-8b", 28.6, 458), ("llama-3.1-70b", 15.4, 247), ("llama-3.1-405b", 8.4, 134)]
)
def test_attentions_share(name, short, long):
    assert 100 * attention_share(model_of(name), seq=8192) == pytest.approx(short, abs=0.05)
    assert 100 * attention_share(model_of(name), seq=131_072) == pytest.approx(long, abs=0.5)


def test_days_of_405b():
    assert days(3.8e25, chips=16_384, flops_per_chip=400e12) == pytest.approx(67.1, rel=0.005)
    assert days(3.8e25, chips=16_384, flops_per_chip=400e12, effective_share=0.9) == pytest.approx(74.5, rel=0.005)
    assert runs()["llama-3.1-405b"].days_on(16_384) == pytest.approx(78.4, rel=0.005)
    assert train_flops(405e9, 15.6e12) == pytest.approx(3.791e25, rel=1e-3)
    # scaling-book: 70B on 15T tokens, 8,960 TPU v5p at 40 %.
    assert days(train_flops(70e9, 15e12), chips=8960, flops_per_chip=0.4 * device("tpu-v5p").bf16_flops) == pytest.approx(44, abs=0.5)


def test_llama_1_65b():
    run = runs()["llama-65b"]
    assert run.tokens_per_second_per_chip == pytest.approx(380, rel=0.01)
    assert run.days_on(2048) == pytest.approx(20.8, rel=0.01)


@pytest.mark.parametrize(
    ("name", "tflops", "percent"),
    [
        ("llama-7b", 136, 43), ("llama-13b", 160, 51), ("llama-33b", 143, 46), ("llama-65b", 149, 48), ("llama-2-7b", 122, 39), ("llama-2-13b", 118, 38),
        ("llama-2-34b", 109, 35), ("llama-2-70b", 134, 43), ("llama-3-8b", 154, 15.6), ("llama-3-70b", 276, 27.9), ("llama-3.1-8b", 138, 13.9),
        ("llama-3.1-70b", 252, 25.5), ("llama-3.1-405b", 342, 34.6), ("bloom-176b", 99, 31.8), ("palm-540b", 84, 30.4), ("falcon-180b", 150, 48),
        ("mpt-7b", 111, 36), ("smollm3-3b", 260, 26), ("starcoderbase", 81, 26), ("bloomberggpt", 74, 24), ("pythia-12b", 82, 26), ("pythia-6.9b", 102, 33),
        ("pythia-1.4b", 99, 32), ("llama-4-scout", 227, 22.9), ("llama-4-maverick", 262, 26.5), ("deepseek-v3", 343, 34.6),
    ],
)  # fmt: skip
def test_all_in_utilisation_of_reported_runs(name, tflops, percent):
    run = runs()[name]
    assert run.flops_per_chip / 1e12 == pytest.approx(tflops, abs=0.6)
    assert 100 * run.all_in == pytest.approx(percent, abs=0.75)


def test_mfu_effective_share_and_overhead_make_the_all_in_figure_of_405b_but_not_of_8b():
    found = overheads()
    assert found["llama-3.1-405b"] == pytest.approx(1, abs=0.03)
    assert found["llama-3.1-8b"] > 2.4


def test_the_plan_of_405b_comes_within_five_percent_of_its_cards_hours():
    found = train(BIG, gpus=16_384, gpu="h100")
    assert found.gpu_hours.value == pytest.approx(30.84e6, rel=0.05)
    assert found.days.low < 78.4 < found.days.high
    assert found.energy_mwh.value == pytest.approx(found.gpu_hours.value * 700 / 1e6)
    assert found.dollars.low < 2.5 * found.gpu_hours.value < found.dollars.high
    # The paper's checkpoints hold 1 MB to 4 GB a GPU.
    assert 1e6 < found.checkpoint_bytes / found.gpus < 4e9


def test_metas_gpus_hold_what_the_paper_implies():
    held = memory(table_4()[1].work, table_4()[1].layout)
    assert held.weights == pytest.approx(6.34e9, rel=0.01)
    assert held.gradients == pytest.approx(12.7e9, rel=0.01)
    assert held.optimizer == pytest.approx(0.30e9, rel=0.01)


def test_zeros_example():
    assert [zero_state_bytes(7.5e9, stage=stage, shards=64) / 1e9 for stage in range(4)] == pytest.approx([120, 31.4, 16.6, 1.9], abs=0.05)


def test_the_pipelines_idle_ends():
    assert bubble_share(pp=16, virtual=8, micro_batches=32) == pytest.approx(15 / 256)
    row = table_4()[1]
    assert bubble_share(pp=16, virtual=8, micro_batches=row.work.micro_batches(row.layout)) == pytest.approx(15 / 128)


@pytest.mark.parametrize(
    ("name", "batch"),
    [("a100-80", 153), ("h100", 295), ("h200", 206), ("b200", 281), ("mi300x", 247), ("rtx-4090", 164), ("tpu-v5e", 243), ("tpu-v5p", 166)],
)
def test_the_batch_from_which_arithmetic_binds(name, batch):
    assert compute_bound_batch(device(name)) == pytest.approx(batch, abs=0.6)


def test_adapters_save_memory_far_more_than_time():
    small = model_of("llama-3-8b")
    options = {"gpus": 8, "gpu": "h100", "batch_tokens": 2**20, "tokens": 1e9}
    full, lora = train(small, tune="full", **options), train(small, tune="lora", **options)
    assert lora_params(small, 16) == 41_943_040
    assert lora.best.memory.optimizer < 0.01 * full.best.memory.optimizer
    assert 1 < full.days.value / lora.days.value < 1.7
    assert job_flops_per_token(lora.work) < job_flops_per_token(full.work)
    assert lora.checkpoint_bytes == pytest.approx(12 * 41_943_040)


def test_a_sequence_is_no_longer_than_the_models_positions():
    two = model_of("llama-2-7b")
    assert train(two, gpus=8, gpu="h100", batch_tokens=2**20).work.seq == 4096
    with pytest.raises(ConfigError, match="beyond the 4,096 positions of llama-2-7b"):
        train(two, gpus=8, gpu="h100", batch_tokens=2**20, seq=8192)
    assert train(BIG, gpus=16_384, gpu="h100", layout="8,16,16,8", seq=131_072).work.seq == 131_072


def test_the_all_in_utilisation_holds_what_the_cards_say():
    small = train(model_of("llama-3.1-8b"), gpus=1024, gpu="h100", batch_tokens=2**22)
    assert small.card["all_in_utilisation"] == pytest.approx(0.139, abs=5e-4)
    assert any("all-in utilisation of 13.9%" in note for note in small.notes)
    assert small.all_in_utilisation.low < 0.139 < small.all_in_utilisation.high
    # MFU by 6 N D, effective share and overhead are its factors.
    share = small.plain()["mfu_6n"].value * small.effective_share.value / small.overhead.value
    assert small.all_in_utilisation.value == pytest.approx(share)
    tuned = train(model_of("llama-3.1-8b"), gpus=8, gpu="h100", batch_tokens=2**20, tune="full", tokens=1e9)
    assert (tuned.card, tuned.all_in_utilisation) == (None, None)


def test_a_plan_is_json_with_the_promised_keys():
    found = json.loads(json.dumps(plain(train(BIG, gpus=16_384, gpu="h100", layout="8,1,16,128").plain())))
    assert {
        "memory_per_gpu_bytes",
        "mfu",
        "tokens_per_second",
        "days",
        "gpu_hours",
        "layout",
        "effective_share",
        "overhead",
        "sources",
    } <= set(found)
    memory_by_kind = found["memory_per_gpu_bytes"]
    assert set(memory_by_kind) == {"weights", "gradients", "optimizer", "activations", "logits", "buffers", "total"}
    assert memory_by_kind["total"] == pytest.approx(sum(size for kind, size in memory_by_kind.items() if kind != "total"))
    assert found["mfu_interval"][0] < found["mfu"] <= found["mfu_interval"][1]
