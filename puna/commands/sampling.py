"""The sampling options that `generate` and `chat` share. What is not given comes from the model's generation_config.json, else from Llama's defaults."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

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
MaxTokens = Annotated[int | None, typer.Option("--max-tokens", "-n", help="Stop after this many tokens. Default: 256.")]
Seed = Annotated[int | None, typer.Option("--seed", help="The same seed gives the same text. Default: 0.")]
Stop = Annotated[list[str] | None, typer.Option("--stop", help="Stop before this text; may be given several times.")]


def settings(
    engine: Engine,
    *,
    temperature: float | None,
    top_p: float | None,
    top_k: int | None,
    max_tokens: int | None,
    seed: int | None,
    stop: list[str] | None,
) -> SamplingSettings:
    """Return the model's own defaults with what was given in their place. Raises `ConfigError` naming the setting."""
    from puna.engine import SamplingSettings
    from puna.settings import parse

    options = {"temperature": temperature, "top_p": top_p, "top_k": top_k, "max_tokens": max_tokens, "seed": seed, "stop": stop or None}
    given = {name: value for name, value in options.items() if value is not None}
    return parse(SamplingSettings, {**engine.defaults.model_dump(), **given}, where="sampling options")
