"""`puna generate`: continue a text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from puna.commands import sampling


def generate(
    model: Annotated[Path, typer.Argument(help="The model directory, or hf://org/name.")],
    prompt: Annotated[str, typer.Option("--prompt", "-p", help="The text to continue.")],
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document: text, token ids, log-probabilities, why it stopped.")
    ] = False,
    temperature: sampling.Temperature = None,
    top_p: sampling.TopP = None,
    top_k: sampling.TopK = None,
    max_tokens: sampling.MaxTokens = None,
    seed: sampling.Seed = None,
    stop: sampling.Stop = None,
) -> None:
    """Continue a text with a model, shown while it is written."""
    from puna.engine import Engine

    engine = Engine.load(model)
    settings = sampling.settings(engine, temperature=temperature, top_p=top_p, top_k=top_k, max_tokens=max_tokens, seed=seed, stop=stop)
    stream = engine.stream(engine.prompt_of(prompt), settings)
    for text in stream:
        if not as_json:
            print(text, end="", flush=True)
    if not as_json:
        print()
        return
    assert stream.sample is not None
    sample = stream.sample
    document = {
        "prompt": prompt,
        "text": sample.text,
        "stop_reason": sample.stop_reason,
        "prompt_ids": sample.prompt_ids,
        "token_ids": sample.token_ids,
        "logprobs": sample.logprobs,
        "settings": settings.model_dump(),
    }
    print(json.dumps(document, ensure_ascii=False))
