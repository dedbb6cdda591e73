"""How a step is computed is decided once, for a reason that can be read."""

from __future__ import annotations

import pytest
import tiny_run
import torch
from torch._dynamo.testing import CompileCounter

from puna.errors import ConfigError
from puna.machine import Choice
from puna.model.config import LlamaConfig
from puna.train.compute import autocast, choose_compile, choose_dtype, compiled
from puna.train.objective import DeviceBatch, NextToken
from puna.train.settings import TrainSettings

SHAPE = LlamaConfig(vocab_size=4096, dim=256, num_layers=6, num_heads=8, num_kv_heads=4, head_dim=32, ffn_dim=768, tied=True)
FOUND, ABSENT = Choice("yes", "C++ compiler g++"), Choice("no", "there is no C++ compiler")


def choice(*, device: str = "cpu", compiler: Choice = FOUND, **values) -> str:
    chosen = choose_compile(TrainSettings(**values), SHAPE, device=device, compiler=compiler)
    assert chosen.reason
    return chosen.value


def test_long_runs_on_a_cpu_compile_and_short_ones_do_not():
    # About 40 MFLOPs a token: 1 million tokens take 7 minutes at the nominal rate, 10 million an hour.
    assert choice(tokens=1_000_000) == "off"
    assert choice(tokens=10_000_000) == "on"


def test_without_a_compiler_a_cpu_does_not_compile_and_being_told_to_is_refused():
    assert choice(tokens=10_000_000, compiler=ABSENT) == "off"
    with pytest.raises(ConfigError, match="no C\\+\\+ compiler"):
        choice(tokens=10_000_000, compiler=ABSENT, compile="on")


def test_a_gpu_compiles_only_when_told_to_for_its_attention_is_cut_anew_in_each_batch():
    assert choice(tokens=10**12, device="cuda") == "off"
    assert choice(steps=1, device="cuda", compiler=ABSENT, compile="on") == "on"
    assert choice(steps=1, device="cuda", compile="off") == "off"


def test_on_a_cpu_the_settings_have_the_last_word():
    assert choice(tokens=10_000_000, compile="off") == "off"
    assert choice(steps=1, compile="on") == "on"


def test_the_dtype_is_the_machine_s_unless_the_settings_say():
    assert choose_dtype("bfloat16", "cpu", width=64).value == "bfloat16"
    assert choose_dtype("auto", "cpu", width=4096).value in ("float32", "bfloat16")


def test_one_compilation_serves_batches_whose_documents_begin_elsewhere():
    counter = CompileCounter()
    model = tiny_run.model()
    forward, batches = compiled(model, backend=counter), tiny_run.MadeUpBatches(window=16, windows=4)
    for _ in range(4):
        batch = DeviceBatch.of(next(batches), device="cpu")
        torch.testing.assert_close(NextToken()(forward, batch).loss_sum, NextToken()(model, batch).loss_sum)
    assert counter.frame_count == 1


def test_products_run_in_the_chosen_dtype_and_weights_stay_fp32():
    layer = torch.nn.Linear(4, 4)
    with autocast("cpu", "bfloat16")():
        assert layer(torch.ones(1, 4)).dtype == torch.bfloat16
    with autocast("cpu", "float32")():
        assert layer(torch.ones(1, 4)).dtype == torch.float32
    assert layer.weight.dtype == torch.float32
