"""The one-minute recipe: a tiny Llama is raised, its claims hold, and transformers reads it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SMOKE = Path(__file__).parents[2] / "recipes" / "smoke.yaml"


@pytest.fixture(scope="module")
def smoke(tmp_path_factory):
    run = tmp_path_factory.mktemp("smoke") / "run"
    done = subprocess.run(
        [sys.executable, "-m", "puna", "raise", str(SMOKE), "--out", str(run), "--json"], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return run, json.loads(done.stdout)


@pytest.mark.slow
def test_a_tiny_llama_is_raised_and_learns(smoke):
    _, content = smoke
    claims = {claim["id"]: claim for claim in content["claims"]}
    assert set(claims) == {"pretraining-beats-counting", "tuning-lets-it-answer", "tuning-lets-it-calculate"}
    assert all(claim["holds"] for claim in claims.values()), claims
    assert content["left_out"] == []


@pytest.mark.slow
def test_the_tuned_model_answers_in_format_and_stops(smoke):
    _, content = smoke
    for task in content["measured"]["questions"].values():
        assert task["stops"]["tune, in chat"]["value"] > 0.95


@pytest.mark.slow
def test_transformers_reads_the_raised_model_and_writes_the_same_greedy_tokens(smoke):
    import torch
    import transformers

    from puna.engine import Engine, SamplingSettings
    from puna.records import Message

    run, content = smoke
    path = run / content["model"]["directory"]
    engine = Engine.load(path, dtype="float32", device="cpu")
    theirs = transformers.AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32)
    tokenizer = transformers.AutoTokenizer.from_pretrained(path)
    for question in ("Where does Anna live?", "What is 3 + 4?", "Hello!"):
        ours = engine.chat([Message("user", question)], SamplingSettings(temperature=0.0, max_tokens=20))
        prompt = tokenizer.apply_chat_template(
            [{"role": "user", "content": question}], add_generation_prompt=True, return_tensors="pt", return_dict=False
        )
        assert tuple(prompt[0].tolist()) == ours.prompt_ids
        written = theirs.generate(prompt, do_sample=False, max_new_tokens=20)[0, prompt.shape[1] :]
        assert tuple(written.tolist()) == ours.token_ids
