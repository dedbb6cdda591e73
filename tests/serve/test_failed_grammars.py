"""A grammar that cannot be followed to its end costs its own client the answer, and nobody else."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

from real_server import NAME, served
from tiny_engine import random_engine, tokenizer

# Every "a" can be read in more ways than the one before.
WAYS = range(40)
HOSTILE = "\n".join(
    ["start: s", f's: {" | ".join(f"x{way}" for way in WAYS)} | "a"', *(f"x{way}: s s{' s' * (way % 3)}" for way in WAYS)]
)  # fmt: skip
COMPLETE = {"model": NAME, "prompt": "the llama", "max_tokens": 60, "temperature": 0}
FAILING = {**COMPLETE, "guided_grammar": HOSTILE, "logit_bias": {str(tokenizer().encode("a")[0]): 100}}


def test_only_the_client_whose_grammar_failed_hears_of_it():
    others = [{**COMPLETE, "prompt": prompt} for prompt in ("the sky", "the puna and", "grass")]
    with served(random_engine()) as server:
        alone = [server.post("/v1/completions", body).json()["choices"] for body in others]
        with ThreadPoolExecutor(5) as clients:
            failed, streamed, *answered = clients.map(
                lambda body: server.post("/v1/completions", body), [FAILING, {**FAILING, "stream": True}, *others]
            )
        again = server.post("/v1/completions", others[0]).json()["choices"]
    assert failed.status_code == 400
    assert "cannot be followed any further" in failed.json()["error"]["message"]
    events = [line for line in streamed.text.splitlines() if line.startswith("data: {")]
    assert "cannot be followed any further" in json.loads(events[-1].removeprefix("data: "))["error"]["message"]
    assert [one.json()["choices"] for one in answered] == alone
    assert again == alone[0]
