"""`puna plan train` and `puna plan faults`: a table for people, one JSON document for programs, one line for a mistake."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

TRAIN = ("train", "llama-3.1-405b", "--gpus", "16384", "--gpu", "h100")
FAULTS = ("faults", "--gpus", "16384", "--days", "54")


def puna(*words) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "puna", "plan", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, env={**os.environ, "COLUMNS": "80"})


@pytest.mark.parametrize(
    ("words", "keys"),
    [
        (
            TRAIN,
            {
                "memory_per_gpu_bytes",
                "mfu",
                "mfu_interval",
                "tokens_per_second",
                "days",
                "gpu_hours",
                "layout",
                "why_others_lose",
                "sources",
            },
        ),
        (
            FAULTS,
            {
                "expected_interruptions",
                "effective_time",
                "best_interval_seconds",
                "effective_share",
                "simulated_effective_share",
                "sources",
            },
        ),
    ],
)
def test_json_is_one_document_and_nothing_else(words, keys):
    done = puna(*words, "--json")
    assert done.returncode == 0, done.stderr
    assert keys <= set(json.loads(done.stdout))
    assert not done.stderr


@pytest.mark.parametrize(("words", "said"), [(TRAIN, ("8,1,16,128", "activations", "MFU", "why others lose", "source: kernel")),
                                             ((*TRAIN, "--layout", "8,16,16,8", "--seq", "131072"), ("context parallel", "bubble")),
                                             (FAULTS, ("faulty GPU", "restart 600 s", "closed form", "35.3 %"))])  # fmt: skip
def test_people_get_tables_that_name_their_sources(words, said):
    done = puna(*words)
    assert done.returncode == 0, done.stderr
    assert all(text in done.stdout for text in said)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (
            ("train", "llama-3.1-8b", "--gpus", "8", "--gpu", "h100", "--tune", "lora", "--tokens", "1e8", "--lora-rank", "0"),
            2,
            "--lora-rank 0: must be at least 1",
        ),
        ((*TRAIN[:-1], "h10"), 2, "did you mean 'h100'?"),
        (("train", "llama-3.1-405", *TRAIN[2:]), 2, "did you mean 'llama-3.1-405b'?"),
        ((*TRAIN, "--layout", "8,1,16,64"), 2, "is 8,192 GPUs and not 16,384"),
        ((*TRAIN, "--tune", "lorra"), 2, "did you mean 'lora'?"),
        (("train", "llama-3.1-405b", "--gpus", "8", "--gpu", "h100"), 1, "of them would fit it"),
        (("faults", "--gpus", "0", "--days", "54"), 2, "must be above 0"),
    ],
)
def test_a_mistake_is_one_line_that_says_what_to_do(words, code, said):
    done = puna(*words)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
