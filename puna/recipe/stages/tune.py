"""The tuning stage: the nearest model before it, fine-tuned on dialogs, with only the assistant's words in the loss (see `align/sft.py`).

`random_weights` tunes a new model of the same shape instead: the control that shows what of the tuned model's answers pre-training brought.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import Field

from puna.model.config import LlamaConfig
from puna.recipe import training
from puna.recipe.kind import Cost, Maker, StageKind, Work
from puna.records import CallForm
from puna.seeds import seed_of
from puna.train.settings import TrainSettings

SHARD = "dialogs.shard"


class TuneSettings(TrainSettings):
    """The trainer's settings, the form in which tool calls are written, and whether the model starts from new weights."""

    calls: CallForm = Field(default="json", description="json and tag are Llama 3.1's, pythonic is 3.2's")
    random_weights: bool = Field(default=False, description="start from new weights of the same shape: a control")


class Tune(StageKind[TuneSettings]):
    """Makes a model directory from a model and dialogs."""

    name = "tune"
    settings = TuneSettings
    needs = frozenset({"dialogs", "model"})
    makes = frozenset({"model"})
    twins = True

    def keyed(self, settings: TuneSettings) -> Mapping[str, Any]:
        return training.keyed(settings)

    def check(self, settings: TuneSettings, makers: Callable[[str], Sequence[Maker]]) -> None:
        config = _config(makers)
        if config is not None and settings.window > config.max_positions:
            raise ValueError(f"'window' ({settings.window}) is longer than the model's max_positions ({config.max_positions}); lower it")

    def cost(self, settings: TuneSettings, makers: Callable[[str], Sequence[Maker]]) -> Cost:
        config = _config(makers)
        return Cost() if config is None else training.cost(settings, config)

    def told(self, figures: Mapping[str, Any]) -> str:
        return training.told(figures)

    def run(self, settings: TuneSettings, work: Work) -> Mapping[str, Any]:
        from puna.align.sft import write_dialog_shard
        from puna.formats import load, read_config

        path = work.find("model") / training.MODEL
        training.check_fits(read_config(path), stage=work.stage)
        start = load(path, dtype="float32")
        assert start.tokenizer is not None
        if settings.random_weights:
            start.model.init_weights(seed_of(work.seed, "weights", settings.seed))
        shard = work.directory / SHARD
        if not shard.exists():
            write_dialog_shard(work.find("dialogs") / "dialogs.jsonl", start.tokenizer, shard, calls=settings.calls)
        return training.train(
            start.model, start.tokenizer, [shard], settings=settings, work=work, whole_documents=True, calls=settings.calls
        )


def _config(makers: Callable[[str], Sequence[Maker]]) -> LlamaConfig | None:
    """Return the shape of the model that is tuned, as far as its recipe says it."""
    shape = next((maker.settings for maker in makers("model") if hasattr(maker.settings, "model")), None)
    if shape is None:
        return None
    return shape.model.config(vocab_size=makers("tokenizer")[0].settings.vocab_size, window=shape.window)  # type: ignore[no-any-return]
