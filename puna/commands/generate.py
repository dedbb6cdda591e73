"""`puna generate`: continue a text, once or several times, freely or in a form."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from puna.commands import sampling

if TYPE_CHECKING:
    from puna.engine import Engine, SamplingSettings
    from puna.engine.grammar import Grammar
    from puna.records import Sample


def generate(
    model: Annotated[Path, typer.Argument(help="The model directory, or hf://org/name.")],
    prompt: Annotated[str, typer.Option("--prompt", "-p", help="The text to continue.")],
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document: text, token ids, log-probabilities, why it stopped.")
    ] = False,
    samples: Annotated[int, typer.Option("--samples", min=1, help="How many continuations; each draws for itself.")] = 1,
    schema: Annotated[Path | None, typer.Option("--schema", help="A file with a JSON schema that the text has to follow.")] = None,
    regex: Annotated[str | None, typer.Option("--regex", help="A regular expression that the text has to match.")] = None,
    temperature: sampling.Temperature = None,
    top_p: sampling.TopP = None,
    top_k: sampling.TopK = None,
    min_p: sampling.MinP = None,
    repetition_penalty: sampling.RepetitionPenalty = None,
    max_tokens: sampling.MaxTokens = None,
    seed: sampling.Seed = None,
    stop: sampling.Stop = None,
    draft: sampling.Draft = None,
    guesses: sampling.Guesses = None,
) -> None:
    """Continue a text with a model, shown while it is written."""
    from puna.engine import Request

    engine = sampling.load(model, draft=draft, guesses=guesses)
    settings = sampling.settings(
        engine, temperature=temperature, top_p=top_p, top_k=top_k, min_p=min_p, repetition_penalty=repetition_penalty, max_tokens=max_tokens,
        seed=seed, stop=stop,
    )  # fmt: skip
    grammar, ids = _grammar(engine, schema, regex), engine.prompt_of(prompt)
    requests = [Request(ids, settings, item=item, grammar=grammar) for item in range(samples)]
    if as_json:
        print(json.dumps(_document(prompt, settings, engine.run(requests)), ensure_ascii=False))
    elif samples > 1:
        for number, sample in enumerate(engine.run(requests), start=1):
            print(f"[{number}]{sample.text}")
    else:
        for text in engine.stream_request(requests[0]):
            print(text, end="", flush=True)
        print()


def _grammar(engine: Engine, schema: Path | None, regex: str | None) -> Grammar | None:
    """Return what the text is held to. Raises `ConfigError` for two forms at once and for what cannot be compiled, `DataError` for a file that is no JSON."""
    from puna.engine.grammar import Grammar
    from puna.errors import ConfigError
    from puna.files import read_json

    if schema is not None and regex is not None:
        raise ConfigError("--schema and --regex both say what the text has to be; give one")
    if schema is not None:
        return Grammar.json_schema(engine.tokenizer, read_json(schema))
    return None if regex is None else Grammar.regex(engine.tokenizer, regex)


def _document(prompt: str, settings: SamplingSettings, samples: Sequence[Sample]) -> dict[str, Any]:
    """Return one sample's figures beside the prompt's; several samples stand in a list."""
    found = [
        {"text": sample.text, "stop_reason": sample.stop_reason, "token_ids": sample.token_ids, "logprobs": sample.logprobs}
        for sample in samples
    ]
    about = {"prompt": prompt, "prompt_ids": samples[0].prompt_ids, "settings": settings.model_dump()}
    return {**about, **found[0]} if len(found) == 1 else {**about, "samples": found}
