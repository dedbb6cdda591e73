"""What the figures mean: bits per byte, contexts, and a log that has each step once."""

from __future__ import annotations

import json
import math
import subprocess
import sys

import numpy as np
import pytest
import tiny_run
import torch

from puna.errors import ConfigError
from puna.model.config import LlamaConfig
from puna.train.metrics import METRICS, MetricsLog, StepSums, bytes_of_targets, cut_after, mean_context
from puna.train.objective import DeviceBatch, NextToken


def test_bits_per_byte_of_a_uniform_model_are_the_vocabulary_s_bits_over_the_bytes_a_token():
    config = tiny_run.CONFIG
    model = tiny_run.model(config)
    with torch.no_grad():
        model.head.weight.zero_()
    token_bytes = np.arange(config.vocab_size) % 7
    batch = next(tiny_run.MadeUpBatches(window=16, windows=4))
    result = NextToken()(model, DeviceBatch.of(batch, device="cpu"))
    counted = batch.targets_T[batch.weights_T > 0]
    sums = StepSums(loss=result.loss_sum.item(), num_targets=result.num_tokens, num_bytes=bytes_of_targets(batch, token_bytes))
    assert result.num_tokens == len(counted) < len(batch.tokens_T)
    assert sums.mean_loss == pytest.approx(math.log(config.vocab_size), rel=1e-6)
    assert sums.bits_per_byte == pytest.approx(math.log2(config.vocab_size) * len(counted) / token_bytes[counted].sum(), rel=1e-6)


def test_without_token_bytes_there_are_no_bits_per_byte():
    batch = next(tiny_run.MadeUpBatches(window=16, windows=1))
    assert StepSums(loss=1.0, num_targets=1, num_bytes=bytes_of_targets(batch, None)).bits_per_byte is None


def test_the_mean_context_is_each_token_s_document_averaged_over_tokens():
    batch = next(tiny_run.MadeUpBatches(window=16, windows=2))
    ends = [*batch.starts_S[1:], 32]
    lengths = [end - start for start, end in zip(batch.starts_S, ends, strict=True)]
    assert mean_context(batch) == pytest.approx(sum(length * length for length in lengths) / 32)


def test_arithmetic_of_a_token_is_six_a_multiplying_weight_and_attention_by_context():
    config = LlamaConfig(vocab_size=10, dim=4, num_layers=1, num_heads=1, num_kv_heads=1, head_dim=4, ffn_dim=8)
    assert config.train_flops_per_token(100) - config.train_flops_per_token(0) == 6 * 4 * 100


def lines(path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_lines_beyond_the_checkpoint_and_torn_ones_are_cut_off(tmp_path):
    path = tmp_path / METRICS
    path.write_text("".join(json.dumps({"step": step}) + "\n" for step in range(1, 8)) + '{"step": 8, "lo')
    cut_after(path, step=7)
    assert [line["step"] for line in lines(path)] == [1, 2, 3, 4, 5, 6, 7]
    cut_after(path, step=4)
    assert [line["step"] for line in lines(path)] == [1, 2, 3, 4]
    path.write_text('{"step": 1}\n{"step": 2}')  # whole, but the newline is missing: the next line would join it
    cut_after(path, step=9)
    assert [line["step"] for line in lines(path)] == [1]


def test_the_log_goes_to_jsonl_at_once_and_to_tensorboard(tmp_path):
    with MetricsLog(tmp_path, resume_step=0) as log:
        log.write({"step": 1, "loss": 2.5, "bits_per_byte": None})
        assert lines(tmp_path / METRICS) == [{"step": 1, "loss": 2.5, "bits_per_byte": None}]
    with MetricsLog(tmp_path, resume_step=1) as log:
        log.write({"step": 2, "loss": 2.25, "bits_per_byte": 1.0})
    assert [line["step"] for line in lines(tmp_path / METRICS)] == [1, 2]
    events = list((tmp_path / "tensorboard").iterdir())
    assert any(b"train/loss" in event.read_bytes() for event in events)


def test_a_resumed_log_hides_the_repeated_steps_in_tensorboard(tmp_path):
    from tensorboardX.proto.event_pb2 import Event, SessionLog

    with MetricsLog(tmp_path, resume_step=0) as log:
        for step in (1, 2, 3):
            log.write({"step": step, "loss": 0.5})
    with MetricsLog(tmp_path, resume_step=2) as log:
        log.write({"step": 3, "loss": 0.25})
    files = sorted((tmp_path / "tensorboard").iterdir())
    assert len(files) == 2, "one file a session, however quickly they follow each other"
    first, second = ([Event.FromString(payload) for payload in payloads(file.read_bytes())] for file in files)
    assert [event.session_log.status == SessionLog.START for event in second] == [False, True, False]
    assert [event.step for event in second[1:]] == [3, 3]
    assert [value.simple_value for event in (*first, *second) for value in event.summary.value] == [0.5, 0.5, 0.5, 0.25]


def payloads(content: bytes) -> list[bytes]:
    """Take a TFRecord file apart: eight bytes of length and four of checksum, the payload, four of checksum."""
    found, place = [], 0
    while place < len(content):
        length = int.from_bytes(content[place : place + 8], "little")
        found.append(content[place + 12 : place + 12 + length])
        place += 16 + length
    return found


FULL = """
import resource, sys
from pathlib import Path
from puna.errors import WorkError
from puna.train.metrics import MetricsLog
try:
    with MetricsLog(Path(sys.argv[1]), resume_step=0) as log:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2**15, 2**15))
        for step in range(1, 3000):
            log.write({"step": step, **{letter: 0 for letter in "abcdefgh"}})
except WorkError as error:
    print(step, error)
"""


def test_events_that_cannot_be_written_end_the_run_in_one_line_and_do_not_hang_it(tmp_path):
    """The kernel itself refuses: no file of this process may grow beyond 32 KiB, and events are longer than lines."""
    done = subprocess.run([sys.executable, "-c", FULL, tmp_path], capture_output=True, text=True, check=True, timeout=60)
    step, message = done.stdout.split(" ", 1)
    assert message.startswith(f"{tmp_path}/{METRICS}: cannot be written")
    assert message.count("\n") == 1
    assert (tmp_path / METRICS).stat().st_size < 2**15, "the events were the first to be refused"
    assert len(lines(tmp_path / METRICS)) == int(step)


def test_another_tokenizer_than_the_model_s_is_refused(tmp_path):
    loader = tiny_run.MadeUpBatches(window=16, windows=4)
    with pytest.raises(ConfigError, match="tokenizer has 7 tokens and the model 61"):
        tiny_run.Trainer(tiny_run.model(), loader, tiny_run.SETTINGS, directory=tmp_path, token_bytes=np.zeros(7, np.int64))
