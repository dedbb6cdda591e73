"""kill -9 at any moment: what was killed and resumed equals what never stopped, bit for bit."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("tiny_run.py")
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}


def trained(directory: Path) -> tuple[list[tuple], bytes]:
    """Return what must not depend on kills: each line's figures except speeds, and the bytes of the final weights."""
    records = [json.loads(line) for line in (directory / "metrics.jsonl").read_text().splitlines()]
    lines = [
        tuple(repr(record[key]) for key in ("step", "tokens", "targets", "loss", "bits_per_byte", "lr", "grad_norm")) for record in records
    ]
    return lines, (directory / "checkpoints" / "step-00000060" / "weights.safetensors").read_bytes()


@pytest.mark.slow
def test_a_run_killed_twelve_times_equals_one_that_was_never_killed(tmp_path):
    subprocess.run([sys.executable, PROGRAM, tmp_path, "--kills", "12"], env=ENVIRONMENT, check=True, timeout=300)
    lines, weights = trained(tmp_path / "whole")
    assert [line[0] for line in lines] == [str(step) for step in range(1, 61)], "each step once"
    assert trained(tmp_path / "killed") == (lines, weights)


@pytest.mark.slow
def test_a_program_killed_from_outside_and_started_again_equals_one_that_was_never_killed(tmp_path):
    subprocess.run([sys.executable, PROGRAM, tmp_path / "whole"], env=ENVIRONMENT, check=True, timeout=300)
    killed = tmp_path / "killed"
    with subprocess.Popen([sys.executable, PROGRAM, killed], env=ENVIRONMENT) as program:
        while not (killed / "checkpoints" / "step-00000012").exists():
            assert program.poll() is None
            time.sleep(0.001)
        program.send_signal(signal.SIGKILL)
    assert not (killed / "checkpoints" / "step-00000060").exists()
    subprocess.run([sys.executable, PROGRAM, killed], env=ENVIRONMENT, check=True, timeout=300)
    assert trained(killed) == trained(tmp_path / "whole")
