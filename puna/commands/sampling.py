"""The options that `generate` and `chat` share: how to sample, and who guesses ahead. What is not given comes from the model's generation_config.json, else from Llama's defaults."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from puna.engine import Engine, SamplingSettings

Temperature = Annotated[
    float | None,
    typer.Option("--temperature", "-t", help="0 always takes the likeliest token. Default: the model's generation_config.json, else 0.6."),
]
TopP = Annotated[
    float | None, typer.Option("--top-p", help="Keep the likeliest tokens up to this probability. Default: as above, else 0.9.")
]
TopK = Annotated[int | None, typer.Option("--top-k", help="Keep this many of the likeliest tokens. Default: as above, else all.")]
MinP = Annotated[float | None, typer.Option("--min-p", help="Keep tokens with at least this share of the likeliest one's probability.")]
RepetitionPenalty = Annotated[
    float | None, typer.Option("--repetition-penalty", help="Above 1: divide the logits of tokens that stand there already.")
]
MaxTokens = Annotated[int | None, typer.Option("--max-tokens", "-n", help="Stop after this many tokens. Default: 256.")]
Seed = Annotated[int | None, typer.Option("--seed", help="The same seed gives the same text. Default: 0.")]
Stop = Annotated[list[str] | None, typer.Option("--stop", help="Stop before this text; may be given several times.")]

Draft = Annotated[Path | None, typer.Option("--draft", help="A smaller model with the same tokenizer, which guesses ahead.")]
Guesses = Annotated[
    int | None, typer.Option("--guesses", min=0, max=16, help="Tokens guessed ahead: from the text, or by --draft (then 4). Default: 0.")
]


def load(model: Path, *, draft: Path | None, guesses: int | None) -> Engine:
    """Return the engine of a model, with who guesses for it. Raises as `Engine.load`."""
    from puna.engine import Engine, EngineSettings

    return Engine.load(model, settings=EngineSettings(guesses=num_guesses(draft, guesses)), draft=draft)


def num_guesses(draft: Path | None, guesses: int | None) -> int:
    """Return how many tokens are guessed ahead. Raises `ConfigError` for a model that is to guess nothing."""
    from puna.errors import ConfigError

    if draft is not None and guesses == 0:
        raise ConfigError("--draft guesses nothing with --guesses 0; leave one of them out")
    return guesses if guesses is not None else 4 if draft else 0


def settings(engine: Engine, **options: Any) -> SamplingSettings:
    """Return the model's own defaults with those `options` in their place that were given. Raises `ConfigError` naming the setting."""
    from puna.engine import SamplingSettings
    from puna.settings import parse

    given = {name: value for name, value in options.items() if value not in (None, [])}
    return parse(SamplingSettings, {**engine.defaults.model_dump(), **given}, where="sampling options")
