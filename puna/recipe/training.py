"""What the training stages share: from shards and settings to a finished model directory.

Training stages differ in where the weights come from and in what counts in the loss. The rest is here: a loader whose seed hangs on recipe, stage and settings, the
one trainer, the model directory at the end. Checkpoints are what a killed stage resumes from; a finished stage is its model directory and `figures.json`, what the
trainer measured, so the passing ones go once both are there (those that `permanent_every` asked for stay).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from pydantic import Field, model_validator

from puna import files, machine
from puna.errors import ConfigError
from puna.model.config import LlamaConfig, RopeScaling
from puna.recipe.kind import Cost, Work
from puna.records import CallForm
from puna.seeds import seed_of
from puna.settings import Settings, parse
from puna.train.settings import FREE, TrainSettings

MODEL, FIGURES = "model", "figures.json"
# fp32 weights and AdamW's two moments in a checkpoint; fp32 weights in the model directory.
CHECKPOINT_BYTES, MODEL_BYTES = 12, 4
# fp32 weights, their gradients and AdamW's two moments; activations come on top.
TRAINING_BYTES = 16


class ModelShape(Settings):
    """A model to be made: a published one by name, sizes, or sizes that change a published one. The vocabulary is the tokenizer's.

    `head_dim` is `dim / num_heads` where it is not given, and `max_positions` the window that is trained.
    """

    named: str | None = Field(default=None, description="a published model whose shape this is, such as llama-3.2-1b")
    dim: int | None = None
    num_layers: int | None = None
    num_heads: int | None = None
    num_kv_heads: int | None = None
    head_dim: int | None = None
    ffn_dim: int | None = None
    norm_eps: float | None = None
    rope_theta: float | None = None
    rope_scaling: RopeScaling | None = None
    max_positions: int | None = None
    tied: bool | None = None

    @model_validator(mode="after")
    def _is_a_llama(self) -> Self:
        try:
            self.config(vocab_size=1, window=1)
        except ConfigError as error:
            raise ValueError(str(error)) from None
        return self

    def config(self, *, vocab_size: int, window: int) -> LlamaConfig:
        """Return the configuration with this vocabulary, trained on windows of `window` tokens. Raises `ConfigError`."""
        base = LlamaConfig.named(self.named).model_dump() if self.named else {"max_positions": window}
        given = self.model_dump(exclude_none=True, exclude={"named"})
        if self.head_dim is None and ("dim" in given or "num_heads" in given):
            dim, heads = (given.get(key, base.get(key)) for key in ("dim", "num_heads"))
            if dim and heads:
                if dim % heads:
                    raise ConfigError(f"dim ({dim}) is not a multiple of num_heads ({heads}); give head_dim, or change one of them")
                given["head_dim"] = dim // heads
        return parse(LlamaConfig, {**base, **given, "vocab_size": vocab_size}, where="model")


def plain(settings: TrainSettings) -> TrainSettings:
    """Return the trainer's own settings out of a stage's, which may know more keys."""
    return TrainSettings.model_validate({name: getattr(settings, name) for name in TrainSettings.model_fields})


def keyed(settings: TrainSettings) -> Mapping[str, Any]:
    """Return what of the settings reaches the weights: how often a checkpoint is written does not."""
    return settings.model_dump(mode="json", exclude=set(FREE))


def cost(settings: TrainSettings, config: LlamaConfig) -> Cost:
    """Return what training takes. FLOPs are for documents as long as the window; shorter ones take a little less.

    Memory holds weights, gradients, moments, and what a micro-batch keeps of every layer for its backward pass: six rows of the model's width, the queries, keys and
    values twice, gate, up and their product.
    """
    tokens = settings.num_steps * settings.tokens_per_step
    checkpoints = settings.keep_latest + (settings.num_steps // settings.permanent_every if settings.permanent_every else 0)
    disk = config.num_params * (MODEL_BYTES + CHECKPOINT_BYTES * checkpoints)
    kept = config.num_layers * (6 * config.dim + 2 * (config.q_dim + 2 * config.kv_dim) + 3 * config.ffn_dim)
    if settings.activation_checkpointing:
        kept = (config.num_layers + 6) * config.dim + kept // config.num_layers
    memory = TRAINING_BYTES * config.num_params + 4 * settings.window * settings.batch_windows * kept
    flops = tokens * config.train_flops_per_token(settings.window)
    return Cost(tokens, config.num_params, flops, disk, memory, width=config.dim, dtype=settings.dtype)


def check_fits(config: LlamaConfig, *, stage: str) -> None:
    """Raise `FitError` where a model's weights, gradients and moments are more than this machine's free memory."""
    what = f"stage '{stage}': training {config.num_params:,} parameters"
    machine.check_fits(TRAINING_BYTES * config.num_params, what=what, dtype="fp32 with AdamW", device=machine.device())


def train(
    model: Any,
    tokenizer: Any,
    shards: Sequence[Path],
    *,
    settings: TrainSettings,
    work: Work,
    whole_documents: bool,
    calls: CallForm = "json",
) -> dict[str, Any]:
    """Train `model` in place on `shards`, resuming in the stage's directory, and write its model directory. Returns the trainer's figures.

    The directory notes `calls`, the form of tool calls in the dialogs.
    Where an earlier attempt has come as far as the figures, nothing is trained and `model` stays as it is.
    """
    from puna.train.checkpoint import CheckpointStore
    from puna.train.trainer import CHECKPOINTS

    directory = work.directory
    if not ((directory / MODEL).exists() and (directory / FIGURES).exists()):
        figures = _trained(model, tokenizer, shards, settings=settings, work=work, whole_documents=whole_documents, calls=calls)
        files.write_json(directory / FIGURES, figures)
    CheckpointStore(directory / CHECKPOINTS, keep_latest=settings.keep_latest, permanent_every=settings.permanent_every).drop_passing()
    found: dict[str, Any] = files.read_json(directory / FIGURES)
    return found


def _trained(
    model: Any,
    tokenizer: Any,
    shards: Sequence[Path],
    *,
    settings: TrainSettings,
    work: Work,
    whole_documents: bool,
    calls: CallForm,
) -> dict[str, Any]:
    from puna.formats import save
    from puna.tokens.loader import Loader
    from puna.tokens.shards import Shard
    from puna.train.trainer import Trainer

    loader = Loader(
        [Shard.open(path, tokenizer_hash=tokenizer.hash) for path in shards], stage=work.stage, window=settings.window,
        batch_windows=settings.batch_windows, seed=seed_of(work.seed, "windows", settings.seed), whole_documents=whole_documents,
    )  # fmt: skip
    trainer = Trainer(model, loader, plain(settings), directory=work.directory, token_bytes=tokenizer.token_bytes, progress=work.progress)
    figures = trainer.run()
    if not (work.directory / MODEL).exists():
        save(work.directory / MODEL, model.to("cpu"), tokenizer, calls=calls)
    epochs = figures.tokens / loader.tokens_per_epoch
    # JSON has no "not a number": a speed that was not measured (a run of one step) is absent.
    measured = {key: None if isinstance(value, float) and not math.isfinite(value) else value for key, value in figures.to_json().items()}
    return {**measured, "epochs": round(epochs, 3)}


def told(figures: Mapping[str, Any]) -> str:
    speed = figures["tokens_per_second"]
    words = [
        f"{figures['num_params']:,} parameters",
        f"{figures['tokens']:,} tokens ({figures['epochs']:.1f} epochs)",
        f"last loss {figures['loss']:.3f}",
    ]
    if speed is not None:
        words.append(f"{speed:,.0f} tokens/s in {figures['dtype']} on {figures['device']}, {figures['mfu']:.0%} of peak")
    return ", ".join(words)
