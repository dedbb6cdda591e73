"""The load of `benchmarks/serve_load.py`, for a few seconds: whoever asks properly is answered right, whoever does not is refused, and nothing is left behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_two_hundred_clients_are_answered_right_or_refused_properly():
    # So short a run is all warm-up: what memory does in the long run is not looked at here.
    command = [sys.executable, "benchmarks/serve_load.py", "--seconds", "10", "--most-growth", "300"]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=400, check=False, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["clients"] == 200
    assert told["answered_right"] > 20
    assert told["answered_wrong"] == told["wrong"] == told["left_open"] == told["blocks_left"] == told["exit_status"] == 0
    assert told["left"] > 0
    assert {"400", "401", "403", "404", "413", "415", "429", "503"} <= told["refused_by_status"].keys()
    assert not any(status.startswith("5") for status in told["refused_by_status"] if status != "503")
    assert told["refused_by_status"]["503"] == 1
