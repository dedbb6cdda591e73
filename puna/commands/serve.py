"""`puna serve`: a model behind OpenAI's HTTP interface, and a page to talk with it."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from puna.commands import sampling

if TYPE_CHECKING:
    from puna.engine import Engine
    from puna.serve.settings import ServeSettings

KEY_VARIABLE = "PUNA_API_KEY"

ApiKey = Annotated[
    list[str] | None,
    typer.Option(
        "--api-key",
        help=f"A key that lets in; may be given several times. Others on this machine can see it: prefer a file, or {KEY_VARIABLE}.",
    ),
]
WithoutKey = Annotated[bool, typer.Option("--without-key", help="Let everybody in who can reach the address, also beyond this machine.")]
AllowHost = Annotated[
    list[str] | None, typer.Option("--allow-host", help="A name by which browsers may call the server; may be given several times.")
]
Context = Annotated[int | None, typer.Option("--context", min=1, help="Tokens of a prompt and its answer. Default: the model's.")]
CacheGb = Annotated[float | None, typer.Option("--cache-gb", help="GB for keys and values. Default: 2, or what one context needs.")]
MaxTokens = Annotated[int | None, typer.Option("--max-tokens", min=1, help="The longest answer. Default: what the context has.")]
Deadline = Annotated[
    float, typer.Option("--deadline", help="Seconds after which an answer is given up, finished or not; a request may ask for fewer.")
]


def serve(
    model: Annotated[Path, typer.Argument(help="The model directory, or hf://org/name.")],
    *,
    host: Annotated[str, typer.Option("--host", help="The address to listen on. Beyond this machine a key is needed.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="The port; 0 takes a free one.")] = 8000,
    api_key: ApiKey = None,
    api_key_file: Annotated[Path | None, typer.Option("--api-key-file", help="A file with one key a line.")] = None,
    without_key: WithoutKey = False,
    allow_host: AllowHost = None,
    name: Annotated[str | None, typer.Option("--name", help="What clients call the model. Default: the directory's name.")] = None,
    dtype: Annotated[str, typer.Option("--dtype", help="float32, bfloat16, float16, or auto: what this chip computes best in.")] = "auto",
    device: Annotated[str | None, typer.Option("--device", help="cpu or cuda. Default: the best there is.")] = None,
    context: Context = None,
    cache_gb: CacheGb = None,
    max_running: Annotated[int, typer.Option("--max-running", min=1, help="Answers that are written at once.")] = 128,
    max_waiting: Annotated[int, typer.Option("--max-waiting", min=0, help="Answers that wait beyond those; more are refused (429).")] = 256,
    max_tokens: MaxTokens = None,
    deadline: Deadline = 600,
    max_body_mb: Annotated[float, typer.Option("--max-body-mb", help="The largest request, in MB.")] = 4,
    draft: sampling.Draft = None,
    guesses: sampling.Guesses = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No line for each request.")] = False,
) -> None:
    """Serve a model: OpenAI's HTTP interface under /v1, and a page to talk with it at /."""
    from puna.serve import lifecycle
    from puna.serve.app import build
    from puna.serve.settings import ServeSettings
    from puna.settings import parse

    settings = parse(
        ServeSettings,
        {
            "host": host, "port": port, "api_keys": _keys(api_key, api_key_file), "allowed_hosts": tuple(allow_host or ()), "max_waiting": max_waiting,
            "name": name or _name(model), "max_answer": max_tokens, "deadline": deadline, "max_body": round(max_body_mb * 1e6),
        },
        where="puna serve",
    )  # fmt: skip
    _check_door(settings, without_key=without_key)
    bound = lifecycle.listen(host, port)
    limits = {"context": context, "cache_bytes": None if cache_gb is None else round(cache_gb * 1e9), "max_running": max_running,
              "guesses": sampling.num_guesses(draft, guesses)}  # fmt: skip
    engine = _engine(model, limits, dtype=dtype, device=device, draft=draft)
    _log(quiet=quiet)
    raise typer.Exit(
        lifecycle.run(build(engine, settings), bound, ready=lambda: _tell_address(settings, bound.getsockname()[1], engine.context))
    )


def _engine(model: Path, limits: dict[str, Any], *, dtype: str, device: str | None, draft: Path | None) -> Engine:
    from puna.engine import Engine, EngineSettings
    from puna.settings import parse

    print(f"loading {model} …", file=sys.stderr, flush=True)
    engine = Engine.load(model, dtype=dtype, device=device, settings=parse(EngineSettings, limits, where="puna serve"), draft=draft)
    # The cache is made now, so that what does not fit is told before anybody is let in.
    assert engine.context
    return engine


def _name(model: Path) -> str:
    """Return a directory's name; where that is only `model`, as in every run, its parents' too."""
    parts = [part for part in model.absolute().parts if part != model.absolute().anchor]
    return "-".join(parts[-3:]) if parts[-1] == "model" else parts[-1]


def _keys(given: list[str] | None, file: Path | None) -> tuple[str, ...]:
    """Return the keys from the options, else from the environment. Raises `ConfigError` for a file that cannot be read or holds none."""
    from puna.errors import ConfigError

    keys = list(given or ())
    if file is not None:
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeError) as error:
            raise ConfigError(f"{file}: the keys cannot be read ({getattr(error, 'strerror', None) or 'not text'})") from None
        found = [line.strip() for line in lines if line.strip()]
        if not found:
            raise ConfigError(f"{file}: holds no key; write one a line")
        keys += found
    if not keys and KEY_VARIABLE in os.environ:
        keys.append(os.environ[KEY_VARIABLE])
    return tuple(keys)


def _check_door(settings: ServeSettings, *, without_key: bool) -> None:
    from puna.errors import ConfigError

    if without_key and settings.api_keys:
        raise ConfigError("--without-key lets everybody in, and a key was given too; leave one of them out")
    if not settings.is_loopback and not settings.api_keys and not without_key:
        raise ConfigError(
            f"--host {settings.host} can be reached by other machines: give --api-key-file or {KEY_VARIABLE}, or --without-key where everybody who can reach it may use it"
        )


def _log(*, quiet: bool) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
    root = logging.getLogger("puna")
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    logging.getLogger("puna.serve.access").setLevel(logging.WARNING if quiet else logging.INFO)
    errors = logging.getLogger("uvicorn.error")
    errors.addHandler(handler)
    errors.setLevel(logging.ERROR)


def _tell_address(settings: ServeSettings, port: int, context: int) -> None:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    key = "with a key" if settings.api_keys else "without a key"
    print(f"{settings.name}: a context of {context} tokens, {key}", file=sys.stderr)
    print(f"page   http://{host}:{port}/", file=sys.stderr)
    print(f"OpenAI http://{host}:{port}/v1   (Ctrl-C ends)", file=sys.stderr, flush=True)
